import {expectAccessible} from './axe';
import {expect, owner, signIn, test} from './fixtures';
import type {Page} from '@playwright/test';

const hostile = '<img src=x onerror="window.broken=1">';
const row = (page: Page, name: string) => page.getByRole('row').filter({hasText: name});
const dialog = (page: Page) => page.getByRole('dialog');

async function choose(page: Page, name: string, item: string) {
  await page.getByRole('button', {name: `Actions for ${name}`, exact: true}).click();
  await page.getByRole('menuitem', {name: item}).click();
}

test('a key is shown once, works with what is pasted beside it, and stops when it is revoked', async ({
  page,
  server,
}) => {
  await signIn(page, server, '/settings');
  await expect(page).toHaveURL(/\/settings\/keys$/);
  await page.getByRole('button', {name: 'New key'}).click();
  await dialog(page).getByLabel('Name').fill('checkout');
  await page.keyboard.press('Enter');
  await expect(dialog(page).getByText('Copy the key now')).toBeVisible();
  await dialog(page).getByRole('button', {name: 'Show'}).click();
  const key = await dialog(page).getByLabel('API key', {exact: true}).innerText();
  expect(key).toMatch(/^tr_[\w-]{43}$/);
  await dialog(page).getByRole('tab', {name: 'curl'}).click();
  await expect(dialog(page).getByRole('tabpanel')).toContainText(`Bearer ${key}`);
  await server.api('GET', '/api/v1/projects', undefined, key);
  await dialog(page).getByRole('button', {name: 'I have copied it'}).click();
  await expect(dialog(page)).toBeHidden();
  await expect(page.getByText(key)).toHaveCount(0);
  await expect(row(page, 'checkout')).toContainText(key.slice(0, 11));

  await choose(page, 'checkout', 'Revoke…');
  await page.keyboard.press('Escape');
  await server.api('GET', '/api/v1/projects', undefined, key);
  await choose(page, 'checkout', 'Revoke…');
  await dialog(page).getByRole('button', {name: 'Revoke'}).click();
  await expect(row(page, 'checkout')).toContainText('revoked');
  await expect(server.api('GET', '/api/v1/projects', undefined, key)).rejects.toThrow('401');
});

test('the palette leads right to a new key, and Escape back to the list', async ({page, signedIn}) => {
  await page.keyboard.press('Control+k');
  await page.getByPlaceholder('Search pages').fill('create api');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(new RegExp(`${signedIn}/settings/keys\\?new`));
  await expect(dialog(page).getByLabel('Name')).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(page).toHaveURL(new RegExp(`${signedIn}/settings/keys$`));
});

test('a connection is added, tested, changed and deleted; its key is never shown again', async ({page, server}) => {
  await signIn(page, server, '/settings/providers');
  await page.getByRole('button', {name: 'Add a connection'}).first().click();
  await dialog(page)
    .getByRole('button', {name: /OpenAI-compatible/})
    .click();
  await dialog(page).getByLabel('Name').fill('simulated');
  await dialog(page).getByLabel('Base URL').fill(`${server.simulator_url}/v1`);
  await dialog(page).getByLabel('Key').fill('sk-not-to-be-seen-1234');
  await dialog(page).getByRole('button', {name: 'Add', exact: true}).click();
  await expect(dialog(page).getByRole('heading', {name: 'Test “simulated”'})).toBeVisible();
  await dialog(page).getByLabel('Model').fill('gpt-4o-mini');
  await page.keyboard.press('Enter');
  await expect(dialog(page).getByRole('status')).toContainText('It works. “gpt-4o-mini” answered');
  await dialog(page).getByRole('button', {name: 'Close'}).first().click();
  await expect(row(page, 'simulated')).toContainText('…1234');

  await choose(page, 'simulated', 'Edit…');
  await expect(dialog(page).getByLabel('Key', {exact: true})).toHaveValue('');
  await dialog(page).getByLabel('Base URL').fill('http://127.0.0.1:9/v1');
  await expect(dialog(page).getByText('Give the key and headers again')).toBeVisible();
  await dialog(page).getByLabel('Key', {exact: true}).fill('sk-another-secret-5678');
  await dialog(page).getByRole('button', {name: 'Save'}).click();
  await dialog(page).getByRole('button', {name: 'Test', exact: true}).click();
  await expect(dialog(page).getByRole('alert')).toContainText('It does not work.');
  await expect(dialog(page).getByRole('alert')).toContainText('The provider said:');
  await page.keyboard.press('Escape');
  expect(await page.content()).not.toContain('not-to-be-seen');

  await choose(page, 'simulated', 'Delete…');
  await dialog(page).getByRole('button', {name: 'Delete'}).click();
  await expect(row(page, 'simulated')).toHaveCount(0);
});

