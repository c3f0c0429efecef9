"""The audit log: who changed what, and nothing that is secret."""

import pytest

import harness
from harness import Client, Member, token_of


@pytest.fixture
def fresh(simulator, tmp_path):
    with harness.Server(tmp_path / "d", simulator.url) as server:
        yield server


@pytest.fixture
def owner(fresh):
    return Member.set_up(fresh)


def events(owner, **query):
    return owner.get("/api/v1/audit", **query).json["events"]


def actions(owner, **query):
    return [event["action"] for event in reversed(events(owner, **query))]


def test_signing_in_is_recorded_also_when_it_fails(fresh, owner):
    Member.log_in(fresh)
    wrong = {"email": "owner@example.com", "password": "wrong wrong wrong"}
    Member(fresh).post("/api/v1/auth/login", wrong, expect=401)
    Member(fresh).post("/api/v1/auth/login", {"email": "my secret password", "password": "x"}, expect=401)
    found = events(owner)
    assert [e["action"] for e in found] == ["login.failed", "login.failed", "login", "server.setup"]
    assert found[2]["actor"] == {"kind": "member", "id": owner.id, "name": "Olga Owner"}
    assert found[1]["target"] == "owner@example.com" and found[1]["actor"]["id"] is None
    assert found[0]["target"] == ""  # no email: it may be a password
    assert found[0]["peer"] == "127.0.0.1" and found[0]["requestId"]
    assert "wrong wrong" not in str(found)


def test_changes_are_recorded_with_who_did_them_and_without_texts(fresh, owner, simulator):
    key = Client(fresh)
    body = {"name": "P", "slug": "p", "content": [{"id": "m", "role": "user", "content": "a secret recipe"}]}
    key.post("/api/v1/prompts", body, expect=201)
    owner.put("/api/v1/prompts/p", {"content": [{"id": "m", "role": "user", "content": "another recipe"}]})
    owner.put("/api/v1/prompts/p/labels/production", {"version": 2})
    owner.delete("/api/v1/prompts/p/labels/production")
    owner.post("/api/v1/prompts/p/versions/1/restore", {})
    owner.post("/api/v1/connections", {"name": "openai", "protocol": "openai", "key": "sk-" + "s" * 40}, expect=201)
    made = owner.post("/api/v1/api-keys", {"name": "CI"}, expect=201).json
    owner.delete(f"/api/v1/api-keys/{made['id']}")
    owner.post("/api/v1/projects", {"name": "Second"}, expect=201)
    owner.delete("/api/v1/prompts/p")
    assert actions(owner) == ["server.setup", "prompt.create", "prompt.update", "label.move", "label.delete",
                              "prompt.restore", "connection.create", "key.create", "key.revoke", "project.create",
                              "prompt.delete"]
    found = {event["action"]: event for event in events(owner)}
    assert found["prompt.create"]["actor"]["kind"] == "key" and found["prompt.create"]["actor"]["name"] == "Bootstrap key"
    assert found["prompt.create"]["projectId"] == owner.get("/api/v1/projects").json["projects"][0]["id"]
    assert found["label.move"]["target"] == "p" and found["label.move"]["detail"]["version"] == 2
    assert found["key.create"]["target"] == made["id"] and found["key.create"]["detail"] == {"name": "CI"}
    text = str(events(owner))
    for secret in ("recipe", "ssss", made["key"][3:]):
        assert secret not in text
    key.close()


def test_what_is_refused_is_not_recorded(fresh, owner):
    key = Client(fresh)
    key.post("/api/v1/api-keys", {"name": "k"}, expect=403)
    key.post("/api/v1/prompts", {"name": ""}, expect=400)
    owner.delete("/api/v1/prompts/none", expect=404)
    assert actions(owner) == ["server.setup"]
    key.close()


def test_people_are_recorded(fresh, owner):
    editor = Member.join(fresh, owner, "editor", "ed@example.com")
    made = owner.post(f"/api/v1/members/{editor.id}/password-reset-link", expect=201).json
    owner.put(f"/api/v1/members/{editor.id}", {"role": "viewer"})
    owner.delete(f"/api/v1/members/invitations/{made['invitation']['id']}")
    owner.delete(f"/api/v1/members/{editor.id}")
    assert actions(owner) == ["server.setup", "member.invite", "invitation.accept", "member.password_link",
                              "member.update", "invitation.revoke", "member.remove"]
    found = {event["action"]: event for event in events(owner)}
    assert found["member.invite"]["target"] == "ed@example.com"
    assert found["member.update"]["detail"] == {"role": "viewer"}
    assert found["invitation.accept"]["actor"]["id"] == editor.id
    assert token_of(made["link"]) not in str(found)


def test_experiments_and_spans_are_recorded(fresh, owner, span_body):
    body = {"name": "P", "slug": "p", "content": [{"id": "m", "role": "user", "content": "hi"}], "provider": "openai",
            "model": "gpt-4o"}
    owner.post("/api/v1/prompts", body, expect=201)
    path = "/api/v1/prompts/p/experiments"
    made = owner.post(path, {"name": "E", "variants": [{"key": "a", "version": 1}, {"key": "b", "version": 1}]},
                      expect=201).json
    for move in ("start", "pause", "stop"):
        owner.post(f"{path}/{made['id']}/{move}")
    owner.delete(f"{path}/{made['id']}")
    span = span_body()
    owner.post("/api/v1/spans", span, expect=201)
    owner.delete(f"/api/v1/spans/{span['spanId']}")
    assert actions(owner)[2:] == ["experiment.create", "experiment.start", "experiment.pause", "experiment.stop",
                                  "experiment.delete", "spans.delete"]
    assert events(owner, action="experiment.start")[0]["detail"] == {"prompt": "p"}


def test_the_log_is_found_by_actor_action_and_time_and_read_in_pages(fresh, owner):
    key = Client(fresh)
    for n in range(5):
        key.post("/api/v1/prompts", {"name": "P", "slug": f"p{n}",
                                     "content": [{"id": "m", "role": "user", "content": "hi"}]}, expect=201)
    key.close()
    everything = events(owner)
    assert len(everything) == 6
    assert len(events(owner, actor=owner.id)) == 1
    assert len(events(owner, action="prompt.create")) == 5
    assert events(owner, actor=owner.id, action="prompt.create") == []
    newest, oldest = everything[0]["time"], everything[-1]["time"]
    assert all(event["time"] >= newest for event in events(owner, **{"from": newest}))
    assert events(owner, to=oldest) == []
    seen, cursor = [], None
    while True:
        page = owner.get("/api/v1/audit", limit=2, cursor=cursor).json
        seen += page["events"]
        cursor = page["nextCursor"]
        if not cursor:
            break
    assert seen == everything
    owner.get("/api/v1/audit", cursor="nonsense", expect=400)
    owner.get("/api/v1/audit", limit=0, expect=400)
    assert "from" in owner.get("/api/v1/audit", expect=400, **{"from": "yesterday"}).error["message"]


def test_the_log_outlives_a_restart(simulator, tmp_path):
    with harness.Server(tmp_path / "d", simulator.url) as server:
        owner = Member.set_up(server)
        server.stop()
    with harness.Server(tmp_path / "d", simulator.url) as server:
        assert actions(Member(server, owner.cookie, owner.csrf)) == ["server.setup"]
