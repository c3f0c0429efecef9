"""Providers that are slow, fail, cut and lie (lying_provider.py), seen from every door: always the right answer or a
clear error within the deadline, one span, no more tries than allowed, no connection left behind, and a server that lives."""

import concurrent.futures
import json
import os
import subprocess

import pytest

import lying_provider
from harness import BINARY, DEADLINE, KEY, SANITIZED, Client, Member, Server, wait_until
from lying_provider import TEXT, LyingProvider

# A provider whose own thread fails does not do what its fault says.
pytestmark = pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")

TIMEOUT_MS = 3000
RUNS = ("run", "run_stream", "chat", "chat_stream", "cli", "cli_stream")
TRIES_MAX = 3
# Hundreds of megabytes say nothing more under sanitizers, and take their time.
VOLUME = ("without-end", "gzip-bomb")
FAULTS = [name for name in lying_provider.FAULTS if not (SANITIZED and name.endswith(VOLUME))]


class Outcome:
    """What a caller saw: the text, or the error."""

    def __init__(self, text=None, error=None, status=None, span_id=None):
        self.text, self.error, self.status, self.span_id = text, error, status, span_id

    def __repr__(self):
        return f"{self.status} text={str(self.text)[:80]!r} error={self.error!r}"


def last_error(events):
    return next((data["error"] for name, data in events if name == "error"), None)


def run(client, fault, stream):
    body = {"provider": "liar", "model": fault, "timeoutMs": TIMEOUT_MS, "stream": stream, "sessionId": f"{fault}-run",
            "content": [{"id": "m", "role": "user", "content": "hi"}]}
    answer = client.send("POST", "/api/v1/run", body)
    problems = client.checks.judge("POST", "/api/v1/run", answer)
    assert not problems, (problems, answer)
    if answer.status != 200:
        return Outcome(error=answer.error, status=answer.status)
    if not stream:
        return Outcome(text=answer.json["text"], status=200)
    events = answer.events()
    assert events[-1][0] in ("done", "error"), answer
    if events[-1][0] == "error":
        return Outcome(error=last_error(events), status=200)
    return Outcome(text=events[-1][1]["text"], status=200)


def chat(client, fault, stream):
    headers = {"x-tracia-timeout-ms": str(TIMEOUT_MS), "x-tracia-session": f"{fault}-chat", "x-tracia-retries": "2"}
    body = {"model": f"liar/{fault}", "stream": stream, "messages": [{"role": "user", "content": "hi"}]}
    answer = client.send("POST", "/v1/chat/completions", body, headers)
    if answer.status != 200:
        return Outcome(error=answer.error, status=answer.status)
    if not stream:
        return Outcome(text=answer.json["choices"][0]["message"]["content"], status=200)
    pieces = [json.loads(line[6:]) for line in answer.body.decode().split("\n")
              if line.startswith("data: ") and line != "data: [DONE]"]
    error = next((piece["error"] for piece in pieces if "error" in piece), None)
    assert error or answer.body.endswith(b"data: [DONE]\n\n"), answer
    text = "".join(c["delta"].get("content") or "" for piece in pieces if "choices" in piece for c in piece["choices"])
    return Outcome(text=None if error else text, error=error, status=200)


