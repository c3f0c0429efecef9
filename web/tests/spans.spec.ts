import {readFileSync} from 'node:fs';
import {expectAccessible} from './axe';
import {expect, test} from './fixtures';
import {agentTrace, newSpanId, span, store} from './spans-data';

const rows = (page: import('@playwright/test').Page) => page.getByRole('table', {name: 'Spans'}).getByRole('row');

test('a filter is added by keyboard, lives in the address and goes away with its chip', async ({
  page,
  server,
  signedIn,
}) => {
  await store(server, [
    span({tags: ['chips'], model: 'gpt-4o'}),
    span({tags: ['chips'], model: 'gpt-4o-mini', name: 'small'}),
  ]);
  await page.goto(`${server.url}${signedIn}/spans?tags=chips`);
  await expect(rows(page)).toHaveCount(3);
  await page.getByRole('button', {name: 'Add filter'}).focus();
  await page.keyboard.press('Enter');
  // Faster than a hand: the menu takes the keys once it is open, and its focus follows them.
  await expect(page.getByRole('menuitem').first()).toBeFocused();
  await page.keyboard.type('Mod');
  await expect(page.getByRole('menuitem', {name: 'Model', exact: true})).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('combobox', {name: 'Model'})).toBeFocused();
  await page.keyboard.type('gpt-4o-mini');
  await page.keyboard.press('Enter');
  await expect(rows(page)).toHaveCount(2);
  await expect(page).toHaveURL(/model=gpt-4o-mini/);
  await expect(page.getByRole('button', {name: 'Add filter'})).toBeFocused();
  await page.reload();
  await expect(rows(page)).toHaveCount(2);
  await page.getByRole('button', {name: /^Model gpt-4o-mini/}).click();
  await expect(page.getByRole('combobox', {name: 'Model'})).toHaveValue('gpt-4o-mini');
  await page.keyboard.press('Escape');
  await page.getByRole('button', {name: 'Remove filter Model'}).click();
  await expect(rows(page)).toHaveCount(3);
  await expect(page).not.toHaveURL(/model=/);
});

test('ranges, variables and attributes filter too, and nothing found says what to do', async ({
  page,
  server,
  signedIn,
}) => {
  await store(server, [
    span({tags: ['more'], name: 'slow', latencyMs: 9000, variables: {city: 'Rome'}, attributes: {region: 'eu'}}),
    span({tags: ['more'], name: 'quick', latencyMs: 10}),
  ]);
  await page.goto(`${server.url}${signedIn}/spans?tags=more`);
  await page.getByRole('button', {name: 'Add filter'}).click();
  await page.getByRole('menuitem', {name: 'Latency'}).click();
  await page.getByLabel('Latency at least').fill('5000');
  await page.getByRole('button', {name: 'Apply'}).click();
  await expect(rows(page)).toHaveCount(2);
  await expect(page.getByRole('link', {name: 'slow'})).toBeVisible();
  await page.getByRole('button', {name: 'Add filter'}).click();
  await page.getByRole('menuitem', {name: 'Variable'}).click();
  await page.getByLabel('Variable', {exact: true}).fill('city');
  await page.getByLabel('is exactly').fill('Oslo');
  await page.keyboard.press('Enter');
  await expect(page.getByText('No span matches')).toBeVisible();
  await page.getByRole('button', {name: 'Remove filter Variable'}).click();
  await expect(rows(page)).toHaveCount(2);
  await page.getByRole('combobox', {name: 'Time range'}).selectOption('1h');
  await expect(page).toHaveURL(/range=1h/);
  await page.getByRole('button', {name: 'Clear all'}).click();
  await expect(page).not.toHaveURL(/tags=/);
});

test('columns are chosen and remembered', async ({page, server, signedIn}) => {
  await store(server, [span({tags: ['columns'], userId: 'user_ada'})]);
  await page.goto(`${server.url}${signedIn}/spans?tags=columns`);
  await page.getByRole('button', {name: 'Columns', exact: true}).click();
  await page.getByRole('checkbox', {name: 'End user'}).check();
  await page.getByRole('checkbox', {name: 'Tokens in'}).uncheck();
  await page.keyboard.press('Escape');
  await page.reload();
  await expect(page.getByRole('columnheader', {name: 'End user'})).toBeVisible();
  await expect(page.getByRole('columnheader', {name: 'Tokens in'})).toHaveCount(0);
  await expect(page.getByRole('cell', {name: 'user_ada'})).toBeVisible();
});

