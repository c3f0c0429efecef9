import type {Locator, Page} from '@playwright/test';
import {expectAccessible} from './axe';
import {expect, owner, signIn, test, type Server} from './fixtures';

let number = 0;

// A prompt of its own for each test: {{name}} in two messages.
async function makePrompt(server: Server, change: Record<string, unknown> = {}): Promise<string> {
  const prompt = await server.api('POST', '/api/v1/prompts', {
    name: `Greeting ${++number} ${test.info().workerIndex}`, model: 'gpt-4o-mini', temperature: 0.7,
    content: [{role: 'system', content: 'You greet people.'}, {role: 'user', content: 'Greet {{name}}.'}], ...change,
  });
  return prompt.slug;
}
const message = (page: Page, index: number) => page.getByRole('textbox', {name: new RegExp(`^Message ${index}, `)});
const save = (page: Page) => page.getByRole('button', {name: 'Save', exact: true});
const stored = (server: Server, slug: string) => server.api('GET', `/api/v1/prompts/${slug}`);

async function append(page: Page, index: number, text: string) {
  await message(page, index).click();
  await page.keyboard.press('Control+End');
  await page.keyboard.type(text);
}

// As a person would: fill() makes the browser put styles of its own into what is edited, which the page forbids.
async function retype(page: Page, field: Locator, text: string) {
  await field.click();
  await page.keyboard.press('Control+a');
  await page.keyboard.press('Delete');
  await page.keyboard.insertText(text);
}

test('a newcomer makes a prompt from an example and runs it', async ({page, server, signedIn}) => {
  await page.goto(`${server.url}${signedIn}/prompts`);
  await page.getByRole('button', {name: 'New prompt'}).first().click();
  await expect(page).toHaveURL(/\?new=/);
  await page.getByRole('radio', {name: /Support triage/}).check({force: true});
  await page.getByLabel('Name').fill('Triage of mine');
  await page.getByRole('button', {name: /^Model:/}).click();
  await page.getByPlaceholder('Search, or type').fill('4o-mini');
  await page.keyboard.press('Enter');
  await page.getByRole('button', {name: 'Create prompt'}).click();
  await expect(page.getByRole('heading', {name: 'Triage of mine'})).toBeVisible();
  await expect(page).toHaveURL(/\/prompts\/triage-of-mine$/);
  const panel = page.getByRole('complementary', {name: 'Try it'});
  await expect(panel.getByLabel('message')).toHaveValue(/nobody in our office/);
  await panel.getByRole('button', {name: 'Run'}).click();
  await expect(panel.getByText('Latency')).toBeVisible();
  await expect(panel.getByText('urgent:')).toBeVisible();
  await panel.getByRole('link', {name: 'Open its span'}).click();
  await expect(page).toHaveURL(/\/spans\/sp_/);
});

test('the list shows usage, is searched by name, and the search is in the address',
  async ({page, server, signedIn}) => {
  const slug = await makePrompt(server, {name: 'Zebra letters'});
  await makePrompt(server, {name: 'Other letters'});
  await server.api('PUT', `/api/v1/prompts/${slug}/labels/production`, {version: 1});
  await server.api('POST', `/api/v1/prompts/${slug}/run`, {variables: {name: 'Ada'}});
  await page.goto(`${server.url}${signedIn}/prompts`);
  const row = page.getByRole('row', {name: /Zebra letters/});
  await expect(row).toContainText('production · v1');
  await expect(row.getByRole('cell').nth(4)).toHaveText('1');
  await expect(row.getByRole('cell').nth(5)).toHaveText(/^\$0\.0/);
  await page.getByLabel('Search prompts').fill('zeb');
  await expect(page.getByRole('row', {name: /Other letters/})).toBeHidden();
  await expect(page).toHaveURL(/q=zeb/);
  await page.reload();
  await expect(page.getByRole('row', {name: /Zebra/})).toBeVisible();
  await expect(page.getByRole('row', {name: /Other letters/})).toBeHidden();
  await page.getByLabel('Search prompts').fill('no such thing');
  await expect(page.getByText('Nothing matches')).toBeVisible();
  await page.getByRole('button', {name: 'Show all prompts'}).click();
  await page.getByRole('link', {name: 'Zebra letters'}).click();
  await expect(page).toHaveURL(new RegExp(`/prompts/${slug}$`));
});

