"""Calls for event loops: one CompletionQueue for each running loop, read when its descriptor is readable.

Nothing here blocks and no thread is involved: completions wait in the native queue until the loop drains them.
Works on any loop with add_reader() (asyncio's on Unix, uvloop).
"""

from __future__ import annotations

import asyncio
import os
import threading
import weakref
from collections.abc import Callable
from typing import Any

from tracia._native import Call, Client, CompletionQueue

Handler = Callable[["bytes | BaseException | None"], None]


class LoopQueue:
    """The completions of one event loop. Holds no reference to the loop: it must be free to go."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.native = CompletionQueue()
        self._handlers: dict[int, Handler] = {}
        loop.add_reader(self.native.fileno(), self._drain)

    def _drain(self) -> None:
        for completion_id, value in self.native.drain():
            handler = self._handlers.pop(completion_id, None)
            if handler is not None:
                handler(value)

    def on(self, completion_id: int, handler: Handler) -> None:
        """Calls `handler` once, with what the completion carries. To be called before the loop runs on."""
        self._handlers[completion_id] = handler

    def forget(self, completion_id: int) -> None:
        self._handlers.pop(completion_id, None)


_queues: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, LoopQueue] = weakref.WeakKeyDictionary()
_lock = threading.Lock()


def loop_queue() -> LoopQueue:
    """The running loop's queue."""
    loop = asyncio.get_running_loop()
    queue = _queues.get(loop)
    if queue is None:
        with _lock:
            for other in [each for each in _queues if each.is_closed()]:
                _queues.pop(other).native.close()
            queue = _queues[loop] = LoopQueue(loop)
    return queue


def _after_fork_in_child() -> None:
    # The child's loops are new ones. Its copies of the parent's descriptors go with the queues.
    global _lock
    _lock = threading.Lock()
    _queues.clear()


os.register_at_fork(after_in_child=_after_fork_in_child)


def settle(future: asyncio.Future[Any], value: Any) -> None:
    """Ends a future, unless it has been cancelled meanwhile."""
    if future.done():
        return
    if isinstance(value, BaseException):
        future.set_exception(value)
    else:
        future.set_result(value)


async def _completion(call: Call, queue: LoopQueue) -> bytes:
    future: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
    queue.on(call.id, lambda value: settle(future, value))
    try:
        return await future
    except asyncio.CancelledError:
        queue.forget(call.id)
        call.cancel()
        raise


async def acall(native: Client, operation: str, text: str) -> bytes:
    """One call by name. Cancelling the task closes the call's connection."""
    queue = loop_queue()
    return await _completion(native.start(operation, text, queue.native), queue)


async def aflush(native: Client, deadline_ms: int) -> bool:
    """Whether all spans were out within the deadline."""
    queue = loop_queue()
    return await _completion(native.start_flush(deadline_ms, queue.native), queue) == b"true"
