// Downloads every span that matches the filters: as the server streams them, or as a table for spreadsheets.
import {fetchServer, requestHeaders, toApiError, type Schemas} from '../../api/client';
import {serializeQuery, type SpanQuery} from './filters';

type Span = Schemas['Span'];

const csvFields = [
  'startTime',
  'spanId',
  'traceId',
  'parentSpanId',
  'spanKind',
  'name',
  'status',
  'provider',
  'model',
  'promptSlug',
  'promptVersion',
  'label',
  'latencyMs',
  'timeToFirstTokenMs',
  'inputTokens',
  'outputTokens',
  'totalTokens',
  'cost',
  'costStatus',
  'finishReason',
  'userId',
  'sessionId',
  'tags',
  'output',
  'error',
] as const satisfies readonly (keyof Span)[];

// A text that begins like a formula would be run by a spreadsheet: an apostrophe keeps it a text.
export function csvCell(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'number') return String(value);
  const text = Array.isArray(value) ? value.join(', ') : String(value);
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
export const csvLine = (span: Span) => csvFields.map((field) => csvCell(span[field])).join(',') + '\r\n';
export const csvHead = csvFields.join(',') + '\r\n';

export async function exportSpans(
  query: SpanQuery,
  format: 'ndjson' | 'csv',
  signal: AbortSignal,
  onCount: (spans: number) => void,
) {
  const response = await fetchServer(`/api/v1/spans/export?${serializeQuery(query)}`, {
    signal,
    headers: requestHeaders('GET'),
  });
  if (!response.ok) throw await toApiError(response);
  const pieces: string[] = format === 'csv' ? ['\uFEFF', csvHead] : []; // the mark tells spreadsheets that it is UTF-8
  const blobs: Blob[] = [];
  let rest = '';
  let count = 0;
  const take = (line: string) => {
    if (line === '') return;
    pieces.push(format === 'csv' ? csvLine(JSON.parse(line) as Span) : `${line}\n`);
    ++count;
  };
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const {done, value} = await reader.read();
    if (done) break;
    const lines = (rest + value).split('\n');
    rest = lines.pop()!;
    lines.forEach(take);
    onCount(count);
    // Blobs may live outside of the page's memory.
    if (pieces.length > 2000) blobs.push(new Blob(pieces.splice(0)));
  }
  take(rest);
  blobs.push(new Blob(pieces));
  const address = URL.createObjectURL(new Blob(blobs, {type: format === 'csv' ? 'text/csv' : 'application/x-ndjson'}));
  const link = document.createElement('a');
  link.href = address;
  link.download = `spans.${format}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
  return count;
}
