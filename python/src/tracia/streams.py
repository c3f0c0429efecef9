"""Streamed answers. The request starts at the call; chunks wait in the native client until they are asked for.

However a stream ends (its end, abort(), break, an error, nobody holding it any more), its connection is closed, its
span is sent, and `result` resolves.
"""

from __future__ import annotations

import contextlib
import threading
import weakref
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from tracia.errors import TraciaError

if TYPE_CHECKING:
    import asyncio
    from concurrent.futures import Future
    from types import TracebackType

    from typing_extensions import Self

    from tracia import _native
    from tracia._core import Core
    from tracia.models.results import RunResponsesResult, RunResult, StreamEvent, StreamResult  # noqa: F401

R = TypeVar("R")
T = TypeVar("T")
_Chunk = tuple[int, str, int, str, str]
_TEXT, _REASONING, _REFUSAL = 0, 1, 2  # kinds of chunks; tool calls (3) are told when they are complete


def _text_of(chunk: _Chunk) -> str | None:
    return chunk[1] if chunk[0] == _TEXT else None


def _event_of(chunk: _Chunk) -> StreamEvent | None:
    from tracia.models.results import ReasoningEvent, TextDeltaEvent

    kind, text = chunk[:2]
    if kind in (_TEXT, _REFUSAL):
        return TextDeltaEvent(data=text, refusal=kind == _REFUSAL)
    return ReasoningEvent(content=text) if kind == _REASONING else None


def _last_events(result: Any) -> list[StreamEvent]:
    """What is known only at the end: the whole text, the tool calls, the usage."""
    from tracia.models.results import DoneEvent, TextEvent, ToolCallEvent

    events: list[StreamEvent] = []
    if not result.aborted:
        if result.text:
            events.append(TextEvent(data=result.text))
        events += [
            ToolCallEvent(id=c.id, call_id=getattr(c, "call_id", c.id), name=c.name, arguments=c.arguments)
            for c in result.tool_calls or ()
        ]
    return [*events, DoneEvent(usage=result.usage, result=result)]


def _take_back(result: Any, undelivered: tuple[_Chunk, ...]) -> None:
    """Text that the application was not given is no part of an aborted answer."""
    rest = "".join(chunk[1] for chunk in undelivered if chunk[0] == _TEXT)
    if not rest or not result.aborted or not (result.text or "").endswith(rest):
        return
    message = getattr(result, "message", None)
    if message is not None and message.content == result.text:
        message.content = result.text.removesuffix(rest)
    result.text = result.text.removesuffix(rest)


class BaseStream(Generic[R]):
    """What streams for threads and streams for event loops share."""

    def __init__(self, core: Core, native: _native.Stream, read: Callable[[bytes], R]) -> None:
        self._core = core
        self._native = native
        self._read = read
        self._consumed = False
        self._lock = threading.Lock()
        self._finishing = threading.Lock()  # so that all who ask get the same result, or the same error
        self._outcome: tuple[R | None, TraciaError | None] | None = None
        self._ahead: deque[_Chunk] = deque()  # taken from the native client, not yet given to the application
        self._aborted = False
        self._then: Callable[[R], None] | None = None

    def then(self, told: Callable[[R], None]) -> None:
        """Tells somebody of the result, as soon as it is read. For sessions."""
        self._then = told

    @property
    def span_id(self) -> str:
        """Of the span that will record this call. Known at once; for a streamed prompt, once the server has said it
        (at the latest in the result)."""
        return self._native.span_id

    @property
    def trace_id(self) -> str:
        """Of the trace of that span."""
        return self._native.trace_id

    @property
    def partial(self) -> R:
        """What has arrived so far, also after an error."""
        return self._read(self._native.partial())

    def abort(self) -> None:
        """Ends the stream and closes its connection; the result has `aborted` and the text delivered so far. After the
        end was seen it does nothing. May be called from any thread."""
        self._aborted = True
        self._native.abort()

    def _claim(self) -> None:
        with self._lock:
            if self._consumed:
                raise RuntimeError("Stream already consumed")
            self._consumed = True

    def _finish(self) -> tuple[R | None, TraciaError | None]:
        """The result or the error. Blocks unless the stream has ended."""
        with self._finishing:
            if self._outcome is not None:
                return self._outcome
            try:
                result = self._read(self._native.result())
                _take_back(result, tuple(self._ahead))
                self._outcome = (result, None)
                if self._then is not None:
                    self._then(result)
            except TraciaError as error:
                with contextlib.suppress(TraciaError, ValueError):
                    error.partial = self.partial
                self._outcome = (None, error)
            return self._outcome

    def _result_or_raise(self) -> R:
        result, error = self._finish()
        if error is not None:
            raise error
        return result  # type: ignore[return-value]

    def __repr__(self) -> str:
        state = "ended" if self._outcome is not None else "consumed" if self._consumed else "not consumed"
        return f"{type(self).__name__}({self.span_id!r}, {state})"


