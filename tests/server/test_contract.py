"""Drives every operation of api/openapi.yaml; harness.py judges each answer by it. Runs last of the session's files that
share the server in name only: the final test asks what all of them drove."""

import json
import threading
import time

import pytest

from harness import CHECKS, Client, wait_until


def test_operations_for_supervisors_need_no_key(server):
    client = Client(server, key=None)
    assert client.get("/healthz").json == {"status": "ok"}
    assert client.get("/readyz").json["status"] == "ready"
    metrics = client.get("/metrics").body.decode()
    assert "# TYPE tracia_http_requests_total counter" in metrics
    assert client.get("/openapi.yaml").body.startswith(b"openapi: 3.1.0")
    client.close()


def test_unknown_paths_and_methods(api):
    assert api.send("GET", "/api/v1/nope").error["code"] == "NOT_FOUND"
    answer = api.send("PATCH", "/api/v1/prompts")
    assert answer.status == 405 and "GET" in answer.headers["allow"]
    assert api.send("HEAD", "/healthz").body == b""


def test_each_answer_names_its_request(api):
    assert api.send("GET", "/api/v1/prompts").headers["x-request-id"]
    assert api.send("GET", "/api/v1/prompts", headers={"X-Request-Id": "abc-1"}).headers["x-request-id"] == "abc-1"
    odd = api.send("GET", "/api/v1/prompts", headers={"X-Request-Id": "a b\t<x>"}).headers["x-request-id"]
    assert odd != "a b\t<x>"


# ---- prompts


def test_versions_labels_restore_render(api, prompt):
    path = f"/api/v1/prompts/{prompt['slug']}"
    changed = api.put(path, {"content": [{"id": "m", "role": "user", "content": "Bye {{name}}"}], "note": "shorter",
                             "baseVersion": 1}).json
    assert changed["currentVersion"] == 2
    stale = api.put(path, {"temperature": 1, "baseVersion": 1}, expect=409).error
    assert stale["currentVersion"] == 2 and stale["current"]["version"] == 2
    page = api.get(path + "/versions", limit=1).json
    assert [v["version"] for v in page["versions"]] == [2] and page["versions"][0]["note"] == "shorter"
    assert page["versions"][0]["author"]
    rest = api.get(path + "/versions", limit=1, cursor=page["nextCursor"]).json
    assert [v["version"] for v in rest["versions"]] == [1] and not rest["hasMore"]
    assert api.get(path + "/versions/1").json["messages"] == prompt["content"]
    api.get(path + "/versions/7", expect=404)
    api.get(path + "/versions/x", expect=400)
    assert api.get(path + "/version").json["version"] == 2
    moved = api.put(path + "/labels/production", {"version": 1}).json
    assert moved["version"] == 1 and moved["previousVersion"] is None
    assert api.put(path + "/labels/production", {"version": 2}).json["previousVersion"] == 1
    api.put(path + "/labels/production", {"version": 9}, expect=404)
    api.put(path + "/labels/staging", {"version": 1})
    assert api.put(path, {"defaultLabel": "staging"}).json["defaultLabel"] == "staging"
    assert api.get(path + "/version").json["version"] == 1
    assert api.get(path + "/version", label="production").json["version"] == 2
    api.get(path + "/version", label="canary", expect=404)
    api.get(path + "/version", label="No Label", expect=400)
    api.put(path, {"defaultLabel": "none"}, expect=400)
    api.delete(path + "/labels/staging", expect=409)
    rendered = api.post(path + "/render", {"variables": {"name": "Ada"}}).json
    assert rendered["promptVersion"] == 1 and rendered["label"] == "staging"
    assert "Say hello to Ada" in json.dumps(rendered["messages"])
    assert api.post(path + "/render", {"variables": {"name": "Ada"}, "version": 2}).json["promptVersion"] == 2
    assert api.post(path + "/render", {"variables": {"name": 7}, "label": "production"}).json["label"] == "production"
    assert api.post(path + "/render", {}, expect=400).error["code"] == "MISSING_VARIABLES"
    assert api.post(path + "/run", {"variables": {"name": "x"}}).json["promptVersion"] == 1
    assert api.post(path + "/run", {"variables": {"name": "x"}, "label": "production"}).json["label"] == "production"
    api.put(path, {"defaultLabel": None})
    api.delete(path + "/labels/staging")
    api.delete(path + "/labels/staging", expect=404)
    restored = api.post(path + "/versions/1/restore", {"note": "back"}).json
    assert restored["currentVersion"] == 3 and restored["content"] == prompt["content"]
    assert api.post(path + "/versions/1/restore", {}).json["currentVersion"] == 3