test('a refused connection keeps what was typed and says why', async ({page, server}) => {
  await signIn(page, server, '/settings/providers?new');
  await dialog(page).getByRole('button', {name: 'Ollama'}).click();
  await expect(dialog(page).getByLabel('Base URL')).toHaveValue('http://localhost:11434/v1');
  await dialog(page).getByLabel('Name').fill('anthropic'); // a built-in name, with another protocol
  await dialog(page).getByRole('button', {name: 'Add', exact: true}).click();
  await expect(dialog(page).getByRole('alert')).toBeVisible();
  await expect(dialog(page).getByLabel('Name')).toHaveValue('anthropic');
});

test('models are found by name and ability, and the search is in the address', async ({page, server}) => {
  await signIn(page, server, '/settings/models');
  await page.getByLabel('Search models').fill('gpt-4o-mini vision');
  await expect(row(page, 'gpt-4o-mini').first()).toContainText('$0.15');
  await expect(page).toHaveURL(/q=gpt-4o-mini/);
  await page.reload();
  await expect(page.getByLabel('Search models')).toHaveValue('gpt-4o-mini vision');
  await page.getByLabel('Search models').fill('no such model anywhere');
  await expect(page.getByText('No model matches')).toBeVisible();
});

test('a project is made, renamed and opened; a name that is taken is said so', async ({page, server}) => {
  await signIn(page, server, '/settings/projects');
  await page.getByRole('button', {name: 'New project'}).click();
  await dialog(page).getByLabel('Name').fill('Mobile');
  await page.keyboard.press('Enter');
  await expect(row(page, 'Mobile')).toBeVisible();
  await page.getByRole('button', {name: 'New project'}).click();
  await dialog(page).getByLabel('Name').fill('Mobile');
  await page.keyboard.press('Enter');
  await expect(dialog(page).getByRole('alert')).toBeVisible();
  await expect(dialog(page).getByLabel('Name')).toHaveValue('Mobile');
  await page.keyboard.press('Escape');
  await page.getByRole('button', {name: 'Rename Mobile'}).click();
  await dialog(page).getByLabel('Name').fill(hostile);
  await page.keyboard.press('Enter');
  await page.getByRole('button', {name: `Open ${hostile}`}).click();
  await expect(page.getByRole('button', {name: 'Switch project'})).toContainText(hostile);
  expect(await page.evaluate(() => 'broken' in window)).toBe(false);
});

test('a project is deleted by typing its name; the first one cannot be', async ({page, ownServer}) => {
  await ownServer.start();
  await ownServer.setUp();
  const first = await signIn(page, ownServer, '/settings/projects');
  await expect(page.getByRole('button', {name: /^Delete/})).toHaveCount(0);
  await page.getByRole('button', {name: 'New project'}).click();
  await dialog(page).getByLabel('Name').fill('Mobile');
  await page.keyboard.press('Enter');
  await page.getByRole('button', {name: 'Open Mobile'}).click();
  await expect(page.getByRole('button', {name: 'Switch project'})).toContainText('Mobile');
  await page.goto(page.url().replace(/(\/p\/[^/]+).*/, '$1/settings/projects'));
  await page.getByRole('button', {name: 'Delete Mobile…'}).click();
  await expectAccessible(page);
  const confirm = dialog(page).getByRole('button', {name: 'Delete the project'});
  await expect(confirm).toBeDisabled();
  await dialog(page).getByLabel('Its name, to confirm').fill('mobile');
  await expect(confirm).toBeDisabled();
  await dialog(page).getByLabel('Its name, to confirm').fill('Mobile');
  await confirm.click();
  await expect(page.getByText('“Mobile” was deleted.')).toBeVisible();
  await expect(page).toHaveURL(new RegExp(`${first}/settings/projects$`));
  await expect(row(page, 'Mobile')).toHaveCount(0);
});

