"""The extension by itself: queues, cancelling, Ctrl-C, fork, the interpreter's end, memory."""

from __future__ import annotations

import contextlib
import gc
import json
import os
import select
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from fake_server import FakeServer

from tracia import TraciaError, _native

DEADLINE_S = 30.0
DEADLINE_MS = 30_000


def options(**more: Any) -> str:
    return json.dumps({"exit_flush_ms": 100, **more})


def say(text: str, **more: Any) -> str:
    return json.dumps({"model": "gpt-4o", "messages": [{"role": "user", "content": text}], **more})


def eventually(condition: Any) -> None:
    end = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


def drained(queue: _native.CompletionQueue, count: int = 1) -> list[Any]:
    """At least `count` completions, waited for as an event loop does."""
    found: list[Any] = []
    end = time.monotonic() + DEADLINE_S
    while len(found) < count:
        assert time.monotonic() < end
        if select.select([queue.fileno()], [], [], 0.1)[0]:
            found += queue.drain()
    return found


@pytest.fixture
def native(fake: FakeServer) -> Iterator[_native.Client]:
    client = _native.Client(options(), capture=True)
    yield client
    client.close()


# Running in the background


def test_a_completion_carries_the_result_under_its_id(native):
    queue = _native.CompletionQueue()
    calls = [native.start("run_local", say(f"say {word}"), queue) for word in ("a", "b", "c")]
    results = dict(drained(queue, 3))
    assert [json.loads(results[call.id])["text"] for call in calls] == ["a", "b", "c"]
    assert queue.drain() == []


def test_a_completion_of_a_failed_call_is_its_exception(native):
    queue = _native.CompletionQueue()
    native.start("run_local", say("refuse"), queue)
    ((_, error),) = drained(queue)
    assert isinstance(error, TraciaError)
    assert (error.code, error.status_code) == ("PROVIDER_ERROR", 400)


def test_bad_input_is_a_completion_too(native):
    queue = _native.CompletionQueue()
    native.start("run_local", '{"messages": 1}', queue)
    ((_, error),) = drained(queue)
    assert error.code == "INVALID_REQUEST"


def test_a_cancelled_call_completes_as_aborted_and_closes_its_connection(native, fake):
    queue = _native.CompletionQueue()
    call = native.start("run_local", say("hold"), queue)
    eventually(fake.holding.is_set)
    call.cancel()
    ((number, error),) = drained(queue)
    assert (number, error.code) == (call.id, "ABORTED")
    eventually(fake.gone.is_set)
    call.cancel()  # twice does no harm


def test_a_queue_may_go_before_its_calls_end(native, fake):
    for _ in range(10):
        native.start("run_local", say("hold"), _native.CompletionQueue())
    closed = _native.CompletionQueue()
    native.start("run_local", say("say late"), closed)
    closed.close()
    gc.collect()
    fake.release()
    eventually(lambda: len(fake.requests) == 11)
    assert closed.drain() == []


def test_client_queue_call_and_stream_may_go_in_any_order(fake):
    for first in range(4):
        queue = _native.CompletionQueue()
        client = _native.Client(options(), capture=True)
        stream = client.stream("run_local", say("hold"))
        stream.wait_ready(queue)
        stream.wait_finished(queue)
        held: list[Any] = [client, queue, client.start("run_local", say("hold"), queue), stream]
        del client, queue, stream
        while held:
            held.pop(first % len(held))
            gc.collect()


def test_many_clients_live_at_once(fake):
    queue = _native.CompletionQueue()
    clients = [_native.Client(options(), capture=True) for _ in range(30)]
    for client in clients:
        client.start("run_local", say("say x"), queue)
    assert all(isinstance(value, bytes) for _, value in drained(queue, 30))
    for client in clients:
        client.close()


# Streams


def test_a_stream_says_when_it_is_ready_and_when_it_has_ended(native):
    queue = _native.CompletionQueue()
    stream = native.stream("run_local", say("say one two"))
    assert stream.span_id.startswith("sp_")
    ended = stream.wait_finished(queue)
    text = ""
    while not stream.ended():
        ready = stream.wait_ready(queue)
        seen = dict(drained(queue))
        assert set(seen.values()) == {None}
        assert set(seen) <= {ready, ended}
        text += "".join(chunk[1] for chunk in stream.take())
    assert text == "one two"
    assert json.loads(stream.result())["text"] == "one two"
    assert stream.next() == []


