import {execFileSync} from 'node:child_process';
import {fileURLToPath} from 'node:url';
import type {Page} from '@playwright/test';
import {apiKey, expect, Server, signIn, test} from '../tests/fixtures';

const root = fileURLToPath(new URL('../..', import.meta.url));
const out = process.env.TRACIA_SCREENSHOTS ?? `${root}build/screenshots`;

async function settle(page: Page) {
  await page.waitForLoadState('networkidle');
  await expect(page.getByRole('status', {name: 'Loading'})).toHaveCount(0);
}

test('pictures of every page', async ({page}) => {
  const empty = new Server();
  await empty.start();
  await page.goto(`${empty.url}/#/setup?token=${await empty.setupToken()}`);
  await page.screenshot({path: `${out}/setup.png`});
  await empty.setUp();
  await page.goto(empty.url);
  await page.screenshot({path: `${out}/sign-in.png`});
  await signIn(page, empty);
  await settle(page);
  await page.screenshot({path: `${out}/home-empty.png`});
  await empty.dispose();

  const server = new Server();
  await server.start();
  await server.setUp();
  execFileSync('python3', [`${root}examples/company/company.py`, '--no-live'], {
    env: {...process.env, TRACIA_BASE_URL: server.url, TRACIA_API_KEY: apiKey}, stdio: 'inherit',
  });
  const spans = async (query: string) => (await server.api('GET', `/api/v1/spans?limit=1&${query}`)).spans[0];
  const [chat, agent, embedding, failed] = await Promise.all(
    ['promptSlug=support-reply&status=SUCCESS', 'spanKind=AGENT', 'spanKind=EMBEDDING', 'status=ERROR'].map(spans));
  const experiment = (await server.api('GET', '/api/v1/prompts/support-reply/experiments')).experiments[0];
  const session = (await server.api('GET', '/api/v1/sessions?limit=1')).sessions[0];
  const user = (await server.api('GET', '/api/v1/users?limit=1')).users[0];
  const pages: Record<string, string> = {
    home: '/', prompts: '/prompts', prompt: '/prompts/support-reply', 'prompt-versions': '/prompts/support-reply/versions',
    'prompt-metrics': '/prompts/support-reply/metrics', 'prompt-use': '/prompts/support-reply/use',
    playground: '/playground?prompt=support-reply', 'playground-span': `/playground?span=${chat.spanId}`,
    experiments: '/experiments', experiment: `/experiments/support-reply/${experiment.id}`,
    spans: '/spans', 'spans-search': '/spans?search=flickers', span: `/spans/${chat.spanId}`,
    'span-embedding': `/spans/${embedding.spanId}`, 'span-error': `/spans/${failed.spanId}`,
    traces: '/traces', trace: `/traces/${agent.traceId}`, sessions: '/sessions',
    session: `/sessions/${encodeURIComponent(session.sessionId)}`, users: '/users',
    user: `/users/${encodeURIComponent(user.userId)}`, analytics: '/analytics',
    ...Object.fromEntries(['projects', 'keys', 'providers', 'models', 'members', 'evaluators', 'retention', 'masking', 'limits',
      'audit', 'account'].map((section) => [`settings-${section}`, `/settings/${section}`])),
  };
  const project = await signIn(page, server);
  for (const scheme of ['light', 'dark'] as const) {
    await page.emulateMedia({colorScheme: scheme});
    for (const [name, path] of Object.entries(pages)) {
      await page.goto(server.url + project + path);
      await settle(page);
      await page.screenshot({path: `${out}/${name}-${scheme}.png`});
    }
  }
  await page.emulateMedia({colorScheme: 'light'});
  await page.setViewportSize({width: 390, height: 844});
  for (const name of ['home', 'prompts', 'prompt', 'playground', 'spans', 'span', 'trace', 'analytics', 'settings-keys']) {
    await page.goto(server.url + project + pages[name]);
    await settle(page);
    await page.screenshot({path: `${out}/${name}-phone.png`});
  }
  await server.dispose();
});
