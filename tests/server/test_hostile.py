"""Bad input of every kind: a clear error, nothing lost, no crash, no growth."""

import gzip
import json
import socket
import threading
import zlib

import pytest

from harness import SANITIZED, Client, raw, resident_bytes, wait_until

SQL = ["' OR '1'='1", "'; DROP TABLE spans; --", '" OR ""="', "1); DELETE FROM prompts; --", "%27%20OR%201=1", "\\'; --"]
BAD_JSON = {
    "empty": b"", "not json": b"{", "array": b"[]", "string": b'"x"', "number": b"1", "null": b"null",
    "trailing": b'{"name":"x"} x', "bad utf-8": b'{"name":"\xff\xfe"}', "lone surrogate": b'{"name":"\\ud800"}',
    "nul": b'{"name":"a\0b"}', "deep array": b'{"name":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "deep object": b'{"a":' * 50_000 + b"1" + b"}" * 50_000, "huge number": b'{"name":' + b"9" * 100_000 + b"}",
    "huge exponent": b'{"name":1e999999}', "single quotes": b"{'name':'x'}", "comment": b'{"name":"x"/**/}',
    "bom": b'\xef\xbb\xbf{"name":"x"}', "nan": b'{"name":NaN}', "duplicate": b'{"name":"x","name":1}',
}
JSON_POSTS = ["/api/v1/prompts", "/api/v1/prompts/{slug}/run", "/api/v1/prompts/{slug}/render", "/api/v1/run",
              "/api/v1/spans", "/api/v1/spans/batch", "/api/v1/spans/sp_0123456789abcdef/evaluations"]


@pytest.fixture(autouse=True)
def still_serving(server, api, prompt):
    yield
    assert server.process.poll() is None, server.text[-4000:]
    assert api.get(f"/api/v1/prompts/{prompt['slug']}").json["content"] == prompt["content"]


@pytest.mark.parametrize("path", JSON_POSTS)
@pytest.mark.parametrize("body", BAD_JSON.values(), ids=BAD_JSON.keys())
def test_bodies_that_are_not_what_is_asked_for(api, prompt, path, body):
    answer = api.send("POST", path.format(slug=prompt["slug"]), body, {"Content-Type": "application/json"})
    empty_is_fine = body in (b"", b"null") and path.endswith(("/run", "/render"))
    array_is_fine = body == b"[]" and path.endswith("/batch")
    if empty_is_fine or array_is_fine:
        return
    assert 400 <= answer.status < 500, answer
    assert answer.error["code"] and answer.error["message"]
    assert len(answer.body) < 2000, "an error does not echo its input"


@pytest.mark.parametrize("number", ["1e400", "-1", "1.5", "99999999999999999999", "\"1\"", "true", "[]", "{}"])
@pytest.mark.parametrize("field", ["latencyMs", "inputTokens", "totalTokens", "promptVersion"])
def test_absurd_numbers_of_a_span_name_the_field(api, span_body, field, number):
    text = json.dumps(span_body(**{field: "@"})).replace('"@"', number)
    answer = api.send("POST", "/api/v1/spans", text.encode())
    assert answer.status == 400, answer
    assert field in answer.error["message"] or number == "1e400" or number.startswith("9999"), answer


@pytest.mark.parametrize("text", SQL)
def test_sql_is_only_text(api, span_body, text, unique):
    body = span_body(userId=text, sessionId=text, tags=[text[:100]], name=text, model=text, output=text,
                     variables={"v": text}, label="production")
    api.post("/api/v1/spans", body, expect=201)
    got = api.get(f"/api/v1/spans/{body['spanId']}").json
    assert got["userId"] == text and got["name"] == text and got["output"] == text
    for query in ({"userId": text}, {"sessionId": text}, {"name": text}, {"model": text}, {"contains": text},
                  {"variables[v]": text}):
        assert body["spanId"] in [s["spanId"] for s in api.get("/api/v1/spans", **query).json["spans"]], query
    name = api.post("/api/v1/prompts", {"name": text, "slug": f"s-{unique}", "content": [
        {"id": text, "role": "user", "content": text}]}, expect=201).json
    assert name["name"] == text
    for path in ("/api/v1/prompts/", "/api/v1/spans/", "/api/v1/traces/"):
        assert api.send("GET", path + text.replace(" ", "%20").replace('"', "%22").replace("\\", "%5C")).status in (400, 404)


@pytest.mark.parametrize("parameter", [
    "cursor=x", "cursor=" + "A" * 10_000, "cursor=%00", "cursor=%ff", "startDate=yesterday", "startDate=9999999-01-01",
    "endDate=2026-13-01T00:00:00Z", "status=maybe", "spanKind=nope", "minCost=x", "minCost=-1e400", "maxLatencyMs=1e5x",
    "promptVersion=0", "promptVersion=x", "costStatus=x", "minTotalTokens=%F0%9F%98%80", "limit=%31%30%31",
    "userId=" + "u" * 5000])
def test_hostile_filters_are_400(api, parameter):
    answer = api.send("GET", "/api/v1/spans?" + parameter)
    assert answer.status == 400, answer
    assert answer.error["code"] == "INVALID_REQUEST"


@pytest.mark.parametrize("path", [
    "/api/v1/prompts/%00", "/api/v1/prompts/%zz", "/api/v1/prompts/%ff", "/api/v1/prompts/..", "/api/v1/prompts/%2e%2e%2f",
    "/api/v1/../../etc/passwd", "//api/v1/prompts", "/api/v1/prompts/" + "a" * 9000, "/%2e%2e/%2e%2e/etc/passwd",
    "/..%2f..%2fcontrol.db", "/control.db", "/page.js/../../secret.key", "/api/v1/spans/sp_%00", "/api/v1/traces/%0d%0a"])
def test_path_tricks_find_nothing(api, path):
    answer = api.send("GET", path)
    assert answer.status in (400, 404, 414), answer
    assert b"root:" not in answer.body


def test_header_tricks(server):
    def status(request):
        received = raw(server, request)
        return int(received.split()[1]) if received else 0

    base = b"GET /healthz HTTP/1.1\r\nHost: x\r\n"
    assert status(base + b"\r\n") == 200
    assert status(b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 100_000 + b"\r\n\r\n") in (400, 431)
    assert status(base + b"\r\nX-Bad\r\n\r\n") in (200, 400)
    assert status(b"GET /healthz HTTP/9.9\r\n\r\n") in (400, 505)
    assert status(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03") in (0, 400)
    both = b"POST /api/v1/spans HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    assert status(both) == 400
    assert status(b"POST /api/v1/spans HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n") in (400, 413)
    assert status(b"POST /api/v1/spans HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n") in (400, 401, 413)


def test_gzip_bombs_and_broken_compression(server, api):
    before = resident_bytes(server)
    bomb = gzip.compress(b"[" + b" " * (1 << 30) + b"]", 9)
    answer = api.send("POST", "/api/v1/spans/batch", bomb, {"Content-Encoding": "gzip"})
    assert answer.status == 413, answer
    assert SANITIZED or resident_bytes(server) - before < 300 << 20
    for body, encoding, status in ((b"not gzip", "gzip", 400), (gzip.compress(b"[]")[:-6], "gzip", 400),
                                   (b"not zstd", "zstd", 400), (b"[]", "br", 415), (zlib.compress(b"[]"), "gzip", 400)):
        assert api.send("POST", "/api/v1/spans/batch", body, {"Content-Encoding": encoding}).status == status


def test_too_large_is_413_and_stores_nothing(api, span_body, unique):
    big = span_body(userId=unique, output="x" * (33 << 20))
    assert api.send("POST", "/api/v1/spans", big).status == 413
    many = [span_body(userId=unique) for _ in range(1001)]
    assert api.send("POST", "/api/v1/spans/batch", many).status == 413
    assert api.get("/api/v1/spans", userId=unique).json["spans"] == []


def test_a_batch_keeps_what_is_good(api, span_body, unique):
    good = [span_body(userId=unique) for _ in range(3)]
    batch = [good[0], {"spanId": "nope"}, good[1], "text", good[0], good[2], None]
    result = api.post("/api/v1/spans/batch", batch).json
    assert result["accepted"] == 3 and result["duplicates"] == 1
    assert [r["index"] for r in result["rejected"]] == [1, 3, 6]
    assert all(r["code"] == "INVALID_REQUEST" and r["message"] for r in result["rejected"])
    lines = b"\n".join([json.dumps(span_body(userId=unique)).encode(), b"", b"{broken", json.dumps(good[1]).encode()])
    result = api.send("POST", "/api/v1/spans/batch", lines, {"Content-Type": "application/x-ndjson"}).json
    assert result["accepted"] == 1 and result["duplicates"] == 1 and [r["index"] for r in result["rejected"]] == [1]
    assert len(api.get("/api/v1/spans", userId=unique).json["spans"]) == 4


def test_many_idle_connections_do_not_stop_the_next(server, api):
    before = resident_bytes(server)
    idle = []
    try:
        for _ in range(1000):
            idle.append(socket.create_connection((server.host, server.port), timeout=30))
        half = [socket.create_connection((server.host, server.port), timeout=30) for _ in range(50)]
        idle += half
        for connection in half:
            connection.sendall(b"POST /api/v1/spans HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
        assert api.get("/healthz").status == 200
        assert SANITIZED or resident_bytes(server) - before < 100 << 20
    finally:
        for connection in idle:
            connection.close()


def test_a_client_that_leaves_in_the_middle_of_a_run_stops_it(server, simulator, prompt):
    def stream_and_leave():
        request = json.dumps({"variables": {"name": "x"}, "stream": True}).encode()
        with socket.create_connection((server.host, server.port), timeout=30) as connection:
            connection.sendall(b"POST /api/v1/prompts/%s/run HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n"
                               b"Content-Length: %d\r\n\r\n%s" % (prompt["slug"].encode(), Client(server).key.encode(),
                                                                 len(request), request))
            connection.recv(64)

    threads = [threading.Thread(target=stream_and_leave) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    api = Client(server)
    # Each leaves a span all the same: the call was made, and perhaps paid for.
    wait_until(lambda: len(api.get("/api/v1/spans", promptSlug=prompt["slug"]).json["spans"]) == 20, "20 spans")
    api.close()


def test_secrets_never_show(server, api, prompt):
    api.send("GET", "/api/v1/prompts?api_key=tr_" + "s" * 43)
    api.send("GET", "/api/v1/prompts", headers={"Authorization": "Bearer tr_" + "z" * 43})
    api.post(f"/api/v1/prompts/{prompt['slug']}/run", {"variables": {"name": "top-secret-payload"}})
    for secret in ("s" * 43, "z" * 43, "k" * 43, "sk-sim-0123", "top-secret-payload"):
        assert secret not in server.text
