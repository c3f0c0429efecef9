"""What calls raise: one exception type, with a code that callers branch on."""

from __future__ import annotations

import json
from enum import Enum
from typing import Any

from tracia import _native

__all__ = ["TraciaError", "TraciaErrorCode"]


class TraciaErrorCode(str, Enum):
    """Why a call failed. Compares equal to its text: ``error.code == "NOT_FOUND"``.

    Source: the error codes of the HTTP API (``api/openapi.yaml``, ErrorCode) and those made by the client itself.
    """

    # Sent by a Tracia server.
    UNAUTHORIZED = "UNAUTHORIZED"
    FORBIDDEN = "FORBIDDEN"
    NOT_FOUND = "NOT_FOUND"
    CONFLICT = "CONFLICT"
    INVALID_REQUEST = "INVALID_REQUEST"
    MISSING_VARIABLES = "MISSING_VARIABLES"
    MISSING_PROVIDER_KEY = "MISSING_PROVIDER_KEY"
    PAYLOAD_TOO_LARGE = "PAYLOAD_TOO_LARGE"
    RATE_LIMITED = "RATE_LIMITED"
    UNAVAILABLE = "UNAVAILABLE"
    INTERNAL_ERROR = "INTERNAL_ERROR"
    # The model's provider refused, or answered with something that is not an answer.
    PROVIDER_ERROR = "PROVIDER_ERROR"
    # Made by the client.
    NETWORK_ERROR = "NETWORK_ERROR"
    TIMEOUT = "TIMEOUT"
    ABORTED = "ABORTED"
    MISSING_PROVIDER_SDK = "MISSING_PROVIDER_SDK"
    MISSING_PROVIDER_API_KEY = "MISSING_PROVIDER_API_KEY"
    UNSUPPORTED_MODEL = "UNSUPPORTED_MODEL"
    # A code that this version does not know; `TraciaError.raw_code` has its text.
    UNKNOWN = "UNKNOWN"

    @classmethod
    def _missing_(cls, value: object) -> TraciaErrorCode | None:
        return cls.UNKNOWN if isinstance(value, str) else None

    def __str__(self) -> str:
        return self.value


class TraciaError(Exception):
    """A failed call. ``str()`` gives ``[CODE] message (status: N)``.

    Attributes:
        code: what callers branch on.
        raw_code: the code's text, also when this version does not know it.
        message: for people; secrets are removed.
        status_code: the HTTP status, of the Tracia server or of the provider; None when there was no answer.
        provider: the provider that failed ("openai"), when one did.
        request_id: the provider's id of the request, for its support.
        span_id: the span that recorded the failed call, when there is one.
        retry_after_ms: how long the other side asked to wait, in milliseconds.
        partial: what had arrived before a stream failed; None for other calls.
    """

    def __init__(
        self,
        code: TraciaErrorCode | str,
        message: str,
        status_code: int | None = None,
        *,
        provider: str | None = None,
        request_id: str | None = None,
        span_id: str | None = None,
        retry_after_ms: int | None = None,
    ) -> None:
        super().__init__(code, message, status_code)
        self.code = TraciaErrorCode(code)
        self.raw_code: str = code.value if isinstance(code, TraciaErrorCode) else code
        self.message = message
        self.status_code = status_code
        self.provider = provider
        self.request_id = request_id
        self.span_id = span_id
        self.retry_after_ms = retry_after_ms
        self.partial: Any = None

    def __str__(self) -> str:
        status = f" (status: {self.status_code})" if self.status_code is not None else ""
        return f"[{self.raw_code}] {self.message}{status}"

    def __repr__(self) -> str:
        return f"TraciaError({str(self)!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        # Everything beside the positional arguments travels in the state: errors cross process pools.
        return (TraciaError, (self.raw_code, self.message, self.status_code), self.__dict__)


def error_from_json(text: bytes | str) -> TraciaError:
    """The exception for an error of the native client, given as its JSON."""
    body = json.loads(text)
    provider = body.get("provider") or {}
    if isinstance(provider, str):
        provider = {"name": provider}
    return TraciaError(
        body.get("code") or "UNKNOWN",
        body.get("message") or "Unknown error",
        body.get("statusCode") or None,
        provider=provider.get("name") or None,
        request_id=provider.get("requestId") or None,
        span_id=body.get("spanId") or None,
        retry_after_ms=body.get("retryAfterMs"),
    )


_native.set_error_factory(error_from_json)


def invalid_request(message: str) -> TraciaError:
    """The caller's input is wrong; nothing was sent."""
    return TraciaError(TraciaErrorCode.INVALID_REQUEST, message)
