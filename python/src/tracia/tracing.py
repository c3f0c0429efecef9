"""Spans of the application's own code: `with client.span("retrieve")`, `@client.trace`.

The span that is open is kept in a context variable, so that calls made inside it, in this thread or task, become its
children. A trace id or a parent given by the caller wins.
"""

from __future__ import annotations

import contextlib
import functools
import time
from contextvars import ContextVar, Token
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from tracia import _native
from tracia._enums import SpanKind
from tracia._json import encode_anything, short_repr
from tracia.errors import TraciaError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator, Mapping, Sequence
    from types import TracebackType

    from tracia._core import Core

F = TypeVar("F", bound="Callable[..., Any]")

# Of what a traced generator yields: so many items, and so many characters of text, are kept.
_ITEMS_MAX = 1000
_TEXT_MAX = 1_000_000


class Place(NamedTuple):
    """Where in which trace the code runs."""

    trace_id: str
    span_id: str


_place: ContextVar[Place | None] = ContextVar("tracia_place", default=None)


def current_place() -> Place | None:
    """The innermost open span of this thread or task."""
    return _place.get()


def link(given: dict[str, Any]) -> None:
    """Makes a call a child of the open span, unless its caller said where it belongs."""
    place = _place.get()
    if place is None:
        return
    trace_id, parent = given.get("trace_id"), given.get("parent_span_id")
    if trace_id is None and (parent is None or parent == place.span_id):
        given["trace_id"] = trace_id = place.trace_id
    if parent is None and trace_id == place.trace_id:
        given["parent_span_id"] = place.span_id


class ActiveSpan:
    """A span of the application's own. It is recorded when its `with` block ends; an exception makes it an ERROR.

    Set what it should show: `span.input`, `span.output` (any value; what is not JSON is kept as its repr),
    `span.attributes["rows"] = 3`, `span.tags`, `span.user_id`, `span.session_id`. One `with` block each.
    """

    def __init__(
        self,
        core: Core,
        name: str,
        *,
        kind: SpanKind | str = SpanKind.CHAIN,
        input: Any = None,
        attributes: Mapping[str, Any] | None = None,
        tags: Sequence[str] | None = None,
        user_id: str | None = None,
        session_id: str | None = None,
        trace_id: str | None = None,
        parent_span_id: str | None = None,
    ) -> None:
        place: dict[str, Any] = {"trace_id": trace_id, "parent_span_id": parent_span_id}
        link(place)
        self._core = core
        self.name = name
        self.kind = SpanKind(kind)
        self.span_id: str = _native.new_span_id()
        self.trace_id: str = place["trace_id"] or _native.new_trace_id()
        self.parent_span_id: str | None = place["parent_span_id"]
        self.input: Any = input
        self.output: Any = None
        self.attributes: dict[str, Any] = dict(attributes or {})
        self.tags: list[str] = list(tags or ())
        self.user_id = user_id
        self.session_id = session_id
        self.error: str | None = None
        self._started_ns = time.time_ns()
        self._clock_ns = time.perf_counter_ns()
        self._token: Token[Place | None] | None = None
        self._ended = False

    def set_attribute(self, name: str, value: Any) -> None:
        """`attributes[name] = value`."""
        self.attributes[name] = value

    def fail(self, error: BaseException | str) -> None:
        """Marks the span as ERROR without an exception leaving its block."""
        self.error = error if isinstance(error, str) else f"{type(error).__name__}: {error}"

    def enter(self) -> None:
        """What runs from here on, until leave(), is inside this span."""
        self._token = _place.set(Place(self.trace_id, self.span_id))

    def leave(self) -> None:
        if self._token is None:
            return
        token, self._token = self._token, None
        # Left in another context than entered (a generator closed elsewhere), there is nothing to undo.
        with contextlib.suppress(ValueError):
            _place.reset(token)

    def end(self, error: BaseException | None = None) -> None:
        """Records the span. Once; later calls do nothing. Never raises."""
        if self._ended:
            return
        self._ended = True
        if error is not None:
            self.fail(error)
        if self._core.closed:
            return
        try:
            self._core.record(encode_anything(self._payload()))
        except TraciaError as refused:  # a tag too long, say
            self._core.events.report(refused, self.span_id)

    def _payload(self) -> dict[str, Any]:
        shown = self.input if isinstance(self.input, dict) else {} if self.input is None else {"value": self.input}
        output = self.output
        if output is not None and not isinstance(output, str):
            output = encode_anything(output)
        started, microseconds = divmod(self._started_ns // 1000, 1_000_000)
        payload: dict[str, Any] = {
            "spanId": self.span_id,
            "traceId": self.trace_id,
            "parentSpanId": self.parent_span_id,
            "spanKind": self.kind.value,
            "name": self.name,
            "input": shown,
            "output": output,
            "status": "SUCCESS" if self.error is None else "ERROR",
            "error": self.error,
            "startTime": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(started)) + f".{microseconds:06d}Z",
            "latencyMs": (time.perf_counter_ns() - self._clock_ns) // 1_000_000,
            "tags": self.tags,
            "userId": self.user_id,
            "sessionId": self.session_id,
            "attributes": self.attributes,
        }
        return {name: value for name, value in payload.items() if value is not None and value != []}

    def __enter__(self) -> ActiveSpan:
        if self._ended or self._token is not None:
            raise RuntimeError("a span can be entered once")
        self.enter()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.leave()
        self.end(None if isinstance(error, GeneratorExit) else error)

    async def __aenter__(self) -> ActiveSpan:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, trace)

    def __repr__(self) -> str:
        return f"ActiveSpan({self.name!r}, {self.span_id!r})"


