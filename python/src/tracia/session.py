"""`client.create_session()`: calls that share a trace and form a chain."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Literal, overload

from tracia import _native
from tracia.tracing import current_place

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from typing_extensions import Self, Unpack

    from tracia._params import RunEmbeddingArgs, RunLocalArgs, RunResponsesArgs
    from tracia.client import Tracia
    from tracia.models.inputs import RunEmbeddingInput, RunLocalInput, RunResponsesInput
    from tracia.models.prompts import RunOptions
    from tracia.models.results import RunEmbeddingResult, RunLocalResult, RunResponsesResult, RunResult
    from tracia.streams import (
        AsyncLocalStream,
        AsyncPromptStream,
        AsyncResponsesStream,
        LocalStream,
        PromptStream,
        ResponsesStream,
    )


class TraciaSession:
    """One trace with linear chaining: the parent of each call is the last call whose span was sent.

    A trace id or a parent given in a call wins, for that call. Thread-safe; of parallel calls, the order in which they
    end decides the chain. Arguments and errors are those of the client's own methods.
    """

    def __init__(self, client: Tracia, *, trace_id: str | None = None, parent_span_id: str | None = None) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._trace_id = trace_id
        self._last_span_id = parent_span_id

    @property
    def trace_id(self) -> str | None:
        """Of all calls; None before the first one, unless it was given."""
        return self._trace_id

    @property
    def last_span_id(self) -> str | None:
        """What the next call's parent will be."""
        return self._last_span_id

    def reset(self) -> None:
        """The next call begins a new trace."""
        with self._lock:
            self._trace_id = self._last_span_id = None

    def _place(self, request: Any, given: dict[str, Any]) -> dict[str, Any]:
        """Where the call belongs in the trace, unless its caller has said so."""
        from tracia._calls import members_of

        own = members_of(request) if request is not None else {}
        trace_id = given.get("trace_id") or own.get("trace_id")
        parent = given.get("parent_span_id") or own.get("parent_span_id")
        with self._lock:
            if self._trace_id is None:
                around = current_place()  # a session begun inside a span goes on in its trace
                if around is not None and trace_id is None:
                    self._trace_id, self._last_span_id = around.trace_id, self._last_span_id or around.span_id
                else:
                    self._trace_id = _native.new_trace_id()
            if trace_id is None:
                given["trace_id"] = trace_id = self._trace_id
            if parent is None and trace_id == self._trace_id and self._last_span_id is not None:
                given["parent_span_id"] = self._last_span_id
        return given

    def _sent(self, request: Any, given: Mapping[str, Any], answer: Any) -> Any:
        """Only a span that is sent may become a parent. A stream's is sent whatever becomes of it."""
        from tracia._calls import members_of

        send_trace = given.get("send_trace")
        if send_trace is None and request is not None:
            send_trace = members_of(request).get("send_trace")
        if send_trace is not False and self._client._core.sends_traces:
            self._follow(answer)
        return answer

    def _follow(self, answer: Any) -> None:
        with self._lock:
            # A call that its caller put into another trace is no part of this chain.
            if answer.span_id and answer.trace_id == self._trace_id:
                self._last_span_id = answer.span_id

    @overload
    def run_local(
        self, request: RunLocalInput | None = None, /, *, stream: Literal[True], **given: Unpack[RunLocalArgs]
    ) -> LocalStream: ...
    @overload
    def run_local(
        self, request: RunLocalInput | None = None, /, *, stream: Literal[False] = False, **given: Unpack[RunLocalArgs]
    ) -> RunLocalResult: ...
    @overload
    def run_local(
        self, request: RunLocalInput | None = None, /, *, stream: bool, **given: Unpack[RunLocalArgs]
    ) -> RunLocalResult | LocalStream: ...

    def run_local(self, request: RunLocalInput | None = None, /, **given: Any) -> RunLocalResult | LocalStream:
        """`client.run_local` in this session."""
        answer = self._client.run_local(request, **self._place(request, given))
        return self._sent(request, given, answer)  # type: ignore[no-any-return]

    @overload
    async def arun_local(
        self, request: RunLocalInput | None = None, /, *, stream: Literal[True], **given: Unpack[RunLocalArgs]
    ) -> AsyncLocalStream: ...
    @overload
    async def arun_local(
        self, request: RunLocalInput | None = None, /, *, stream: Literal[False] = False, **given: Unpack[RunLocalArgs]
    ) -> RunLocalResult: ...
    @overload
    async def arun_local(
        self, request: RunLocalInput | None = None, /, *, stream: bool, **given: Unpack[RunLocalArgs]
    ) -> RunLocalResult | AsyncLocalStream: ...

    async def arun_local(
        self, request: RunLocalInput | None = None, /, **given: Any
    ) -> RunLocalResult | AsyncLocalStream:
        """`client.arun_local` in this session."""
        answer = await self._client.arun_local(request, **self._place(request, given))
        return self._sent(request, given, answer)  # type: ignore[no-any-return]

    @overload
    def run_responses(
        self, request: RunResponsesInput | None = None, /, *, stream: Literal[True], **given: Unpack[RunResponsesArgs]
    ) -> ResponsesStream: ...
    @overload
    def run_responses(
        self,
        request: RunResponsesInput | None = None,
        /,
        *,
        stream: Literal[False] = False,
        **given: Unpack[RunResponsesArgs],
    ) -> RunResponsesResult: ...
    @overload
    def run_responses(
        self, request: RunResponsesInput | None = None, /, *, stream: bool, **given: Unpack[RunResponsesArgs]
    ) -> RunResponsesResult | ResponsesStream: ...

    def run_responses(
        self, request: RunResponsesInput | None = None, /, **given: Any
    ) -> RunResponsesResult | ResponsesStream:
        """`client.run_responses` in this session."""
        answer = self._client.run_responses(request, **self._place(request, given))
        return self._sent(request, given, answer)  # type: ignore[no-any-return]

    @overload
    async def arun_responses(
        self, request: RunResponsesInput | None = None, /, *, stream: Literal[True], **given: Unpack[RunResponsesArgs]
    ) -> AsyncResponsesStream: ...
    @overload
    async def arun_responses(
        self,
        request: RunResponsesInput | None = None,
        /,
        *,
        stream: Literal[False] = False,
        **given: Unpack[RunResponsesArgs],
    ) -> RunResponsesResult: ...
    @overload
    async def arun_responses(
        self, request: RunResponsesInput | None = None, /, *, stream: bool, **given: Unpack[RunResponsesArgs]
    ) -> RunResponsesResult | AsyncResponsesStream: ...

    async def arun_responses(
        self, request: RunResponsesInput | None = None, /, **given: Any
    ) -> RunResponsesResult | AsyncResponsesStream:
        """`client.arun_responses` in this session."""
        answer = await self._client.arun_responses(request, **self._place(request, given))
        return self._sent(request, given, answer)  # type: ignore[no-any-return]

    def run_embedding(
        self, request: RunEmbeddingInput | None = None, /, **given: Unpack[RunEmbeddingArgs]
    ) -> RunEmbeddingResult:
        """`client.run_embedding` in this session."""
        placed = self._place(request, dict(given))
        return self._sent(request, placed, self._client.run_embedding(request, **placed))  # type: ignore[no-any-return]

    async def arun_embedding(
        self, request: RunEmbeddingInput | None = None, /, **given: Unpack[RunEmbeddingArgs]
    ) -> RunEmbeddingResult:
        """`client.arun_embedding` in this session."""
        placed = self._place(request, dict(given))
        answer = await self._client.arun_embedding(request, **placed)
        return self._sent(request, placed, answer)  # type: ignore[no-any-return]

    def _run_options(self, options: RunOptions | Mapping[str, Any] | None) -> RunOptions:
        from tracia._request import options_of
        from tracia.models.prompts import RunOptions as Options

        chosen = options_of(Options, options if options is not None else {})
        return chosen.model_copy(update=self._place(chosen, {}))

    @overload
    def run_prompt(
        self,
        slug: str,
        variables: Mapping[str, Any] | None = None,
        options: RunOptions | Mapping[str, Any] | None = None,
        *,
        stream: Literal[True],
    ) -> PromptStream: ...
    @overload
    def run_prompt(
        self,
        slug: str,
        variables: Mapping[str, Any] | None = None,
        options: RunOptions | Mapping[str, Any] | None = None,
        *,
        stream: Literal[False] = False,
    ) -> RunResult: ...

    def run_prompt(
        self,
        slug: str,
        variables: Mapping[str, Any] | None = None,
        options: RunOptions | Mapping[str, Any] | None = None,
        *,
        stream: bool = False,
    ) -> RunResult | PromptStream:
        """`client.prompts.run` in this session. A stream's span becomes a parent once its result is there."""
        chosen = self._run_options(options)
        if stream:
            running = self._client.prompts.run(slug, variables, chosen, stream=True)
            running.then(self._follow)
            return running
        answer = self._client.prompts.run(slug, variables, chosen)
        self._follow(answer)
        return answer

    @overload
    async def arun_prompt(
        self,
        slug: str,
        variables: Mapping[str, Any] | None = None,
        options: RunOptions | Mapping[str, Any] | None = None,
        *,
        stream: Literal[True],
    ) -> AsyncPromptStream: ...
    @overload
    async def arun_prompt(
        self,
        slug: str,
        variables: Mapping[str, Any] | None = None,
        options: RunOptions | Mapping[str, Any] | None = None,
        *,
        stream: Literal[False] = False,
    ) -> RunResult: ...

    async def arun_prompt(
        self,
        slug: str,
        variables: Mapping[str, Any] | None = None,
        options: RunOptions | Mapping[str, Any] | None = None,
        *,
        stream: bool = False,
    ) -> RunResult | AsyncPromptStream:
        """`client.prompts.arun` in this session."""
        chosen = self._run_options(options)
        if stream:
            running = await self._client.prompts.arun(slug, variables, chosen, stream=True)
            running.then(self._follow)
            return running
        answer = await self._client.prompts.arun(slug, variables, chosen)
        self._follow(answer)
        return answer

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing to end: the client's spans go out by themselves."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing to end."""

    def __repr__(self) -> str:
        return f"TraciaSession(trace_id={self._trace_id!r}, last_span_id={self._last_span_id!r})"
