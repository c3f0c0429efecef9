"""OTLP over HTTP against the real server: both encodings, gzip, partial success, logs joined to their span. Real exporters
are in tests/otel."""

import gzip
import json
import pathlib
import secrets

import harness

EXAMPLES = harness.ROOT / "api" / "examples"


def text(key, value):
    return {"key": key, "value": {"stringValue": value}}


def count(key, value):
    return {"key": key, "value": {"intValue": str(value)}}


CALL = [text("gen_ai.operation.name", "chat"), text("gen_ai.provider.name", "openai"),
        text("gen_ai.request.model", "gpt-4o"), count("gen_ai.usage.input_tokens", 1000),
        count("gen_ai.usage.output_tokens", 100)]


def span(trace_id, span_id, attributes=CALL, **more):
    return {"traceId": trace_id, "spanId": span_id, "name": "chat gpt-4o", "kind": 3,
            "startTimeUnixNano": "1795170600000000000", "endTimeUnixNano": "1795170601250000000",
            "attributes": attributes} | more


def traces(*spans):
    return {"resourceSpans": [{"resource": {"attributes": [text("service.name", "shop")]},
                               "scopeSpans": [{"scope": {"name": "test"}, "spans": list(spans)}]}]}


def new_ids():
    return secrets.token_hex(16), secrets.token_hex(8)


# --- protobuf, by hand ---


def varint(number):
    out = b""
    while number > 0x7F:
        out += bytes([number & 0x7F | 0x80])
        number >>= 7
    return out + bytes([number])


def field(number, content):
    if isinstance(content, int):
        return varint(number << 3) + varint(content)
    return varint(number << 3 | 2) + varint(len(content)) + content


def fixed(number, value):
    return varint(number << 3 | 1) + value.to_bytes(8, "little")


def proto_attribute(attribute):
    value = attribute["value"]
    if "stringValue" in value:
        any_value = field(1, value["stringValue"].encode())
    else:
        any_value = field(3, int(value["intValue"]))
    return field(1, attribute["key"].encode()) + field(2, any_value)


def proto_traces(one):
    body = field(1, bytes.fromhex(one["traceId"])) + field(2, bytes.fromhex(one["spanId"])) + field(5, one["name"].encode())
    body += field(6, one["kind"]) + fixed(7, int(one["startTimeUnixNano"])) + fixed(8, int(one["endTimeUnixNano"]))
    body += b"".join(field(9, proto_attribute(attribute)) for attribute in one["attributes"])
    return field(1, field(2, field(2, body)))


def test_a_span_comes_in_and_is_a_priced_span_of_the_api(api):
    trace_id, span_id = new_ids()
    answer = api.post("/v1/traces", traces(span(trace_id, span_id)))
    assert answer.json == {}
    read = api.get(f"/api/v1/spans/sp_{span_id}").json
    assert read["traceId"] == f"tr_{trace_id}"
    assert (read["spanKind"], read["model"], read["provider"]) == ("LLM", "gpt-4o", "openai")
    assert (read["latencyMs"], read["cost"], read["costStatus"]) == (1250, 0.0035, "exact")
    assert read["attributes"]["otel.resource"] == {"service.name": "shop"}


def test_protobuf_and_gzip_say_the_same(api):
    ids = [new_ids() for _ in range(2)]
    for (trace_id, span_id), packed in zip(ids, (False, True)):
        body = proto_traces(span(trace_id, span_id))
        headers = {"Content-Type": "application/x-protobuf"}
        if packed:
            body, headers = gzip.compress(body), headers | {"Content-Encoding": "gzip"}
        answer = api.send("POST", "/v1/traces", body, headers)
        assert (answer.status, answer.body) == (200, b"")
        assert answer.headers["content-type"] == "application/x-protobuf"
        assert not api.checks.judge("POST", "/v1/traces", answer)
        assert api.get(f"/api/v1/spans/sp_{span_id}").json["inputTokens"] == 1000


def test_the_examples_of_the_contract_are_taken(api):
    for path, name in (("/v1/traces", "otlp_traces.request.json"), ("/v1/logs", "otlp_logs.request.json")):
        api.post(path, json.loads(pathlib.Path(EXAMPLES / name).read_text()))
    read = api.get("/api/v1/spans/sp_eee19b7ec3c1b174").json
    assert read["output"] == "Hello!"
    assert read["finishReason"] == "stop"


def test_what_is_no_span_is_rejected_alone(api):
    trace_id, span_id = new_ids()
    answer = api.post("/v1/traces", traces(span(trace_id, span_id), span("0" * 32, span_id)))
    assert answer.json["partialSuccess"]["rejectedSpans"] == "1"
    api.get(f"/api/v1/spans/sp_{span_id}")


def test_errors_are_a_google_rpc_status(api, server):
    assert api.post("/v1/traces", {"resourceSpans": 3}, expect=400).json["code"] == 3
    nobody = harness.Client(server, key="tr_" + "x" * 43)
    assert nobody.post("/v1/logs", {}, expect=401).json["code"] == 16
    nobody.close()
    answer = api.send("POST", "/v1/traces", b"x", {"Content-Type": "text/plain"})
    assert answer.status == 415 and not api.checks.judge("POST", "/v1/traces", answer)
    answer = api.send("POST", "/v1/traces", b"\x0a\xff", {"Content-Type": "application/x-protobuf"})
    assert answer.status == 400 and answer.headers["content-type"] == "application/x-protobuf"


def test_a_call_seen_by_two_instrumentations_counts_once(api):
    trace_id, outer = new_ids()
    inner = secrets.token_hex(8)
    api.post("/v1/traces", traces(span(trace_id, inner, parentSpanId=outer)))
    api.post("/v1/traces", traces(span(trace_id, outer)))
    trace = api.get(f"/api/v1/traces/tr_{trace_id}").json
    assert (trace["spanCount"], trace["usage"]["inputTokens"], trace["cost"]) == (2, 1000, 0.0035)
    assert api.get(f"/api/v1/spans/sp_{outer}").json["costStatus"] == "included"


def test_events_survive_a_restart_beside_their_span(simulator, tmp_path):
    trace_id, span_id = new_ids()
    record = {"traceId": trace_id, "spanId": span_id, "timeUnixNano": "1795170601250000000",
              "eventName": "gen_ai.user.message", "body": {"stringValue": json.dumps({"content": "Say hi"})}}
    with harness.Server(tmp_path / "d", simulator.url) as server:
        client = harness.Client(server)
        client.post("/v1/logs", {"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]})
        client.post("/v1/traces", traces(span(trace_id, span_id)))
        client.close()
        server.kill()
    with harness.Server(tmp_path / "d", simulator.url) as server:
        client = harness.Client(server)
        read = client.get(f"/api/v1/spans/sp_{span_id}").json
        assert read["input"] == {"messages": [{"role": "user", "content": "Say hi"}]}
        assert len(client.get("/api/v1/spans").json["spans"]) == 1
        client.close()
