import {expect, test} from 'vitest';
import {lowest} from './bench';
import {
  columnOfSpan,
  columnOfVersion,
  continued,
  emptyColumn,
  isEdited,
  messagesOfSpan,
  textValues,
  toRun,
  type RunResult,
} from './model';
import {begun, ended, failed, grow, type Outcome} from './runs';
import {escapeBraces, variablesOf} from './template';

const version = {
  version: 3,
  messages: [
    {id: 'm1', role: 'system' as const, content: 'For {{product}}.'},
    {id: 'm2', role: 'user' as const, content: 'Hi {{ name }}'},
  ],
  provider: 'OPENAI',
  model: 'gpt-4o',
  temperature: 0.7,
  topP: null,
  maxOutputTokens: 500,
  stopSequences: ['END', 'a b'],
  tools: [{name: 'look', parameters: {type: 'object'}}],
  toolChoice: {tool: 'look'},
  outputSchema: null,
  variables: ['product', 'name'],
  labels: [],
  note: null,
  author: null,
  createdAt: '2026-01-01T00:00:00Z',
};
const prompt = {slug: 'welcome', name: 'Welcome', currentVersion: 4};

test('variables are those of texts, and none of tools’ results', () => {
  expect(
    variablesOf([
      {role: 'tool', content: '{{no}}'},
      {role: 'user', content: [{type: 'text', text: '{{yes}}'}]},
    ]),
  ).toEqual(['yes']);
});

test('braces that a model wrote stay braces', () => {
  for (const text of ['{{name}}', '{{{name}}', '\\{{x}}', 'a {{x}} {{{{y}}']) {
    expect(variablesOf([{role: 'user', content: escapeBraces(text)}])).toEqual([]);
    expect(escapeBraces(text).replaceAll('\\{{', '{{')).toBe(text);
  }
  expect(escapeBraces('{"a": {"b": {}}}')).toBe('{"a": {"b": {}}}');
});

test('a saved version is sent as it was saved, until it is edited', () => {
  const column = columnOfVersion(prompt, version);
  expect(column.open).toBe(false);
  expect(isEdited(column)).toBe(false);
  expect(toRun(column, {product: 'Lumen', name: 'Ada', unused: 'x'})).toMatchObject({
    content: version.messages,
    provider: 'OPENAI',
    model: 'gpt-4o',
    temperature: 0.7,
    maxOutputTokens: 500,
    stopSequences: ['END', 'a b'],
    tools: version.tools,
    toolChoice: {tool: 'look'},
    outputSchema: null,
    promptSlug: 'welcome',
    variables: {product: 'Lumen', name: 'Ada'},
    stream: true,
  });
  expect(isEdited({...column, model: 'gpt-4o-mini'})).toBe(true);
});

test('what cannot be sent is said before it is sent', () => {
  expect(() => toRun(emptyColumn(), {})).toThrow('Choose a model');
  const column = columnOfVersion(prompt, version);
  expect(() => toRun({...column, settings: {...column.settings, tools: '[{'}}, {})).toThrow('not valid JSON');
});

test('a span becomes a conversation that can be sent', () => {
  const found = messagesOfSpan({
    messages: [
      {
        role: 'user',
        content: [
          {type: 'text', text: 'See {{this}}'},
          {type: 'image', omittedBytes: 9_000_000},
        ],
      },
      {role: 'assistant', content: [{type: 'tool_call', id: 'c1', name: 'look', arguments: {}}]},
      {role: 'user', content: [{type: 'tool_result', toolCallId: 'c1', content: 'It is {{red}}'}]},
      {role: 'tool', toolCallId: 'c1', toolName: 'look', content: 'again'},
    ],
  })!;
  expect(found.omitted).toBe(true);
  expect(found.messages.map(({id: _, ...message}) => message)).toEqual([
    {role: 'user', content: [{type: 'text', text: 'See \\{{this}}'}]},
    {role: 'assistant', content: [{type: 'tool_call', id: 'c1', name: 'look', arguments: {}}]},
    {role: 'tool', toolCallId: 'c1', content: 'It is {{red}}'},
    {role: 'tool', toolCallId: 'c1', toolName: 'look', content: 'again'},
  ]);
  expect(messagesOfSpan({text: ['an embedding']})).toBeNull();
});

