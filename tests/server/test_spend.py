"""Spend caps from outside: what counts, what is refused, under load and after kill -9."""

import json
import socket
import threading
from decimal import Decimal

import pytest

import harness
from harness import KEY, Client, Member

THREADS = 20
MAX_TOKENS = 100
# What one of these calls may cost at most: 100 tokens out at $10 a million, and a short question.
CALL_MOST = Decimal("0.0011")


@pytest.fixture
def own(simulator, tmp_path):
    with harness.Server(tmp_path / "d", simulator.url) as server:
        server.owner = Member.set_up(server)
        server.key_id = server.owner.get("/api/v1/api-keys").json["apiKeys"][0]["id"]
        server.project = server.owner.get("/api/v1/projects").json["projects"][0]["id"]
        yield server


def run_body(**more):
    content = [{"id": "m", "role": "user", "content": "Tell me about glass."}]
    return {"content": content, "provider": "openai", "model": "gpt-4o", "maxOutputTokens": MAX_TOKENS} | more


def cap_key(server, usd, period="day"):
    server.owner.put(f"/api/v1/api-keys/{server.key_id}", {"spendCap": {"usd": usd, "period": period}})


def usage(server):
    return json.loads(Client(server).get("/api/v1/usage").body)


def spent(server):
    return Decimal(usage(server)["apiKeys"][0]["day"]["spentUsd"])


def cost_of_spans(server):
    """Of all spans, exactly."""
    total, cursor, client = Decimal(0), None, Client(server)
    while True:
        page = json.loads(client.get("/api/v1/spans", limit=100, cursor=cursor).body, parse_float=Decimal)
        total += sum(Decimal(span["cost"] or 0) for span in page["spans"])
        cursor = page["nextCursor"]
        if not cursor:
            return total


def storm(server, calls, on_answer=lambda answer: None):
    """Many calls at the same time; the statuses."""
    statuses, lock, left = [], threading.Lock(), iter(range(calls))

    def work():
        client = Client(server)
        while True:
            with lock:
                if next(left, None) is None:
                    return client.close()
            try:
                answer = client.send("POST", "/api/v1/run", run_body())
            except OSError:
                return
            with lock:
                statuses.append(answer.status)
                on_answer(answer)

    threads = [threading.Thread(target=work) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(harness.DEADLINE)
    return statuses


def test_a_reached_cap_refuses_runs_streams_and_the_gateway_and_says_so(own):
    client = Client(own)
    first = client.post("/api/v1/run", run_body()).json
    assert spent(own) == Decimal(str(first["cost"])) > 0
    cap_key(own, "0.0001")
    refused = client.post("/api/v1/run", run_body(), expect=429)
    assert refused.error["reason"] == "spend_cap" and refused.error["code"] == "RATE_LIMITED"
    for part in ("Bootstrap key", "$0.0001", "resets at", "owner or admin"):
        assert part in refused.error["message"]
    assert 1 <= int(refused.headers["retry-after"]) <= 86400
    assert client.post("/api/v1/run", run_body(stream=True), expect=429).error["reason"] == "spend_cap"
    chat = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 5}
    for more in ({}, {"stream": True}):
        answer = client.post("/v1/chat/completions", chat | more, expect=429)
        assert answer.error["code"] == "spend_cap" and answer.error["type"] == "rate_limit_error"
    client.post("/v1/responses", {"model": "gpt-4o", "input": "Hi"}, expect=429)
    client.post("/v1/embeddings", {"model": "text-embedding-3-small", "input": "Hi"}, expect=429)
    assert 'tracia_requests_limited_total{reason="spend_cap"}' in client.send("GET", "/metrics").body.decode()
    own.owner.put(f"/api/v1/api-keys/{own.key_id}", {"spendCap": None})
    client.post("/v1/chat/completions", chat)
    assert spent(own) == cost_of_spans(own)


