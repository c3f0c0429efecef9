// One run of a text that is not saved, as it streams in.
import {useCallback, useEffect, useRef, useState} from 'react';
import {ApiError, type Schemas} from '../../api/client';
import {streamEvents, type ServerEvent} from '../../api/events';

export interface RunState {
  status: 'idle' | 'running' | 'done' | 'stopped' | 'failed';
  text: string;
  reasoning: string;
  toolCalls: Schemas['ToolCall'][];
  result: Schemas['RunResult'] | null;
  error: unknown;
}

const idle: RunState = {status: 'idle', text: '', reasoning: '', toolCalls: [], result: null, error: null};

// The answer so far, with one more event. An event of a name that is not known changes nothing.
export function withEvent(state: RunState, {event, data}: ServerEvent): RunState {
  switch (event) {
    case 'delta':
      return {...state, text: state.text + (JSON.parse(data) as Schemas['RunDeltaEvent']).text};
    case 'reasoning':
      return {...state, reasoning: state.reasoning + (JSON.parse(data) as Schemas['RunReasoningEvent']).text};
    case 'tool_call':
      return {...state, toolCalls: [...state.toolCalls, JSON.parse(data) as Schemas['ToolCall']]};
    case 'done': {
      const result = JSON.parse(data) as Schemas['RunResult'];
      return {...state, status: 'done', result, text: result.text ?? state.text,
        toolCalls: result.toolCalls ?? state.toolCalls};
    }
    case 'error': {
      const {code, message, ...rest} = (JSON.parse(data) as Schemas['Error']).error;
      return {...state, status: 'failed', error: new ApiError(message, 200, code, rest)};
    }
    default:
      return state;
  }
}

export function useRun() {
  const [state, setState] = useState<RunState>(idle);
  const abort = useRef<AbortController | null>(null);
  useEffect(() => () => abort.current?.abort(), []);

  const start = useCallback(async (request: Schemas['RunRequest']) => {
    abort.current?.abort();
    const controller = new AbortController();
    abort.current = controller;
    let next: RunState = {...idle, status: 'running'};
    setState(next);
    // One drawing a frame, however many pieces arrive meanwhile.
    let frame = 0;
    const draw = () => {
      frame = 0;
      setState(next);
    };
    try {
      await streamEvents('/api/v1/run', {method: 'POST', body: {...(request as object), stream: true},
        signal: controller.signal}, (event) => {
        next = withEvent(next, event);
        frame ||= requestAnimationFrame(draw);
      });
      if (next.status === 'running') {
        next = {...next, status: 'failed', error: new Error('The connection broke before the answer was complete.')};
      }
    } catch (error) {
      next = controller.signal.aborted ? {...next, status: 'stopped'} : {...next, status: 'failed', error};
    }
    cancelAnimationFrame(frame);
    if (abort.current === controller) setState(next);
  }, []);
  const stop = useCallback(() => abort.current?.abort(), []);
  return {state, start, stop};
}
export type Running = ReturnType<typeof useRun>;
