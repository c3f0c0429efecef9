// One trace: totals, tree with waterfall, search inside, and the chosen span at the side.
import {useQuery} from '@tanstack/react-query';
import {ChevronDown, ChevronsDownUp, ChevronsUpDown, ChevronUp, Search, X} from 'lucide-react';
import {useCallback, useMemo, useState, type KeyboardEvent} from 'react';
import {Link} from 'wouter';
import {api, ApiError, call} from '../../api/client';
import {useSession} from '../../api/session';
import {usePathId, useUrlParams} from '../../shell/url';
import {
  Button,
  CopyButton,
  EmptyState,
  ErrorNote,
  formatCompact,
  formatDateTime,
  formatLatency,
  formatNumber,
  IconButton,
  Note,
  PageHeader,
  Skeleton,
  Stat,
  Stats,
} from '../../ui';
import {CostValue, nameOf} from '../spans/columns';
import {SpanDetail} from '../spans/SpanDetail';
import {spanPath} from '../spans/SpanTable';
import {ancestors, flatten, search, visibleRows, type Trace} from './tree';
import {Waterfall} from './Waterfall';
import '../spans/spans.css';
import './traces.css';

function Totals({trace}: {trace: Trace}) {
  const {usage} = trace;
  return (
    <Stats>
      <Stat label="Duration" value={formatLatency(trace.latencyMs)} />
      <Stat label="Spans" value={formatNumber(trace.spanCount)} />
      <Stat
        label="Errors"
        value={trace.errorCount > 0 ? <span className="bad-text">{formatNumber(trace.errorCount)}</span> : '0'}
      />
      <Stat label="Cost" value={<CostValue cost={trace.cost} status={trace.costStatus} />} />
      <Stat label="Tokens" value={`${formatCompact(usage.inputTokens)} in, ${formatCompact(usage.outputTokens)} out`} />
      {trace.userId !== null && (
        <Stat
          label="End user"
          value={
            <Link href={`/users/${encodeURIComponent(trace.userId)}`}>
              <bdi>{trace.userId}</bdi>
            </Link>
          }
        />
      )}
      {trace.sessionId !== null && (
        <Stat
          label="Session"
          value={
            <Link href={`/sessions/${encodeURIComponent(trace.sessionId)}`}>
              <bdi>{trace.sessionId}</bdi>
            </Link>
          }
        />
      )}
    </Stats>
  );
}

const nothing: ReadonlySet<string> = new Set();

