// What the playground opens with: a prompt or version, a span, what was there before, or nothing.
import {api, ApiError, call, type Schemas} from '../../api/client';
import {columnOfSpan, columnOfVersion, emptyColumn, newId, textValues, type Playground} from './model';
import {recall, shownHere, type Stored} from './store';

export type Start =
  | {kind: 'stored'; stored: Stored}
  | {kind: 'empty'}
  | {kind: 'prompt'; slug: string; version: number | null; variables: Record<string, string>}
  | {kind: 'span'; spanId: string};

function variablesFrom(text: string | null): Record<string, string> {
  try {
    const parsed: unknown = JSON.parse(text ?? '{}');
    return typeof parsed === 'object' && parsed !== null ? textValues(parsed as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

// ?prompt=slug[&version=n][&variables={json}] or ?span=sp_…; a reload and "back" find what was changed since.
export function startOf(project: string, search: string): Start {
  const params = new URLSearchParams(search);
  const here = shownHere();
  const stored = here ? recall(project, here) : null;
  if (stored) return {kind: 'stored', stored};
  const slug = params.get('prompt');
  const spanId = params.get('span');
  const version = Number(params.get('version'));
  if (slug) {
    return {
      kind: 'prompt',
      slug,
      version: Number.isInteger(version) && version > 0 ? version : null,
      variables: variablesFrom(params.get('variables')),
    };
  }
  if (spanId) return {kind: 'span', spanId};
  const last = recall(project);
  return last ? {kind: 'stored', stored: last} : {kind: 'empty'};
}

export const emptyPlayground = (): Playground => ({id: newId('play'), variables: {}, columns: [emptyColumn()]});

async function version(slug: string, wanted: number): Promise<Schemas['PromptVersion']> {
  return call(api.GET('/api/v1/prompts/{slug}/versions/{version}', {params: {path: {slug, version: wanted}}}));
}

export async function load(start: Start): Promise<Playground> {
  if (start.kind === 'prompt') {
    const prompt = await call(api.GET('/api/v1/prompts/{slug}', {params: {path: {slug: start.slug}}}));
    const wanted = start.version ?? prompt.currentVersion;
    const found = prompt.versions?.find((each) => each.version === wanted) ?? (await version(start.slug, wanted));
    return {id: newId('play'), variables: start.variables, columns: [columnOfVersion(prompt, found)]};
  }
  if (start.kind === 'span') {
    const span = await call(api.GET('/api/v1/spans/{spanId}', {params: {path: {spanId: start.spanId}}}));
    // The prompt may be gone since; the span alone will do then.
    const from =
      span.promptSlug && span.promptVersion
        ? await version(span.promptSlug, span.promptVersion).catch((error: unknown) => {
            if (error instanceof ApiError && error.status === 404) return null;
            throw error;
          })
        : null;
    const column = columnOfSpan(span, from);
    if (!column)
      throw new Error('This span has no messages, so there is nothing to run. Spans of chats can be opened here.');
    return {id: newId('play'), variables: textValues(span.variables), columns: [column]};
  }
  return emptyPlayground();
}
