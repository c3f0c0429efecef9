"""An application written for the hosted product works after a change of base URL: field by field, with its
statuses, codes and messages; where api/openapi.yaml differs (PROVIDER_ERROR's status), it wins. Requests are what the
hosted SDKs send."""

import datetime
import re

import pytest

from conftest import new_span_id

ISO_MILLIS = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
PROMPT_FIELDS = {"id", "slug", "name", "description", "provider", "model", "temperature", "topP", "maxOutputTokens",
                 "currentVersion", "content", "variables", "createdAt", "updatedAt"}
SDK_HEADERS = {"Content-Type": "application/json", "User-Agent": "tracia-sdk-python/0.2.2"}


# ---- 1.1 errors


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer tr_wrong"}, {"Authorization": "Basic dDp0"},
                                     {"Authorization": "Bearer "}, {"Authorization": "tr_" + "k" * 43}])
def test_a_missing_or_invalid_key_is_401(api, headers):
    api.key = None
    answer = api.send("GET", "/api/v1/prompts", headers=headers)
    assert answer.status == 401
    assert answer.error["code"] == "UNAUTHORIZED"
    assert answer.error["message"] == "Invalid or missing API key"


def test_errors_are_nested(api):
    error = api.get("/api/v1/prompts/no-such-prompt", expect=404).json
    assert list(error) == ["error"]
    assert error["error"]["code"] == "NOT_FOUND"
    assert error["error"]["message"] == "Prompt not found: no-such-prompt"


# ---- 1.2 prompts


def test_content_type_is_taken_on_every_verb(api, prompt):
    for method, path in (("GET", "/api/v1/prompts"), ("GET", f"/api/v1/prompts/{prompt['slug']}"),
                         ("DELETE", f"/api/v1/prompts/{prompt['slug']}")):
        assert api.send(method, path, headers=SDK_HEADERS).status == 200


def test_create_answers_201_with_version_1(api, unique):
    body = {"name": f"Welcome Email {unique}",
            "content": [{"id": "msg_1", "role": "user", "content": "Hello {{name}}, {{ greeting }}"}]}
    made = api.post("/api/v1/prompts", body, expect=201).json
    assert PROMPT_FIELDS <= set(made)
    assert made["slug"] == f"welcome-email-{unique}"
    assert made["currentVersion"] == 1
    assert made["content"] == body["content"]
    assert made["variables"] == ["name", "greeting"]
    assert made["description"] is None and made["provider"] is None and made["model"] is None
    assert ISO_MILLIS.match(made["createdAt"]) and ISO_MILLIS.match(made["updatedAt"])


def test_create_takes_what_the_python_sdk_adds(api, unique):
    body = {"name": unique, "slug": unique, "content": [{"id": "m", "role": "user", "content": "hi"}],
            "model": "claude-sonnet-4-5", "provider": "anthropic", "temperature": 0.2, "maxOutputTokens": 100,
            "topP": 0.9, "stopSequences": ["END"]}
    made = api.post("/api/v1/prompts", body, expect=201).json
    assert made["provider"] == "ANTHROPIC" and made["model"] == "claude-sonnet-4-5"
    assert made["temperature"] == 0.2 and made["topP"] == 0.9
    assert made["maxOutputTokens"] == 100 and made["stopSequences"] == ["END"]


@pytest.mark.parametrize("missing", ["name", "content"])
def test_create_names_what_is_missing(api, missing, unique):
    body = {"name": unique, "content": [{"id": "m", "role": "user", "content": "hi"}]}
    del body[missing]
    error = api.post("/api/v1/prompts", body, expect=400).error
    assert error["code"] == "INVALID_REQUEST"
    assert error["message"] == f"Missing required field: {missing}"


def test_a_taken_slug_is_409(api, prompt):
    body = {"name": "x", "slug": prompt["slug"], "content": [{"id": "m", "role": "user", "content": "hi"}]}
    error = api.post("/api/v1/prompts", body, expect=409).error
    assert error["code"] == "CONFLICT"
    assert error["message"] == "A prompt with this slug already exists"


