// The drawing of a chart, by uPlot. Only ui/Chart.tsx imports this, lazily.
import {useEffect, useRef, useState} from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import {seriesColor, type ChartPick, type ChartSeries} from './Chart';

interface CanvasProps {
  series: ChartSeries[];
  shown: boolean[];
  times: number[];
  format: (value: number | null | undefined) => string;
  height: number;
  bars: boolean;
  pointed: number | null; // the series that the legend points at
  onHover: (hover: {index: number; x: number; width: number} | null) => void;
  onPick?: (pick: ChartPick) => void;
}

const pickDistance = 28; // pixels between the pointer and the line that it means
const hourMs = 3_600_000;
const day = new Intl.DateTimeFormat(undefined, {month: 'short', day: 'numeric'});
const clock = new Intl.DateTimeFormat(undefined, {hour: '2-digit', minute: '2-digit'});

// A canvas knows nothing of custom properties, and those hold light-dark(): let an element work each colour out.
function resolve(element: HTMLElement, color: string): string {
  const probe = document.createElement('span');
  probe.style.color = color;
  element.append(probe);
  const resolved = getComputedStyle(probe).color;
  probe.remove();
  return resolved;
}

const faded = (color: string, share: number) => color.replace(/^rgb\((.*)\)$/, `rgba($1, ${share})`);

// Changes whenever light turns to dark or back.
function useThemeCount() {
  const [count, setCount] = useState(0);
  useEffect(() => {
    const changed = () => setCount((before) => before + 1);
    const observer = new MutationObserver(changed);
    observer.observe(document.documentElement, {attributes: true, attributeFilter: ['data-theme']});
    const dark = matchMedia('(prefers-color-scheme: dark)');
    dark.addEventListener('change', changed);
    return () => {
      observer.disconnect();
      dark.removeEventListener('change', changed);
    };
  }, []);
  return count;
}

// The line under the pointer, if one is near.
function nearestSeries(plot: uPlot, index: number): number | null {
  let best: number | null = null;
  let distance = pickDistance;
  for (let i = 1; i < plot.series.length; ++i) {
    const value = plot.data[i]?.[index];
    if (!plot.series[i]!.show || value === null || value === undefined) continue;
    const away = Math.abs(plot.valToPos(value, 'y') - (plot.cursor.top ?? -1));
    if (away < distance) {
      distance = away;
      best = i - 1;
    }
  }
  return best;
}

function axes(box: HTMLElement, format: CanvasProps['format']): uPlot.Axis[] {
  const text = resolve(box, 'var(--text-faint)');
  const line = resolve(box, 'var(--border)');
  const common = {stroke: text, font: `11px ${getComputedStyle(box).fontFamily}`, ticks: {show: false}};
  return [
    {
      ...common,
      grid: {show: false},
      space: 76,
      size: 24,
      values: (_plot, splits, _axis, _space, step) =>
        splits.map((time) => {
          const midnight = new Date(time).getHours() === 0 && new Date(time).getMinutes() === 0;
          return step >= 24 * hourMs || midnight ? day.format(time) : clock.format(time);
        }),
    },
    {
      ...common,
      grid: {stroke: line, width: 1},
      space: 40,
      values: (_plot, splits) => splits.map((value) => format(value)),
      size: (plot, values) =>
        Math.max(
          36,
          14 + Math.max(0, ...(values ?? []).map((value) => plot.ctx.measureText(value).width / devicePixelRatio)),
        ),
    },
  ];
}

// Where dots are drawn: everywhere on a line with few points, else where a value stands alone and no line shows it.
function dots(values: (number | null)[]): number[] {
  const few = values.length <= 45;
  const found: number[] = [];
  values.forEach((value, i) => {
    if (value !== null && (few || ((values[i - 1] ?? null) === null && (values[i + 1] ?? null) === null)))
      found.push(i);
  });
  return found;
}

function lines(box: HTMLElement, {series, shown, bars}: CanvasProps): uPlot.Series[] {
  const alone = series.length === 1;
  return series.map((one, i) => {
    const color = resolve(box, seriesColor(i));
    return {
      label: one.label,
      show: shown[i],
      stroke: color,
      width: bars ? 0 : 1.75,
      fill: bars ? faded(color, 0.85) : alone && !one.values.includes(null) ? faded(color, 0.1) : undefined,
      paths: bars ? uPlot.paths.bars!({size: [0.7, 28], radius: 0.12}) : undefined,
      points: {show: !bars, size: 5, fill: color, filter: () => dots(one.values)},
    };
  });
}

export default function Canvas(props: CanvasProps) {
  const {series, shown, times, format, height, bars, pointed} = props;
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const latest = useRef(props);
  latest.current = props;
  const theme = useThemeCount();

  useEffect(() => {
    const element = box.current!;
    const edge = bars && times.length > 1 ? (times[1]! - times[0]!) / 2 : 0;
    const made = new uPlot(
      {
        width: element.clientWidth,
        height,
        ms: 1,
        padding: [10, 8, 0, 0],
        legend: {show: false},
        cursor: {y: false, drag: {x: false, y: false}, points: {size: 7}, focus: {prox: pickDistance}},
        focus: {alpha: 0.25},
        scales: {
          x: {
            time: true,
            range: (_plot, min, max) => (min === max ? [min - hourMs, max + hourMs] : [min - edge, max + edge]),
          },
          y: {range: (_plot, _min, max) => [0, max > 0 ? max * 1.08 : 1]},
        },
        axes: axes(element, format),
        series: [{}, ...lines(element, {...latest.current, series, shown, bars})],
        hooks: {
          setCursor: [
            (self) => {
              const index = self.cursor.idx;
              latest.current.onHover(
                index === null || index === undefined
                  ? null
                  : {index, x: self.valToPos(times[index]!, 'x') + self.over.offsetLeft, width: element.clientWidth},
              );
            },
          ],
        },
      },
      [times, ...series.map((one) => one.values)],
      element,
    );
    const pick = () => {
      const index = made.cursor.idx;
      if (index !== null && index !== undefined) latest.current.onPick?.({index, series: nearestSeries(made, index)});
    };
    made.over.addEventListener('click', pick);
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize({width: element.clientWidth, height}));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [series, shown, times, format, height, bars, theme]);

  useEffect(() => {
    plot.current?.setSeries(pointed === null ? null : pointed + 1, {focus: pointed !== null});
  }, [pointed]);

  return <div ref={box} className={`chart-canvas ${props.onPick ? 'pickable' : ''}`} />;
}
