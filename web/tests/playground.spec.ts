import type {Page} from '@playwright/test';
import {expectAccessible} from './axe';
import {expect, signIn, test, type Server} from './fixtures';

let count = 0;
// A prompt of its own for each test, with two versions.
async function welcome(server: Server) {
  const slug = `welcome-${Date.now().toString(36)}-${++count}`;
  const content = (end: string) => [
    {role: 'system', content: 'You write short emails for {{product}}.'},
    {role: 'user', content: `Welcome {{name}}${end}`},
  ];
  await server.api('POST', '/api/v1/prompts', {
    name: `Welcome ${count}`,
    slug,
    model: 'gpt-4o',
    temperature: 0.7,
    content: content('.'),
  });
  await server.api('PUT', `/api/v1/prompts/${slug}`, {content: content(' to {{product}}.'), note: 'Product'});
  return slug;
}

const column = (page: Page, letter: string) => page.getByRole('region', {name: `Column ${letter}`});

async function fill(page: Page) {
  await page.getByLabel('product', {exact: true}).fill('Lumen');
  await page.getByLabel('name', {exact: true}).fill('Ada');
}

async function chooseModel(page: Page, letter: string, model: string) {
  await column(page, letter)
    .getByRole('button', {name: /^Model:/})
    .click();
  await page.getByPlaceholder('Search, or type').fill(model);
  const listed = page.getByRole('option').filter({has: page.getByText(model, {exact: true})});
  await listed
    .or(page.getByRole('option', {name: `Use “${model}” The provider`}))
    .first()
    .click();
}

test('a version runs with streaming, and its answer leads to its span', async ({page, server}) => {
  const slug = await welcome(server);
  await signIn(page, server, `/playground?prompt=${slug}&version=1`);
  const a = column(page, 'A');
  await expect(a.getByText('v1', {exact: true})).toBeVisible();
  await expect(a.getByText('2 messages')).toBeVisible(); // a saved version is folded
  await fill(page);
  await page.keyboard.press('Control+Enter');
  await expect(a.getByRole('status')).toHaveText('Column A: answered');
  await expect(a.getByText('First word')).toBeVisible();
  await a.getByRole('link', {name: 'Open span'}).click();
  await expect(page).toHaveURL(/\/spans\/sp_/);
  const {spans} = await server.api('GET', `/api/v1/spans?promptSlug=${slug}`);
  expect(spans).toHaveLength(1);
  expect(spans[0].tags).toEqual(['playground']);
});

test('nothing is sent while a variable has no value; the first one is asked for', async ({page, server}) => {
  const slug = await welcome(server);
  await signIn(page, server, `/playground?prompt=${slug}`);
  await page.getByLabel('product', {exact: true}).fill('Lumen');
  await page.getByRole('button', {name: 'Run', exact: false}).first().click();
  await expect(page.getByText('This value is needed to run.')).toHaveCount(1);
  await expect(page.getByLabel('name', {exact: true})).toBeFocused();
  expect((await server.api('GET', `/api/v1/spans?promptSlug=${slug}`)).spans).toEqual([]);
});

test('columns run side by side on the same values, and one that fails leaves the others alone', async ({
  page,
  server,
}) => {
  const slug = await welcome(server);
  await signIn(page, server, `/playground?prompt=${slug}`);
  await fill(page);
  for (const [letter, model] of [
    ['B', 'gpt-4o-mini'],
    ['C', 'nobodys-model'],
  ] as const) {
    await page.getByRole('button', {name: 'Add column'}).click();
    await page.getByRole('menuitem', {name: 'Copy the last column'}).click();
    await chooseModel(page, letter, model);
  }
  await page.getByRole('button', {name: 'Run all'}).click();
  await expect(column(page, 'A').getByRole('status')).toHaveText('Column A: answered');
  await expect(column(page, 'B').getByRole('status')).toHaveText('Column B: answered');
  await expect(column(page, 'C').getByRole('alert')).toContainText('provider');
  await expect(column(page, 'B').getByText('edited')).toBeVisible();
  await expect(column(page, 'B').getByText('lowest').first()).toBeVisible(); // the mini costs less
});

test('a run can be stopped, and keeps what had come', async ({page, ownServer}) => {
  await ownServer.start([], ['--chunk-delay', '300ms']);
  await ownServer.setUp();
  const slug = await welcome(ownServer);
  await signIn(page, ownServer, `/playground?prompt=${slug}`);
  await fill(page);
  await page.keyboard.press('Control+Enter');
  const a = column(page, 'A');
  await expect(a.getByText('Answering…')).toBeVisible();
  await a.getByRole('button', {name: 'Stop'}).click();
  await expect(a.getByText('Stopped. What came until then is above.')).toBeVisible();
  await expect(page.getByRole('button', {name: 'Run', exact: false}).first()).toBeEnabled();
});

