import {expect, test} from 'vitest';
import type {Schemas} from '../../api/client';
import {canFollow, chipsOf, clearFilters, matchesRest, queryOf, rangeOf, serializeQuery, tailQuery} from './filters';

const read = (text: string) => queryOf(new URLSearchParams(text), Date.parse('2026-11-20T12:00:00Z'));

test('the address uses the names of the API', () => {
  expect(
    read('status=ERROR&model=gpt-4o&tags=a, b&minCost=0.01&maxLatencyMs=500&variables[name]=Alice&promptVersion=3'),
  ).toEqual({
    status: 'ERROR',
    model: 'gpt-4o',
    tags: ['a', 'b'],
    minCost: 0.01,
    maxLatencyMs: 500,
    variables: {name: 'Alice'},
    promptVersion: 3,
  });
});

test('values that cannot be meant are left out', () => {
  expect(read('status=BAD&spanKind=x&minCost=cheap&maxCost=-1&promptVersion=x&model=&unknown=1')).toEqual({});
});

test('a relative range begins before now, a custom one says what was written', () => {
  expect(read('range=1h')).toEqual({startDate: '2026-11-20T11:00:00.000Z'});
  expect(read('startDate=2026-11-01&endDate=2026-11-02')).toEqual({startDate: '2026-11-01', endDate: '2026-11-02'});
  expect(rangeOf(new URLSearchParams('range=never'))).toBe('all');
});

test('names of variables may be hostile', () => {
  const query = read('variables[__proto__]=x&attributes[a]b]=y&variables[]=z');
  expect(serializeQuery(query)).toContain('variables[__proto__]=x');
  expect(query.attributes).toEqual({'a]b': 'y'});
  expect(({} as {x?: string}).x).toBeUndefined();
});

test('tags go out as one parameter, pairs as one each', () => {
  expect(serializeQuery({tags: ['a b', 'c'], attributes: {region: 'eu&1'}})).toBe(
    'tags=a%20b,c&attributes[region]=eu%261',
  );
});

test('chips say the filters in words, and take their parameters away', () => {
  const params = new URLSearchParams(
    'q=refund&status=ERROR&minLatencyMs=200&maxLatencyMs=2000&variables[name]=Al&range=1h&keep=1',
  );
  expect(chipsOf(params).map((chip) => `${chip.field.label}: ${chip.text}`)).toEqual([
    'Status: Error',
    'Latency: 200 ms to 2.00 s',
    'Variable: name is Al',
  ]);
  clearFilters(params);
  expect(params.toString()).toBe('keep=1');
});

test('the live stream is asked for what it knows, and the rest is judged here', () => {
  const query = read('model=m&minCost=0.5&finishReason=stop');
  expect(canFollow(query)).toBe(true);
  expect(tailQuery(query)).toEqual({model: 'm'});
  const span = {cost: 1, latencyMs: 5, totalTokens: null, finishReason: 'stop'} as Schemas['SpanSummary'];
  expect(matchesRest(query, span)).toBe(true);
  expect(matchesRest(query, {...span, cost: null})).toBe(false);
  expect(matchesRest({minTotalTokens: 1}, span)).toBe(false);
  expect(canFollow(read('q=word'))).toBe(false);
});