test('an edit is saved with the keyboard as a new version with a note', async ({page, server, signedIn}) => {
  const slug = await makePrompt(server);
  await page.goto(`${server.url}${signedIn}/prompts/${slug}`);
  await append(page, 1, ' Warmly.');
  await expect(page.getByText('Unsaved changes').first()).toBeVisible();
  await page.getByLabel('Temperature').fill('0.2');
  await page.getByLabel('What changed, optional').fill('Warmer');
  await page.keyboard.press('Control+s');
  await expect(page.getByText('Saved as version 2.')).toBeVisible();
  await expect(save(page)).toBeDisabled();
  const prompt = await stored(server, slug);
  expect(prompt.versions[0]).toMatchObject({version: 2, note: 'Warmer', author: owner.name, temperature: 0.2});
  expect(prompt.content[0].content).toBe('You greet people. Warmly.');
});

test('variables are completed after two braces, and get a field to fill', async ({page, server, signedIn}) => {
  const slug = await makePrompt(server);
  await page.goto(`${server.url}${signedIn}/prompts/${slug}`);
  await append(page, 1, ' Say it to {{na');
  await expect(page.getByRole('option', {name: 'name'})).toBeVisible();
  await page.keyboard.press('Enter');
  await page.keyboard.type(' in {{language}}');
  await expect(message(page, 1)).toHaveText('You greet people. Say it to {{name}} in {{language}}');
  await expect(page.getByRole('complementary', {name: 'Try it'}).getByLabel('language')).toBeVisible();
});

test('messages are added, put in order by keyboard and mouse, and removed', async ({page, server, signedIn}) => {
  const slug = await makePrompt(server);
  await page.goto(`${server.url}${signedIn}/prompts/${slug}`);
  await page.getByRole('button', {name: 'Add message'}).click();
  await append(page, 3, 'Hello!');
  await page.getByRole('combobox', {name: 'Role of message 3'}).selectOption('assistant');
  await page.getByRole('button', {name: 'Move message 3 up'}).press('Enter');
  await expect(page.getByRole('button', {name: 'Move message 2 up'})).toBeFocused();
  await expect(message(page, 2)).toHaveText('Hello!');
  await message(page, 2).click();
  await page.keyboard.press('Alt+Shift+ArrowDown');
  await expect(message(page, 3)).toHaveText('Hello!');
  await expect(message(page, 3)).toBeFocused();
  await page.getByRole('listitem', {name: 'Message 3'}).locator('[draggable=true]').dragTo(page.getByRole('listitem',
    {name: 'Message 1'}));
  await expect(message(page, 1)).toHaveText('Hello!');
  await page.getByRole('button', {name: 'More for message 2'}).click();
  await page.getByRole('menuitem', {name: 'Remove message'}).click();
  await expect(page.getByRole('listitem', {name: /^Message/})).toHaveCount(2);
  await page.getByRole('button', {name: 'Undo'}).click();
  await expect(page.getByRole('listitem', {name: /^Message/})).toHaveCount(3);
  await page.keyboard.press('Control+s');
  await expect(page.getByText('Saved as version 2.')).toBeVisible();
  expect((await stored(server, slug)).content.map((each: {role: string}) => each.role)).toEqual(['assistant', 'system',
    'user']);
});

test('tools and schema are checked while they are typed, and cannot be saved broken',
  async ({page, server, signedIn}) => {
  const slug = await makePrompt(server);
  await page.goto(`${server.url}${signedIn}/prompts/${slug}`);
  await page.getByText('Tools none').click();
  await page.getByRole('button', {name: 'Add a tool'}).click();
  await page.getByLabel('Which may the model call').selectOption('Always get_weather');
  const tools = page.getByRole('textbox', {name: 'Tools'});
  await retype(page, tools, '[{"name": "bad name"}]');
  await expect(page.getByText('a tool’s name has letters')).toBeVisible();
  await expect(save(page)).toBeDisabled();
  await retype(page, tools, '[{"name": "good"');
  await expect(tools).toHaveAttribute('aria-invalid', 'true');
  await retype(page, tools, '[{"name": "good"}]');
  await expect(page.getByText('There is no tool “get_weather”')).toBeVisible();
  await page.getByLabel('Which may the model call').selectOption('Always good');
  await page.getByText('Output schema none').click();
  await page.getByRole('button', {name: 'Answer as JSON'}).click();
  await page.keyboard.press('Control+s');
  await expect(page.getByText('Saved as version 2.')).toBeVisible();
  const prompt = await stored(server, slug);
  expect(prompt.tools[0].name).toBe('good');
  expect(prompt.toolChoice).toEqual({tool: 'good'});
  expect(prompt.outputSchema.required).toEqual(['answer', 'confident']);
});

