// What a journey needs: `tracia simulate`, `tracia serve` over a folder of its own with the dashboard that was just built,
// an owner who is signed in, and the HTTP API at hand. One server a worker; a test that spoils its server takes `ownServer`.
import {test as base, expect, type Page} from '@playwright/test';
import {spawn, type ChildProcess} from 'node:child_process';
import {existsSync, mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const binary = process.env.TRACIA_BINARY ?? join(root, 'build/release/tracia');
const pack = join(root, 'build/web/page.pack');
export const apiKey = 'tr_' + 'k'.repeat(43);
export const owner = {email: 'olga@example.com', name: 'Olga Owner', password: 'a long password'};

class Process {
  output = '';
  private child: ChildProcess;
  private constructor(args: string[], env: NodeJS.ProcessEnv) {
    this.child = spawn(binary, args, {env, stdio: ['ignore', 'pipe', 'pipe']});
    for (const stream of [this.child.stdout!, this.child.stderr!]) stream.on('data', (data) => (this.output += data));
  }
  static start(args: string[], env: NodeJS.ProcessEnv) {
    return new Process(args, env);
  }
  async find(pattern: RegExp): Promise<string> {
    for (const end = Date.now() + 30_000; Date.now() < end; await new Promise((wake) => setTimeout(wake, 20))) {
      const found = this.output.match(pattern);
      if (found) return found[1]!;
      if (this.child.exitCode !== null) break;
    }
    throw new Error(`${binary} said no ${pattern}:\n${this.output}`);
  }
  stop(signal: NodeJS.Signals = 'SIGTERM') {
    return new Promise<void>((resolve) => {
      if (this.child.exitCode !== null || this.child.signalCode !== null) return resolve();
      this.child.once('exit', () => resolve());
      this.child.kill(signal);
    });
  }
}

export class Server {
  url = '';
  private process: Process | null = null;
  private simulator: Process | null = null;
  private simulatorUrl = '';
  readonly data = mkdtempSync(join(tmpdir(), 'tracia-web-'));

  async start(flags: string[] = [], simulatorFlags: string[] = []) {
    if (!this.simulator) {
      this.simulator = Process.start(['simulate', '--listen', '127.0.0.1:0', '--quiet', ...simulatorFlags], process.env);
      this.simulatorUrl = await this.simulator.find(/(http:\/\/[\d.]+:\d+)/);
    }
    const to = this.simulatorUrl;
    const env = {
      PATH: process.env.PATH, HOME: process.env.HOME, TRACIA_BOOTSTRAP_API_KEY: apiKey,
      OPENAI_API_KEY: 'sk-sim', OPENAI_BASE_URL: `${to}/v1`, ANTHROPIC_API_KEY: 'sk-ant-sim', ANTHROPIC_BASE_URL: to,
      GEMINI_API_KEY: 'AIzaSim', GOOGLE_GEMINI_BASE_URL: to, AWS_ACCESS_KEY_ID: 'AKIASIM', AWS_SECRET_ACCESS_KEY: 'sim',
      AWS_REGION: 'us-east-1', AWS_ENDPOINT_URL_BEDROCK_RUNTIME: to, VOYAGE_API_KEY: 'pa-sim', VOYAGE_BASE_URL: `${to}/v1`,
    };
    // A restart keeps the address.
    const listen = this.url ? this.url.replace('http://', '') : '127.0.0.1:0';
    this.process = Process.start(['serve', '--data', this.data, '--listen', listen, '--allow-private-upstreams',
      ...(existsSync(pack) ? ['--dashboard', pack] : []), ...flags], env);
    this.url = await this.process.find(/(http:\/\/127[\d.]+:\d+)/);
  }
  get simulator_url() {
    return this.simulatorUrl;
  }
  setupToken() {
    return this.process!.find(/setup\?token=([\w-]+)/);
  }
  async kill(signal: NodeJS.Signals = 'SIGTERM') {
    await this.process?.stop(signal);
  }
  async dispose() {
    await this.process?.stop();
    await this.simulator?.stop();
    rmSync(this.data, {recursive: true, force: true});
  }

  // The HTTP API with the project's key; throws what the server says when it refuses.
  async api<T = any>(method: string, path: string, body?: unknown, key = apiKey): Promise<T> {
    const answer = await fetch(this.url + path, {
      method,
      headers: {Authorization: `Bearer ${key}`, ...(body === undefined ? {} : {'Content-Type': 'application/json'})},
      body: body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return (text ? JSON.parse(text) : null) as T;
  }
  async setUp() {
    const token = await this.setupToken();
    const answer = await fetch(`${this.url}/api/v1/auth/setup`, {
      method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify({token, ...owner}),
    });
    if (!answer.ok) throw new Error(await answer.text());
  }
}

// Opens a page of the first project as the owner; returns its base, "/p/prj_…".
export async function signIn(page: Page, server: Server, path = '/'): Promise<string> {
  const answer = await page.request.post(`${server.url}/api/v1/auth/login`, {data: {email: owner.email, password: owner.password}});
  expect(answer.ok()).toBe(true);
  const {projects} = await answer.json();
  const project = `/p/${projects[0].id}`;
  await page.goto(server.url + project + path);
  await expect(page.locator('nav[aria-label="Main"]')).toBeVisible(); // also behind a dialog that the address opens
  return project;
}

// Everything that a page must never do, noted while it is open: errors in the console (a broken Content-Security-Policy is
// one) and requests to other hosts. Refusals by the server (4xx, 5xx) are the test's own business.
function watch(page: Page): string[] {
  const problems: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' && !/Failed to load resource/.test(message.text())) problems.push(message.text());
  });
  page.on('pageerror', (error) => problems.push(String(error)));
  page.on('request', (request) => {
    if (!/^(http:\/\/127\.0\.0\.1:|data:|blob:)/.test(request.url())) problems.push(`asked ${request.url()}`);
  });
  return problems;
}

export const test = base.extend<{ownServer: Server; problems: string[]; signedIn: string}, {server: Server}>({
  server: [async ({}, use) => {
    const server = new Server();
    await server.start();
    await server.setUp();
    await use(server);
    await server.dispose();
  }, {scope: 'worker'}],
  ownServer: async ({}, use) => {
    const server = new Server();
    await use(server);
    await server.dispose();
  },
  // Requests of the page may still be on their way through a test's handlers when it ends.
  page: async ({page}, use) => {
    await use(page);
    await page.unrouteAll({behavior: 'ignoreErrors'});
  },
  // Fails the test when its page did what watch() forbids. A test that provokes such a thing empties the list.
  problems: [async ({page}, use) => {
    const problems = watch(page);
    await use(problems);
    expect(problems).toEqual([]);
  }, {auto: true}],
  signedIn: async ({page, server}, use) => use(await signIn(page, server)),
});
export {expect};