def command_line(server, provider, fault, stream):
    environment = {"PATH": os.environ["PATH"], "OPENAI_API_KEY": "sk-liar-0123456789abcdef", "TRACIA_API_KEY": KEY,
                   "OPENAI_BASE_URL": provider.url + "/v1", "TRACIA_BASE_URL": server.url}
    done = subprocess.run([BINARY, "run", "-m", fault, "--provider", "openai", "--timeout", str(TIMEOUT_MS / 1000),
                           "--retries", "2", "--session", f"{fault}-cli", "--quiet",
                           *([] if stream else ["--no-stream"]), "hi"], env=environment, capture_output=True, timeout=DEADLINE)
    if done.returncode == 0:
        return Outcome(text=done.stdout.decode().removesuffix("\n"), status=0)
    return Outcome(error={"message": done.stderr.decode()}, status=done.returncode)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A server with the lying provider as a connection, and what came of every fault by every door."""
    provider = LyingProvider()
    with Server(tmp_path_factory.mktemp("faults") / "d", provider.url, "--allow-private-upstreams",
                environment={"OPENAI_BASE_URL": None, "OPENAI_API_KEY": None}) as server:
        server.owner = Member.set_up(server)
        server.owner.post("/api/v1/connections", {"name": "liar", "protocol": "openai", "baseUrl": provider.url + "/v1",
                                                  "key": "sk-liar-0123456789abcdef"}, expect=201)
        server.provider = provider
        server.descriptors = descriptors(server)

        def drive(fault, door):
            kind, stream = door.split("_")[0], door.endswith("stream")
            if kind == "cli":
                return command_line(server, provider, fault, stream)
            client = Client(server)
            try:
                return {"run": run, "chat": chat}[kind](client, fault, stream)
            finally:
                client.close()

        # Those of hundreds of megabytes a few at a time: sixteen of them take from each other what the deadlines count.
        server.outcomes = {}
        for calls, heavy in ((16, False), (2, True)):
            with concurrent.futures.ThreadPoolExecutor(calls) as pool:
                some = {(fault, door): pool.submit(drive, fault, door)
                        for fault in FAULTS if fault.endswith(VOLUME) == heavy for door in RUNS}
                concurrent.futures.wait(some.values(), timeout=10 * DEADLINE)
            server.outcomes |= some
        yield server
        assert server.stop() == 0, server.text
    provider.close()


def descriptors(server):
    return len(os.listdir(f"/proc/{server.process.pid}/fd"))


@pytest.mark.parametrize("door", RUNS)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_ends_in_the_right_answer_or_a_clear_error(world, fault, door):
    outcome = world.outcomes[fault, door].result(0)
    expected = lying_provider.FAULTS[fault][0]
    if outcome.error is not None:
        assert expected != "ok", outcome
        assert len(outcome.error["message"]) >= 10, outcome
        assert "sk-liar" not in outcome.error["message"]
    else:
        assert expected in ("ok", "either"), outcome
        assert fault.startswith("tool-") or outcome.text == TEXT, outcome


@pytest.mark.parametrize("fault", FAULTS)
def test_every_call_leaves_one_span_that_agrees_with_the_answer(world, fault):
    client = Client(world)
    for kind in ("run", "chat", "cli"):
        outcomes = [world.outcomes[fault, door].result(0) for door in (kind, kind + "_stream")]

        def stored():  # a call that its caller left is stored after the caller has gone
            found = client.get("/api/v1/spans", sessionId=f"{fault}-{kind}").json["spans"]
            return found if len(found) >= len(outcomes) else None

        spans = wait_until(stored, "a span of each call")
        assert sorted(span["status"] for span in spans) == sorted("ERROR" if o.error else "SUCCESS" for o in outcomes)
        for span in spans:
            counts = [span.get(name) for name in ("inputTokens", "outputTokens", "totalTokens")]
            assert all(count is None or 0 <= count < 1 << 53 for count in counts), counts
            assert span["cost"] is None or span["cost"] >= 0
    client.close()


def test_tries_are_bounded(world):
    for fault in FAULTS:
        assert world.provider.asked[fault] <= TRIES_MAX * len(RUNS), fault


def test_what_cannot_get_better_is_not_tried_again(world):
    for code in (400, 401, 403, 404, 413, 422):
        assert world.provider.asked[f"status-{code}"] == len(RUNS), code


def test_no_connection_is_left_behind(world):
    for outcome in world.outcomes.values():
        outcome.exception()
    wait_until(lambda: world.provider.open == 0, "the provider's connections are closed")
    wait_until(lambda: descriptors(world) <= world.descriptors + 8, "the server's descriptors are back")


def test_the_server_is_healthy_afterwards(world):
    client = Client(world)
    assert client.get("/readyz").json["status"] == "ready"
    assert run(client, "first-byte-late", False).text == TEXT
    client.close()
