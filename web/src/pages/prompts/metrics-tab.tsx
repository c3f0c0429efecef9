// How a prompt does: over time, and version by version.
import {Activity} from 'lucide-react';
import {useMemo} from 'react';
import {Link, useSearchParams} from 'wouter';
import {Badge, EmptyState, ErrorNote, Note, SelectField, Skeleton, Stat, Stats, formatCompact, formatDateTime,
  formatLatency, formatMoney,
  formatNumber, formatPercent} from '../../ui';
import {Chart} from '../../ui/Chart';
import {errorRate, quality, ranges, usePromptHistory, useVersionFigures, type Measures, type Prompt,
  type Range} from './data';
import './versions.css';

const mean = (value: number) => value.toLocaleString(undefined, {maximumFractionDigits: 2});

function Row({name, labels, figures, href}: {name: string; labels: string[]; figures: Measures; href: string}) {
  const rate = errorRate(figures);
  const evaluated = quality(figures);
  const perRun = figures.requests && typeof figures.cost === 'number' ? figures.cost / figures.requests : null;
  return (
    <tr>
      <th scope="row"><Link href={href}>{name}</Link> {labels.map((label) => <Badge key={label}>{label}</Badge>)}</th>
      <td className="number">{formatNumber(figures.requests)}</td>
      <td className={`number ${rate ? 'has-errors' : ''}`}>{rate === null ? '–' : formatPercent(rate)}</td>
      <td className="number">{formatMoney(figures.cost)}</td>
      <td className="number">{formatMoney(perRun)}</td>
      <td className="number">{formatLatency(figures.latencyMs?.p50)}</td>
      <td className="number">{formatLatency(figures.latencyMs?.p95)}</td>
      <td className="number">{formatCompact(figures.totalTokens)}</td>
      <td className="number">
        {evaluated ? <>{mean(evaluated.mean)} <span className="faint">of {evaluated.count}</span></> : '–'}
      </td>
    </tr>
  );
}

function Charts({prompt, range}: {prompt: Prompt; range: Range}) {
  const history = usePromptHistory(prompt.slug, range);
  const data = useMemo(() => {
    const rows = (history.data?.rows ?? []).filter((row) => row.bucket !== null);
    return {
      times: rows.map((row) => Date.parse(row.bucket!)),
      runs: [{label: 'Runs', values: rows.map((row) => row.requests ?? 0)}],
      cost: [{label: 'Cost', values: rows.map((row) => row.cost ?? null)}],
      latency: [
        {label: 'p50', values: rows.map((row) => row.latencyMs?.p50 ?? null)},
        {label: 'p95', values: rows.map((row) => row.latencyMs?.p95 ?? null)},
      ],
    };
  }, [history.data]);
  if (history.isPending) return <div className="metric-charts">{[0, 1, 2].map((i) => <Skeleton key={i}
    height={250} />)}</div>;
  if (history.error) return <ErrorNote error={history.error} onRetry={() => void history.refetch()} />;
  return (
    <div className="metric-charts">
      {history.data && !history.data.complete && (
        <Note>Only spans since {formatDateTime(history.data.scannedFrom)} were counted.</Note>
      )}
      <section className="card" aria-label="Runs"><div className="card-body"><h3>Runs</h3>
        <Chart label="Runs over time" series={data.runs} times={data.times} height={150} bars /></div></section>
      <section className="card" aria-label="Cost"><div className="card-body"><h3>Cost</h3>
        <Chart label="Cost over time" series={data.cost} times={data.times} height={150}
          format={formatMoney} bars /></div></section>
      <section className="card" aria-label="Latency"><div className="card-body"><h3>Latency</h3>
        <Chart label="Latency over time" series={data.latency} times={data.times} height={150}
          format={formatLatency} /></div></section>
    </div>
  );
}

export default function MetricsTab({prompt}: {prompt: Prompt}) {
  const [params, setParams] = useSearchParams();
  const range = ranges.find((each) => each.value === params.get('range'))?.value ?? '30d';
  const figures = useVersionFigures(prompt.slug, range);
  const total = figures.data?.total;
  const rate = errorRate(total);
  const evaluated = quality(total);
  const versions = [...(figures.data?.versions ?? [])].sort(([a], [b]) => b - a);
  const labelsOf = (version: number) => Object.keys(prompt.labels).filter((label) => prompt.labels[label] === version);
  return (
    <div className="column wide">
      <div className="row between wrapping metric-tools">
        <SelectField label="Time" hideLabel value={range} options={ranges}
          onChange={(value) => setParams({range: value}, {replace: true})} />
        <Link href={`/spans?promptSlug=${prompt.slug}`} className="row tight-link"><Activity
          size={14} aria-hidden />Its spans</Link>
      </div>
      {figures.isPending ? <Skeleton height={330} /> : figures.error ? (
        <ErrorNote error={figures.error} onRetry={() => void figures.refetch()} />
      ) : !total?.requests ? (
        <EmptyState icon={<Activity size={20} />} title="No runs in this time">
          Run it in the editor or from your code, and its cost, latency and errors are shown here for each version.
        </EmptyState>
      ) : (
        <>
          <Stats>
            <Stat label="Runs" value={formatNumber(total.requests)} />
            <Stat label="Cost" value={formatMoney(total.cost)}
              detail={total.costStatus === 'unknown' ? 'some prices are not known' : undefined} />
            <Stat label="Errors" value={rate === null ? '–' : formatPercent(rate)}
              detail={formatNumber(total.errors)} />
            <Stat label="Latency p50" value={formatLatency(total.latencyMs?.p50)} />
            <Stat label="Latency p95" value={formatLatency(total.latencyMs?.p95)} />
            <Stat label="Quality" value={evaluated ? mean(evaluated.mean) : '–'}
              detail={evaluated ? `${formatNumber(evaluated.count)} judged` : 'nothing judged yet'} />
          </Stats>
          <Charts prompt={prompt} range={range} />
          <div className="table-box" tabIndex={0} role="region" aria-label="Figures of each version">
            <table className="table version-table">
              <thead><tr>
                <th scope="col">Version</th><th scope="col" className="number">Runs</th><th scope="col"
                  className="number">Errors</th>
                <th scope="col" className="number">Cost</th><th scope="col" className="number">Cost a run</th>
                <th scope="col" className="number">p50</th><th scope="col" className="number">p95</th>
                <th scope="col" className="number">Tokens</th><th scope="col" className="number">Quality</th>
              </tr></thead>
              <tbody>
                {versions.map(([version, row]) => (
                  <Row key={version} name={`Version ${version}`} labels={labelsOf(version)} figures={row}
                    href={`/prompts/${prompt.slug}/versions?to=${version}`} />
                ))}
                {figures.data?.unsaved && <Row name="Unsaved drafts" labels={[]} figures={figures.data.unsaved}
                  href={`/prompts/${prompt.slug}`} />}
              </tbody>
            </table>
          </div>
        </>
      )}
    </div>
  );
}
