// The page of one span.
import {GitFork, Play, Trash2} from 'lucide-react';
import {Link, useLocation} from 'wouter';
import {ApiError} from '../../api/client';
import {useSession} from '../../api/session';
import {wordsOf} from '../../content/hits';
import {usePathId, useUrlParams} from '../../shell/url';
import {Ago, Badge, Button, EmptyState, ErrorNote, PageHeader, useFeedback} from '../../ui';
import {KindBadge, nameOf} from './columns';
import {spanTabOf} from './SpanContent';
import {SpanBody, SpanSkeleton} from './SpanDetail';
import {useDeleteSpan, useSpan, type Span} from './span-query';

function Actions({span}: {span: Span}) {
  const {can} = useSession();
  const {confirm, toast, toastError} = useFeedback();
  const [, navigate] = useLocation();
  const remove = useDeleteSpan({spanId: span.spanId, traceId: span.traceId});
  const drop = async () => {
    const yes = await confirm({
      title: 'Delete this span?',
      danger: true,
      confirm: 'Delete span',
      text: 'Its content and its evaluations are removed for good. Spans below it stay.',
    });
    if (!yes) return;
    remove.mutate(undefined, {
      onSuccess: () => {
        toast('The span was deleted.');
        navigate('/spans', {replace: true});
      },
      onError: toastError,
    });
  };
  return (
    <>
      {span.spanKind === 'LLM' && (
        <Link className="button" href={`/playground?span=${span.spanId}`}>
          <Play size={14} aria-hidden />
          Open in playground
        </Link>
      )}
      <Link className="button" href={`/traces/${encodeURIComponent(span.traceId)}?span=${span.spanId}`}>
        <GitFork size={14} aria-hidden />
        Trace
      </Link>
      {can('editor') && (
        <Button icon={<Trash2 size={14} aria-hidden />} busy={remove.isPending} onClick={() => void drop()}>
          Delete
        </Button>
      )}
    </>
  );
}

const back = <Link href="/spans">← Spans</Link>;

export default function SpanPage(_: {id: string}) {
  const id = usePathId();
  const [params, setParams] = useUrlParams();
  const span = useSpan({spanId: id, traceId: params.get('trace') ?? undefined});
  if (span.error && !span.data) {
    const gone = span.error instanceof ApiError && span.error.status === 404;
    return (
      <div className="page">
        <PageHeader title="Span" back={back} />
        {gone ? (
          <EmptyState
            title="There is no such span"
            actions={
              <Link className="button" href="/spans">
                All spans
              </Link>
            }>
            It may have been deleted, or have grown older than this project keeps spans.
          </EmptyState>
        ) : (
          <ErrorNote error={span.error} onRetry={() => void span.refetch()} />
        )}
      </div>
    );
  }
  if (!span.data)
    return (
      <div className="page">
        <PageHeader title="Span" back={back}>
          &nbsp;
        </PageHeader>
        <SpanSkeleton />
      </div>
    );
  const name = nameOf(span.data);
  return (
    <div className="page">
      <PageHeader
        title={<bdi>{name}</bdi>}
        name={name.slice(0, 100)}
        back={back}
        actions={<Actions span={span.data} />}>
        <div className="row wrapping">
          {span.data.status === 'ERROR' ? <Badge tone="bad">Error</Badge> : <Badge tone="good">Success</Badge>}
          <KindBadge kind={span.data.spanKind} />
          {span.data.model && <bdi className="truncate">{span.data.model}</bdi>}
          <Ago time={span.data.startTime} />
        </div>
      </PageHeader>
      <SpanBody
        span={span.data}
        words={wordsOf(params.get('q') ?? '')}
        tab={spanTabOf(params.get('tab'))}
        onTab={(tab) => setParams((next) => (tab === 'content' ? next.delete('tab') : next.set('tab', tab)))}
      />
    </div>
  );
}
