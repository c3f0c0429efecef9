// What Home shows, from the server.
import {useQuery} from '@tanstack/react-query';
import {useState} from 'react';
import {api, call, type Schemas} from '../../api/client';
import type {paths} from '../../api/schema';
import {useSession} from '../../api/session';

const hourMs = 3_600_000;
const refreshMs = 60_000;

export function useLastSpans() {
  const {project} = useSession();
  return useQuery({
    queryKey: ['spans', project.id, 'home'],
    refetchInterval: refreshMs,
    queryFn: () => call(api.GET('/api/v1/spans', {params: {query: {limit: 8}}})),
  });
}

// The models that can be called now: of the connections' providers, and of those whose keys the server was started
// with.
export function useRunnable() {
  const {project} = useSession();
  return useQuery({
    queryKey: ['connections', project.id, 'runnable'],
    queryFn: async () => (await call(api.GET('/v1/models'))).data.map(({id, owned_by: provider}) => ({id, provider})),
  });
}

// An OpenAI-compatible endpoint lists nothing in the catalog, and can be called all the same. Only admins may look.
export function useConnections() {
  const {project, can} = useSession();
  return useQuery({
    queryKey: ['connections', project.id, 'home'],
    enabled: can('admin'),
    queryFn: async () => (await call(api.GET('/api/v1/connections'))).connections,
  });
}

const preferred = ['gpt-4o-mini', 'gpt-4.1-mini', 'claude-haiku-4-5', 'claude-sonnet-4-5', 'gemini-2.5-flash'];

// A small and cheap one to begin with.
export function firstModel(models: readonly {id: string; provider: string}[]): string | null {
  const chat = models.filter(
    ({id, provider}) => provider !== 'voyage' && !/embed|tts|audio|image|realtime|instruct/.test(id),
  );
  return (
    preferred.find((wanted) => chat.some(({id}) => id === wanted)) ??
    chat.find(({id}) => /mini|haiku|flash|nova-lite/.test(id))?.id ??
    chat[0]?.id ??
    null
  );
}

export interface Glance {
  today: Schemas['Analytics'];
  before: Schemas['Analytics']['total'];
  hours: {time: number; requests: number; errors: number; cost: number; p95: number | null}[];
  complete: boolean;
}

// 24 whole hours up to now; an hour without requests has no row, and is zero.
export function byHour(rows: readonly Schemas['AnalyticsRow'][], end: number): Glance['hours'] {
  const found = new Map(rows.map((row) => [Math.floor(Date.parse(row.bucket ?? '') / hourMs), row]));
  const last = Math.floor((end - 1) / hourMs);
  return Array.from({length: 24}, (_, i) => {
    const hour = last - 23 + i;
    const row = found.get(hour);
    return {
      time: hour * hourMs,
      requests: row?.requests ?? 0,
      errors: row?.errors ?? 0,
      cost: Number(row?.cost ?? 0),
      p95: row?.latencyMs?.p95 ?? null,
    };
  });
}

type Query = NonNullable<paths['/api/v1/analytics']['get']['parameters']['query']>;

// Lists with commas, as the server reads them. Answered as CSV only when that is asked for.
const sums = async (query: Query) =>
  (await call(
    api.GET('/api/v1/analytics', {
      params: {query},
      querySerializer: {array: {style: 'form', explode: false}},
    }),
  )) as Schemas['Analytics'];

async function loadGlance(): Promise<Glance> {
  const end = Date.now();
  const iso = (time: number) => new Date(time).toISOString();
  const day = (daysAgo: number): Query => ({
    startDate: iso(end - (daysAgo + 1) * 24 * hourMs),
    endDate: iso(end - daysAgo * 24 * hourMs),
    measures: ['requests', 'errors', 'cost', 'latency'],
  });
  const [today, before] = await Promise.all([sums({...day(0), bucket: 'hour'}), sums(day(1))]);
  return {today, before: before.total, hours: byHour(today.rows, end), complete: today.complete && before.complete};
}

export function useGlance() {
  const {project} = useSession();
  return useQuery({queryKey: ['analytics', project.id, 'home'], queryFn: loadGlance, refetchInterval: refreshMs});
}

export function useTopPrompts() {
  const {project} = useSession();
  return useQuery({
    queryKey: ['analytics', project.id, 'home-prompts'],
    refetchInterval: refreshMs,
    queryFn: async () => {
      const startDate = new Date(Date.now() - 7 * 24 * hourMs).toISOString();
      const answer = await sums({startDate, groupBy: ['prompt'], measures: ['requests', 'errors', 'cost'], limit: 6});
      return answer.rows
        .flatMap((row) => {
          const slug = row.group?.prompt;
          return slug ? [{slug, requests: row.requests ?? 0, errors: row.errors ?? 0, cost: row.cost ?? null}] : [];
        })
        .sort((a, b) => b.requests - a.requests)
        .slice(0, 5);
    },
  });
}

// A thing that this browser remembers of a project, such as that a list was put away.
export function useRemembered(name: string): [boolean, () => void] {
  const {project} = useSession();
  const key = `tracia.home.${name}.${project.id}`;
  const [value, setValue] = useState(() => {
    try {
      return localStorage.getItem(key) !== null;
    } catch {
      return false;
    }
  });
  const remember = () => {
    setValue(true);
    try {
      localStorage.setItem(key, '1');
    } catch {
      // Storage may be denied; it is remembered as long as the page then.
    }
  };
  return [value, remember];
}
