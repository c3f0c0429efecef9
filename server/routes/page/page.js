// The plain page: signs in, lists the last spans, shows one. Read-only. Whatever comes from the server is inserted as
// text, never as HTML.
'use strict';

const byId = (id) => document.getElementById(id);
const view = byId('view');
let session = null;      // {member, csrfToken, projects} while signed in
let drawing = 0;         // grows with each draw, so that a slow answer to an earlier one is dropped
let cursors = [];        // of the pages before the one shown

// An element: make('p', {className: 'hint'}, 'text', otherElement, …)
function make(tag, properties, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

async function call(path, options = {}) {
  const headers = {...options.headers};
  if (session) {
    headers['X-CSRF-Token'] = session.csrfToken;
    headers['X-Tracia-Project'] = byId('project').value;
  }
  if (options.body) headers['Content-Type'] = 'application/json';
  let response;
  try {
    response = await fetch(path, {...options, headers, credentials: 'same-origin'});
  } catch {
    throw new Error('The server does not answer. Is it running?');
  }
  const body = await response.json().catch(() => ({}));
  if (!response.ok) {
    const problem = (body && body.error) || {};
    throw Object.assign(new Error(problem.message || 'The server answered ' + response.status + '.'),
        {status: response.status, setupRequired: problem.setupRequired === true});
  }
  return body;
}

function notice(text) {
  byId('notice').textContent = text || '';
  byId('notice').hidden = !text;
}

function show(title, ...children) {
  const heading = make('h1', {tabIndex: -1}, title);
  document.title = title + ' · Tracia';
  view.replaceChildren(heading, ...children);
  heading.focus({preventScroll: true});
}

// --- Accounts ---

function storedProject() {
  try { return localStorage.getItem('tracia_project'); } catch { return null; }
}

function signedIn(found) {
  session = found;
  byId('account').hidden = !found;
  if (!found) return;
  byId('who').textContent = found.member.name;
  const wanted = storedProject();
  byId('project').replaceChildren(...found.projects.map(
      (project) => make('option', {value: project.id, selected: project.id === wanted}, project.name)));
}

function field(id, label, properties, hint) {
  const described = hint ? id + '-hint' : '';
  const input = make('input', {id, name: id, required: true, ...properties});
  if (hint) input.setAttribute('aria-describedby', described);
  const parts = [make('label', {htmlFor: id}, label), input];
  if (hint) parts.push(make('p', {id: described, className: 'hint'}, hint));
  return parts;
}

function accountForm(title, intro, fields, button, send) {
  const submit = make('button', {type: 'submit'}, button);
  const form = make('form', {}, ...fields, submit);
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    submit.disabled = true;
    notice('');
    try {
      signedIn(await send(Object.fromEntries(new FormData(form))));
      if (location.hash === '' || location.hash === '#/') draw(); else location.replace('#/');
    } catch (error) {
      notice(error.message);
      submit.disabled = false;
    }
  });
  show(title, intro ? make('p', {}, intro) : '', form);
  form.querySelector('input').focus();
}

const post = (path, value) => call(path, {method: 'POST', body: JSON.stringify(value)});
const email = () => field('email', 'Email', {type: 'email', autocomplete: 'username', maxLength: 254});

function drawSetup(token) {
  accountForm('Set up Tracia', 'Make the account of the owner. It is kept on this server only.', [
    ...email(),
    ...field('name', 'Your name', {autocomplete: 'name', maxLength: 100}),
    ...field('password', 'Password', {type: 'password', autocomplete: 'new-password', minLength: 10, maxLength: 256},
        '10 characters or more.'),
  ], 'Create account', (values) => post('/api/v1/auth/setup', {...values, token}));
}

function drawSignIn() {
  accountForm('Sign in', '', [
    ...email(),
    ...field('password', 'Password', {type: 'password', autocomplete: 'current-password', maxLength: 256}),
  ], 'Sign in', (values) => post('/api/v1/auth/login', values));
}

