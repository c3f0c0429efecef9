"""The gateway from outside: OpenAI's shapes, streams as they come, clients that leave, spans of every call."""

import http.client
import json
import socket
import threading

import pytest

from harness import DEADLINE, KEY, Client, Member, Server, Simulator, wait_until

MODELS = ("gpt-4o", "claude-sonnet-4-5", "gemini-2.5-flash", "amazon_bedrock/anthropic.claude-sonnet-4-5-20250929-v1:0")


def chat_body(model, text="Tell me about the history of glass.", **more):
    return {"model": model, "messages": [{"role": "user", "content": text}]} | more


def span_of(api, answer):
    return api.get(f"/api/v1/spans/{answer.headers['x-tracia-span-id']}").json


def chunks_of(answer):
    lines = [line[6:] for line in answer.body.decode().split("\n") if line.startswith("data: ")]
    assert lines[-1] == "[DONE]"
    return [json.loads(line) for line in lines[:-1]]


@pytest.mark.parametrize("model", MODELS)
def test_a_chat_answers_and_leaves_a_span(api, model):
    answer = api.post("/v1/chat/completions", chat_body(model, user="u7"))
    span = span_of(api, answer)
    assert span["output"] == answer.json["choices"][0]["message"]["content"]
    assert span["userId"] == "u7" and span["status"] == "SUCCESS"
    assert span["inputTokens"] == answer.json["usage"]["prompt_tokens"]
    assert span["costStatus"] == "exact"
    assert answer.headers["x-tracia-trace-id"] == span["traceId"]


@pytest.mark.parametrize("model", MODELS)
def test_a_stream_is_chunks_and_leaves_a_span(api, model):
    answer = api.post("/v1/chat/completions", chat_body(model, stream=True))
    chunks = chunks_of(answer)
    text = "".join(c["choices"][0]["delta"].get("content") or "" for c in chunks if c["choices"])
    assert text == span_of(api, answer)["output"]
    assert all(chunk["choices"] for chunk in chunks), "usage was not asked for"


@pytest.mark.parametrize("model", MODELS)
def test_a_response_is_answered_whole_and_streamed(api, model):
    body = {"model": model, "input": "Tell me about the history of glass.", "instructions": "Be brief."}
    whole = api.post("/v1/responses", body)
    text = "".join(part["text"] for item in whole.json["output"] if item["type"] == "message" for part in item["content"])
    assert text and span_of(api, whole)["output"] == text
    streamed = api.post("/v1/responses", body | {"stream": True})
    events = streamed.events()
    assert [e for e, _ in events][0] == "response.created" and events[-1][0] == "response.completed"
    assert "".join(d["delta"] for e, d in events if e == "response.output_text.delta") == span_of(api, streamed)["output"]
    assert [d["sequence_number"] for _, d in events] == sorted(d["sequence_number"] for _, d in events)


@pytest.mark.parametrize("model", ("text-embedding-3-small", "gemini-embedding-001", "amazon.titan-embed-text-v2:0", "voyage-3.5"))
def test_embeddings_leave_a_span_of_their_kind(api, model):
    answer = api.post("/v1/embeddings", {"model": model, "input": ["red", "blue"]})
    assert len(answer.json["data"]) == 2
    assert span_of(api, answer)["spanKind"] == "EMBEDDING"
    assert api.post("/v1/embeddings", {"model": model, "input": "red", "encoding_format": "base64"}).json["data"]


def test_the_list_of_models_is_openais(api):
    models = {m["id"] for m in api.get("/v1/models").json["data"]}
    assert {"gpt-4o", "claude-sonnet-4-5", "gemini-2.5-flash", "voyage-3.5"} <= models


def test_refusals_are_openais(api, server):
    assert api.post("/v1/chat/completions", chat_body("nobody"), expect=404).error["code"] == "model_not_found"
    assert api.post("/v1/chat/completions", {"model": "gpt-4o", "stream": 1}, expect=400).error["param"] == "stream"
    assert api.post("/v1/responses", {"model": "claude-sonnet-4-5", "input": "x", "previous_response_id": "resp_1"},
                    expect=400).error["param"] == "previous_response_id"
    assert api.post("/v1/responses", {"model": "gpt-4o", "input": "x", "background": True}, expect=400).error["param"] == "background"
    stranger = Client(server, key="tr_nobody")
    for path in ("/v1/chat/completions", "/v1/responses", "/v1/embeddings"):
        assert stranger.post(path, chat_body("gpt-4o"), expect=401).error["code"] == "invalid_api_key"
    stranger.get("/v1/models", expect=401)
    stranger.close()


