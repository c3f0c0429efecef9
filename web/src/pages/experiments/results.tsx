// The live results of an experiment: who saw what, and what difference it made.
import {Link} from 'wouter';
import {Badge, Card, Explain, formatDateTime, formatNumber, formatPercent, Note, plural} from '../../ui';
import {Interval} from './interval';
import {Mark} from './split';
import {figureOf, findingOf, formatRange, metrics, metricWords, reach, type Metric, type Results} from './words';

function spansOf(results: Results, key: string) {
  return `/spans?${new URLSearchParams({experimentId: results.experiment.id, variant: key})}`;
}

function Who({results}: {results: Results}) {
  const {experiment} = results;
  const units = results.variants.reduce((sum, variant) => sum + variant.units, 0);
  return (
    <Card title="Who got what">
      <div className="table-scroll" tabIndex={0} role="region" aria-label="Who got what">
        <table className="table plain">
          <thead>
            <tr>
              <th>Variant</th>
              <th>Version</th>
              <th className="number">
                Share{' '}
                <Explain word="Share">
                  <p>The share of users that was set, and the share that came.</p>
                </Explain>
              </th>
              <th className="number">
                Users{' '}
                <Explain word="Users">
                  <p>
                    What is counted as independent: the user; without one the session; without either the trace. One
                    user always gets the same variant.
                  </p>
                </Explain>
              </th>
              <th className="number">Runs</th>
              <th className="number">Rated</th>
              <th>
                <span className="visually-hidden">Its spans</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {results.variants.map((variant, i) => {
              const own = experiment.variants[i];
              return (
                <tr key={variant.key}>
                  <td>
                    <span className="row">
                      <Mark index={i} />
                      <b className="truncate">{variant.key}</b>
                      {i === 0 && <Badge>control</Badge>}
                      {results.winner === variant.key && <Badge tone="good">winner</Badge>}
                      {experiment.promotedVariant === variant.key && <Badge tone="accent">promoted</Badge>}
                    </span>
                  </td>
                  <td className="soft">
                    v{own?.version}
                    {own?.model && <> with {own.model}</>}
                  </td>
                  <td className="number">
                    {formatPercent(variant.expectedShare, 0)} set
                    <span className="soft">, {units > 0 ? formatPercent(variant.units / units) : '–'} came</span>
                  </td>
                  <td className="number">{formatNumber(variant.units)}</td>
                  <td className="number">{formatNumber(variant.runs)}</td>
                  <td className="number">{formatNumber(variant.evaluatedRuns)}</td>
                  <td className="number">
                    <Link href={spansOf(results, variant.key)} aria-label={`Spans of ${variant.key}`}>
                      Spans
                    </Link>
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </Card>
  );
}

function MetricRows({metric, results}: {metric: Metric; results: Results}) {
  const words = metricWords[metric];
  const rows = results.variants.map((variant, i) => ({
    variant,
    i,
    comparison: variant.comparisons.find((each) => each.metric === metric),
  }));
  const ends = reach(rows.flatMap(({comparison}) => (comparison ? [comparison] : [])));
  return (
    <tbody>
      {rows.map(({variant, i, comparison}) => {
        const finding = comparison && findingOf(comparison);
        return (
          <tr key={variant.key}>
            {i === 0 && (
              <th scope="rowgroup" rowSpan={rows.length} className="metric-name">
                <span className="row">
                  {words.label}
                  <Explain word={words.label}>
                    <p>{words.what}</p>
                  </Explain>
                </span>
                {results.experiment.primaryMetric === metric && <Badge tone="accent">decides</Badge>}
              </th>
            )}
            <td>
              <span className="row">
                <Mark index={i} />
                <span className="truncate">{variant.key}</span>
              </span>
            </td>
            <td className="number">{figureOf(metric, variant)}</td>
            <td className="interval-cell">{comparison && <Interval comparison={comparison} reach={ends} />}</td>
            <td className="number soft">
              {comparison?.difference && formatRange(metric, comparison.difference.low, comparison.difference.high)}
            </td>
            <td>
              {finding ? (
                <Badge tone={finding.tone}>{finding.text}</Badge>
              ) : (
                <span className="faint small">control</span>
              )}
            </td>
          </tr>
        );
      })}
    </tbody>
  );
}

function Differences({results}: {results: Results}) {
  const {primaryMetric} = results.experiment;
  const ordered = [...metrics].sort((a, b) => Number(b === primaryMetric) - Number(a === primaryMetric));
  return (
    <Card
      title={
        <span className="row">
          What difference it makes
          <Explain word="Range">
            <p>
              The bar is the range in which the true difference lies, with 95 % confidence or more. It holds however
              often you look, so look whenever you like, and stop when it is clear enough for you.
            </p>
            <p>
              The line in the middle is no difference. When the bar touches it, no difference is shown, which is no
              proof that there is none. The dot is the best guess.
            </p>
          </Explain>
        </span>
      }>
      <div className="table-scroll" tabIndex={0} role="region" aria-label="What difference it makes">
        <table className="table plain differences">
          <thead>
            <tr>
              <th>Metric</th>
              <th>Variant</th>
              <th className="number">A run, on average</th>
              <th className="interval-head">
                <span>less</span>
                <span>the control</span>
                <span>more</span>
              </th>
              <th className="number">Range</th>
              <th>Finding</th>
            </tr>
          </thead>
          {ordered.map((metric) => (
            <MetricRows key={metric} metric={metric} results={results} />
          ))}
        </table>
      </div>
    </Card>
  );
}

// What one must know before believing the figures.
function Warnings({results}: {results: Results}) {
  const notes = [
    results.crossedUnits > 0 &&
      `${plural(results.crossedUnits, 'user')} saw more than one variant, and ` +
        `${results.crossedUnits === 1 ? 'is' : 'are'} left out of the comparison.`,
    results.unknownVariantRuns > 0 &&
      `${plural(results.unknownVariantRuns, 'run')} ${results.unknownVariantRuns === 1 ? 'names' : 'name'} ` +
        'a variant that this experiment does not have.',
    !results.complete &&
      `Only the runs since ${formatDateTime(results.scannedTo)} were looked at, because there are very many. ` +
        'Take the ranges as a guide.',
  ].filter((text) => text !== false);
  if (notes.length === 0) return null;
  return (
    <Note tone="warn">
      {notes.map((text) => (
        <p key={text}>{text}</p>
      ))}
    </Note>
  );
}

export function ResultTables({results}: {results: Results}) {
  return (
    <>
      <Warnings results={results} />
      <Differences results={results} />
      <Who results={results} />
    </>
  );
}
