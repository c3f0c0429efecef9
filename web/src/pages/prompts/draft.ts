// What is being edited: a version as a form holds it. Tools and schema stay text, so that a half-written one is kept
// too.
import type {Schemas} from '../../api/client';
import {jsonProblem} from '../../editor/JsonText';
import {variablesOf} from '../../editor/variables';

export type Version = Schemas['PromptVersion'];
export type Role = Schemas['Role'];
type Message = Schemas['PromptMessage'];

export interface DraftMessage {
  id: string;
  role: Role;
  text: string; // of `json`: the parts, as JSON
  json: boolean; // content of several parts, such as images
  toolCallId?: string;
  toolName?: string;
}

export interface Draft {
  messages: DraftMessage[];
  provider: string; // '': it follows from the model's name
  model: string; // '': each run names it
  temperature: number | null;
  topP: number | null;
  maxOutputTokens: number | null;
  stopSequences: string[];
  tools: string; // JSON, '' = none
  toolChoice: string; // 'auto', 'none', 'required', 'tool:name', '' = the provider decides
  outputSchema: string; // JSON, '' = none
}

// What is the content of a version, as the API takes it.
export type Content = Pick<Schemas['PromptUpdate'], 'content' | 'provider' | 'model' | 'temperature' | 'topP' |
  'maxOutputTokens' | 'stopSequences' | 'tools' | 'toolChoice' | 'outputSchema'>;

export const pretty = (value: unknown) => (value === null || value === undefined ? '' : JSON.stringify(value, null, 2));

export function fromMessage(message: Message): DraftMessage {
  const json = typeof message.content !== 'string';
  return {
    id: message.id,
    role: message.role,
    text: json ? pretty(message.content) : (message.content as string),
    json,
    ...(message.toolCallId === undefined ? {} : {toolCallId: message.toolCallId}),
    ...(message.toolName === undefined ? {} : {toolName: message.toolName}),
  };
}

export function draftOf(version: Omit<Version,
  'version' | 'variables' | 'labels' | 'note' | 'author' | 'createdAt'>): Draft {
  const choice = version.toolChoice;
  return {
    messages: version.messages.map(fromMessage),
    provider: version.provider?.toLowerCase() ?? '',
    model: version.model ?? '',
    temperature: version.temperature,
    topP: version.topP,
    maxOutputTokens: version.maxOutputTokens,
    stopSequences: version.stopSequences ?? [],
    tools: pretty(version.tools),
    toolChoice: choice === null ? '' : typeof choice === 'string' ? choice : `tool:${choice.tool}`,
    outputSchema: pretty(version.outputSchema),
  };
}

const parsed = (text: string): unknown => (text.trim() === '' ? null : JSON.parse(text));

function toMessage({json, text, id, role, toolCallId, toolName}: DraftMessage): Message {
  return {
    id, role,
    content: json ? (JSON.parse(text) as Message['content']) : text,
    ...(toolCallId === undefined ? {} : {toolCallId}),
    ...(toolName === undefined ? {} : {toolName}),
  };
}

// Only for a draft without problems.
export function contentOf(draft: Draft): Required<Content> {
  return {
    content: draft.messages.map(toMessage),
    provider: draft.provider || null,
    model: draft.model || null,
    temperature: draft.temperature,
    topP: draft.topP,
    maxOutputTokens: draft.maxOutputTokens,
    stopSequences: draft.stopSequences.length > 0 ? draft.stopSequences : null,
    tools: parsed(draft.tools) as Required<Content>['tools'],
    toolChoice: draft.toolChoice === '' ? null
      : draft.toolChoice.startsWith('tool:') ? {tool: draft.toolChoice.slice(5)}
      : (draft.toolChoice as 'auto' | 'none' | 'required'),
    outputSchema: parsed(draft.outputSchema) as Required<Content>['outputSchema'],
  };
}

export type Problems = Partial<Record<keyof Draft | `message:${string}`, string>>;

const toolName = /^[A-Za-z0-9_-]{1,64}$/;
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

// What the server would refuse about tools, in words; null when it would take them.
export function toolsProblem(text: string): string | null {
  const syntax = jsonProblem(text);
  if (syntax || text.trim() === '') return syntax;
  const tools: unknown = JSON.parse(text);
  if (!Array.isArray(tools)) return 'Tools are a list: [ … ].';
  if (tools.length > 128) return 'At most 128 tools.';
  const names = new Set<string>();
  for (const [i, tool] of (tools as unknown[]).entries()) {
    if (!isObject(tool)) return `Tool ${i + 1} must be an object with a “name”.`;
    if (typeof tool['name'] !== 'string') return `Tool ${i + 1} has no “name”.`;
    const name = tool['name'];
    if (!toolName.test(name)) return `“${name}”: a tool’s name has letters, digits, _ and - only, at most 64.`;
    if (names.has(name)) return `Two tools are called “${name}”.`;
    names.add(name);
    if (tool['parameters'] !== undefined && !isObject(tool['parameters'])) {
      return `“parameters” of “${name}” must be a JSON Schema, an object.`;
    }
    const extra = Object.keys(tool).find((key) => !['name', 'description', 'parameters'].includes(key));
    if (extra) return `“${name}” has “${extra}”; a tool has “name”, “description” and “parameters”.`;
  }
  return null;
}

