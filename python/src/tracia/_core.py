"""What a client's parts share: the native client, its lifetime, and the thread that runs the callbacks."""

from __future__ import annotations

import atexit
import os
import sys
import warnings
import weakref
from typing import TYPE_CHECKING, Any

from tracia import _native
from tracia._events import Callbacks, Events
from tracia._json import encode
from tracia.errors import invalid_request

if TYPE_CHECKING:
    from collections.abc import Mapping

FLUSH_TIMEOUT_S = 30.0  # of flush() without a timeout


class Core:
    """A native client and its lifetime. Whoever holds a Core keeps it open; the last one to go closes it."""

    def __init__(
        self,
        options: Mapping[str, Any],
        callbacks: Callbacks,
        *,
        capture: bool = False,
    ) -> None:
        self._closed = True  # until there is something to close
        self._used = False
        self.sends_traces = bool(options.get("send_traces", True))
        self.native = _native.Client(
            encode({name: value for name, value in options.items() if value is not None}),
            capture=capture,
            divert=callbacks.mask is not None,
            report_errors=callbacks.on_span_error is not None,
        )
        self.events = Events(self.native, callbacks)
        self._closed = False
        self._pid = os.getpid()
        _open.add(self)

    def call(self, operation: str, payload: Mapping[str, Any]) -> bytes:
        """Blocks, with the GIL released; Ctrl-C ends it."""
        self.begin()
        return self.native.call(operation, encode(payload))

    async def acall(self, operation: str, payload: Mapping[str, Any]) -> bytes:
        """Cancelling the task cancels the call."""
        from tracia._async import acall

        self.begin()
        return await acall(self.native, operation, encode(payload))

    def stream(self, operation: str, payload: Mapping[str, Any]) -> _native.Stream:
        """The request is started; what is wrong with the input is raised."""
        self.begin()
        return self.native.stream(operation, encode(payload))

    def record(self, span: str) -> None:
        """Queues a span, given as JSON."""
        self.begin()
        self.native.record(span)

    def begin(self) -> None:
        """Before each use: a closed client refuses before anything is sent."""
        if self._closed:
            raise invalid_request("the client is closed")
        self._used = True
        if self._pid != os.getpid():
            self._adopt()
        if self.events.wanted:
            self.events.start()

    def _adopt(self) -> None:
        """The first use in a child made by fork(). Children of multiprocessing end without atexit."""
        self._pid = os.getpid()
        if "multiprocessing.util" in sys.modules:
            from multiprocessing.util import Finalize

            Finalize(None, _close, args=(weakref.ref(self),), exitpriority=0)

    def flush(self, timeout: float | None) -> bool:
        return self.native.flush(_milliseconds(timeout))

    async def aflush(self, timeout: float | None) -> bool:
        from tracia._async import aflush

        return await aflush(self.native, _milliseconds(timeout))

    @property
    def closed(self) -> bool:
        return self._closed

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        _open.discard(self)
        self.events.stopping()
        self.native.close()  # gives the callbacks' thread its time: a mask may have some of the spans
        self.events.stopped()

    def __del__(self, _warn: Any = warnings.warn) -> None:
        if self._closed:
            return
        # A child made by fork() inherits the object, not the duty to close it.
        if self._used and self._pid == os.getpid():
            _warn("a Tracia client was not closed; use `with Tracia(...)` or close()", ResourceWarning, source=self)
        self.close()


def _milliseconds(timeout: float | None) -> int:
    return int(max(0.0, FLUSH_TIMEOUT_S if timeout is None else timeout) * 1000)


def _close(reference: weakref.ref[Core]) -> None:
    core = reference()
    if core is not None:
        core.close()


_open: weakref.WeakSet[Core] = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    for core in list(_open):
        core.close()