test('a server that goes away in the middle of an answer loses neither the texts nor what had come', async ({
  page,
  ownServer,
  problems,
}) => {
  await ownServer.start([], ['--chunk-delay', '300ms']);
  await ownServer.setUp();
  const slug = await welcome(ownServer);
  await signIn(page, ownServer, `/playground?prompt=${slug}`);
  await fill(page);
  await page.keyboard.press('Control+Enter');
  const a = column(page, 'A');
  await expect(a.getByText('Answering…')).toBeVisible();
  await ownServer.kill('SIGKILL');
  await expect(a.getByRole('alert')).toContainText('The answer broke off before its end.');
  await expect(page.getByLabel('name', {exact: true})).toHaveValue('Ada');
  await a.getByRole('button', {name: 'Try again'}).click();
  await expect(a.getByRole('alert')).toContainText('The server does not answer');
  await ownServer.start();
  await a.getByRole('button', {name: 'Try again'}).click();
  await expect(a.getByText('Answering…')).toBeVisible();
  problems.length = 0; // what failed to load while it was away
});

test('what the provider refuses is said in the column, with the way to its span', async ({page, ownServer}) => {
  await ownServer.start([], ['--fail-status', '400=1']);
  await ownServer.setUp();
  const slug = await welcome(ownServer);
  await signIn(page, ownServer, `/playground?prompt=${slug}`);
  await fill(page);
  await page.keyboard.press('Control+Enter');
  const alert = column(page, 'A').getByRole('alert');
  await expect(alert.getByRole('link', {name: 'Open span'})).toHaveAttribute('href', /\/spans\/sp_/);
});

test('tools and a schema that are no JSON yet are not sent', async ({page, server}) => {
  const slug = await welcome(server);
  await signIn(page, server, `/playground?prompt=${slug}`);
  await fill(page);
  const a = column(page, 'A');
  await a.getByText('2 messages').click();
  await a.getByRole('button', {name: /^Settings/}).click();
  await a.getByRole('button', {name: 'Answer as JSON'}).click();
  await a.getByLabel('Schema of column A’s answer').fill('{"type": ');
  await page.keyboard.press('Control+Enter');
  await expect(a.getByText('The answer’s schema is not valid JSON yet.')).toBeVisible();
  expect((await server.api('GET', `/api/v1/spans?promptSlug=${slug}`)).spans).toEqual([]);
});

test('texts, values and answers survive a reload; "back" finds what a link took the place of', async ({
  page,
  server,
}) => {
  const slug = await welcome(server);
  const base = await signIn(page, server, `/playground?prompt=${slug}`);
  await fill(page);
  const a = column(page, 'A');
  await a.getByText('2 messages').click();
  await a.getByLabel('Text of message 2 of column A').fill('Greet {{name}} warmly');
  await page.keyboard.press('Control+Enter');
  await expect(a.getByRole('status')).toHaveText('Column A: answered');
  await page.reload();
  await expect(a.getByText('Greet {{name}} warmly')).toBeVisible();
  await expect(page.getByLabel('name', {exact: true})).toHaveValue('Ada');
  await expect(a.getByRole('link', {name: 'Open span'})).toBeVisible();
  const other = await welcome(server);
  await page.goto(`${server.url}${base}/playground?prompt=${other}`);
  await expect(a.getByText('2 messages')).toBeVisible();
  await page.goBack();
  await expect(a.getByText('Greet {{name}} warmly')).toBeVisible();
});

test('a column is saved as a new version, and as a new prompt', async ({page, server}) => {
  const slug = await welcome(server);
  await signIn(page, server, `/playground?prompt=${slug}`);
  const a = column(page, 'A');
  await a.getByText('2 messages').click();
  await a.getByLabel('Text of message 2 of column A').fill('Greet {{name}}');
  await page.keyboard.press('Control+s');
  const dialog = page.getByRole('dialog', {name: 'Save as'});
  await dialog.getByLabel('Note').fill('Warmer');
  await dialog.getByRole('button', {name: 'Save'}).click();
  await expect(page.getByText(/Saved as version 3/)).toBeVisible();
  await expect(a.getByText('edited')).toBeHidden();
  const prompt = await server.api('GET', `/api/v1/prompts/${slug}`);
  expect(prompt.content[1].content).toBe('Greet {{name}}');
  expect(prompt.versions[0].note).toBe('Warmer');
  await page.keyboard.press('Control+s');
  await dialog.getByLabel('Save as').selectOption({label: 'A new prompt'});
  await dialog.getByLabel('Name').fill(`Copy of ${slug}`);
  await dialog.getByRole('button', {name: 'Save'}).click();
  await expect(page.getByText(`Saved as version 1 of Copy of ${slug}.`)).toBeVisible();
});

test('a version that someone saved meanwhile is not overwritten unseen', async ({page, server}) => {
  const slug = await welcome(server);
  await signIn(page, server, `/playground?prompt=${slug}`);
  const a = column(page, 'A');
  await a.getByText('2 messages').click();
  await a.getByLabel('Text of message 2 of column A').fill('Mine {{name}}');
  await server.api('PUT', `/api/v1/prompts/${slug}`, {content: [{role: 'user', content: 'Theirs'}]});
  await a.getByRole('button', {name: 'Save…'}).click();
  await page.getByRole('dialog').getByRole('button', {name: 'Save', exact: true}).click();
  await expect(page.getByText('Version 3 was saved by someone else meanwhile')).toBeVisible();
  await page.getByRole('button', {name: 'Save as version 4'}).click();
  await expect(page.getByText(/Saved as version 4/)).toBeVisible();
  expect((await server.api('GET', `/api/v1/prompts/${slug}/versions/3`)).messages[0].content).toBe('Theirs');
});