function TraceView({trace}: {trace: Trace}) {
  const [params, setParams] = useUrlParams();
  const rows = useMemo(() => flatten(trace), [trace]);
  const indexOf = useMemo(() => new Map(rows.map((row, i) => [row.span.spanId, i])), [rows]);
  const chosen = indexOf.get(params.get('span') ?? '') ?? -1;
  const [folded, setFolded] = useState<ReadonlySet<string>>(nothing);
  const [current, setCurrent] = useState(Math.max(0, chosen));
  const [text, setText] = useState('');
  const found = useMemo(() => search(rows, text), [rows, text]);
  const hits = useMemo(() => new Set(found), [found]);
  const visible = useMemo(() => visibleRows(rows, folded), [rows, folded]);
  // What is folded away cannot be current.
  const shown = useMemo(() => {
    const above = ancestors(rows, current)
      .filter((id) => folded.has(id))
      .pop();
    return above === undefined ? current : indexOf.get(above)!;
  }, [rows, current, folded, indexOf]);

  const fold = useCallback(
    (index: number) => {
      setFolded((now) => {
        const next = new Set(now);
        const id = rows[index]!.span.spanId;
        if (!next.delete(id)) next.add(id);
        return next;
      });
      setCurrent(index);
    },
    [rows],
  );
  const choose = useCallback(
    (index: number) => {
      setCurrent(index);
      setParams((next) => next.set('span', rows[index]!.span.spanId));
    },
    [rows, setParams],
  );
  const jump = (step: 1 | -1) => {
    if (found.length === 0) return;
    const at = found.indexOf(shown);
    const next =
      at >= 0
        ? (at + step + found.length) % found.length
        : step > 0
          ? Math.max(
              0,
              found.findIndex((index) => index > shown),
            )
          : found.length - 1;
    const index = found[next]!;
    setFolded((now) => {
      const above = ancestors(rows, index);
      return above.some((id) => now.has(id)) ? new Set([...now].filter((id) => !above.includes(id))) : now;
    });
    setCurrent(index);
  };
  const pressInSearch = (event: KeyboardEvent) => {
    if (event.key === 'Enter') {
      event.preventDefault();
      jump(event.shiftKey ? -1 : 1);
    } else if (event.key === 'Escape' && text) {
      event.stopPropagation();
      setText('');
    }
  };
  const close = () => setParams((next) => next.delete('span'));
  const chosenRow = rows[chosen];
  // Keys of dialogs come through React's tree too; they are not ours.
  const pressEscape = (event: KeyboardEvent) => {
    if (event.key === 'Escape' && chosenRow && event.currentTarget.contains(event.target as Node)) close();
  };
  const place = found.indexOf(shown);
  return (
    <>
      <Totals trace={trace} />
      {trace.truncated && <Note tone="warn">This trace has more than 10,000 spans; the first 10,000 are here.</Note>}
      <div className={`trace-area ${chosenRow ? 'with-side' : ''}`} onKeyDown={pressEscape}>
        <section className="trace-main" aria-label="Tree">
          <div className="trace-tools row">
            <div className="span-search">
              <Search size={14} aria-hidden />
              <input
                className="input"
                type="search"
                aria-label="Search in this trace"
                placeholder="Search in this trace…"
                value={text}
                onChange={(event) => setText(event.target.value)}
                onKeyDown={pressInSearch}
              />
            </div>
            {text.trim() && (
              <span className="faint small number" role="status">
                {found.length === 0
                  ? 'Nothing found'
                  : place < 0
                    ? `${formatNumber(found.length)} found`
                    : `${formatNumber(place + 1)} of ${formatNumber(found.length)}`}
              </span>
            )}
            <IconButton label="Previous hit" disabled={found.length === 0} onClick={() => jump(-1)}>
              <ChevronUp size={15} aria-hidden />
            </IconButton>
            <IconButton label="Next hit" disabled={found.length === 0} onClick={() => jump(1)}>
              <ChevronDown size={15} aria-hidden />
            </IconButton>
            <span className="grow" />
            <IconButton
              label="Fold all"
              onClick={() =>
                setFolded(new Set(rows.filter((row) => row.childCount > 0).map((row) => row.span.spanId)))
              }>
              <ChevronsDownUp size={15} aria-hidden />
            </IconButton>
            <IconButton label="Unfold all" disabled={folded.size === 0} onClick={() => setFolded(nothing)}>
              <ChevronsUpDown size={15} aria-hidden />
            </IconButton>
          </div>
          <Waterfall
            rows={rows}
            visible={visible}
            total={trace.latencyMs}
            folded={folded}
            hits={hits}
            current={shown}
            chosen={chosen}
            onCurrent={setCurrent}
            onChoose={choose}
            onFold={fold}
          />
        </section>
        {chosenRow && (
          <section className="trace-side" aria-label="Chosen span">
            <header className="row">
              <h2 className="truncate grow">
                <bdi>{nameOf(chosenRow.span)}</bdi>
              </h2>
              <Link className="button small" href={spanPath(chosenRow.span)}>
                Open page
              </Link>
              <IconButton size="small" label="Close span" onClick={close}>
                <X size={15} aria-hidden />
              </IconButton>
            </header>
            <div className="trace-side-body" tabIndex={0} role="group" aria-label="Span">
              <SpanDetail
                key={chosenRow.span.spanId}
                address={{spanId: chosenRow.span.spanId, traceId: trace.traceId}}
              />
            </div>
          </section>
        )}
      </div>
    </>
  );
}

const back = <Link href="/traces">← Traces</Link>;

export default function TracePage(_: {id: string}) {
  const id = usePathId();
  const {project} = useSession();
  const trace = useQuery({
    queryKey: ['trace', project.id, id],
    queryFn: ({signal}) => call(api.GET('/api/v1/traces/{traceId}', {params: {path: {traceId: id}}, signal})),
    structuralSharing: false,
    refetchOnWindowFocus: false,
  });
  if (trace.error && !trace.data) {
    return (
      <div className="page">
        <PageHeader title="Trace" back={back} />
        {trace.error instanceof ApiError && trace.error.status === 404 ? (
          <EmptyState
            title="There is no such trace"
            actions={
              <Link className="button" href="/traces">
                All traces
              </Link>
            }>
            Its spans may have been deleted, or have grown older than this project keeps spans.
          </EmptyState>
        ) : (
          <ErrorNote error={trace.error} onRetry={() => void trace.refetch()} />
        )}
      </div>
    );
  }
  if (!trace.data)
    return (
      <div className="page full">
        <PageHeader title="Trace" back={back}>
          &nbsp;
        </PageHeader>
        <Skeleton height={44} />
        <Skeleton lines={14} />
      </div>
    );
  const name = trace.data.name ?? id;
  return (
    <div className="page full trace-page">
      <PageHeader
        title={<bdi>{name}</bdi>}
        name={name.slice(0, 100)}
        back={back}
        actions={
          <Button onClick={() => void trace.refetch()} busy={trace.isFetching}>
            Refresh
          </Button>
        }>
        <div className="row wrapping">
          <time dateTime={trace.data.startTime}>{formatDateTime(trace.data.startTime)}</time>
          <span className="row trace-id">
            <code className="truncate">{id}</code>
            <CopyButton text={id} label="Copy trace id" />
          </span>
        </div>
      </PageHeader>
      <TraceView trace={trace.data} />
    </div>
  );
}