test('any model can be typed, and a connection can be chosen for it', async ({page, server, signedIn}) => {
  const session = await (await page.request.get(`${server.url}/api/v1/auth/session`)).json();
  const name = `local-${number}-${Date.now() % 100000}`;
  const made = await page.request.post(`${server.url}/api/v1/connections`, {
    data: {name, protocol: 'openai', baseUrl: `${server.simulator_url}/v1`, key: 'sk-sim'},
    headers: {'X-CSRF-Token': session.csrfToken, 'X-Tracia-Project': signedIn.slice(3), Origin: server.url},
  });
  expect(made.ok()).toBe(true);
  const slug = await makePrompt(server);
  await page.goto(`${server.url}${signedIn}/prompts/${slug}`);
  await page.getByRole('button', {name: /^Model: gpt-4o-mini/}).click();
  await page.getByPlaceholder('Search, or type').fill('my-own-model');
  await expect(page.getByRole('option', {name: /The provider follows from the name/})).toBeVisible();
  await page.getByRole('option', {name: new RegExp(`at ${name}`)}).click();
  await expect(page.getByRole('button', {name: `Model: my-own-model, ${name}`})).toBeVisible();
  await page.keyboard.press('Control+s');
  await expect(page.getByText('Saved as version 2.')).toBeVisible();
  expect(await stored(server, slug)).toMatchObject({provider: name.toUpperCase(), model: 'my-own-model'});
});

test('leaving with unsaved changes asks, and a reload offers them again without putting them in',
  async ({page, server, signedIn}) => {
  const slug = await makePrompt(server);
  page.on('dialog', (dialog) => void dialog.accept());
  await page.goto(`${server.url}${signedIn}/prompts/${slug}`);
  await append(page, 1, ' Not saved.');
  await page.getByRole('tab', {name: 'Versions'}).click();
  await page.getByRole('tab', {name: 'Edit'}).click();
  await expect(message(page, 1)).toHaveText('You greet people. Not saved.');
  await page.getByRole('link', {name: 'Analytics'}).click();
  await page.getByRole('dialog', {name: 'Leave with unsaved changes?'}).getByRole('button', {name: 'Cancel'}).click();
  await expect(message(page, 1)).toHaveText('You greet people. Not saved.');
  await page.reload();
  await expect(page.getByText('There is an unsaved draft')).toBeVisible();
  await expect(message(page, 1)).toHaveText('You greet people.');
  await page.getByRole('button', {name: 'Restore it'}).click();
  await expect(message(page, 1)).toHaveText('You greet people. Not saved.');
  await expect(page.getByText('There is an unsaved draft')).toBeHidden();
  await page.getByRole('link', {name: 'Analytics'}).click();
  await page.getByRole('button', {name: 'Leave'}).click();
  await expect(page).toHaveURL(/analytics$/);
  await page.goto(`${server.url}${signedIn}/prompts/${slug}`);
  await page.getByRole('button', {name: 'Discard', exact: true}).click();
  await page.reload();
  await expect(message(page, 1)).toHaveText('You greet people.');
  await expect(page.getByText('There is an unsaved draft')).toBeHidden();
});

test('the browser asks before a tab with unsaved changes is closed', async ({page, server, signedIn}) => {
  const slug = await makePrompt(server);
  await page.goto(`${server.url}${signedIn}/prompts/${slug}`);
  await append(page, 1, ' Not saved.');
  const asked = page.waitForEvent('dialog');
  void page.close({runBeforeUnload: true});
  const dialog = await asked;
  expect(dialog.type()).toBe('beforeunload');
  await dialog.dismiss();
  await expect(message(page, 1)).toHaveText('You greet people. Not saved.');
});

