// The columns of the table of spans, and which of them this browser shows.
import {useCallback, useState, type ReactNode} from 'react';
import type {Schemas} from '../../api/client';
import {Badge, formatLatency, formatMoney, formatNumber, formatShortTime, none, type Tone} from '../../ui';

export type Summary = Schemas['SpanSummary'];

export interface Column {
  key: string;
  label: string;
  width: string; // of a grid's track
  number?: boolean;
  cell: (span: Summary) => ReactNode;
}

export const kindNames: Record<Summary['spanKind'], string> = {
  LLM: 'Model call',
  EMBEDDING: 'Embedding',
  ROOT: 'Root',
  TOOL: 'Tool',
  RETRIEVAL: 'Retrieval',
  CHAIN: 'Chain',
  AGENT: 'Agent',
  OTHER: 'Other',
};
const kindTones: Partial<Record<Summary['spanKind'], Tone>> = {
  LLM: 'accent',
  EMBEDDING: 'info',
  TOOL: 'violet',
  RETRIEVAL: 'info',
  AGENT: 'good',
  CHAIN: 'good',
};
export const KindBadge = ({kind}: {kind: Summary['spanKind']}) => (
  <Badge tone={kindTones[kind]}>{kindNames[kind] ?? kind}</Badge>
);

export function StatusMark({status}: {status: Summary['status']}) {
  const failed = status === 'ERROR';
  return (
    <span
      className={`status-mark ${failed ? 'bad' : 'good'}`}
      role="img"
      aria-label={failed ? 'Error' : 'Success'}
      title={failed ? 'Error' : 'Success'}>
      {failed ? '!' : ''}
    </span>
  );
}

export const finishWords: Record<NonNullable<Summary['finishReason']>, string> = {
  stop: 'Finished',
  tool_calls: 'Called a tool',
  max_tokens: 'Token limit',
};
export const nameOf = (span: Pick<Summary, 'name' | 'promptSlug' | 'model' | 'spanId'>) =>
  span.name ?? span.promptSlug ?? span.model ?? span.spanId;

const costTitles: Record<Summary['costStatus'], string> = {
  exact: 'Exact',
  estimated: 'An estimate',
  unknown: 'Not known',
  included: 'Counted by another span of the same call',
};
export function CostValue({cost, status}: {cost: number | null; status: Summary['costStatus']}) {
  return (
    <span title={costTitles[status]}>
      {status === 'estimated' && (
        <>
          <span aria-hidden>≈ </span>
          <span className="visually-hidden">about </span>
        </>
      )}
      {status === 'included' ? 'elsewhere' : formatMoney(cost)}
    </span>
  );
}

const text = (value: string | null | undefined) => (value ? <bdi title={value.slice(0, 300)}>{value}</bdi> : none);

export const columns: Column[] = [
  {
    key: 'startTime',
    label: 'Started',
    width: '150px',
    cell: (span) => <time dateTime={span.startTime}>{formatShortTime(span.startTime)}</time>,
  },
  {key: 'spanKind', label: 'Kind', width: '96px', cell: (span) => <KindBadge kind={span.spanKind} />},
  {key: 'model', label: 'Model', width: 'minmax(120px, 0.7fr)', cell: (span) => text(span.model)},
  {key: 'provider', label: 'Provider', width: '120px', cell: (span) => text(span.provider)},
  {
    key: 'prompt',
    label: 'Prompt',
    width: 'minmax(140px, 0.7fr)',
    cell: (span) =>
      text(span.promptSlug && (span.promptVersion ? `${span.promptSlug} v${span.promptVersion}` : span.promptSlug)),
  },
  {key: 'label', label: 'Label', width: '110px', cell: (span) => text(span.label)},
  {key: 'latencyMs', label: 'Latency', width: '74px', number: true, cell: (span) => formatLatency(span.latencyMs)},
  {
    key: 'timeToFirstTokenMs',
    label: 'First token',
    width: '94px',
    number: true,
    cell: (span) => formatLatency(span.timeToFirstTokenMs),
  },
  {key: 'inputTokens', label: 'Tokens in', width: '76px', number: true, cell: (span) => formatNumber(span.inputTokens)},
  {
    key: 'outputTokens',
    label: 'Tokens out',
    width: '82px',
    number: true,
    cell: (span) => formatNumber(span.outputTokens),
  },
  {
    key: 'cost',
    label: 'Cost',
    width: '96px',
    number: true,
    cell: (span) => <CostValue cost={span.cost} status={span.costStatus} />,
  },
  {
    key: 'finishReason',
    label: 'Stopped because',
    width: '128px',
    cell: (span) => (span.finishReason ? (finishWords[span.finishReason] ?? span.finishReason) : none),
  },
  {key: 'userId', label: 'End user', width: '140px', cell: (span) => text(span.userId)},
  {key: 'sessionId', label: 'Session', width: '140px', cell: (span) => text(span.sessionId)},
  {key: 'tags', label: 'Tags', width: 'minmax(140px, 0.6fr)', cell: (span) => text(span.tags.join(', '))},
  {key: 'traceId', label: 'Trace', width: '170px', cell: (span) => <code>{span.traceId}</code>},
  {key: 'spanId', label: 'Span id', width: '170px', cell: (span) => <code>{span.spanId}</code>},
];

const storageKey = 'tracia.span-columns';
const wide = ['startTime', 'spanKind', 'model', 'latencyMs', 'inputTokens', 'outputTokens', 'cost'];
const narrow = ['latencyMs', 'cost'];

function stored(): string[] {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(storageKey) ?? 'null');
    if (Array.isArray(value)) return value.filter((key): key is string => columns.some((column) => column.key === key));
  } catch {
    // No storage, or not ours: as for a newcomer.
  }
  return matchMedia('(max-width: 800px)').matches ? narrow : wide;
}

export function useColumns() {
  const [chosen, setChosen] = useState(stored);
  const toggle = useCallback(
    (key: string, shown: boolean) =>
      setChosen((now) => {
        const next = shown ? [...now, key] : now.filter((other) => other !== key);
        try {
          localStorage.setItem(storageKey, JSON.stringify(next));
        } catch {
          // It lasts as long as the page then.
        }
        return next;
      }),
    [],
  );
  return {shown: columns.filter((column) => chosen.includes(column.key)), chosen, toggle};
}
