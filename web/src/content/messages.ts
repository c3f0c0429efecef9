// Messages as they are stored, in either form of the contract and from anyone, brought into one form to show. Nothing
// of them is trusted: whatever has no known shape is kept as a value, so that it is shown as JSON rather than lost.

export type MediaKind = 'image' | 'document' | 'audio';

export interface Media {
  type: 'media';
  kind: MediaKind;
  mimeType: string;
  name: string;
  data: string; // base64, or ''
  url: string; // elsewhere; shown as a link only
  note: string; // the provider's file id, or how many bytes were left out
}
export interface ToolResult {
  toolCallId: string;
  toolName: string;
  isError: boolean;
  parts: Part[];
}
export type Part =
  | {type: 'text'; text: string; refusal: boolean}
  | Media
  | {type: 'tool_call'; id: string; name: string; arguments: unknown; result: ToolResult | null}
  | ({type: 'tool_result'} & ToolResult)
  | {type: 'reasoning'; text: string; redacted: boolean}
  | {type: 'value'; label: string; value: unknown};

export interface ShownMessage {
  role: string;
  name: string;
  parts: Part[];
}

type Fields = Record<string, unknown>;
const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const text = (value: unknown) => (typeof value === 'string' ? value : '');

// "data:image/png;base64,…" taken apart.
function dataUrl(url: string): {mimeType: string; data: string} | null {
  const found = /^data:([\w.+/-]*)(?:;[\w=.-]+)*;base64,/i.exec(url.slice(0, 200));
  return found ? {mimeType: found[1]!.toLowerCase(), data: url.slice(found[0].length)} : null;
}

function media(
  kind: MediaKind,
  fields: {mimeType?: unknown; name?: unknown; data?: unknown; url?: unknown; fileId?: unknown; omittedBytes?: unknown},
): Media {
  const inline = dataUrl(text(fields.url)) ?? dataUrl(text(fields.data));
  const notes = [
    text(fields.fileId) && `file ${text(fields.fileId)}`,
    typeof fields.omittedBytes === 'number' &&
      `${fields.omittedBytes.toLocaleString()} bytes, not kept because of their size`,
  ];
  return {
    type: 'media',
    kind,
    mimeType: inline?.mimeType || text(fields.mimeType).toLowerCase(),
    name: text(fields.name),
    data: inline ? inline.data : text(fields.data),
    url: inline ? '' : text(fields.url),
    note: notes.filter(Boolean).join(', '),
  };
}

