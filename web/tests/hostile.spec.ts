// What models and people write is hostile. Spans full of it are stored and every page that shows them is opened:
// nothing of it may run, nothing may be asked of another host (the fixtures watch), and the pages stay usable.
import type {Page} from '@playwright/test';
import {expect, test} from './fixtures';
import {newSpanId, span, store} from './spans-data';

const script =
  '<script>window.hacked = 1</script><img src=x onerror="window.hacked = 1"><svg onload="window.hacked = 1"></svg>';
const markdown = [
  script,
  '[press me](javascript:window.hacked=1)',
  '[and me](data:text/html,<script>window.hacked=1</script>)',
  '![tracking](https://evil.example/pixel.png?who=you)',
  '<https://evil.example/auto>',
  '<iframe src="https://evil.example"></iframe>',
  '<style>* { display: none }</style>',
  '<a href="javascript:window.hacked=1">raw</a>',
  '[x](vbscript:alert)',
  '[ref]: javascript:window.hacked=1',
  '[ref]',
  '\u202Eesrever\u202C \u0000 \u200B',
  '```html\n' + script + '\n```',
  '{{constructor.constructor("window.hacked=1")()}}',
].join('\n\n');
const svg = `data:image/svg+xml;base64,${Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" onload="window.hacked=1"><image href="https://evil.example/x.png"/><script>window.hacked=1</script></svg>`).toString('base64')}`;
const keys =
  '{"__proto__":{"hacked":1},"constructor":{"prototype":{"hacked":1}},"toString":"x","<b>key</b>":"<img src=x onerror=window.hacked=1>"}';
const deep = JSON.parse('['.repeat(60) + ']'.repeat(60)) as unknown;
const name = `${script} \u202Eeman`.slice(0, 250);
const user = '"><img src=x onerror=window.hacked=1>';
const session = `javascript:window.hacked=1//${script.slice(0, 60)}`;

const hostile = (fields: Record<string, unknown>) =>
  span({
    traceId: 'tr_hostile<script>',
    name,
    userId: user,
    sessionId: session,
    tags: ['hostile', script.slice(0, 150)],
    model: '<b>model</b>',
    provider: 'x<script>',
    variables: JSON.parse(keys) as object,
    attributes: {...(JSON.parse(keys) as object), deep},
    output: markdown,
    ...fields,
  });

const hacked = (page: Page) =>
  page.evaluate(() => (window as {hacked?: number}).hacked ?? ({} as {hacked?: number}).hacked ?? null);

test('hostile content runs nowhere and asks nobody', async ({page, server, signedIn}) => {
  const root = newSpanId();
  const chat = newSpanId();
  const failed = newSpanId();
  const odd = newSpanId();
  const single = newSpanId();
  const base = hostile({spanId: root, input: JSON.parse(keys) as object, spanKind: 'CHAIN', output: keys});
  await store(server, [
    base,
    hostile({
      spanId: chat,
      parentSpanId: root,
      input: {
        messages: [
          {role: 'system', content: markdown},
          {
            role: 'user',
            name: script,
            content: [
              {type: 'text', text: markdown},
              {type: 'image', url: svg},
              {type: 'image', url: 'https://evil.example/a.png'},
              {type: 'image', url: 'javascript:window.hacked=1'},
              {type: 'image', mimeType: 'image/svg+xml', data: svg.split(',')[1]},
              {type: 'document', url: 'data:text/html,<script>window.hacked=1</script>', name: script},
              {type: 'image_url', image_url: {url: svg}},
            ],
          },
          {
            role: 'assistant',
            content: [
              {type: 'reasoning', text: markdown},
              {type: 'tool_call', id: 'constructor', name: script, arguments: JSON.parse(keys) as object},
              {type: 'vendor', provider: script, value: {html: script}},
            ],
          },
          {role: 'tool', toolCallId: 'constructor', toolName: script, content: markdown},
          {role: 'user', content: 'go on'},
        ],
      },
      tools: [{name: 'tool', description: script, parameters: JSON.parse(keys) as object}],
    }),
    hostile({
      spanId: failed,
      parentSpanId: root,
      input: {messages: [{role: 'constructor', content: '__proto__'}]},
      output: null,
      status: 'ERROR',
      error: markdown,
    }),
    hostile({
      spanId: odd,
      parentSpanId: root,
      input: {messages: ['not a message', 7, {role: 'user', content: [null, {type: '__proto__', x: 1}, [script]]}]},
    }),
    hostile({
      spanId: single,
      parentSpanId: root,
      input: {messages: [{role: 'user', content: 'x'.repeat(1_000_000)}]},
      output: '\u202E' + 'ب'.repeat(200_000),
    }),
  ]);
  await server.api('POST', `/api/v1/spans/${chat}/evaluations`, {
    evaluatorKey: 'quality',
    value: 1,
    note: markdown.replaceAll('\u0000', ''),
  });

  const trace = encodeURIComponent('tr_hostile<script>');
  const pages = [
    '/spans?tags=hostile',
    `/spans?userId=${encodeURIComponent(user)}&variables[__proto__]=x`,
    ...[root, chat, failed, odd, single].flatMap((id) =>
      ['', '&tab=raw', '&tab=attributes'].map((tab) => `/spans/${id}?q=hacked${tab}`),
    ),
    '/traces?tags=hostile',
    `/traces/${trace}?span=${chat}`,
    '/sessions',
    `/sessions/${encodeURIComponent(session)}`,
    '/users',
    `/users/${encodeURIComponent(user)}`,
  ];
  for (const path of pages) {
    await page.goto(server.url + signedIn + path);
    await expect(page.getByRole('heading', {level: 1})).toBeVisible();
    await expect(page.getByRole('main').getByRole('status', {name: 'Loading'})).toHaveCount(0);
    await expect(page.getByText('This page could not be shown')).toHaveCount(0);
    for (const fold of await page.getByRole('button', {name: 'Reasoning'}).all()) await fold.click();
    expect(await hacked(page), path).toBeNull();
    const bad = await page.getByRole('main').evaluate((main) => {
      const safe = (address: string | null) =>
        address === null || /^(\/|https?:|#|mailto:)/.test(address) || address === '';
      return [
        ...[...main.querySelectorAll('a')]
          .filter((link) => !safe(link.getAttribute('href')))
          .map((link) => link.outerHTML),
        ...[...main.querySelectorAll('img')]
          .filter((image) => !image.src.startsWith('data:image/png'))
          .map((image) => image.outerHTML.slice(0, 200)),
        ...[...main.querySelectorAll('script, iframe, style, object, embed')].map((element) =>
          element.outerHTML.slice(0, 200),
        ),
      ];
    });
    expect(bad, path).toEqual([]);
    // Nothing of it may push the page apart.
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), path).toBe(true);
  }
});

test('hostile content that the live stream brings runs nowhere either', async ({page, server, signedIn}) => {
  await page.goto(`${server.url}${signedIn}/spans?tags=hostile-live`);
  const followed = page.waitForResponse((response) => response.url().includes('/spans/tail'));
  await page.getByRole('button', {name: 'Go live'}).click();
  await followed;
  await store(server, [
    hostile({
      spanId: newSpanId(),
      traceId: 'tr_live',
      tags: ['hostile-live'],
      input: {messages: []},
      name: `${script} live`,
    }),
  ]);
  await expect(page.getByRole('link', {name: /live$/})).toBeVisible();
  expect(await hacked(page)).toBeNull();
});
