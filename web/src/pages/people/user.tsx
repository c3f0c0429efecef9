// One end user: totals, sessions, newest spans.
import {useQuery} from '@tanstack/react-query';
import {UserRound} from 'lucide-react';
import {useMemo} from 'react';
import {Link} from 'wouter';
import {api, call} from '../../api/client';
import {useSession} from '../../api/session';
import {usePathId} from '../../shell/url';
import {Card, EmptyState, ErrorNote, formatLatency, formatShortTime, PageHeader, Skeleton} from '../../ui';
import {CostValue, nameOf, StatusMark} from '../spans/columns';
import {spanPath} from '../spans/SpanTable';
import {DeletePerson} from './DeletePerson';
import {ListTable} from './ListPage';
import {sessionColumns, useSessions} from './sessions';
import {useTotals} from './totals';
import {Totals} from './Totals';
import '../spans/spans.css';
import './people.css';

function NewestSpans({userId}: {userId: string}) {
  const {project} = useSession();
  const spans = useQuery({
    queryKey: ['spans', project.id, 'user', userId],
    queryFn: ({signal}) => call(api.GET('/api/v1/spans', {params: {query: {userId, limit: 10}}, signal})),
  });
  if (spans.isPending) return <Skeleton lines={8} />;
  if (spans.error) return <ErrorNote error={spans.error} onRetry={() => void spans.refetch()} />;
  if (spans.data.spans.length === 0) return <p className="soft">None.</p>;
  return (
    <ul className="newest">
      {spans.data.spans.map((span) => (
        <li key={span.id}>
          <StatusMark status={span.status} />
          <div className="grow">
            <Link className="list-link truncate" href={spanPath(span)}>
              <bdi>{nameOf(span)}</bdi>
            </Link>
            <time className="faint small" dateTime={span.startTime}>
              {formatShortTime(span.startTime)}
            </time>
          </div>
          <div className="column tight small">
            <span className="number">{formatLatency(span.latencyMs)}</span>
            <span className="number soft">
              <CostValue cost={span.cost} status={span.costStatus} />
            </span>
          </div>
        </li>
      ))}
    </ul>
  );
}

export default function UserPage(_: {id: string}) {
  const id = usePathId();
  const {can} = useSession();
  const totals = useTotals({userId: id});
  const sessions = useSessions({userId: id});
  const items = useMemo(() => sessions.data?.pages.flatMap((page) => page.sessions) ?? [], [sessions.data]);
  const query = `userId=${encodeURIComponent(id)}`;
  const back = <Link href="/users">← End users</Link>;
  if (totals.data?.complete && totals.data.total.requests === 0) {
    return (
      <div className="page">
        <PageHeader title={<bdi>{id}</bdi>} name={id.slice(0, 80)} back={back} />
        <EmptyState icon={<UserRound size={20} />} title="Nothing is kept of this person">
          No span names them, or theirs were deleted.
        </EmptyState>
      </div>
    );
  }
  return (
    <div className="page">
      <PageHeader
        title={<bdi>{id}</bdi>}
        name={id.slice(0, 80)}
        back={back}
        actions={
          <>
            <Link className="button" href={`/traces?${query}`}>
              Traces
            </Link>
            <Link className="button" href={`/spans?${query}`}>
              Spans
            </Link>
            {can('admin') && <DeletePerson userId={id} />}
          </>
        }
      />
      <Totals totals={totals} />
      <div className="user-columns">
        <section className="column" aria-labelledby="user-sessions">
          <h2 id="user-sessions">Sessions</h2>
          <ListTable
            label="Sessions of this person"
            items={items}
            columns={sessionColumns}
            keyOf={(session) => session.sessionId}
            query={sessions}
            empty={<p className="soft">Their calls name no session.</p>}
          />
        </section>
        <Card title="Newest spans" actions={<Link href={`/spans?${query}`}>All</Link>}>
          <NewestSpans userId={id} />
        </Card>
      </div>
    </div>
  );
}