test.describe('two people edit one prompt', () => {
  const theirs = {temperature: 0.1, note: 'Cooler',
    content: [{id: 'msg_1', role: 'system', content: 'You greet people formally.'},
      {id: 'msg_2', role: 'user', content: 'Greet {{name}}.'}]};
  async function collide(page: Page, server: Server, signedIn: string, mine = ' Mine.') {
    const slug = await makePrompt(server);
    await page.goto(`${server.url}${signedIn}/prompts/${slug}`);
    await append(page, 1, mine);
    await server.api('PUT', `/api/v1/prompts/${slug}`, theirs);
    await page.keyboard.press('Control+s');
    await expect(page.getByRole('dialog', {name: 'Version 2 was saved meanwhile'})).toBeVisible();
    return slug;
  }

  test('the second sees both side by side and merges them', async ({page, server, signedIn}) => {
    const slug = await collide(page, server, signedIn);
    const dialog = page.getByRole('dialog');
    await expect(dialog.getByText('changed by both')).toBeVisible();
    await expect(dialog).toContainText('You greet people formally.');
    await expect(dialog).toContainText('You greet people. Mine.');
    await expectAccessible(page);
    await dialog.getByRole('button', {name: 'Merge and go on editing'}).click();
    await expect(message(page, 1)).toHaveText('You greet people. Mine.');
    await expect(page.getByLabel('Temperature')).toHaveValue('0.1');
    await append(page, 1, ' Formally.');
    await page.keyboard.press('Control+s');
    await expect(page.getByText('Saved as version 3.')).toBeVisible();
    expect(await stored(server, slug)).toMatchObject({temperature: 0.1, currentVersion: 3});
  });

  test('the second keeps their own', async ({page, server, signedIn}) => {
    const slug = await collide(page, server, signedIn);
    await page.getByRole('button', {name: 'Keep mine'}).click();
    await expect(page.getByText('Saved as version 3.')).toBeVisible();
    const prompt = await stored(server, slug);
    expect(prompt.content[0].content).toBe('You greet people. Mine.');
    expect(prompt.temperature).toBe(0.7);
  });

  test('the second takes the other version, and can have their own text back', async ({page, server, signedIn}) => {
    await collide(page, server, signedIn);
    await page.getByRole('button', {name: 'Take theirs'}).click();
    await expect(message(page, 1)).toHaveText('You greet people formally.');
    await page.getByRole('button', {name: 'Restore it'}).click();
    await expect(message(page, 1)).toHaveText('You greet people. Mine.');
  });
});

test('a run streams, stops, and says what the provider said when it fails', async ({page, ownServer}) => {
  await ownServer.start([], ['--chunk-delay', '150ms']);
  await ownServer.setUp();
  const base = await signIn(page, ownServer);
  const slug = await makePrompt(ownServer, {content: [{role: 'user', content: 'Write a long story about {{name}}.'}]});
  await page.goto(`${ownServer.url}${base}/prompts/${slug}`);
  const panel = page.getByRole('complementary', {name: 'Try it'});
  await panel.getByLabel('name').fill('a tram');
  await message(page, 1).click();
  await page.keyboard.press('Control+Enter');
  await expect(panel.getByText('Answer', {exact: true})).toBeVisible();
  await panel.getByRole('button', {name: 'Stop'}).click();
  await expect(panel.getByText('Stopped.')).toBeVisible();
  await page.getByRole('button', {name: /^Model:/}).click();
  await page.getByPlaceholder('Search, or type').fill('no-such-model-at-all');
  await page.getByRole('option', {name: /The provider follows/}).click();
  await panel.getByRole('button', {name: 'Run'}).click();
  await expect(panel.getByRole('alert')).toBeVisible();
  await expect(message(page, 1)).toHaveText('Write a long story about {{name}}.');
});