class SyncStream(BaseStream[R]):
    """A stream for threads: iterate over its text, or over `events()`, once."""

    _future: Future[R] | None = None

    def __iter__(self) -> Iterator[str]:
        """The pieces of the text. Raises TraciaError when the call fails on the way."""
        self._claim()
        return self._told(_text_of)

    def events(self) -> Iterator[StreamEvent]:
        """Everything: text and reasoning as they come; at the end the whole text, tool calls, and DoneEvent."""
        self._claim()
        return self._events()

    def _told(self, told_as: Callable[[_Chunk], T | None]) -> Iterator[T]:
        try:
            ahead = self._ahead
            while not self._aborted and (chunks := self._native.next()):
                ahead.extend(chunks)
                while ahead and not self._aborted:
                    told = told_as(ahead.popleft())
                    if told is not None:
                        yield told
            self._result_or_raise()
        finally:
            self.abort()  # a loop that was left early; after the end it does nothing

    def _events(self) -> Iterator[StreamEvent]:
        told: Iterator[StreamEvent] = self._told(_event_of)
        yield from told
        yield from _last_events(self._result_or_raise())

    @property
    def result(self) -> Future[R]:
        """The future of the whole answer: `stream.result.result()`. It resolves also when nobody iterates; a call that
        failed raises there, and the error's `partial` is what had arrived."""
        with self._lock:
            if self._future is not None:
                return self._future
            from concurrent.futures import Future

            future: Future[R] = Future()
            future.set_running_or_notify_cancel()  # it stands for a call under way: abort() ends that, not cancel()
            # Whoever holds the future alone keeps the stream going.
            future.add_done_callback(lambda _, stream=self: None)  # type: ignore[misc]
            self._future = future
        if self._outcome is not None:
            self.settle()
        else:
            self._native.on_finished(self._core.events.when_finished(self))
        return future

    def settle(self) -> None:
        """Resolves the future. For the thread that is told of the end."""
        try:
            result, error = self._finish()
        except BaseException as failure:  # a defect must not leave anybody waiting
            result, error = None, failure  # type: ignore[assignment]
        with self._lock:
            if self._future is None or self._future.done():
                return
            if error is not None:
                self._future.set_exception(error)
            else:
                self._future.set_result(result)  # type: ignore[arg-type]

    def close(self) -> None:
        """As abort()."""
        self.abort()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.abort()