def test_a_stored_prompt_is_capped_by_the_project(own):
    client = Client(own)
    client.post("/api/v1/prompts", {"name": "Glass", "slug": "glass", "provider": "openai", "model": "gpt-4o",
                                    "content": [{"id": "m", "role": "user", "content": "Hi"}]}, expect=201)
    client.post("/api/v1/prompts/glass/run", {})
    limits = own.owner.put(f"/api/v1/projects/{own.project}/limits", {"spendCap": {"usd": "0", "period": "month"}}).json
    assert limits == {"spendCap": {"usd": "0", "period": "month"}}
    assert client.get(f"/api/v1/projects/{own.project}/limits").json == limits
    refused = client.post("/api/v1/prompts/glass/run", {}, expect=429)
    assert refused.error["reason"] == "spend_cap" and "the project" in refused.error["message"]
    own.owner.post("/api/v1/run", run_body(), expect=429)  # members too
    own.owner.put(f"/api/v1/projects/{own.project}/limits", {}, expect=400)
    own.owner.put(f"/api/v1/projects/{own.project}/limits", {"spendCap": None})
    client.post("/api/v1/prompts/glass/run", {})


def test_spans_that_are_sent_count_and_are_never_refused(own, span_body):
    client = Client(own)
    cap_key(own, "0.01")
    body = span_body(inputTokens=1_000_000, outputTokens=0, totalTokens=1_000_000)
    client.post("/api/v1/spans", body, expect=201)
    client.post("/api/v1/spans", body)  # the same again
    assert spent(own) == Decimal("2.5")
    client.post("/api/v1/spans", span_body(), expect=201)
    assert client.post("/api/v1/spans/batch", [span_body()]).json["accepted"] == 1
    client.post("/api/v1/run", run_body(), expect=429)
    of_project = usage(own)["project"]
    assert Decimal(of_project["month"]["spentUsd"]) == cost_of_spans(own)


def test_a_client_that_leaves_in_the_middle_pays_for_what_came(own):
    before = spent(own)
    client = Client(own)
    request = json.dumps({"model": "gpt-4o", "stream": True, "messages": [{"role": "user", "content": "A long story"}]})
    head = (f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(request)}\r\n\r\n")
    with socket.create_connection((own.host, own.port), timeout=harness.DEADLINE) as connection:
        connection.sendall((head + request).encode())
        connection.recv(1000)
    harness.wait_until(lambda: client.get("/api/v1/spans").json["spans"], "the span")
    harness.wait_until(lambda: spent(own) > before, "its cost")
    assert Decimal(usage(own)["apiKeys"][0]["reservedUsd"]) == 0


def test_two_hundred_calls_at_once_stay_within_the_cap(own):
    cap = Decimal("0.05")
    cap_key(own, str(cap))
    statuses = storm(own, 200)
    assert len(statuses) == 200 and set(statuses) == {200, 429}
    assert cap - CALL_MOST * THREADS <= spent(own) <= cap + CALL_MOST
    assert spent(own) == cost_of_spans(own)
    assert Decimal(usage(own)["apiKeys"][0]["reservedUsd"]) == 0


def test_the_cap_outlives_kill_9_in_the_middle(simulator, tmp_path):
    cap = Decimal("0.05")
    costs = []
    with harness.Server(tmp_path / "d", simulator.url) as server:
        server.owner = Member.set_up(server)
        server.key_id = server.owner.get("/api/v1/api-keys").json["apiKeys"][0]["id"]
        cap_key(server, str(cap))

        def on_answer(answer):
            if answer.status == 200:
                costs.append(json.loads(answer.body, parse_float=Decimal)["cost"])
            if len(costs) == 25 and server.process.poll() is None:
                server.process.kill()

        storm(server, 200, on_answer)
        server.process.wait(harness.DEADLINE)
    assert len(costs) >= 25
    with harness.Server(tmp_path / "d", simulator.url) as server:
        assert sum(costs) <= spent(server) <= cap + CALL_MOST
        storm(server, 200)
        Client(server).post("/api/v1/run", run_body(), expect=429)
        assert cost_of_spans(server) <= spent(server) <= cap + CALL_MOST
        assert server.stop() == 0
    with harness.Server(tmp_path / "d", simulator.url) as server:
        Client(server).post("/api/v1/run", run_body(), expect=429)