test('versions are compared, restored, and labels move by menu and by dragging', async ({page, server, signedIn}) => {
  const slug = await makePrompt(server);
  await server.api('PUT', `/api/v1/prompts/${slug}`, {temperature: 0.3, note: 'Cooler'});
  await server.api('PUT', `/api/v1/prompts/${slug}/labels/production`, {version: 1});
  await page.goto(`${server.url}${signedIn}/prompts/${slug}/versions`);
  const part = page.getByRole('region', {name: 'Temperature'});
  await expect(part).toContainText('0.7');
  await expect(part).toContainText('0.3');
  const list = page.getByRole('list', {name: 'Versions'});
  await page.getByRole('button', {name: 'Labels of version 2'}).click();
  await page.getByRole('menuitem', {name: /Move production here/}).click();
  await expect(page.getByText('production points at version 2 now.')).toBeVisible();
  await expect(list.getByRole('listitem').first()).toContainText('production');
  await page.getByRole('button', {name: 'Undo'}).click();
  await expect(list.getByRole('listitem').last()).toContainText('production');
  await list.getByText('production').dragTo(list.getByRole('listitem').first());
  await expect(list.getByRole('listitem').first()).toContainText('production');
  expect((await stored(server, slug)).labels).toEqual({production: 2});
  await list.getByRole('button', {name: 'Version 1', exact: true}).click();
  await expect(page).toHaveURL(/to=1/);
  await page.getByRole('button', {name: 'Restore version 1'}).click();
  await page.getByRole('dialog').getByRole('button', {name: 'Restore'}).click();
  await expect(page.getByText('Version 3 holds what version 1 held.')).toBeVisible();
  expect(await stored(server, slug)).toMatchObject({currentVersion: 3, temperature: 0.7});
});

test('a prompt is renamed and described, gets a default, and is deleted only when its name is typed',
  async ({page, server, signedIn}) => {
  const slug = await makePrompt(server);
  await server.api('PUT', `/api/v1/prompts/${slug}/labels/staging`, {version: 1});
  await page.goto(`${server.url}${signedIn}/prompts/${slug}`);
  await page.getByRole('button', {name: 'Runs the newest'}).click();
  await page.getByRole('menuitem', {name: /staging/}).click();
  await expect(page.getByRole('button', {name: 'Runs staging'})).toBeVisible();
  await page.getByRole('button', {name: 'More actions'}).click();
  await page.getByRole('menuitem', {name: 'Rename and describe…'}).click();
  await page.getByRole('textbox', {name: 'Name', exact: true}).fill('Renamed');
  await page.getByRole('textbox', {name: 'Slug'}).fill(`${slug}-renamed`);
  await page.getByLabel('Description').fill('For tests.');
  await expect(page.getByText('will not find it any more')).toBeVisible();
  await page.getByRole('dialog').getByRole('button', {name: 'Save'}).click();
  await expect(page).toHaveURL(new RegExp(`${slug}-renamed$`));
  await expect(page.getByRole('heading', {name: 'Renamed'})).toBeVisible();
  await expect(page.getByText('For tests.')).toBeVisible();
  await page.getByRole('button', {name: 'More actions'}).click();
  await page.getByRole('menuitem', {name: 'Delete prompt…'}).click();
  const confirm = page.getByRole('dialog').getByRole('button', {name: 'Delete prompt'});
  await expect(page.getByRole('dialog')).toContainText('1 version, 1 label (staging)');
  await expect(confirm).toBeDisabled();
  await page.getByLabel(/to confirm/).fill(`${slug}-renamed`);
  await confirm.click();
  await expect(page).toHaveURL(/\/prompts$/);
  await expect(page.getByText('“Renamed” was deleted.')).toBeVisible();
  await page.goto(`${server.url}${signedIn}/prompts/${slug}`);
  await expect(page.getByText('There is no such prompt')).toBeVisible();
});

test('what the server refuses keeps what was typed', async ({page, server, signedIn}) => {
  const taken = await makePrompt(server);
  const slug = await makePrompt(server);
  await page.goto(`${server.url}${signedIn}/prompts/${slug}`);
  await page.getByRole('button', {name: 'More actions'}).click();
  await page.getByRole('menuitem', {name: 'Rename and describe…'}).click();
  await page.getByRole('textbox', {name: 'Slug'}).fill(taken);
  await page.getByRole('dialog').getByRole('button', {name: 'Save'}).click();
  await expect(page.getByRole('dialog').getByRole('alert')).toBeVisible();
  await expect(page.getByRole('textbox', {name: 'Slug'})).toHaveValue(taken);
});

