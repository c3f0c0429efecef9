import {expectAccessible} from './axe';
import {apiKey, expect, signIn, test} from './fixtures';

test('a newcomer gets from nothing to the span of a first run, step by step', async ({page, ownServer}) => {
  await ownServer.start();
  await ownServer.setUp();
  await signIn(page, ownServer);
  await expect(page.getByText('1 of 4 done')).toBeVisible(); // the server was started with keys of providers
  await expect(page.getByText('This project can call OpenAI')).toBeVisible();
  await page.getByRole('button', {name: /^Welcome email/}).click();
  await expect(page.getByText('2 of 4 done')).toBeVisible();
  await page.getByRole('button', {name: 'Open in the playground'}).click();
  await expect(page.getByLabel('name', {exact: true})).toHaveValue('Ada'); // the example brings its values
  await page.keyboard.press('Control+Enter');
  await expect(page.getByRole('link', {name: 'Open span'})).toBeVisible();
  await page.getByRole('link', {name: 'Home'}).click();
  await expect(page.getByText('3 of 4 done')).toBeVisible();
  await page.getByRole('button', {name: 'Open the last span'}).click();
  await expect(page).toHaveURL(/\/spans\/sp_/);
  await page.goBack();
  await expect(page.getByRole('heading', {name: 'Last 24 hours'})).toBeVisible();
  await expect(page.getByText('Getting started')).toBeHidden();
});

test('without any provider the first step is to connect one', async ({page, ownServer}) => {
  await ownServer.start();
  await ownServer.setUp();
  // Keys of the server's environment serve its first project only.
  const login = await page.request.post(`${ownServer.url}/api/v1/auth/login`, {
    data: {email: 'olga@example.com', password: 'a long password'},
  });
  const {csrfToken} = await login.json();
  const made = await page.request.post(`${ownServer.url}/api/v1/projects`, {
    data: {name: 'Second'},
    headers: {'X-CSRF-Token': csrfToken},
  });
  const {id} = await made.json();
  await page.goto(`${ownServer.url}/p/${id}/`);
  await expect(page.getByText('0 of 4 done')).toBeVisible();
  await page.getByRole('button', {name: 'Add connection'}).click();
  await expect(page).toHaveURL(/\/settings\/providers\?new/);
  await page.goBack();
  await expectAccessible(page, () => expect(page.getByText('0 of 4 done')).toBeVisible());

  // A run all the same says where a key is given.
  await page.goto(`${ownServer.url}/p/${id}/prompts`);
  await page.getByRole('button', {name: 'New prompt'}).first().click();
  await page.getByLabel('Name').fill('Early');
  await page.getByRole('button', {name: /^Model:/}).click();
  await page.getByPlaceholder('Search, or type').fill('gpt-4o-mini');
  await page.keyboard.press('Enter');
  await page.getByRole('button', {name: 'Create prompt'}).click();
  const panel = page.getByRole('complementary', {name: 'Try it'});
  await panel.getByRole('button', {name: 'Run'}).click();
  await expect(panel.getByRole('alert')).toContainText('No OpenAI API key configured');
  await panel.getByRole('link', {name: 'Add a connection'}).click();
  await expect(page).toHaveURL(/\/settings\/providers\?new/);
});

test('a key made on Home is filled into every snippet, shown once, and works', async ({page, server, signedIn}) => {
  await expect(page.getByText('Call it from your code')).toBeVisible();
  const fold = page.getByRole('button', {name: 'Call it from your code'}); // once something ran here
  if (await fold.isVisible()) await fold.click();
  await page.getByLabel('Name of a new API key').fill('My laptop');
  await page.getByRole('button', {name: 'Create key'}).click();
  await expect(page.getByText('It is shown only now')).toBeVisible();
  for (const tab of ['Python', 'C++', 'curl', 'OpenAI client', 'OpenTelemetry']) {
    await page.getByRole('tab', {name: tab, exact: true}).click();
    await expect(page.getByRole('tabpanel')).toContainText(server.url);
    await expect(page.getByRole('tabpanel')).toContainText(/tr_[\w-]{43}/);
  }
  await expect(page).toHaveURL(/code=otel/);
  const key = (await page.getByRole('tabpanel').innerText()).match(/tr_[\w-]{43}/)![0];
  expect(key).not.toBe(apiKey);
  expect((await server.api('GET', '/api/v1/prompts', undefined, key)).prompts).toBeInstanceOf(Array);
  await page.reload();
  await expect(page.getByText(key)).toHaveCount(0);
  expect(signedIn).toContain('/p/');
});