export function schemaProblem(text: string): string | null {
  const syntax = jsonProblem(text);
  if (syntax || text.trim() === '') return syntax;
  const schema: unknown = JSON.parse(text);
  if (!isObject(schema)) return 'A JSON Schema is an object: { "type": "object", … }.';
  return null;
}

export function toolNames(text: string): string[] {
  if (toolsProblem(text) || text.trim() === '') return [];
  return (JSON.parse(text) as Schemas['ToolDefinition'][]).map((tool) => tool.name);
}

export function problemsOf(draft: Draft): Problems {
  const problems: Problems = {};
  if (draft.messages.length === 0) problems.messages = 'A prompt needs at least one message.';
  for (const message of draft.messages) {
    if (message.json) {
      const problem = message.text.trim() === '' ? 'Parts are a list: [ … ].' : jsonProblem(message.text);
      if (problem) problems[`message:${message.id}`] = problem;
    }
    if (message.role === 'tool' && !message.toolCallId) {
      problems[`message:${message.id}`] = 'A tool message names the call that it answers.';
    }
  }
  const outside = (value: number | null, low: number, high: number) => value !== null && (value < low || value > high);
  if (outside(draft.temperature, 0, 2)) problems.temperature = 'From 0 to 2.';
  if (outside(draft.topP, 0, 1)) problems.topP = 'From 0 to 1.';
  if (draft.maxOutputTokens !== null && (draft.maxOutputTokens < 1 || !Number.isInteger(draft.maxOutputTokens))) {
    problems.maxOutputTokens = 'A whole number, 1 or more.';
  }
  if (draft.stopSequences.length > 16) problems.stopSequences = 'At most 16.';
  const tools = toolsProblem(draft.tools);
  if (tools) problems.tools = tools;
  if (draft.toolChoice.startsWith('tool:') && !tools && !toolNames(draft.tools).includes(draft.toolChoice.slice(5))) {
    problems.toolChoice = `There is no tool “${draft.toolChoice.slice(5)}”.`;
  }
  const schema = schemaProblem(draft.outputSchema);
  if (schema) problems.outputSchema = schema;
  return problems;
}

// A text that two drafts share exactly when they would save as the same version. Half-written JSON counts as it is.
export function fingerprint(draft: Draft): string {
  const canonical = (text: string) => {
    if (text.trim() === '') return '';
    return jsonProblem(text) ? text : JSON.stringify(JSON.parse(text));
  };
  return JSON.stringify({
    ...draft,
    messages: draft.messages.map((message) => ({...message, text: message.json ? canonical(message.text)
      : message.text})),
    tools: canonical(draft.tools),
    outputSchema: canonical(draft.outputSchema),
  });
}

// Names of variables, as the server finds them: in every message but those of tools, in the texts of parts too.
export function draftVariables(draft: Draft): string[] {
  const texts: string[] = [];
  for (const message of draft.messages) {
    if (message.role === 'tool') continue;
    if (!message.json) {
      texts.push(message.text);
      continue;
    }
    const parts: unknown = jsonProblem(message.text) ? null : parsed(message.text);
    if (!Array.isArray(parts)) continue;
    for (const part of parts as unknown[]) {
      if (isObject(part) && typeof part['text'] === 'string') texts.push(part['text']);
    }
  }
  return variablesOf(texts);
}

export function newMessage(messages: readonly DraftMessage[], role: Role): DraftMessage {
  const taken = new Set(messages.map((message) => message.id));
  let number = messages.length + 1;
  while (taken.has(`msg_${number}`)) ++number;
  return {id: `msg_${number}`, role, text: '', json: false};
}

// What a person would add next.
export function nextRole(messages: readonly DraftMessage[]): Role {
  const last = messages[messages.length - 1]?.role;
  if (!last) return 'system';
  return last === 'user' ? 'assistant' : 'user';
}

export function moved<T>(list: readonly T[], from: number, to: number): T[] {
  const result = [...list];
  const [item] = result.splice(from, 1);
  result.splice(Math.max(0, Math.min(to, result.length)), 0, item!);
  return result;
}
