// One experiment: its verdict, its live results, and what can be done about it.
import {Pause, Pencil, Play, Square, Trash2, Trophy} from 'lucide-react';
import {useState, type FormEvent} from 'react';
import {Link, useLocation} from 'wouter';
import {api, ApiError, call} from '../../api/client';
import {useSession} from '../../api/session';
import {
  Ago,
  Button,
  Card,
  Dialog,
  EmptyState,
  ErrorNote,
  formatShortTime,
  type MenuItem,
  MoreMenu,
  PageHeader,
  Skeleton,
  TextField,
  useFeedback,
} from '../../ui';
import {usePrompt} from '../playground/pick';
import {CreateExperiment} from './create';
import {useRefresh, useResults} from './data';
import {StatusBadge} from './experiments';
import {Promote} from './promote';
import {ResultTables} from './results';
import {metricWords, verdictOf, type Experiment, type Results} from './words';
import './experiments.css';

type Step = 'start' | 'pause' | 'stop';
const done: Record<Step, string> = {
  start: 'The experiment runs.',
  pause: 'The experiment pauses.',
  stop: 'The experiment is stopped.',
};

function VerdictCard({results, fetching}: {results: Results; fetching: boolean}) {
  const verdict = verdictOf(results);
  const {experiment} = results;
  const compared = experiment.status !== 'draft' && results.variants.some((variant) => variant.comparisons.length > 0);
  return (
    <section className={`verdict ${verdict.tone}`} aria-label="Verdict">
      <div className="row between wrapping">
        <h2>{verdict.title}</h2>
        {experiment.status === 'running' && (
          <span className="row small soft">
            <span className={`live-dot ${fetching ? 'fetching' : ''}`} aria-hidden />
            Live, as of {formatShortTime(results.computedAt)}
          </span>
        )}
      </div>
      <p>{verdict.text}</p>
      {compared && results.verdict !== 'collecting' && (
        <div className="soft verdict-summary">
          {results.summary.split(/(?<=\.) (?=Variant )/).map((sentence) => (
            <p key={sentence}>{sentence}</p>
          ))}
        </div>
      )}
    </section>
  );
}

function Rename({
  slug,
  experiment,
  onClose,
  onDone,
}: {
  slug: string;
  experiment: Experiment;
  onClose: () => void;
  onDone: () => Promise<unknown>;
}) {
  const [name, setName] = useState(experiment.name);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const send = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    try {
      await call(
        api.PUT('/api/v1/prompts/{slug}/experiments/{experimentId}', {
          params: {path: {slug, experimentId: experiment.id}},
          body: {name: name.trim()},
        }),
      );
      await onDone();
    } catch (failure) {
      setError(failure);
      setBusy(false);
    }
  };
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title="Rename experiment"
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button variant="primary" type="submit" form="rename" busy={busy}>
            Rename
          </Button>
        </>
      }>
      <form id="rename" className="column" onSubmit={send}>
        <TextField label="Name" required maxLength={200} autoFocus value={name} onChange={setName} />
        {error !== null && <ErrorNote error={error} />}
      </form>
    </Dialog>
  );
}

type Open = 'promote' | 'edit' | 'rename' | null;

