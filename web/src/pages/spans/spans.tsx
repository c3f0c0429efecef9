// Every span of the project, newest first, by filters that live in the address.
import {keepPreviousData, useInfiniteQuery} from '@tanstack/react-query';
import {Activity, ArrowUp, Columns3, Download, Radio} from 'lucide-react';
import {useCallback, useMemo, useRef, useState} from 'react';
import {api, call} from '../../api/client';
import {useSession} from '../../api/session';
import {useUrlParams} from '../../shell/url';
import {
  Button,
  Checkbox,
  EmptyState,
  ErrorNote,
  formatDateTime,
  formatNumber,
  Menu,
  Note,
  PageHeader,
  plural,
  Popover,
  Skeleton,
  useFeedback,
} from '../../ui';
import {columns, useColumns} from './columns';
import {exportSpans} from './exporting';
import {FilterBar} from './FilterBar';
import {canFollow, chipsOf, clearFilters, queryOf, rangeOf, wordsOfAddress, type SpanQuery} from './filters';
import {SpanTable} from './SpanTable';
import {useTail} from './tail';
import './spans.css';

function useSpans(query: SpanQuery) {
  const {project} = useSession();
  return useInfiniteQuery({
    queryKey: ['spans', project.id, query],
    queryFn: ({pageParam, signal}) =>
      call(
        api.GET('/api/v1/spans', {
          params: {query: {...query, limit: 100, ...(pageParam ? {cursor: pageParam} : {})}},
          querySerializer: {array: {style: 'form', explode: false}},
          signal,
        }),
      ),
    initialPageParam: '',
    getNextPageParam: (page) => page.nextCursor,
    placeholderData: keepPreviousData,
    structuralSharing: false,
    refetchOnWindowFocus: false, // it would read every page again
  });
}

function ColumnChoice({chosen, toggle}: {chosen: string[]; toggle: (key: string, shown: boolean) => void}) {
  return (
    <Popover align="end" trigger={<Button icon={<Columns3 size={14} aria-hidden />}>Columns</Button>}>
      <fieldset className="column-choice">
        <legend className="legend">Columns</legend>
        {columns.map((column) => (
          <Checkbox
            key={column.key}
            label={column.label}
            checked={chosen.includes(column.key)}
            onChange={(shown) => toggle(column.key, shown)}
          />
        ))}
      </fieldset>
    </Popover>
  );
}

function ExportMenu({query}: {query: SpanQuery}) {
  const [count, setCount] = useState<number | null>(null);
  const abort = useRef<AbortController | null>(null);
  const {toast, toastError} = useFeedback();
  const start = async (format: 'ndjson' | 'csv') => {
    abort.current = new AbortController();
    setCount(0);
    try {
      toast(`${plural(await exportSpans(query, format, abort.current.signal, setCount), 'span')} exported.`);
    } catch (error) {
      if (!abort.current.signal.aborted) toastError(error);
    }
    setCount(null);
  };
  if (count !== null)
    return <Button onClick={() => abort.current?.abort()}>Exporting {formatNumber(count)}… Cancel</Button>;
  return (
    <Menu
      label="What the filters leave, with inputs and outputs"
      trigger={<Button icon={<Download size={14} aria-hidden />}>Export</Button>}
      items={[
        {label: 'CSV, for spreadsheets', onSelect: () => void start('csv')},
        {label: 'NDJSON, everything', hint: 'one JSON a line', onSelect: () => void start('ndjson')},
      ]}
    />
  );
}

function Nothing({filtered, onClear}: {filtered: boolean; onClear: () => void}) {
  if (filtered) {
    return (
      <EmptyState
        icon={<Activity size={20} />}
        title="No span matches"
        actions={<Button onClick={onClear}>Clear all filters</Button>}>
        Take a filter away, or look at a longer time.
      </EmptyState>
    );
  }
  return (
    <EmptyState icon={<Activity size={20} />} title="No spans yet">
      A span is one call of a model or a tool, with what went in and what came out. Run a prompt in the playground, or
      send your application’s calls through Tracia; they appear here within a second.
    </EmptyState>
  );
}

