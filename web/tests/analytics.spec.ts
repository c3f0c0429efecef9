import {expectAccessible} from './axe';
import {expect, signIn, test, type Server} from './fixtures';
import type {Page} from '@playwright/test';

let next = 1;
const hour = 3_600_000;

// Spans that began `hoursAgo`; two of them model calls with known prices unless told otherwise.
async function send(server: Server, hoursAgo: number, spans: Record<string, unknown>[]) {
  const startTime = new Date(Date.now() - hoursAgo * hour).toISOString();
  const answer = await server.api(
    'POST',
    '/api/v1/spans/batch',
    spans.map((span) => ({
      spanId: `sp_a${String(next++).padStart(15, '0')}`,
      model: 'gpt-4o-mini',
      provider: 'openai',
      input: {messages: []},
      output: 'Yes.',
      status: 'SUCCESS',
      latencyMs: 800,
      inputTokens: 1000,
      outputTokens: 200,
      totalTokens: 1200,
      startTime,
      ...span,
    })),
  );
  expect(answer.rejected).toEqual([]);
}

const card = (page: Page, title: string) => page.getByRole('figure', {name: title, exact: true});

// A day with calls of two models, one of which fails; all by one user, so that other tests do not count.
async function day(server: Server, userId: string) {
  await send(server, 2, [{userId}, {userId}, {userId, model: 'gpt-4o', latencyMs: 2500}]);
  await send(server, 5, [{userId, model: 'gpt-4o', status: 'ERROR', error: 'timed out', output: null}]);
}

test('an empty project says what to do', async ({page, ownServer}) => {
  await ownServer.start();
  await ownServer.setUp();
  await signIn(page, ownServer, '/analytics');
  await expect(page.getByText('No spans in this time')).toBeVisible();
  await page.getByRole('link', {name: 'How to send the first one'}).click();
  await expect(page).toHaveURL(/\/p\/prj_\w+\/$/);
});

test('figures, charts and top lists tell what was sent', async ({page, server}) => {
  await day(server, 'ana-one');
  await signIn(page, server, '/analytics?range=24h&userId=ana-one');
  await expect(page.locator('dt', {hasText: 'Requests'}).locator('+ dd')).toHaveText('4');
  await expect(page.locator('dt', {hasText: 'Errors'}).locator('xpath=following-sibling::dd[2]')).toHaveText('25.0 %');
  const models = page.getByRole('region', {name: 'Models'});
  await expect(models.getByRole('row', {name: /gpt-4o-mini/})).toContainText('2.4K');
  await expect(models.getByRole('row', {name: /gpt-4o-mini/})).toContainText(/80\d ms/);
  await card(page, 'Requests').getByText('Figures').click();
  await expect(page.getByRole('region', {name: 'Figures of Requests'}).getByRole('row')).toHaveCount(26);
});

test('a split draws one line for each group, and the legend switches lines off', async ({page, server}) => {
  await day(server, 'ana-two');
  await signIn(page, server, '/analytics?range=24h&userId=ana-two');
  await page.getByLabel('Split').selectOption('model');
  await expect(page).toHaveURL(/by=model/);
  const legend = card(page, 'Cost').getByRole('group', {name: 'Shown in the chart'});
  const key = legend.getByRole('button', {name: 'gpt-4o', exact: true});
  await expect(key).toHaveAttribute('aria-pressed', 'true');
  await key.press('Enter');
  await expect(key).toHaveAttribute('aria-pressed', 'false');
  await expect(legend.getByRole('button', {name: 'gpt-4o-mini'})).toHaveAttribute('aria-pressed', 'true');
});

test('a point of a chart leads to its spans, with its time and group; so does the table under it', async ({
  page,
  server,
}) => {
  await day(server, 'ana-three');
  const base = await signIn(page, server, '/analytics?range=24h&by=model&userId=ana-three');
  const figure = card(page, 'Requests');
  await figure.getByText('Figures').click();
  const table = figure.getByRole('region', {name: 'Figures of Requests'});
  const row = table.getByRole('row').filter({has: page.getByRole('cell', {name: '2', exact: true})});
  await row.getByRole('button').click();
  await expect(page).toHaveURL(new RegExp(`${base}/spans\\?`));
  const search = new URL(page.url()).searchParams;
  expect(search.get('userId')).toBe('ana-three');
  expect(Date.parse(search.get('endDate')!) - Date.parse(search.get('startDate')!)).toBe(hour);
  await page.goBack();
  await figure.locator('canvas').click({position: {x: 400, y: 60}, force: true});
  await expect(page).toHaveURL(/\/spans\?userId=ana-three.*startDate=/);
});