def test_a_gateways_spans_are_labelled_by_headers(api, unique):
    answer = api.send("POST", "/v1/chat/completions", chat_body("gpt-4o"),
                      {"x-tracia-tags": f"{unique},b", "x-tracia-session": "s9", "x-tracia-user": "u9",
                       "x-tracia-name": "Glass", "x-tracia-prompt": "greet:production"})
    assert answer.status == 200
    span = span_of(api, answer)
    assert (span["tags"], span["sessionId"], span["userId"]) == ([unique, "b"], "s9", "u9")
    assert (span["name"], span["promptSlug"], span["label"]) == ("Glass", "greet", "production")
    assert len(api.get("/api/v1/spans", tags=unique).json["spans"]) == 1


@pytest.fixture(scope="module")
def slow_world(tmp_path_factory):
    """Streams that take their time."""
    with Simulator("--seed", "7", "--chunk-delay", "30ms") as simulator:
        with Server(tmp_path_factory.mktemp("slow") / "d", simulator.url) as server:
            yield server
            assert server.stop() == 0, server.text


@pytest.mark.parametrize("model", ("gpt-4o", "claude-sonnet-4-5"))
def test_pieces_arrive_while_the_model_still_writes(slow_world, model):
    connection = http.client.HTTPConnection(slow_world.host, slow_world.port, timeout=DEADLINE)
    connection.request("POST", "/v1/chat/completions", json.dumps(chat_body(model, stream=True)),
                       {"Authorization": f"Bearer {KEY}"})
    response = connection.getresponse()
    reads = []
    while piece := response.read1(65536):
        reads.append(piece)
    assert len(reads) > 3
    assert b"".join(reads).endswith(b"data: [DONE]\n\n")


@pytest.mark.parametrize("model", ("gpt-4o", "claude-sonnet-4-5"))
def test_a_client_that_leaves_ends_the_call_and_leaves_a_span(slow_world, model):
    session = f"left-{model}"
    body = json.dumps(chat_body(model, stream=True)).encode()
    with socket.create_connection((slow_world.host, slow_world.port), timeout=DEADLINE) as connection:
        head = (f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\n"
                f"x-tracia-session: {session}\r\nContent-Length: {len(body)}\r\n\r\n")
        connection.sendall(head.encode() + body)
        seen = b""
        while seen.count(b"data: ") < 3:
            seen += connection.recv(65536)
    api = Client(slow_world)
    found = wait_until(lambda: api.get("/api/v1/spans", sessionId=session).json["spans"], "the span of the abort")
    span = api.get(f"/api/v1/spans/{found[0]['spanId']}").json
    assert span["status"] == "SUCCESS" and span["attributes"]["tracia.aborted"] is True
    assert span["output"], "what was delivered is kept"
    api.close()


