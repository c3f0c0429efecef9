"""Input of model calls as one value: `client.run_local(RunLocalInput(...))` is `client.run_local(model=..., ...)`."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, Field

from tracia._enums import LLMProvider
from tracia.models._base import InputModel, OpenModel
from tracia.models.messages import (
    LocalPromptMessage,
    ReasoningOptions,
    ResponseFormatJsonSchema,
    ToolChoice,
    ToolDefinition,
)

Provider: TypeAlias = Annotated[LLMProvider | str, Field(union_mode="left_to_right")]
ResponseFormat: TypeAlias = ResponseFormatJsonSchema | dict[str, Any] | type[BaseModel]
"""{"type": "json"}, one with a schema, OpenAI's own shapes, or a pydantic class (the result then has `parsed`)."""


class _CallInput(InputModel):
    model: str = ""
    provider_api_key: str | None = Field(default=None, repr=False)
    timeout_ms: int | None = None  # total, across retries; None or 0: 120,000
    custom_options: dict[str, Any] | None = None  # by provider: {"openai": {"seed": 7}}, merged over the request
    max_retries: int | None = None  # None: 2; at most 10
    # About the span.
    send_trace: bool | None = None  # only False turns it off
    span_id: str | None = None
    trace_id: str | None = None
    parent_span_id: str | None = None
    tags: list[str] | None = None
    user_id: str | None = None
    session_id: str | None = None
    name: str | None = None


class RunLocalInput(_CallInput):
    """Input of `run_local`; see there."""

    messages: list[LocalPromptMessage | dict[str, Any]] = Field(default_factory=list)
    stream: bool | None = None
    provider: Provider | None = None
    temperature: float | None = None
    max_output_tokens: int | None = None
    top_p: float | None = None
    stop_sequences: list[str] | None = None
    variables: dict[str, Any] | None = None
    tools: list[ToolDefinition | dict[str, Any]] | None = None
    tool_choice: ToolChoice | dict[str, Any] | None = None
    parallel_tool_calls: bool | None = None
    response_format: ResponseFormat | None = None
    reasoning: ReasoningOptions | dict[str, Any] | str | None = None
    fallbacks: list[str | dict[str, Any]] | None = None
    prompt: Any = None  # FetchedPrompt, a slug, or {"slug", "version"?, "label"?}


class RunEmbeddingInput(_CallInput):
    """Input of `run_embedding`; see there."""

    input: str | list[str]
    provider: Provider | None = None
    dimensions: int | None = None
    input_type: str | None = None


class ResponsesInputMessage(OpenModel):
    """What the user or the developer says."""

    type: Literal["message"] | None = None
    role: Literal["user", "developer", "system", "assistant"]
    content: str | list[dict[str, Any]]


class _SnakeModel(OpenModel):
    """OpenAI's own items: their names are snake_case on the wire too."""

    def to_wire(self) -> dict[str, Any]:
        return {**(self.__pydantic_extra__ or {}), **self.given()}


class ResponsesFunctionCallOutput(_SnakeModel):
    """A tool's result; `call_id` is that of the call it answers."""

    type: Literal["function_call_output"] = "function_call_output"
    call_id: str
    output: str | list[dict[str, Any]]


class ResponsesFunctionCall(_SnakeModel):
    """A call in `output_items`; `arguments` is JSON text."""

    type: Literal["function_call"] = "function_call"
    call_id: str
    name: str
    arguments: str


class ResponsesMessage(_SnakeModel):
    """A message in `output_items`."""

    type: Literal["message"] = "message"
    content: str | list[dict[str, Any]]


ResponsesOutputItem: TypeAlias = ResponsesFunctionCall | ResponsesMessage | dict[str, Any]
ResponsesInputItem: TypeAlias = (
    ResponsesInputMessage | ResponsesFunctionCallOutput | ResponsesFunctionCall | ResponsesMessage | dict[str, Any]
)


class RunResponsesInput(_CallInput):
    """Input of `run_responses`; see there."""

    input: str | list[ResponsesInputItem]
    stream: bool | None = None
    tools: list[ToolDefinition | dict[str, Any]] | None = None
    tool_choice: ToolChoice | dict[str, Any] | None = None
    response_format: ResponseFormat | None = None
    reasoning: ReasoningOptions | dict[str, Any] | str | None = None
    max_output_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