def test_null_clears_and_omitted_keeps(api, prompt):
    path = f"/api/v1/prompts/{prompt['slug']}"
    kept = api.put(path, {"topP": 0.5}).json
    assert kept["temperature"] == 0.5 and kept["topP"] == 0.5
    cleared = api.put(path, {"temperature": None, "model": None, "provider": None}).json
    assert cleared["temperature"] is None and cleared["model"] is None and cleared["topP"] == 0.5


def test_concurrent_edits_all_count(server, prompt):
    clients = [Client(server) for _ in range(8)]

    def edit(client, n):
        client.put(f"/api/v1/prompts/{prompt['slug']}",
                   {"content": [{"id": "m", "role": "user", "content": f"variant {n}"}]})
        client.close()

    threads = [threading.Thread(target=edit, args=(c, n)) for n, c in enumerate(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    client = Client(server)
    got = client.get(f"/api/v1/prompts/{prompt['slug']}").json
    assert got["currentVersion"] == 9
    assert len({json.dumps(v["messages"]) for v in got["versions"]}) == 9
    client.close()


# ---- runs


def test_a_streamed_run_ends_with_done(api, prompt):
    answer = api.post(f"/api/v1/prompts/{prompt['slug']}/run", {"variables": {"name": "Ada"}, "stream": True})
    events = answer.events()
    assert events[-1][0] == "done"
    text = "".join(data["text"] for name, data in events if name == "delta")
    assert text == events[-1][1]["text"] and len(events) > 3
    span = api.get(f"/api/v1/spans/{events[-1][1]['spanId']}").json
    assert span["output"] == text and span["timeToFirstTokenMs"] is not None


def test_errors_before_a_stream_are_ordinary_answers(api, prompt):
    path = f"/api/v1/prompts/{prompt['slug']}/run"
    assert api.post(path, {"stream": True}, expect=400).error["code"] == "MISSING_VARIABLES"
    assert api.post(path, {"stream": True, "version": 99}, expect=404).error["code"] == "NOT_FOUND"


@pytest.mark.parametrize("simulated,status", [(429, 429), (400, 400), (500, 502), (401, 400)])
def test_a_provider_that_fails_leaves_an_error_span(server, tmp_path, simulated, status):
    import harness

    with harness.Simulator("--fail-status", f"{simulated}=1") as broken:
        with harness.Server(tmp_path / "d", broken.url) as fresh:
            client = Client(fresh)
            body = {"model": "gpt-4o", "content": [{"id": "m", "role": "user", "content": "hi"}]}
            answer = client.post("/api/v1/run", body, expect=status)
            error = answer.error
            assert error["code"] == "PROVIDER_ERROR"
            assert error["provider"]["name"] == "openai" and error["provider"]["status"] == simulated
            if status == 429:
                assert int(answer.headers["retry-after"]) >= 1
            span = client.get(f"/api/v1/spans/{error['spanId']}").json
            assert span["status"] == "ERROR" and span["error"]
            assert client.get("/api/v1/spans", status="ERROR").json["spans"][0]["spanId"] == error["spanId"]
            client.close()


def test_a_provider_that_does_not_answer_is_504(tmp_path):
    import harness

    with harness.Simulator("--fail-stall", "1") as stalled, harness.Server(tmp_path / "d", stalled.url) as fresh:
        client = Client(fresh)
        body = {"model": "gpt-4o", "content": [{"id": "m", "role": "user", "content": "hi"}], "timeoutMs": 300}
        error = client.post("/api/v1/run", body, expect=504).error
        assert error["code"] == "PROVIDER_ERROR" and error["provider"]["status"] is None
        client.close()


def test_a_project_without_a_key_says_what_to_do(simulator, tmp_path):
    import harness

    with harness.Server(tmp_path / "d", simulator.url, environment={"OPENAI_API_KEY": None, "OPENAI_BASE_URL": None}) as fresh:
        client = Client(fresh)
        error = client.post("/api/v1/run", {"model": "gpt-4o", "content": [{"id": "m", "role": "user", "content": "hi"}]},
                            expect=400).error
        assert error["code"] == "MISSING_PROVIDER_KEY"
        assert error["message"] == "No OpenAI API key configured. Add one in Settings > Providers."
        client.close()


def test_the_unsaved_run(api, unique):
    body = {"content": [{"id": "m", "role": "user", "content": "hi {{who}}"}], "variables": {"who": "you"},
            "model": "claude-sonnet-4-5", "maxOutputTokens": 50, "tags": [unique]}
    run = api.post("/api/v1/run", body).json
    assert run["promptVersion"] is None and run["provider"] == "anthropic"
    assert api.post("/api/v1/run", {**body, "stream": True}).events()[-1][0] == "done"
    assert api.post("/api/v1/run", {"content": body["content"]}, expect=400).error["message"] == "Missing required field: model"
    api.post("/api/v1/run", {"model": "gpt-4o"}, expect=400)
    api.post("/api/v1/run", {"model": "no-such-model-at-all", "content": body["content"], "variables": {"who": "x"}}, expect=400)


# ---- spans, traces


def test_batch_export_delete(api, span_body, unique):
    spans = [span_body(userId=unique, output=f"out {n}") for n in range(250)]
    assert api.post("/api/v1/spans/batch", spans).json == {"accepted": 250, "duplicates": 0, "rejected": []}
    assert api.post("/api/v1/spans/batch", spans[:10]).json == {"accepted": 0, "duplicates": 10, "rejected": []}
    lines = api.get("/api/v1/spans/export", userId=unique).body.splitlines()
    assert len(lines) == 250
    assert {json.loads(line)["output"] for line in lines} == {f"out {n}" for n in range(250)}
    api.delete(f"/api/v1/spans/{spans[0]['spanId']}")
    api.get(f"/api/v1/spans/{spans[0]['spanId']}", expect=404)
    api.delete(f"/api/v1/spans/{spans[0]['spanId']}", expect=404)
    assert len(api.get("/api/v1/spans/export", userId=unique).body.splitlines()) == 249


def test_cursors_are_stable_while_spans_arrive(api, span_body, unique):
    ids = [span_body(userId=unique)["spanId"] for _ in range(10)]
    for span_id in ids:
        api.post("/api/v1/spans", span_body(spanId=span_id, userId=unique), expect=201)
    seen, cursor = [], None
    while True:
        page = api.get("/api/v1/spans", userId=unique, limit=3, cursor=cursor).json
        seen += [s["spanId"] for s in page["spans"]]
        api.post("/api/v1/spans", span_body(userId=unique), expect=201)
        cursor = page["nextCursor"]
        if not page["hasMore"]:
            break
    assert seen == ids[::-1]


def test_evaluations_are_changed_and_deleted(api, span_body):
    body = span_body()
    api.post("/api/v1/spans", body, expect=201)
    path = f"/api/v1/spans/{body['spanId']}/evaluations"
    made = api.post(path, {"evaluatorKey": "quality", "value": 0, "note": "bad"}, expect=201).json
    changed = api.put(f"{path}/{made['id']}", {"value": 1, "note": None}).json
    assert changed["value"] == 1 and changed["note"] is None
    assert [e["id"] for e in api.get(path).json["evaluations"]] == [made["id"]]
    api.delete(f"{path}/{made['id']}")
    api.delete(f"{path}/{made['id']}", expect=404)
    assert api.get(path).json["evaluations"] == []


def test_traces_are_trees_with_sums(api, span_body, unique):
    root = span_body(spanKind="AGENT", name="agent", userId=unique, sessionId=unique, startTime="2026-01-02T03:04:05Z",
                     latencyMs=1000, model=..., provider=..., inputTokens=..., outputTokens=..., totalTokens=...)
    api.post("/api/v1/spans", root, expect=201)
    trace = "tr_" + root["spanId"][3:]
    children = [span_body(parentSpanId=root["spanId"], userId=unique, sessionId=unique,
                          startTime=f"2026-01-02T03:04:05.{n}00000Z") for n in (3, 1, 2)]
    for child in children:
        assert api.post("/api/v1/spans", child, expect=201).json["traceId"] == trace
    orphan = span_body(parentSpanId="sp_00000000000000ff", traceId=trace, userId=unique, startTime="2026-01-02T03:04:06Z")
    api.post("/api/v1/spans", orphan, expect=201)
    got = api.get(f"/api/v1/traces/{trace}").json
    assert [s["spanId"] for s in got["spans"]] == [root["spanId"], orphan["spanId"]]
    assert [c["spanId"] for c in got["spans"][0]["children"]] == [children[n]["spanId"] for n in (1, 2, 0)]
    assert got["usage"]["totalTokens"] == 64 and got["cost"] == pytest.approx(4 * (14 * 2.5e-6 + 2 * 1e-5))
    assert got["spanCount"] == 5 and got["name"] == "agent" and got["latencyMs"] == 1321
    listed = api.get("/api/v1/traces", userId=unique).json["traces"]
    assert [t["traceId"] for t in listed] == [trace]
    session = [s for s in api.get("/api/v1/sessions", userId=unique).json["sessions"] if s["sessionId"] == unique]
    assert session[0]["spanCount"] == 4 and session[0]["traceCount"] == 1
    users = [u for u in api.get("/api/v1/users").json["users"] if u["userId"] == unique]
    assert not users or users[0]["spanCount"] == 5  # an old start may be on a later page
    api.get("/api/v1/traces/tr_nothing", expect=404)


def test_the_tail_shows_spans_as_they_come_and_resumes(server, api, span_body, unique):
    import http.client

    def follow(last_id=None, wanted=1):
        connection = http.client.HTTPConnection(server.host, server.port, timeout=60)
        headers = {"Authorization": f"Bearer {api.key}"} | ({"Last-Event-ID": last_id} if last_id else {})
        connection.request("GET", f"/api/v1/spans/tail?userId={unique}", headers=headers)
        response = connection.getresponse()
        assert response.status == 200
        return connection, response

    def read(response, count):
        events, fields = [], {}
        while len(events) < count:
            line = response.readline().decode().rstrip("\n")
            if line.startswith(":"):
                continue
            if not line:
                if fields:
                    events.append(fields)
                fields = {}
                continue
            name, _, value = line.partition(": ")
            fields[name] = value
        return events

    connection, response = follow()
    first = span_body(userId=unique)
    api.post("/api/v1/spans", span_body(), expect=201)
    api.post("/api/v1/spans", first, expect=201)
    event = read(response, 1)[0]
    assert event["event"] == "span" and json.loads(event["data"])["spanId"] == first["spanId"]
    CHECKS.driven.setdefault("tailSpans", set()).add(200)
    connection.close()
    missed = [span_body(userId=unique) for _ in range(3)]
    for body in missed:
        api.post("/api/v1/spans", body, expect=201)
    connection, response = follow(event["id"])
    assert [json.loads(e["data"])["spanId"] for e in read(response, 3)] == [b["spanId"] for b in missed]
    connection.close()