test('a long list grows as one scrolls, and only rows in sight exist; the keyboard walks it', async ({
  page,
  server,
  signedIn,
}) => {
  const start = Date.now() - 3_600_000;
  await store(
    server,
    Array.from({length: 250}, (_, i) =>
      span({tags: ['long'], name: `row ${i}`, startTime: new Date(start + i * 1000).toISOString()}),
    ),
  );
  await page.goto(`${server.url}${signedIn}/spans?tags=long`);
  await page.getByRole('link', {name: 'row 249'}).focus();
  await page.keyboard.press('ArrowDown');
  await expect(page.getByRole('link', {name: 'row 248'})).toBeFocused();
  for (const [last, loaded] of [
    [150, '200 spans, more below'],
    [50, '250 spans'],
    [0, '250 spans'],
  ]) {
    await page.keyboard.press('End');
    await expect(page.getByRole('link', {name: `row ${last}`, exact: true})).toBeFocused();
    await expect(page.getByText(loaded as string, {exact: true})).toBeVisible();
  }
  expect(await rows(page).count()).toBeLessThan(80);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', {name: 'row 0'})).toBeVisible();
});

test('words are searched in contents, and marked on the page of a span', async ({page, server, signedIn}) => {
  await store(server, [
    span({tags: ['words'], name: 'found', output: 'The zebra was **refunded** today.'}),
    span({tags: ['words']}),
  ]);
  await page.goto(`${server.url}${signedIn}/spans?tags=words`);
  await expect(rows(page)).toHaveCount(3);
  await page.keyboard.press('/');
  await page.keyboard.type('zebra refund');
  await expect(rows(page)).toHaveCount(2);
  await page.getByRole('link', {name: 'found'}).click();
  await expect(page.getByText('refunded')).toBeVisible();
  await expect
    .poll(() => page.evaluate(() => [...(CSS.highlights.get('hits') ?? [])].map(String)))
    .toEqual(['zebra', 'refund']);
  await page.goBack();
  await expect(page.getByRole('searchbox', {name: 'Search in inputs'})).toHaveValue('zebra refund');
});

test('live: new spans come in at the top, and wait while one reads further down', async ({page, server, signedIn}) => {
  await store(
    server,
    Array.from({length: 90}, (_, i) =>
      span({tags: ['live'], name: `old ${i}`, startTime: new Date(Date.now() - 100_000 - i * 1000).toISOString()}),
    ),
  );
  await page.goto(`${server.url}${signedIn}/spans?tags=live`);
  const followed = page.waitForResponse((response) => response.url().includes('/spans/tail'));
  await page.getByRole('button', {name: 'Go live'}).click();
  await followed;
  await store(server, [span({tags: ['live'], name: 'fresh one'}), span({tags: ['other'], name: 'not mine'})]);
  await expect(page.getByRole('link', {name: 'fresh one'})).toBeVisible();
  await page.getByRole('link', {name: 'old 8', exact: true}).hover();
  await page.mouse.wheel(0, 1500);
  await expect(page.getByRole('link', {name: 'fresh one'})).toHaveCount(0);
  const seen = page.getByRole('link', {name: 'old 40', exact: true});
  const before = await seen.boundingBox();
  await store(server, [span({tags: ['live'], name: 'fresh two'}), span({tags: ['live'], name: 'fresh three'})]);
  await expect(page.getByRole('button', {name: '2 new'})).toBeVisible();
  expect(await seen.boundingBox()).toEqual(before);
  await page.getByRole('button', {name: '2 new'}).click();
  await expect(page.getByRole('link', {name: 'fresh three'})).toBeVisible();
  await expect(page.getByRole('link', {name: 'not mine'})).toHaveCount(0);
});

test('live cannot follow a search, and says so', async ({page, server, signedIn}) => {
  await page.goto(`${server.url}${signedIn}/spans?q=word&live=1`);
  await expect(page.getByRole('button', {name: 'Go live'})).toBeDisabled();
});

test('what the filters leave is exported, for spreadsheets and whole', async ({page, server, signedIn}) => {
  await store(server, [
    span({tags: ['export'], name: '=1+1', output: 'a "quoted", text'}),
    span({tags: ['export'], name: 'other', status: 'ERROR', error: 'no'}),
  ]);
  await page.goto(`${server.url}${signedIn}/spans?tags=export&status=SUCCESS`);
  for (const [item, check] of [
    ['CSV', ["'=1+1", '"a ""quoted"", text"']],
    ['NDJSON', ['"name":"=1+1"', '"messages"']],
  ] as const) {
    await page.getByRole('button', {name: 'Export', exact: true}).click();
    const waiting = page.waitForEvent('download');
    await page.getByRole('menuitem', {name: item}).click();
    const text = readFileSync(await (await waiting).path(), 'utf8');
    for (const piece of check) expect(text).toContain(piece);
    expect(text).not.toContain('other');
    await expect(page.getByText('1 span exported.').last()).toBeVisible();
  }
});

