"""One call of the Tracia API, described once and made by the synchronous and the asynchronous twin alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from tracia._json import decode
from tracia._native import quote
from tracia.errors import TraciaError, TraciaErrorCode, invalid_request
from tracia.models._base import InputModel

if TYPE_CHECKING:
    from tracia._core import Core

T = TypeVar("T")
M = TypeVar("M", bound=InputModel)


class Request(Generic[T]):
    """What to send, and how to read the answer."""

    def __init__(
        self, method: str, path: str, read: Callable[[bytes], T], body: Any = None, timeout_ms: int | None = None
    ) -> None:
        self._read = read
        self._payload: dict[str, Any] = {"method": method, "path": path}
        if body is not None:
            self._payload["body"] = body
        if timeout_ms is not None:
            self._payload["timeout_ms"] = timeout_ms

    def send(self, core: Core) -> T:
        return self._understand(core.call("request", self._payload))

    async def asend(self, core: Core) -> T:
        return self._understand(await core.acall("request", self._payload))

    def _understand(self, answer: bytes) -> T:
        try:
            return self._read(answer)
        except (ValueError, LookupError, TypeError) as error:  # pydantic's ValidationError is a ValueError
            message = f"the server's answer cannot be understood: {error}"
            raise TraciaError(TraciaErrorCode.UNKNOWN, message) from error


def nothing(_: bytes) -> None:
    """Reads an answer that says nothing more than that it worked."""


def page_of(member: str, read: Callable[[Any], T]) -> Callable[[bytes], tuple[list[T], str | None]]:
    """Reads one page of a list: its items, and where the next page begins."""

    def reader(answer: bytes) -> tuple[list[T], str | None]:
        body = decode(answer)
        return [read(each) for each in body[member]], body.get("nextCursor")

    return reader


def options_of(model: type[M], options: M | Mapping[str, Any]) -> M:
    """Options given as their model, or as a dict. Raises TraciaError INVALID_REQUEST."""
    if isinstance(options, model):
        return options
    try:
        return model.model_validate(dict(options))
    except (ValueError, TypeError) as error:
        raise invalid_request(f"{model.__name__}: {error}") from error


def path_of(*segments: str | int) -> str:
    """/api/v1/... with each segment percent-encoded."""
    return "/api/v1/" + "/".join(quote(_segment(each)) for each in segments)


def _segment(segment: str | int) -> str:
    text = str(segment)
    if text in ("", ".", ".."):
        raise invalid_request("a slug, label or id must not be empty")
    return text


def query_of(values: Mapping[str, Any]) -> str:
    """ "?name=value&...", "" when there is nothing to say."""
    pairs = [f"{quote(name)}={quote(_query_text(value))}" for name, value in values.items() if value is not None]
    return "?" + "&".join(pairs) if pairs else ""


def _query_text(value: Any) -> str:
    if isinstance(value, datetime):
        # A time without an offset is local time, as everywhere in Python.
        return value.astimezone(timezone.utc).isoformat().replace("+00:00", "Z")
    if isinstance(value, (list, tuple)):
        return ",".join(str(each) for each in value)
    return str(value)