def test_abort_wakes_a_thread_that_waits_for_the_next_chunk(native, fake):
    stream = native.stream("run_local", say("hold"))
    assert stream.next() == [(0, "one ", 0, "", "")]
    got: list[Any] = []
    thread = threading.Thread(target=lambda: got.append(stream.next()))
    thread.start()
    stream.abort()
    thread.join(DEADLINE_S)
    assert got == [[]]
    result = json.loads(stream.result())
    assert (result["text"], result["aborted"]) == ("one ", True)
    eventually(fake.gone.is_set)


def test_the_end_of_a_stream_comes_as_an_event(native):
    stream = native.stream("run_local", say("say x"))
    stream.on_finished(7)
    kind, _, number = native.next_event(DEADLINE_MS)
    native.event_done()
    assert (kind, number) == ("finished", "7")
    assert json.loads(stream.result())["text"] == "x"


# Closing


def test_close_ends_calls_of_other_threads_and_later_ones_are_refused(native, fake):
    queue = _native.CompletionQueue()
    native.start("run_local", say("hold"), queue)
    stream = native.stream("run_local", say("hold"))
    errors: list[TraciaError] = []

    def call() -> None:
        with pytest.raises(TraciaError) as caught:
            native.call("run_local", say("hold"))
        errors.append(caught.value)

    threads = [threading.Thread(target=call) for _ in range(4)]
    for thread in threads:
        thread.start()
    eventually(lambda: len(fake.requests) == 6)
    native.close()
    for thread in threads:
        thread.join(DEADLINE_S)
    assert [error.code for error in errors] == ["ABORTED"] * 4
    assert drained(queue)[0][1].code == "ABORTED"
    assert json.loads(stream.result())["aborted"]
    native.close()
    for late in (
        lambda: native.call("run_local", say("x")),
        lambda: native.start("run_local", say("x"), queue),
        lambda: native.stream("run_local", say("x")),
        lambda: native.record('{"name": "x"}'),
        lambda: native.flush(1),
        lambda: native.start_flush(1, queue),
    ):
        with pytest.raises(TraciaError, match="closed"):
            late()
    assert native.next_event(DEADLINE_MS) is None
    assert json.loads(native.stats())["recorded"] >= 6


def test_a_flush_that_waits_ends_when_the_client_closes(fake):
    client = _native.Client(options(), capture=True, divert=True)
    client.record('{"name": "x"}')  # diverted, and nobody takes it
    queue = _native.CompletionQueue()
    client.start_flush(DEADLINE_MS, queue)
    answers: list[bool] = []

    def flush() -> None:
        with contextlib.suppress(TraciaError):  # it came after close()
            answers.append(client.flush(DEADLINE_MS))

    thread = threading.Thread(target=flush)
    thread.start()
    client.close()
    thread.join(DEADLINE_S)
    assert answers in ([], [False])
    assert drained(queue)[0][1] == b"false"
    assert json.loads(client.stats())["droppedClosed"] == 1


# Spans


def test_captured_spans_are_what_a_server_would_be_sent(native):
    native.call("run_local", say("say hi", tags=["t"]))
    native.record('{"name": "tool"}')
    assert native.flush(DEADLINE_MS)
    first, second = map(json.loads, native.captured())
    assert (first["model"], first["output"], first["tags"]) == ("gpt-4o", "hi", ["t"])
    assert second["name"] == "tool"


def test_a_diverted_span_comes_as_an_event_and_goes_on_as_it_is_given_back(fake):
    client = _native.Client(options(), capture=True, divert=True)
    client.call("run_local", say("say secret"))
    assert not client.flush(20)  # it is under way
    kind, text, _ = client.next_event(DEADLINE_MS)
    assert kind == "span"
    client.record_as_is(json.dumps({**json.loads(text), "output": "***"}))
    client.event_done()
    assert client.flush(DEADLINE_MS)
    (span,) = map(json.loads, client.captured())
    assert span == {**json.loads(text), "output": "***"}
    client.close()


