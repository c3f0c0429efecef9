// Members, audit log, evaluators, masking, retention, limits, prices.
import {expectAccessible} from './axe';
import {expect, owner, signIn, test, type Server} from './fixtures';
import type {Browser, Page} from '@playwright/test';

const hostile = '<img src=x onerror="window.broken=1">';
const row = (page: Page, name: string) => page.getByRole('row').filter({hasText: name});
const dialog = (page: Page) => page.getByRole('dialog');
const password = 'another long password';

async function choose(page: Page, name: string, item: string) {
  await page.getByRole('button', {name: `Actions for ${name}`, exact: true}).click();
  await page.getByRole('menuitem', {name: item}).click();
}

// The link that the page shows once.
async function invite(page: Page, email: string, role: string): Promise<string> {
  await page.getByRole('button', {name: 'Invite'}).click();
  await dialog(page).getByLabel('Email').fill(email);
  await dialog(page).getByLabel('Role').selectOption(role);
  await dialog(page).getByRole('button', {name: 'Make the link'}).click();
  const link = await dialog(page).getByLabel('Link', {exact: true}).innerText();
  await dialog(page).getByRole('button', {name: 'Done'}).click();
  return link;
}

// Another person, with another browser.
async function other(browser: Browser, link: string): Promise<Page> {
  const page = await (await browser.newContext()).newPage();
  await page.goto(link);
  return page;
}

async function join(page: Page, name: string) {
  await page.getByLabel('Your name').fill(name);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', {name: 'Join'}).click();
  await expect(page.getByRole('navigation', {name: 'Main'})).toBeVisible();
}

async function span(server: Server, id: string, more: Record<string, unknown>) {
  await server.api('POST', '/api/v1/spans', {
    spanId: `sp_${id.padStart(16, '0')}`,
    model: 'gpt-4o-mini',
    provider: 'openai',
    input: {messages: []},
    output: 'Yes.',
    status: 'SUCCESS',
    latencyMs: 5,
    inputTokens: 1_000_000,
    outputTokens: 0,
    ...more,
  });
}

test('a link makes a viewer, who sees what viewers may; it works once', async ({page, server, browser}) => {
  await signIn(page, server, '/settings/members');
  const link = await invite(page, 'vera@example.com', 'viewer');
  await expect(row(page, 'vera@example.com')).toContainText('join');
  const vera = await other(browser, link);
  await expect(vera.getByText(`${owner.name} invites you as viewer`)).toBeVisible();
  await expect(vera.getByLabel('Email')).toHaveValue('vera@example.com');
  await expectAccessible(vera);
  await join(vera, 'Vera Viewer');
  await vera.getByRole('link', {name: 'Settings'}).click();
  await expect(vera.getByRole('heading', {level: 1, name: 'Account'})).toBeVisible();
  await expect(vera.getByRole('navigation', {name: 'Settings'}).getByRole('link', {name: 'API keys'})).toHaveCount(0);
  await vera.goto(vera.url().replace('account', 'members'));
  await expect(vera.getByText('Members are for admins')).toBeVisible();
  await vera.goto(vera.url().replace('members', 'evaluators'));
  await expect(row(vera, 'Quality')).toBeVisible();
  await expect(vera.getByRole('button', {name: 'New evaluator'})).toHaveCount(0);

  const again = await other(browser, link);
  await expect(again.getByText('This link does not work')).toBeVisible();
  await page.reload();
  await expect(row(page, 'Vera Viewer')).toContainText('viewer');
});

