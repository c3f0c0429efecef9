// The charts of the page: one answer, six ways to look at it.
import {useMemo, type ReactNode} from 'react';
import {
  Card,
  EmptyState,
  formatCompact,
  formatDateTime,
  formatLatency,
  formatMoney,
  formatPercent,
  Note,
  SelectField,
} from '../../ui';
import {Chart, type ChartPick, type ChartSeries} from '../../ui/Chart';
import type {Schemas} from '../../api/client';
import {
  errorShare,
  evaluatorsOf,
  gridOf,
  meanOf,
  seriesByGroup,
  seriesByMeasure,
  type Grid,
  type Percentile,
  type Value,
} from './figures';
import type {Change} from './toolbar';
import {bucketMs, bucketName, spansPath, type View} from './view';

const percentiles = ['p50', 'p95', 'p99'] as const;
const chartHeight = 210;
const formatScore = (value: number | null | undefined) =>
  value === null || value === undefined ? '–' : String(Number(value.toFixed(3)));

interface ChartsProps {
  answer: Schemas['Analytics'];
  view: View;
  times: number[];
  search: URLSearchParams;
  change: Change;
  open: (path: string) => void;
}

function ChartCard({
  title,
  detail,
  control,
  children,
}: {
  title: string;
  detail?: string;
  control?: ReactNode;
  children: ReactNode;
}) {
  return (
    <Card
      title={
        <>
          {title} {detail && <span className="faint small">{detail}</span>}
        </>
      }
      actions={control}>
      {children}
    </Card>
  );
}

export function Charts({answer, view, times, search, change, open}: ChartsProps) {
  const grid = useMemo(() => gridOf(answer, view.group), [answer, view.group]);
  const evaluators = useMemo(() => evaluatorsOf(answer), [answer]);
  const first = search.get('time') === 'first';
  const percentile = percentiles.find((one) => one === search.get('p')) ?? 'p50';
  const evaluator = evaluators.find((one) => one.key === search.get('evaluator')) ?? evaluators[0];
  const grouped = view.group !== null;
  const all = useMemo(
    () => chartSeries(grid, times, grouped, first, percentile, evaluator?.key, evaluators),
    [grid, times, grouped, first, percentile, evaluator, evaluators],
  );
  const formatTime = useMemo(() => (time: number) => bucketName(time, view.bucket), [view.bucket]);

  const pick =
    (narrowed: boolean, more = {}) =>
    ({index, series}: ChartPick) => {
      const begin = times[index]!;
      const member = narrowed && series !== null ? grid.members[series]?.filters : null;
      open(
        spansPath(
          {...view.filters, ...member, ...more},
          begin,
          Math.min(begin + bucketMs[view.bucket], view.to ?? Infinity),
        ),
      );
    };
  const chart = (
    series: ChartSeries[],
    label: string,
    format: (value: number | null | undefined) => string,
    more: {bars?: boolean; filters?: Record<string, string>} = {},
  ) => (
    <Chart
      series={series}
      times={times}
      format={format}
      height={chartHeight}
      label={label}
      formatTime={formatTime}
      bars={more.bars}
      onPick={pick(grouped, more.filters)}
      pickLabel="Open the spans of"
    />
  );

  return (
    <div className="analytics-grid">
      <ChartCard title="Cost" detail="US dollars">
        {chart(all.cost, 'Cost', formatMoney, {bars: !grouped})}
      </ChartCard>
      <ChartCard title="Requests">{chart(all.requests, 'Requests', formatCompact, {bars: !grouped})}</ChartCard>
      <ChartCard
        title={first ? 'Time to the first token' : 'Latency'}
        control={
          <div className="row">
            {grouped && (
              <SelectField
                label="Percentile"
                hideLabel
                value={percentile}
                onChange={(p: Percentile) => change({p: p === 'p50' ? null : p})}
                options={[
                  {value: 'p50', label: 'median (p50)'},
                  {value: 'p95', label: '95 % (p95)'},
                  {value: 'p99', label: '99 % (p99)'},
                ]}
              />
            )}
            <SelectField
              label="Kind of time"
              hideLabel
              value={first ? 'first' : 'whole'}
              onChange={(time) => change({time: time === 'first' ? time : null})}
              options={[
                {value: 'whole', label: 'whole answer'},
                {value: 'first', label: 'first token'},
              ]}
            />
          </div>
        }>
        {chart(all.latency, first ? 'Time to the first token' : 'Latency', formatLatency)}
      </ChartCard>
      <ChartCard title="Tokens">{chart(all.tokens, 'Tokens', formatCompact)}</ChartCard>
      <ChartCard title="Errors" detail="share of requests">
        {chart(all.errors, 'Errors', formatPercent, {filters: {status: 'ERROR'}})}
      </ChartCard>
      <ChartCard
        title="Quality"
        detail={evaluator ? 'mean of evaluations' : undefined}
        control={
          grouped &&
          evaluators.length > 1 &&
          evaluator && (
            <SelectField
              label="Evaluator"
              hideLabel
              value={evaluator.key}
              onChange={(key) => change({evaluator: key})}
              options={evaluators.map((one) => ({value: one.key, label: one.name}))}
            />
          )
        }>
        {!answer.evaluationsComplete && (
          <Note tone="warn">
            Only the newest evaluations are counted here, 10,000 at most. Choose a shorter time to see all.
          </Note>
        )}
        {evaluator ? (
          chart(all.quality, 'Quality', formatScore)
        ) : (
          <div className="analytics-none">
            <EmptyState title="Nothing was evaluated in this time">
              Open a span and mark its answer good or bad, or send evaluations from your application.
            </EmptyState>
          </div>
        )}
      </ChartCard>
    </div>
  );
}