def test_flush_waits_for_the_thread_that_has_a_diverted_span(fake):
    client = _native.Client(options(), capture=True, divert=True)
    taken, go = threading.Event(), threading.Event()

    def handle() -> None:
        event = client.next_event(DEADLINE_MS)
        assert event is not None
        taken.set()
        go.wait(DEADLINE_S)
        assert client.flush(DEADLINE_MS)  # its own span is in its own hand: no deadlock
        client.record_as_is(event[1].decode())
        client.event_done()

    thread = threading.Thread(target=handle)
    thread.start()
    client.record('{"name": "x"}')
    assert taken.wait(DEADLINE_S)
    queue = _native.CompletionQueue()
    flush = client.start_flush(DEADLINE_MS, queue)
    assert queue.drain() == []
    go.set()
    assert drained(queue) == [(flush.id, b"true")]
    thread.join(DEADLINE_S)
    assert len(client.captured()) == 1
    client.close()


def test_close_waits_for_a_thread_that_has_begun_and_took_nothing_yet(fake):
    client = _native.Client(options(exit_flush_ms=DEADLINE_MS), capture=True, divert=True)
    client.expect_taker()
    client.record('{"name": "x"}')
    closing = threading.Thread(target=client.close)
    closing.start()
    closing.join(0.1)
    assert closing.is_alive()
    event = client.next_event(DEADLINE_MS)
    assert event is not None
    client.record_as_is(event[1].decode())
    client.event_done()
    closing.join(DEADLINE_S)
    stats = json.loads(client.stats())
    assert (stats["recorded"], stats["droppedClosed"]) == (1, 0)


def test_a_cancelled_flush_completes_as_aborted(fake):
    client = _native.Client(options(), capture=True, divert=True)
    client.record('{"name": "x"}')
    queue = _native.CompletionQueue()
    client.start_flush(DEADLINE_MS, queue).cancel()
    assert drained(queue)[0][1].code == "ABORTED"
    client.close()


def test_a_diverted_span_that_does_not_go_on_is_counted_as_masked(fake):
    client = _native.Client(options(), capture=True, divert=True)
    client.record('{"name": "x"}')
    assert client.next_event(DEADLINE_MS) is not None
    client.event_done()
    assert client.flush(DEADLINE_MS)
    assert (json.loads(client.stats())["droppedMasked"], client.captured()) == (1, [])
    client.close()


def test_diverted_spans_that_nobody_takes_are_bounded_and_counted(fake):
    client = _native.Client(options(), capture=True, divert=True)
    for _ in range(5000):
        client.record('{"name": "x"}')
    stats = json.loads(client.stats())
    assert (stats["queued"], stats["droppedQueueFull"]) == (4096, 904)
    client.close()
    stats = json.loads(client.stats())
    assert (stats["queued"], stats["droppedQueueFull"], stats["droppedClosed"]) == (0, 904, 4096)


def test_a_span_that_is_given_up_is_reported(fake):
    fake.answers["POST", "/api/v1/spans/batch"] = (401, {"error": {"code": "UNAUTHORIZED", "message": "no such key"}})
    client = _native.Client(options(base_url=fake.url, api_key="tr_x"), report_errors=True)
    client.record('{"name": "x", "span_id": "sp_0123456789abcdef"}')
    event = client.next_event(DEADLINE_MS)
    assert event is not None
    client.event_done()
    assert (event[0], json.loads(event[1])["code"], event[2]) == ("span_error", "UNAUTHORIZED", "sp_0123456789abcdef")
    client.close()


# Bad input


@pytest.mark.parametrize("bad", ["", "[]", '{"nonsense": 1}', '{"api_timeout_ms": "x"}'])
def test_bad_options_are_refused(bad):
    with pytest.raises(TraciaError) as caught:
        _native.Client(bad)
    assert caught.value.code == "INVALID_REQUEST"


def test_an_error_factory_that_fails_is_seen_not_swallowed():
    script = """
        from tracia import _native
        client = _native.Client("{}")
        for factory in (lambda json: 1 / 0, lambda json: "no exception"):
            _native.set_error_factory(factory)
            try:
                client.call("nonsense", "{}")
            except (ZeroDivisionError, TypeError) as error:
                print(type(error).__name__)
        """
    assert python(script).stdout.split() == ["ZeroDivisionError", "TypeError"]


def test_text_is_quoted_for_a_path():
    assert _native.quote("a b/ü?") == "a%20b%2F%C3%BC%3F"