def test_list_is_most_recently_updated_first_without_content(api, unique):
    for name in ("a", "b"):
        api.post("/api/v1/prompts", {"name": f"{name} {unique}", "slug": f"{name}-{unique}",
                                     "content": [{"id": "m", "role": "user", "content": "hi"}]}, expect=201)
    api.put(f"/api/v1/prompts/a-{unique}", {"description": "changed"})
    listed = [p for p in api.get("/api/v1/prompts").json["prompts"] if p["slug"].endswith(unique)]
    assert [p["slug"] for p in listed] == [f"a-{unique}", f"b-{unique}"]
    assert all("content" not in p for p in listed)
    assert (PROMPT_FIELDS - {"content"}) <= set(listed[0])


def test_get_answers_the_newest_version_and_its_versions(api, prompt):
    new = [{"id": "msg_1", "role": "user", "content": "Bye {{name}}"}]
    api.put(f"/api/v1/prompts/{prompt['slug']}", {"content": new})
    got = api.get(f"/api/v1/prompts/{prompt['slug']}").json
    assert got["content"] == new and got["currentVersion"] == 2
    assert [v["version"] for v in got["versions"]] == [2, 1]
    assert got["versions"][1]["messages"] == prompt["content"]


def test_a_version_is_made_only_when_what_runs_changes(api, prompt):
    path = f"/api/v1/prompts/{prompt['slug']}"
    assert api.put(path, {"name": "Other", "description": "text"}).json["currentVersion"] == 1
    assert api.put(path, {"content": prompt["content"]}).json["currentVersion"] == 1
    assert api.put(path, {"temperature": 0.5}).json["currentVersion"] == 1
    assert api.put(path, {"temperature": 0.6}).json["currentVersion"] == 2
    assert api.put(path, {"description": ""}).json["description"] is None


def test_rename_moves_the_slug(api, prompt, unique):
    renamed = api.put(f"/api/v1/prompts/{prompt['slug']}", {"slug": f"new-{unique}"}).json
    assert renamed["slug"] == f"new-{unique}" and renamed["id"] == prompt["id"]
    api.get(f"/api/v1/prompts/{prompt['slug']}", expect=404)
    other = api.post("/api/v1/prompts", {"name": "o", "slug": f"other-{unique}", "content": prompt["content"]}, expect=201)
    assert api.put(f"/api/v1/prompts/{other.json['slug']}", {"slug": f"new-{unique}"}, expect=409).error["code"] == "CONFLICT"


def test_delete_answers_success_once(api, prompt):
    assert api.delete(f"/api/v1/prompts/{prompt['slug']}").json == {"success": True}
    error = api.delete(f"/api/v1/prompts/{prompt['slug']}", expect=404).error
    assert error["message"] == f"Prompt not found: {prompt['slug']}"


def test_run_answers_all_fields(api, prompt):
    run = api.post(f"/api/v1/prompts/{prompt['slug']}/run",
                   {"variables": {"name": "Ada"}, "tags": ["a"], "userId": "u1", "sessionId": "s1"}).json
    assert isinstance(run["text"], str) and run["text"]
    assert re.fullmatch(r"sp_[0-9a-f]{16}", run["spanId"])
    assert run["traceId"] == "tr_" + run["spanId"][3:]
    assert run["promptVersion"] == 1
    assert isinstance(run["latencyMs"], int)
    assert run["usage"]["totalTokens"] == run["usage"]["inputTokens"] + run["usage"]["outputTokens"]
    assert run["cost"] > 0 and run["costStatus"] == "exact"
    assert run["finishReason"] == "stop"
    assert run["toolCalls"] is None and run["structuredOutput"] is None
    assert [m["role"] for m in run["messages"]] == ["system", "user", "assistant"]
    assert "Say hello to Ada" in str(run["messages"][1])
    assert run["spanStored"] is True
    span = api.get(f"/api/v1/spans/{run['spanId']}").json
    assert span["promptSlug"] == prompt["slug"] and span["promptVersion"] == 1
    assert span["variables"] == {"name": "Ada"} and span["tags"] == ["a"]
    assert span["userId"] == "u1" and span["sessionId"] == "s1"
    assert span["output"] == run["text"] and span["cost"] == run["cost"]
    assert span["provider"] == "openai" and span["model"] == "gpt-4o"