test('a role is changed, a member disabled, enabled and removed; the last owner stays', async ({
  page,
  server,
  browser,
}) => {
  await signIn(page, server, '/settings/members');
  const ed = await other(browser, await invite(page, 'ed@example.com', 'editor'));
  await join(ed, 'Ed Editor');
  await page.reload();
  await choose(page, 'Ed Editor', 'Edit…');
  await dialog(page).getByLabel('Role').selectOption('admin');
  await dialog(page).getByRole('button', {name: 'Save'}).click();
  await expect(row(page, 'Ed Editor')).toContainText('admin');
  await choose(page, 'Ed Editor', 'Disable…');
  await dialog(page).getByRole('button', {name: 'Disable'}).click();
  await expect(row(page, 'Ed Editor')).toContainText('disabled');
  await choose(page, 'Ed Editor', 'Enable');
  await expect(row(page, 'Ed Editor')).not.toContainText('disabled');
  await choose(page, 'Ed Editor', 'Remove…');
  await dialog(page).getByRole('button', {name: 'Remove'}).click();
  await expect(row(page, 'Ed Editor')).toHaveCount(0);

  await choose(page, owner.name, 'Edit…');
  await dialog(page).getByLabel('Role').selectOption('viewer');
  await dialog(page).getByRole('button', {name: 'Save'}).click();
  await expect(dialog(page).getByRole('alert')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(row(page, owner.name)).toContainText('owner');
});

test('a forgotten password is set by a link, also while somebody else is signed in', async ({
  page,
  server,
  browser,
}) => {
  await signIn(page, server, '/settings/members');
  const fay = await other(browser, await invite(page, 'fay@example.com', 'editor'));
  await join(fay, 'Fay Forgetful');
  await page.reload();
  await choose(page, 'Fay Forgetful', 'Link for a new password…');
  const link = await dialog(page).getByLabel('Link', {exact: true}).innerText();
  await dialog(page).getByRole('button', {name: 'Done'}).click();
  await page.goto(link);
  await expect(page.getByText(`You are signed in as ${owner.name}`)).toBeVisible();
  const again = await other(browser, link);
  await again.getByLabel('New password').fill('short');
  await again.getByRole('button', {name: 'Set the password'}).click();
  await expect(again.getByRole('heading', {name: 'Choose a new password'})).toBeVisible();
  await again.getByLabel('New password').fill('a third long password');
  await again.getByRole('button', {name: 'Set the password'}).click();
  await expect(again.getByRole('button', {name: 'Fay Forgetful'})).toBeVisible();
});

test('an invitation is revoked; a link without its token is told to be none', async ({page, server, browser}) => {
  await signIn(page, server, '/settings/members');
  const link = await invite(page, 'rob@example.com', 'editor');
  await page.getByRole('button', {name: 'Revoke the link for rob@example.com'}).click();
  await dialog(page).getByRole('button', {name: 'Revoke'}).click();
  await expect(row(page, 'rob@example.com')).toHaveCount(0);
  await expect((await other(browser, link)).getByText('This link does not work')).toBeVisible();
  await expect((await other(browser, `${server.url}/invite`)).getByText('This link does not work')).toBeVisible();
});

test('the audit log tells who did what, filters by the address, and shows hostile names as text', async ({
  page,
  server,
}) => {
  await signIn(page, server, '/settings/keys');
  for (const name of [hostile, 'audited']) {
    await page.getByRole('button', {name: 'New key'}).click();
    await dialog(page).getByLabel('Name').fill(name);
    await dialog(page).getByRole('button', {name: 'Create'}).click();
    await dialog(page).getByRole('button', {name: 'I have copied it'}).click();
  }
  await page.getByRole('navigation', {name: 'Settings'}).getByRole('link', {name: 'Audit log'}).click();
  await page.getByLabel('What', {exact: true}).selectOption('key.create');
  await expect(page).toHaveURL(/action=key.create/);
  await expect(row(page, 'audited')).toContainText(owner.name);
  await expect(row(page, hostile)).toBeVisible();
  await expect(row(page, 'login')).toHaveCount(0);
  expect(await page.evaluate(() => 'broken' in window)).toBe(false);
  await page.getByLabel('From', {exact: true}).fill('2020-01-01');
  await page.getByLabel('To', {exact: true}).fill('2020-01-02');
  await expect(page.getByText('Nothing matches')).toBeVisible();
  await page.getByRole('button', {name: 'Remove filters'}).click();
  await expect(row(page, 'login').first()).toBeVisible();
});

test('evaluators are made, changed and deleted; the built-in one stays', async ({page, server}) => {
  await signIn(page, server, '/settings/evaluators?new');
  await dialog(page).getByLabel('Name').fill('Tone of voice');
  await expect(dialog(page).getByLabel('Key')).toHaveValue('tone-of-voice');
  await dialog(page).getByLabel('The answer is').selectOption('categorical');
  await dialog(page).getByLabel('Categories').fill('friendly\nrude');
  await dialog(page).getByRole('button', {name: 'Create'}).click();
  await expect(row(page, 'Tone of voice')).toContainText('friendly, rude');
  await choose(page, 'Tone of voice', 'Edit…');
  await dialog(page).getByLabel('Categories').fill('rude\nfriendly');
  await dialog(page).getByRole('button', {name: 'Save'}).click();
  await expect(dialog(page).getByRole('alert')).toBeVisible();
  await dialog(page).getByLabel('Categories').fill('friendly\nrude\nneutral');
  await dialog(page).getByRole('button', {name: 'Save'}).click();
  await expect(row(page, 'Tone of voice')).toContainText('friendly, rude, neutral');
  await choose(page, 'Tone of voice', 'Delete…');
  await dialog(page).getByRole('button', {name: 'Delete'}).click();
  await expect(row(page, 'Tone of voice')).toHaveCount(0);
  await expect(page.getByRole('button', {name: 'Actions for Quality'})).toHaveCount(0);
});

test('masking rules are tried while they are written, saved with the keyboard, and hold', async ({page, ownServer}) => {
  await ownServer.start();
  await ownServer.setUp();
  await signIn(page, ownServer, '/settings/masking');
  await page.getByRole('button', {name: 'Add a rule'}).click();
  const stored = page.getByLabel('What would be stored');
  await expect(stored).toContainText('[EMAIL]');
  await page.getByRole('button', {name: 'Add a rule'}).click();
  const second = page.getByRole('group', {name: 'Rule 2'});
  await second.getByLabel('Find').selectOption('pattern');
  await second.getByLabel('Name').fill('Staff');
  await second.getByLabel('Pattern').fill('EMP-[0-9');
  await expect(page.getByRole('alert').first()).toBeVisible();
  await page.keyboard.press('Control+s');
  await expect(second.getByLabel('Pattern')).toHaveValue('EMP-[0-9');
  await second.getByLabel('Pattern').fill('EMP-[0-9]{5}');
  await expect(stored).toContainText('my staff number [MASKED]');
  await page.keyboard.press('Control+s');
  await expect(page.getByText('Saved. The rules hold')).toBeVisible();
  await page.getByLabel('A text as it may come').fill(`${hostile} bo@example.com`);
  await expect(stored).toHaveText(`${hostile} [EMAIL]`);
  await span(ownServer, '1', {output: 'Write to ada@example.com, EMP-12345.'});
  const {output} = await ownServer.api('GET', '/api/v1/spans/sp_0000000000000001');
  expect(output).toBe('Write to [EMAIL], [MASKED].');
});

test('masking rules that are not saved are not lost without a question', async ({page, ownServer}) => {
  await ownServer.start();
  await ownServer.setUp();
  await signIn(page, ownServer, '/settings/masking');
  await page.getByRole('button', {name: 'Add a rule'}).click();
  await page.getByRole('link', {name: 'Retention'}).click();
  const question = page.getByRole('dialog', {name: 'Leave with unsaved changes?'});
  await question.getByRole('button', {name: 'Cancel'}).click();
  await expect(page.getByRole('group', {name: 'Rule 1'})).toBeVisible();
  await page.getByRole('link', {name: 'Retention'}).click();
  await question.getByRole('button', {name: 'Leave'}).click();
  await expect(page.getByRole('heading', {name: 'Retention'})).toBeVisible();
});

test('retention is shortened only after a question; a person is forgotten', async ({page, ownServer}) => {
  await ownServer.start();
  await ownServer.setUp();
  await span(ownServer, '1', {userId: 'u-gone'});
  await span(ownServer, '2', {userId: 'u-stays'});
  await signIn(page, ownServer, '/settings/retention');
  await page.getByLabel('Keep spans').selectOption('90');
  await page.getByRole('button', {name: 'Save'}).click();
  await dialog(page).getByRole('button', {name: 'Cancel'}).click();
  expect((await ownServer.api('GET', '/api/v1/retention')).days).toBeNull();
  await page.getByRole('button', {name: 'Save'}).click();
  await dialog(page).getByRole('button', {name: 'Delete what is older'}).click();
  await expect(page.locator('dd', {hasText: '90 days'})).toBeVisible();
  await page.getByLabel('End user').fill('u-gone');
  await page.getByRole('button', {name: 'Forget…'}).click();
  await dialog(page).getByRole('button', {name: 'Delete their spans'}).click();
  await expect(page.getByText('1 span of “u-gone” deleted.')).toBeVisible();
  const {spans} = await ownServer.api('GET', '/api/v1/spans');
  expect(spans.map((one: {userId: string}) => one.userId)).toEqual(['u-stays']);
});

test('caps are set, wrong amounts are told, and what is spent fills the bar', async ({page, ownServer}) => {
  await ownServer.start();
  await ownServer.setUp();
  await span(ownServer, '1', {}); // a million tokens of gpt-4o-mini cost 15 cents
  await signIn(page, ownServer, '/settings/limits');
  await expect(page.getByText('There is no cap')).toBeVisible();
  await page.getByRole('button', {name: 'Set a cap'}).click();
  await dialog(page).getByLabel('Spend cap').fill('a lot');
  await dialog(page).getByRole('button', {name: 'Save'}).click();
  await expect(dialog(page).getByRole('alert')).toContainText('amount of dollars');
  await dialog(page).getByLabel('Spend cap').fill('0.30');
  await dialog(page).getByRole('button', {name: 'Save'}).click();
  await expect(page.getByRole('meter', {name: 'Project’s spend cap'})).toHaveAttribute('aria-valuenow', '50');
  await page.getByRole('button', {name: 'Edit Bootstrap key'}).click();
  await dialog(page).getByLabel('Requests a minute').fill('600');
  await dialog(page).getByLabel('Spend cap').fill('0.10');
  await dialog(page).getByRole('button', {name: 'Save'}).click();
  await expect(row(page, 'Bootstrap key')).toContainText('the cap is reached');
  await expect(row(page, 'Bootstrap key')).toContainText('600');
  await expectAccessible(page);
});

test('the project’s own price wins over the catalog’s, until it is removed', async ({page, ownServer}) => {
  await ownServer.start();
  await ownServer.setUp();
  await signIn(page, ownServer, '/settings/models?q=gpt-4o-mini');
  await choose(page, 'gpt-4o-mini', 'Set your own price…');
  await expect(dialog(page).getByLabel('Input', {exact: true})).toHaveValue('0.15');
  await dialog(page).getByLabel('Input', {exact: true}).fill('0.99');
  await dialog(page).getByRole('button', {name: 'Save'}).click();
  await expect(row(page, 'your price')).toContainText('$0.99');
  await span(ownServer, '1', {});
  expect((await ownServer.api('GET', '/api/v1/spans/sp_0000000000000001')).cost).toBe(0.99);
  await choose(page, 'gpt-4o-mini', 'Back to the catalog’s price…');
  await dialog(page).getByRole('button', {name: 'Remove your price'}).click();
  await expect(row(page, 'your price')).toHaveCount(0);
});

test('an alias leads to its models in order, and is not replaced by a new one of its name', async ({page, server}) => {
  await signIn(page, server, '/settings/aliases?new');
  await dialog(page).getByLabel('Name').fill('quick');
  await dialog(page).getByLabel('Model 1', {exact: true}).fill('gpt-4o');
  await dialog(page).getByRole('button', {name: 'Add a fallback'}).click();
  await dialog(page).getByLabel('Model 2', {exact: true}).fill('gpt-4o-mini');
  await dialog(page).getByRole('button', {name: 'Try model 2 earlier'}).click();
  await dialog(page).getByRole('button', {name: 'Create'}).click();
  await expect(row(page, 'quick')).toContainText('gpt-4o-mini, then gpt-4o');
  const answer = await server.api('POST', '/v1/chat/completions', {
    model: 'quick',
    messages: [{role: 'user', content: 'Hello'}],
  });
  expect(answer.choices).toHaveLength(1);
  await page.getByRole('button', {name: 'New alias'}).click();
  await dialog(page).getByLabel('Name').fill('Quick');
  await expect(dialog(page).getByText('There is an alias by that name')).toBeVisible();
  await expect(dialog(page).getByRole('button', {name: 'Create'})).toBeDisabled();
  await page.keyboard.press('Escape');
  await choose(page, 'quick', 'Delete…');
  await dialog(page).getByRole('button', {name: 'Delete'}).click();
  await expect(row(page, 'quick')).toHaveCount(0);
});

test('one’s own name is changed in the account', async ({page, ownServer}) => {
  await ownServer.start();
  await ownServer.setUp();
  await signIn(page, ownServer, '/settings/account');
  await page.getByLabel('Name').fill('Olga Renamed');
  await page.getByRole('button', {name: 'Save'}).click();
  await expect(page.getByRole('button', {name: 'Olga Renamed'})).toBeVisible();
});

for (const section of ['members', 'audit', 'evaluators', 'masking', 'retention', 'limits', 'aliases']) {
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
  ['members', 'Invite somebody'],
  ['evaluators', 'New evaluator'],
]) {
  test(`the dialog “${name}” is open to everybody`, async ({page, server}) => {
    await signIn(page, server, `/settings/${section}?new`);
    await expect(dialog(page)).toBeVisible();
    await expectAccessible(page);
  });
}