test('one sees where one is signed in, and signs out there', async ({page, ownServer}) => {
  await ownServer.start();
  await ownServer.setUp(); // signs in too, with another browser
  await signIn(page, ownServer, '/settings/account');
  const sessions = page.getByRole('region', {name: 'Where you are signed in'});
  await expect(sessions.getByRole('row')).toHaveCount(3);
  await expect(sessions.getByRole('row', {name: /Chrome on Linux.*this one/})).toBeVisible();
  await sessions.getByRole('button', {name: /^Sign out/}).click();
  await dialog(page).getByRole('button', {name: 'Sign out'}).click();
  await expect(sessions.getByRole('row')).toHaveCount(2);
});

test('providers of the environment are named, in the first project', async ({page, server}) => {
  await signIn(page, server, '/settings/providers');
  const list = page.getByRole('list', {name: 'Providers of the server’s environment'});
  await expect(list.getByRole('listitem')).toHaveText(['OpenAI', 'Anthropic', 'Google Gemini', 'Amazon Bedrock', 'Voyage AI']);
});

test('a new password holds, and the wrong one does not', async ({page, ownServer}) => {
  await ownServer.start();
  await ownServer.setUp();
  await signIn(page, ownServer, '/settings/account');
  await page.getByLabel('Current password').fill('wrong password');
  await page.getByLabel('New password').fill('another long password');
  await page.getByRole('button', {name: 'Change the password'}).click();
  await expect(page.getByRole('alert')).toBeVisible();
  await expect(page.getByLabel('New password')).toHaveValue('another long password');
  await page.getByLabel('Current password').fill(owner.password);
  await page.keyboard.press('Enter');
  await expect(page.getByText('Your password was changed.')).toBeVisible();
  const answer = await page.request.post(`${ownServer.url}/api/v1/auth/login`, {
    data: {email: owner.email, password: 'another long password'},
  });
  expect(answer.ok()).toBe(true);
});

test('the theme is chosen in the settings too', async ({page, server}) => {
  await signIn(page, server, '/settings/appearance');
  await page.getByRole('button', {name: /^Dark/}).click();
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
  await expect(page.getByRole('button', {name: /^Dark/})).toHaveAttribute('aria-pressed', 'true');
});

test('an address of no setting says so', async ({page, server}) => {
  await signIn(page, server, '/settings/nonsense');
  await expect(page.getByText('There is no such setting')).toBeVisible();
});

for (const section of ['keys', 'providers', 'models', 'projects', 'account', 'appearance']) {
  test(`the settings of ${section} are open to everybody, and fit a phone`, async ({page, server}) => {
    await signIn(page, server, `/settings/${section}`);
    await expect(page.getByRole('heading', {level: 1})).toBeVisible();
    await expect(page.getByRole('status', {name: 'Loading'})).toHaveCount(0);
    await expectAccessible(page);
    await page.setViewportSize({width: 390, height: 844});
    expect(
      await page.evaluate(
        () => document.querySelector('main')!.scrollWidth <= document.querySelector('main')!.clientWidth,
      ),
    ).toBe(true);
  });
}

for (const [section, name] of [
  ['keys', 'New API key'],
  ['providers', 'Add a connection'],
  ['projects', 'New project'],
]) {
  test(`the dialog “${name}” is open to everybody`, async ({page, server}) => {
    await signIn(page, server, `/settings/${section}?new`);
    await expect(dialog(page)).toBeVisible();
    await expectAccessible(page);
  });
}
