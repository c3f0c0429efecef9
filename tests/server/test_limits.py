"""Limits of keys: requests a minute, as every kind of caller meets them, and who may change them."""

import pytest

import harness
from harness import KEY, Client, Member


@pytest.fixture(scope="module")
def own(simulator, tmp_path_factory):
    """A server whose key may be limited, with its owner."""
    with harness.Server(tmp_path_factory.mktemp("limits") / "d", simulator.url) as server:
        server.owner = Member.set_up(server)
        yield server


@pytest.fixture
def key(own):
    """A key of its own: (id, client)."""
    made = own.owner.post("/api/v1/api-keys", {"name": "Limited"}, expect=201).json
    client = Client(own, made["key"])
    yield made["id"], client
    client.close()


def test_a_key_may_burst_and_is_then_told_when_to_come_back(own, key):
    key_id, client = key
    updated = own.owner.put(f"/api/v1/api-keys/{key_id}", {"requestsPerMinute": 3}).json
    assert updated["requestsPerMinute"] == 3 and updated["spendCap"] is None
    for left in (2, 1, 0):
        answer = client.get("/api/v1/prompts")
        assert answer.headers["x-ratelimit-limit"] == "3" and answer.headers["x-ratelimit-remaining"] == str(left)
    refused = client.get("/api/v1/prompts", expect=429)
    assert refused.error["code"] == "RATE_LIMITED" and "Limited" in refused.error["message"]
    assert 1 <= int(refused.headers["retry-after"]) <= 20
    assert refused.headers["x-ratelimit-remaining"] == "0" and 41 <= int(refused.headers["x-ratelimit-reset"]) <= 60
    metrics = client.send("GET", "/metrics").body.decode()
    assert 'tracia_requests_limited_total{reason="rate_limit"}' in metrics


def test_every_door_is_limited_and_answers_in_its_own_form(own, key, span_body):
    key_id, client = key
    own.owner.put(f"/api/v1/api-keys/{key_id}", {"requestsPerMinute": 1})
    client.get("/api/v1/prompts")
    assert client.post("/api/v1/spans", span_body(), expect=429).error["code"] == "RATE_LIMITED"
    body = {"content": [{"id": "m", "role": "user", "content": "Hi"}], "provider": "openai", "model": "gpt-4o"}
    client.post("/api/v1/run", body, expect=429)
    chat = client.post("/v1/chat/completions", {"model": "gpt-4o", "messages": []}, expect=429)
    assert chat.error["code"] == "rate_limit_exceeded" and chat.headers["retry-after"]
    otlp = client.send("POST", "/v1/traces", b"{}", {"Content-Type": "application/json"})
    assert otlp.status == 429 and otlp.json["code"] == 8 and otlp.headers["retry-after"]


def test_a_limit_is_cleared_by_null_and_others_are_not_touched(own, key):
    key_id, client = key
    own.owner.put(f"/api/v1/api-keys/{key_id}",
                  {"requestsPerMinute": 1, "spendCap": {"usd": "5", "period": "month"}})
    cleared = own.owner.put(f"/api/v1/api-keys/{key_id}", {"requestsPerMinute": None}).json
    assert cleared["requestsPerMinute"] is None and cleared["spendCap"] == {"usd": "5", "period": "month"}
    renamed = own.owner.put(f"/api/v1/api-keys/{key_id}", {"name": "Renamed"}).json
    assert renamed["name"] == "Renamed" and renamed["spendCap"]["usd"] == "5"
    for _ in range(5):
        assert "x-ratelimit-limit" not in client.get("/api/v1/prompts").headers
    listed = {k["id"]: k for k in own.owner.get("/api/v1/api-keys").json["apiKeys"]}
    assert listed[key_id] | {"lastUsedAt": None} == renamed | {"lastUsedAt": None}


def test_other_keys_and_members_are_not_slowed_down(own, key):
    key_id, client = key
    own.owner.put(f"/api/v1/api-keys/{key_id}", {"requestsPerMinute": 1})
    client.get("/api/v1/prompts")
    client.get("/api/v1/prompts", expect=429)
    Client(own, KEY).get("/api/v1/prompts")
    own.owner.get("/api/v1/prompts")


@pytest.mark.parametrize("change,field", [
    ({"requestsPerMinute": 0}, "requestsPerMinute"), ({"requestsPerMinute": "60"}, "requestsPerMinute"),
    ({"requestsPerMinute": 1000001}, "requestsPerMinute"), ({"name": ""}, "name"), ({"name": 7}, "name"),
    ({"spendCap": {"usd": 5, "period": "day"}}, "spendCap.usd"),
    ({"spendCap": {"usd": "-1", "period": "day"}}, "spendCap.usd"),
    ({"spendCap": {"usd": "5", "period": "year"}}, "spendCap.period"), ({"spendCap": "5"}, "spendCap")])
def test_what_is_wrong_is_named(own, key, change, field):
    assert own.owner.put(f"/api/v1/api-keys/{key[0]}", change, expect=400).error["message"].startswith(field)


def test_a_key_sees_its_own_use_and_a_member_everybodys(own, key):
    key_id, client = key
    assert [k["id"] for k in client.get("/api/v1/usage").json["apiKeys"]] == [key_id]
    seen = own.owner.get("/api/v1/usage").json
    assert key_id in [k["id"] for k in seen["apiKeys"]] and len(seen["apiKeys"]) > 1
    assert seen["project"]["day"]["resetsAt"] <= seen["project"]["month"]["resetsAt"]


def test_only_admins_change_limits(own, key):
    key_id, client = key
    client.put(f"/api/v1/api-keys/{key_id}", {"requestsPerMinute": None}, expect=403)
    project = client.get("/api/v1/projects").json["projects"][0]["id"]
    client.put(f"/api/v1/projects/{project}/limits", {"spendCap": None}, expect=403)
    own.owner.put("/api/v1/api-keys/key_0123456789abcdef", {"name": "x"}, expect=404)
    own.owner.put("/api/v1/projects/prj_0123456789abcdef/limits", {"spendCap": None}, expect=404)
    other = own.owner.post("/api/v1/projects", {"name": "Elsewhere"}, expect=201).json["id"]
    client.get(f"/api/v1/projects/{other}/limits", expect=404)
    own.owner.delete(f"/api/v1/api-keys/{key_id}")
    own.owner.put(f"/api/v1/api-keys/{key_id}", {"name": "x"}, expect=409)
