"""The client: model calls, prompts, spans."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeVar, overload

from tracia._core import Core
from tracia._events import Callbacks
from tracia._loading import acall_of, call_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType

    from typing_extensions import Self, Unpack

    from tracia._calls import Call
    from tracia._enums import LLMProvider, SpanKind
    from tracia._params import RunEmbeddingArgs, RunLocalArgs, RunResponsesArgs
    from tracia.models.inputs import (
        ResponseFormat,
        ResponsesInputItem,
        RunEmbeddingInput,
        RunLocalInput,
        RunResponsesInput,
    )
    from tracia.models.messages import LocalPromptMessage, ReasoningOptions, ToolChoice, ToolDefinition
    from tracia.models.prompts import FetchedPrompt
    from tracia.models.results import RunEmbeddingResult, RunLocalResult, RunResponsesResult
    from tracia.prompts import Prompts
    from tracia.session import TraciaSession
    from tracia.spans import Spans
    from tracia.streams import AsyncLocalStream, AsyncResponsesStream, LocalStream, ResponsesStream
    from tracia.tracing import ActiveSpan

F = TypeVar("F", bound="Callable[..., Any]")


class Tracia:
    """A client. Model calls go straight to the provider, with the keys of this process; spans go to the Tracia server
    in the background and can neither delay nor break a call. Thread-safe; usable in a child after fork().

    Args:
        api_key: of the Tracia server ("tr_..."); None: TRACIA_API_KEY. When that is unset too, no spans are sent.
        base_url: of the Tracia server; None: TRACIA_BASE_URL, else http://127.0.0.1:7070.
        on_span_error: called with (error, span id) for each span that could not be sent, on a thread of its own.
        timeout_ms: for calls of the Tracia server; None: 120,000. Model calls have their own `timeout_ms`.
        sample_rate: share of traces, 0 to 1, whose spans are sent.
        mask: changes or hides what spans hold: called with each span (a dict as in POST /api/v1/spans) before it is
            sent, on a thread of its own; gives the span to send, or None to drop it. If it fails, the span is dropped.
        spool_dir: keeps spans that could not be sent for a later process.
        enabled: False: no spans are sent.
        cache_dir: where prompts.fetch() keeps its last good copies; None: TRACIA_CACHE_DIR, else ~/.cache/tracia.
        flush_timeout_ms: how long close() and the end of the process wait for unsent spans; None: 5,000.
    """

    _captures = False  # spans stay in the process: tracia.testing

    def __init__(
        self,
        api_key: str | None = None,
        *,
        base_url: str | None = None,
        on_span_error: Callable[[Exception, str], None] | None = None,
        timeout_ms: int | None = None,
        sample_rate: float | None = None,
        mask: Callable[[dict[str, Any]], dict[str, Any] | None] | None = None,
        spool_dir: str | None = None,
        enabled: bool = True,
        cache_dir: str | None = None,
        flush_timeout_ms: int | None = None,
    ) -> None:
        self._core = Core(
            {
                "api_key": api_key,
                "base_url": base_url,
                "send_traces": enabled,
                "sample_rate": sample_rate,
                "spool_dir": spool_dir,
                "cache_dir": cache_dir,
                "api_timeout_ms": timeout_ms,
                "exit_flush_ms": flush_timeout_ms,
            },
            Callbacks(mask, on_span_error),
            capture=self._captures,
        )
        self._prompts: Prompts | None = None
        self._spans: Spans | None = None

    @property
    def base_url(self) -> str:
        """Of the Tracia server."""
        return self._core.native.base_url

    @property
    def prompts(self) -> Prompts:
        """Prompts kept on the server."""
        if self._prompts is None:
            from tracia.prompts import Prompts

            self._prompts = Prompts(self._core)
        return self._prompts

    @property
    def spans(self) -> Spans:
        """Spans on the server."""
        if self._spans is None:
            from tracia.spans import Spans

            self._spans = Spans(self._core)
        return self._spans

    # --- run_local ---

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

    def run_local(
        self,
        request: RunLocalInput | None = None,
        /,
        *,
        messages: Sequence[LocalPromptMessage | Mapping[str, Any]] | None = None,
        model: str | None = None,
        stream: bool = False,
        provider: LLMProvider | str | None = None,
        temperature: float | None = None,
        max_output_tokens: int | None = None,
        top_p: float | None = None,
        stop_sequences: Sequence[str] | None = None,
        timeout_ms: int | None = None,
        variables: Mapping[str, Any] | None = None,
        provider_api_key: str | None = None,
        tags: Sequence[str] | None = None,
        user_id: str | None = None,
        session_id: str | None = None,
        send_trace: bool | None = None,
        span_id: str | None = None,
        tools: Sequence[ToolDefinition | Mapping[str, Any]] | None = None,
        tool_choice: ToolChoice | Mapping[str, Any] | None = None,
        response_format: ResponseFormat | None = None,
        trace_id: str | None = None,
        parent_span_id: str | None = None,
        parallel_tool_calls: bool | None = None,
        reasoning: ReasoningOptions | Mapping[str, Any] | str | None = None,
        custom_options: Mapping[str, Mapping[str, Any]] | None = None,
        max_retries: int | None = None,
        fallbacks: Sequence[str | Mapping[str, Any]] | None = None,
        prompt: FetchedPrompt | str | Mapping[str, Any] | None = None,
        name: str | None = None,
    ) -> RunLocalResult | LocalStream:
        """Calls a model directly, and records a span.

        Args:
            request: all of these in one value; keywords given beside it win.
            messages: the conversation: LocalPromptMessage, or dicts of the same form or of OpenAI's.
            model: as its provider calls it; the provider is found from the name, or given.
            stream: True: a LocalStream, at once.
            temperature, max_output_tokens, top_p, stop_sequences: None: the provider's defaults.
            timeout_ms: for the whole call, retries included; None or 0: 120,000.
            variables: for `{{name}}` in all messages but tool results; unknown names stay as they are.
            provider_api_key: None: the provider's own environment variable (OPENAI_API_KEY, ...).
            tags, user_id, session_id, name: what the span is found by.
            send_trace: False: no span.
            span_id, trace_id, parent_span_id: made when not given; inside `client.span()` the call is its child.
            tools: ToolDefinition, dicts of the same form or of OpenAI's, or a provider's own tools.
            tool_choice: "auto", "none", "required" or {"tool": name}.
            response_format: {"type": "json"}, one with a schema, or a pydantic class: `result.parsed` is its instance.
            reasoning: "low", "medium", "high", or ReasoningOptions.
            custom_options: by provider, merged over the request: {"openai": {"seed": 7}}.
            max_retries: None: 2; at most 10.
            fallbacks: models (or {model, provider?, provider_api_key?}) to try, in order, when this one fails for good.
            prompt: a prompt kept on the server, run here: a slug, {"slug", "version"?, "label"?}, or what
                `prompts.fetch()` gave. With `messages`, the span is only listed under it.

        Raises:
            TraciaError: INVALID_REQUEST (what is wrong with the input; nothing was sent), UNSUPPORTED_MODEL,
                MISSING_PROVIDER_API_KEY, PROVIDER_ERROR, NETWORK_ERROR, TIMEOUT, ABORTED; with `prompt` also those of
                `prompts.fetch()` and MISSING_VARIABLES. A call that reached a provider leaves a span also then.
        """
        call = call_of(request, locals())
        self._use_prompt(call)
        if call.streamed:
            from tracia.streams import LocalStream

            return LocalStream(self._core, self._core.stream("run_local", call.given), call.stream_result)
        return call.local_result(self._core.call("run_local", call.given))

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
        """As `run_local`, for an event loop: nothing blocks, and cancelling the task closes the connection. With
        `stream=True`: `stream = await client.arun_local(..., stream=True)`."""
        call = await acall_of(request, given)
        await self._ause_prompt(call)
        if call.streamed:
            from tracia.streams import AsyncLocalStream

            return AsyncLocalStream(self._core, self._core.stream("run_local", call.given), call.stream_result)
        return call.local_result(await self._core.acall("run_local", call.given))

    def _use_prompt(self, call: Call) -> None:
        wanted = call.wanted_prompt()
        if wanted is not None:
            from tracia._calls import read_fetched

            fetched = wanted
            if isinstance(fetched, dict):
                fetched = read_fetched(self._core, self._core.call("fetch_prompt", fetched))
            call.use_prompt(self._core, fetched)

    async def _ause_prompt(self, call: Call) -> None:
        wanted = call.wanted_prompt()
        if wanted is not None:
            from tracia._calls import read_fetched

            fetched = wanted
            if isinstance(fetched, dict):
                fetched = read_fetched(self._core, await self._core.acall("fetch_prompt", fetched))
            call.use_prompt(self._core, fetched)

    # --- run_responses ---

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
        self,
        request: RunResponsesInput | None = None,
        /,
        *,
        model: str | None = None,
        input: str | Sequence[ResponsesInputItem | Mapping[str, Any]] | None = None,
        stream: bool = False,
        tools: Sequence[ToolDefinition | Mapping[str, Any]] | None = None,
        tool_choice: ToolChoice | Mapping[str, Any] | None = None,
        response_format: ResponseFormat | None = None,
        reasoning: ReasoningOptions | Mapping[str, Any] | str | None = None,
        max_output_tokens: int | None = None,
        temperature: float | None = None,
        top_p: float | None = None,
        timeout_ms: int | None = None,
        provider_api_key: str | None = None,
        custom_options: Mapping[str, Mapping[str, Any]] | None = None,
        max_retries: int | None = None,
        send_trace: bool | None = None,
        span_id: str | None = None,
        trace_id: str | None = None,
        parent_span_id: str | None = None,
        tags: Sequence[str] | None = None,
        user_id: str | None = None,
        session_id: str | None = None,
        name: str | None = None,
    ) -> RunResponsesResult | ResponsesStream:
        """Calls OpenAI's Responses API, and records a span. Arguments and errors are those of `run_local`, but:

        Args:
            input: a text, or items: messages, `function_call_output`s, and the `output_items` of earlier answers, as
                they are.
        """
        call = call_of(request, locals())
        if call.streamed:
            from tracia.streams import ResponsesStream

            return ResponsesStream(self._core, self._core.stream("run_responses", call.given), call.responses_result)
        return call.responses_result(self._core.call("run_responses", call.given))

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
        """As `run_responses`, for an event loop."""
        call = await acall_of(request, given)
        if call.streamed:
            from tracia.streams import AsyncResponsesStream

            native = self._core.stream("run_responses", call.given)
            return AsyncResponsesStream(self._core, native, call.responses_result)
        return call.responses_result(await self._core.acall("run_responses", call.given))

    # --- run_embedding ---

    def run_embedding(
        self,
        request: RunEmbeddingInput | None = None,
        /,
        *,
        input: str | Sequence[str] | None = None,
        model: str | None = None,
        provider: LLMProvider | str | None = None,
        provider_api_key: str | None = None,
        dimensions: int | None = None,
        send_trace: bool | None = None,
        span_id: str | None = None,
        tags: Sequence[str] | None = None,
        user_id: str | None = None,
        session_id: str | None = None,
        trace_id: str | None = None,
        parent_span_id: str | None = None,
        timeout_ms: int | None = None,
        input_type: str | None = None,
        custom_options: Mapping[str, Mapping[str, Any]] | None = None,
        max_retries: int | None = None,
        name: str | None = None,
    ) -> RunEmbeddingResult:
        """Embeds one text or several: one vector each, in their order. Records a span. Errors are those of `run_local`.

        Args:
            dimensions: fewer than the model's own, where it can.
            input_type: the provider's task word ("query", "RETRIEVAL_DOCUMENT", ...).
        """
        call = call_of(request, locals())
        return call.embedding_result(self._core.call("run_embedding", call.given))

    async def arun_embedding(
        self, request: RunEmbeddingInput | None = None, /, **given: Unpack[RunEmbeddingArgs]
    ) -> RunEmbeddingResult:
        """As `run_embedding`, for an event loop."""
        call = await acall_of(request, dict(given))
        return call.embedding_result(await self._core.acall("run_embedding", call.given))

    # --- traces ---

    def create_session(self, *, trace_id: str | None = None, parent_span_id: str | None = None) -> TraciaSession:
        """Calls made through a session share a trace and form a chain. `trace_id`, `parent_span_id`: to go on with an
        earlier one."""
        from tracia.session import TraciaSession

        return TraciaSession(self, trace_id=trace_id, parent_span_id=parent_span_id)

    def span(
        self,
        name: str,
        *,
        kind: SpanKind | str = "CHAIN",
        input: Any = None,
        attributes: Mapping[str, Any] | None = None,
        tags: Sequence[str] | None = None,
        user_id: str | None = None,
        session_id: str | None = None,
        trace_id: str | None = None,
        parent_span_id: str | None = None,
    ) -> ActiveSpan:
        """A span of the application's own, for `with` or `async with`. Calls made inside are its children.

        with client.span("retrieve", kind="RETRIEVAL", input={"query": query}) as span:
            span.output = search(query)
        """
        from tracia.tracing import ActiveSpan

        return ActiveSpan(
            self._core,
            name,
            kind=kind,
            input=input,
            attributes=attributes,
            tags=tags,
            user_id=user_id,
            session_id=session_id,
            trace_id=trace_id,
            parent_span_id=parent_span_id,
        )

    @overload
    def trace(self, function: F, /) -> F: ...
    @overload
    def trace(
        self,
        function: None = None,
        /,
        *,
        name: str | None = None,
        kind: SpanKind | str = "CHAIN",
        capture_input: bool = True,
        capture_output: bool = True,
    ) -> Callable[[F], F]: ...

    def trace(
        self,
        function: Any = None,
        /,
        *,
        name: str | None = None,
        kind: SpanKind | str = "CHAIN",
        capture_input: bool = True,
        capture_output: bool = True,
    ) -> Any:
        """Makes each call of a function a span: `@client.trace`, or `@client.trace(kind="TOOL")`. Functions, coroutine
        functions, generators and asynchronous generators. Arguments and what it gives are kept, unless told not to."""
        from tracia.tracing import traced

        def decorate(target: F) -> F:
            return traced(self._core, target, name, kind, capture_input, capture_output)

        return decorate if function is None else decorate(function)

    # --- the end ---

    def flush(self, timeout: float | None = None) -> bool:
        """Waits until the spans recorded so far are sent or given up. False when `timeout` (seconds; None: 30) passes
        first."""
        return self._core.flush(timeout)

    async def aflush(self, timeout: float | None = None) -> bool:
        """As `flush`, for an event loop."""
        return await self._core.aflush(timeout)

    def close(self) -> None:
        """Ends what runs and sends what it can within `flush_timeout_ms`. Later calls raise INVALID_REQUEST. Done at
        the end of the process too."""
        self._core.close()

    async def aclose(self) -> None:
        """As `close`, for an event loop."""
        import asyncio

        await asyncio.to_thread(self._core.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        return f"Tracia(base_url={self.base_url!r}{', closed' if self._core.closed else ''})"