test('an experiment begins with two versions of the prompt', async ({page, server, signedIn}) => {
  const slug = await makePrompt(server);
  await server.api('PUT', `/api/v1/prompts/${slug}`, {temperature: 0.3});
  await page.goto(`${server.url}${signedIn}/prompts/${slug}/experiments`);
  await page.getByRole('button', {name: 'New experiment'}).click();
  await page.getByLabel('Name').fill('Is cooler better?');
  await page.getByLabel('What decides').selectOption('Cost');
  await page.getByRole('group', {name: 'variant B'}).getByLabel('Weight').fill('3');
  await expect(page.getByText('75.0 %')).toBeVisible();
  await page.getByRole('button', {name: 'Create as draft'}).click();
  await expect(page).toHaveURL(new RegExp(`/experiments/${slug}/`));
  const {experiments} = await server.api('GET', `/api/v1/prompts/${slug}/experiments`);
  expect(experiments[0]).toMatchObject({name: 'Is cooler better?', primaryMetric: 'cost', status: 'draft'});
  expect(experiments[0].variants.map((variant: {version: number; weight: number}) =>
    [variant.version, variant.weight])).toEqual([[1, 1], [2, 3]]);
  await page.goto(`${server.url}${signedIn}/prompts/${slug}/experiments`);
  await expect(page.getByRole('link', {name: 'Is cooler better?'})).toBeVisible();
});

test('metrics tell the versions apart', async ({page, server, signedIn}) => {
  const slug = await makePrompt(server);
  await page.goto(`${server.url}${signedIn}/prompts/${slug}/metrics`);
  await expect(page.getByText('No runs in this time')).toBeVisible();
  await server.api('POST', `/api/v1/prompts/${slug}/run`, {variables: {name: 'Ada'}});
  await server.api('PUT', `/api/v1/prompts/${slug}`, {temperature: 0.3});
  const run = await server.api('POST', `/api/v1/prompts/${slug}/run`, {variables: {name: 'Ada'}});
  await server.api('POST', `/api/v1/spans/${run.spanId}/evaluations`, {evaluatorKey: 'quality', value: 1});
  await page.reload();
  const table = page.getByRole('region', {name: 'Figures of each version'});
  await expect(table.getByRole('row', {name: /Version 2/})).toContainText('of 1');
  await expect(table.getByRole('row', {name: /Version 1/})).toContainText('0.0 %');
  await page.getByLabel('Time', {exact: true}).selectOption('Last 7 days');
  await expect(page).toHaveURL(/range=7d/);
});

test('the code to run the prompt works as it is shown', async ({page, server, signedIn}) => {
  const slug = await makePrompt(server);
  await page.goto(`${server.url}${signedIn}/prompts/${slug}/use`);
  await expect(page.getByText(`client.prompts.run("${slug}", {`)).toBeVisible();
  await page.getByText('C++', {exact: true}).click();
  await expect(page.getByText(`client.prompts().run("${slug}"`)).toBeVisible();
  await page.getByText('curl', {exact: true}).click();
  await expect(page.getByText(`curl ${server.url}/api/v1/prompts/${slug}/run`)).toBeVisible();
  await expect(page).toHaveURL(/language=curl/);
});

test('hostile names, notes, texts and answers are shown as text', async ({page, server, signedIn}) => {
  const hostile = '<img src=x onerror="document.title=1"><script>document.title=2</script>';
  const slug = await makePrompt(server, {name: hostile, description: hostile, slug: `hostile-${Date.now()}`,
    note: hostile,
    content: [{role: 'user', content: `Repeat: ${hostile} [x](javascript:alert(1)) {{name}}`}]});
  await server.api('PUT', `/api/v1/prompts/${slug}`, {content: [{role: 'user', content: `${hostile} {{name}}`}],
    note: hostile});
  for (const path of ['', `/${slug}`, `/${slug}/versions`]) {
    await page.goto(`${server.url}${signedIn}/prompts${path}`);
    await expect(page.getByText(hostile).first()).toBeVisible();
    await expect(page.locator('main img, main script')).toHaveCount(0);
  }
  await page.goto(`${server.url}${signedIn}/prompts/${slug}`);
  const panel = page.getByRole('complementary', {name: 'Try it'});
  await panel.getByLabel('name').fill(hostile);
  await panel.getByRole('button', {name: 'Run'}).click();
  await expect(panel.getByText('Latency')).toBeVisible();
  await expect(page.locator('main img, main script')).toHaveCount(0);
});