def test_run_without_a_body_runs_a_prompt_without_variables(api, unique):
    api.post("/api/v1/prompts", {"name": unique, "slug": unique, "model": "gpt-4o",
                                 "content": [{"id": "m", "role": "user", "content": "hi"}]}, expect=201)
    assert api.call("POST", f"/api/v1/prompts/{unique}/run").json["text"]
    assert api.post(f"/api/v1/prompts/{unique}/run", {}).json["text"]


def test_run_refuses_missing_variables(api, unique):
    api.post("/api/v1/prompts", {"name": unique, "slug": unique, "model": "gpt-4o",
                                 "content": [{"id": "m", "role": "user", "content": "{{name}} {{email}}"}]}, expect=201)
    error = api.post(f"/api/v1/prompts/{unique}/run", {}, expect=400).error
    assert error["code"] == "MISSING_VARIABLES"
    assert error["message"] == "Missing required variables: name, email"
    assert error["missingVariables"] == ["name", "email"]


def test_run_of_an_older_version_and_of_an_unknown_one(api, prompt):
    path = f"/api/v1/prompts/{prompt['slug']}"
    api.put(path, {"content": [{"id": "m", "role": "user", "content": "no variables"}]})
    assert api.post(path + "/run", {"version": 1, "variables": {"name": "x"}}).json["promptVersion"] == 1
    assert api.post(path + "/run", {}).json["promptVersion"] == 2
    assert api.post(path + "/run", {"version": 9}, expect=404).error["code"] == "NOT_FOUND"


@pytest.mark.parametrize("model,provider", [("claude-sonnet-4-5", "anthropic"), ("gemini-2.5-flash", "google"),
                                            ("amazon.nova-pro-v1:0", "amazon_bedrock"), ("gpt-4o-mini", "openai")])
def test_a_model_override_finds_its_provider(api, prompt, model, provider):
    run = api.post(f"/api/v1/prompts/{prompt['slug']}/run", {"variables": {"name": "x"}, "model": model}).json
    span = api.get(f"/api/v1/spans/{run['spanId']}").json
    assert span["model"] == model and span["provider"] == provider


def test_run_with_messages_in_both_shapes(api, prompt):
    path = f"/api/v1/prompts/{prompt['slug']}/run"
    call = {"type": "tool_call", "id": "call_1", "name": "weather", "arguments": {"city": "Rome"}}
    camel = [{"role": "user", "content": "Weather in Rome?"},
             {"role": "assistant", "content": [{"type": "text", "text": "Let me see."}, call]},
             {"role": "tool", "toolCallId": "call_1", "toolName": "weather", "content": "sunny"}]
    snake = [{"role": "user", "content": "Weather in Rome?"},
             {"role": "assistant", "content": "Let me see.",
              "tool_calls": [{"id": "call_1", "type": "function",
                              "function": {"name": "weather", "arguments": '{"city": "Rome"}'}}]},
             {"role": "tool", "tool_call_id": "call_1", "tool_name": "weather", "content": "sunny"}]
    answers = [api.post(path, {"messages": messages}).json for messages in (camel, snake)]
    sent = [a["messages"][:-1] for a in answers]
    assert sent[0] == sent[1]
    assert sent[0][2]["toolCallId"] == "call_1" and sent[0][2]["toolName"] == "weather"
    assert call in sent[0][1]["content"]
    # What was answered can be sent back.
    again = api.post(path, {"messages": answers[0]["messages"] + [{"role": "user", "content": "Thanks"}]}).json
    assert again["messages"][: len(answers[0]["messages"])] == answers[0]["messages"]


