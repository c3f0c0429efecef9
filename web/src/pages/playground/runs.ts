// Runs of the columns: each a stream of its own, stopped or failed without the others.
import {useQueryClient} from '@tanstack/react-query';
import {useCallback, useEffect, useRef, useState} from 'react';
import {ApiError, messageOf, type Schemas} from '../../api/client';
import {streamEvents, type ServerEvent} from '../../api/events';
import {toRun, type Column, type RunResult} from './model';

export type ToolCall = Schemas['ToolCall'];

export interface Failure {
  message: string;
  code: string;
  provider?: string; // who said it, when it was not the server itself
  requestId?: string;
  spanId?: string;
  missing?: string[];
}

export interface Outcome {
  state: 'running' | 'done' | 'stopped' | 'failed';
  text: string;
  reasoning: string;
  toolCalls: ToolCall[];
  result: RunResult | null;
  failure: Failure | null;
}

export const begun: Outcome = {state: 'running', text: '', reasoning: '', toolCalls: [], result: null, failure: null};

function failureOf(code: string, message: string, body: Record<string, unknown>): Failure {
  const provider = body['provider'] as {name?: string; requestId?: string | null} | undefined;
  return {
    message,
    code,
    ...(provider?.name ? {provider: provider.name} : {}),
    ...(provider?.requestId ? {requestId: provider.requestId} : {}),
    ...(typeof body['spanId'] === 'string' ? {spanId: body['spanId']} : {}),
    ...(Array.isArray(body['missingVariables']) ? {missing: body['missingVariables'] as string[]} : {}),
  };
}

// An answer that grows by one event.
export function grow(outcome: Outcome, event: ServerEvent): Outcome {
  const data = JSON.parse(event.data);
  switch (event.event) {
    case 'delta':
      return {...outcome, text: outcome.text + data.text};
    case 'reasoning':
      return {...outcome, reasoning: outcome.reasoning + data.text};
    case 'tool_call':
      return {...outcome, toolCalls: [...outcome.toolCalls, data]};
    case 'done': {
      const result = data as RunResult;
      return {
        ...outcome,
        state: 'done',
        result,
        text: result.text ?? outcome.text,
        toolCalls: result.toolCalls ?? outcome.toolCalls,
      };
    }
    case 'error': {
      const {code, message, ...rest} = data.error;
      return {...outcome, state: 'failed', failure: failureOf(code, message, rest)};
    }
    default:
      return outcome;
  }
}

export function failed(outcome: Outcome, error: unknown): Outcome {
  if (error instanceof DOMException && error.name === 'AbortError') return {...outcome, state: 'stopped'};
  // The connection was lost in the middle of the answer.
  if (error instanceof TypeError) return ended(outcome);
  const failure =
    error instanceof ApiError
      ? failureOf(error.code, messageOf(error), error.body)
      : {code: 'UNKNOWN', message: messageOf(error)};
  return {...outcome, state: 'failed', failure};
}

// Ended without its last event: the server went away in the middle.
export function ended(outcome: Outcome): Outcome {
  if (outcome.state !== 'running') return outcome;
  return {...outcome, state: 'failed', failure: {code: 'OFFLINE', message: 'The answer broke off before its end.'}};
}

const redrawMs = 60; // a stream may bring hundreds of pieces a second; nobody reads faster than this

export function useRuns(initial: Record<string, Outcome>) {
  const [outcomes, setOutcomes] = useState(initial);
  const queries = useQueryClient();
  const aborts = useRef(new Map<string, AbortController>());

  useEffect(() => {
    const running = aborts.current;
    return () => running.forEach((abort) => abort.abort());
  }, []);

  const show = useCallback((id: string, outcome: Outcome) => setOutcomes((all) => ({...all, [id]: outcome})), []);

  const run = useCallback(
    async (column: Column, values: Record<string, string>) => {
      aborts.current.get(column.id)?.abort();
      const abort = new AbortController();
      aborts.current.set(column.id, abort);
      let outcome = begun;
      let timer: ReturnType<typeof setTimeout> | undefined;
      const current = () => aborts.current.get(column.id) === abort;
      show(column.id, outcome);
      try {
        await streamEvents(
          '/api/v1/run',
          {method: 'POST', body: toRun(column, values), signal: abort.signal},
          (event) => {
            outcome = grow(outcome, event);
            timer ??= setTimeout(() => {
              timer = undefined;
              if (current()) show(column.id, outcome);
            }, redrawMs);
          },
        );
        outcome = ended(outcome);
      } catch (error) {
        outcome = failed(outcome, error);
      }
      clearTimeout(timer);
      // There is a span more now; whoever shows spans looks again.
      for (const key of ['spans', 'traces', 'analytics']) void queries.invalidateQueries({queryKey: [key]});
      if (current()) {
        show(column.id, outcome);
        aborts.current.delete(column.id);
      }
    },
    [show, queries],
  );

  const stop = useCallback((id: string) => aborts.current.get(id)?.abort(), []);
  const forget = useCallback((id: string) => {
    aborts.current.get(id)?.abort();
    aborts.current.delete(id);
    setOutcomes(({[id]: _, ...rest}) => rest);
  }, []);
  const replaceAll = useCallback((next: Record<string, Outcome>) => {
    aborts.current.forEach((abort) => abort.abort());
    aborts.current.clear();
    setOutcomes(next);
  }, []);
  return {outcomes, run, stop, forget, replaceAll};
}