class _Yielded:
    """What a traced generator gave: its text joined, or its items, up to a bound."""

    def __init__(self) -> None:
        self._items: list[Any] = []
        self._characters = 0

    def add(self, item: Any) -> None:
        if len(self._items) < _ITEMS_MAX and self._characters < _TEXT_MAX:
            self._items.append(item)
            self._characters += len(item) if isinstance(item, str) else 0

    def output(self) -> Any:
        if self._items and all(isinstance(item, str) for item in self._items):
            return "".join(self._items)
        return self._items


def _drive(span: ActiveSpan, body: Generator[Any, Any, Any], yielded: _Yielded | None) -> Generator[Any, Any, Any]:
    """Runs a generator inside a span: the span is open only while the generator's own code runs."""
    step: Callable[[Any], Any] = body.send
    value: Any = None
    error: BaseException | None = None
    try:
        while True:
            span.enter()
            try:
                item = step(value)
            finally:
                span.leave()
            if yielded is not None:
                yielded.add(item)
            try:
                step, value = body.send, (yield item)
            except GeneratorExit:
                body.close()
                raise
            except BaseException as thrown:
                step, value = body.throw, thrown
    except StopIteration as stop:
        return stop.value
    except GeneratorExit:
        raise
    except BaseException as failure:
        error = failure
        raise
    finally:
        if yielded is not None:
            span.output = yielded.output()
        span.end(error)


async def _adrive(
    span: ActiveSpan, body: AsyncGenerator[Any, Any], yielded: _Yielded | None
) -> AsyncGenerator[Any, Any]:
    """As _drive(), for an asynchronous generator."""
    step: Callable[[Any], Any] = body.asend
    value: Any = None
    error: BaseException | None = None
    try:
        while True:
            span.enter()
            try:
                item = await step(value)
            finally:
                span.leave()
            if yielded is not None:
                yielded.add(item)
            try:
                step, value = body.asend, (yield item)
            except GeneratorExit:
                await body.aclose()
                raise
            except BaseException as thrown:
                step, value = body.athrow, thrown
    except StopAsyncIteration:
        return
    except GeneratorExit:
        raise
    except BaseException as failure:
        error = failure
        raise
    finally:
        if yielded is not None:
            span.output = yielded.output()
        span.end(error)


def traced(
    core: Core, function: F, name: str | None, kind: SpanKind | str, capture_input: bool, capture_output: bool
) -> F:
    """The function, each call of which is a span."""
    import inspect

    signature = inspect.signature(function)
    shown_name = function.__qualname__.rpartition("<locals>.")[2]

    def begin(args: tuple[Any, ...], kwargs: dict[str, Any]) -> ActiveSpan:
        shown = None
        if capture_input:
            try:
                bound = signature.bind(*args, **kwargs).arguments
                shown = {name: value for name, value in bound.items() if name != "self"}
            except TypeError:  # the call itself will say what is wrong
                shown = {"args": short_repr(args), "kwargs": short_repr(kwargs)}
        return ActiveSpan(core, name or shown_name, kind=kind, input=shown)

    def kept(span: ActiveSpan, value: Any) -> Any:
        if capture_output:
            span.output = value
        return value

    def yielded() -> _Yielded | None:
        return _Yielded() if capture_output else None

    wrapper: Callable[..., Any]
    if inspect.isasyncgenfunction(function):

        @functools.wraps(function)
        def async_generator(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
            return _adrive(begin(args, kwargs), function(*args, **kwargs), yielded())

        wrapper = async_generator
    elif inspect.isgeneratorfunction(function):

        @functools.wraps(function)
        def generator(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
            return _drive(begin(args, kwargs), function(*args, **kwargs), yielded())

        wrapper = generator
    elif inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def coroutine(*args: Any, **kwargs: Any) -> Any:
            with begin(args, kwargs) as span:
                return kept(span, await function(*args, **kwargs))

        wrapper = coroutine
    else:

        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            with begin(args, kwargs) as span:
                return kept(span, function(*args, **kwargs))

        wrapper = call
    return wrapper  # type: ignore[return-value]
