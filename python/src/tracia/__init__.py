"""Tracia: call any provider's models, run prompts kept on a Tracia server, and see what happened.

    from tracia import Tracia

    client = Tracia()  # TRACIA_API_KEY, TRACIA_BASE_URL
    result = client.run_local(model="gpt-4o", messages=[{"role": "user", "content": "Hello!"}])
    print(result.text)

Importing this package is quick: each name below is loaded when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tracia._enums import Eval as Eval
    from tracia._enums import LLMProvider as LLMProvider
    from tracia._enums import SpanKind as SpanKind
    from tracia._native import new_span_id as new_span_id
    from tracia._native import new_trace_id as new_trace_id
    from tracia.client import Tracia as Tracia
    from tracia.errors import TraciaError as TraciaError
    from tracia.errors import TraciaErrorCode as TraciaErrorCode
    from tracia.models._base import FinishReason as FinishReason
    from tracia.models.inputs import ResponseFormat as ResponseFormat
    from tracia.models.inputs import ResponsesFunctionCall as ResponsesFunctionCall
    from tracia.models.inputs import ResponsesFunctionCallOutput as ResponsesFunctionCallOutput
    from tracia.models.inputs import ResponsesInputItem as ResponsesInputItem
    from tracia.models.inputs import ResponsesInputMessage as ResponsesInputMessage
    from tracia.models.inputs import ResponsesMessage as ResponsesMessage
    from tracia.models.inputs import ResponsesOutputItem as ResponsesOutputItem
    from tracia.models.inputs import RunEmbeddingInput as RunEmbeddingInput
    from tracia.models.inputs import RunLocalInput as RunLocalInput
    from tracia.models.inputs import RunResponsesInput as RunResponsesInput
    from tracia.models.messages import ContentPart as ContentPart
    from tracia.models.messages import DocumentPart as DocumentPart
    from tracia.models.messages import ImagePart as ImagePart
    from tracia.models.messages import JsonSchemaProperty as JsonSchemaProperty
    from tracia.models.messages import LocalPromptMessage as LocalPromptMessage
    from tracia.models.messages import ReasoningOptions as ReasoningOptions
    from tracia.models.messages import ResponseFormatJsonSchema as ResponseFormatJsonSchema
    from tracia.models.messages import TextPart as TextPart
    from tracia.models.messages import ToolCall as ToolCall
    from tracia.models.messages import ToolCallPart as ToolCallPart
    from tracia.models.messages import ToolChoice as ToolChoice
    from tracia.models.messages import ToolDefinition as ToolDefinition
    from tracia.models.messages import ToolParameters as ToolParameters
    from tracia.models.prompts import CreatePromptOptions as CreatePromptOptions
    from tracia.models.prompts import FetchedPrompt as FetchedPrompt
    from tracia.models.prompts import Prompt as Prompt
    from tracia.models.prompts import PromptLabel as PromptLabel
    from tracia.models.prompts import PromptListItem as PromptListItem
    from tracia.models.prompts import PromptMessage as PromptMessage
    from tracia.models.prompts import PromptVersion as PromptVersion
    from tracia.models.prompts import RenderedPrompt as RenderedPrompt
    from tracia.models.prompts import RunOptions as RunOptions
    from tracia.models.prompts import UpdatePromptOptions as UpdatePromptOptions
    from tracia.models.results import DoneEvent as DoneEvent
    from tracia.models.results import EmbeddingUsage as EmbeddingUsage
    from tracia.models.results import EmbeddingVector as EmbeddingVector
    from tracia.models.results import ReasoningEvent as ReasoningEvent
    from tracia.models.results import ResponsesEvent as ResponsesEvent
    from tracia.models.results import ResponsesToolCall as ResponsesToolCall
    from tracia.models.results import RunEmbeddingResult as RunEmbeddingResult
    from tracia.models.results import RunLocalResult as RunLocalResult
    from tracia.models.results import RunResponsesResult as RunResponsesResult
    from tracia.models.results import RunResult as RunResult
    from tracia.models.results import StreamEvent as StreamEvent
    from tracia.models.results import StreamResult as StreamResult
    from tracia.models.results import TextDeltaEvent as TextDeltaEvent
    from tracia.models.results import TextEvent as TextEvent
    from tracia.models.results import TokenUsage as TokenUsage
    from tracia.models.results import ToolCallEvent as ToolCallEvent
    from tracia.models.spans import CreateSpanPayload as CreateSpanPayload
    from tracia.models.spans import CreateSpanResult as CreateSpanResult
    from tracia.models.spans import EvaluateOptions as EvaluateOptions
    from tracia.models.spans import EvaluateResult as EvaluateResult
    from tracia.models.spans import ListSpansOptions as ListSpansOptions
    from tracia.models.spans import ListSpansResult as ListSpansResult
    from tracia.models.spans import Span as Span
    from tracia.models.spans import SpanListItem as SpanListItem
    from tracia.session import TraciaSession as TraciaSession
    from tracia.streams import AsyncLocalStream as AsyncLocalStream
    from tracia.streams import AsyncPromptStream as AsyncPromptStream
    from tracia.streams import AsyncResponsesStream as AsyncResponsesStream
    from tracia.streams import LocalStream as LocalStream
    from tracia.streams import PromptStream as PromptStream
    from tracia.streams import ResponsesStream as ResponsesStream
    from tracia.tracing import ActiveSpan as ActiveSpan

    __version__: str

# Where each name is defined.
_HOME = {
    "_enums": ("Eval", "LLMProvider", "SpanKind"),
    "client": ("Tracia",),
    "errors": ("TraciaError", "TraciaErrorCode"),
    "models._base": ("FinishReason",),
    "models.inputs": (
        "ResponseFormat",
        "ResponsesFunctionCall",
        "ResponsesFunctionCallOutput",
        "ResponsesInputItem",
        "ResponsesInputMessage",
        "ResponsesMessage",
        "ResponsesOutputItem",
        "RunEmbeddingInput",
        "RunLocalInput",
        "RunResponsesInput",
    ),
    "models.messages": (
        "ContentPart",
        "DocumentPart",
        "ImagePart",
        "JsonSchemaProperty",
        "LocalPromptMessage",
        "ReasoningOptions",
        "ResponseFormatJsonSchema",
        "TextPart",
        "ToolCall",
        "ToolCallPart",
        "ToolChoice",
        "ToolDefinition",
        "ToolParameters",
    ),
    "models.prompts": (
        "CreatePromptOptions",
        "FetchedPrompt",
        "Prompt",
        "PromptLabel",
        "PromptListItem",
        "PromptMessage",
        "PromptVersion",
        "RenderedPrompt",
        "RunOptions",
        "UpdatePromptOptions",
    ),
    "models.results": (
        "DoneEvent",
        "EmbeddingUsage",
        "EmbeddingVector",
        "ReasoningEvent",
        "ResponsesEvent",
        "ResponsesToolCall",
        "RunEmbeddingResult",
        "RunLocalResult",
        "RunResponsesResult",
        "RunResult",
        "StreamEvent",
        "StreamResult",
        "TextDeltaEvent",
        "TextEvent",
        "TokenUsage",
        "ToolCallEvent",
    ),
    "models.spans": (
        "CreateSpanPayload",
        "CreateSpanResult",
        "EvaluateOptions",
        "EvaluateResult",
        "ListSpansOptions",
        "ListSpansResult",
        "Span",
        "SpanListItem",
    ),
    "session": ("TraciaSession",),
    "streams": (
        "AsyncLocalStream",
        "AsyncPromptStream",
        "AsyncResponsesStream",
        "LocalStream",
        "PromptStream",
        "ResponsesStream",
    ),
    "tracing": ("ActiveSpan",),
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}

__all__ = [
    "ActiveSpan",
    "AsyncLocalStream",
    "AsyncPromptStream",
    "AsyncResponsesStream",
    "ContentPart",
    "CreatePromptOptions",
    "CreateSpanPayload",
    "CreateSpanResult",
    "DocumentPart",
    "DoneEvent",
    "EmbeddingUsage",
    "EmbeddingVector",
    "Eval",
    "EvaluateOptions",
    "EvaluateResult",
    "FetchedPrompt",
    "FinishReason",
    "ImagePart",
    "JsonSchemaProperty",
    "LLMProvider",
    "ListSpansOptions",
    "ListSpansResult",
    "LocalPromptMessage",
    "LocalStream",
    "Prompt",
    "PromptLabel",
    "PromptListItem",
    "PromptMessage",
    "PromptStream",
    "PromptVersion",
    "ReasoningEvent",
    "ReasoningOptions",
    "RenderedPrompt",
    "ResponseFormat",
    "ResponseFormatJsonSchema",
    "ResponsesEvent",
    "ResponsesFunctionCall",
    "ResponsesFunctionCallOutput",
    "ResponsesInputItem",
    "ResponsesInputMessage",
    "ResponsesMessage",
    "ResponsesOutputItem",
    "ResponsesStream",
    "ResponsesToolCall",
    "RunEmbeddingInput",
    "RunEmbeddingResult",
    "RunLocalInput",
    "RunLocalResult",
    "RunOptions",
    "RunResponsesInput",
    "RunResponsesResult",
    "RunResult",
    "Span",
    "SpanKind",
    "SpanListItem",
    "StreamEvent",
    "StreamResult",
    "TextDeltaEvent",
    "TextEvent",
    "TextPart",
    "TokenUsage",
    "ToolCall",
    "ToolCallEvent",
    "ToolCallPart",
    "ToolChoice",
    "ToolDefinition",
    "ToolParameters",
    "Tracia",
    "TraciaError",
    "TraciaErrorCode",
    "TraciaSession",
    "UpdatePromptOptions",
    "__version__",
    "new_span_id",
    "new_trace_id",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from tracia._native import VERSION as value
    elif name in ("new_span_id", "new_trace_id"):
        from tracia import _native

        value = getattr(_native, name)
    elif name in _MODULE_OF:
        from importlib import import_module

        value = getattr(import_module(f"tracia.{_MODULE_OF[name]}"), name)
    else:
        raise AttributeError(f"module 'tracia' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