class _AsyncTold(AsyncIterator[T]):
    """Chunks, as they are told. Not an async generator: leaving the loop drops this object at once, and that ends the
    stream; a generator's end would have to wait for the loop."""

    def __init__(self, stream: AsyncStream[Any], told_as: Callable[[_Chunk], T | None], last: bool) -> None:
        self._stream = stream
        self._told_as = told_as
        self._last = last
        self._last_events: list[Any] | None = None  # once the chunks have ended

    async def __anext__(self) -> T:
        stream, ahead = self._stream, self._stream._ahead
        while self._last_events is None:
            while ahead and not stream._aborted:
                told = self._told_as(ahead.popleft())
                if told is not None:
                    return told
            chunks = await stream._next()
            ahead.extend(chunks)
            if not chunks:
                result = stream._result_or_raise()
                self._last_events = _last_events(result)[::-1] if self._last else []
        if not self._last_events:
            raise StopAsyncIteration
        return cast("T", self._last_events.pop())

    def __del__(self) -> None:
        self._stream.abort()


class AsyncStream(BaseStream[R]):
    """A stream for event loops: `async for` over its text, or over `events()`, once."""

    _future: asyncio.Future[R] | None = None

    def __aiter__(self) -> AsyncIterator[str]:
        """The pieces of the text. Raises TraciaError when the call fails on the way."""
        self._claim()
        return _AsyncTold(self, _text_of, False)

    def events(self) -> AsyncIterator[StreamEvent]:
        """Everything: text and reasoning as they come; at the end the whole text, tool calls, and DoneEvent."""
        self._claim()
        return _AsyncTold(self, _event_of, True)

    async def _next(self) -> list[_Chunk]:
        """What has come; waits when nothing has. Empty at the end."""
        import asyncio

        from tracia._async import loop_queue, settle

        while True:
            chunks = self._native.take()
            if chunks or self._native.ended():
                return chunks
            queue = loop_queue()
            ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            completion_id = self._native.wait_ready(queue.native)
            queue.on(completion_id, lambda value, ready=ready: settle(ready, value))  # type: ignore[misc]
            try:
                await ready
            except asyncio.CancelledError:
                queue.forget(completion_id)
                self.abort()
                raise

    @property
    def result(self) -> asyncio.Future[R]:
        """The future of the whole answer: `await stream.result`. It resolves also when nobody iterates; a call that
        failed raises there, and the error's `partial` is what had arrived."""
        if self._future is not None and not self._future.cancelled():
            return self._future
        import asyncio

        from tracia._async import loop_queue

        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        future.add_done_callback(self._future_done)  # and whoever holds the future alone keeps the stream going
        self._future = future
        if self._outcome is not None:
            self._settle()
        else:
            queue = loop_queue()
            this = weakref.ref(self)

            def finished(_: object) -> None:
                stream = this()
                if stream is not None:
                    stream._settle()

            queue.on(self._native.wait_finished(queue.native), finished)
        return future

    def _future_done(self, future: asyncio.Future[R]) -> None:
        if future.cancelled() and not self._consumed:
            self.abort()  # the task that waited was cancelled, and nobody else reads

    def _settle(self) -> None:
        future = self._future
        if future is None or future.done():
            return
        result, error = self._finish()
        if error is not None:
            future.set_exception(error)
            future.exception()  # a caller who saw the error while iterating need not look here too
        else:
            future.set_result(result)  # type: ignore[arg-type]

    async def aclose(self) -> None:
        """As abort()."""
        self.abort()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.abort()


class LocalStream(SyncStream["StreamResult"]):
    """What `run_local(stream=True)` gives."""


class AsyncLocalStream(AsyncStream["StreamResult"]):
    """What `arun_local(stream=True)` gives."""


class ResponsesStream(SyncStream["RunResponsesResult"]):
    """What `run_responses(stream=True)` gives."""


class AsyncResponsesStream(AsyncStream["RunResponsesResult"]):
    """What `arun_responses(stream=True)` gives."""


class PromptStream(SyncStream["RunResult"]):
    """What `prompts.run(stream=True)` gives. Errors of the request come with the first piece, or with the result."""


class AsyncPromptStream(AsyncStream["RunResult"]):
    """What `prompts.arun(stream=True)` gives. Errors of the request come with the first piece, or with the result."""
