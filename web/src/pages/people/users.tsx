// End users of the applications, most recently active first.
import {keepPreviousData, useInfiniteQuery} from '@tanstack/react-query';
import {Users as UsersIcon} from 'lucide-react';
import {useMemo} from 'react';
import {Link} from 'wouter';
import {api, call, type Schemas} from '../../api/client';
import {useSession} from '../../api/session';
import {useUrlParams} from '../../shell/url';
import {Ago, Badge, Button, EmptyState, formatCompact, formatDay, formatNumber, PageHeader} from '../../ui';
import {CostValue} from '../spans/columns';
import {FilterBar} from '../spans/FilterBar';
import {clearFilters, queryOf, rangeOf} from '../spans/filters';
import {ListTable, type ListColumn} from './ListPage';
import '../spans/spans.css';

const columns: ListColumn<Schemas['User']>[] = [
  {
    label: 'End user',
    cell: (user) => (
      <Link className="list-link truncate" href={`/users/${encodeURIComponent(user.userId)}`}>
        <bdi>{user.userId}</bdi>
      </Link>
    ),
  },
  {
    label: 'Last active',
    cell: (user) => (
      <span className="no-wrap">
        <Ago time={user.lastSpanAt} />
      </span>
    ),
  },
  {
    label: 'First seen',
    secondary: true,
    cell: (user) => <span className="no-wrap">{formatDay(user.firstSpanAt)}</span>,
  },
  {label: 'Sessions', number: true, cell: (user) => formatNumber(user.sessionCount)},
  {label: 'Traces', number: true, secondary: true, cell: (user) => formatNumber(user.traceCount)},
  {
    label: 'Errors',
    number: true,
    secondary: true,
    cell: (user) => (user.errorCount > 0 ? <Badge tone="bad">{formatNumber(user.errorCount)}</Badge> : '0'),
  },
  {label: 'Tokens', number: true, secondary: true, cell: (user) => formatCompact(user.usage.totalTokens)},
  {label: 'Cost', number: true, cell: (user) => <CostValue cost={user.cost} status={user.costStatus} />},
];

export default function Users() {
  const {project} = useSession();
  const [params, setParams] = useUrlParams();
  const query = useMemo(() => {
    const {startDate, endDate} = queryOf(params);
    return {...(startDate && {startDate}), ...(endDate && {endDate})};
  }, [params]);
  const users = useInfiniteQuery({
    queryKey: ['users', project.id, query],
    queryFn: ({pageParam, signal}) =>
      call(
        api.GET('/api/v1/users', {
          params: {query: {...query, limit: 50, ...(pageParam ? {cursor: pageParam} : {})}},
          signal,
        }),
      ),
    initialPageParam: '',
    getNextPageParam: (page) => page.nextCursor,
    placeholderData: keepPreviousData,
  });
  const items = useMemo(() => users.data?.pages.flatMap((page) => page.users) ?? [], [users.data]);
  return (
    <div className="page">
      <PageHeader title="End users">
        The people who use your applications, by the name that each call gave them.
      </PageHeader>
      <FilterBar params={params} setParams={setParams} only={[]} />
      <ListTable
        label="End users"
        items={items}
        columns={columns}
        keyOf={(user) => user.userId}
        query={users}
        empty={
          rangeOf(params) !== 'all' ? (
            <EmptyState
              icon={<UsersIcon size={20} />}
              title="Nobody in this time"
              actions={<Button onClick={() => setParams(clearFilters)}>Look at all time</Button>}>
              No call of this time names an end user.
            </EmptyState>
          ) : (
            <EmptyState icon={<UsersIcon size={20} />} title="No end users yet">
              Send a <code>userId</code> with each call to see here what each person used, and what it cost.
            </EmptyState>
          )
        }
      />
    </div>
  );
}
