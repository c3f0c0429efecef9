// The audit log: who changed what, newest first. Filters are in the address.
import {useInfiniteQuery, useQuery} from '@tanstack/react-query';
import {ScrollText} from 'lucide-react';
import {useSearchParams} from 'wouter';
import {api, call, type Schemas} from '../../api/client';
import {useSession} from '../../api/session';
import {Badge, Button, EmptyState, formatDateTime, formatShortTime, SelectField, TextField} from '../../ui';
import {Loaded, Section, Table} from './parts';

type Event = Schemas['AuditEvent'];

// What the log knows, by subject. Another action can be asked for in the address.
const actions = [
  'login',
  'login.failed',
  'logout',
  'password.change',
  'server.setup',
  'invitation.accept',
  'member.invite',
  'invitation.revoke',
  'member.update',
  'member.remove',
  'member.password_link',
  'project.create',
  'project.update',
  'project.limits',
  'key.create',
  'key.update',
  'key.revoke',
  'connection.create',
  'connection.update',
  'connection.delete',
  'alias.put',
  'alias.remove',
  'price.set',
  'price.remove',
  'evaluator.create',
  'evaluator.update',
  'evaluator.delete',
  'masking.update',
  'retention.update',
  'user.delete_spans',
  'spans.delete',
  'prompt.create',
  'prompt.update',
  'prompt.restore',
  'prompt.delete',
  'label.move',
  'label.delete',
  'experiment.create',
  'experiment.update',
  'experiment.start',
  'experiment.pause',
  'experiment.stop',
  'experiment.promote',
  'experiment.delete',
];

// One line of what changed. Anyone may have chosen the names in it: text only.
export function detailText(detail: Event['detail']): string {
  if (!detail) return '';
  return Object.entries(detail)
    .map(([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(', ');
}

const actorText = ({kind, name, id}: Event['actor']) => name ?? id ?? (kind === 'system' ? 'the server' : 'unknown');

export function Audit() {
  const {session} = useSession();
  const [search, setSearch] = useSearchParams();
  const members = useQuery({queryKey: ['members'], queryFn: () => call(api.GET('/api/v1/members'))});
  const value = (name: string) => search.get(name) ?? '';
  const set = (name: string, text: string) =>
    setSearch(
      (before) => {
        const next = new URLSearchParams(before);
        if (text) next.set(name, text);
        else next.delete(name);
        return next;
      },
      {replace: true},
    );
  // Days of the reader, the last one included.
  const day = (text: string, plus: number) => {
    const date = new Date(`${text}T00:00:00`);
    date.setDate(date.getDate() + plus);
    return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
  };
  const query = {
    actor: value('actor') || undefined,
    action: value('action') || undefined,
    from: day(value('from'), 0),
    to: day(value('to'), 1),
    limit: 50,
  };
  const events = useInfiniteQuery({
    queryKey: ['audit', query],
    queryFn: ({pageParam}) =>
      call(api.GET('/api/v1/audit', {params: {query: {...query, ...(pageParam ? {cursor: pageParam} : {})}}})),
    initialPageParam: '',
    getNextPageParam: (page) => page.nextCursor ?? undefined,
  });
  const projects = new Map(session.projects.map((project) => [project.id, project.name]));
  const filtered = ['actor', 'action', 'from', 'to'].some((name) => search.has(name));
  const action = value('action');
  const knownActors = (members.data?.members ?? []).map((member) => ({value: member.id, label: member.name}));
  const actor = value('actor');
  return (
    <Section
      title="Audit log"
      lead="Sign-ins, and who changed settings, people, prompts and labels. Kept for 400 days.">
      <div className="row wrapping audit-filters" role="group" aria-label="Filters">
        <SelectField
          label="Who"
          hideLabel
          value={actor}
          onChange={(id) => set('actor', id)}
          options={[
            {value: '', label: 'Everybody'},
            ...knownActors,
            ...(actor && !knownActors.some((one) => one.value === actor) ? [{value: actor, label: actor}] : []),
          ]}
        />
        <SelectField
          label="What"
          hideLabel
          value={action}
          onChange={(chosen) => set('action', chosen)}
          options={[
            {value: '', label: 'Every action'},
            ...[...actions, ...(action && !actions.includes(action) ? [action] : [])].map((one) => ({
              value: one,
              label: one,
            })),
          ]}
        />
        <TextField
          label="From"
          hideLabel
          aria-label="From"
          title="From this day"
          type="date"
          value={value('from')}
          onChange={(text) => set('from', text)}
        />
        <span className="faint" aria-hidden>
          –
        </span>
        <TextField
          label="To"
          hideLabel
          aria-label="To"
          title="To this day"
          type="date"
          value={value('to')}
          onChange={(text) => set('to', text)}
        />
        {filtered && (
          <Button variant="ghost" onClick={() => setSearch(new URLSearchParams(), {replace: true})}>
            Remove filters
          </Button>
        )}
      </div>
      <Loaded query={events} height={400}>
        {({pages}) => {
          const list = pages.flatMap((page) => page.events);
          if (list.length === 0) {
            return (
              <EmptyState icon={<ScrollText size={20} />} title={filtered ? 'Nothing matches' : 'Nothing yet'}>
                {filtered ? 'Remove a filter to see more.' : 'Changes appear here as they are made.'}
              </EmptyState>
            );
          }
          return (
            <>
              <Table
                label="Audit log"
                head={
                  <>
                    <th scope="col">When, from where</th>
                    <th scope="col">Who, in which project</th>
                    <th scope="col">What</th>
                    <th scope="col">Detail</th>
                  </>
                }>
                {list.map((event) => (
                  <tr key={event.id}>
                    <td className="audit-time">
                      <time dateTime={event.time} title={formatDateTime(event.time)}>
                        {formatShortTime(event.time)}
                      </time>
                      <div className="small faint mono">{event.peer}</div>
                    </td>
                    <td>
                      <div className="row">
                        <span className="truncate">{actorText(event.actor)}</span>
                        {event.actor.kind !== 'member' && <Badge>{event.actor.kind}</Badge>}
                      </div>
                      <div className="small faint">
                        {event.projectId ? (projects.get(event.projectId) ?? event.projectId) : ''}
                      </div>
                    </td>
                    <td>
                      <span className="mono">{event.action}</span>
                      <div className="small faint wrap">{event.target}</div>
                    </td>
                    <td
                      className="soft small audit-detail wrap"
                      title={event.requestId ? `Request ${event.requestId}` : undefined}>
                      {detailText(event.detail)}
                    </td>
                  </tr>
                ))}
              </Table>
              {events.hasNextPage && (
                <div>
                  <Button busy={events.isFetchingNextPage} onClick={() => void events.fetchNextPage()}>
                    Show older
                  </Button>
                </div>
              )}
            </>
          );
        }}
      </Loaded>
    </Section>
  );
}
