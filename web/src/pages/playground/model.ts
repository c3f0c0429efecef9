// What the playground holds, and how it becomes requests. No React, no network.
import type {Schemas} from '../../api/client';
import {escapeContent, variablesOf} from './template';

export type Content = Schemas['Content'];
export type Part = Schemas['ContentPart'];
export type Role = Schemas['Role'];
export type RunResult = Schemas['RunResult'];

export const columnsMax = 4;
export const letters = ['A', 'B', 'C', 'D'] as const;

export interface EditMessage {
  id: string;
  role: Role;
  content: Content;
  toolCallId?: string;
  toolName?: string;
}

// JSON is kept as text, so that what is half typed is not lost.
export interface Settings {
  temperature: number | null;
  topP: number | null;
  maxOutputTokens: number | null;
  stopSequences: string; // one a line
  tools: string;
  toolChoice: string; // '' | auto | none | required | tool:<name>
  outputSchema: string;
}

export interface VersionSource {
  kind: 'version';
  slug: string;
  name: string;
  version: number;
  newest: number; // when it was read: a save begins from it
}
export interface SpanSource {
  kind: 'span';
  spanId: string;
  slug: string | null;
  omitted: boolean; // something was too large to be kept, and cannot be sent again
}
export type Source = VersionSource | SpanSource;

export interface Draft {
  provider: string;
  model: string;
  messages: EditMessage[];
  settings: Settings;
}
export interface Column extends Draft {
  id: string;
  source: Source | null;
  saved: string | null; // fingerprint of what `source` holds
  open: boolean; // whether its messages and settings show
}
export interface Playground {
  id: string;
  variables: Record<string, string>;
  columns: Column[];
}

let counter = 0;
export const newId = (prefix: string) => `${prefix}_${Date.now().toString(36)}${(counter++).toString(36)}`;

export const noSettings: Settings = {
  temperature: null,
  topP: null,
  maxOutputTokens: null,
  stopSequences: '',
  tools: '',
  toolChoice: '',
  outputSchema: '',
};

const pretty = (value: unknown) => (value === null || value === undefined ? '' : JSON.stringify(value, null, 2));

type SettingsOf = Pick<Schemas['PromptVersion'], 'temperature' | 'topP' | 'maxOutputTokens' | 'tools'> &
  Partial<Pick<Schemas['PromptVersion'], 'stopSequences' | 'toolChoice' | 'outputSchema'>>;

function toSettings(from: SettingsOf): Settings {
  const choice = from.toolChoice ?? null;
  return {
    temperature: from.temperature ?? null,
    topP: from.topP ?? null,
    maxOutputTokens: from.maxOutputTokens ?? null,
    stopSequences: (from.stopSequences ?? []).join('\n'),
    tools: pretty(from.tools),
    toolChoice: choice === null ? '' : typeof choice === 'string' ? choice : `tool:${choice.tool}`,
    outputSchema: pretty(from.outputSchema),
  };
}

// Two drafts with the same fingerprint send the same. Ids of messages do not count.
export function fingerprint(draft: Draft): string {
  const messages = draft.messages.map(({id: _, ...message}) => message);
  return JSON.stringify([draft.provider.toLowerCase(), draft.model, messages, draft.settings]);
}

function column(draft: Draft, source: Source | null, open: boolean): Column {
  return {...draft, id: newId('col'), source, saved: source ? fingerprint(draft) : null, open};
}

export function emptyColumn(): Column {
  return column(
    {
      provider: '',
      model: '',
      settings: noSettings,
      messages: [{id: newId('msg'), role: 'user', content: ''}],
    },
    null,
    true,
  );
}

export function columnOfVersion(
  prompt: {slug: string; name: string; currentVersion: number},
  version: Schemas['PromptVersion'],
): Column {
  const draft = {
    provider: version.provider ?? '',
    model: version.model ?? '',
    settings: toSettings(version),
    messages: version.messages.map((message) => ({...message})),
  };
  const source: VersionSource = {
    kind: 'version',
    slug: prompt.slug,
    name: prompt.name,
    version: version.version,
    newest: prompt.currentVersion,
  };
  // A prompt without a model cannot run before one is chosen.
  return column(draft, source, !version.model);
}

type SpanMessage = Schemas['Message'];

