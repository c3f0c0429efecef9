"""Spans: the record of each operation."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field, FiniteFloat, StrictBool

from tracia._enums import LLMProvider, SpanKind
from tracia.models._base import FinishReasonField, InputModel, WireModel, dollars, html_table
from tracia.models.messages import ToolCall, ToolDefinition

SpanStatus: TypeAlias = Literal["SUCCESS", "ERROR"]
_Provider = Annotated[LLMProvider | str | None, Field(union_mode="left_to_right")]
_Kind = Annotated[SpanKind | str | None, Field(union_mode="left_to_right")]


class CreateSpanPayload(InputModel):
    """A finished operation. `model` and `provider` are required unless `span_kind` says that no model was called."""

    span_id: str
    model: str | None = None
    provider: _Provider = None
    input: dict[str, Any]
    variables: dict[str, Any] | None = None
    output: str | None = None
    structured_output: dict[str, Any] | None = None
    status: SpanStatus
    error: str | None = None
    latency_ms: int
    input_tokens: int | None = None
    output_tokens: int | None = None
    total_tokens: int | None = None
    cached_input_tokens: int | None = None
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None
    tags: list[str] | None = None
    user_id: str | None = None
    session_id: str | None = None
    temperature: float | None = None
    max_output_tokens: int | None = None
    top_p: float | None = None
    tools: list[ToolDefinition | dict[str, Any]] | None = None
    tool_calls: list[ToolCall | dict[str, Any]] | None = None
    trace_id: str | None = None
    parent_span_id: str | None = None
    span_kind: _Kind = None
    name: str | None = None
    start_time: str | datetime | None = None
    time_to_first_token_ms: int | None = None
    finish_reason: str | None = None
    provider_finish_reason: str | None = None
    prompt_slug: str | None = None
    prompt_version: int | None = None
    label: str | None = None
    attributes: dict[str, Any] | None = None


class CreateSpanResult(WireModel):
    """A stored span's ids. `cost` in US dollars; None when unknown."""

    id: str | None = None
    span_id: str
    trace_id: str | None = None
    cost: float | None = None


class SpanListItem(WireModel):
    """A span without its payloads. Figures are None when the provider did not say; `cost` is in US dollars."""

    id: str
    span_id: str
    trace_id: str | None = None
    parent_span_id: str | None = None
    span_kind: _Kind = None
    name: str | None = None
    prompt_slug: str | None = None
    prompt_version: int | None = None
    label: str | None = None
    provider: _Provider = None
    model: str | None = None
    status: str
    latency_ms: int = 0
    time_to_first_token_ms: int | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    total_tokens: int | None = None
    cost: float | None = None
    cost_status: str | None = None
    finish_reason: FinishReasonField = None
    tags: list[str] = Field(default_factory=list)
    user_id: str | None = None
    session_id: str | None = None
    start_time: datetime | None = None
    created_at: datetime

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}({self.span_id!r}, {self.status}, {self.name or self.model!r}, "
            f"tokens={self.total_tokens}, cost={dollars(self.cost)}, latency_ms={self.latency_ms})"
        )

    __str__ = __repr__


class EvaluateResult(WireModel):
    """A stored evaluation."""

    id: str
    evaluator_key: str
    evaluator_name: str
    value: float  # of a boolean 1 or 0; of a category its place among them, from 0
    category: str | None = None  # of categorical evaluators only
    source: str
    note: str | None = None
    created_at: datetime


class Span(SpanListItem):
    """A span with its payloads."""

    input: dict[str, Any] = Field(default_factory=dict)
    variables: dict[str, Any] | None = None
    output: str | None = None
    structured_output: Any = None
    error: str | None = None
    cached_input_tokens: int | None = None
    cache_write_tokens: int | None = None
    cache_write_1h_tokens: int | None = None
    reasoning_tokens: int | None = None
    input_audio_tokens: int | None = None
    output_audio_tokens: int | None = None
    usage_raw: dict[str, Any] | None = None
    provider_finish_reason: str | None = None
    temperature: float | None = None
    top_p: float | None = None
    max_output_tokens: int | None = None
    tools: list[ToolDefinition] | None = None
    tool_calls: list[ToolCall] | None = None
    experiment_id: str | None = None
    variant: str | None = None
    attempts: list[dict[str, Any]] = Field(default_factory=list)
    attributes: dict[str, Any] = Field(default_factory=dict)
    evaluations: list[EvaluateResult] = Field(default_factory=list)

    def _repr_html_(self) -> str:
        shown = "span_id trace_id name model status error latency_ms total_tokens input output"
        rows = [[name, getattr(self, name)] for name in shown.split()] + [["cost", dollars(self.cost)]]
        return html_table(["field", "value"], rows)


class ListSpansOptions(InputModel):
    """Which spans to list. `tags`: the span has all of them. `start_date`, `end_date`: a datetime (without an offset:
    local time) or RFC 3339 text. `limit`: 1 to 100, 50 when not given. `cursor`: from the page before."""

    prompt_slug: str | None = None
    prompt_version: int | None = None
    label: str | None = None
    experiment_id: str | None = None
    variant: str | None = None
    status: SpanStatus | None = None
    start_date: datetime | str | None = None
    end_date: datetime | str | None = None
    user_id: str | None = None
    session_id: str | None = None
    tags: list[str] | None = None
    trace_id: str | None = None
    parent_span_id: str | None = None
    model: str | None = None
    provider: _Provider = None
    span_kind: _Kind = None
    name: str | None = None
    finish_reason: str | None = None
    cost_status: str | None = None
    min_cost: float | None = None
    max_cost: float | None = None
    min_latency_ms: int | None = None
    max_latency_ms: int | None = None
    min_total_tokens: int | None = None
    max_total_tokens: int | None = None
    variables: dict[str, str] | None = None
    q: str | None = None  # words of input, output, error or name
    contains: str | None = None  # a piece of text
    limit: int | None = None
    cursor: str | None = None


class ListSpansResult(WireModel):
    """One page, newest first. `cursor` fetches the next one; None when there is none."""

    spans: list[SpanListItem]
    cursor: str | None = None
    has_more: bool = False
    scanned_to: datetime | None = None  # with `q`, `contains`, `variables`: how far back the server looked

    @property
    def next_cursor(self) -> str | None:
        """Another name of `cursor`."""
        return self.cursor

    def __repr__(self) -> str:
        return f"ListSpansResult({len(self.spans)} spans, has_more={self.has_more})"

    __str__ = __repr__

    def _repr_html_(self) -> str:
        rows = [
            [s.created_at, s.name or s.model, s.status, s.latency_ms, s.total_tokens, dollars(s.cost), s.span_id]
            for s in self.spans
        ]
        return html_table(["created", "name", "status", "ms", "tokens", "cost", "span"], rows)


class EvaluateOptions(InputModel):
    """A judgement of a span. The evaluator "quality" is built in: `Eval.POSITIVE` is good, `Eval.NEGATIVE` bad.

    `value`: a number; for a boolean evaluator True or False; for a categorical one the category's text.
    """

    evaluator: str = "quality"
    value: StrictBool | FiniteFloat | str
    note: str | None = None

    def to_wire(self) -> dict[str, Any]:
        wire = {"evaluatorKey": self.evaluator, "value": self.value}
        return wire if self.note is None else {**wire, "note": self.note}
