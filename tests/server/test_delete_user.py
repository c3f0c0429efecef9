"""An end user is forgotten: their spans and evaluations go, and nothing else does."""

import secrets
import urllib.parse

from harness import Client, Server


def path_of(user):
    return f"/api/v1/users/{urllib.parse.quote(user, safe='')}/spans"


def test_all_spans_of_the_user_go_and_no_others(api, unique, span_body):
    user = f"{unique}/a b"
    spans = [span_body(userId=user, sessionId=unique) for _ in range(3)]
    other = span_body(userId=unique + "-other", sessionId=unique)
    api.post("/api/v1/spans/batch", [*spans, other])
    api.post(f"/api/v1/spans/{spans[0]['spanId']}/evaluations", {"evaluatorKey": "quality", "value": 1}, expect=201)
    assert api.delete(path_of(user)).json == {"deleted": 3, "complete": True}
    for span in spans:
        api.get(f"/api/v1/spans/{span['spanId']}", expect=404)
    assert [s["spanId"] for s in api.get("/api/v1/spans", sessionId=unique).json["spans"]] == [other["spanId"]]
    assert api.get("/api/v1/analytics", sessionId=unique, measures="evaluations").json["rows"][0]["evaluations"] == []
    assert api.delete(path_of(user)).json == {"deleted": 0, "complete": True}


def test_many_spans_go_in_steps(api, unique, span_body):
    for _ in range(3):
        api.post("/api/v1/spans/batch", [span_body(userId=unique) for _ in range(700)])
    deleted = 0
    while True:
        answer = api.delete(path_of(unique)).json
        deleted += answer["deleted"]
        if answer["complete"]:
            break
    assert deleted == 2100
    assert api.get("/api/v1/spans", userId=unique).json["spans"] == []


def test_events_of_opentelemetry_go_too(api, unique):
    trace, span = secrets.token_hex(16), secrets.token_hex(8)

    def text(key, value):
        return {"key": key, "value": {"stringValue": value}}

    attributes = [text("gen_ai.operation.name", "chat"), text("gen_ai.request.model", "gpt-4o"), text("user.id", unique)]
    record = {"traceId": trace, "spanId": span, "timeUnixNano": "1795000000000000000",
              "eventName": "gen_ai.user.message",
              "body": {"kvlistValue": {"values": [text("content", "said " + unique)]}}}
    sent = {"resourceSpans": [{"scopeSpans": [{"spans": [
        {"traceId": trace, "spanId": span, "name": "chat", "attributes": attributes,
         "startTimeUnixNano": "1795000000000000000", "endTimeUnixNano": "1795000001000000000"}]}]}]}
    api.post("/v1/traces", sent)
    api.post("/v1/logs", {"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]})
    stored = api.get(f"/api/v1/spans/sp_{span}").json
    assert stored["userId"] == unique and "said " + unique in str(stored["input"])
    assert api.delete(path_of(unique)).json["deleted"] == 1
    api.get(f"/api/v1/spans/sp_{span}", expect=404)


def test_it_stays_so_when_the_server_is_killed(simulator, tmp_path, span_body):
    data = tmp_path / "d"
    with Server(data, simulator.url) as server:
        client = Client(server)
        client.post("/api/v1/spans/batch", [span_body(userId="ada") for _ in range(600)])
        assert client.delete(path_of("ada")).json == {"deleted": 600, "complete": True}
        client.close()
        server.kill()
    with Server(data, simulator.url) as server:
        client = Client(server)
        assert client.get("/api/v1/spans", userId="ada").json["spans"] == []
        assert client.delete(path_of("ada")).json == {"deleted": 0, "complete": True}
        client.close()
        assert server.stop() == 0, server.text
