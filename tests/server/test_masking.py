"""Masking rules of a project: whatever way a span comes in, what the rules find is not stored; the caller's own answer is
untouched."""

import json
import secrets

import pytest

from harness import Client, Member, Server

MAIL = "ada.lovelace@example.org"
CARD = "4111 1111 1111 1111"
RULES = [{"name": "Mail", "kind": "email"}, {"name": "Cards", "kind": "credit_card", "replacement": "[card]"},
         {"name": "Staff", "kind": "pattern", "pattern": r"EMP-[0-9]{5}"}]


@pytest.fixture(scope="module")
def masked(simulator, tmp_path_factory):
    """A server of its own whose first project has rules; the owner, and a client with its key."""
    with Server(tmp_path_factory.mktemp("masked") / "d", simulator.url) as server:
        owner = Member.set_up(server)
        project = owner.get("/api/v1/projects").json["projects"][0]["id"]
        path = f"/api/v1/projects/{project}/masking"
        assert owner.get(path).json == {"rules": []}
        assert owner.put(path, {"rules": RULES}).json == {"rules": RULES}
        client = Client(server)
        client.owner, client.masking, client.process = owner, path, server
        yield client
        client.close()
        owner.close()
        assert server.stop() == 0, server.text


def exported(client):
    return client.send("GET", "/api/v1/spans/export").body.decode()


def assert_clean(client, *, marks=("[EMAIL]",)):
    text = exported(client)
    assert MAIL not in text and CARD not in text and "EMP-12345" not in text
    for mark in marks:
        assert mark in text


def test_native_spans_are_masked_in_every_payload(masked, span_body):
    body = span_body(input={"messages": [{"role": "user", "content": f"I am {MAIL}, EMP-12345"},
                                         {"role": "user", "content": [{"type": "text", "text": CARD}]}]},
                     output=f"Hello {MAIL}", variables={"who": MAIL}, structuredOutput={"card": CARD},
                     toolCalls=[{"id": "c1", "name": "pay", "arguments": {"card": CARD, "n": [MAIL]}}],
                     attributes={"crm.mail": MAIL, "raw": json.dumps({"mail": "\n" + MAIL})},
                     name=f"Mail to {MAIL}", tags=[f"of {MAIL}"],
                     tools=[{"name": "pay", "description": f"As {MAIL}",
                             "parameters": {"type": "object", "properties": {"to": {"enum": [MAIL]}}}}])
    masked.post("/api/v1/spans", body, expect=201)
    failed = span_body(status="ERROR", error=f"no such user {MAIL}")
    masked.post("/api/v1/spans/batch", [failed])
    stored = masked.get(f"/api/v1/spans/{body['spanId']}").json
    assert stored["input"]["messages"][0]["content"] == "I am [EMAIL], [MASKED]"
    assert stored["input"]["messages"][1]["role"] == "user"
    assert stored["variables"] == {"who": "[EMAIL]"}
    assert stored["structuredOutput"] == {"card": "[card]"}
    assert stored["toolCalls"][0]["arguments"] == {"card": "[card]", "n": ["[EMAIL]"]}
    assert (stored["name"], stored["tags"]) == ("Mail to [EMAIL]", ["of [EMAIL]"])
    assert stored["tools"] == [{"name": "pay", "description": "As [EMAIL]",
                                "parameters": {"type": "object", "properties": {"to": {"enum": ["[EMAIL]"]}}}}]
    assert masked.get("/api/v1/spans", tags="of [EMAIL]").json["spans"][0]["spanId"] == body["spanId"]
    evaluations = f"/api/v1/spans/{body['spanId']}/evaluations"
    made = masked.post(evaluations, {"evaluatorKey": "quality", "value": 1, "note": f"Ask {MAIL}"}, expect=201).json
    assert made["note"] == "Ask [EMAIL]"
    changed = masked.put(f"{evaluations}/{made['id']}", {"value": 0, "note": f"{CARD}!"}).json
    assert changed["note"] == "[card]!"
    assert json.loads(stored["attributes"]["raw"]) == {"mail": "\n[EMAIL]"}
    assert masked.get(f"/api/v1/spans/{failed['spanId']}").json["error"] == "no such user [EMAIL]"
    assert_clean(masked, marks=("[EMAIL]", "[card]", "[MASKED]"))


