// Sessions, most recently active first.
import {keepPreviousData, useInfiniteQuery} from '@tanstack/react-query';
import {MessagesSquare} from 'lucide-react';
import {useMemo} from 'react';
import {Link} from 'wouter';
import {api, call, type Schemas} from '../../api/client';
import {useSession} from '../../api/session';
import {useUrlParams} from '../../shell/url';
import {Ago, Badge, Button, EmptyState, formatCompact, formatNumber, PageHeader} from '../../ui';
import {CostValue} from '../spans/columns';
import {FilterBar} from '../spans/FilterBar';
import {chipsOf, clearFilters, queryOf, rangeOf} from '../spans/filters';
import {ListTable, type ListColumn} from './ListPage';
import '../spans/spans.css';

type SessionSummary = Schemas['Session'];

const userColumn: ListColumn<SessionSummary> = {
  label: 'End user',
  secondary: true,
  cell: (session) =>
    session.userId !== null && (
      <Link className="truncate soft" href={`/users/${encodeURIComponent(session.userId)}`}>
        <bdi>{session.userId}</bdi>
      </Link>
    ),
};
export const sessionColumns: ListColumn<SessionSummary>[] = [
  {
    label: 'Session',
    cell: (session) => (
      <Link className="list-link truncate" href={`/sessions/${encodeURIComponent(session.sessionId)}`}>
        <bdi>{session.sessionId}</bdi>
      </Link>
    ),
  },
  {
    label: 'Last active',
    cell: (session) => (
      <span className="no-wrap">
        <Ago time={session.lastSpanAt} />
      </span>
    ),
  },
  {label: 'Turns', number: true, cell: (session) => formatNumber(session.traceCount)},
  {label: 'Spans', number: true, secondary: true, cell: (session) => formatNumber(session.spanCount)},
  {
    label: 'Errors',
    number: true,
    secondary: true,
    cell: (session) => (session.errorCount > 0 ? <Badge tone="bad">{formatNumber(session.errorCount)}</Badge> : '0'),
  },
  {label: 'Tokens', number: true, secondary: true, cell: (session) => formatCompact(session.usage.totalTokens)},
  {label: 'Cost', number: true, cell: (session) => <CostValue cost={session.cost} status={session.costStatus} />},
];

export function useSessions(query: {userId?: string; startDate?: string; endDate?: string}) {
  const {project} = useSession();
  return useInfiniteQuery({
    queryKey: ['sessions', project.id, query],
    queryFn: ({pageParam, signal}) =>
      call(
        api.GET('/api/v1/sessions', {
          params: {query: {...query, limit: 50, ...(pageParam ? {cursor: pageParam} : {})}},
          signal,
        }),
      ),
    initialPageParam: '',
    getNextPageParam: (page) => page.nextCursor,
    placeholderData: keepPreviousData,
  });
}

export default function Sessions() {
  const [params, setParams] = useUrlParams();
  const query = useMemo(() => {
    const {userId, startDate, endDate} = queryOf(params);
    return {...(userId && {userId}), ...(startDate && {startDate}), ...(endDate && {endDate})};
  }, [params]);
  const sessions = useSessions(query);
  const items = useMemo(() => sessions.data?.pages.flatMap((page) => page.sessions) ?? [], [sessions.data]);
  const filtered = chipsOf(params).length > 0 || rangeOf(params) !== 'all';
  return (
    <div className="page">
      <PageHeader title="Sessions">
        Conversations and visits: everything that your application marked with the same session.
      </PageHeader>
      <FilterBar params={params} setParams={setParams} only={['userId']} />
      <ListTable
        label="Sessions"
        items={items}
        columns={[sessionColumns[0]!, userColumn, ...sessionColumns.slice(1)]}
        keyOf={(session) => session.sessionId}
        query={sessions}
        empty={
          filtered ? (
            <EmptyState
              icon={<MessagesSquare size={20} />}
              title="No session matches"
              actions={<Button onClick={() => setParams(clearFilters)}>Clear all filters</Button>}>
              Look at a longer time, or at everyone.
            </EmptyState>
          ) : (
            <EmptyState icon={<MessagesSquare size={20} />} title="No sessions yet">
              Send a <code>sessionId</code> with each call, such as the id of a chat. Its calls are then read here as
              one conversation.
            </EmptyState>
          )
        }
      />
    </div>
  );
}
