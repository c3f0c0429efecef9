"""Conversations: messages, the parts of their content, tools."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Discriminator, Field, Tag, model_validator

from tracia.models._base import OpenModel, WireModel

Role: TypeAlias = Literal["system", "developer", "user", "assistant", "tool"]


class TextPart(OpenModel):
    """Text. `{{variables}}` are filled in."""

    type: Literal["text"] = "text"
    text: str


class ToolCallPart(OpenModel):
    """A call that the assistant made. `arguments` is a str only when what the model wrote is not a JSON object."""

    type: Literal["tool_call"] = "tool_call"
    id: str
    name: str
    arguments: dict[str, Any] | str = Field(default_factory=dict)


class _MediaPart(OpenModel):
    mime_type: str | None = None
    data: bytes | str | None = Field(default=None, repr=False)
    url: str | None = None
    file_id: str | None = None


class ImagePart(_MediaPart):
    """An image: exactly one of `data` (bytes, or their base64 text), `url` and `file_id`.

    `mime_type` is found from the data when omitted. `detail` is OpenAI's: "low", "high" or "auto".
    """

    type: Literal["image"] = "image"
    detail: str | None = None


class DocumentPart(_MediaPart):
    """A file such as a PDF: exactly one of `data` (bytes, or their base64 text), `url` and `file_id`."""

    type: Literal["document"] = "document"
    name: str | None = None
    context: str | None = None
    citations: bool | None = None


class OtherPart(OpenModel):
    """A part that this version has no class for (reasoning, audio, a vendor's own). Pass it back unchanged."""

    type: str


def _part_kind(value: Any) -> str:
    kind = value.get("type") if isinstance(value, dict) else getattr(value, "type", None)
    return kind if kind in ("text", "tool_call", "image", "document") else "other"


ContentPart: TypeAlias = Annotated[
    Annotated[TextPart, Tag("text")]
    | Annotated[ToolCallPart, Tag("tool_call")]
    | Annotated[ImagePart, Tag("image")]
    | Annotated[DocumentPart, Tag("document")]
    | Annotated[OtherPart, Tag("other")],
    Discriminator(_part_kind),
]
"""One part of a message's content."""


class LocalPromptMessage(OpenModel):
    """One message of a conversation. A message of role "tool" answers the call named by `tool_call_id`."""

    role: Role
    content: str | list[ContentPart]
    tool_call_id: str | None = None
    tool_name: str | None = None


class JsonSchemaProperty(OpenModel):
    """A JSON Schema of one value. Other JSON Schema words may be given too."""

    type: str | list[str] | None = None
    description: str | None = None
    enum: list[Any] | None = None
    items: JsonSchemaProperty | None = None
    properties: dict[str, JsonSchemaProperty] | None = None
    required: list[str] | None = None


class ToolParameters(OpenModel):
    """The JSON Schema of a tool's arguments."""

    type: Literal["object"] = "object"
    properties: dict[str, JsonSchemaProperty] = Field(default_factory=dict)
    required: list[str] | None = None


class ToolDefinition(OpenModel):
    """A function that the model may call."""

    name: str
    description: str | None = None
    parameters: ToolParameters | dict[str, Any] = Field(default_factory=ToolParameters, union_mode="left_to_right")
    strict: bool | None = None


class ToolCall(WireModel):
    """A call that the model wants made.

    `arguments` is {} when what the model wrote is not a JSON object (cut off by the token limit, say); its text is
    then in `raw_arguments`.
    """

    id: str
    name: str
    arguments: dict[str, Any] = Field(default_factory=dict)
    raw_arguments: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _read_text(cls, value: Any) -> Any:
        if not isinstance(value, dict) or not isinstance(value.get("arguments"), str):
            return value
        return {**value, **read_arguments(value["arguments"])}


def read_arguments(text: str) -> dict[str, Any]:
    """{"arguments": object}, with "raw_arguments" when the text is no JSON object."""
    try:
        parsed = json.loads(text)
    except ValueError:
        parsed = None
    return {"arguments": parsed} if isinstance(parsed, dict) else {"arguments": {}, "raw_arguments": text}


ToolChoice: TypeAlias = Literal["auto", "none", "required"] | dict[Literal["tool"], str]
"""Whether the model must call a tool: {"tool": name} forces this one."""


class ResponseFormatJsonSchema(OpenModel):
    """An answer in JSON; with a schema, one that fits it. `strict`: the provider enforces it, where it can."""

    type: Literal["json"] = "json"
    # `schema` is a method of older pydantic; the name on the wire is what matters.
    schema_: dict[str, Any] | None = Field(default=None, alias="schema")
    name: str | None = None
    description: str | None = None
    strict: bool | None = None


class ReasoningOptions(WireModel):
    """How much the model should think. `effort`: "minimal" | "low" | "medium" | "high", or the provider's own word.

    `max_tokens`: the budget, for providers that take one (Anthropic, Google, Bedrock).
    """

    effort: str | None = None
    max_tokens: int | None = None