export default function ExperimentPage({slug, id}: {slug: string; id: string}) {
  const {can} = useSession();
  const [, navigate] = useLocation();
  const {toast, toastError, confirm} = useFeedback();
  const query = useResults(slug, id);
  const prompt = usePrompt(slug);
  const refresh = useRefresh();
  const [busy, setBusy] = useState<Step | null>(null);
  const [open, setOpen] = useState<Open>(null);
  const results = query.data;
  const path = {slug, experimentId: id};

  const step = async (which: Step) => {
    if (
      which === 'stop' &&
      !(await confirm({
        title: 'Stop this experiment?',
        confirm: 'Stop experiment',
        danger: true,
        text:
          'It cannot be started again. Its results stay, and you can still promote a variant. ' +
          'To go on later, pause it instead.',
      }))
    )
      return;
    setBusy(which);
    try {
      await call(api.POST(`/api/v1/prompts/{slug}/experiments/{experimentId}/${which}`, {params: {path}}));
      await refresh();
      toast(done[which]);
    } catch (error) {
      toastError(error);
    } finally {
      setBusy(null);
    }
  };
  const remove = async () => {
    if (
      !(await confirm({
        title: 'Delete this experiment?',
        confirm: 'Delete',
        danger: true,
        text: 'Its settings and results are gone for good. Its spans stay.',
      }))
    )
      return;
    try {
      await call(api.DELETE('/api/v1/prompts/{slug}/experiments/{experimentId}', {params: {path}}));
      navigate('/experiments');
      toast('The experiment is deleted.');
      void refresh();
    } catch (error) {
      toastError(error);
    }
  };

  const back = <Link href="/experiments">Experiments</Link>;
  if (!results) {
    const gone = query.error instanceof ApiError && query.error.status === 404;
    return (
      <div className="page">
        <PageHeader title="Experiment" back={back} />
        {gone ? (
          <EmptyState title="There is no such experiment">It may have been deleted, or its prompt was.</EmptyState>
        ) : query.error ? (
          <ErrorNote error={query.error} onRetry={() => void query.refetch()} />
        ) : (
          <>
            <Skeleton height={110} />
            <Skeleton height={420} />
          </>
        )}
      </div>
    );
  }
  const {experiment} = results;
  const {status} = experiment;
  const finish = async (text: string) => {
    await refresh();
    setOpen(null);
    toast(text);
  };
  const items: (MenuItem | 'separator')[] = [
    {label: 'Rename…', icon: <Pencil size={14} aria-hidden />, onSelect: () => setOpen('rename')},
    {
      label: 'Delete…',
      icon: <Trash2 size={14} aria-hidden />,
      danger: true,
      disabled: status === 'running',
      hint: status === 'running' ? 'pause or stop it first' : undefined,
      onSelect: () => void remove(),
    },
  ];
  const actions = can('editor') && (
    <>
      {status === 'draft' && (
        <Button icon={<Pencil size={14} aria-hidden />} onClick={() => setOpen('edit')}>
          Change…
        </Button>
      )}
      {status === 'running' && (
        <Button icon={<Pause size={14} aria-hidden />} busy={busy === 'pause'} onClick={() => step('pause')}>
          Pause
        </Button>
      )}
      {(status === 'running' || status === 'paused') && (
        <Button icon={<Square size={12} aria-hidden />} busy={busy === 'stop'} onClick={() => step('stop')}>
          Stop…
        </Button>
      )}
      {(status === 'draft' || status === 'paused') && (
        <Button
          variant={status === 'draft' ? 'primary' : 'default'}
          icon={<Play size={14} aria-hidden />}
          busy={busy === 'start'}
          onClick={() => step('start')}>
          {status === 'draft' ? 'Start' : 'Go on'}
        </Button>
      )}
      {status !== 'draft' && !experiment.promotedVariant && (
        <Button variant="primary" icon={<Trophy size={14} aria-hidden />} onClick={() => setOpen('promote')}>
          Promote…
        </Button>
      )}
      <MoreMenu label="More" items={items} />
    </>
  );
  return (
    <div className="page">
      <PageHeader title={experiment.name} back={back} actions={actions}>
        <span className="row wrapping">
          <StatusBadge status={status} />
          <span>
            Prompt <Link href={`/prompts/${slug}`}>{prompt.data?.name ?? slug}</Link>
          </span>
          <span>
            · decided by{' '}
            {experiment.primaryMetric ? metricWords[experiment.primaryMetric].label.toLowerCase() : 'all metrics alike'}
          </span>
          {experiment.startedAt && (
            <span>
              · started <Ago time={experiment.startedAt} />
            </span>
          )}
          {experiment.stoppedAt && (
            <span>
              · stopped <Ago time={experiment.stoppedAt} />
            </span>
          )}
          {experiment.author && <span>· by {experiment.author}</span>}
        </span>
      </PageHeader>
      {query.error && <ErrorNote error={query.error} onRetry={() => void query.refetch()} />}
      <VerdictCard results={results} fetching={query.isFetching} />
      {status === 'draft' ? (
        <Card title="Not started yet">
          <p>
            Start it, and callers of <code>{slug}</code> who name no version and no label get one of these variants.
            Send a <code>userId</code> with each run, so that one person always gets the same one.
          </p>
        </Card>
      ) : null}
      <ResultTables results={results} />
      {open === 'promote' && (
        <Promote
          slug={slug}
          experiment={experiment}
          winner={results.winner}
          onClose={() => setOpen(null)}
          onDone={(variant) => finish(`${variant} is now the default.`)}
        />
      )}
      {open === 'rename' && (
        <Rename slug={slug} experiment={experiment} onClose={() => setOpen(null)} onDone={() => finish('Renamed.')} />
      )}
      {open === 'edit' && (
        <CreateExperiment
          prompts={[{slug, name: prompt.data?.name ?? slug}]}
          slug={slug}
          draft={experiment}
          onClose={() => setOpen(null)}
          onDone={(_, next) => void finish(next.status === 'running' ? 'The experiment runs.' : 'The draft is saved.')}
        />
      )}
    </div>
  );
}