test('what cannot be fetched says so and can be tried again', async ({page, server, signedIn}) => {
  const slug = await makePrompt(server);
  await page.route('**/api/v1/prompts/*/versions*', (route) =>
    route.fulfill({status: 500, json: {error: {code: 'INTERNAL_ERROR', message: 'Broken.'}}}));
  await page.goto(`${server.url}${signedIn}/prompts/${slug}/versions`);
  await expect(page.getByText('Broken.')).toBeVisible();
  await page.unroute('**/api/v1/prompts/*/versions*');
  await page.getByRole('button', {name: 'Try again'}).click();
  await expect(page.getByText('Broken.')).toBeHidden();
});

test('a viewer reads everything and is offered nothing that the server would refuse', async ({page, server, signedIn}) => {
  const slug = await makePrompt(server);
  await page.route('**/api/v1/auth/session', async (route) => {
    const answer = await route.fetch();
    const session = await answer.json();
    await route.fulfill({response: answer, json: {...session, member: {...session.member, role: 'viewer'}}});
  });
  await page.goto(`${server.url}${signedIn}/prompts`);
  await expect(page.getByRole('row').nth(1)).toBeVisible();
  await expect(page.getByRole('button', {name: 'New prompt'})).toBeHidden();
  await page.goto(`${server.url}${signedIn}/prompts/${slug}`);
  await expect(message(page, 1)).toHaveAttribute('aria-readonly', 'true');
  await expect(page.getByText('Your role can look, but not change prompts.')).toBeVisible();
  await expect(page.getByRole('button', {name: 'Run', exact: true})).toBeDisabled();
  await expect(page.getByRole('button', {name: 'More actions'})).toBeHidden();
  await page.getByRole('tab', {name: 'Versions'}).click();
  await expect(page.getByRole('button', {name: 'Version 1', exact: true})).toBeVisible();
  await expect(page.getByRole('button', {name: 'Labels of version 1'})).toBeHidden();
});

test('a save while the server is away says so, loses nothing, and works once it is back', async ({page, ownServer, problems}) => {
  await ownServer.start();
  await ownServer.setUp();
  const slug = await makePrompt(ownServer);
  await signIn(page, ownServer, `/prompts/${slug}`);
  await append(page, 1, ' Offline.');
  await ownServer.kill();
  await page.keyboard.press('Control+s');
  await expect(page.getByRole('alert')).toContainText('The server does not answer');
  await expect(message(page, 1)).toHaveText('You greet people. Offline.');
  await ownServer.start();
  await page.keyboard.press('Control+s');
  await expect(page.getByText('Saved as version 2.')).toBeVisible();
  await expect(page.getByRole('alert')).toBeHidden();
  problems.length = 0; // what failed to load while it was away
});

test('the pages of prompts are accessible in light and dark', async ({page, server, signedIn}) => {
  const slug = await makePrompt(server, {tools: [{name: 'look_up'}], outputSchema: {type: 'object'}});
  await server.api('PUT', `/api/v1/prompts/${slug}`, {content: [{id: 'msg_1', role: 'system',
    content: 'Other {{name}}'}], temperature: 0.1, note: 'Changed'});
  await server.api('PUT', `/api/v1/prompts/${slug}/labels/production`, {version: 1});
  await server.api('POST', `/api/v1/prompts/${slug}/run`, {variables: {name: 'Ada'}});
  const pages: [string, () => Promise<void>][] = [
    ['', () => expect(page.getByRole('row').nth(1)).toBeVisible()],
    ['?new', () => expect(page.getByRole('dialog')).toBeVisible()],
    [`/${slug}`, () => expect(message(page, 1)).toBeVisible()],
    [`/${slug}/versions`, () => expect(page.getByRole('region', {name: 'Temperature'})).toBeVisible()],
    [`/${slug}/metrics`, () => expect(page.getByRole('region', {name: 'Figures of each version'})).toBeVisible()],
    [`/${slug}/experiments`, () => expect(page.getByText('No experiments')).toBeVisible()],
    [`/${slug}/use`, () => expect(page.getByText('client.prompts.run')).toBeVisible()],
  ];
  for (const [path, ready] of pages) {
    await page.goto(`${server.url}${signedIn}/prompts${path}`);
    await expectAccessible(page, ready);
  }
});
