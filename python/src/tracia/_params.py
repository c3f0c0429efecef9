"""The keyword arguments of the model calls, for type checkers only: nothing imports this at run time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from tracia._enums import LLMProvider
from tracia.models.inputs import ResponseFormat, ResponsesInputItem
from tracia.models.messages import LocalPromptMessage, ReasoningOptions, ToolChoice, ToolDefinition
from tracia.models.prompts import FetchedPrompt


class CallArgs(TypedDict, total=False):
    """What every model call takes."""

    provider_api_key: str | None
    timeout_ms: int | None
    custom_options: Mapping[str, Mapping[str, Any]] | None
    max_retries: int | None
    send_trace: bool | None
    span_id: str | None
    trace_id: str | None
    parent_span_id: str | None
    tags: Sequence[str] | None
    user_id: str | None
    session_id: str | None
    name: str | None


class ChatArgs(CallArgs, total=False):
    """What `run_local` and `run_responses` share."""

    model: str | None
    temperature: float | None
    max_output_tokens: int | None
    top_p: float | None
    tools: Sequence[ToolDefinition | Mapping[str, Any]] | None
    tool_choice: ToolChoice | Mapping[str, Any] | None
    response_format: ResponseFormat | None
    reasoning: ReasoningOptions | Mapping[str, Any] | str | None


class RunLocalArgs(ChatArgs, total=False):
    """Of `Tracia.run_local`, which describes them."""

    messages: Sequence[LocalPromptMessage | Mapping[str, Any]] | None
    provider: LLMProvider | str | None
    stop_sequences: Sequence[str] | None
    variables: Mapping[str, Any] | None
    parallel_tool_calls: bool | None
    fallbacks: Sequence[str | Mapping[str, Any]] | None
    prompt: FetchedPrompt | str | Mapping[str, Any] | None


class RunResponsesArgs(ChatArgs, total=False):
    """Of `Tracia.run_responses`, which describes them."""

    input: str | Sequence[ResponsesInputItem | Mapping[str, Any]] | None


class RunEmbeddingArgs(CallArgs, total=False):
    """Of `Tracia.run_embedding`, which describes them."""

    input: str | Sequence[str] | None
    model: str | None
    provider: LLMProvider | str | None
    dimensions: int | None
    input_type: str | None
