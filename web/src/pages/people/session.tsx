// A session as a conversation: one turn for each trace, in the order in which they happened.
import {useInfiniteQuery} from '@tanstack/react-query';
import {GitFork, MessagesSquare} from 'lucide-react';
import {useEffect, useMemo, useRef, useState} from 'react';
import {Link} from 'wouter';
import {api, call, type Schemas} from '../../api/client';
import {useSession} from '../../api/session';
import {MessageView, ModeSwitch} from '../../content/Conversation';
import {PlainText, type TextMode} from '../../content/LongText';
import {newMessages, pairTools, readMessages, toolCallPart, type Part, type ShownMessage} from '../../content/messages';
import {usePathId} from '../../shell/url';
import {
  Badge,
  Button,
  EmptyState,
  ErrorNote,
  formatDateTime,
  formatLatency,
  formatMoney,
  Note,
  PageHeader,
  plural,
  Skeleton,
} from '../../ui';
import {spanPath} from '../spans/SpanTable';
import {useSpan} from '../spans/span-query';
import {useTotals} from './totals';
import {Totals} from './Totals';
import {turnsOf, type Turn} from './turns';
import './people.css';

function messagesOf(span: Schemas['Span']): ShownMessage[] {
  const asked = newMessages(readMessages(span.input) ?? []);
  const parts: Part[] = [];
  if (span.output) parts.push({type: 'text', text: span.output, refusal: false});
  for (const toolCall of span.toolCalls ?? []) parts.push(toolCallPart(toolCall));
  return pairTools(parts.length > 0 ? [...asked, {role: 'assistant', name: '', parts}] : asked);
}

// What was said is fetched when the turn comes near the screen.
function TurnView({turn, mode}: {turn: Turn; mode: TextMode}) {
  const element = useRef<HTMLElement>(null);
  const [near, setNear] = useState(false);
  useEffect(() => {
    const observer = new IntersectionObserver(
      (entries) => entries.some((entry) => entry.isIntersecting) && setNear(true),
      {rootMargin: '600px'},
    );
    if (element.current) observer.observe(element.current);
    return () => observer.disconnect();
  }, []);
  const span = useSpan({spanId: turn.span.spanId, traceId: turn.traceId}, near);
  const messages = useMemo(() => (span.data ? messagesOf(span.data) : null), [span.data]);
  return (
    <section ref={element} className="turn" aria-label={`Turn of ${formatDateTime(turn.span.startTime)}`}>
      <header className="turn-head">
        <time dateTime={turn.span.startTime}>{formatDateTime(turn.span.startTime)}</time>
        {turn.span.status === 'ERROR' && <Badge tone="bad">Error</Badge>}
        <span className="turn-line" />
        <span className="number">{formatLatency(turn.span.latencyMs)}</span>
        <span className="number">{formatMoney(turn.span.cost)}</span>
        <Link href={spanPath(turn.span)}>Span</Link>
        <Link href={`/traces/${encodeURIComponent(turn.traceId)}`} className="row">
          <GitFork size={13} aria-hidden />
          {turn.calls > 1 ? plural(turn.calls, 'call') : 'Trace'}
        </Link>
      </header>
      {messages ? (
        <div className="turn-messages">
          {messages.map((message, i) => (
            <MessageView key={i} message={message} mode={mode} />
          ))}
          {span.data?.error && (
            <Note tone="bad">
              <PlainText text={span.data.error} />
            </Note>
          )}
          {messages.length === 0 && !span.data?.error && <p className="soft">Nothing was said in this turn.</p>}
        </div>
      ) : span.error ? (
        <ErrorNote error={span.error} onRetry={() => void span.refetch()} />
      ) : (
        <Skeleton height={140} />
      )}
    </section>
  );
}

export default function SessionPage(_: {id: string}) {
  const id = usePathId();
  const {project} = useSession();
  const [mode, setMode] = useState<TextMode>('formatted');
  const totals = useTotals({sessionId: id});
  const spans = useInfiniteQuery({
    queryKey: ['spans', project.id, 'session', id],
    queryFn: ({pageParam, signal}) =>
      call(
        api.GET('/api/v1/spans', {
          params: {query: {sessionId: id, spanKind: 'LLM', limit: 100, ...(pageParam ? {cursor: pageParam} : {})}},
          signal,
        }),
      ),
    initialPageParam: '',
    getNextPageParam: (page) => page.nextCursor,
    refetchOnWindowFocus: false,
  });
  const all = useMemo(() => spans.data?.pages.flatMap((page) => page.spans) ?? [], [spans.data]);
  const turns = useMemo(() => turnsOf(all), [all]);
  const userId = all.find((span) => span.userId !== null)?.userId ?? null;
  const query = `sessionId=${encodeURIComponent(id)}`;
  return (
    <div className="page narrow">
      <PageHeader
        title={<bdi>{id}</bdi>}
        name={`Session ${id.slice(0, 80)}`}
        back={<Link href="/sessions">← Sessions</Link>}
        actions={
          <>
            <Link className="button" href={`/traces?${query}`}>
              Traces
            </Link>
            <Link className="button" href={`/spans?${query}`}>
              Spans
            </Link>
          </>
        }>
        {userId !== null && (
          <>
            With{' '}
            <Link href={`/users/${encodeURIComponent(userId)}`}>
              <bdi>{userId}</bdi>
            </Link>
          </>
        )}
      </PageHeader>
      <Totals totals={totals} />
      {spans.isPending ? (
        <Skeleton lines={12} />
      ) : spans.error && all.length === 0 ? (
        <ErrorNote error={spans.error} onRetry={() => void spans.refetch()} />
      ) : turns.length === 0 ? (
        <EmptyState
          icon={<MessagesSquare size={20} />}
          title="No model was called in this session"
          actions={
            <Link className="button" href={`/spans?${query}`}>
              Its spans
            </Link>
          }>
          It may hold other operations, or what it held was deleted.
        </EmptyState>
      ) : (
        <>
          <div className="row between">
            <h2>Conversation</h2>
            <ModeSwitch mode={mode} onChange={setMode} />
          </div>
          {spans.hasNextPage && (
            <div className="row">
              <Button busy={spans.isFetchingNextPage} onClick={() => void spans.fetchNextPage()}>
                Show earlier turns
              </Button>
            </div>
          )}
          {turns.map((turn) => (
            <TurnView key={turn.traceId} turn={turn} mode={mode} />
          ))}
        </>
      )}
    </div>
  );
}