function chartSeries(
  grid: Grid,
  times: number[],
  grouped: boolean,
  first: boolean,
  percentile: Percentile,
  evaluator: string | undefined,
  evaluators: {key: string; name: string}[],
) {
  const timing = (row: Schemas['Measures']) => (first ? row.timeToFirstTokenMs : row.latencyMs);
  const one = (label: string, value: Value, empty: number | null) =>
    grouped ? seriesByGroup(grid, times, value, empty) : seriesByMeasure(grid, times, {[label]: value}, empty);
  return {
    cost: one('Cost', (row) => row.cost, 0),
    requests: one('Requests', (row) => row.requests, 0),
    errors: one('Errors', errorShare, null),
    tokens: grouped
      ? one('Tokens', (row) => row.totalTokens, 0)
      : seriesByMeasure(grid, times, {Input: (row) => row.inputTokens, Output: (row) => row.outputTokens}, 0),
    latency: grouped
      ? one('Latency', (row) => timing(row)?.[percentile], null)
      : seriesByMeasure(
          grid,
          times,
          Object.fromEntries(
            percentiles.map((p) => [p === 'p50' ? 'Median' : p, (row) => timing(row)?.[p]] as [string, Value]),
          ),
          null,
        ),
    quality:
      grouped && evaluator
        ? one('Quality', meanOf(evaluator), null)
        : seriesByMeasure(grid, times, Object.fromEntries(evaluators.map(({key, name}) => [name, meanOf(key)])), null),
  };
}

export function BudgetNote({answer, change}: {answer: Schemas['Analytics']; change: (from: string) => void}) {
  if (answer.complete || !answer.scannedFrom) return null;
  const from = answer.scannedFrom;
  return (
    <Note
      tone="warn"
      actions={
        <button type="button" className="button small default" onClick={() => change(from)}>
          Show only what was counted
        </button>
      }>
      These figures are not complete: counting stopped after two seconds, and covers spans since {formatDateTime(from)}.
      Choose a shorter time, or fewer filters, to see everything.
    </Note>
  );
}
