"""Prompts kept on the server."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, PrivateAttr

from tracia._enums import LLMProvider
from tracia.models._base import InputModel, OpenModel, WireModel, html_table
from tracia.models.messages import ContentPart, LocalPromptMessage, Role, ToolChoice, ToolDefinition

if TYPE_CHECKING:
    from tracia._core import Core
    from tracia.models.inputs import RunLocalInput

_Provider = Annotated[LLMProvider | str | None, Field(union_mode="left_to_right")]


class PromptMessage(OpenModel):
    """A message of a prompt; its text may hold `{{variables}}`. The server makes up an `id` that is not given."""

    id: str | None = None
    role: Role
    content: str | list[ContentPart]
    tool_call_id: str | None = None  # of the call whose result a tool's message holds
    tool_name: str | None = None


class _Settings(WireModel):
    """How a version's model is called. None: the provider's default."""

    provider: _Provider = None
    model: str | None = None
    temperature: float | None = None
    top_p: float | None = None
    max_output_tokens: int | None = None
    stop_sequences: list[str] | None = None
    tools: list[ToolDefinition] | None = None
    tool_choice: ToolChoice | dict[str, Any] | None = None
    output_schema: dict[str, Any] | None = None


class PromptVersion(_Settings, OpenModel):
    """One version of a prompt; it never changes."""

    version: int
    messages: list[PromptMessage] = Field(default_factory=list)
    variables: list[str] = Field(default_factory=list)
    labels: list[str] = Field(default_factory=list)
    note: str | None = None
    author: str | None = None
    created_at: datetime | None = None

    def __repr__(self) -> str:
        return f"PromptVersion({self.version}, model={self.model!r}, labels={self.labels})"

    __str__ = __repr__


class PromptListItem(WireModel):
    """A prompt without its content. Settings are those of its newest version."""

    id: str
    slug: str
    name: str
    description: str | None = None
    provider: _Provider = None
    model: str | None = None
    temperature: float | None = None
    top_p: float | None = None
    max_output_tokens: int | None = None
    current_version: int = 1
    variables: list[str] = Field(default_factory=list)
    default_label: str | None = None
    labels: dict[str, int] = Field(default_factory=dict)
    created_at: datetime
    updated_at: datetime

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.slug!r}, version={self.current_version}, model={self.model!r})"

    __str__ = __repr__


class Prompt(PromptListItem):
    """A prompt. `content`, `variables` and settings are those of its newest version; `versions` are the newest 100,
    newest first."""

    content: list[PromptMessage] = Field(default_factory=list)
    stop_sequences: list[str] | None = None
    tools: list[ToolDefinition] | None = None
    tool_choice: ToolChoice | dict[str, Any] | None = None
    output_schema: dict[str, Any] | None = None
    versions: list[PromptVersion] = Field(default_factory=list)

    def _repr_html_(self) -> str:
        return html_table(["role", "content"], [[each.role, each.content] for each in self.content])


class PromptLabel(WireModel):
    """Where a label points."""

    label: str
    version: int
    previous_version: int | None = None
    updated_at: datetime | None = None


class RenderedPrompt(_Settings):
    """A prompt with its variables filled in, and all that is needed to call its model."""

    slug: str
    prompt_version: int
    label: str | None = None
    messages: list[LocalPromptMessage]


class FetchedPrompt(OpenModel):
    """One version of a prompt, to be run by this process: `client.run_local(prompt=fetched, variables={...})`.

    `stale`: the server could not be asked, and this is the last good copy.
    """

    slug: str
    label: str | None = None
    version: PromptVersion
    variables: list[str] = Field(default_factory=list)
    tools: list[dict[str, Any]] | None = None
    tool_choice: ToolChoice | dict[str, Any] | None = None
    output_schema: dict[str, Any] | None = None
    fetched_at: str | None = None
    stale: bool = False

    _core: Any = PrivateAttr(default=None)

    def compile(self, variables: Mapping[str, Any] | None = None, /, **more: Any) -> RunLocalInput:
        """The input of `run_local` that carries this version out: messages rendered, its model and settings, linked to
        the prompt. Raises TraciaError MISSING_VARIABLES."""
        core: Core | None = self._core
        if core is None:
            raise RuntimeError("only a prompt that prompts.fetch() gave can be compiled")
        from tracia._calls import read_compiled

        return read_compiled(core, self, {**(variables or {}), **more})

    def __repr__(self) -> str:
        stale = ", stale=True" if self.stale else ""
        return f"FetchedPrompt({self.slug!r}, version={self.version.version}, model={self.version.model!r}{stale})"

    __str__ = __repr__


class _PromptSettings(InputModel):
    """Settings that can be given to a prompt; see `PromptVersion`."""

    description: str | None = None
    model: str | None = None
    provider: _Provider = None
    temperature: float | None = None
    max_output_tokens: int | None = None
    top_p: float | None = None
    stop_sequences: list[str] | None = None
    tools: list[ToolDefinition | dict[str, Any]] | None = None
    tool_choice: ToolChoice | dict[str, Any] | None = None
    output_schema: dict[str, Any] | None = None
    note: str | None = None  # why this version was made


class CreatePromptOptions(_PromptSettings):
    """A new prompt. The slug is made from the name when not given ("Welcome Email" becomes `welcome-email`)."""

    name: str
    content: list[PromptMessage]
    slug: str | None = None


class UpdatePromptOptions(_PromptSettings):
    """A change of a prompt: what is omitted stays, and what is set to None is cleared."""

    name: str | None = None
    content: list[PromptMessage] | None = None
    slug: str | None = None
    default_label: str | None = None
    base_version: int | None = None  # refuse with CONFLICT when this is not the newest version any more

    def to_wire(self) -> dict[str, Any]:
        fields = type(self).model_fields
        return {fields[name].alias or name: getattr(self, name) for name in self.model_fields_set}


class RunOptions(InputModel):
    """How to run a prompt. `version`, else `label`, else the prompt's default label, else the newest version runs.

    `messages`: a whole conversation, sent as it is (no template is rendered). `timeout_ms`: for the whole call.
    """

    model: str | None = None
    provider: _Provider = None
    version: int | None = None
    label: str | None = None
    tags: list[str] | None = None
    user_id: str | None = None
    session_id: str | None = None
    trace_id: str | None = None
    parent_span_id: str | None = None
    messages: list[LocalPromptMessage | dict[str, Any]] | None = None
    timeout_ms: int | None = None
