// A range of likely differences, drawn against zero: left is less than the control, right is more.
import {formatDifference, type Comparison} from './words';

const width = 200;
const height = 28;

export function Interval({comparison, reach}: {comparison: Comparison; reach: number}) {
  const {difference, metric} = comparison;
  if (!difference || reach <= 0) {
    return (
      <svg className="interval" viewBox={`0 0 ${width} ${height}`} aria-hidden>
        <line className="interval-zero" x1={width / 2} x2={width / 2} y1={3} y2={height - 3} />
      </svg>
    );
  }
  const x = (value: number) => Math.min(width - 1, Math.max(1, ((value + reach) / (2 * reach)) * width));
  const words =
    `Between ${formatDifference(metric, difference.low)} and ${formatDifference(metric, difference.high)}, ` +
    `most likely ${formatDifference(metric, difference.estimate)}`;
  return (
    <svg className={`interval ${comparison.finding}`} viewBox={`0 0 ${width} ${height}`} role="img" aria-label={words}>
      <title>{words}</title>
      <line className="interval-zero" x1={width / 2} x2={width / 2} y1={3} y2={height - 3} />
      <rect
        className="interval-range"
        x={x(difference.low)}
        width={Math.max(2, x(difference.high) - x(difference.low))}
        y={10}
        height={8}
        rx={4}
      />
      <circle className="interval-dot" cx={x(difference.estimate)} cy={14} r={5} />
    </svg>
  );
}