def test_a_parent_gives_its_trace(api, prompt):
    path = f"/api/v1/prompts/{prompt['slug']}/run"
    first = api.post(path, {"variables": {"name": "x"}, "traceId": "tr_0123456789abcdef"}).json
    assert first["traceId"] == "tr_0123456789abcdef"
    second = api.post(path, {"variables": {"name": "x"}, "parentSpanId": first["spanId"]}).json
    assert second["traceId"] == "tr_0123456789abcdef"
    assert api.get(f"/api/v1/spans/{second['spanId']}").json["parentSpanId"] == first["spanId"]


def test_tools_and_output_schema_of_a_version_reach_the_answer(api, unique):
    tool = {"name": "get_weather", "description": "d",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}
    api.post("/api/v1/prompts", {"name": unique, "slug": f"tools-{unique}", "model": "gpt-4o", "tools": [tool],
                                 "toolChoice": "required", "content": [{"id": "m", "role": "user", "content": "hi"}]},
             expect=201)
    run = api.post(f"/api/v1/prompts/tools-{unique}/run", {}).json
    assert run["finishReason"] == "tool_calls"
    assert run["toolCalls"][0]["name"] == "get_weather" and isinstance(run["toolCalls"][0]["arguments"], dict)
    schema = {"type": "object", "properties": {"answer": {"type": "string"}}, "required": ["answer"],
              "additionalProperties": False}
    api.post("/api/v1/prompts", {"name": unique, "slug": f"schema-{unique}", "model": "gpt-4o", "outputSchema": schema,
                                 "content": [{"id": "m", "role": "user", "content": "hi"}]}, expect=201)
    run = api.post(f"/api/v1/prompts/schema-{unique}/run", {}).json
    assert isinstance(run["structuredOutput"], dict) and "answer" in run["structuredOutput"]


# ---- 1.3 spans


def test_create_span_answers_the_union_of_what_sdks_want(api, span_body):
    body = span_body(variables=None, error=None)  # the Node SDK sends nulls
    made = api.post("/api/v1/spans", body, expect=201).json
    assert made["spanId"] == body["spanId"] and made["traceId"] == "tr_" + body["spanId"][3:]
    assert made["id"] and made["cost"] == pytest.approx(14 * 2.5e-6 + 2 * 1e-5)
    again = api.post("/api/v1/spans", span_body(spanId=body["spanId"], output="other"), expect=200).json
    assert again == made
    assert api.get(f"/api/v1/spans/{body['spanId']}").json["output"] == "Paris."


def test_legacy_span_ids_are_taken(api, span_body):
    body = span_body(spanId="tr_" + new_span_id()[3:])
    assert api.post("/api/v1/spans", body, expect=201).json["spanId"] == body["spanId"]


@pytest.mark.parametrize("field", ["spanId", "status", "latencyMs"])
def test_create_span_names_what_is_missing(api, span_body, field):
    error = api.post("/api/v1/spans", span_body(**{field: ...}), expect=400).error
    assert error["code"] == "INVALID_REQUEST" and error["message"] == f"Missing required field: {field}"


def test_get_span_answers_all_that_was_sent(api, span_body):
    tool = {"name": "f", "description": "d", "parameters": {"type": "object", "properties": {}}}
    body = span_body(variables={"name": "Ada"}, tags=["x", "y"], userId="u", sessionId="s", temperature=0.1,
                     maxOutputTokens=5, topP=0.5, tools=[tool], toolCalls=[{"id": "c", "name": "f", "arguments": {"a": 1}}],
                     traceId="tr_00112233445566aa", parentSpanId="sp_00112233445566bb", spanKind="LLM")
    api.post("/api/v1/spans", body, expect=201)
    got = api.get(f"/api/v1/spans/{body['spanId']}").json
    for name, value in body.items():
        assert got[name] == value, name
    assert got["promptSlug"] is None and got["promptVersion"] is None and got["error"] is None
    assert ISO_MILLIS.match(got["createdAt"])
    error = api.get("/api/v1/spans/sp_ffffffffffffffff", expect=404).error
    assert error["message"] == "Span not found: sp_ffffffffffffffff"