test('a span opens with its messages, values, model, tools and settings; tool calls are shown and answered', async ({
  page,
  server,
}) => {
  const run = await server.api('POST', '/api/v1/run', {
    model: 'claude-sonnet-4-5',
    temperature: 0.3,
    variables: {city: 'Rome'},
    content: [{role: 'user', content: 'get_weather of {{city}}, and say \\{{braces}}'}],
    tools: [
      {
        name: 'get_weather',
        description: 'Weather',
        parameters: {type: 'object', properties: {location: {type: 'string'}}},
      },
    ],
  });
  await signIn(page, server, `/playground?span=${run.spanId}`);
  const a = column(page, 'A');
  await expect(a.getByLabel('Text of message 1 of column A')).toContainText(
    'get_weather of Rome, and say \\{{braces}}',
  );
  await expect(a.getByRole('button', {name: /^Model: claude-sonnet-4-5/})).toBeVisible();
  await expect(a.getByText('temperature 0.3 · 1 tool')).toBeVisible();
  await page.keyboard.press('Control+Enter');
  await expect(a.getByText('Calls get_weather')).toBeVisible();
  await expect(a.getByText('Waits for the tools’ results')).toBeVisible();
  await a.getByRole('button', {name: 'Continue'}).click();
  await expect(a.getByText('from get_weather').first()).toBeVisible();
  await a.getByLabel('Text of message 3 of column A').fill('22 degrees');
  await page.keyboard.press('Control+Enter');
  await expect(a.getByRole('status')).toHaveText('Column A: answered');
});

test('a span without messages, and one that is gone, are said calmly', async ({page, server, problems}) => {
  const spanId = 'sp_00000000000000e1';
  await server.api('POST', '/api/v1/spans', {
    spanId,
    spanKind: 'EMBEDDING',
    provider: 'openai',
    model: 'text-embedding-3-small',
    status: 'SUCCESS',
    latencyMs: 5,
    input: {text: ['a']},
  });
  const base = await signIn(page, server, `/playground?span=${spanId}`);
  await expect(page.getByRole('alert')).toContainText('no messages');
  await page.getByRole('button', {name: 'Start with an empty column'}).click();
  await expect(column(page, 'A').getByText('Not saved')).toBeVisible();
  await page.goto(`${server.url}${base}/playground?span=sp_00000000000000e2`);
  await expect(page.getByRole('alert')).toBeVisible();
  expect(problems).toEqual([]);
});

test('what a model and a span say is shown as text, never run', async ({page, server}) => {
  const hostile = '<img src=x onerror="window.hurt=1"><script>window.hurt=1</script>[a](javascript:window.hurt=1)';
  const spanId = 'sp_00000000000000e3';
  await server.api('POST', '/api/v1/spans', {
    spanId,
    spanKind: 'LLM',
    provider: 'openai',
    model: hostile.slice(0, 60),
    status: 'SUCCESS',
    latencyMs: 5,
    input: {messages: [{role: 'user', content: hostile}]},
    output: hostile,
    variables: {[hostile.slice(0, 20)]: hostile},
  });
  await signIn(page, server, `/playground?span=${spanId}`);
  const a = column(page, 'A');
  await expect(a.getByLabel('Text of message 1 of column A')).toContainText('onerror');
  await chooseModel(page, 'A', 'gpt-4o');
  await page.keyboard.press('Control+Enter');
  await expect(a.getByRole('status')).toHaveText('Column A: answered');
  expect(await page.evaluate(() => (window as {hurt?: number}).hurt)).toBeUndefined();
});

test('the playground is accessible in both themes, empty and with answers', async ({page, server}) => {
  const slug = await welcome(server);
  await signIn(page, server, `/playground?prompt=${slug}`);
  await fill(page);
  await page.getByRole('button', {name: 'Add column'}).click();
  await page.getByRole('menuitem', {name: 'An empty column'}).click();
  await expect(column(page, 'B').getByLabel('Text of message 1 of column B')).toBeVisible();
  await page.keyboard.press('Control+Enter');
  await expect(column(page, 'A').getByRole('status')).toHaveText('Column A: answered');
  await expect(column(page, 'B').getByRole('alert')).toContainText('Choose a model');
  await expectAccessible(page, async () => {
    await expect(column(page, 'A').getByRole('link', {name: 'Open span'})).toBeVisible();
    await expect(column(page, 'B').getByLabel('Text of message 1 of column B')).toBeVisible();
  });
});

test('the playground can be read on a phone', async ({page, server}) => {
  const slug = await welcome(server);
  const base = await signIn(page, server);
  await page.setViewportSize({width: 390, height: 844});
  await page.goto(`${server.url}${base}/playground?prompt=${slug}`);
  await expect(column(page, 'A')).toBeVisible();
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
});
