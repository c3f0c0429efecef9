"""What all models share: camelCase on the wire, snake_case in Python, either accepted."""

from __future__ import annotations

import html
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


def camel(name: str) -> str:
    """max_output_tokens -> maxOutputTokens, cache_write_1h_tokens -> cacheWrite1hTokens."""
    head, *rest = name.split("_")
    return head + "".join(word[:1].upper() + word[1:] for word in rest)


class WireModel(BaseModel):
    """A value of the API. Unknown fields are ignored, so that a newer server's answers can be read."""

    model_config = ConfigDict(alias_generator=camel, populate_by_name=True, protected_namespaces=())

    def to_wire(self) -> dict[str, Any]:
        """The fields that are not None, by their wire names, one level deep: the encoder goes on from there.

        None inside a caller's own dictionaries stays: a tool argument may well be null.
        """
        out: dict[str, Any] = dict(self.__pydantic_extra__ or ())
        for name, field in type(self).model_fields.items():
            value = getattr(self, name)
            if value is not None:
                out[field.alias or name] = value
        return out

    def given(self) -> dict[str, Any]:
        """The fields that are not None, by their Python names, one level deep."""
        return {name: value for name in type(self).model_fields if (value := getattr(self, name)) is not None}


class OpenModel(WireModel):
    """A value that is passed back as it came: what a provider added to it (signatures, ids) is kept."""

    model_config = ConfigDict(extra="allow")


class InputModel(WireModel):
    """Input of a call. A misspelt field is an error."""

    model_config = ConfigDict(extra="forbid")


_FINISH_REASONS = {
    "stop": "stop",
    "length": "length",
    "max_tokens": "length",
    "tool_calls": "tool_calls",
    "content_filter": "content_filter",
    "error": "error",
}


def _finish_reason(value: Any) -> Any:
    return _FINISH_REASONS.get(value) if isinstance(value, str) else value


FinishReason = Literal["stop", "length", "tool_calls", "content_filter", "error"]
"""Why the model stopped. "length": the token limit (`max_tokens` on the wire). The provider's own word is in
`provider_finish_reason`."""

# Never a reason to lose a paid answer: a word that this version does not know reads as None.
FinishReasonField = Annotated[FinishReason | None, BeforeValidator(_finish_reason)]

# A list that may come as null; empty then.
NullAsEmpty = BeforeValidator(lambda value: [] if value is None else value)
# A number that the server may not know; 0 then.
KnownCost = Annotated[float, BeforeValidator(lambda value: 0.0 if value is None else value)]


def short(text: str | None, characters: int = 60) -> str:
    """Text for a repr: one line, quoted, at most so many characters."""
    if text is None:
        return "None"
    return repr(text if len(text) <= characters else text[: characters - 1] + "…")


def dollars(cost: float | None) -> str:
    """A cost for people: "$0.0021", or "unknown"."""
    if cost is None:
        return "unknown"
    return f"${cost:.4f}" if cost == 0 or cost >= 0.0001 else f"${cost:.2g}"


def markdown(text: str) -> str:
    """A model's text for a notebook: its Markdown is shown, its HTML is not run, its images are not loaded."""
    return html.escape(text, quote=False).replace("![", "!\\[")


def html_table(headers: list[str], rows: list[list[Any]]) -> str:
    """Rows for a notebook, escaped."""

    def line(cells: list[Any], tag: str) -> str:
        return "<tr>" + "".join(f"<{tag}>{html.escape('' if c is None else str(c))}</{tag}>" for c in cells) + "</tr>"

    body = "".join(line(row, "td") for row in rows)
    return f"<table><thead>{line(headers, 'th')}</thead><tbody>{body}</tbody></table>"


__all__ = [
    "Annotated",
    "Field",
    "FinishReason",
    "FinishReasonField",
    "InputModel",
    "KnownCost",
    "NullAsEmpty",
    "OpenModel",
    "WireModel",
    "dollars",
    "html_table",
    "markdown",
    "short",
]