test('what the server refuses is said, and the filters stay', async ({page, server, signedIn}) => {
  await page.goto(`${server.url}${signedIn}/spans?startDate=nonsense&model=gpt-4o`);
  await expect(page.getByRole('alert')).toContainText('startDate');
  await expect(page.getByRole('button', {name: /^Model gpt-4o/})).toBeVisible();
  await page.getByRole('button', {name: 'Clear all'}).click();
  await expect(page.getByRole('alert')).toHaveCount(0);
});

test('a span is read as a conversation, with its figures', async ({page, server, signedIn}) => {
  const trace = agentTrace('tr_conversation', 'conversation');
  await store(server, trace.spans);
  await page.goto(`${server.url}${signedIn}/spans/${trace.answer}`);
  await expect(page.getByRole('article', {name: 'User'})).toContainText('Where is my order 48213?');
  await expect(page.getByText('I should look it up.')).toHaveCount(0);
  await page.getByRole('button', {name: 'Reasoning'}).click();
  await expect(page.getByText('I should look it up.')).toBeVisible();
  const call = page.getByRole('article', {name: 'Assistant'}).first();
  await expect(call).toContainText('Call of get_order');
  await expect(call).toContainText('state: "sent"');
  await expect(page.getByRole('article', {name: 'Tool'})).toHaveCount(0);
  const output = page.getByRole('article', {name: 'Assistant'}).last();
  await expect(output.getByText('sent', {exact: true})).toBeVisible();
  await page.getByRole('combobox', {name: 'Show texts'}).selectOption('plain');
  await expect(output).toContainText('It was **sent** yesterday.');
  const figures = page.getByRole('region', {name: 'Figures'});
  for (const text of [
    '612 ms',
    '3.10 s',
    '2 attempts',
    'Slow down',
    'Input from cache',
    'Exact: the price is known',
    'reasoning',
  ]) {
    await expect(figures.getByText(text).first()).toBeVisible();
  }
  await expect(figures.getByRole('link', {name: 'support-answer v4'})).toBeVisible();
  await expect(page.getByText('Ada', {exact: true})).toBeVisible();
  await page.getByRole('tab', {name: 'Attributes'}).click();
  await expect(page.getByRole('cell', {name: 'eu-west-1'})).toBeVisible();
  await page.getByRole('tab', {name: 'Raw'}).click();
  await expect(page.getByRole('heading', {name: 'Request'})).toBeVisible();
  await expect(page.getByRole('link', {name: 'Open in playground'})).toHaveAttribute(
    'href',
    new RegExp(`/playground\\?span=${trace.answer}$`),
  );
});

test('a span is judged, the judgement changed and taken back', async ({page, server, signedIn}) => {
  const judged = span();
  await store(server, [judged]);
  await page.goto(`${server.url}${signedIn}/spans/${judged.spanId}`);
  await page.getByRole('button', {name: 'Good', exact: true}).click();
  const list = page.getByRole('list', {name: 'Evaluations'});
  await expect(list.getByRole('listitem')).toHaveCount(1);
  await expect(list).toContainText('By a person here');
  await page.getByRole('button', {name: 'Score and note…'}).click();
  await page.getByRole('textbox', {name: 'Score'}).fill('0.4');
  await page.getByLabel('Note').fill('Half right.');
  // The server is away for a moment: what was typed stays.
  await page.route('**/evaluations*', (route) =>
    route.fulfill({status: 503, json: {error: {code: 'UNAVAILABLE', message: 'Not now.'}}}),
  );
  await page.getByRole('button', {name: 'Save'}).click();
  await expect(page.getByRole('alert')).toContainText('Not now.');
  await page.unroute('**/evaluations*');
  await expect(page.getByLabel('Note')).toHaveValue('Half right.');
  await page.keyboard.press('Control+Enter');
  await expect(list.getByRole('listitem')).toHaveCount(2);
  await expect(list).toContainText('Half right.');
  await list.getByRole('listitem').filter({hasText: 'Half right.'}).getByRole('button', {name: 'Change'}).click();
  await page.getByLabel('Note').fill('Wholly right.');
  await page.getByRole('textbox', {name: 'Score'}).fill('1');
  await page.keyboard.press('Control+s');
  await expect(list).toContainText('Wholly right.');
  await list.getByRole('listitem').filter({hasText: 'Wholly right.'}).getByRole('button', {name: 'Delete'}).click();
  await page.getByRole('dialog').getByRole('button', {name: 'Delete'}).click();
  await expect(list.getByRole('listitem')).toHaveCount(1);
});

