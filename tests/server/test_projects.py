"""Deleting a project: everything in it goes, at once for those who use it and in the end from the disk, and nothing else."""

import http.client
import json
import re
import secrets
import urllib.parse

import pytest

import harness
from harness import Client, Member, wait_until


@pytest.fixture
def fresh(simulator, tmp_path):
    with harness.Server(tmp_path / "d", simulator.url, "--allow-private-upstreams") as server:
        yield server


@pytest.fixture
def owner(fresh):
    return Member.set_up(fresh)


def make_project(owner, name="Second"):
    """A second project: its id, and a client with a key of it. The owner is left in the first one."""
    project = owner.post("/api/v1/projects", {"name": name}, expect=201).json["id"]
    inside = Member(owner.server, owner.cookie, owner.csrf, project)
    key = inside.post("/api/v1/api-keys", {"name": "of it"}, expect=201).json
    return project, Client(owner.server, key["key"]), inside


def delete(by, project, name="Second", expect=200):
    return by.delete(f"/api/v1/projects/{project}", name=name, expect=expect)


def stored_spans(server):
    metrics = Client(server).send("GET", "/metrics").body.decode()
    return int(float(re.search(r"^tracia_spans (\S+)$", metrics, re.M)[1]))


def fill(inside, client, simulator, span_body, marker):
    connection = {"name": "mine", "protocol": "openai", "baseUrl": simulator.url + "/v1", "key": "sk-" + marker}
    inside.post("/api/v1/connections", connection, expect=201)
    inside.put("/api/v1/gateway/aliases/fast", {"targets": [{"provider": "mine", "model": "gpt-4o"}]})
    client.post("/api/v1/prompts", {"name": marker, "slug": "mine", "model": "gpt-4o", "provider": "mine",
                                    "content": [{"id": "m", "role": "user", "content": marker}]}, expect=201)
    client.post("/api/v1/prompts/mine/run", {})
    span = span_body(output=marker)
    client.post("/api/v1/spans", span, expect=201)
    client.post(f"/api/v1/spans/{span['spanId']}/evaluations", {"evaluatorKey": "quality", "value": 1, "note": marker},
                expect=201)


def test_a_project_goes_with_everything_in_it_and_the_others_stay(fresh, owner, simulator, span_body):
    first = Client(fresh)
    kept = span_body(output="kept")
    first.post("/api/v1/spans", kept, expect=201)
    project, client, inside = make_project(owner)
    marker = "gone" + secrets.token_hex(12)
    fill(inside, client, simulator, span_body, marker)
    assert delete(owner, project).json == {"success": True}
    for method, path in (("GET", "/api/v1/prompts"), ("POST", "/api/v1/spans"), ("GET", "/v1/models")):
        assert client.send(method, path).status == 401
    inside.get("/api/v1/prompts", expect=403)
    assert [p["name"] for p in owner.get("/api/v1/projects").json["projects"]] == ["Default"]
    delete(owner, project, expect=404)
    event = owner.get("/api/v1/audit", action="project.delete").json["events"][0]
    assert (event["target"], event["detail"]) == (project, {"name": "Second"})
    wait_until(lambda: stored_spans(fresh) == 1, "the spans of the project to go")
    assert first.get(f"/api/v1/spans/{kept['spanId']}").json["output"] == "kept"
    # A name is free again, and what is made under it is new.
    again, other, _ = make_project(owner)
    assert again != project and other.get("/api/v1/prompts").json["prompts"] == []
    assert fresh.stop() == 0
    assert marker.encode() not in (fresh.data / "control.db").read_bytes()
    assert not (fresh.data / "control.db-wal").exists() or marker.encode() not in (fresh.data / "control.db-wal").read_bytes()


def test_the_name_must_be_given_exactly(owner):
    project, client, _ = make_project(owner)
    assert "name" in owner.delete(f"/api/v1/projects/{project}", expect=400).error["message"]
    for wrong in ("second", "Second ", "", "Default"):
        assert "name" in owner.call("DELETE", f"/api/v1/projects/{project}?name=" + urllib.parse.quote(wrong),
                                    expect=400).error["message"]
    client.get("/api/v1/prompts")


def test_the_first_project_stays(owner):
    first = owner.get("/api/v1/projects").json["projects"][0]
    make_project(owner)
    answer = owner.delete(f"/api/v1/projects/{first['id']}", name=first["name"], expect=409)
    assert "first project" in answer.error["message"]
    Client(owner.server).get("/api/v1/prompts")


def test_only_owners_delete(fresh, owner):
    project, client, _ = make_project(owner)
    admin = Member.join(fresh, owner, "admin", "ann@example.com")
    assert "owner" in delete(admin, project, expect=403).error["message"]
    delete(client, project, expect=403)
    client.get("/api/v1/prompts")