// The messages of a recorded call, as a conversation that can be sent: a message for each tool's result, and without
// what was too large to keep.
export function messagesOfSpan(input: unknown): {messages: EditMessage[]; omitted: boolean} | null {
  const list = (input as {messages?: unknown} | null)?.messages;
  if (!Array.isArray(list)) return null;
  const messages: EditMessage[] = [];
  let omitted = false;
  for (const message of list as SpanMessage[]) {
    const id = () => newId('msg');
    const content = message.content ?? '';
    if (typeof content === 'string') {
      messages.push({id: id(), role: message.role, content, ...toolOf(message)});
      continue;
    }
    const kept: Part[] = [];
    for (const part of content) {
      if (part.type === 'tool_result') {
        messages.push({
          id: id(),
          role: 'tool',
          content: part.content,
          toolCallId: part.toolCallId,
          ...(part.toolName ? {toolName: part.toolName} : {}),
        });
      } else if ('omittedBytes' in part && part.omittedBytes !== undefined) omitted = true;
      else kept.push(part);
    }
    if (kept.length > 0) messages.push({id: id(), role: message.role, content: kept, ...toolOf(message)});
  }
  const escaped = messages.map((message) =>
    message.role === 'tool' ? message : {...message, content: escapeContent(message.content)},
  );
  return {messages: escaped, omitted};
}

function toolOf(message: SpanMessage) {
  return {
    ...(message.toolCallId ? {toolCallId: message.toolCallId} : {}),
    ...(message.toolName ? {toolName: message.toolName} : {}),
  };
}

// A span does not say which stop sequences, tool choice and schema it was sent with; its prompt's version does.
export function columnOfSpan(span: Schemas['Span'], version: Schemas['PromptVersion'] | null): Column | null {
  const found = messagesOfSpan(span.input);
  if (!found || found.messages.length === 0) return null;
  const settings = toSettings({
    ...span,
    stopSequences: version?.stopSequences,
    toolChoice: version?.toolChoice,
    outputSchema: version?.outputSchema,
  });
  const draft = {provider: span.provider ?? '', model: span.model ?? '', messages: found.messages, settings};
  return column(
    draft,
    {kind: 'span', spanId: span.spanId, slug: span.promptSlug ?? null, omitted: found.omitted},
    true,
  );
}

export function copyOf(from: Column): Column {
  return {...from, id: newId('col'), messages: from.messages.map((message) => ({...message}))};
}

export function variablesOfAll(columns: readonly Column[]): string[] {
  return [...new Set(columns.flatMap((each) => variablesOf(each.messages)))];
}

export const textValues = (values: Record<string, unknown> | null | undefined): Record<string, string> =>
  Object.fromEntries(
    Object.entries(values ?? {}).map(([name, value]) => [
      name,
      typeof value === 'string' ? value : JSON.stringify(value),
    ]),
  );

// --- What is sent ---

function json(text: string, what: string): unknown {
  if (text.trim() === '') return null;
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`${what} is not valid JSON yet.`);
  }
}

// The part that a run, a new prompt and a new version share. Throws an Error that says what to mend.
export function toVersion(draft: Draft) {
  const {settings} = draft;
  const stop = settings.stopSequences.split('\n').filter((line) => line !== '');
  const choice = settings.toolChoice;
  return {
    content: draft.messages,
    provider: draft.provider.trim() || null,
    model: draft.model.trim() || null,
    temperature: settings.temperature,
    topP: settings.topP,
    maxOutputTokens: settings.maxOutputTokens,
    stopSequences: stop.length > 0 ? stop : null,
    tools: json(settings.tools, 'The list of tools') as Schemas['Tools'],
    toolChoice: (choice === ''
      ? null
      : choice.startsWith('tool:')
        ? {tool: choice.slice(5)}
        : choice) as Schemas['ToolChoice'],
    outputSchema: json(settings.outputSchema, 'The answer’s schema') as Schemas['JsonSchema'] | null,
  };
}

export const slugOf = (from: Column): string | null =>
  from.source?.kind === 'version' || from.source?.kind === 'span' ? from.source.slug : null;

export function toRun(from: Column, values: Record<string, string>): Schemas['RunRequest'] {
  const {model, ...version} = toVersion(from);
  if (!model) throw new Error('Choose a model first.');
  const used = variablesOf(from.messages).map((name) => [name, values[name] ?? ''] as const);
  return {
    ...version,
    model,
    variables: Object.fromEntries(used),
    promptSlug: slugOf(from),
    tags: ['playground'],
    stream: true,
  };
}

// The conversation with the answer in it, and what comes next: a place for each tool's result, or for a question.
export function continued(from: Column, result: RunResult): EditMessage[] {
  const answer = result.messages.at(-1);
  if (!answer || answer.role !== 'assistant') return from.messages;
  const next: EditMessage[] = [
    ...from.messages,
    {id: newId('msg'), role: 'assistant', content: escapeContent(answer.content)},
  ];
  if (result.toolCalls && result.toolCalls.length > 0) {
    for (const call of result.toolCalls) {
      next.push({id: newId('msg'), role: 'tool', content: '', toolCallId: call.id, toolName: call.name});
    }
  } else next.push({id: newId('msg'), role: 'user', content: ''});
  return next;
}

export const isEdited = (from: Column) => from.saved !== null && from.saved !== fingerprint(from);