# The process: each of these runs in an interpreter of its own


PRELUDE = """
    import json, os, select, signal, sys, threading, time, warnings
    from tracia import TraciaError, _core, _native
    warnings.simplefilter("ignore", DeprecationWarning)  # of fork() with threads, which is tested here
    def say(text):
        return json.dumps({"model": "gpt-4o", "messages": [{"role": "user", "content": text}]})
    def client(**how):
        return _native.Client('{"exit_flush_ms": 100}', capture=True, **how)
    def resident():
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1])
    """


def start(script: str, **environment: str) -> subprocess.Popen[str]:
    code = textwrap.dedent(PRELUDE) + textwrap.dedent(script)
    return subprocess.Popen(
        [sys.executable, "-X", "dev", "-c", code],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str], status: int = 0) -> subprocess.CompletedProcess[str]:
    """Its output. It must have said nothing on stderr: no warning, no "terminate called"."""
    try:
        out, err = process.communicate(timeout=2 * DEADLINE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        pytest.fail(f"it hangs; stdout {out!r}, stderr {err!r}")
    assert (err, process.returncode) == ("", status), out
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def python(script: str) -> subprocess.CompletedProcess[str]:
    return finish(start(script))


keeps_freed_memory = pytest.mark.skipif("asan" in os.environ.get("LD_PRELOAD", ""), reason="the sanitizer keeps it")

BLOCKING = {
    "call": 'c.call("run_local", say("hold"))',
    "stream": 's = c.stream("run_local", say("hold")); s.next(); s.next()',
    "result": 's = c.stream("run_local", say("hold")); s.result()',
    "flush": 'c = client(divert=True); c.record(\'{"name": "x"}\'); c.call("run_local", say("say x")); c.flush(60_000)',
    "event": 'c.call("run_local", say("say x")); c.next_event(60_000)',
}


@pytest.mark.parametrize("what", BLOCKING)
def test_ctrl_c_ends_what_blocks(fake, what):
    script = "c = client()\ntry:\n    {}\nexcept KeyboardInterrupt:\n    print('interrupted')\nc.close()"
    process = start(script.format(BLOCKING[what]))
    eventually(lambda: fake.requests)
    time.sleep(0.05)  # on its way into the wait; a signal that comes earlier is Python's own affair
    process.send_signal(signal.SIGINT)
    assert finish(process).stdout.strip() == "interrupted"


def test_a_signal_handler_that_raises_nothing_lets_the_call_go_on(fake):
    process = start(
        """
        signal.signal(signal.SIGUSR1, lambda *_: print("handled", flush=True))
        c = client()
        print(json.loads(c.call("run_local", say("hold")))["text"])
        c.close()
        """
    )
    eventually(fake.holding.is_set)
    process.send_signal(signal.SIGUSR1)
    assert process.stdout is not None
    assert process.stdout.readline() == "handled\n"
    fake.release()
    assert finish(process).stdout == "late\n"


def test_a_signal_handler_may_close_the_client_whose_call_waits(fake):
    process = start(
        """
        c = client()
        signal.signal(signal.SIGTERM, lambda *_: c.close())
        try:
            c.call("run_local", say("hold"))
        except TraciaError as error:
            print(error.code.value)
        """
    )
    eventually(fake.holding.is_set)
    process.send_signal(signal.SIGTERM)
    assert finish(process).stdout == "ABORTED\n"


def test_what_is_the_parents_is_inert_in_a_child_of_fork(fake):
    done = python(
        """
        c = client(divert=True)
        queue = _native.CompletionQueue()
        call = c.start("run_local", say("hold"), queue)
        stream = c.stream("run_local", say("hold"))
        stream.next()
        waiting = c.start("run_local", say("hold"), queue)
        done = c.start("run_local", say("say done"), queue)
        select.select([queue.fileno()], [], [], 30)
        child = os.fork()
        if child == 0:
            assert queue.drain() == []
            call.cancel(), stream.abort(), stream.next(), stream.take()
            assert stream.ended()
            try:
                stream.result()
            except TraciaError as error:
                assert error.code == "ABORTED"
            assert c.next_event(0) is None
            own = _native.CompletionQueue()
            c.start("run_local", say("say child"), own)
            select.select([own.fileno()], [], [], 30)
            assert json.loads(own.drain()[0][1])["text"] == "child"
            assert json.loads(c.call("run_local", say("say child")))["text"] == "child"
            assert c.next_event(30_000)[0] == "span"
            del queue, call, waiting, stream
            c.close()
            sys.exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        ((number, value),) = queue.drain()
        assert (number, json.loads(value)["text"]) == (done.id, "done")
        assert c.next_event(30_000)[0] == "span"
        c.event_done()
        stream.abort()
        c.close()
        assert {error.code.value for _, error in queue.drain()} == {"ABORTED"}
        print("ok")
        """
    )
    assert done.stdout.strip() == "ok"


def test_a_child_of_fork_hears_ctrl_c(fake):
    process = start(
        """
        c = client()
        if os.fork() == 0:
            try:
                c.call("run_local", say("hold"))
            except KeyboardInterrupt:
                print("interrupted", flush=True)
            os._exit(0)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        print("forked", flush=True)
        os.wait()
        c.close()
        """
    )
    assert process.stdout is not None
    process.stdout.readline()
    eventually(fake.holding.is_set)
    children = subprocess.run(["ps", "-o", "pid=", "--ppid", str(process.pid)], capture_output=True, text=True).stdout
    os.kill(int(children), signal.SIGINT)
    assert finish(process).stdout == "interrupted\n"


ENDS = {
    "falling off the end": "",
    "sys.exit": "sys.exit(0)",
    "calling from a handler of atexit": "import atexit; atexit.register(lambda: c.call('run_local', say('say bye')))",
    "closing first": "c.close()",
    "dropping everything first": "del c, queue, streams",
}


@pytest.mark.parametrize("end", ENDS)
def test_the_interpreter_ends_quietly_with_everything_under_way(fake, end):
    script = """
        c = client(divert=True)
        queue = _native.CompletionQueue()
        streams = [c.stream("run_local", say("hold")) for _ in range(3)]
        for stream in streams:
            stream.wait_finished(queue)
        calls = [c.start("run_local", say("hold"), queue) for _ in range(3)]
        def run(what):
            while True:
                try:
                    what()
                except (TraciaError, NameError):
                    pass
        for what in (
            lambda: c.call("run_local", say("hold")),
            lambda: c.next_event(5),
            lambda: c.next_event(60_000),
            lambda: c.flush(60_000),
            lambda: streams[0].next(),
            lambda: streams[1].result(),
            lambda: queue.drain(),
        ):
            threading.Thread(target=run, args=(what,), daemon=True).start()
        while len(calls) < 3 or not c.call("run_local", say("say go")):
            pass
        """
    finish(start(textwrap.dedent(script) + ENDS[end]))


def test_the_interpreter_ends_while_threads_of_python_come_back_all_the_time(fake):
    script = """
        c = client()
        def run():
            while True:
                try:
                    c.call("run_local", "{")
                except TraciaError:
                    pass
        for _ in range(8):
            threading.Thread(target=run, daemon=True).start()
        time.sleep(0.05)
        """
    for _ in range(5):
        python(script)


@keeps_freed_memory
def test_memory_stays_flat_over_a_hundred_thousand_calls(fake):
    done = python(
        """
        c = client()
        queue = _native.CompletionQueue()
        def calls(count):
            for number in range(count):
                try:
                    c.call("run_local", say("x")[:-1])  # cut off: fails before anything is sent
                except TraciaError:
                    pass
                if number % 100 == 0:
                    c.start("run_local", "{", queue)
                    queue.drain()
                    c.stats()
        calls(20_000)
        before = resident()
        calls(100_000)
        print(resident() / before)
        c.close()
        """
    )
    assert float(done.stdout) < 1.1


@keeps_freed_memory
def test_memory_stays_flat_over_calls_and_streams_that_succeed(fake):
    done = python(
        """
        c = _native.Client('{"send_traces": false}')
        queue = _native.CompletionQueue()
        def calls(count):
            for _ in range(count):
                assert c.call("run_local", say("say x"))
                stream = c.stream("run_local", say("say a b"))
                stream.wait_finished(queue)
                while stream.next():
                    pass
                assert stream.result()
                queue.drain()
        calls(200)
        before = resident()
        calls(600)
        print(resident() / before)
        c.close()
        """
    )
    assert float(done.stdout) < 1.1
