"""Enumerations, apart from the models so that they can be used without pydantic."""

from __future__ import annotations

from enum import Enum


class LLMProvider(str, Enum):
    """Who answers. A str: `LLMProvider.OPENAI == "openai"`. Any letter case is read.

    Servers may also name a connection of their own; results then hold that name as a plain str.
    """

    OPENAI = "openai"
    ANTHROPIC = "anthropic"
    GOOGLE = "google"
    AMAZON_BEDROCK = "amazon_bedrock"
    VOYAGE = "voyage"

    @classmethod
    def _missing_(cls, value: object) -> LLMProvider | None:
        lower = value.lower() if isinstance(value, str) else value
        return next((member for member in cls if member.value == lower), None)

    def __str__(self) -> str:
        return self.value


class SpanKind(str, Enum):
    """What an operation was."""

    LLM = "LLM"
    EMBEDDING = "EMBEDDING"
    ROOT = "ROOT"
    TOOL = "TOOL"
    RETRIEVAL = "RETRIEVAL"
    CHAIN = "CHAIN"
    AGENT = "AGENT"
    OTHER = "OTHER"

    def __str__(self) -> str:
        return self.value


class Eval:
    """Values of the built-in evaluator "quality"."""

    POSITIVE = 1
    NEGATIVE = 0
