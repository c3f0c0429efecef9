"""What model calls give: RunLocalResult and its relatives, and the events of streams."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field

from tracia._enums import LLMProvider
from tracia.models._base import FinishReasonField, KnownCost, NullAsEmpty, WireModel, dollars, markdown, short
from tracia.models.messages import LocalPromptMessage, ToolCall

ProviderField = Annotated[LLMProvider | str, Field(union_mode="left_to_right")]


class TokenUsage(WireModel):
    """Tokens of one call. `input_tokens` includes cached ones, `output_tokens` includes reasoning; the optional
    figures are parts of these two, None when the provider did not say."""

    input_tokens: int = 0
    output_tokens: int = 0
    total_tokens: int = 0
    cached_input_tokens: int | None = None
    cache_write_tokens: int | None = None
    cache_write_1h_tokens: int | None = None
    reasoning_tokens: int | None = None
    input_audio_tokens: int | None = None
    output_audio_tokens: int | None = None

    def __repr__(self) -> str:
        return f"TokenUsage(input={self.input_tokens}, output={self.output_tokens}, total={self.total_tokens})"

    __str__ = __repr__


class _CallResult(WireModel):
    """What every model call gives."""

    span_id: str  # always made, also when no span is sent
    trace_id: str
    latency_ms: int = 0  # call to the provider's last byte, retries included
    model: str = ""


class RunLocalResult(_CallResult):
    """The answer of `run_local`.

    `cost` is None: the server prices the span, with the prices in force. `message` is the assistant's turn, to be put
    into the next call's `messages` as it is. With a `response_format`, `structured_output` is the parsed answer; with
    a pydantic class, `parsed` is its instance, or None and `parse_error` says why not (`text` stays).
    """

    text: str = ""
    usage: TokenUsage = Field(default_factory=TokenUsage)
    cost: float | None = None
    provider: ProviderField = ""
    tool_calls: Annotated[list[ToolCall], NullAsEmpty] = Field(default_factory=list)
    finish_reason: FinishReasonField = None
    message: LocalPromptMessage
    structured_output: Any = None
    parsed: Any = Field(default=None, exclude=True)
    parse_error: str | None = Field(default=None, exclude=True)
    reasoning_text: str | None = None
    refusal: str | None = None
    time_to_first_token_ms: int | None = None  # streams only
    attempts: int = 1
    provider_finish_reason: str | None = None
    provider_model: str | None = None
    request_id: str | None = None

    def __repr__(self) -> str:
        extra = f", tool_calls={[call.name for call in self.tool_calls]}" if self.tool_calls else ""
        if getattr(self, "aborted", False):
            extra += ", aborted=True"
        return (
            f"{type(self).__name__}(text={short(self.text)}{extra}, model={self.model!r}, "
            f"tokens={self.usage.input_tokens}+{self.usage.output_tokens}, cost={dollars(self.cost)}, "
            f"latency_ms={self.latency_ms})"
        )

    __str__ = __repr__

    def _repr_markdown_(self) -> str:
        return _notebook(self.text, self.tool_calls, self.model, self.usage, self.cost, self.latency_ms)


class StreamResult(RunLocalResult):
    """The answer of a stream. `aborted`: it was ended early, and `text` is what was delivered."""

    aborted: bool = False


class ResponsesToolCall(ToolCall):
    """A call that the model wants made. `call_id` goes into the `function_call_output` that answers it."""

    call_id: str = ""

    def model_post_init(self, context: Any) -> None:
        self.call_id = self.call_id or self.id


class RunResponsesResult(StreamResult):
    """The answer of `run_responses`. `output_items` are OpenAI's own; put them into the next call's `input`."""

    message: LocalPromptMessage = Field(default_factory=lambda: LocalPromptMessage(role="assistant", content=""))
    tool_calls: Annotated[list[ResponsesToolCall], NullAsEmpty] = Field(default_factory=list)  # type: ignore[assignment]
    output_items: list[dict[str, Any]] = Field(default_factory=list)


class EmbeddingVector(WireModel):
    """One embedding. `values` has as many numbers as the model has dimensions; `index` is the place in the input."""

    values: list[float]
    index: int = 0

    def __repr__(self) -> str:
        return f"EmbeddingVector(index={self.index}, dimensions={len(self.values)})"

    __str__ = __repr__


class EmbeddingUsage(WireModel):
    """Tokens of an embedding call; 0 when the provider did not say (Google)."""

    total_tokens: int = 0


class RunEmbeddingResult(_CallResult):
    """The answer of `run_embedding`: one vector for each text, in the order of the input. `cost` is None, as for
    `run_local`."""

    embeddings: list[EmbeddingVector]
    usage: EmbeddingUsage = Field(default_factory=EmbeddingUsage)
    cost: float | None = None
    provider: ProviderField = ""
    attempts: int = 1

    def __repr__(self) -> str:
        dimensions = len(self.embeddings[0].values) if self.embeddings else 0
        return (
            f"RunEmbeddingResult({len(self.embeddings)} × {dimensions} dimensions, model={self.model!r}, "
            f"tokens={self.usage.total_tokens}, cost={dollars(self.cost)}, latency_ms={self.latency_ms})"
        )

    __str__ = __repr__


class RunResult(_CallResult):
    """The answer of `prompts.run`. `cost` is in US dollars, 0 with `cost_status` "unknown"; `messages` are what was
    sent and the answer, to be passed back in `RunOptions.messages`."""

    text: str | None = None
    prompt_version: int = 0
    label: str | None = None
    usage: TokenUsage = Field(default_factory=TokenUsage)
    cost: KnownCost = 0.0
    cost_status: str | None = None
    finish_reason: FinishReasonField = None
    provider_finish_reason: str | None = None
    tool_calls: list[ToolCall] | None = None
    structured_output: dict[str, Any] | None = None
    messages: list[LocalPromptMessage] | None = None
    provider: ProviderField = ""
    time_to_first_token_ms: int | None = None
    span_stored: bool = True
    aborted: bool = False  # streams only: ended early, `text` is what was delivered

    def __repr__(self) -> str:
        extra = f", tool_calls={[call.name for call in self.tool_calls]}" if self.tool_calls else ""
        cost = "unknown" if self.cost_status == "unknown" else dollars(self.cost)
        return (
            f"RunResult(text={short(self.text)}{extra}, version={self.prompt_version}, model={self.model!r}, "
            f"tokens={self.usage.input_tokens}+{self.usage.output_tokens}, cost={cost}, "
            f"latency_ms={self.latency_ms})"
        )

    __str__ = __repr__

    def _repr_markdown_(self) -> str:
        cost = None if self.cost_status == "unknown" else self.cost
        return _notebook(self.text, self.tool_calls, self.model, self.usage, cost, self.latency_ms)


def _notebook(
    text: str | None, calls: list[ToolCall] | None, model: str, usage: TokenUsage, cost: float | None, latency_ms: int
) -> str:
    called = "".join(f"\n\n→ {markdown(call.name)}" for call in calls or ())
    facts = f"{markdown(model)} · {usage.input_tokens}+{usage.output_tokens} tokens · {latency_ms} ms"
    return f"{markdown(text or '')}{called}\n\n---\n{facts} · cost {dollars(cost)}"


class TextDeltaEvent(WireModel):
    """The next piece of the answer's text. `refusal`: the model refuses in these words."""

    type: Literal["text_delta"] = "text_delta"
    data: str
    refusal: bool = False


class TextEvent(WireModel):
    """The whole text, once it is complete."""

    type: Literal["text"] = "text"
    data: str


class ReasoningEvent(WireModel):
    """The next piece of the model's visible reasoning."""

    type: Literal["reasoning"] = "reasoning"
    content: str


class ToolCallEvent(WireModel):
    """A call that the model wants made, complete."""

    type: Literal["tool_call"] = "tool_call"
    id: str
    call_id: str
    name: str
    arguments: dict[str, Any] = Field(default_factory=dict)


class DoneEvent(WireModel):
    """The end. `result` is what `stream.result` gives."""

    type: Literal["done"] = "done"
    usage: TokenUsage
    result: Any = Field(default=None, exclude=True, repr=False)


ResponsesEvent: TypeAlias = TextDeltaEvent | TextEvent | ReasoningEvent | ToolCallEvent | DoneEvent
"""What `stream.events()` gives, for every kind of stream."""
StreamEvent: TypeAlias = ResponsesEvent
