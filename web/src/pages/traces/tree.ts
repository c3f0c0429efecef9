// A trace as flat rows, made once: drawing, folding and searching 10,000 spans then need no recursion.
import type {Schemas} from '../../api/client';

export type Trace = Schemas['Trace'];
export type TraceSpan = Schemas['TraceSpan'];

export interface TreeRow {
  span: Omit<TraceSpan, 'children'>;
  depth: number;
  parent: number; // index of its row, -1 for a root
  end: number; // index after its last descendant
  childCount: number;
  start: number; // ms since the start of the trace
  text: string; // what a search looks at, in lower case
}

export function flatten(trace: Trace): TreeRow[] {
  const rows: TreeRow[] = [];
  const origin = microseconds(trace.startTime);
  // Depth first, children in their order; a mark on the stack closes its row.
  const stack: ({span: TraceSpan; depth: number; parent: number} | {close: number})[] = [];
  for (let i = trace.spans.length - 1; i >= 0; --i) stack.push({span: trace.spans[i]!, depth: 0, parent: -1});
  for (let next = stack.pop(); next; next = stack.pop()) {
    if ('close' in next) {
      rows[next.close]!.end = rows.length;
      continue;
    }
    const {span, depth, parent} = next;
    const {children, ...rest} = span;
    const index = rows.length;
    rows.push({
      span: rest,
      depth,
      parent,
      end: index + 1,
      childCount: children.length,
      start: Math.max(0, (microseconds(span.startTime) - origin) / 1000),
      text: `${span.name ?? ''}\n${span.model ?? ''}\n${span.promptSlug ?? ''}\n${span.spanId}\n${span.error ?? ''}`.toLowerCase(),
    });
    if (children.length === 0) continue;
    stack.push({close: index});
    for (let i = children.length - 1; i >= 0; --i) stack.push({span: children[i]!, depth: depth + 1, parent: index});
  }
  return rows;
}

// Date keeps milliseconds only; short spans need the digits behind them.
export function microseconds(iso: string): number {
  const ms = Date.parse(iso);
  const fraction = /\.\d{3}(\d{1,3})/.exec(iso)?.[1];
  return Number.isNaN(ms) ? 0 : ms * 1000 + (fraction ? Number(fraction.padEnd(3, '0')) : 0);
}

// The rows in sight: those below a folded one are not.
export function visibleRows(rows: TreeRow[], folded: ReadonlySet<string>): number[] {
  const visible: number[] = [];
  for (let i = 0; i < rows.length;) {
    const row = rows[i]!;
    visible.push(i);
    i = row.childCount > 0 && folded.has(row.span.spanId) ? row.end : i + 1;
  }
  return visible;
}

export function search(rows: TreeRow[], text: string): number[] {
  const wanted = text.trim().toLowerCase();
  if (!wanted) return [];
  const found: number[] = [];
  rows.forEach((row, i) => row.text.includes(wanted) && found.push(i));
  return found;
}

// Ids of the rows above one, so that it can be brought into sight.
export function ancestors(rows: TreeRow[], index: number): string[] {
  const ids: string[] = [];
  for (let at = rows[index]?.parent ?? -1; at >= 0; at = rows[at]!.parent) ids.push(rows[at]!.span.spanId);
  return ids;
}

// Moments for the scale above the waterfall: at most `most` of them, at round distances.
export function ticks(totalMs: number, most = 5): number[] {
  if (totalMs <= 0) return [0];
  const rough = totalMs / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough) ?? rough;
  const list: number[] = [];
  for (let i = 0; i * step < totalMs * 0.97; ++i) list.push(i * step);
  return list;
}
