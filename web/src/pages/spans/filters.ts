// The filters of spans: what there is to filter by, and how the address and the API say it. The address uses the
// API's own names, so that any page can link here; only a time range relative to now ("range") is ours.
import {createQuerySerializer} from 'openapi-fetch';
import type {Schemas} from '../../api/client';
import type {operations} from '../../api/schema';
import {formatDateTime, formatLatency, formatMoney, formatNumber} from '../../ui';

export type SpanQuery = NonNullable<operations['listSpans']['parameters']['query']>;
type Summary = Schemas['SpanSummary'];

// Which sums offer values to choose from.
export type Suggestion = 'model' | 'provider' | 'prompt' | 'label' | 'user' | 'session' | 'tag' | 'experiment';

interface Field {
  key: string; // names the chip
  label: string;
  hint?: string;
}
export type FilterField = Field &
  (
    | {kind: 'choice'; param: string; choices: {value: string; label: string}[]}
    | {kind: 'text'; param: string; suggest?: Suggestion; digits?: boolean; pattern?: string}
    | {kind: 'range'; min: string; max: string; step: 'any' | 1; show: (value: number) => string}
    | {kind: 'pair'; param: string; nameLabel: string}
  );

export const fields: FilterField[] = [
  {
    key: 'status',
    label: 'Status',
    kind: 'choice',
    param: 'status',
    choices: [
      {value: 'SUCCESS', label: 'Success'},
      {value: 'ERROR', label: 'Error'},
    ],
  },
  {
    key: 'spanKind',
    label: 'Kind',
    kind: 'choice',
    param: 'spanKind',
    choices: [
      {value: 'LLM', label: 'Model call'},
      {value: 'EMBEDDING', label: 'Embedding'},
      {value: 'ROOT', label: 'Root'},
      {value: 'TOOL', label: 'Tool'},
      {value: 'RETRIEVAL', label: 'Retrieval'},
      {value: 'CHAIN', label: 'Chain'},
      {value: 'AGENT', label: 'Agent'},
      {value: 'OTHER', label: 'Other'},
    ],
  },
  {key: 'model', label: 'Model', kind: 'text', param: 'model', suggest: 'model'},
  {key: 'provider', label: 'Provider', kind: 'text', param: 'provider', suggest: 'provider'},
  {key: 'promptSlug', label: 'Prompt', kind: 'text', param: 'promptSlug', suggest: 'prompt'},
  {
    key: 'promptVersion',
    label: 'Version',
    kind: 'text',
    param: 'promptVersion',
    digits: true,
    hint: 'Of the prompt chosen beside it.',
  },
  {key: 'label', label: 'Label', kind: 'text', param: 'label', suggest: 'label'},
  {key: 'name', label: 'Name', kind: 'text', param: 'name', hint: 'The exact name of the span.'},
  {key: 'userId', label: 'End user', kind: 'text', param: 'userId', suggest: 'user'},
  {key: 'sessionId', label: 'Session', kind: 'text', param: 'sessionId', suggest: 'session'},
  {
    key: 'tags',
    label: 'Tags',
    kind: 'text',
    param: 'tags',
    suggest: 'tag',
    hint: 'Several with commas between: spans that have them all.',
  },
  {
    key: 'contains',
    label: 'Contains',
    kind: 'text',
    param: 'contains',
    hint: 'An exact piece of input, output or error, at least three characters.',
  },
  {
    key: 'latency',
    label: 'Latency',
    kind: 'range',
    min: 'minLatencyMs',
    max: 'maxLatencyMs',
    step: 1,
    hint: 'In milliseconds.',
    show: formatLatency,
  },
  {
    key: 'cost',
    label: 'Cost',
    kind: 'range',
    min: 'minCost',
    max: 'maxCost',
    step: 'any',
    hint: 'In US dollars.',
    show: formatMoney,
  },
  {
    key: 'tokens',
    label: 'Tokens',
    kind: 'range',
    min: 'minTotalTokens',
    max: 'maxTotalTokens',
    step: 1,
    hint: 'Input and output together.',
    show: formatNumber,
  },
  {
    key: 'finishReason',
    label: 'Stopped because',
    kind: 'choice',
    param: 'finishReason',
    choices: [
      {value: 'stop', label: 'Finished'},
      {value: 'tool_calls', label: 'Called a tool'},
      {value: 'max_tokens', label: 'Token limit'},
    ],
  },
  {
    key: 'costStatus',
    label: 'Cost is',
    kind: 'choice',
    param: 'costStatus',
    choices: [
      {value: 'exact', label: 'Exact'},
      {value: 'estimated', label: 'Estimated'},
      {value: 'unknown', label: 'Unknown'},
      {value: 'included', label: 'Counted elsewhere'},
    ],
  },
  {key: 'variables', label: 'Variable', kind: 'pair', param: 'variables', nameLabel: 'Variable'},
  {key: 'attributes', label: 'Attribute', kind: 'pair', param: 'attributes', nameLabel: 'Attribute'},
  {key: 'traceId', label: 'Trace', kind: 'text', param: 'traceId'},
  {key: 'parentSpanId', label: 'Parent span', kind: 'text', param: 'parentSpanId'},
  {key: 'experimentId', label: 'Experiment', kind: 'text', param: 'experimentId', suggest: 'experiment'},
  {key: 'variant', label: 'Variant', kind: 'text', param: 'variant', hint: 'Of the experiment chosen beside it.'},
];

