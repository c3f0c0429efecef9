// Traces, most recently started first. The address says the filters, by the API's own names.
import {keepPreviousData, useInfiniteQuery} from '@tanstack/react-query';
import {GitFork} from 'lucide-react';
import {useMemo} from 'react';
import {Link} from 'wouter';
import {api, call, type Schemas} from '../../api/client';
import {useSession} from '../../api/session';
import {useUrlParams} from '../../shell/url';
import {
  Badge,
  Button,
  EmptyState,
  formatCompact,
  formatLatency,
  formatNumber,
  formatShortTime,
  PageHeader,
} from '../../ui';
import {ListTable, type ListColumn} from '../people/ListPage';
import {CostValue, StatusMark} from '../spans/columns';
import {FilterBar} from '../spans/FilterBar';
import {chipsOf, clearFilters, queryOf, rangeOf} from '../spans/filters';
import '../spans/spans.css';
import './traces.css';

type TraceSummary = Schemas['TraceSummary'];

const traceFilters = ['promptSlug', 'status', 'userId', 'sessionId', 'tags'] as const;

export const traceColumns: ListColumn<TraceSummary>[] = [
  {
    label: 'Name',
    cell: (trace) => (
      <div className="row">
        <StatusMark status={trace.status} />
        <Link className="list-link truncate" href={`/traces/${encodeURIComponent(trace.traceId)}`}>
          <bdi>{trace.name ?? trace.traceId}</bdi>
        </Link>
      </div>
    ),
  },
  {
    label: 'Started',
    secondary: true,
    cell: (trace) => (
      <time className="no-wrap" dateTime={trace.startTime}>
        {formatShortTime(trace.startTime)}
      </time>
    ),
  },
  {label: 'Duration', number: true, cell: (trace) => formatLatency(trace.latencyMs)},
  {label: 'Spans', number: true, cell: (trace) => formatNumber(trace.spanCount)},
  {
    label: 'Errors',
    number: true,
    secondary: true,
    cell: (trace) => (trace.errorCount > 0 ? <Badge tone="bad">{formatNumber(trace.errorCount)}</Badge> : '0'),
  },
  {label: 'Tokens', number: true, secondary: true, cell: (trace) => formatCompact(trace.usage.totalTokens)},
  {label: 'Cost', number: true, cell: (trace) => <CostValue cost={trace.cost} status={trace.costStatus} />},
  {
    label: 'End user',
    secondary: true,
    cell: (trace) =>
      trace.userId !== null && (
        <Link className="truncate soft" href={`/users/${encodeURIComponent(trace.userId)}`}>
          <bdi>{trace.userId}</bdi>
        </Link>
      ),
  },
  {
    label: 'Session',
    secondary: true,
    cell: (trace) =>
      trace.sessionId !== null && (
        <Link className="truncate soft" href={`/sessions/${encodeURIComponent(trace.sessionId)}`}>
          <bdi>{trace.sessionId}</bdi>
        </Link>
      ),
  },
];

export default function Traces() {
  const {project} = useSession();
  const [params, setParams] = useUrlParams();
  const query = useMemo(() => {
    const all = queryOf(params);
    const names = [...traceFilters, 'startDate', 'endDate'] as const;
    return Object.fromEntries(names.flatMap((name) => (all[name] === undefined ? [] : [[name, all[name]]])));
  }, [params]);
  const traces = useInfiniteQuery({
    queryKey: ['traces', project.id, query],
    queryFn: ({pageParam, signal}) =>
      call(
        api.GET('/api/v1/traces', {
          params: {query: {...query, limit: 50, ...(pageParam ? {cursor: pageParam} : {})}},
          querySerializer: {array: {style: 'form', explode: false}},
          signal,
        }),
      ),
    initialPageParam: '',
    getNextPageParam: (page) => page.nextCursor,
    placeholderData: keepPreviousData,
  });
  const items = useMemo(() => traces.data?.pages.flatMap((page) => page.traces) ?? [], [traces.data]);
  const filtered = chipsOf(params).length > 0 || rangeOf(params) !== 'all';
  return (
    <div className="page">
      <PageHeader title="Traces">
        Each trace is one request to your application, with every call that it made.
      </PageHeader>
      <FilterBar params={params} setParams={setParams} only={traceFilters} />
      <ListTable
        label="Traces"
        items={items}
        columns={traceColumns}
        keyOf={(trace) => trace.traceId}
        query={traces}
        empty={
          filtered ? (
            <EmptyState
              icon={<GitFork size={20} />}
              title="No trace matches"
              actions={<Button onClick={() => setParams(clearFilters)}>Clear all filters</Button>}>
              Take a filter away, or look at a longer time.
            </EmptyState>
          ) : (
            <EmptyState icon={<GitFork size={20} />} title="No traces yet">
              A trace gathers the spans of one request: model calls, tools, retrieval. Send the first one from your
              application, or run a prompt.
            </EmptyState>
          )
        }
      />
    </div>
  );
}