def test_runs_answer_in_full_and_store_masked(masked):
    answer = masked.post("/api/v1/run", {"provider": "openai", "model": "gpt-4o",
                                         "messages": [{"role": "user", "content": f"Say {MAIL}"}]}).json
    assert MAIL in json.dumps(answer["messages"])
    stored = masked.get(f"/api/v1/spans/{answer['spanId']}").json
    assert stored["input"]["messages"][0]["content"] == "Say [EMAIL]"
    assert_clean(masked)


def test_the_gateway_stores_masked(masked):
    masked.post("/v1/chat/completions", {"model": "gpt-4o", "messages": [{"role": "user", "content": f"Say {MAIL}"}]})
    masked.post("/v1/embeddings", {"model": "text-embedding-3-small", "input": [f"about {MAIL}", CARD]})
    assert '["about [EMAIL]","[card]"]' in exported(masked)
    assert_clean(masked)


def test_opentelemetry_is_stored_masked(masked):
    trace, span = secrets.token_hex(16), secrets.token_hex(8)

    def text(key, value):
        return {"key": key, "value": {"stringValue": value}}

    attributes = [text("gen_ai.operation.name", "chat"), text("gen_ai.request.model", "gpt-4o"),
                  text("gen_ai.output.messages", json.dumps([{"role": "assistant", "parts": [
                      {"type": "text", "content": f"to {MAIL}"}]}]))]
    masked.post("/v1/traces", {"resourceSpans": [{"resource": {"attributes": [text("enduser", MAIL)]}, "scopeSpans": [
        {"spans": [{"traceId": trace, "spanId": span, "name": "chat gpt-4o", "attributes": attributes,
                    "startTimeUnixNano": "1795000000000000000", "endTimeUnixNano": "1795000001000000000"}]}]}]})
    masked.post("/v1/logs", {"resourceLogs": [{"scopeLogs": [{"logRecords": [
        {"traceId": trace, "spanId": span, "timeUnixNano": "1795000000000000000", "eventName": "gen_ai.user.message",
         "body": {"kvlistValue": {"values": [text("content", f"I am {MAIL}")]}}}]}]}]})
    stored = masked.get(f"/api/v1/spans/sp_{span}")
    assert MAIL not in stored.body.decode()
    assert stored.json["output"] == "to [EMAIL]"
    assert "I am [EMAIL]" in json.dumps(stored.json["input"])  # from the log record
    assert_clean(masked)


def test_nothing_masked_reaches_the_disk(masked, span_body):
    marker = f"{secrets.token_hex(8)}@example.org"
    masked.post("/api/v1/spans", span_body(output=f"to {marker}", sessionId="disk-check"), expect=201)
    for file in masked.process.data.rglob("*"):
        if file.is_file():
            assert marker.encode() not in file.read_bytes(), file


def test_other_projects_are_not_masked(masked, span_body):
    owner = masked.owner
    project = owner.post("/api/v1/projects", {"name": "Plain"}, expect=201).json["id"]
    plain = Member(masked.process, owner.cookie, owner.csrf, project)
    body = span_body(output=MAIL)
    plain.post("/api/v1/spans", body, expect=201)
    assert plain.get(f"/api/v1/spans/{body['spanId']}").json["output"] == MAIL
    plain.close()


def test_rules_are_tried_and_judged(masked):
    owner = masked.owner
    assert owner.post(masked.masking + "/test", {"text": f"to {MAIL}"}).json == {"text": "to [EMAIL]"}
    rules = [{"name": "r", "kind": "pattern", "pattern": "t.", "replacement": "-"}]
    assert owner.post(masked.masking + "/test", {"text": "to test", "rules": rules}).json == {"text": "- -st"}
    error = owner.put(masked.masking, {"rules": [{"name": "r", "kind": "pattern", "pattern": "("}]}, expect=400).error
    assert error["message"].startswith("rules[0].pattern: is not a pattern that RE2 knows")
    assert masked.get(masked.masking).json == {"rules": RULES}
    assert masked.put(masked.masking, {"rules": []}, expect=403).error["code"] == "FORBIDDEN"


def test_rules_hold_after_a_restart(simulator, tmp_path, span_body):
    data = tmp_path / "d"
    with Server(data, simulator.url) as server:
        owner = Member.set_up(server)
        project = owner.get("/api/v1/projects").json["projects"][0]["id"]
        owner.put(f"/api/v1/projects/{project}/masking", {"rules": RULES})
        owner.close()
        assert server.stop() == 0, server.text
    with Server(data, simulator.url) as server:
        client = Client(server)
        body = span_body(output=MAIL)
        client.post("/api/v1/spans", body, expect=201)
        assert client.get(f"/api/v1/spans/{body['spanId']}").json["output"] == "[EMAIL]"
        client.close()
