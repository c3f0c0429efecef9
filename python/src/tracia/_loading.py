"""Calls are read with the models, which take pydantic: a tenth of a second that is spent with the first call, not with
the import. On an event loop it is spent in a thread, so that the loop runs on meanwhile."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tracia._calls import Call


def call_of(request: Any, arguments: dict[str, Any]) -> Call:
    """`arguments`: the keywords, by name; or the locals() of a method that has them, taken before it has others."""
    from tracia._calls import Call

    arguments.pop("self", None)
    arguments.pop("request", None)
    return Call(request, arguments)


async def acall_of(request: Any, arguments: dict[str, Any]) -> Call:
    """As call_of(), for an event loop."""
    if "tracia.streams" not in sys.modules or "tracia._calls" not in sys.modules:
        import asyncio

        await asyncio.to_thread(_load)
    return call_of(request, arguments)


def _load() -> None:
    import tracia._calls
    import tracia.streams  # noqa: F401
