"""The one thread of Python that runs what the application gave: span masks, on_span_error, futures of streams.

C++ threads never take the GIL; they queue events, and this thread waits for them. It starts with the first need.
"""

from __future__ import annotations

import os
import threading
import warnings
import weakref
from typing import TYPE_CHECKING, Any, NamedTuple

from tracia._json import decode, encode
from tracia.errors import TraciaError, TraciaErrorCode, error_from_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from tracia._native import Client
    from tracia.streams import SyncStream

# How long the thread sleeps at most; it is woken for every event and by close().
_WAIT_MS = 60_000
_JOIN_S = 5.0


class Callbacks(NamedTuple):
    """What the application gave. `mask`: span -> span, or None to drop it. Both run on the callbacks' thread."""

    mask: Callable[[dict[str, Any]], dict[str, Any] | None] | None = None
    on_span_error: Callable[[Exception, str], None] | None = None


class Events:
    """Starts the thread, and knows which streams wait for it."""

    def __init__(self, native: Client, callbacks: Callbacks) -> None:
        self._native = native
        self._callbacks = callbacks
        self.wanted = callbacks.mask is not None or callbacks.on_span_error is not None
        self._stopping = False
        self._forget_thread()

    def _forget_thread(self) -> None:
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._pid = os.getpid()
        # Streams are held weakly: one that nobody holds is aborted by its destruction.
        self._streams: dict[int, weakref.ref[SyncStream[Any]]] = {}
        self._last_id = 0

    def start(self) -> None:
        """Cheap once it runs."""
        if self._pid != os.getpid():
            self._forget_thread()  # a child made by fork() has no threads
        if self._thread is not None:
            return
        with self._lock:
            if self._thread is None and not self._stopping:
                self._thread = threading.Thread(target=self._run, name="tracia-callbacks", daemon=True)
                self._thread.start()
                self._native.expect_taker()  # it may come to its first event only after close()

    def when_finished(self, stream: SyncStream[Any]) -> int:
        """Calls `stream.settle()` on the callbacks' thread, once its result does not block. Returns what
        `native.on_finished()` is to be given."""
        self.start()
        with self._lock:
            self._last_id += 1
            self._streams[self._last_id] = weakref.ref(stream)
            return self._last_id

    def stopping(self) -> None:
        """Before native.close(): the thread ends with the next event that does not come."""
        self._stopping = True

    def stopped(self) -> None:
        """After native.close(): no event comes any more. Streams that still wait are settled here."""
        thread = self._thread
        if thread is not None and self._pid == os.getpid() and thread is not threading.current_thread():
            thread.join(_JOIN_S)
        for future_id in list(self._streams):
            self._finished(future_id)

    def _run(self) -> None:
        while True:
            event = self._native.next_event(_WAIT_MS)
            if event is None:
                if self._stopping or self._pid != os.getpid():
                    return
                continue
            try:
                self._handle(*event)
            except Exception as failure:  # nothing may end this thread
                warnings.warn(f"tracia: {failure!r}", RuntimeWarning, stacklevel=1)
            finally:
                self._native.event_done()

    def _handle(self, kind: str, payload: bytes, detail: str) -> None:
        if kind == "finished":
            self._finished(int(detail))
        elif kind == "span":
            self._mask(payload)
        elif kind == "span_error":
            self.report(error_from_json(payload), detail)

    def _finished(self, future_id: int) -> None:
        with self._lock:
            reference = self._streams.pop(future_id, None)
        stream = reference() if reference is not None else None
        if stream is not None:
            stream.settle()

    def _mask(self, payload: bytes) -> None:
        """A span whose mask failed is not sent: what it would have hidden must not leave the process."""
        assert self._callbacks.mask is not None
        span_id = ""
        try:
            span = decode(payload)
            span_id = span.get("spanId", "")
            masked = self._callbacks.mask(span)
            if masked is not None:
                self._native.record_as_is(encode(masked))
        except Exception as cause:
            error = TraciaError(TraciaErrorCode.INVALID_REQUEST, f"the span was not sent: its mask failed: {cause}")
            error.__cause__ = cause
            self.report(error, span_id)

    def report(self, error: TraciaError, span_id: str) -> None:
        """Tells the application that a span is lost."""
        if self._callbacks.on_span_error is None:
            warnings.warn(f"{error.message} (span {span_id})", RuntimeWarning, stacklevel=2)
            return
        try:
            self._callbacks.on_span_error(error, span_id)
        except Exception as failure:  # the application's own mistake must not end the thread
            warnings.warn(f"on_span_error raised {failure!r}", RuntimeWarning, stacklevel=1)