test('filters are chips that live in the address and can be taken off', async ({page, server}) => {
  await day(server, 'ana-four');
  await signIn(page, server, '/analytics?range=24h&userId=ana-four');
  await page.getByRole('button', {name: 'Filter', exact: true}).click();
  await page.getByLabel('Only spans with this').selectOption('status');
  await page.getByLabel('Being').selectOption('ERROR');
  await page.getByRole('button', {name: 'Apply'}).click();
  await expect(page).toHaveURL(/status=ERROR/);
  await expect(page.locator('dt', {hasText: 'Requests'}).locator('+ dd')).toHaveText('1');
  await page.reload();
  await page.getByRole('button', {name: 'Remove the filter Status'}).click();
  await expect(page.locator('dt', {hasText: 'Requests'}).locator('+ dd')).toHaveText('4');
  await page.getByRole('region', {name: 'Models'}).getByRole('button', {name: 'gpt-4o', exact: true}).click();
  await expect(page.getByRole('list', {name: 'Filters'})).toContainText('gpt-4o');
  await expect(page.locator('dt', {hasText: 'Requests'}).locator('+ dd')).toHaveText('2');
});

test('own times are taken, and a time that ends before it begins is said so', async ({page, server}) => {
  await day(server, 'ana-five');
  await signIn(page, server, '/analytics?range=24h&userId=ana-five');
  await page.getByLabel('Time', {exact: true}).selectOption('own');
  await page.getByLabel('From', {exact: true}).fill('2026-01-02T10:00');
  await page.getByLabel('To', {exact: true}).fill('2026-01-01T10:00');
  await expect(page.getByText('Ends before it begins')).toBeVisible();
  await page.getByLabel('To', {exact: true}).fill('2026-01-03T10:00');
  await expect(page).toHaveURL(/from=2026-01-02T09%3A00/);
  await expect(page.getByText('No spans match in this time')).toBeVisible();
});

test('the figures can be taken along as CSV', async ({page, server}) => {
  await day(server, 'ana-six');
  await signIn(page, server, '/analytics?range=24h&by=model&userId=ana-six');
  const waiting = page.waitForEvent('download');
  await page.getByRole('button', {name: 'CSV'}).click();
  const download = await waiting;
  expect(download.suggestedFilename()).toMatch(/^analytics-\d{4}-\d\d-\d\d\.csv$/);
  const stream = await download.createReadStream();
  let text = '';
  for await (const piece of stream) text += piece;
  expect(text).toContain('gpt-4o-mini');
});

test('a count that stopped early is told, with a way to what was counted', async ({page, server}) => {
  await day(server, 'ana-seven');
  const scannedFrom = new Date(Date.now() - 3 * hour).toISOString();
  await page.route('**/api/v1/analytics?*', async (route) => {
    const answer = await route.fetch();
    const body = await answer.json();
    await route.fulfill({
      response: answer,
      json: {...body, ...(route.request().url().includes('from') ? {} : {complete: false, scannedFrom})},
    });
  });
  await signIn(page, server, '/analytics?range=24h&userId=ana-seven');
  await expect(page.getByText('These figures are not complete')).toBeVisible();
  await page.getByRole('button', {name: 'Show only what was counted'}).click();
  await expect(page).toHaveURL(/from=/);
});

test('a server that refuses is quoted, and asked again', async ({page, server}) => {
  let refuse = true;
  await page.route('**/api/v1/analytics?*', (route) =>
    refuse
      ? route.fulfill({status: 400, json: {error: {code: 'INVALID_REQUEST', message: 'Too many buckets.'}}})
      : route.continue(),
  );
  await day(server, 'ana-eight');
  await signIn(page, server, '/analytics?range=24h&userId=ana-eight');
  await expect(page.getByRole('alert').first()).toContainText('Too many buckets.');
  refuse = false;
  await page.getByRole('button', {name: 'Try again'}).first().click();
  await expect(card(page, 'Cost')).toBeVisible();
});

test('names of models are text, whatever they hold', async ({page, server}) => {
  const model = '<img src=x onerror="window.broken=1">';
  await send(server, 1, [{userId: 'ana-nine', model, provider: 'somebody'}]);
  await signIn(page, server, '/analytics?range=24h&by=model&userId=ana-nine');
  await expect(page.getByRole('region', {name: 'Models'}).getByRole('button', {name: model})).toBeVisible();
  expect(await page.evaluate(() => 'broken' in window)).toBe(false);
});

test('the page is open to everybody, in both themes and on a phone', async ({page, server}) => {
  await day(server, 'ana-ten');
  await signIn(page, server, '/analytics?range=24h&by=model&userId=ana-ten');
  await card(page, 'Cost').getByText('Figures').click();
  await expect(card(page, 'Cost').locator('canvas')).toBeVisible();
  await expect(page.getByRole('region', {name: 'Labels'})).toBeVisible();
  await expectAccessible(page);
  await page.setViewportSize({width: 390, height: 844});
  await expect(page.getByRole('heading', {name: 'Analytics'})).toBeVisible();
  expect(
    await page.evaluate(
      () => document.querySelector('main')!.scrollWidth <= document.querySelector('main')!.clientWidth,
    ),
  ).toBe(true);
});
