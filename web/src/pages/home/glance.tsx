// For a project with runs: the last 24 hours, the last spans, the prompts most used, the experiments that run.
import type {ReactNode} from 'react';
import {Link} from 'wouter';
import {
  Ago,
  Badge,
  Card,
  ErrorNote,
  formatLatency,
  formatMoney,
  formatNumber,
  formatPercent,
  none,
  Note,
  Skeleton,
} from '../../ui';
import {SplitBar} from '../experiments/split';
import {useExperiments} from '../experiments/data';
import {usePrompts} from '../playground/pick';
import {useGlance, useLastSpans, useTopPrompts, type Glance} from './data';
import {Bars, Line} from './spark';

// How a figure moved since the day before. Colour only where less is plainly better.
export function changeOf(now: number | null | undefined, before: number | null | undefined): string | null {
  if (now === null || now === undefined || !before) return null;
  const change = now / before - 1;
  if (Math.abs(change) < 0.005) return 'as the day before';
  const size =
    Math.abs(change) >= 9.995 ? `${formatNumber(Math.round(now / before))} times` : formatPercent(Math.abs(change), 0);
  return Math.abs(change) >= 9.995
    ? `${size} the day before`
    : `${size} ${change > 0 ? 'more' : 'less'} than the day before`;
}

function Figure({
  label,
  value,
  detail,
  href,
  chart,
}: {
  label: string;
  value: ReactNode;
  detail: string | null;
  href: string;
  chart: ReactNode;
}) {
  return (
    <Link href={href} className="glance-figure">
      <span className="soft small">{label}</span>
      <span className="glance-value">{value}</span>
      <span className="faint small">{detail ?? 'nothing to compare with'}</span>
      {chart}
    </Link>
  );
}

function Figures({glance: {today, before, hours}}: {glance: Glance}) {
  const now = today.total;
  const share = now.requests ? (now.errors ?? 0) / now.requests : null;
  const costs = now.costStatus === 'estimated' ? 'about ' : '';
  return (
    <div className="glance-figures">
      <Figure
        label="Requests"
        value={formatNumber(now.requests)}
        detail={changeOf(now.requests, before.requests)}
        href="/analytics"
        chart={<Bars values={hours.map((hour) => hour.requests)} label="Requests in each of the last 24 hours" />}
      />
      <Figure
        label="Errors"
        value={
          <>
            {formatNumber(now.errors)} <span className="soft small">{formatPercent(share)}</span>
          </>
        }
        detail={before.errors ? changeOf(now.errors, before.errors) : before.requests ? 'none the day before' : null}
        href="/spans?status=ERROR"
        chart={
          <Bars
            values={hours.map((hour) => hour.requests)}
            marked={hours.map((hour) => hour.errors)}
            label="Errors among the requests in each of the last 24 hours"
          />
        }
      />
      <Figure
        label="Cost"
        value={`${costs}${formatMoney(now.cost)}`}
        detail={changeOf(Number(now.cost), Number(before.cost))}
        href="/analytics"
        chart={<Bars values={hours.map((hour) => hour.cost)} label="Cost in each of the last 24 hours" />}
      />
      <Figure
        label="95 % answered within"
        value={formatLatency(now.latencyMs?.p95)}
        detail={changeOf(now.latencyMs?.p95, before.latencyMs?.p95)}
        href="/analytics"
        chart={
          <Line
            values={hours.map((hour) => hour.p95)}
            label="95th percentile of latency in each of the last 24 hours"
          />
        }
      />
    </div>
  );
}

export function LastDay() {
  const query = useGlance();
  return (
    <section className="column" aria-label="Last 24 hours">
      <h2>Last 24 hours</h2>
      {query.error && <ErrorNote error={query.error} onRetry={() => void query.refetch()} />}
      {query.isLoading && <Skeleton height={142} />}
      {query.data && <Figures glance={query.data} />}
      {query.data && !query.data.complete && <Note>There are so many spans that not all of them were counted.</Note>}
    </section>
  );
}

export function LastSpans() {
  const query = useLastSpans();
  return (
    <Card
      title="Last spans"
      className="home-table"
      actions={
        <Link href="/spans" className="small">
          All spans
        </Link>
      }>
      {query.error && <ErrorNote error={query.error} onRetry={() => void query.refetch()} />}
      {query.isLoading && <Skeleton height={300} />}
      {query.data && (
        <table className="table plain">
          <thead className="visually-hidden">
            <tr>
              <th>Span</th>
              <th>Latency</th>
              <th>Cost</th>
              <th>When</th>
            </tr>
          </thead>
          <tbody>
            {query.data.spans.map((span) => (
              <tr key={span.spanId}>
                <td className="home-span">
                  <Link href={`/spans/${span.spanId}`} className="truncate">
                    {span.name ?? span.promptSlug ?? span.model ?? span.spanKind}
                  </Link>
                  <span className="row small faint">
                    {span.status === 'ERROR' && <Badge tone="bad">error</Badge>}
                    <span className="truncate">{span.model ?? span.spanKind}</span>
                  </span>
                </td>
                <td className="number soft">{formatLatency(span.latencyMs)}</td>
                <td className="number soft">{formatMoney(span.cost)}</td>
                <td className="number soft small">
                  <Ago time={span.startTime} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Card>
  );
}

export function TopPrompts() {
  const query = useTopPrompts();
  const names = new Map(usePrompts().data?.prompts.map((prompt) => [prompt.slug, prompt.name]));
  const most = Math.max(1, ...(query.data ?? []).map((row) => row.requests));
  return (
    <Card title="Prompts most used" className="home-table" actions={<span className="faint small">7 days</span>}>
      {query.error && <ErrorNote error={query.error} onRetry={() => void query.refetch()} />}
      {query.isLoading && <Skeleton height={170} />}
      {query.data?.length === 0 && <p className="soft home-none">No stored prompt was run in the last 7 days.</p>}
      {query.data && query.data.length > 0 && (
        <ul>
          {query.data.map((row) => (
            <li key={row.slug} className="home-prompt">
              <div className="row between">
                {names.has(row.slug) ? (
                  <Link href={`/prompts/${row.slug}`} className="truncate">
                    {names.get(row.slug)}
                  </Link>
                ) : (
                  <span className="truncate">{row.slug}</span>
                )}
                <span className="number soft small">
                  {formatNumber(row.requests)} · {row.cost === null ? none : formatMoney(row.cost)}
                </span>
              </div>
              <svg className="home-share" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden>
                <rect className="spark-bar" width={(row.requests / most) * 100} height="4" />
              </svg>
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

// Nothing at all when none runs.
export function RunningExperiments() {
  const query = useExperiments();
  const running = query.data?.experiments.filter(({experiment}) => experiment.status === 'running') ?? [];
  if (running.length === 0) return null;
  return (
    <Card
      title="Running experiments"
      className="home-table"
      actions={
        <Link href="/experiments" className="small">
          All experiments
        </Link>
      }>
      <ul>
        {running.slice(0, 5).map(({prompt, experiment}) => (
          <li key={experiment.id} className="home-prompt">
            <div className="row between">
              <Link href={`/experiments/${prompt.slug}/${experiment.id}`} className="truncate">
                {experiment.name}
              </Link>
              <span className="soft small truncate">{prompt.name}</span>
            </div>
            <SplitBar variants={experiment.variants} height={6} />
          </li>
        ))}
      </ul>
    </Card>
  );
}