function readArguments(value: unknown): unknown {
  if (typeof value !== 'string') return value ?? {};
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

function readResult(fields: Fields, id: unknown, name: unknown): ToolResult {
  return {
    toolCallId: text(id),
    toolName: text(name),
    isError: fields['isError'] === true || fields['is_error'] === true,
    parts: readContent(fields['content']),
  };
}

function readPart(part: unknown): Part {
  if (typeof part === 'string') return {type: 'text', text: part, refusal: false};
  if (!isObject(part)) return {type: 'value', label: 'Part', value: part};
  switch (part['type']) {
    case 'text':
    case 'input_text':
    case 'output_text':
      if (typeof part['text'] === 'string')
        return {type: 'text', text: part['text'], refusal: part['refusal'] === true};
      break;
    case 'refusal':
      if (typeof part['refusal'] === 'string') return {type: 'text', text: part['refusal'], refusal: true};
      break;
    case 'image':
    case 'document':
    case 'audio':
      return media(part['type'], part);
    case 'image_url': {
      const image = part['image_url'];
      return media('image', {url: isObject(image) ? image['url'] : image});
    }
    case 'input_audio': {
      const audio = part['input_audio'];
      if (isObject(audio))
        return media('audio', {data: audio['data'], mimeType: `audio/${text(audio['format']) || 'wav'}`});
      break;
    }
    case 'file': {
      const file = part['file'];
      if (isObject(file))
        return media('document', {url: file['file_data'], name: file['filename'], fileId: file['file_id']});
      break;
    }
    case 'tool_call':
      return {
        type: 'tool_call',
        id: text(part['id']),
        name: text(part['name']),
        arguments: readArguments(part['arguments']),
        result: null,
      };
    case 'tool_use':
      return {
        type: 'tool_call',
        id: text(part['id']),
        name: text(part['name']),
        arguments: part['input'],
        result: null,
      };
    case 'tool_result':
      return {type: 'tool_result', ...readResult(part, part['toolCallId'] ?? part['tool_use_id'], part['toolName'])};
    case 'reasoning':
    case 'thinking':
      return {
        type: 'reasoning',
        text: text(part['text']) || text(part['thinking']),
        redacted: part['redacted'] === true,
      };
    case 'vendor':
      return {type: 'value', label: `Only for ${text(part['provider']) || 'its provider'}`, value: part['value']};
  }
  return {type: 'value', label: text(part['type']) || 'Part', value: part};
}

export function readContent(content: unknown): Part[] {
  if (content === null || content === undefined || content === '') return [];
  return Array.isArray(content) ? content.map(readPart) : [readPart(content)];
}

export function toolCallPart(call: unknown): Part {
  const fields = isObject(call) ? call : {};
  const inner = isObject(fields['function']) ? fields['function'] : fields;
  return {
    type: 'tool_call',
    id: text(fields['id']),
    name: text(inner['name']),
    arguments: readArguments(inner['arguments']),
    result: null,
  };
}

export function readMessage(message: unknown): ShownMessage {
  if (!isObject(message))
    return {role: 'unknown', name: '', parts: [{type: 'value', label: 'Message', value: message}]};
  const role = text(message['role']) || 'unknown';
  const name = text(message['name']);
  if (role === 'tool' || role === 'function') {
    const result = readResult(
      message,
      message['toolCallId'] ?? message['tool_call_id'],
      message['toolName'] ?? message['tool_name'] ?? message['name'],
    );
    return {role: 'tool', name: result.toolName, parts: [{type: 'tool_result', ...result}]};
  }
  const calls = Array.isArray(message['tool_calls']) ? message['tool_calls'] : [];
  return {role, name, parts: [...readContent(message['content']), ...calls.map(toolCallPart)]};
}

// The messages of a span's input, or null when it holds none.
export function readMessages(input: unknown): ShownMessage[] | null {
  const list = isObject(input) ? input['messages'] : null;
  return Array.isArray(list) ? list.map(readMessage) : null;
}

// Puts each tool's result under the call that it answers, when that call is there; messages that are empty then go
// away.
export function pairTools(messages: ShownMessage[]): ShownMessage[] {
  const calls = new Map<string, Extract<Part, {type: 'tool_call'}>>();
  const paired: ShownMessage[] = [];
  for (const message of messages) {
    const parts: Part[] = [];
    for (const part of message.parts) {
      if (part.type === 'tool_call') {
        const copy = {...part};
        if (copy.id) calls.set(copy.id, copy);
        parts.push(copy);
      } else if (part.type === 'tool_result') {
        const call = calls.get(part.toolCallId);
        if (call && !call.result) call.result = part;
        else parts.push(part);
      } else {
        parts.push(part);
      }
    }
    if (parts.length > 0 || message.parts.length === 0) paired.push({...message, parts});
  }
  return paired;
}

// What a run added to a conversation: the messages after the last thing that the assistant said in words.
export function newMessages(messages: ShownMessage[]): ShownMessage[] {
  let from = 0;
  messages.forEach((message, i) => {
    if (message.role === 'assistant' && message.parts.some((part) => part.type === 'text' && part.text !== ''))
      from = i + 1;
  });
  return messages.slice(from).filter((message) => message.role !== 'system' && message.role !== 'developer');
}

// Types that browsers draw without running or fetching anything. SVG is not among them.
const drawn = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp', 'image/avif']);
// By the first characters of base64, where no type was said.
const magic: [string, string][] = [
  ['iVBORw0KGgo', 'image/png'],
  ['/9j/', 'image/jpeg'],
  ['R0lGOD', 'image/gif'],
  ['UklGR', 'image/webp'],
];

// An address for <img> when the image is here and harmless, else null.
export function imageSource(part: Media): string | null {
  if (part.kind !== 'image' || part.data === '') return null;
  const mimeType = part.mimeType || magic.find(([start]) => part.data.startsWith(start))?.[1] || '';
  if (!drawn.has(mimeType) || !/^[\w+/=\s-]*$/.test(part.data.slice(0, 4096))) return null;
  return `data:${mimeType};base64,${part.data}`;
}

// An address that may be followed: the web's own, and nothing that runs.
export function safeLink(url: string): string | null {
  try {
    const {protocol} = new URL(url);
    return protocol === 'https:' || protocol === 'http:' ? url : null;
  } catch {
    return null;
  }
}

// The value of a text that is a JSON object or list, else undefined. A very long text is not tried.
export function jsonOf(value: string): unknown {
  if (value.length > 2_000_000 || !/^\s*[[{]/.test(value)) return undefined;
  try {
    return JSON.parse(value);
  } catch {
    return undefined;
  }
}
