import {expectAccessible} from './axe';
import {expect, signIn, test, type Server} from './fixtures';

let count = 0;
async function prompt(server: Server, defaultLabel = false) {
  const slug = `split-${Date.now().toString(36)}-${++count}`;
  await server.api('POST', '/api/v1/prompts', {
    name: `Split ${slug}`,
    slug,
    model: 'gpt-4o',
    content: [{role: 'user', content: 'Hello {{name}}'}],
  });
  await server.api('PUT', `/api/v1/prompts/${slug}`, {content: [{role: 'user', content: 'Hi {{name}}'}]});
  if (defaultLabel) {
    await server.api('PUT', `/api/v1/prompts/${slug}/labels/production`, {version: 1});
    await server.api('PUT', `/api/v1/prompts/${slug}`, {defaultLabel: 'production'});
  }
  return slug;
}

async function running(server: Server, slug: string, name = 'Shorter', primaryMetric: string | null = 'cost') {
  const {id} = await server.api('POST', `/api/v1/prompts/${slug}/experiments`, {
    name,
    primaryMetric,
    variants: [
      {key: 'long', version: 1, weight: 50},
      {key: 'short', version: 2, weight: 50},
    ],
  });
  await server.api('POST', `/api/v1/prompts/${slug}/experiments/${id}/start`);
  return id as string;
}

// Runs of so many users; the second variant writes half as much. `skew` of ten users' runs of the first are missing.
async function runs(server: Server, slug: string, experimentId: string, users: number, skew = 0) {
  const spans = Array.from({length: users}, (_, i) => ({
    spanId: `sp_${(Date.now() * 1000 + i).toString(16).padStart(16, '0').slice(-16)}`,
    spanKind: 'LLM',
    provider: 'openai',
    model: 'gpt-4o',
    status: 'SUCCESS',
    latencyMs: 500 + ((i * 37) % 200),
    promptSlug: slug,
    promptVersion: (i % 2) + 1,
    experimentId,
    variant: i % 2 ? 'short' : 'long',
    userId: `u${i}`,
    inputTokens: 40,
    outputTokens: (i % 2 ? 60 : 120) + ((i * 13) % 20),
    input: {messages: [{role: 'user', content: 'x'}]},
    output: 'y',
    finishReason: 'stop',
  })).filter((span, i) => span.variant === 'short' || i % 20 >= skew * 2);
  const answer = await server.api('POST', '/api/v1/spans/batch', spans);
  expect(answer.accepted).toBe(spans.length);
}

test('an experiment is made and started in a few clicks, paused, and stopped for good', async ({page, server}) => {
  const slug = await prompt(server, true);
  await signIn(page, server, `/experiments?new&prompt=${slug}`);
  const dialog = page.getByRole('dialog', {name: 'New experiment'});
  await expect(dialog.getByLabel('Prompt')).toHaveValue(slug);
  // The newest version against the one of the default label.
  await expect(dialog.getByLabel('Version').nth(0)).toHaveValue('1');
  await expect(dialog.getByLabel('Version').nth(1)).toHaveValue('2');
  await dialog.getByLabel('Weight of control').fill('90');
  await dialog.getByLabel('Weight of variant 2').fill('10');
  await expect(dialog.getByRole('img', {name: 'v1 90 %, v2 10 %'})).toBeVisible();
  await dialog.getByLabel('What decides').selectOption('cost');
  await dialog.getByRole('button', {name: 'Start experiment'}).click();
  await expect(page.getByRole('heading', {name: 'v2 against v1'})).toBeVisible();
  await expect(page.getByRole('heading', {name: 'Collecting data'})).toBeVisible();
  const [made] = (await server.api('GET', `/api/v1/prompts/${slug}/experiments`)).experiments;
  expect(made).toMatchObject({
    status: 'running',
    primaryMetric: 'cost',
    variants: [
      {weight: 90, version: 1},
      {weight: 10, version: 2},
    ],
  });
  await page.getByRole('button', {name: 'Pause'}).click();
  await expect(page.getByRole('button', {name: 'Go on'})).toBeVisible();
  await page.getByRole('button', {name: 'Stop…'}).click();
  await page.getByRole('button', {name: 'Stop experiment'}).click();
  await expect(page.getByText('Stopped', {exact: true})).toBeVisible();
  await expect(page.getByRole('button', {name: 'Go on'})).toBeHidden();
});

test('results arrive while one looks, with ranges, and a verdict in words', async ({page, server}) => {
  const slug = await prompt(server);
  const id = await running(server, slug);
  await signIn(page, server, `/experiments/${slug}/${id}`);
  await expect(page.getByRole('heading', {name: 'Collecting data'})).toBeVisible();
  await runs(server, slug, id, 600);
  await expect(page.getByRole('heading', {name: 'short wins'})).toBeVisible();
  await expect(page.getByLabel('Verdict')).toContainText('It is shown to be better than long in cost');
  const differences = page.getByRole('region', {name: 'What difference it makes'});
  await expect(
    differences.getByRole('img', {name: /Between −\d+ % and −\d+ %, most likely −\d+ %/}).first(),
  ).toBeVisible();
  await expect(differences.getByText('cheaper')).toBeVisible();
  await expect(page.getByRole('region', {name: 'Who got what'}).getByText('300')).toHaveCount(4);
});