export const ranges = [
  {value: 'all', label: 'All time', minutes: 0},
  {value: '1h', label: 'Last hour', minutes: 60},
  {value: '24h', label: 'Last 24 hours', minutes: 24 * 60},
  {value: '7d', label: 'Last 7 days', minutes: 7 * 24 * 60},
  {value: '30d', label: 'Last 30 days', minutes: 30 * 24 * 60},
] as const;
export type Range = (typeof ranges)[number]['value'] | 'custom';

export function rangeOf(params: URLSearchParams): Range {
  const value = params.get('range');
  if (ranges.some((range) => range.value === value)) return value as Range;
  return params.has('startDate') || params.has('endDate') ? 'custom' : 'all';
}

// The palette and old links say "search" for words.
export const wordsOfAddress = (params: URLSearchParams) => (params.get('q') ?? params.get('search') ?? '').trim();

const numberOf = (text: string | null) =>
  text !== null && text.trim() !== '' && Number.isFinite(Number(text)) && Number(text) >= 0 ? Number(text) : undefined;

function pairsOf(params: URLSearchParams, param: string): Record<string, string> {
  // No prototype: a name may be "__proto__".
  const pairs: Record<string, string> = Object.create(null);
  for (const [key, value] of params) {
    if (key.startsWith(`${param}[`) && key.endsWith(']') && key.length > param.length + 2) {
      pairs[key.slice(param.length + 1, -1)] = value;
    }
  }
  return pairs;
}

// What to ask the API for. Values that cannot be meant (a status that there is not) are left out.
export function queryOf(params: URLSearchParams, now = Date.now()): SpanQuery {
  const query: Record<string, unknown> = {};
  const words = wordsOfAddress(params);
  if (words) query['q'] = words;
  for (const field of fields) {
    if (field.kind === 'range') {
      for (const param of [field.min, field.max]) {
        const value = numberOf(params.get(param));
        if (value !== undefined) query[param] = value;
      }
    } else if (field.kind === 'pair') {
      const pairs = pairsOf(params, field.param);
      if (Object.keys(pairs).length > 0) query[field.param] = pairs;
    } else {
      const value = params.get(field.param)?.trim();
      if (!value) continue;
      if (field.kind === 'choice' && !field.choices.some((choice) => choice.value === value)) continue;
      if (field.param === 'tags')
        query['tags'] = value
          .split(',')
          .map((tag) => tag.trim())
          .filter(Boolean);
      else if (field.kind === 'text' && field.digits) query[field.param] = numberOf(value);
      else query[field.param] = value;
    }
  }
  const range = rangeOf(params);
  if (range === 'custom') {
    for (const name of ['startDate', 'endDate']) if (params.get(name)) query[name] = params.get(name);
  } else if (range !== 'all') {
    const {minutes} = ranges.find((candidate) => candidate.value === range)!;
    query['startDate'] = new Date(now - minutes * 60_000).toISOString();
  }
  return query as SpanQuery;
}

