// Home: how to begin while nothing ran yet, and what goes on once something did.
import {useSession} from '../../api/session';
import {Disclosure, ErrorNote, PageHeader, Skeleton} from '../../ui';
import {usePrompts} from '../playground/pick';
import {Begin, type Progress} from './begin';
import {Connect} from './connect';
import {firstModel, useConnections, useLastSpans, useRemembered, useRunnable} from './data';
import {LastDay, LastSpans, RunningExperiments, TopPrompts} from './glance';
import '../experiments/experiments.css';
import './home.css';

function useProgress() {
  const spans = useLastSpans();
  const prompts = usePrompts();
  const runnable = useRunnable();
  const connections = useConnections();
  const [seen, markSeen] = useRemembered('span-seen');
  const providers = [
    ...new Set([
      ...(runnable.data ?? []).map(({provider}) => provider),
      ...(connections.data ?? []).map(({name}) => name),
    ]),
  ];
  const prompt = prompts.data?.prompts[0] ?? null;
  const progress: Progress = {
    providers,
    model: firstModel(runnable.data ?? []),
    prompt,
    spanId: spans.data?.spans[0]?.spanId ?? null,
    seen,
  };
  const queries = [spans, prompts, runnable];
  return {
    progress,
    markSeen,
    many: spans.data?.hasMore === true,
    loading: queries.some((query) => query.isLoading),
    error: queries.find((query) => query.error)?.error ?? null,
    retry: () => queries.forEach((query) => query.error && void query.refetch()),
  };
}

export default function Home() {
  const {project} = useSession();
  const {progress, markSeen, many, loading, error, retry} = useProgress();
  const [hidden, hide] = useRemembered('begin-hidden');
  const lived = progress.spanId !== null;
  const begun = lived && (progress.seen || hidden || many);
  return (
    <div className="page">
      <PageHeader title={project.name} name="Home">
        {!lived && !loading && 'From nothing to a first answer in two minutes.'}
      </PageHeader>
      {error && <ErrorNote error={error} onRetry={retry} />}
      {loading && !error ? (
        <Skeleton height={520} />
      ) : (
        <>
          {!begun && <Begin progress={progress} onSeen={markSeen} onHide={lived ? hide : undefined} />}
          {lived && <LastDay />}
          {lived && (
            <div className="home-columns">
              <LastSpans />
              <div className="column wide">
                <TopPrompts />
                <RunningExperiments />
              </div>
            </div>
          )}
          {lived ? (
            <Disclosure title={<h2>Call it from your code</h2>}>
              <Connect model={progress.model} />
            </Disclosure>
          ) : (
            <Connect model={progress.model} />
          )}
        </>
      )}
    </div>
  );
}