export default function Spans() {
  const [params, setParams] = useUrlParams();
  // "The last hour" is counted from when the filters were chosen, so that pages fit together.
  const query = useMemo(() => queryOf(params), [params]);
  const words = wordsOfAddress(params) || params.get('contains') || '';
  const spans = useSpans(query);
  const {shown, chosen, toggle} = useColumns();
  const box = useRef<HTMLDivElement>(null);
  const inRows = useRef(false);
  const live = params.has('live') && canFollow(query);
  const tail = useTail(live, query, () => (box.current?.scrollTop ?? 0) < 8 && !inRows.current);

  const pages = spans.data?.pages;
  const rows = useMemo(() => {
    const listed = pages?.flatMap((page) => page.spans) ?? [];
    if (tail.rows.length === 0) return listed;
    const ids = new Set(tail.rows.map((span) => span.id));
    return [...tail.rows, ...listed.filter((span) => !ids.has(span.id))];
  }, [pages, tail.rows]);

  // A page that the server ended early because its time was up: only a person decides to look further.
  const lastPage = pages?.at(-1);
  const lookedTo = lastPage?.scannedTo && lastPage.spans.length < 100 && lastPage.hasMore ? lastPage.scannedTo : null;
  const {hasNextPage, isFetchingNextPage, fetchNextPage, isFetchNextPageError} = spans;
  const more = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage && !lookedTo && !isFetchNextPageError) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, lookedTo, isFetchNextPageError, fetchNextPage]);

  const filtered = chipsOf(params).length > 0 || rangeOf(params) !== 'all' || wordsOfAddress(params) !== '';
  const footer = (
    <div className="row wrapping">
      {isFetchingNextPage ? (
        <span role="status">Loading more…</span>
      ) : (
        <span>
          {plural(rows.length, 'span')}
          {hasNextPage ? ', more below' : ''}
        </span>
      )}
      {isFetchNextPageError && <ErrorNote error={spans.error} onRetry={() => void fetchNextPage()} />}
      {lookedTo && !isFetchingNextPage && (
        <>
          <span>Looked back to {formatDateTime(lookedTo)}; there may be more before that.</span>
          <Button size="small" onClick={() => void fetchNextPage()}>
            Look further back
          </Button>
        </>
      )}
    </div>
  );
  const showNew = () => {
    box.current?.scrollTo({top: 0});
    tail.showWaiting();
  };

  return (
    <div className="page full spans-page">
      <PageHeader
        title="Spans"
        actions={
          <>
            <Button
              icon={<Radio size={14} aria-hidden />}
              className={live ? 'live-on' : ''}
              aria-pressed={live}
              disabled={!canFollow(query)}
              title={
                canFollow(query)
                  ? 'Show spans as they are stored'
                  : 'Search, variables, attributes, experiments and an end date cannot be followed live'
              }
              onClick={() => setParams((next) => (live ? next.delete('live') : next.set('live', '1')))}>
              {live ? 'Live' : 'Go live'}
            </Button>
            <ColumnChoice chosen={chosen} toggle={toggle} />
            <ExportMenu query={query} />
          </>
        }
      />
      <FilterBar params={params} setParams={setParams} />
      {live && tail.error !== null && <ErrorNote error={tail.error} />}
      {live && tail.missed > 0 && (
        <Note tone="warn">
          {plural(tail.missed, 'span')} came faster than this page could follow. Reload to see them.
        </Note>
      )}
      <div className={`spans-area ${spans.isPlaceholderData ? 'stale' : ''}`}>
        {tail.waiting > 0 && (
          <Button
            variant="primary"
            size="small"
            className="new-pill"
            icon={<ArrowUp size={13} aria-hidden />}
            onClick={showNew}>
            {formatNumber(tail.waiting)} new
          </Button>
        )}
        {spans.isPending ? (
          <div className="grid-box">
            <Skeleton lines={16} />
          </div>
        ) : !pages ? (
          <ErrorNote error={spans.error} onRetry={() => void spans.refetch()} />
        ) : spans.isError && !isFetchNextPageError && !spans.isPlaceholderData && rows.length === 0 ? (
          <ErrorNote error={spans.error} onRetry={() => void spans.refetch()} />
        ) : rows.length === 0 && !lookedTo ? (
          <Nothing filtered={filtered} onClear={() => setParams(clearFilters)} />
        ) : (
          <SpanTable
            spans={rows}
            columns={shown}
            words={words}
            freshIds={tail.freshIds}
            box={box}
            onNearEnd={more}
            footer={footer}
            onKeyboard={(inside) => {
              inRows.current = inside;
            }}
          />
        )}
      </div>
    </div>
  );
}
