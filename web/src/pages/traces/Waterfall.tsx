// The tree of a trace with a bar for each span. Only the rows in sight exist; one row is current, and the arrow keys
// move it as they do in any tree.
import {useVirtualizer} from '@tanstack/react-virtual';
import {ChevronRight} from 'lucide-react';
import {memo, useEffect, useMemo, useRef, type KeyboardEvent} from 'react';
import {formatLatency, formatNumber} from '../../ui';
import {kindNames, nameOf} from '../spans/columns';
import {ticks, type TreeRow} from './tree';

const rowHeight = 32;
const indentMax = 14; // levels; deeper ones stay there, with their depth as a number

const percent = (part: number, whole: number) => (whole > 0 ? Math.min(100, Math.max(0, (part / whole) * 100)) : 0);
const rowId = (index: number) => `trace-row-${index}`;

const Row = memo(function Row({
  row,
  index,
  top,
  total,
  current,
  chosen,
  open,
  hit,
  onChoose,
  onFold,
}: {
  row: TreeRow;
  index: number;
  top: number;
  total: number;
  current: boolean; // of the keyboard
  chosen: boolean; // shown at the side
  open: boolean | null; // null: nothing to fold
  hit: boolean; // of the search
  onChoose: (index: number) => void;
  onFold: (index: number) => void;
}) {
  const {span} = row;
  const left = Math.min(99.6, percent(row.start, total));
  const width = Math.min(Math.max(0.4, percent(span.latencyMs, total)), 100 - left);
  const failed = span.status === 'ERROR';
  const name = nameOf(span);
  return (
    <div
      role="treeitem"
      id={rowId(index)}
      aria-level={row.depth + 1}
      aria-selected={chosen}
      aria-expanded={open ?? undefined}
      aria-label={`${name}, ${kindNames[span.spanKind]}, ${formatLatency(span.latencyMs)}${failed ? ', failed' : ''}`}
      className={`trace-row ${current ? 'current' : ''} ${chosen ? 'chosen' : ''} ${hit ? 'hit' : ''}`}
      style={{transform: `translateY(${top}px)`}}
      onClick={() => onChoose(index)}>
      <div className="trace-name" style={{paddingLeft: 6 + Math.min(row.depth, indentMax) * 16}}>
        <span
          className={`trace-fold ${open ? 'open' : ''}`}
          aria-hidden
          onClick={
            open === null
              ? undefined
              : (event) => {
                  event.stopPropagation();
                  onFold(index);
                }
          }>
          {open !== null && <ChevronRight size={14} />}
        </span>
        {row.depth > indentMax && <span className="faint small">{row.depth}</span>}
        <span className={`kind-dot kind-${span.spanKind}`} title={kindNames[span.spanKind]} />
        <bdi className="truncate" title={name.slice(0, 300)}>
          {name}
        </bdi>
        {failed && (
          <span className="status-mark bad" title="Failed">
            !
          </span>
        )}
        {open === false && <span className="badge">{formatNumber(row.end - index - 1)}</span>}
      </div>
      <div className="trace-time">
        <div
          className={`trace-bar kind-${span.spanKind} ${failed ? 'failed' : ''}`}
          style={{left: `${left}%`, width: `${width}%`}}
        />
      </div>
      <span className="trace-latency number">{formatLatency(span.latencyMs)}</span>
    </div>
  );
});

export function Waterfall({
  rows,
  visible,
  total,
  folded,
  hits,
  current,
  chosen,
  onCurrent,
  onChoose,
  onFold,
}: {
  rows: TreeRow[];
  visible: number[]; // indexes of rows
  total: number; // ms
  folded: ReadonlySet<string>;
  hits: ReadonlySet<number>;
  current: number; // index of a row
  chosen: number;
  onCurrent: (index: number) => void;
  onChoose: (index: number) => void;
  onFold: (index: number) => void;
}) {
  const box = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: visible.length,
    getScrollElement: () => box.current,
    estimateSize: () => rowHeight,
    overscan: 16,
    scrollPaddingStart: 30,
    getItemKey: (position) => visible[position]!,
  });
  const position = useMemo(() => visible.indexOf(current), [visible, current]);
  useEffect(() => {
    if (position >= 0) virtual.scrollToIndex(position);
  }, [position, virtual]);
  const scale = useMemo(() => ticks(total), [total]);

  const press = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const row = rows[current];
    const page = Math.max(1, Math.floor((box.current?.clientHeight ?? 0) / rowHeight) - 2);
    const go = (to: number) => onCurrent(visible[Math.min(Math.max(to, 0), visible.length - 1)]!);
    const open = row && row.childCount > 0 && !folded.has(row.span.spanId);
    switch (event.key) {
      case 'ArrowDown':
        go(position + 1);
        break;
      case 'ArrowUp':
        go(position - 1);
        break;
      case 'PageDown':
        go(position + page);
        break;
      case 'PageUp':
        go(position - page);
        break;
      case 'Home':
        go(0);
        break;
      case 'End':
        go(visible.length - 1);
        break;
      case 'ArrowRight':
        if (!row || row.childCount === 0) return;
        if (open) go(position + 1);
        else onFold(current);
        break;
      case 'ArrowLeft':
        if (open) onFold(current);
        else if (row && row.parent >= 0) onCurrent(row.parent);
        break;
      case 'Enter':
      case ' ':
        onChoose(current);
        break;
      default:
        return;
    }
    event.preventDefault();
  };

  const shownNow = virtual.getVirtualItems().some((item) => item.index === position);
  return (
    <div className="trace-box" ref={box}>
      <div className="trace-scale" aria-hidden>
        <div className="trace-name">Span</div>
        <div className="trace-time">
          {scale.map((tick) => (
            <span key={tick} style={{left: `${percent(tick, total)}%`}}>
              {formatLatency(tick)}
            </span>
          ))}
        </div>
        <span className="trace-latency number">Latency</span>
      </div>
      <div
        role="tree"
        aria-label="Spans of this trace"
        tabIndex={0}
        className="trace-tree"
        style={{height: virtual.getTotalSize()}}
        aria-activedescendant={shownNow ? rowId(current) : undefined}
        onKeyDown={press}>
        {virtual.getVirtualItems().map((item) => {
          const index = visible[item.index]!;
          const row = rows[index]!;
          return (
            <Row
              key={item.key}
              row={row}
              index={index}
              top={item.start}
              total={total}
              current={index === current}
              chosen={index === chosen}
              open={row.childCount === 0 ? null : !folded.has(row.span.spanId)}
              hit={hits.has(index)}
              onChoose={onChoose}
              onFold={onFold}
            />
          );
        })}
      </div>
    </div>
  );
}
