import {expect, test} from 'vitest';
import type {Schemas} from '../../api/client';
import {errorShare, evaluatorsOf, gridOf, meanOf, seriesByGroup, seriesByMeasure} from './figures';

const first = '2026-11-20T10:00:00Z';
const second = '2026-11-20T11:00:00Z';
const times = [Date.parse(first), Date.parse(second)];
const row = (bucket: string, model: string | null, requests: number, more: Partial<Schemas['AnalyticsRow']> = {}) =>
  ({bucket, group: {model}, rest: false, requests, errors: 0, ...more}) as Schemas['AnalyticsRow'];
const answer = (rows: Schemas['AnalyticsRow'][], total = {}): Schemas['Analytics'] => ({
  startDate: first,
  endDate: null,
  rows,
  total,
  groupsRest: 0,
  complete: true,
  scannedFrom: null,
  evaluationsComplete: true,
});

test('groups come by their requests, the rest last, and what has no spans is zero or nothing', () => {
  const grid = gridOf(
    answer([
      row(first, 'small', 1, {cost: 0.5}),
      row(second, 'big', 9),
      {...row(second, null, 99), group: null, rest: true},
    ]),
    'model',
  );
  expect(grid.members.map((member) => member.label)).toEqual(['big', 'small', 'All others']);
  expect(grid.members.map((member) => member.filters)).toEqual([{model: 'big'}, {model: 'small'}, null]);
  expect(seriesByGroup(grid, times, (one) => one.requests, 0)[0]!.values).toEqual([0, 9]);
  expect(seriesByGroup(grid, times, (one) => one.latencyMs?.p50, null)[1]!.values).toEqual([null, null]);
});

test('two groups with the same name stay two', () => {
  const rows = [row(first, null, 2), row(first, null, 1)];
  rows[0]!.group = {prompt: null, promptId: 'a'};
  rows[1]!.group = {prompt: null, promptId: 'b'};
  expect(gridOf(answer(rows), 'prompt').members.map((member) => member.label)).toEqual(['No prompt', 'No prompt (2)']);
});

test('without groups each measure is a line, also when there is nothing at all', () => {
  const measures = {
    Input: (one: Schemas['Measures']) => one.inputTokens,
    Output: (one: Schemas['Measures']) => one.outputTokens,
  };
  expect(seriesByMeasure(gridOf(answer([]), null), times, measures, 0).map((one) => one.values)).toEqual([
    [0, 0],
    [0, 0],
  ]);
  const grid = gridOf(answer([{...row(first, null, 1), group: {}, inputTokens: 5, outputTokens: 2}]), null);
  expect(seriesByMeasure(grid, times, measures, 0).map((one) => one.values)).toEqual([
    [5, 0],
    [2, 0],
  ]);
});

test('a share of errors needs requests, a mean needs evaluations', () => {
  expect(errorShare({requests: 4, errors: 1})).toBe(0.25);
  expect(errorShare({requests: 0, errors: 0})).toBeNull();
  const evaluations = [{evaluatorKey: 'quality', evaluatorName: 'Quality', count: 2, mean: 0.5}];
  expect(meanOf('quality')({evaluations})).toBe(0.5);
  expect(meanOf('other')({evaluations})).toBeUndefined();
  expect(evaluatorsOf(answer([], {evaluations}))).toEqual([{key: 'quality', name: 'Quality'}]);
});
