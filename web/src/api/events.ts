// Server-sent events over fetch(), because EventSource can neither POST nor send our headers.
import {fetchServer, requestHeaders, toApiError} from './client';

export interface ServerEvent {
  event: string;
  data: string;
  id: string;
}

// Cuts a stream of text into events, as https://html.spec.whatwg.org/multipage/server-sent-events.html says.
export class EventParser {
  private rest = '';
  private event = '';
  private data: string[] = [];
  private id = '';

  push(text: string): ServerEvent[] {
    const found: ServerEvent[] = [];
    const lines = (this.rest + text).split(/\r\n|\n|\r(?!$)/);
    this.rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line === '') {
        if (this.data.length > 0) found.push({event: this.event || 'message', data: this.data.join('\n'), id: this.id});
        this.event = '';
        this.data = [];
        continue;
      }
      const colon = line.indexOf(':');
      if (colon === 0) continue;
      const name = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
      if (name === 'event') this.event = value;
      else if (name === 'data') this.data.push(value);
      else if (name === 'id') this.id = value;
    }
    return found;
  }
}

// Calls onEvent for each event until the stream ends. Throws ApiError when the server refuses or cannot be reached,
// AbortError when `signal` says so.
export async function streamEvents(
  path: string,
  options: {method?: 'GET' | 'POST'; body?: unknown; signal?: AbortSignal; lastEventId?: string},
  onEvent: (event: ServerEvent) => void,
): Promise<void> {
  const method = options.method ?? 'GET';
  const response = await fetchServer(path, {
    method,
    signal: options.signal,
    credentials: 'same-origin',
    headers: {
      Accept: 'text/event-stream',
      ...(options.body === undefined ? {} : {'Content-Type': 'application/json'}),
      ...(options.lastEventId ? {'Last-Event-ID': options.lastEventId} : {}),
      ...requestHeaders(method),
    },
    body: options.body === undefined ? undefined : JSON.stringify(options.body),
  });
  if (!response.ok) throw await toApiError(response);
  if (!response.body) return;
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  const parser = new EventParser();
  for (;;) {
    const {done, value} = await reader.read();
    if (done) return;
    for (const event of parser.push(value)) onEvent(event);
  }
}
