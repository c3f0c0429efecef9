import {expect, test} from 'vitest';
import type {Schemas} from '../../api/client';
import {turnsOf} from './turns';

const span = (spanId: string, traceId: string, parentSpanId: string | null = null, finishReason = 'stop') =>
  ({spanId, traceId, parentSpanId, finishReason}) as Schemas['SpanSummary'];

test('one turn for each trace, the oldest first, spoken by its root or its last call', () => {
  const turns = turnsOf([
    span('d', 't2', 'root'),
    span('c', 't2', 'root', 'tool_calls'),
    span('b', 't1', 'a'),
    span('a', 't1'),
  ]);
  expect(turns.map((turn) => [turn.traceId, turn.span.spanId, turn.calls])).toEqual([
    ['t1', 'a', 2],
    ['t2', 'd', 2],
  ]);
});

test('a root that only called a tool leaves the word to the call after it', () => {
  expect(turnsOf([span('b', 't1', 'a'), span('a', 't1', null, 'tool_calls')])[0]!.span.spanId).toBe('b');
});
