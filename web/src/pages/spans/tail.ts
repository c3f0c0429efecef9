// Spans as they are stored. What arrives is shown at once while the reader is at the top, else it waits behind a pill.
import {useCallback, useEffect, useRef, useState} from 'react';
import {ApiError} from '../../api/client';
import {streamEvents} from '../../api/events';
import type {Summary} from './columns';
import {matchesRest, serializeQuery, tailQuery, type SpanQuery} from './filters';

const keptMax = 1000;
const freshMs = 1600;

export interface Tail {
  rows: Summary[]; // newest first
  waiting: number;
  freshIds: ReadonlySet<string>;
  missed: number; // left out by the server because we were too slow
  error: unknown;
  showWaiting: () => void;
}

export function useTail(on: boolean, query: SpanQuery, mayShow: () => boolean): Tail {
  const [rows, setRows] = useState<Summary[]>([]);
  const [waiting, setWaiting] = useState<Summary[]>([]);
  const [freshIds, setFreshIds] = useState<ReadonlySet<string>>(new Set());
  const [missed, setMissed] = useState(0);
  const [error, setError] = useState<unknown>(null);
  const may = useRef(mayShow);
  may.current = mayShow;
  const path = `/api/v1/spans/tail?${serializeQuery(tailQuery(query))}`;
  const rest = useRef(query);
  rest.current = query;
  const timers = useRef(new Set<ReturnType<typeof setTimeout>>());

  const show = useCallback((spans: Summary[]) => {
    setRows((now) => {
      const ids = new Set(spans.map((span) => span.id));
      return [...spans, ...now.filter((span) => !ids.has(span.id))].slice(0, keptMax);
    });
    setFreshIds((now) => new Set([...now, ...spans.map((span) => span.id)]));
    const timer = setTimeout(() => {
      timers.current.delete(timer);
      setFreshIds((now) => new Set([...now].filter((id) => !spans.some((span) => span.id === id))));
    }, freshMs);
    timers.current.add(timer);
  }, []);

  useEffect(() => {
    const pending = timers.current;
    return () => pending.forEach(clearTimeout);
  }, []);

  useEffect(() => {
    setRows([]);
    setWaiting([]);
    setMissed(0);
    setError(null);
    if (!on) return;
    const abort = new AbortController();
    let lastEventId = '';
    // Events that come together are drawn together.
    let batch: Summary[] = [];
    const flush = () => {
      const spans = batch.reverse();
      batch = [];
      if (may.current()) show(spans);
      else setWaiting((now) => [...spans, ...now].slice(0, keptMax));
    };
    const listen = async () => {
      for (let failures = 0; !abort.signal.aborted;) {
        try {
          await streamEvents(path, {signal: abort.signal, lastEventId}, (event) => {
            failures = 0;
            setError(null);
            if (event.id) lastEventId = event.id;
            if (event.event === 'dropped')
              return setMissed((count) => count + (JSON.parse(event.data) as {count: number}).count);
            if (event.event !== 'span') return;
            const span = JSON.parse(event.data) as Summary;
            if (!matchesRest(rest.current, span)) return;
            if (batch.push(span) === 1) setTimeout(() => abort.signal.aborted || flush(), 100);
          });
        } catch (caught) {
          if (abort.signal.aborted) return;
          setError(caught);
          if (caught instanceof ApiError && caught.status >= 400 && caught.status < 500 && caught.status !== 429)
            return;
        }
        await new Promise((wake) => setTimeout(wake, Math.min(10_000, 500 * 2 ** failures++)));
      }
    };
    void listen();
    return () => abort.abort();
  }, [on, path, show]);

  const showWaiting = useCallback(() => {
    setWaiting((now) => {
      if (now.length > 0) queueMicrotask(() => show(now));
      return [];
    });
  }, [show]);
  return {rows, waiting: waiting.length, freshIds, missed, error, showWaiting};
}