export const serializeQuery = createQuerySerializer<SpanQuery>({array: {style: 'form', explode: false}});

export interface Chip {
  key: string; // of the field, and the name of a pair
  field: FilterField;
  text: string;
  params: string[]; // taken away with the chip
}

export function chipsOf(params: URLSearchParams): Chip[] {
  const chips: Chip[] = [];
  for (const field of fields) {
    if (field.kind === 'pair') {
      for (const [name, value] of Object.entries(pairsOf(params, field.param))) {
        chips.push({
          key: `${field.key}:${name}`,
          field,
          text: `${name} is ${value}`,
          params: [`${field.param}[${name}]`],
        });
      }
    } else if (field.kind === 'range') {
      const [min, max] = [numberOf(params.get(field.min)), numberOf(params.get(field.max))];
      if (min === undefined && max === undefined) continue;
      const text =
        max === undefined
          ? `at least ${field.show(min!)}`
          : min === undefined
            ? `at most ${field.show(max)}`
            : `${field.show(min)} to ${field.show(max)}`;
      chips.push({key: field.key, field, text, params: [field.min, field.max]});
    } else {
      const value = params.get(field.param);
      if (!value) continue;
      const text = field.kind === 'choice' ? field.choices.find((choice) => choice.value === value)?.label : value;
      if (text) chips.push({key: field.key, field, text, params: [field.param]});
    }
  }
  return chips;
}

export function clearFilters(params: URLSearchParams) {
  for (const chip of chipsOf(params)) chip.params.forEach((param) => params.delete(param));
  for (const param of ['q', 'search', 'range', 'startDate', 'endDate']) params.delete(param);
}

export function rangeText(params: URLSearchParams): string {
  const [start, end] = [params.get('startDate'), params.get('endDate')];
  const shown = (time: string) => (Number.isNaN(Date.parse(time)) ? time : formatDateTime(time));
  if (start && end) return `${shown(start)} to ${shown(end)}`;
  return start ? `from ${shown(start)}` : end ? `until ${shown(end)}` : '';
}

// --- Live ---

// Filters that the live stream cannot follow: they need what a summary does not say.
const unfollowed = ['q', 'contains', 'variables', 'attributes', 'experimentId', 'variant', 'endDate'] as const;
export const canFollow = (query: SpanQuery) => unfollowed.every((name) => query[name] === undefined);

const followed = [
  'promptSlug',
  'status',
  'userId',
  'sessionId',
  'tags',
  'traceId',
  'promptVersion',
  'label',
  'model',
  'provider',
  'spanKind',
  'name',
] as const;
export function tailQuery(query: SpanQuery): SpanQuery {
  return Object.fromEntries(followed.flatMap((name) => (query[name] === undefined ? [] : [[name, query[name]]])));
}

// The rest of the filters, that the stream does not know, on what it sent.
export function matchesRest(query: SpanQuery, span: Summary): boolean {
  const within = (value: number | null, min?: number, max?: number) =>
    (min === undefined && max === undefined) || (value !== null && value >= (min ?? 0) && value <= (max ?? Infinity));
  return (
    within(span.latencyMs, query.minLatencyMs, query.maxLatencyMs) &&
    within(span.cost, query.minCost, query.maxCost) &&
    within(span.totalTokens, query.minTotalTokens, query.maxTotalTokens) &&
    (query.finishReason === undefined || query.finishReason === span.finishReason) &&
    (query.costStatus === undefined || query.costStatus === span.costStatus) &&
    (query.parentSpanId === undefined || query.parentSpanId.toLowerCase() === span.parentSpanId) &&
    (query.startDate === undefined || Date.parse(span.startTime) >= Date.parse(query.startDate))
  );
}