def test_a_client_that_reads_nothing_does_not_hold_up_others(slow_world):
    body = json.dumps(chat_body("gpt-4o", stream=True)).encode()
    with socket.create_connection((slow_world.host, slow_world.port), timeout=DEADLINE) as idle:
        idle.sendall(f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\n"
                     f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
        api = Client(slow_world)
        assert api.post("/v1/chat/completions", chat_body("claude-sonnet-4-5")).json["choices"]
        api.close()


def test_faults_of_providers_come_with_their_status(tmp_path):
    with Simulator("--seed", "7", "--fail-status", "429=1") as simulator, Server(tmp_path / "d", simulator.url) as server:
        api = Client(server)
        answer = api.post("/v1/chat/completions", chat_body("gpt-4o"), expect=429)
        assert int(answer.headers["retry-after"]) >= 1
        assert span_of(api, answer)["status"] == "ERROR"
        assert api.post("/v1/chat/completions", chat_body("claude-sonnet-4-5", stream=True), expect=429)
        api.close()


def test_many_streams_at_once_all_end(server):
    results = []

    def one(model):
        client = Client(server)
        results.append(chunks_of(client.post("/v1/chat/completions", chat_body(model, stream=True))))
        client.close()

    threads = [threading.Thread(target=one, args=(MODELS[i % len(MODELS)],)) for i in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE)
    assert len(results) == 24 and all(results)


@pytest.mark.parametrize("prefix, model, provider", [
    ("gemini", "gemini-2.5-flash", "google"),
    ("google", "gemini-2.5-flash", "google"),
    ("bedrock", "anthropic.claude-sonnet-4-5-20250929-v1:0", "amazon_bedrock"),
    ("Bedrock", "eu.anthropic.claude-sonnet-4-5-20250929-v1:0", "amazon_bedrock"),
    ("OpenAI", "gpt-4o", "openai"),
])
def test_a_prefix_names_the_provider_as_other_gateways_do(api, prefix, model, provider):
    span = span_of(api, api.post("/v1/chat/completions", chat_body(f"{prefix}/{model}")))
    assert (span["provider"], span["model"]) == (provider, model)


@pytest.mark.parametrize("model", ["vertex/gemini-2.5-flash", "gemini/", "bedrock", "/gpt-4o"])
def test_a_prefix_that_names_nobody_is_refused(api, model):
    assert api.post("/v1/chat/completions", chat_body(model), expect=404).error["param"] == "model"


def test_a_connection_wins_over_a_prefix_of_its_name(simulator, tmp_path):
    with Server(tmp_path / "data", simulator.url, "--allow-private-upstreams") as own:
        Member.set_up(own).post("/api/v1/connections", {"name": "gemini", "protocol": "openai", "key": "sk-0123456789abcdef",
                                                        "baseUrl": f"{simulator.url}/v1"}, expect=201)
        client = Client(own)
        span = span_of(client, client.post("/v1/chat/completions", chat_body("gemini/some-model")))
        assert (span["provider"], span["model"]) == ("gemini", "some-model")


def test_an_alias_is_a_model_of_its_own(api, unique):
    path = f"/api/v1/gateway/aliases/{unique}"
    targets = [{"model": "gpt-4o"}, {"provider": "anthropic", "model": "claude-sonnet-4-5"}]
    made = api.put(path, {"targets": targets, "retries": 2}).json
    assert made["retries"] == 2 and made["targets"] == [targets[0] | {"provider": None}, targets[1]]
    assert api.get(path).json == made
    assert made in api.get("/api/v1/gateway/aliases").json["aliases"]
    assert unique in {m["id"] for m in api.get("/v1/models").json["data"]}
    answer = api.post("/v1/chat/completions", chat_body(unique))
    span = span_of(api, answer)
    assert span["model"] == "gpt-4o" and span["attributes"]["tracia.alias"] == unique
    api.put(path, {"targets": targets[1:]})
    assert span_of(api, api.post("/v1/chat/completions", chat_body(unique)))["model"] == "claude-sonnet-4-5"
    api.put(path, {"targets": [{"model": "nobody"}]}, expect=400)
    api.delete(path)
    api.get(path, expect=404)
    api.delete(path, expect=404)
    api.post("/v1/chat/completions", chat_body(unique), expect=404)


def test_aliases_outlive_the_server(simulator, tmp_path):
    for life in range(2):
        with Server(tmp_path / "d", simulator.url) as server:
            client = Client(server)
            if life == 0:
                client.put("/api/v1/gateway/aliases/fast", {"targets": [{"model": "gpt-4o"}]})
            client.post("/v1/chat/completions", chat_body("fast"))
            client.close()
            assert server.stop() == 0


def test_an_address_that_is_none_is_answered_in_the_words_of_the_protocol(api):
    for method, path, status in (("GET", "/v1/chat/completions", 405), ("POST", "/v1/completions", 404),
                                 ("DELETE", "/v1/models", 405), ("GET", "/v1/nothing", 404)):
        answer = api.send(method, path)
        assert answer.status == status and set(answer.error) == {"message", "type", "param", "code"}, answer
    for method, path, status in (("GET", "/v1/traces", 405), ("POST", "/v1/logs/more", 404)):
        answer = api.send(method, path)
        assert answer.status == status and set(answer.json) == {"code", "message"}, answer
    assert set(api.send("PATCH", "/api/v1/prompts").error) == {"code", "message"}