def test_members_lose_it_from_their_list_and_nobody_gains_by_it(fresh, owner):
    project, _, _ = make_project(owner)
    kept, _, _ = make_project(owner, "Third")
    only = Member.join(fresh, owner, "editor", "only@example.com", projects=[project])
    both = Member.join(fresh, owner, "editor", "both@example.com", projects=[project, kept])
    owner.post("/api/v1/members/invitations", {"email": "new@example.com", "role": "viewer", "projectIds": [project]},
               expect=201)
    delete(owner, project)
    only.get("/api/v1/prompts", expect=403)
    assert only.get("/api/v1/auth/session").json["projects"] == []
    assert [p["id"] for p in both.get("/api/v1/auth/session").json["projects"]] == [kept]
    assert owner.get("/api/v1/members/invitations").json["invitations"] == []
    members = {m["email"]: m["projectIds"] for m in owner.get("/api/v1/members").json["members"]}
    assert members["both@example.com"] == [kept] and members["only@example.com"] == [project]
    # Whoever edits them sends the list back: it stays none until a project is given.
    path = f"/api/v1/members/{only.id}"
    assert owner.put(path, {"name": "Only", "projectIds": [project]}).json["projectIds"] == [project]
    only.get("/api/v1/prompts", expect=403)
    assert "projectIds" in owner.put(f"/api/v1/members/{both.id}", {"projectIds": [project]}, expect=400).error["message"]
    assert owner.put(path, {"projectIds": [project, kept]}).json["projectIds"] == [kept]
    only.get("/api/v1/prompts")


def test_a_server_that_is_killed_meanwhile_finishes_at_its_next_start(simulator, tmp_path, span_body):
    with harness.Server(tmp_path / "d", simulator.url) as server:
        owner = Member.set_up(server)
        project, client, _ = make_project(owner)
        for _ in range(4):
            client.post("/api/v1/spans/batch", [span_body() for _ in range(1000)])
        assert stored_spans(server) == 4000
        delete(owner, project)
        server.kill()
    with harness.Server(tmp_path / "d", simulator.url) as server:
        assert Client(server, client.key).send("GET", "/api/v1/prompts").status == 401
        wait_until(lambda: stored_spans(server) == 0, "the spans of the project to go")
        again = Member.log_in(server)
        assert [p["name"] for p in again.get("/api/v1/projects").json["projects"]] == ["Default"]
        assert server.stop() == 0, server.text


def test_a_call_under_way_ends_as_it_would_have_and_is_not_stored(tmp_path):
    with harness.Simulator("--seed", "7", "--chunk-delay", "30ms") as slow:
        with harness.Server(tmp_path / "d", slow.url, "--allow-private-upstreams") as server:
            owner = Member.set_up(server)
            project, client, inside = make_project(owner)
            inside.post("/api/v1/connections", {"name": "mine", "protocol": "openai", "baseUrl": slow.url + "/v1",
                                                "key": "sk-local-0123456789"}, expect=201)
            connection = http.client.HTTPConnection(server.host, server.port, timeout=harness.DEADLINE)
            body = {"provider": "mine", "model": "gpt-4o", "stream": True,
                    "content": [{"id": "m", "role": "user", "content": "Tell me a long story."}]}
            connection.request("POST", "/api/v1/run", json.dumps(body), {"Authorization": f"Bearer {client.key}"})
            response = connection.getresponse()
            begun = response.readline()
            delete(owner, project)
            answer = harness.Answer(response.status, {}, begun + response.read())
            connection.close()
            name, done = answer.events()[-1]
            assert name == "done" and done["text"] and done["spanStored"] is False, answer
            wait_until(lambda: stored_spans(server) == 0, "nothing to be stored")
            assert server.stop() == 0, server.text


# ---- readers that stay


class Tail:
    """GET /api/v1/spans/tail, open until the server ends it."""

    def __init__(self, client):
        self.connection = http.client.HTTPConnection(client.server.host, client.server.port, timeout=harness.DEADLINE)
        headers = {"Authorization": f"Bearer {client.key}"} if client.key else {"Cookie": client.cookie}
        if getattr(client, "project", None):
            headers["X-Tracia-Project"] = client.project
        self.connection.request("GET", "/api/v1/spans/tail", headers=headers)
        self.response = self.connection.getresponse()
        assert self.response.status == 200

    def rest(self):
        """What comes until the server ends it; hangs until DEADLINE, and fails, when it does not."""
        text = self.response.read().decode()
        self.connection.close()
        return text


def test_a_tail_ends_with_the_key_the_session_the_member_and_the_project(fresh, owner, span_body):
    project, client, inside = make_project(owner)
    kept, _, _ = make_project(owner, "Third")
    key = inside.get("/api/v1/api-keys").json["apiKeys"][0]["id"]
    second = inside.post("/api/v1/api-keys", {"name": "other"}, expect=201).json["key"]
    moved = Member.join(fresh, owner, "viewer", "moved@example.com", projects=[project])
    removed = Member.join(fresh, owner, "viewer", "removed@example.com")
    left = Member.join(fresh, owner, "viewer", "left@example.com")

    by_key = Tail(client)
    inside.delete(f"/api/v1/api-keys/{key}")
    Client(fresh, second).post("/api/v1/spans", span_body(output="after the key"), expect=201)
    assert "span" not in by_key.rest()

    by_moved, by_removed, by_left = Tail(moved), Tail(removed), Tail(left)
    owner.put(f"/api/v1/members/{moved.id}", {"projectIds": [kept]})
    owner.delete(f"/api/v1/members/{removed.id}")
    left.post("/api/v1/auth/logout")
    for tail in (by_moved, by_removed, by_left):
        tail.rest()

    of_project = Tail(Client(fresh, second))
    delete(owner, project)
    of_project.rest()