def test_embedding_spans_keep_their_texts(api, span_body):
    body = span_body(spanKind="EMBEDDING", model="text-embedding-3-small", input={"text": ["a", "b"]},
                     output='{"dimensions":1536,"count":2}', outputTokens=0, totalTokens=14)
    api.post("/api/v1/spans", body, expect=201)
    got = api.get(f"/api/v1/spans/{body['spanId']}").json
    assert got["input"] == {"text": ["a", "b"]} and got["spanKind"] == "EMBEDDING"
    assert got["cost"] == pytest.approx(14 * 2e-8)


def test_list_filters_as_the_hosted_product(api, span_body, unique):
    def post(**changes):
        changes = {"userId": unique, **changes}
        return api.post("/api/v1/spans", span_body(**changes), expect=201).json["spanId"]

    first = post(tags=["a", "b"], sessionId=f"s-{unique}")
    second = post(tags=["a"], status="ERROR", error="boom")
    third = post()

    def listed(**query):
        return [s["spanId"] for s in api.get("/api/v1/spans", userId=unique, **query).json["spans"]]

    assert listed() == [third, second, first]
    assert listed(status="ERROR") == [second]
    assert listed(tags="a") == [second, first]
    assert listed(tags="a,b") == [first]
    assert listed(sessionId=f"s-{unique}") == [first]
    now = datetime.datetime.now(datetime.timezone.utc)
    hour = datetime.timedelta(hours=1)
    assert listed(startDate=(now - hour).isoformat()) == [third, second, first]  # as Python's SDK sends it
    assert listed(endDate=(now - hour).strftime("%Y-%m-%dT%H:%M:%S.000Z")) == []  # as Node's
    assert listed(startDate=(now - hour).replace(tzinfo=None).isoformat()) == [third, second, first]
    page = api.get("/api/v1/spans", userId=unique, limit=2).json
    assert [s["spanId"] for s in page["spans"]] == [third, second]
    assert page["hasMore"] is True and page["cursor"] == page["nextCursor"]
    last = api.get("/api/v1/spans", userId=unique, limit=2, cursor=page["nextCursor"]).json
    assert [s["spanId"] for s in last["spans"]] == [first]
    assert last["nextCursor"] is None and last["hasMore"] is False


@pytest.mark.parametrize("limit", ["0", "101", "x", "-1", "1.5", ""])
def test_a_limit_out_of_range_is_400(api, limit):
    assert api.send("GET", f"/api/v1/spans?limit={limit}").status == 400


def test_evaluate_answers_201(api, span_body):
    body = span_body()
    api.post("/api/v1/spans", body, expect=201)
    path = f"/api/v1/spans/{body['spanId']}/evaluations"
    made = api.post(path, {"evaluatorKey": "quality", "value": 1, "note": "good"}, expect=201).json
    assert made["evaluatorKey"] == "quality" and made["evaluatorName"] == "Quality"
    assert made["value"] == 1 and made["note"] == "good" and made["source"] == "api"
    assert ISO_MILLIS.match(made["createdAt"])
    api.post(path, {"evaluatorKey": "quality", "value": 0}, expect=201)
    assert [e["value"] for e in api.get(f"/api/v1/spans/{body['spanId']}").json["evaluations"]] == [0, 1]
    for value in ("1", None, True, [1]):
        error = api.post(path, {"evaluatorKey": "quality", "value": value}, expect=400).error
        assert error["message"] == "Invalid evaluation value. Must be a number.", value
    assert api.post(path, {"evaluatorKey": "nope", "value": 1}, expect=400).error["code"] == "INVALID_REQUEST"
    api.post("/api/v1/spans/sp_ffffffffffffffff/evaluations", {"evaluatorKey": "quality", "value": 1}, expect=404)
