// What is in the playground survives a reload: it is kept in the tab's session storage, the last few of them, and the
// entry of the browser's history says which one it shows. So "back" finds what another link took the place of.
import type {Playground} from './model';
import type {Outcome} from './runs';

export interface Stored extends Playground {
  outcomes: Record<string, Outcome>;
}

const keptMax = 8;
const outcomesMax = 400_000; // characters; storage holds some 5 million

const keyOf = (project: string) => `tracia.playground.${project}`;

function readAll(project: string): Stored[] {
  try {
    const list: unknown = JSON.parse(sessionStorage.getItem(keyOf(project)) ?? '[]');
    return Array.isArray(list) ? list.filter((each) => Array.isArray(each?.columns) && each.columns.length > 0) : [];
  } catch {
    return [];
  }
}

// The one with this id, or the newest.
export function recall(project: string, id?: string): Stored | null {
  const all = readAll(project);
  return (id === undefined ? all[0] : all.find((each) => each.id === id)) ?? null;
}

export function keep(project: string, playground: Playground, outcomes: Record<string, Outcome>) {
  const done = Object.fromEntries(Object.entries(outcomes).filter(([, outcome]) => outcome.state !== 'running'));
  const small = JSON.stringify(done).length <= outcomesMax ? done : {};
  const all = [{...playground, outcomes: small}, ...readAll(project).filter((each) => each.id !== playground.id)];
  // Texts matter more than answers, and this one more than older ones.
  for (const list of [all.slice(0, keptMax), all.slice(0, 1), [{...playground, outcomes: {}}]]) {
    try {
      sessionStorage.setItem(keyOf(project), JSON.stringify(list));
      return;
    } catch {
      // Full, or denied: less then, or nothing.
    }
  }
}

export function shownHere(): string | undefined {
  const state: unknown = history.state;
  const id = (state as {playground?: unknown} | null)?.playground;
  return typeof id === 'string' ? id : undefined;
}

export function markShown(id: string) {
  history.replaceState({...(history.state as object | null), playground: id}, '');
}
