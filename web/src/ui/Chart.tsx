// Values over time, as lines or bars. The drawing (uPlot) is fetched when the first chart is shown; the legend switches
// series on and off, hovering tells the values, and the same figures are a table below, for keyboards and screen
// readers.
import {useMemo, useState} from 'react';
import {formatNumber} from './format';
import {later} from './later';
import './chart.css';

const Canvas = later(
  () => import('./chart-canvas'),
  () => <div className="skeleton chart-wait" role="status" aria-label="Loading" />,
);

export interface ChartSeries {
  label: string;
  values: (number | null)[]; // one for each of `times`; null: nothing was measured
}

export interface ChartPick {
  index: number; // in `times`
  series: number | null; // null: no line was near, or a whole row of the table
}

export interface ChartProps {
  series: ChartSeries[];
  times: number[]; // milliseconds since 1970, ascending. Memoise both: a new array is a new drawing
  format?: (value: number | null | undefined) => string;
  height?: number; // of the drawing alone
  label?: string; // what is shown, for those who do not see it
  bars?: boolean;
  formatTime?: (time: number) => string;
  onPick?: (pick: ChartPick) => void;
  pickLabel?: string; // what picking does, as in “Open spans of …”
}

// As many as there are colours that can be told apart.
export const chartSeriesMax = 8;
export const seriesColor = (index: number) => `var(--series-${(index % chartSeriesMax) + 1})`;

const timeFormat = new Intl.DateTimeFormat(undefined, {
  month: 'short',
  day: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
});
const defaultTime = (time: number) => timeFormat.format(time);

interface Hover {
  index: number;
  x: number;
  width: number;
}

function Tooltip({
  hover,
  times,
  series,
  hidden,
  format,
  formatTime,
}: Required<Pick<ChartProps, 'times' | 'series' | 'format' | 'formatTime'>> & {
  hover: Hover;
  hidden: ReadonlySet<string>;
}) {
  const right = hover.x > hover.width / 2;
  return (
    <div className="chart-tip" aria-hidden style={right ? {right: hover.width - hover.x + 12} : {left: hover.x + 12}}>
      <div className="chart-tip-time">{formatTime(times[hover.index]!)}</div>
      {series.map(
        (one, i) =>
          !hidden.has(one.label) && (
            <div key={one.label} className="chart-tip-line">
              <span className="chart-mark" style={{background: seriesColor(i)}} />
              <span className="grow truncate">{one.label}</span>
              <span className="number">{format(one.values[hover.index])}</span>
            </div>
          ),
      )}
    </div>
  );
}

function Legend({
  series,
  hidden,
  onToggle,
  onPoint,
}: {
  series: ChartSeries[];
  hidden: ReadonlySet<string>;
  onToggle: (label: string) => void;
  onPoint: (index: number | null) => void;
}) {
  return (
    <div className="chart-legend" role="group" aria-label="Shown in the chart">
      {series.map((one, i) => (
        <button
          key={one.label}
          type="button"
          className="chart-key"
          aria-pressed={!hidden.has(one.label)}
          onClick={() => onToggle(one.label)}
          onMouseEnter={() => onPoint(i)}
          onMouseLeave={() => onPoint(null)}
          onFocus={() => onPoint(i)}
          onBlur={() => onPoint(null)}>
          <span className="chart-mark" style={{background: seriesColor(i)}} aria-hidden />
          <span className="truncate">{one.label}</span>
        </button>
      ))}
    </div>
  );
}

function Figures({
  times,
  series,
  format,
  formatTime,
  label,
  onPick,
  pickLabel,
}: Required<Pick<ChartProps, 'times' | 'series' | 'format' | 'formatTime' | 'label' | 'pickLabel'>> &
  Pick<ChartProps, 'onPick'>) {
  const [open, setOpen] = useState(false);
  return (
    <details className="chart-figures" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>Figures</summary>
      {open && (
        <div className="table-box chart-table" tabIndex={0} role="region" aria-label={`Figures of ${label}`}>
          <table className="table">
            <thead>
              <tr>
                <th scope="col">Time</th>
                {series.map((one) => (
                  <th key={one.label} scope="col" className="number">
                    {one.label}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {times.map((time, index) => (
                <tr key={time}>
                  <th scope="row">
                    {onPick ? (
                      <button
                        type="button"
                        className="link-button"
                        title={`${pickLabel} ${formatTime(time)}`}
                        onClick={() => onPick({index, series: null})}>
                        {formatTime(time)}
                      </button>
                    ) : (
                      formatTime(time)
                    )}
                  </th>
                  {series.map((one) => (
                    <td key={one.label} className="number">
                      {format(one.values[index])}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </details>
  );
}

export function Chart({
  series,
  times,
  format = formatNumber,
  height = 200,
  label = 'the chart',
  bars = false,
  formatTime = defaultTime,
  onPick,
  pickLabel = 'Open',
}: ChartProps) {
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const [hover, setHover] = useState<Hover | null>(null);
  const [pointed, setPointed] = useState<number | null>(null);
  const shown = useMemo(() => series.map((one) => !hidden.has(one.label)), [series, hidden]);
  const toggle = (name: string) =>
    setHidden((before) => {
      const next = new Set(before);
      if (!next.delete(name)) next.add(name);
      return next;
    });
  const tip = hover && hover.index < times.length ? hover : null;
  return (
    <figure className="chart" aria-label={label}>
      <div className="chart-area" style={{height}}>
        <Canvas
          series={series}
          shown={shown}
          times={times}
          format={format}
          height={height}
          bars={bars}
          pointed={pointed}
          onHover={setHover}
          onPick={onPick}
        />
        {tip && (
          <Tooltip hover={tip} times={times} series={series} hidden={hidden} format={format} formatTime={formatTime} />
        )}
      </div>
      <div className="chart-foot">
        {series.length > 1 ? (
          <Legend series={series} hidden={hidden} onToggle={toggle} onPoint={setPointed} />
        ) : (
          <span />
        )}
        <Figures
          times={times}
          series={series}
          format={format}
          formatTime={formatTime}
          label={label}
          onPick={onPick}
          pickLabel={pickLabel}
        />
      </div>
    </figure>
  );
}