function drawSignedOut(setupRequired) {
  signedIn(null);
  const setup = location.hash.match(/^#\/setup\?token=([\w-]+)$/);
  if (setupRequired && setup) return drawSetup(setup[1]);
  if (setupRequired) {
    return show('Set up Tracia', make('p', {}, 'This server has no owner yet. Open the setup link that it printed '
        + 'when it started; restart it to get a new one.'));
  }
  drawSignIn();
}

// --- Spans ---

const numbers = new Intl.NumberFormat();
const count = (value) => value === null || value === undefined ? '–' : numbers.format(value);
function time(text) {
  const date = new Date(text);
  return isNaN(date) ? String(text) : date.toLocaleString();
}
function milliseconds(value) {
  if (value === null || value === undefined) return '–';
  return value < 10000 ? count(value) + ' ms' : (value / 1000).toFixed(1) + ' s';
}
function money(value) {
  if (value === null || value === undefined) return '–';
  return '$' + (value === 0 ? '0' : value >= 0.01 ? value.toFixed(4) : value.toPrecision(3));
}
function prompt(span) {
  if (!span.promptSlug) return '';
  return span.promptSlug + (span.promptVersion ? ' v' + span.promptVersion : '');
}
const title = (span) => span.name || prompt(span) || span.model || span.spanId;
const statusText = (span) => make('span', {className: span.status === 'ERROR' ? 'bad' : 'good'},
    span.status === 'ERROR' ? '✗ Error' : '✓ Success');

const columns = [
  ['Time', '', (span) => make('a',
      {href: '#/spans/' + encodeURIComponent(span.spanId) + '/' + encodeURIComponent(span.traceId)},
      time(span.startTime))],
  ['Name', 'wide', title],
  ['Model', '', (span) => span.model || '–'],
  ['Status', '', statusText],
  ['Latency', 'number', (span) => milliseconds(span.latencyMs)],
  ['Tokens', 'number', (span) => count(span.totalTokens)],
  ['Cost', 'number', (span) => money(span.cost)],
];

function spanTable(spans) {
  const head = columns.map(([name, className]) => make('th', {scope: 'col', className}, name));
  const rows = spans.map((span) => make('tr', {},
      ...columns.map(([, className, cell]) => make('td', {className}, cell(span)))));
  const region = make('div', {className: 'scroll', tabIndex: 0}, make('table', {},
      make('thead', {}, make('tr', {}, ...head)), make('tbody', {}, ...rows)));
  region.setAttribute('role', 'region');
  region.setAttribute('aria-label', 'Spans, newest first');
  return region;
}

async function drawSpans(mine) {
  const cursor = cursors[cursors.length - 1];
  const page = await call('/api/v1/spans?limit=50' + (cursor ? '&cursor=' + encodeURIComponent(cursor) : ''));
  if (mine !== drawing) return;
  const turn = (change) => () => { change(); draw(); };
  const buttons = make('nav', {});
  buttons.setAttribute('aria-label', 'Pages');
  if (cursors.length) {
    buttons.append(make('button', {type: 'button', className: 'quiet', onclick: turn(() => cursors.pop())}, 'Newer'));
  }
  if (page.nextCursor) {
    buttons.append(make('button',
        {type: 'button', className: 'quiet', onclick: turn(() => cursors.push(page.nextCursor))}, 'Older'));
  }
  buttons.append(make('button', {type: 'button', className: 'quiet', onclick: turn(() => { cursors = []; })},
      'Refresh'));
  const none = make('p', {}, 'No spans yet. Run a prompt, or send one to POST /api/v1/spans.');
  show('Spans', page.spans.length ? spanTable(page.spans) : none, buttons);
}

// A text as it is; anything else as JSON.
const readable = (value) => typeof value === 'string' ? value : JSON.stringify(value, null, 2);

function section(heading, value) {
  if (value === null || value === undefined || value === '') return [];
  if (typeof value === 'object' && Object.keys(value).length === 0) return [];
  return [make('h2', {}, heading), make('pre', {tabIndex: 0}, readable(value))];
}

function contentText(content) {
  if (!Array.isArray(content)) return readable(content ?? '');
  return content.map((part) => part && typeof part.text === 'string' ? part.text : readable(part)).join('\n');
}

function messageList(input) {
  const messages = input && Array.isArray(input.messages) ? input.messages : null;
  if (!messages) return section('Input', input);
  return [make('h2', {}, 'Messages'), ...messages.map((message) => {
    const extra = message.toolCalls ? '\n' + readable(message.toolCalls) : '';
    return make('div', {className: 'message'}, make('p', {className: 'role'}, String(message.role)),
        make('pre', {tabIndex: 0}, contentText(message.content) + extra));
  })];
}

function facts(span) {
  const cost = money(span.cost) + (span.costStatus && span.costStatus !== 'exact' ? ' (' + span.costStatus + ')' : '');
  const list = [
    ['Status', statusText(span)], ['Started', time(span.startTime)], ['Latency', milliseconds(span.latencyMs)],
    ['First token', milliseconds(span.timeToFirstTokenMs)], ['Provider', span.provider], ['Model', span.model],
    ['Prompt', prompt(span)], ['Label', span.label], ['Kind', span.spanKind], ['Finished', span.finishReason],
    ['Input tokens', count(span.inputTokens)], ['Output tokens', count(span.outputTokens)],
    ['Cached tokens', count(span.cachedInputTokens)], ['Reasoning tokens', count(span.reasoningTokens)],
    ['Cost', cost], ['Tags', (span.tags || []).join(', ')], ['User', span.userId], ['Session', span.sessionId],
    ['Span id', span.spanId], ['Trace id', span.traceId], ['Parent', span.parentSpanId],
  ];
  return make('dl', {}, ...list.filter(([, value]) => value)
      .map(([name, value]) => make('div', {}, make('dt', {}, name), make('dd', {}, value))));
}

async function drawSpan(mine, spanId, traceId) {
  const path = '/api/v1/spans/' + encodeURIComponent(spanId) + '?traceId=' + encodeURIComponent(traceId);
  const span = await call(path);
  if (mine !== drawing) return;
  show(title(span), make('p', {}, make('a', {href: '#/'}, '← All spans')), facts(span),
      ...section('Error', span.error), ...messageList(span.input), ...section('Output', span.output),
      ...section('Tool calls', span.toolCalls), ...section('Variables', span.variables),
      make('details', {}, make('summary', {}, 'Raw JSON'), make('pre', {tabIndex: 0}, readable(span))));
}

// --- Navigation ---

async function draw() {
  const mine = ++drawing;
  const known = session !== null;
  notice('');
  try {
    if (!session) signedIn(await call('/api/v1/auth/session'));
    const at = location.hash.match(/^#\/spans\/([^/]+)\/([^/]+)$/);
    if (at) await drawSpan(mine, decodeURIComponent(at[1]), decodeURIComponent(at[2]));
    else await drawSpans(mine);
  } catch (error) {
    if (mine !== drawing) return;
    if (error.status === 401 && !session) return drawSignedOut(error.setupRequired);
    if (error.status === 401 && known) {  // the session ended meanwhile; ask again who is signed in
      session = null;
      return draw();
    }
    show('Something went wrong', make('p', {}, make('a', {href: '#/'}, '← All spans')));
    notice(error.message);
  }
}

byId('project').addEventListener('change', () => {
  try { localStorage.setItem('tracia_project', byId('project').value); } catch { /* private browsing */ }
  cursors = [];
  if (location.hash.startsWith('#/spans/')) location.hash = '#/'; else draw();
});
byId('sign-out').addEventListener('click', async () => {
  try {
    await call('/api/v1/auth/logout', {method: 'POST'});
    signedIn(null);
    draw();
  } catch (error) {
    notice(error.message);
  }
});
byId('skip').addEventListener('click', (event) => { event.preventDefault(); byId('main').focus(); });
addEventListener('hashchange', draw);
draw();