test('a span takes what it does not say from its prompt’s version', () => {
  const span = {
    spanId: 'sp_1',
    promptSlug: 'welcome',
    provider: 'openai',
    model: 'gpt-4o',
    temperature: 0.2,
    topP: null,
    maxOutputTokens: 9,
    tools: null,
    input: {messages: [{role: 'user', content: 'Hi'}]},
  } as never;
  expect(columnOfSpan(span, version)!.settings).toMatchObject({
    temperature: 0.2,
    maxOutputTokens: 9,
    stopSequences: 'END\na b',
    toolChoice: 'tool:look',
  });
  expect(columnOfSpan(span, null)!.settings).toMatchObject({stopSequences: '', toolChoice: ''});
  expect(textValues({a: 'x', b: 2, c: true})).toEqual({a: 'x', b: '2', c: 'true'});
});

const result = {
  text: 'Hello {{x}}',
  messages: [
    {role: 'user', content: 'Hi'},
    {role: 'assistant', content: 'Hello {{x}}'},
  ],
  toolCalls: null,
  cost: 0.1,
  costStatus: 'exact',
  latencyMs: 10,
} as unknown as RunResult;

test('an answer goes on as a conversation, with a place for what comes next', () => {
  const column = columnOfVersion(prompt, version);
  expect(continued(column, result).slice(2)).toMatchObject([
    {role: 'assistant', content: 'Hello \\{{x}}'},
    {role: 'user', content: ''},
  ]);
  const calls = {...result, toolCalls: [{id: 'c1', name: 'look', arguments: {}}]};
  expect(continued(column, calls).slice(3)).toMatchObject([
    {role: 'tool', toolCallId: 'c1', toolName: 'look', content: ''},
  ]);
});

const event = (name: string, data: unknown) => ({event: name, data: JSON.stringify(data), id: ''});

test('an answer grows event by event, and ends as done, failed, stopped or broken off', () => {
  let outcome = [event('reasoning', {text: 'Hm'}), event('delta', {text: 'He'}), event('delta', {text: 'llo'})].reduce(
    grow,
    begun,
  );
  expect(outcome).toMatchObject({state: 'running', text: 'Hello', reasoning: 'Hm'});
  expect(grow(outcome, event('done', result))).toMatchObject({state: 'done', text: 'Hello {{x}}'});
  expect(ended(outcome)).toMatchObject({state: 'failed', text: 'Hello'});
  expect(failed(outcome, new DOMException('', 'AbortError'))).toMatchObject({state: 'stopped', text: 'Hello'});
  outcome = grow(
    outcome,
    event('error', {
      error: {
        code: 'PROVIDER_ERROR',
        message: 'Overloaded',
        spanId: 'sp_1',
        provider: {name: 'anthropic', status: 529, requestId: 'req_1'},
      },
    }),
  );
  expect(outcome).toMatchObject({
    state: 'failed',
    text: 'Hello',
    failure: {message: 'Overloaded', spanId: 'sp_1', requestId: 'req_1'},
  });
});

test('lowest is said only where there is something to compare', () => {
  const [a, b, c] = [emptyColumn(), emptyColumn(), emptyColumn()];
  const done = (cost: number, latencyMs: number, costStatus = 'exact'): Outcome => ({
    ...begun,
    state: 'done',
    result: {...result, cost, latencyMs, costStatus} as RunResult,
  });
  expect(lowest([a!], {[a!.id]: done(1, 1)})).toEqual({cost: null, latency: null});
  const outcomes = {[a!.id]: done(2, 5), [b!.id]: done(1, 5), [c!.id]: done(0, 9, 'unknown')};
  expect(lowest([a!, b!, c!], outcomes)).toEqual({cost: b!.id, latency: null});
});
