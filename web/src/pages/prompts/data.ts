// What the pages of prompts ask of the server.
import {useInfiniteQuery, useQuery, useQueryClient} from '@tanstack/react-query';
import {api, call, type Schemas} from '../../api/client';
import type {operations} from '../../api/schema';
import {useSession} from '../../api/session';

export type Prompt = Schemas['Prompt'];
export type Measures = Schemas['Measures'];

export const promptKey = (project: string, slug: string) => ['prompt', project, slug] as const;

export function usePrompt(slug: string) {
  const {project} = useSession();
  return useQuery({
    queryKey: promptKey(project.id, slug),
    queryFn: () => call(api.GET('/api/v1/prompts/{slug}', {params: {path: {slug}}})),
  });
}

// Takes over a prompt that a change answered; lists are asked for anew.
export function useAdoptPrompt() {
  const {project} = useSession();
  const queries = useQueryClient();
  return (prompt: Prompt) => {
    queries.setQueryData(promptKey(project.id, prompt.slug), prompt);
    void queries.invalidateQueries({queryKey: ['prompts', project.id]});
    void queries.invalidateQueries({queryKey: [...promptKey(project.id, prompt.slug), 'versions']});
  };
}

// After a change that does not answer the prompt.
export function useRefreshPrompt(slug: string) {
  const {project} = useSession();
  const queries = useQueryClient();
  return () => Promise.all([
    queries.invalidateQueries({queryKey: promptKey(project.id, slug)}),
    queries.invalidateQueries({queryKey: ['prompts', project.id]}),
  ]);
}

export function usePrompts() {
  const {project} = useSession();
  return useInfiniteQuery({
    queryKey: ['prompts', project.id, 'list'],
    queryFn: ({pageParam}) => call(api.GET('/api/v1/prompts', {params: {query: pageParam ? {cursor: pageParam} : {}}})),
    initialPageParam: '',
    getNextPageParam: (page) => page.nextCursor ?? undefined,
  });
}

export function useVersions(slug: string) {
  const {project} = useSession();
  return useInfiniteQuery({
    queryKey: [...promptKey(project.id, slug), 'versions'],
    queryFn: ({pageParam}) => call(api.GET('/api/v1/prompts/{slug}/versions', {
      params: {path: {slug}, query: {limit: 50, ...(pageParam ? {cursor: pageParam} : {})}},
    })),
    initialPageParam: '',
    getNextPageParam: (page) => page.nextCursor ?? undefined,
  });
}

export const ranges = [
  {value: '1d', label: 'Last 24 hours', days: 1},
  {value: '7d', label: 'Last 7 days', days: 7},
  {value: '30d', label: 'Last 30 days', days: 30},
  {value: '90d', label: 'Last 90 days', days: 90},
] as const;
export type Range = (typeof ranges)[number]['value'];

// Whole minutes, so that the same question has the same key for a while.
export function startOf(range: Range, now = Date.now()): string {
  const days = ranges.find((each) => each.value === range)!.days;
  return new Date(Math.floor(now / 60_000) * 60_000 - days * 86_400_000).toISOString();
}

type AnalyticsQuery = NonNullable<operations['analytics']['parameters']['query']>;
// The operation answers CSV too, when asked for it.
const analytics = async (query: AnalyticsQuery) =>
  (await call(api.GET('/api/v1/analytics', {params: {query}}))) as Schemas['Analytics'];

const listMeasures = ['requests', 'errors', 'cost', 'latency', 'evaluations'] as const;

// Figures of every prompt at once, by the prompt's id.
export function usePromptFigures() {
  const {project} = useSession();
  return useQuery({
    queryKey: ['prompts', project.id, 'figures'],
    queryFn: async () => {
      const answer = await analytics({
        groupBy: ['prompt'], measures: [...listMeasures], limit: 1000, startDate: startOf('30d'),
      });
      return new Map(answer.rows.flatMap((row) => (row.group?.promptId ? [[row.group.promptId, row as Measures]]
        : [])));
    },
    staleTime: 60_000,
  });
}

// Figures of a prompt's versions, by their number, and of all together.
export function useVersionFigures(slug: string, range: Range) {
  const {project} = useSession();
  return useQuery({
    queryKey: [...promptKey(project.id, slug), 'figures', range],
    queryFn: async () => {
      const answer = await analytics({
        groupBy: ['version'], promptSlug: slug, measures: [...listMeasures, 'tokens'], limit: 1000,
          startDate: startOf(range),
      });
      const versions = new Map(answer.rows.flatMap((row) =>
        (row.group?.version ? [[row.group.version, row as Measures]] : [])));
      // Runs of texts that were not saved belong to no version.
      const unsaved = answer.rows.find((row) => row.group?.version === null) as Measures | undefined;
      return {versions, unsaved, total: answer.total};
    },
    staleTime: 30_000,
  });
}

export function usePromptHistory(slug: string, range: Range) {
  const {project} = useSession();
  return useQuery({
    queryKey: [...promptKey(project.id, slug), 'history', range],
    queryFn: () => analytics({
      promptSlug: slug, bucket: range === '1d' ? 'hour' : 'day', measures: ['requests', 'errors', 'cost', 'latency'],
      startDate: startOf(range), utcOffsetMinutes: -new Date().getTimezoneOffset(),
    }),
    staleTime: 30_000,
  });
}

export const quality = (figures: Measures | undefined) =>
  figures?.evaluations?.find((each) => each.evaluatorKey === 'quality') ?? figures?.evaluations?.[0];
export const errorRate = (figures: Measures | undefined) =>
  figures?.requests ? (figures.errors ?? 0) / figures.requests : null;
