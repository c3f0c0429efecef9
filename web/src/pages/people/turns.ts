// The turns of a session: its traces in the order in which they began, each with the call that spoke to the person.
import type {Schemas} from '../../api/client';

type Summary = Schemas['SpanSummary'];

export interface Turn {
  traceId: string;
  span: Summary;
  calls: number; // model calls of the trace
}

// `spans`: model calls, newest first. Of each trace the root speaks, or else the call that began last: what came
// before it chose tools, or searched.
export function turnsOf(spans: Summary[]): Turn[] {
  const turns = new Map<string, Turn>();
  for (const span of spans) {
    const turn = turns.get(span.traceId);
    if (!turn) turns.set(span.traceId, {traceId: span.traceId, span, calls: 1});
    else {
      ++turn.calls;
      if (span.parentSpanId === null && turn.span.parentSpanId !== null && span.finishReason !== 'tool_calls')
        turn.span = span;
    }
  }
  return [...turns.values()].reverse();
}
