// The table of spans: only the rows in sight exist. The whole row is a link; the arrow keys walk from row to row.
import {useVirtualizer} from '@tanstack/react-virtual';
import {memo, useEffect, useMemo, useRef, type KeyboardEvent, type ReactNode, type RefObject} from 'react';
import {Link} from 'wouter';
import {nameOf, StatusMark, type Column, type Summary} from './columns';

const rowHeight = 38;

export const spanPath = (span: Pick<Summary, 'spanId' | 'traceId'>, words = '') => {
  const params = new URLSearchParams({trace: span.traceId});
  if (words) params.set('q', words);
  return `/spans/${span.spanId}?${params}`;
};

const Row = memo(function Row({
  span,
  index,
  top,
  columns,
  template,
  fresh,
  words,
}: {
  span: Summary;
  index: number;
  top: number;
  columns: Column[];
  template: string;
  fresh: boolean;
  words: string;
}) {
  const name = nameOf(span);
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      className={`grid-row ${fresh ? 'fresh' : ''}`}
      style={{gridTemplateColumns: template, transform: `translateY(${top}px)`}}>
      <div role="cell" className="grid-cell name">
        <StatusMark status={span.status} />
        <Link href={spanPath(span, words)} className="row-link truncate" data-row={index}>
          <bdi>{name}</bdi>
        </Link>
      </div>
      {columns.map((column) => (
        <div key={column.key} role="cell" className={`grid-cell ${column.number ? 'number' : 'truncate'}`}>
          {column.cell(span)}
        </div>
      ))}
    </div>
  );
});

export function SpanTable({
  spans,
  columns,
  words,
  freshIds,
  box,
  onNearEnd,
  footer,
  onKeyboard,
}: {
  spans: Summary[];
  columns: Column[];
  words: string; // marked on the page of a span
  freshIds: ReadonlySet<string>;
  box: RefObject<HTMLDivElement | null>;
  onNearEnd: () => void;
  footer: ReactNode;
  onKeyboard?: (inside: boolean) => void; // whether a row has the focus
}) {
  const template = useMemo(
    () => ['minmax(min(180px, 30vw), 1.2fr)', ...columns.map((column) => column.width)].join(' '),
    [columns],
  );
  const virtual = useVirtualizer({
    count: spans.length,
    getScrollElement: () => box.current,
    estimateSize: () => rowHeight,
    overscan: 8,
    scrollPaddingStart: rowHeight,
    getItemKey: (index) => spans[index]!.id,
  });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (spans.length > 0 && last >= spans.length - 30) onNearEnd();
  }, [last, spans.length, onNearEnd]);

  const wanted = useRef<number | null>(null);
  useEffect(() => {
    if (wanted.current === null) return;
    const link = box.current?.querySelector<HTMLElement>(`[data-row="${wanted.current}"]`);
    if (!link) return;
    wanted.current = null;
    link.focus({preventScroll: true});
  });
  const walk = (event: KeyboardEvent) => {
    const row = (event.target as HTMLElement).dataset['row'];
    if (row === undefined) return;
    const at = Number(row);
    const page = Math.max(1, Math.floor((box.current?.clientHeight ?? 0) / rowHeight) - 2);
    const to = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      Home: 0,
      End: spans.length - 1,
      PageDown: at + page,
      PageUp: at - page,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    wanted.current = Math.min(Math.max(to, 0), spans.length - 1);
    virtual.scrollToIndex(wanted.current);
    box.current?.querySelector<HTMLElement>(`[data-row="${wanted.current}"]`)?.focus({preventScroll: true});
  };

  return (
    <div
      className="grid-box"
      ref={box}
      onKeyDown={walk}
      onFocus={() => onKeyboard?.(true)}
      onBlur={() => onKeyboard?.(false)}>
      <div role="table" aria-label="Spans" aria-rowcount={spans.length + 1} className="grid-table">
        <div role="rowgroup" className="grid-head">
          <div role="row" aria-rowindex={1} className="grid-row head" style={{gridTemplateColumns: template}}>
            <div role="columnheader" className="grid-cell">
              Name
            </div>
            {columns.map((column) => (
              <div key={column.key} role="columnheader" className={`grid-cell ${column.number ? 'number' : ''}`}>
                {column.label}
              </div>
            ))}
          </div>
        </div>
        <div role="rowgroup" className="grid-body" style={{height: virtual.getTotalSize()}}>
          {items.map((item) => (
            <Row
              key={item.key}
              span={spans[item.index]!}
              index={item.index}
              top={item.start}
              columns={columns}
              template={template}
              fresh={freshIds.has(spans[item.index]!.id)}
              words={words}
            />
          ))}
        </div>
      </div>
      <div className="grid-footer">{footer}</div>
    </div>
  );
}