test('a split that did not come as it was set is warned of above all', async ({page, server}) => {
  const slug = await prompt(server);
  const id = await running(server, slug);
  await runs(server, slug, id, 1000, 5);
  await signIn(page, server, `/experiments/${slug}/${id}`);
  await expect(page.getByRole('heading', {name: 'Do not trust these numbers yet'})).toBeVisible();
});

test('promotion says what it changes, and does that', async ({page, server}) => {
  const slug = await prompt(server, true);
  const id = await running(server, slug);
  await signIn(page, server, `/experiments/${slug}/${id}`);
  await page.getByRole('button', {name: 'Promote…'}).click();
  const dialog = page.getByRole('dialog', {name: 'Promote a variant'});
  await expect(dialog.getByText('The label “production” moves from version 1 to version 2.')).toBeVisible();
  await dialog.getByRole('button', {name: 'Promote short'}).click();
  await expect(page.getByText('short is now the default.')).toBeVisible();
  await expect(page.getByText('promoted', {exact: true})).toBeVisible();
  expect((await server.api('GET', `/api/v1/prompts/${slug}`)).labels).toEqual({production: 2});
});

test('a second experiment of a prompt cannot run; the draft is kept, and no second one is made', async ({
  page,
  server,
}) => {
  const slug = await prompt(server);
  await running(server, slug);
  await signIn(page, server, `/experiments?new&prompt=${slug}`);
  const dialog = page.getByRole('dialog', {name: 'New experiment'});
  await dialog.getByRole('button', {name: 'Start experiment'}).click();
  await expect(dialog.getByRole('alert')).toBeVisible();
  await expect(dialog.getByText('kept as a draft')).toBeVisible();
  await dialog.getByLabel('Start right away').uncheck();
  await dialog.getByRole('button', {name: 'Save as draft'}).click();
  await expect(page.getByRole('heading', {name: 'v2 against v1'})).toBeVisible();
  expect((await server.api('GET', `/api/v1/prompts/${slug}/experiments`)).experiments).toHaveLength(2);
  // A draft may be changed, renamed and deleted.
  await page.getByRole('button', {name: 'Change…'}).click();
  await page.getByRole('dialog').getByLabel('Name').last().fill('Another name');
  await page.getByRole('button', {name: 'Save draft'}).click();
  await expect(page.getByRole('heading', {name: 'Another name'})).toBeVisible();
  await page.getByRole('button', {name: 'More'}).click();
  await page.getByRole('menuitem', {name: 'Delete…'}).click();
  await page.getByRole('button', {name: 'Delete', exact: true}).click();
  await expect(page).toHaveURL(/\/experiments$/);
});

test('variants that would run the same are not accepted', async ({page, server}) => {
  const slug = await prompt(server);
  await signIn(page, server, `/experiments?new&prompt=${slug}`);
  const dialog = page.getByRole('dialog', {name: 'New experiment'});
  await dialog.getByLabel('Version').nth(1).selectOption('1');
  await expect(dialog.getByRole('alert')).toContainText('run the same');
  await expect(dialog.getByRole('button', {name: 'Start experiment'})).toBeDisabled();
});

test('the list finds experiments of all prompts by status and by name, in the address', async ({page, server}) => {
  const [a, b] = [await prompt(server), await prompt(server)];
  await running(server, a, `Alpha ${a}`);
  const id = await running(server, b, `Beta <b>${b}</b>`);
  await server.api('POST', `/api/v1/prompts/${b}/experiments/${id}/pause`);
  await signIn(page, server, '/experiments');
  const table = page.getByRole('region', {name: 'Experiments'});
  await expect(table.getByRole('link', {name: `Alpha ${a}`})).toBeVisible();
  await page.getByRole('tab', {name: /Paused/}).click();
  await expect(page).toHaveURL(/status=paused/);
  await expect(table.getByRole('link', {name: `Alpha ${a}`})).toBeHidden();
  await page.getByLabel('Search experiments').fill('beta');
  await page.reload();
  await expect(table.getByRole('row')).toHaveCount(2);
  await table.getByRole('link', {name: `Beta <b>${b}</b>`}).click();
  await expect(page.getByRole('heading', {name: `Beta <b>${b}</b>`})).toBeVisible();
});

test('an experiment that is gone is said so', async ({page, server}) => {
  const slug = await prompt(server);
  await signIn(page, server, `/experiments/${slug}/exp_0000000000000000`);
  await expect(page.getByText('There is no such experiment')).toBeVisible();
});

test('the pages of experiments are accessible in both themes', async ({page, server}) => {
  const slug = await prompt(server);
  const id = await running(server, slug);
  await runs(server, slug, id, 200);
  const base = await signIn(page, server, `/experiments/${slug}/${id}`);
  await expectAccessible(page, () =>
    expect(page.getByRole('region', {name: 'Who got what'})).toBeVisible(),
  );
  await page.goto(`${server.url}${base}/experiments`);
  await expectAccessible(page, () => expect(page.getByRole('region', {name: 'Experiments'})).toBeVisible());
  await page.getByRole('button', {name: 'New experiment'}).click();
  await expectAccessible(page, () => expect(page.getByLabel('What decides')).toBeVisible());
});
