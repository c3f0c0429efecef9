"""`tracia spans`: a server's spans from the shell, as they come (tail) and as a file (export)."""

import gzip
import http.server
import json
import os
import queue
import signal
import subprocess
import threading

import pytest

import harness


def environment(url, key=harness.KEY):
    return os.environ | {"TRACIA_BASE_URL": url, "TRACIA_API_KEY": key}


def run(url, *arguments, **options):
    return subprocess.run([str(harness.BINARY), "spans", *arguments], capture_output=True, timeout=harness.DEADLINE,
                          env=environment(url, **options))


class Tail:
    """`tracia spans tail` at work; lines of both outputs as they come."""

    def __init__(self, url, *arguments):
        self.process = subprocess.Popen([str(harness.BINARY), "spans", "tail", *arguments], env=environment(url),
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.lines, self.messages = queue.Queue(), queue.Queue()
        for stream, lines in ((self.process.stdout, self.lines), (self.process.stderr, self.messages)):
            threading.Thread(target=self._read, args=(stream, lines), daemon=True).start()

    @staticmethod
    def _read(stream, lines):
        for line in stream:
            lines.put(line)

    def line(self):
        return self.lines.get(timeout=harness.DEADLINE)

    def interrupt(self):
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout=harness.DEADLINE)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(timeout=harness.DEADLINE)


def until_seen(tail, store):
    """Stores spans until one is followed: that the tail listens cannot be seen from outside. The line."""
    deadline = threading.Event()
    timer = threading.Timer(harness.DEADLINE, deadline.set)
    timer.start()
    try:
        while not deadline.is_set():
            store()
            try:
                return tail.lines.get(timeout=0.1)
            except queue.Empty:
                pass
    finally:
        timer.cancel()
    raise AssertionError("no span was followed")


@pytest.fixture
def store(api, span_body):
    def post(**changes):
        body = span_body(**changes)
        api.post("/api/v1/spans", body, expect=201)
        return body

    return post


def test_tail_shows_a_span_as_one_line(server, store, unique):
    with Tail(server.url, "--filter", f"userId={unique}") as tail:
        line = until_seen(tail, lambda: store(userId=unique, output="First line,\n\x1b[31msecond."))
        for shown in ("LLM", "gpt-4o", "SUCCESS", "321 ms", "14+2 tok", "$0.0000", "First line, ?[31msecond."):
            assert shown in line
        assert "\x1b" not in line
        store(userId=f"{unique}-other")
        store(userId=unique, status="ERROR", error="The model is overloaded", output=None)
        while "ERROR" not in line:  # the first one may have been stored more than once
            line = tail.line()
        assert "The model is overloaded" in line
        assert tail.interrupt() == 0
        assert tail.messages.empty()


def test_tail_prints_json_and_ends_after_a_count(server, store, unique):
    with Tail(server.url, "--json", "--count", "1", "--filter", f"tags={unique}", "--filter", "tags=b") as tail:
        summary = json.loads(until_seen(tail, lambda: store(tags=["b", unique])))
        assert summary["tags"] == ["b", unique] and summary["latencyMs"] == 321
        assert tail.process.wait(timeout=harness.DEADLINE) == 0


def test_tail_comes_back_with_what_it_missed(simulator, tmp_path, span_body):
    address = {}
    for life in range(2):
        listen = address.get("listen", "127.0.0.1:0")
        with harness.Server(tmp_path / "d", simulator.url, listen=listen) as server:
            client = harness.Client(server)
            if life == 0:
                address["listen"] = f"127.0.0.1:{server.port}"
                tail = Tail(server.url, "--json")
                until_seen(tail, lambda: client.post("/api/v1/spans", span_body(name="before"), expect=201))
                assert server.stop() == 0
                assert "trying again" in tail.messages.get(timeout=harness.DEADLINE)
            else:
                client.post("/api/v1/spans", span_body(name="missed"), expect=201)
                with tail:
                    while json.loads(tail.line())["name"] != "missed":
                        pass
                    assert tail.interrupt() == 0
            client.close()


@pytest.mark.parametrize("arguments, message", [
    (("tail", "--filter", "modle=gpt-4o"), "does not know 'modle'"),
    (("tail", "--filter", "minCost=1"), "minCost is for export only"),
    (("tail", "--filter", "model"), "wants NAME=VALUE"),
    (("export", "--filter", "model=a", "--filter", "model=b"), "has model twice"),
    (("export", "--from", "yesterday"), "--from wants a date"),
    (("export", "--filter", "status=FINE"), "status must be SUCCESS or ERROR"),
    (("export", "--output", "/dev/null"), "must be a file"),
    (("export", "--output", "/nowhere/at/all"), "cannot write"),
])
def test_what_was_not_understood_is_named(server, arguments, message):
    done = run(server.url, *arguments)
    assert done.returncode == 2 and message in done.stderr.decode() and done.stdout == b""


def test_a_wrong_key_and_a_server_that_is_not_there_fail(server):
    for command in ("tail", "export"):
        assert run(server.url, command, key="tr_" + "x" * 43).returncode == 1
        assert run("http://127.0.0.1:1", command).returncode == 1


def test_export_writes_the_spans_that_match(server, store, unique, tmp_path):
    ids = [store(sessionId=unique, output=f"number {n}")["spanId"] for n in range(40)]
    store(sessionId=f"{unique}-other")
    done = run(server.url, "export", "--filter", f"sessionId={unique}")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0 and [line["spanId"] for line in lines] == ids[::-1]
    assert lines[0]["output"] == "number 39" and done.stderr == b""

    file = tmp_path / "spans.ndjson.gz"
    file.write_text("old")
    done = run(server.url, "export", "--filter", f"sessionId={unique}", "--gzip", "--output", str(file))
    assert done.returncode == 0 and b"40 spans" in done.stderr
    assert [json.loads(line)["spanId"] for line in gzip.decompress(file.read_bytes()).splitlines()] == ids[::-1]
    assert os.listdir(tmp_path) == [file.name]

    done = run(server.url, "export", "--filter", f"sessionId={unique}", "--to", "2020-01-01", "--gzip")
    assert done.returncode == 0 and gzip.decompress(done.stdout) == b""


class CutShort(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"6\r\n{}\n{}\n\r\n")
        self.close_connection = True

    def log_message(self, *_):
        pass


def test_an_export_that_was_cut_short_leaves_the_old_file(tmp_path):
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), CutShort) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        file = tmp_path / "spans.ndjson"
        file.write_text("old")
        done = run(f"http://127.0.0.1:{server.server_port}", "export", "--output", str(file))
        server.shutdown()
    assert done.returncode == 1 and b"NETWORK_ERROR" in done.stderr
    assert file.read_text() == "old" and os.listdir(tmp_path) == [file.name]
