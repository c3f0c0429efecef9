// Drafts that were not saved, kept in this browser for each prompt: they survive a reload and a crash, and are offered,
// never put in silently. Each open page keeps its own, so that two tabs do not overwrite each other.
import type {Draft} from './draft';

export interface KeptDraft {
  id: string; // of the page that keeps it
  at: string; // when it was last changed
  baseVersion: number; // the version it began from
  draft: Draft;
}

const max = 5;
const keyOf = (project: string, slug: string) => `tracia.draft.${project}.${slug}`;

export const newKeptId = () => Math.random().toString(36).slice(2);

export function keptDrafts(project: string, slug: string): KeptDraft[] {
  try {
    const list: unknown = JSON.parse(localStorage.getItem(keyOf(project, slug)) ?? '[]');
    if (!Array.isArray(list)) return [];
    return (list as KeptDraft[]).filter((kept) => typeof kept?.id === 'string' && Array.isArray(kept.draft?.messages));
  } catch {
    return []; // storage may be denied, or hold something else
  }
}

function store(project: string, slug: string, list: KeptDraft[]) {
  try {
    if (list.length === 0) localStorage.removeItem(keyOf(project, slug));
    else localStorage.setItem(keyOf(project, slug), JSON.stringify(list));
  } catch {
    // Denied or full: the page itself still holds the draft, and warns before it is left.
  }
}

export function keepDraft(project: string, slug: string, kept: KeptDraft) {
  store(project, slug, [kept, ...keptDrafts(project, slug).filter((other) => other.id !== kept.id)].slice(0, max));
}

export function dropDraft(project: string, slug: string, id: string) {
  store(project, slug, keptDrafts(project, slug).filter((kept) => kept.id !== id));
}

// A renamed prompt takes its drafts along.
export function moveDrafts(project: string, from: string, to: string) {
  store(project, to, keptDrafts(project, from));
  store(project, from, []);
}

// Values that a prompt was tried with last.
const variablesKey = (project: string, slug: string) => `tracia.variables.${project}.${slug}`;

export function keptVariables(project: string, slug: string): Record<string, string> {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(variablesKey(project, slug)) ?? '{}');
    if (typeof stored !== 'object' || stored === null) return {};
    return Object.fromEntries(Object.entries(stored).filter(([, value]) => typeof value === 'string'));
  } catch {
    return {};
  }
}

export function keepVariables(project: string, slug: string, values: Readonly<Record<string, string>>) {
  try {
    localStorage.setItem(variablesKey(project, slug), JSON.stringify(values));
  } catch {
    // Denied or full: they last as long as the page then.
  }
}
