"""Who may do what. Two projects cannot see each other: every operation of api/openapi.yaml, asked about one project's
other's key, answers as if they did not exist; without a key, or with a wrong one, nothing is answered at all. And
a member of each role, asking each operation, is refused where, and only where, x-least-role says so."""

import json
import re
import secrets

import pytest

import harness
from harness import CHECKS, Client, Member


@pytest.fixture(scope="module")
def other(server):
    """A client of a second project, with a key of its own."""
    owner = Member.set_up(server)
    project = owner.post("/api/v1/projects", {"name": "Other " + secrets.token_hex(3)}, expect=201).json
    owner.project = project["id"]
    client = Client(server, owner.post("/api/v1/api-keys", {"name": "other"}, expect=201).json["key"])
    yield client
    client.close()
    owner.close()


@pytest.fixture
def mine(api, prompt, span_body):
    """One of everything, of the first project."""
    marker = "only-mine-" + secrets.token_hex(4)
    body = span_body(output=marker, userId=marker, sessionId=marker, tags=[marker], traceId="tr_" + secrets.token_hex(8))
    api.post("/api/v1/spans", body, expect=201)
    path = f"/api/v1/prompts/{prompt['slug']}"
    api.put(path, {"description": marker})
    api.put(path + "/labels/production", {"version": 1})
    evaluation = api.post(f"/api/v1/spans/{body['spanId']}/evaluations",
                          {"evaluatorKey": "quality", "value": 1, "note": marker}, expect=201).json
    experiment = api.post(path + "/experiments", {"name": marker, "variants": [{"key": "a", "version": 1},
                                                                               {"key": "b", "version": 1}]},
                          expect=201).json
    connection = api.send("POST", "/api/v1/connections",
                          {"name": f"c{secrets.token_hex(3)}", "protocol": "openai", "key": "sk-" + "s" * 40})
    return {"marker": marker, "slug": prompt["slug"], "version": "1", "label": "production", "userId": marker,
            "spanId": body["spanId"], "traceId": body["traceId"], "evaluationId": evaluation["id"],
            "experimentId": experiment["id"],
            "connectionId": connection.json["id"] if connection.status == 201 else "con_0000000000000000"}


def operations():
    found = []
    for method, path, _, operation in CHECKS.operations:
        security = operation.get("security", CHECKS.contract.document["security"])
        found.append(pytest.param(method.upper(), path, operation, bool(security), id=operation["operationId"]))
    return found


def fill(path, values):
    return re.sub(r"{(\w+)}", lambda m: values.get(m[1], "id_0000000000000000"), path)


def body_of(operation, values):
    """The first example of the request, about my things."""
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    for example in content.get("examples", {}).values():
        text = (harness.ROOT / "api" / example["externalValue"]).read_text()
        body = json.loads(text)
        if isinstance(body, dict) and "stream" in body:
            body["stream"] = False
        return body
    return None


def refusal_code(operation, answer):
    """401, if the body says so in the words of its protocol."""
    if operation["tags"] == ["opentelemetry"]:
        return {16: 401}[answer.json["code"]]  # google.rpc.Code.UNAUTHENTICATED
    return {"UNAUTHORIZED": 401, "invalid_api_key": 401}[answer.error["code"]]


@pytest.mark.parametrize("method,path,operation,secured", operations())
def test_without_a_key_nothing_is_answered(server, method, path, operation, secured):
    for key in (None, "tr_" + secrets.token_urlsafe(32)):
        client = Client(server, key)
        answer = client.send(method, fill(path, {}), body_of(operation, {}))
        client.close()
        if secured:
            assert answer.status == 401, answer
            assert refusal_code(operation, answer) == answer.status, answer
        else:
            assert answer.status != 401 or operation["operationId"].startswith(("getSession", "logIn", "login")), answer


