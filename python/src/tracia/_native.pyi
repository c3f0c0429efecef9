"""The compiled part: the C++ client, JSON in and JSON out (libs/client/include/tracia/client/json.h says which JSON).

Blocking functions release the GIL, end on Ctrl-C, and may be called from any thread. No thread of C++ ever takes the
GIL: what runs in the background arrives in a CompletionQueue, or in Client.next_event().
"""

from collections.abc import Callable

VERSION: str

def set_error_factory(factory: Callable[[bytes], BaseException]) -> None:
    """Makes the exception for an error from its JSON: {code, message, statusCode?, …}."""

class CompletionQueue:
    """Completions for one event loop. Use it from that loop's thread."""

    def fileno(self) -> int: ...
    def drain(self) -> list[tuple[int, bytes | BaseException | None]]:
        """What came since the last call: (id, result as JSON | exception | None: a stream is ready)."""

    def close(self) -> None: ...

class Call:
    id: int
    def cancel(self) -> None: ...

class Stream:
    """One thread iterates; abort(), result() and partial() may be called from any thread."""

    span_id: str  # "" while a streamed prompt has not said
    trace_id: str
    def next(self) -> list[tuple[int, str, int, str, str]]:
        """Waits for chunks: (type, text, tool_index, tool_id, tool_name); type 0 text, 1 reasoning, 2 refusal,
        3 tool call. Empty: the end, an abort or an error (see result())."""

    def take(self) -> list[tuple[int, str, int, str, str]]:
        """The same without waiting."""

    def ended(self) -> bool: ...
    def wait_ready(self, queue: CompletionQueue) -> int:
        """The id of the completion that says there is something to take, or the end."""

    def wait_finished(self, queue: CompletionQueue) -> int:
        """The id of the completion that says result() will not wait."""

    def on_finished(self, future_id: int) -> None:
        """Reports ("finished", future_id) through Client.next_event() once result() will not wait."""

    def abort(self) -> None: ...
    def result(self) -> bytes:
        """Waits for the end. Raises what the call failed with."""

    def partial(self) -> bytes: ...

class Client:
    def __init__(
        self, options: str, *, capture: bool = False, divert: bool = False, report_errors: bool = False
    ) -> None:
        """options: JSON of ClientOptions. capture: spans are kept for captured() and sent nowhere (no key needed).
        divert: spans come to next_event() as ("span", json) and go on by record_as_is(). report_errors: spans that
        were given up come to next_event() as ("span_error", error JSON, span_id)."""
    base_url: str
    def call(self, operation: str, input: str) -> bytes: ...
    def start(self, operation: str, input: str, queue: CompletionQueue) -> Call: ...
    def stream(self, operation: str, input: str) -> Stream: ...
    def record(self, span: str) -> None: ...
    def record_as_is(self, span: str) -> None: ...
    def flush(self, deadline_ms: int) -> bool:
        """Waits also for diverted spans that are under way in Python."""

    def start_flush(self, deadline_ms: int, queue: CompletionQueue) -> Call:
        """The completion is b"true" or b"false"."""

    def stats(self) -> bytes: ...
    def captured(self) -> list[bytes]:
        """Spans kept so far, as the JSON of POST /api/v1/spans."""

    def expect_taker(self) -> None:
        """The thread of next_event() has begun: close() gives it its time, even before its first call."""

    def next_event(self, timeout_ms: int) -> tuple[str, bytes, str] | None:
        """Waits, for the one Python thread that runs the application's callbacks. None: nothing came, or closed."""

    def event_done(self) -> None:
        """After each event, so that flush() knows when a diverted span has gone on."""

    def cancel_all(self) -> None: ...
    def close(self) -> None:
        """Ends what runs, sends what it can within exit_flush_ms. Later calls raise. Idempotent."""

def quote(text: str) -> str:
    """Percent-encoded, for one segment of a path or a query value."""

def new_span_id() -> str: ...
def new_trace_id() -> str: ...