test('evaluators of the project take values of their own kind', async ({page, server, signedIn}) => {
  await server.api('POST', '/api/v1/evaluators', {
    key: 'tone',
    name: 'Tone',
    type: 'categorical',
    categories: ['friendly', 'rude'],
  });
  await server.api('POST', '/api/v1/evaluators', {key: 'stars', name: 'Stars', type: 'numeric', min: 1, max: 5});
  const judged = span();
  await store(server, [judged]);
  await page.goto(`${server.url}${signedIn}/spans/${judged.spanId}`);
  const list = page.getByRole('list', {name: 'Evaluations'});
  await page.getByRole('button', {name: 'Score and note…'}).click();
  await page.getByRole('combobox', {name: 'Evaluator'}).selectOption('Tone');
  await page.getByRole('combobox', {name: 'Value'}).selectOption('rude');
  await page.getByRole('button', {name: 'Save'}).click();
  await expect(list).toContainText('rude');
  await page.getByRole('button', {name: 'Score and note…'}).click();
  await page.getByRole('combobox', {name: 'Evaluator'}).selectOption('Stars');
  await page.getByRole('textbox', {name: 'Score'}).fill('9');
  await page.getByRole('button', {name: 'Save'}).click();
  await expect(page.getByRole('alert')).toContainText('From 1 to 5.');
  await page.getByRole('textbox', {name: 'Score'}).fill('4');
  await page.getByRole('button', {name: 'Save'}).click();
  await expect(list.getByRole('listitem').filter({hasText: 'Stars'})).toContainText('4');
});

test('a span is deleted after a question', async ({page, server, signedIn}) => {
  const gone = span({name: 'to be deleted', tags: ['deleted']});
  await store(server, [gone]);
  await page.goto(`${server.url}${signedIn}/spans/${gone.spanId}`);
  await page.getByRole('button', {name: 'Delete'}).click();
  await page.getByRole('button', {name: 'Cancel'}).click();
  await page.getByRole('button', {name: 'Delete'}).click();
  await page.getByRole('button', {name: 'Delete span'}).click();
  await expect(page.getByText('The span was deleted.')).toBeVisible();
  await expect(page).toHaveURL(/\/spans$/);
  await page.goto(`${server.url}${signedIn}/spans/${gone.spanId}`);
  await expect(page.getByText('There is no such span')).toBeVisible();
});

test('an embedding span shows its inputs and its dimensions', async ({page, server, signedIn}) => {
  const embedding = span({
    spanKind: 'EMBEDDING',
    model: 'text-embedding-3-small',
    input: {text: ['first text', 'second text']},
    output: '{"dimensions":1536,"count":2}',
    inputTokens: 12,
    outputTokens: 0,
    totalTokens: 12,
    finishReason: null,
  });
  await store(server, [embedding]);
  await page.goto(`${server.url}${signedIn}/spans/${embedding.spanId}`);
  await expect(page.getByText('second text')).toBeVisible();
  await expect(page.getByText('1,536')).toBeVisible();
  await expect(page.getByText('$0.00000024').first()).toBeVisible();
});

test('a span of megabytes opens at its beginning, and shows more when asked', async ({page, server, signedIn}) => {
  const large = span({output: `beginning ${'word '.repeat(900_000)}`, name: 'large'});
  await server.api('POST', '/api/v1/spans', large);
  await page.goto(`${server.url}${signedIn}/spans/${large.spanId}`);
  const output = page.getByRole('article', {name: 'Assistant'});
  await expect(output).toContainText('beginning');
  const length = () => output.evaluate((element) => element.textContent!.length);
  expect(await length()).toBeLessThan(20_000);
  await output.getByRole('button', {name: /Show more/}).click();
  await expect.poll(length).toBeGreaterThan(200_000);
  await page.getByRole('button', {name: 'Good', exact: true}).click();
  await expect(page.getByRole('list', {name: 'Evaluations'}).getByRole('listitem')).toHaveCount(1);
});

test('the pages of spans are accessible in both themes', async ({page, server, signedIn}) => {
  const trace = agentTrace('tr_axe', 'axe');
  const embedding = span({
    spanId: newSpanId(),
    spanKind: 'EMBEDDING',
    model: 'text-embedding-3-small',
    input: {text: ['a']},
    output: '{}',
    tags: ['axe'],
  });
  await store(server, [...trace.spans, embedding]);
  await server.api('POST', `/api/v1/spans/${trace.answer}/evaluations`, {
    evaluatorKey: 'quality',
    value: 1,
    note: 'Good.',
  });
  for (const [path, sign] of [
    ['/spans?tags=axe&minLatencyMs=1', 'answer'],
    [`/spans/${trace.answer}`, 'Where is my order'],
    [`/spans/${trace.answer}?tab=attributes`, 'eu-west-1'],
    [`/spans/${trace.answer}?tab=raw`, 'Request'],
    ['/spans?model=none', 'No span matches'],
    [`/spans/${embedding.spanId}`, 'Inputs'],
  ] as const) {
    await page.goto(server.url + signedIn + path);
    await expectAccessible(page, () => expect(page.getByText(sign).first()).toBeVisible());
  }
});
