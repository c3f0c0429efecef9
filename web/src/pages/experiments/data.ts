// Experiments from the server: those of all prompts, page by page.
import {useQuery, useQueryClient} from '@tanstack/react-query';
import {api, call, type Schemas} from '../../api/client';
import {useSession} from '../../api/session';
import type {Experiment, Results} from './words';

export type Listed = Schemas['ExperimentPage']['experiments'][number];
export interface AllExperiments {
  experiments: Listed[]; // running ones first, then the newest
  prompts: Schemas['PromptSummary'][];
}

const rank: Record<Experiment['status'], number> = {running: 0, paused: 1, draft: 2, stopped: 3};

async function loadExperiments(): Promise<Listed[]> {
  const found: Listed[] = [];
  let cursor: string | undefined;
  do {
    const page = await call(api.GET('/api/v1/experiments', {params: {query: {limit: 100, cursor}}}));
    found.push(...page.experiments);
    cursor = page.nextCursor ?? undefined;
  } while (cursor);
  // The server has the newest first, and a sort keeps the order of equals.
  return found.sort((a, b) => rank[a.experiment.status] - rank[b.experiment.status]);
}

async function loadAll(): Promise<AllExperiments> {
  const [experiments, {prompts}] = await Promise.all([loadExperiments(), call(api.GET('/api/v1/prompts'))]);
  return {experiments, prompts};
}

export function useExperiments() {
  const {project} = useSession();
  return useQuery({
    queryKey: ['experiments', project.id, 'all'],
    queryFn: loadAll,
    staleTime: 15_000,
  });
}

const fetchResults = (slug: string, experimentId: string): Promise<Results> =>
  call(api.GET('/api/v1/prompts/{slug}/experiments/{experimentId}/results', {params: {path: {slug, experimentId}}}));

const resultsKey = (project: string, slug: string, id: string) =>
  ['experiments', project, 'results', slug, id] as const;

// The server computes two results at a time, and others than this page may want them: a list asks for one at a time.
let queue: Promise<unknown> = Promise.resolve();
function inTurn<T>(ask: () => Promise<T>): Promise<T> {
  const turn = queue.then(ask, ask);
  queue = turn.catch(() => {});
  return turn;
}

export function useListedResults({prompt, experiment}: Listed) {
  const {project} = useSession();
  return useQuery({
    queryKey: resultsKey(project.id, prompt.slug, experiment.id),
    enabled: experiment.status !== 'draft',
    queryFn: () => inTurn(() => fetchResults(prompt.slug, experiment.id)),
    staleTime: 60_000,
  });
}

export const liveMs = 5000;

export function useResults(slug: string, id: string) {
  const {project} = useSession();
  return useQuery({
    queryKey: resultsKey(project.id, slug, id),
    queryFn: () => fetchResults(slug, id),
    staleTime: 0,
    refetchInterval: (query) => (query.state.data?.experiment.status === 'running' ? liveMs : false),
  });
}

// After any change: every list and result of experiments, and of prompts when labels moved.
export function useRefresh() {
  const {project} = useSession();
  const queries = useQueryClient();
  return () =>
    Promise.all([
      queries.invalidateQueries({queryKey: ['experiments', project.id]}),
      queries.invalidateQueries({queryKey: ['prompts', project.id]}),
      queries.invalidateQueries({queryKey: ['prompt', project.id]}),
    ]);
}
