import {expectAccessible} from './axe';
import {expect, test} from './fixtures';
import {agentTrace, span, store} from './spans-data';

test('a session is read as a conversation, the oldest turn first, each thing said once', async ({
  page,
  server,
  signedIn,
}) => {
  const said = ['first question', 'second question', 'third question'];
  const messages: object[] = [];
  const spans = said.map((content, i) => {
    messages.push({role: 'user', content});
    const turn = span({
      sessionId: 'chat-1',
      userId: 'grace',
      traceId: `tr_chat_${i}`,
      input: {messages: [...messages]},
      output: `answer to the ${content}`,
      startTime: new Date(Date.now() - 600_000 + i * 1000).toISOString(),
    });
    messages.push({role: 'assistant', content: turn.output});
    return turn;
  });
  await store(server, spans);
  await page.goto(`${server.url}${signedIn}/sessions?userId=grace`);
  await page.getByRole('table', {name: 'Sessions'}).getByRole('link', {name: 'chat-1'}).click();
  await expect(page.getByRole('article', {name: 'User'})).toHaveCount(3);
  await expect(page.getByRole('article', {name: 'User'})).toContainText(said);
  await expect(page.getByRole('article', {name: 'Assistant'})).toContainText(
    said.map((content) => `answer to the ${content}`),
  );
  await expect(page.getByText('$').first()).toBeVisible();
  await page.getByRole('link', {name: 'Span', exact: true}).first().click();
  await expect(page.getByRole('tab', {name: 'Content'})).toBeVisible();
});

test('an end user’s page shows what they used, whatever their name holds', async ({page, server, signedIn}) => {
  await store(server, agentTrace('tr_people', 'people').spans);
  await page.goto(`${server.url}${signedIn}/users`);
  await page.getByRole('table', {name: 'End users'}).getByRole('link', {name: 'ada/people'}).click();
  await expect(page.getByRole('heading', {name: 'ada/people'})).toBeVisible();
  await expect(page.getByText('Typical latency')).toBeVisible();
  await expect(page.getByRole('link', {name: 'support agent'})).toBeVisible();
  await page
    .getByRole('table', {name: 'Sessions of this person'})
    .getByRole('link', {name: 'chat 100% people'})
    .click();
  await expect(page.getByRole('heading', {name: 'chat 100% people'})).toBeVisible();
  await expect(page.getByRole('article', {name: 'Assistant'}).last()).toContainText('sent');
  await page.getByRole('link', {name: 'Spans', exact: true}).last().click();
  await expect(page.getByRole('button', {name: /^Session chat 100% people/})).toBeVisible();
  await expect(page.getByRole('link', {name: 'support agent'})).toBeVisible();
});

test('a person’s data is deleted for good after a question', async ({page, server, signedIn}) => {
  await store(server, [span({userId: 'forget me', name: 'theirs'}), span({userId: 'keep me', name: 'kept'})]);
  await page.goto(`${server.url}${signedIn}/users/${encodeURIComponent('forget me')}`);
  await expect(page.getByRole('link', {name: 'theirs'})).toBeVisible();
  await page.getByRole('button', {name: 'Delete data…'}).click();
  await page.getByRole('button', {name: 'Delete everything'}).click();
  await expect(page.getByText('1 span of this person deleted.')).toBeVisible();
  await expect(page.getByText('Nothing is kept of this person')).toBeVisible();
  await page.goto(`${server.url}${signedIn}/users/${encodeURIComponent('keep me')}`);
  await expect(page.getByRole('link', {name: 'kept'})).toBeVisible();
});

test('someone of whom nothing is kept is said so', async ({page, server, signedIn}) => {
  await page.goto(`${server.url}${signedIn}/users/nobody`);
  await expect(page.getByText('Nothing is kept of this person')).toBeVisible();
  await page.goto(`${server.url}${signedIn}/sessions/nothing`);
  await expect(page.getByText('No model was called in this session')).toBeVisible();
});

test('the pages of people are accessible in both themes', async ({page, server, signedIn}) => {
  await store(server, agentTrace('tr_axe_people', 'axepeople').spans);
  const user = encodeURIComponent('ada/axepeople');
  const session = encodeURIComponent('chat 100% axepeople');
  for (const [path, sign] of [
    ['/sessions', 'Last active'],
    [`/sessions/${session}`, 'Where is my order'],
    ['/users', 'First seen'],
    [`/users/${user}`, 'get_order'],
  ] as const) {
    await page.goto(server.url + signedIn + path);
    await expectAccessible(page, () => expect(page.getByText(sign).first()).toBeVisible());
  }
});
