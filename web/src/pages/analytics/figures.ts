// From the rows that the server answers to lines of charts and lines of tables.
import type {Schemas} from '../../api/client';
import type {ChartSeries} from '../../ui/Chart';
import {filterOf, type Filters, type Group} from './view';

type Analytics = Schemas['Analytics'];
type Row = Schemas['AnalyticsRow'];
export type Measures = Schemas['Measures'];
export type Percentile = 'p50' | 'p95' | 'p99';

const noneNames: Partial<Record<Group, string>> = {
  model: 'No model',
  provider: 'No provider',
  prompt: 'No prompt',
  version: 'No version',
  label: 'No label',
  user: 'Nobody named',
  session: 'No session',
  tag: 'No tag',
  experiment: 'No experiment',
  variant: 'No variant',
};

// One group of spans, with what narrows spans to it. `filters` is null where no filter can say it.
export interface Member {
  key: string;
  label: string;
  filters: Filters | null;
}

function memberOf(row: Row, group: Group | null): Member {
  if (row.rest) return {key: 'rest', label: 'All others', filters: null};
  if (!group) return {key: 'all', label: 'All', filters: {}};
  const value = row.group?.[group];
  const key = JSON.stringify(row.group);
  if (value === null || value === undefined) return {key, label: noneNames[group] ?? 'None', filters: null};
  const text = String(value);
  return {key, label: group === 'version' ? `Version ${text}` : text, filters: {[filterOf(group).name]: text}};
}

export interface Grid {
  members: Member[]; // those with the most requests first, the rest last
  at(member: number, time: number | null): Row | undefined; // null: of rows without buckets
}

export function gridOf(answer: Analytics, group: Group | null): Grid {
  const order = new Map<string, {member: Member; requests: number}>();
  const cells = new Map<string, Row>();
  for (const row of answer.rows) {
    const member = memberOf(row, group);
    const known = order.get(member.key) ?? {member, requests: 0};
    known.requests += row.requests ?? 0;
    order.set(member.key, known);
    cells.set(`${row.bucket === null ? '' : Date.parse(row.bucket)}|${member.key}`, row);
  }
  const members = [...order.values()]
    .sort((a, b) => Number(a.member.key === 'rest') - Number(b.member.key === 'rest') || b.requests - a.requests)
    .map(({member}) => member);
  // Two prompts that were deleted have no name to tell them apart by.
  const seen = new Map<string, number>();
  for (const member of members) {
    const count = (seen.get(member.label) ?? 0) + 1;
    seen.set(member.label, count);
    if (count > 1) member.label = `${member.label} (${count})`;
  }
  return {members, at: (member, time) => cells.get(`${time ?? ''}|${members[member]?.key}`)};
}

export type Value = (row: Measures) => number | null | undefined;

// One line for each group. `empty` is what a bucket without spans holds: nothing spent is 0, nothing measured is null.
export function seriesByGroup(grid: Grid, times: number[], value: Value, empty: number | null): ChartSeries[] {
  return grid.members.map((member, i) => ({
    label: member.label,
    values: times.map((time) => {
      const row = grid.at(i, time);
      return row ? (value(row) ?? empty) : empty;
    }),
  }));
}

// One line for each measure, of all spans together.
export function seriesByMeasure(
  grid: Grid,
  times: number[],
  measures: Record<string, Value>,
  empty: number | null,
): ChartSeries[] {
  return Object.entries(measures).map(([label, value]) => ({
    label,
    values: seriesByGroup(grid, times, value, empty)[0]?.values ?? times.map(() => empty),
  }));
}

export const errorShare: Value = (row) => (row.requests ? (row.errors ?? 0) / row.requests : null);
export const meanOf =
  (key: string): Value =>
  (row) =>
    row.evaluations?.find((one) => one.evaluatorKey === key)?.mean;

export interface EvaluatorName {
  key: string;
  name: string;
}
export const evaluatorsOf = (answer: Analytics): EvaluatorName[] =>
  (answer.total.evaluations ?? []).map((one) => ({key: one.evaluatorKey, name: one.evaluatorName}));

// Beyond this many groups lines cannot be told apart; the server sums up the rest in one more.
export const linesMax = 7;
