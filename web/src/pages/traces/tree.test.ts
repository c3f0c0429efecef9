import {expect, test} from 'vitest';
import {ancestors, flatten, microseconds, search, ticks, visibleRows, type Trace, type TraceSpan} from './tree';

const span = (id: string, children: TraceSpan[] = [], start = '2026-11-20T10:00:00.000000Z') =>
  ({
    id,
    spanId: id,
    name: `name ${id}`,
    model: null,
    promptSlug: null,
    error: null,
    startTime: start,
    children,
  }) as unknown as TraceSpan;
const trace = (spans: TraceSpan[]) => ({startTime: '2026-11-20T10:00:00.000000Z', spans}) as Trace;
const sample = flatten(
  trace([span('a', [span('b', [span('c')]), span('d')]), span('e', [], '2026-11-20T10:00:00.001500Z')]),
);

test('a tree becomes rows in order, each knowing where it ends', () => {
  expect(sample.map((row) => [row.span.id, row.depth, row.parent, row.end])).toEqual([
    ['a', 0, -1, 4],
    ['b', 1, 0, 3],
    ['c', 2, 1, 3],
    ['d', 1, 0, 4],
    ['e', 0, -1, 5],
  ]);
  expect(sample[4]!.start).toBe(1.5);
});

test('a trace of 10,000 spans in one chain is no deeper for us', () => {
  let chain = span('last');
  for (let i = 0; i < 10_000; ++i) chain = span(`s${i}`, [chain]);
  const rows = flatten(trace([chain]));
  expect(rows).toHaveLength(10_001);
  expect(rows.at(-1)!.depth).toBe(10_000);
  expect(rows[0]!.end).toBe(10_001);
});

test('what is below a folded row is not in sight', () => {
  expect(visibleRows(sample, new Set(['b']))).toEqual([0, 1, 3, 4]);
  expect(visibleRows(sample, new Set(['a', 'e']))).toEqual([0, 4]);
});

test('search finds rows by their names, and the way to them can be opened', () => {
  expect(search(sample, ' NAME c')).toEqual([2]);
  expect(search(sample, '')).toEqual([]);
  expect(ancestors(sample, 2)).toEqual(['b', 'a']);
});

test('times keep their microseconds', () => {
  expect(microseconds('2026-11-20T10:00:00.123456Z') - microseconds('2026-11-20T10:00:00.123Z')).toBe(456);
  expect(microseconds('nonsense')).toBe(0);
});

test('the scale has round steps', () => {
  expect(ticks(1234)).toEqual([0, 500, 1000]);
  expect(ticks(0)).toEqual([0]);
});
