"""`client.spans`: spans on the server. Each method has a twin for event loops, with an `a` before its name.

Raises TraciaError with the server's code (NOT_FOUND, INVALID_REQUEST, UNAUTHORIZED, ...), or NETWORK_ERROR and TIMEOUT
when it is not reached. Source: api/openapi.yaml, tag "spans".
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from tracia._request import Request, nothing, options_of, page_of, path_of, query_of
from tracia.errors import TraciaError, TraciaErrorCode
from tracia.models.spans import (
    CreateSpanPayload,
    CreateSpanResult,
    EvaluateOptions,
    EvaluateResult,
    ListSpansOptions,
    ListSpansResult,
    Span,
    SpanListItem,
)

if TYPE_CHECKING:
    from tracia._core import Core

_PAGE = 100
_PENDING_S = 10.0  # how long evaluate() waits for a span that is still on its way


class Spans:
    """See the module. Thread-safe."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def create(self, payload: CreateSpanPayload | Mapping[str, Any]) -> CreateSpanResult:
        """Stores a span. Repeating a span id is no error: the first one stays."""
        return _create(payload).send(self._core)

    async def acreate(self, payload: CreateSpanPayload | Mapping[str, Any]) -> CreateSpanResult:
        """As `create`."""
        return await _create(payload).asend(self._core)

    def get(self, span_id: str, *, trace_id: str | None = None) -> Span:
        """A span with its payloads. `trace_id`: needed only when the same span id occurs in several traces."""
        return _get(span_id, trace_id).send(self._core)

    async def aget(self, span_id: str, *, trace_id: str | None = None) -> Span:
        """As `get`."""
        return await _get(span_id, trace_id).asend(self._core)

    def list(self, options: ListSpansOptions | Mapping[str, Any] | None = None) -> ListSpansResult:
        """One page of spans, newest first; its `cursor` fetches the next one."""
        return _list(options_of(ListSpansOptions, options or {})).send(self._core)

    async def alist(self, options: ListSpansOptions | Mapping[str, Any] | None = None) -> ListSpansResult:
        """As `list`."""
        return await _list(options_of(ListSpansOptions, options or {})).asend(self._core)

    def list_all(self, options: ListSpansOptions | Mapping[str, Any] | None = None) -> Iterator[SpanListItem]:
        """All spans that match, newest first; pages are fetched as they are needed."""
        chosen = _all(options)
        while True:
            page = _list(chosen).send(self._core)
            yield from page.spans
            if page.cursor is None:
                return
            chosen = chosen.model_copy(update={"cursor": page.cursor})

    async def alist_all(
        self, options: ListSpansOptions | Mapping[str, Any] | None = None
    ) -> AsyncIterator[SpanListItem]:
        """As `list_all`, for `async for`."""
        chosen = _all(options)
        while True:
            page = await _list(chosen).asend(self._core)
            for span in page.spans:
                yield span
            if page.cursor is None:
                return
            chosen = chosen.model_copy(update={"cursor": page.cursor})

    def delete(self, span_id: str) -> None:
        """Deletes a span."""
        _delete(span_id).send(self._core)

    async def adelete(self, span_id: str) -> None:
        """As `delete`."""
        await _delete(span_id).asend(self._core)

    def evaluate(self, span_id: str, options: EvaluateOptions | Mapping[str, Any]) -> EvaluateResult:
        """Stores a judgement of a span, which may still be on its way from this client."""
        request = _evaluate(span_id, options)
        try:
            return request.send(self._core)
        except TraciaError as error:
            if error.code != TraciaErrorCode.NOT_FOUND:
                raise
            self._core.flush(_PENDING_S)
        return request.send(self._core)

    async def aevaluate(self, span_id: str, options: EvaluateOptions | Mapping[str, Any]) -> EvaluateResult:
        """As `evaluate`."""
        request = _evaluate(span_id, options)
        try:
            return await request.asend(self._core)
        except TraciaError as error:
            if error.code != TraciaErrorCode.NOT_FOUND:
                raise
            await self._core.aflush(_PENDING_S)
        return await request.asend(self._core)

    def evaluations(self, span_id: str) -> EvaluationList:
        """All evaluations of a span, newest first."""
        evaluations: EvaluationList = []
        cursor: str | None = None
        while True:
            page, cursor = _evaluations(span_id, cursor).send(self._core)
            evaluations += page
            if cursor is None:
                return evaluations

    async def aevaluations(self, span_id: str) -> EvaluationList:
        """As `evaluations`."""
        evaluations: EvaluationList = []
        cursor: str | None = None
        while True:
            page, cursor = await _evaluations(span_id, cursor).asend(self._core)
            evaluations += page
            if cursor is None:
                return evaluations


EvaluationList = list[EvaluateResult]


def _create(payload: CreateSpanPayload | Mapping[str, Any]) -> Request[CreateSpanResult]:
    body = options_of(CreateSpanPayload, payload)
    return Request("POST", path_of("spans"), CreateSpanResult.model_validate_json, body)


def _get(span_id: str, trace_id: str | None) -> Request[Span]:
    return Request("GET", path_of("spans", span_id) + query_of({"traceId": trace_id}), Span.model_validate_json)


def _list(options: ListSpansOptions) -> Request[ListSpansResult]:
    query = options.to_wire()
    query |= {f"variables[{name}]": value for name, value in query.pop("variables", {}).items()}
    return Request("GET", path_of("spans") + query_of(query), ListSpansResult.model_validate_json)


def _all(options: ListSpansOptions | Mapping[str, Any] | None) -> ListSpansOptions:
    chosen = options_of(ListSpansOptions, options or {})
    return chosen if chosen.limit is not None else chosen.model_copy(update={"limit": _PAGE})


def _delete(span_id: str) -> Request[None]:
    return Request("DELETE", path_of("spans", span_id), nothing)


def _evaluate(span_id: str, options: EvaluateOptions | Mapping[str, Any]) -> Request[EvaluateResult]:
    body = options_of(EvaluateOptions, options)
    return Request("POST", path_of("spans", span_id, "evaluations"), EvaluateResult.model_validate_json, body)


def _evaluations(span_id: str, cursor: str | None) -> Request[tuple[EvaluationList, str | None]]:
    path = path_of("spans", span_id, "evaluations") + query_of({"limit": _PAGE, "cursor": cursor})
    return Request("GET", path, page_of("evaluations", EvaluateResult.model_validate))
