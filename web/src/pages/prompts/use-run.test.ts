import {expect, test} from 'vitest';
import {ApiError} from '../../api/client';
import {withEvent, type RunState} from './use-run';

const running: RunState = {status: 'running', text: '', reasoning: '', toolCalls: [], result: null, error: null};
const feed = (...events: [string, unknown][]) =>
  events.reduce((state, [event, data]) => withEvent(state, {event, data: JSON.stringify(data), id: ''}), running);

test('pieces of text and reasoning add up, and the result has the last word', () => {
  const state = feed(['reasoning', {text: 'hm'}], ['delta', {text: 'a'}], ['delta', {text: 'b'}]);
  expect(state).toMatchObject({text: 'ab', reasoning: 'hm', status: 'running'});
  expect(withEvent(state, {event: 'done', data: '{"text":"abc","toolCalls":null}',
    id: ''})).toMatchObject({text: 'abc', status: 'done'});
});

test('an error keeps what came before it, and where its span is', () => {
  const state = feed(['delta', {text: 'half'}], ['error',
    {error: {code: 'PROVIDER_ERROR', message: 'Gone.', spanId: 'sp_1'}}]);
  expect(state).toMatchObject({text: 'half', status: 'failed'});
  expect((state.error as ApiError).body['spanId']).toBe('sp_1');
});

test('tool calls are listed, and unknown events change nothing', () => {
  const call = {id: 'c', name: 'look_up', arguments: {a: 1}};
  expect(feed(['tool_call', call], ['later', {}]).toolCalls).toEqual([call]);
});