test('Home shows the last day, the last spans, the prompts most used and what runs', async ({page, server}) => {
  const slug = `home-${Date.now().toString(36)}`;
  await server.api('POST', '/api/v1/prompts', {
    name: `Named ${slug}`,
    slug,
    model: 'gpt-4o',
    content: [{role: 'user', content: 'Hi'}],
  });
  await server.api('PUT', `/api/v1/prompts/${slug}`, {content: [{role: 'user', content: 'Ho'}]});
  const {id} = await server.api('POST', `/api/v1/prompts/${slug}/experiments`, {
    name: `Running ${slug}`,
    variants: [
      {key: 'a', version: 1},
      {key: 'b', version: 2},
    ],
  });
  await server.api('POST', `/api/v1/prompts/${slug}/experiments/${id}/start`);
  const now = Date.now();
  await server.api(
    'POST',
    '/api/v1/spans/batch',
    Array.from({length: 40}, (_, i) => ({
      spanId: `sp_${(now * 1000 + i).toString(16).padStart(16, '0').slice(-16)}`,
      spanKind: 'LLM',
      provider: 'openai',
      model: 'gpt-4o',
      status: i % 10 ? 'SUCCESS' : 'ERROR',
      latencyMs: 900,
      promptSlug: slug,
      promptVersion: 1,
      inputTokens: 100,
      outputTokens: 50,
      startTime: new Date(now - i * 3_600_000).toISOString(),
      ...(i % 10 ? {output: 'ok'} : {error: '<b>Overloaded</b>'}),
      input: {messages: [{role: 'user', content: 'x'}]},
      name: '<script>window.hurt=1</script>',
    })),
  );
  await signIn(page, server);
  const day = page.getByRole('region', {name: 'Last 24 hours'});
  await expect(day.getByRole('link', {name: /^Requests/})).toContainText(/\d/);
  await expect(day.getByRole('link', {name: /^Cost/})).toContainText('$');
  await expect(day.getByRole('img', {name: 'Requests in each of the last 24 hours', exact: true})).toBeVisible();
  await expect(page.getByRole('link', {name: `Named ${slug}`})).toBeVisible();
  await expect(page.getByRole('link', {name: `Running ${slug}`})).toBeVisible();
  await expect(page.getByText('<script>window.hurt=1</script>').first()).toBeVisible();
  await expectAccessible(page, () =>
    expect(page.getByRole('link', {name: `Running ${slug}`})).toBeVisible(),
  );
  await page.getByRole('link', {name: /^Errors/}).click();
  await expect(page).toHaveURL(/\/spans\?status=ERROR/);
});

test('Home says when a part of it cannot be loaded, and shows the rest', async ({page, server, signedIn, problems}) => {
  await page.route('**/api/v1/analytics?*', (route) =>
    route.fulfill({status: 503, json: {error: {code: 'UNAVAILABLE', message: 'Busy just now'}}}),
  );
  await server.api('POST', '/api/v1/run', {model: 'gpt-4o-mini', content: [{role: 'user', content: 'Hi'}]});
  await page.goto(`${server.url}${signedIn}/`);
  await expect(page.getByText('Busy just now').first()).toBeVisible();
  await expect(page.getByText('Last spans')).toBeVisible();
  await page.unroute('**/api/v1/analytics?*');
  await page.getByRole('region', {name: 'Last 24 hours'}).getByRole('button', {name: 'Try again'}).click();
  await expect(page.getByRole('link', {name: /^Requests/})).toBeVisible();
  expect(problems).toEqual([]);
});
