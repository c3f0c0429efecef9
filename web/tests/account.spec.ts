import {expect, owner, signIn, test} from './fixtures';

test('the owner sets up a server by its link, signs out and in again', async ({page, ownServer}) => {
  await ownServer.start();
  await page.goto(ownServer.url);
  await expect(page.getByText('Open the setup link')).toBeVisible();
  await page.goto(`${ownServer.url}/#/setup?token=${await ownServer.setupToken()}`);
  await page.reload();
  await page.getByLabel('Email').fill(owner.email);
  await page.getByLabel('Your name').fill(owner.name);
  await page.getByLabel('Password').fill(owner.password);
  await page.getByRole('button', {name: 'Create account'}).click();
  await expect(page.getByRole('navigation', {name: 'Main'})).toBeVisible();
  await page.getByRole('button', {name: owner.name}).click();
  await page.getByRole('menuitem', {name: 'Sign out'}).click();
  await page.getByLabel('Email').fill(owner.email);
  await page.getByLabel('Password').fill('not the password');
  await page.getByRole('button', {name: 'Sign in'}).click();
  await expect(page.getByRole('alert')).toContainText('Wrong email or password');
  await page.getByLabel('Password').fill(owner.password);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('navigation', {name: 'Main'})).toBeVisible();
});

test('the command palette opens with the keyboard and leads to every section', async ({page, signedIn}) => {
  await page.keyboard.press('Control+k');
  await page.getByPlaceholder('Search pages').fill('analyt');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(new RegExp(`${signedIn}/analytics$`));
});

test('the chosen theme stays', async ({page, server, signedIn}) => {
  await page.getByRole('button', {name: owner.name}).click();
  await page.getByRole('menuitem', {name: 'Dark'}).click();
  await page.goto(`${server.url}${signedIn}/spans`);
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
});

test('a server that stops is noticed, and so is its return', async ({page, ownServer, problems}) => {
  await ownServer.start();
  await ownServer.setUp();
  await signIn(page, ownServer, '/prompts');
  await expect(page.getByRole('heading', {name: 'Prompts'})).toBeVisible();
  await ownServer.kill();
  await page.getByRole('link', {name: 'Analytics'}).click();
  await expect(page.getByText('The server does not answer').first()).toBeVisible();
  await ownServer.start();
  await expect(page.getByRole('heading', {name: 'Analytics'})).toBeVisible();
  await expect(page.getByText('The server does not answer')).toHaveCount(0);
  problems.length = 0; // what failed to load while it was away
});
