"""One way from Python values to JSON text, for everything that goes to the native client."""

from __future__ import annotations

import json
from collections.abc import Mapping, Set
from enum import Enum
from typing import Any

from tracia.errors import invalid_request

# Types of the standard library whose str() is their JSON form. By name, so that they need not be imported.
_TEXT_MODULES = frozenset({"uuid", "decimal", "pathlib", "pathlib._local", "ipaddress"})
_REPR_CHARACTERS_MAX = 1000


def _plain(value: Any) -> Any:
    """What the encoder should write in place of a value that is not JSON by itself."""
    wire = getattr(value, "to_wire", None)
    if wire is not None:
        return wire()
    if isinstance(value, (bytes, bytearray, memoryview)):
        from base64 import b64encode

        return b64encode(value).decode("ascii")
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Set):
        return list(value)
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if type(value).__module__ in _TEXT_MODULES:
        return str(value)
    if hasattr(value, "model_dump"):  # an application's own pydantic model
        return value.model_dump(mode="json", by_alias=True)
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")


def _anything(value: Any) -> Any:
    try:
        return _plain(value)
    except Exception:
        return short_repr(value)


def short_repr(value: Any) -> str:
    """repr(), shortened, of a value that may be large or whose repr may fail."""
    try:
        text = repr(value)
    except Exception:
        text = f"<{type(value).__name__}>"
    return text if len(text) <= _REPR_CHARACTERS_MAX else text[:_REPR_CHARACTERS_MAX] + "…"


_encoder = json.JSONEncoder(default=_plain, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
_lenient_encoder = json.JSONEncoder(default=_anything, skipkeys=True, separators=(",", ":"))


def encode(value: Any) -> str:
    """JSON text of a caller's input. Raises TraciaError INVALID_REQUEST for what has no JSON form."""
    try:
        text = _encoder.encode(value)
        if not text.isascii():
            text.encode("utf-8")  # an unpaired surrogate has no UTF-8 form
    except UnicodeEncodeError as error:
        raise invalid_request("text must not hold unpaired surrogates") from error
    except (TypeError, ValueError, RecursionError) as error:
        raise invalid_request(f"the input cannot be written as JSON: {error}") from error
    return text


def encode_anything(value: Any) -> str:
    """JSON text of what an application wants recorded: never raises; what has no JSON form becomes its repr()."""
    try:
        return _lenient_encoder.encode(value)
    except (TypeError, ValueError, RecursionError):
        return json.dumps(short_repr(value))


decode = json.loads
