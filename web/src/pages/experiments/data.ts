// Experiments from the server. It lists those of one prompt at a time, so the list over all prompts asks for each.
import {useQuery, useQueryClient} from '@tanstack/react-query';
import {api, call, type Schemas} from '../../api/client';
import {useSession} from '../../api/session';
import type {Experiment, Results} from './words';

export interface Listed {
  prompt: Pick<Schemas['PromptSummary'], 'slug' | 'name'>;
  experiment: Experiment;
}
export interface AllExperiments {
  experiments: Listed[]; // running ones first, then the newest
  prompts: Schemas['PromptSummary'][];
  left: number; // prompts that were not asked about
}

export const askedAtOnce = 200; // prompts; the most recently changed ones

const rank: Record<Experiment['status'], number> = {running: 0, paused: 1, draft: 2, stopped: 3};

async function loadAll(limit: number): Promise<AllExperiments> {
  const {prompts} = await call(api.GET('/api/v1/prompts'));
  const asked = prompts.slice(0, limit);
  const found: Listed[] = [];
  const waiting = [...asked];
  const worker = async () => {
    for (let prompt = waiting.shift(); prompt; prompt = waiting.shift()) {
      const {slug, name} = prompt;
      const {experiments} = await call(api.GET('/api/v1/prompts/{slug}/experiments', {params: {path: {slug}}}));
      found.push(...experiments.map((experiment) => ({prompt: {slug, name}, experiment})));
    }
  };
  await Promise.all(Array.from({length: 4}, worker));
  found.sort(
    (a, b) =>
      rank[a.experiment.status] - rank[b.experiment.status] ||
      b.experiment.createdAt.localeCompare(a.experiment.createdAt),
  );
  return {experiments: found, prompts, left: prompts.length - asked.length};
}

export function useExperiments(limit = askedAtOnce) {
  const {project} = useSession();
  return useQuery({
    queryKey: ['experiments', project.id, 'all', limit],
    queryFn: () => loadAll(limit),
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