@pytest.mark.parametrize("method,path,operation,secured", operations())
def test_another_projects_key_finds_nothing(api, other, mine, method, path, operation, secured):
    if not secured:
        pytest.skip("public")
    if operation["operationId"] == "tailSpans":
        pytest.skip("does not end; test_tail.py")
    target = fill(path, mine)
    answer = other.send(method, target, body_of(operation, mine))
    assert mine["marker"].encode() not in answer.body
    if operation["operationId"] == "deleteUserSpans":  # of a user that this project does not have
        assert (answer.status, answer.json) == (200, {"deleted": 0, "complete": True}), answer
    elif operation["operationId"] == "putGatewayAlias":  # makes one of its own, which mine does not see
        assert answer.status == 200 and api.send("GET", target).status == 404
        other.send("DELETE", target)
    elif "{" in path:
        assert answer.status in (403, 404), f"{method} {target}: {answer}"
    if answer.headers.get("content-type", "").startswith("application/json") and answer.status < 500:
        assert mine["slug"].encode() not in answer.body or "{slug}" in path
    # And nothing changed for its owner.
    assert api.get(f"/api/v1/prompts/{mine['slug']}").json["labels"] == {"production": 1}
    span = api.get(f"/api/v1/spans/{mine['spanId']}").json
    assert len(span["evaluations"]) == 1 and span["output"] == mine["marker"]


def test_filters_do_not_reach_across(other, mine):
    for query in ({"userId": mine["marker"]}, {"sessionId": mine["marker"]}, {"tags": mine["marker"]},
                  {"traceId": mine["traceId"]}, {"contains": mine["marker"]}, {"promptSlug": mine["slug"]}):
        assert other.get("/api/v1/spans", **query).json["spans"] == []
    assert other.send("GET", f"/api/v1/spans/export?userId={mine['marker']}").body == b""


def test_the_same_span_key_in_two_projects_is_two_spans(api, other, span_body):
    body = span_body(output="first")
    api.post("/api/v1/spans", body, expect=201)
    other.post("/api/v1/spans", {**body, "output": "second"}, expect=201)
    assert api.get(f"/api/v1/spans/{body['spanId']}").json["output"] == "first"
    assert other.get(f"/api/v1/spans/{body['spanId']}").json["output"] == "second"


# ---- roles

ROLES = ("viewer", "editor", "admin", "owner")  # each may do what those before it may


@pytest.fixture(scope="module")
def people(simulator, tmp_path_factory):
    """A server of its own with a member of each role, and a key. What they are allowed to do is done to nothing."""
    with harness.Server(tmp_path_factory.mktemp("roles") / "d", simulator.url) as server:
        owner = Member.set_up(server)
        asking = {"owner": owner, "key": Client(server)}
        for role in ROLES[:-1]:
            asking[role] = Member.join(server, owner, role, f"{role}@example.com")
        yield asking
        for client in asking.values():
            client.close()


def may(operation, caller):
    least = operation["x-least-role"]
    if caller == "key":
        security = operation.get("security", CHECKS.contract.document["security"])
        return any("bearerAuth" in one for one in security)
    return ROLES.index(caller) >= ROLES.index(least)


def is_refused(operation, answer):
    if answer.status != 403:
        return False
    if operation["tags"] == ["opentelemetry"]:
        return answer.json["code"] == 7  # google.rpc.Code.PERMISSION_DENIED
    return True


@pytest.mark.parametrize("caller", ROLES + ("key",))
@pytest.mark.parametrize("method,path,operation,secured", operations())
def test_each_role_may_what_the_contract_says(people, method, path, operation, secured, caller):
    if not secured:
        pytest.skip("needs no sign-in")
    name = operation["operationId"]
    if name in ("tailSpans", "logOut", "changePassword", "getSession") and (caller == "key" or may(operation, caller)):
        pytest.skip("does not end, or is about a session of one's own; driven elsewhere")
    client = people[caller]
    values = {"version": "1"}
    if name == "updateMember":  # what any member may: their own name
        values["memberId"] = people["viewer" if caller == "key" else caller].id
    answer = client.send(method, fill(path, values), body_of(operation, values))
    assert is_refused(operation, answer) != may(operation, caller), f"{caller}: {answer}"
    assert answer.status not in (401, 500), answer
    if answer.status == 403 and operation["tags"] not in (["opentelemetry"], ["gateway"]):
        assert answer.error["code"] == "FORBIDDEN"
        assert operation["x-least-role"] in answer.error["message"], answer


def test_every_operation_names_its_least_role():
    missing = [o["operationId"] for _, _, _, o in CHECKS.operations if o.get("x-least-role") not in ROLES + ("none",)]
    assert not missing
