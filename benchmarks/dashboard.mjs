// How fast the dashboard is, in headless Chromium against the real executable. ./dev bench dashboard, or by hand:
//   node benchmarks/dashboard.mjs [--spans 20000] [--rounds 5]
// Takes build/release/tracia (or TRACIA_BINARY) and build/web/page.pack; Chromium is /usr/bin/chromium or TRACIA_CHROMIUM.
// Says each figure with its target, and exits with 1 when one is missed. Middle values of the rounds.
import {spawn} from 'node:child_process';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const {chromium} = createRequire(join(root, 'web/package.json'))('@playwright/test');
const option = (name, fallback) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? fallback : Number(process.argv[at + 1]);
};
const spanCount = option('spans', 20_000);
const rounds = option('rounds', 5);
const key = `tr_${'b'.repeat(43)}`;
const owner = {email: 'bench@example.com', name: 'Bench', password: 'a long password'};
const middle = (values) => values.slice().sort((a, b) => a - b)[Math.floor(values.length / 2)];
const hex = (n) => n.toString(16).padStart(16, '0');

async function startServer() {
  const data = mkdtempSync(join(tmpdir(), 'tracia-bench-'));
  const child = spawn(
    process.env.TRACIA_BINARY ?? join(root, 'build/release/tracia'),
    ['serve', '--data', data, '--listen', '127.0.0.1:0', '--dashboard', join(root, 'build/web/page.pack')],
    {env: {PATH: process.env.PATH, HOME: process.env.HOME, TRACIA_BOOTSTRAP_API_KEY: key}},
  );
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += text));
  const find = async (pattern) => {
    for (let i = 0; i < 1500; ++i, await new Promise((wake) => setTimeout(wake, 20))) {
      const found = output.match(pattern);
      if (found) return found[1];
    }
    throw new Error(`the server said no ${pattern}:\n${output}`);
  };
  const url = await find(/(http:\/\/127[\d.]+:\d+)/);
  const token = await find(/setup\?token=([\w-]+)/);
  const post = async (path, body) => {
    const answer = await fetch(url + path, {
      method: 'POST',
      headers: {'Content-Type': 'application/json', Authorization: `Bearer ${key}`},
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  };
  await post('/api/v1/auth/setup', {token, ...owner});
  const stop = async () => {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill();
    await ended;
    rmSync(data, {recursive: true, force: true});
  };
  return {url, post, stop};
}

const span = (i, fields) => ({
  spanId: `sp_${hex(i)}`,
  model: 'gpt-4o',
  provider: 'openai',
  name: `answer ${i % 40}`,
  status: i % 25 ? 'SUCCESS' : 'ERROR',
  latencyMs: 200 + (i % 900),
  input: {messages: [{role: 'user', content: `Question ${i}`}]},
  output: `Answer ${i}`,
  inputTokens: 300,
  outputTokens: 40,
  totalTokens: 340,
  userId: `user_${i % 500}`,
  sessionId: `chat_${i % 900}`,
  tags: ['bench'],
  ...fields,
});

async function fill(post) {
  const now = Date.now();
  const send = async (count, make) => {
    for (let i = 0; i < count; i += 1000) {
      await post(
        '/api/v1/spans/batch',
        Array.from({length: Math.min(1000, count - i)}, (_, j) => make(i + j)),
      );
    }
  };
  await send(spanCount, (i) => span(i + 1, {startTime: new Date(now - 3_600_000 - i * 50).toISOString()}));
  const at = 2 ** 40;
  await send(10_000, (i) =>
    span(at + i, {
      traceId: 'tr_large',
      parentSpanId: i === 0 ? null : `sp_${hex(at + Math.floor((i - 1) / 20))}`,
      latencyMs: i === 0 ? 60_000 : 20,
      startTime: new Date(now - 120_000 + i * 5).toISOString(),
    }),
  );
}

// In the page, before anything of it: when enough of `selector` was painted for the first time.
const watchPaint = () => {
  window.painted = (selector, count) =>
    new Promise((resolve) => {
      const look = () => {
        if (document.querySelectorAll(selector).length < count) return requestAnimationFrame(look);
        requestAnimationFrame(() => {
          const {port1, port2} = new MessageChannel();
          port1.onmessage = () => resolve(performance.now());
          port2.postMessage(null);
        });
      };
      look();
    });
};

async function open(browser, url) {
  const context = await browser.newContext({viewport: {width: 1280, height: 800}});
  const page = await context.newPage();
  await page.addInitScript(watchPaint);
  const answer = await page.request.post(`${url}/api/v1/auth/login`, {
    data: {email: owner.email, password: owner.password},
  });
  const {projects} = await answer.json();
  return {context, page, base: `${url}/p/${projects[0].id}`};
}

async function firstLoad(browser, url) {
  const {context, page, base} = await open(browser, url);
  const session = await context.newCDPSession(page);
  await session.send('Network.enable');
  const scripts = new Set();
  let bytes = 0;
  session.on('Network.responseReceived', ({requestId, type}) => type === 'Script' && scripts.add(requestId));
  session.on('Network.loadingFinished', ({requestId, encodedDataLength}) => {
    if (scripts.has(requestId)) bytes += encodedDataLength;
  });
  await page.goto(`${base}/`, {waitUntil: 'commit'});
  const interactive = await page.evaluate(() => window.painted('main h1', 1));
  const atFirst = bytes;
  await page.waitForLoadState('networkidle');
  await context.close();
  return {bytes: atFirst, interactive};
}

async function list(browser, url) {
  const {context, page, base} = await open(browser, url);
  await page.goto(`${base}/spans`, {waitUntil: 'commit'});
  const painted = await page.evaluate(() => window.painted('[role="table"] [role="row"]', 10));
  const answered = await page.evaluate(
    () => performance.getEntriesByType('resource').find((entry) => /\/api\/v1\/spans\?/.test(entry.name)).responseEnd,
  );
  await context.close();
  return painted - answered;
}

async function trace(browser, url) {
  const {context, page, base} = await open(browser, url);
  await page.goto(`${base}/traces`);
  const link = page.locator('a[href$="/traces/tr_large"]');
  await link.waitFor();
  await page.waitForLoadState('networkidle');
  const opened = await link.evaluate(async (element) => {
    const start = performance.now();
    element.click();
    return (await window.painted('[role="treeitem"]', 10)) - start;
  });
  const answer = await page.evaluate(
    () =>
      performance.getEntriesByType('resource').find((entry) => entry.name.endsWith('/api/v1/traces/tr_large')).duration,
  );
  const frames = await page.locator('.trace-box').evaluate(
    (box) =>
      new Promise((resolve) => {
        const times = [];
        const step = (time) => {
          times.push(time);
          if (times.length > 180) return resolve(times);
          box.scrollTop += 160;
          requestAnimationFrame(step);
        };
        requestAnimationFrame(step);
      }),
  );
  const gaps = frames.slice(1).map((time, i) => time - frames[i]);
  await context.close();
  // A frame that took as long as two was dropped.
  return {
    opened,
    answer,
    dropped: gaps.filter((gap) => gap > 25).length,
    slowest: Math.max(...gaps),
    frames: gaps.length,
  };
}

const server = await startServer();
const browser = await chromium.launch({
  executablePath: process.env.TRACIA_CHROMIUM ?? '/usr/bin/chromium',
  args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
});
let missed = 0;
const rows = []; // for the suite (report.py)
const say = (what, value, unit, target) => {
  const ok = value <= target;
  rows.push({metric: what, unit, value, target});
  if (!ok) ++missed;
  console.log(
    `${ok ? 'met   ' : 'MISSED'}  ${what.padEnd(58)} ${value.toFixed(unit === 'KB' ? 1 : 0).padStart(7)} ${unit.padEnd(6)} target ${target}`,
  );
};
try {
  await fill(server.post);
  const repeat = async (measure) => {
    const results = [];
    for (let i = 0; i < rounds; ++i) results.push(await measure(browser, server.url));
    return results;
  };
  const loads = await repeat(firstLoad);
  say('first load: compressed JavaScript', middle(loads.map((load) => load.bytes)) / 1000, 'KB', 250);
  say('first load: interactive', middle(loads.map((load) => load.interactive)), 'ms', 1000);
  say(`list of 100 spans painted after the answer (${spanCount} stored)`, middle(await repeat(list)), 'ms', 150);
  const traces = await repeat(trace);
  say('trace of 10,000 spans: opened', middle(traces.map((result) => result.opened)), 'ms', 500);
  say(
    `trace of 10,000 spans: dropped frames of ${traces[0].frames} while it scrolls`,
    middle(traces.map((result) => result.dropped)),
    'frames',
    0,
  );
  console.log(
    `        of opening, the server's answer took ${middle(traces.map((result) => result.answer)).toFixed(0)} ms; slowest frame ${middle(traces.map((result) => result.slowest)).toFixed(0)} ms`,
  );
} finally {
  await browser.close();
  await server.stop();
}
if (process.env.TRACIA_BENCH_ROWS) writeFileSync(process.env.TRACIA_BENCH_ROWS, JSON.stringify({rows}));
process.exitCode = missed > 0 ? 1 : 0;
