"""The owner's account, sessions, projects and API keys, as a browser uses them; and the page at `/`."""

import re
import secrets

import pytest

import harness
from harness import Client, Member


@pytest.fixture
def fresh(simulator, tmp_path):
    with harness.Server(tmp_path / "d", simulator.url) as server:
        yield server


def test_the_first_start_prints_a_setup_link_that_works_once(fresh):
    anonymous = Member(fresh)
    assert anonymous.get("/api/v1/auth/session", expect=401).error["setupRequired"] is True
    owner = Member.set_up(fresh)
    session = owner.get("/api/v1/auth/session").json
    assert session["member"]["email"] == "owner@example.com" and session["member"]["role"] == "owner"
    assert session["projects"][0]["name"]
    token = harness.setup_token(fresh)
    body = {"token": token, "email": "b@example.com", "name": "B", "password": "b" * 12}
    assert anonymous.post("/api/v1/auth/setup", body, expect=403).error["code"] == "FORBIDDEN"
    assert anonymous.get("/api/v1/auth/session", expect=401).error["setupRequired"] is False


def test_a_wrong_setup_token_is_refused(fresh):
    body = {"token": "x" * 43, "email": "b@example.com", "name": "B", "password": "b" * 12}
    Member(fresh).post("/api/v1/auth/setup", body, expect=403)


@pytest.mark.parametrize("change,field", [({"password": "short"}, "password"), ({"email": "nobody"}, "email"),
                                          ({"name": ""}, "name"), ({"password": None}, "password")])
def test_setup_names_what_is_wrong(fresh, change, field):
    token = harness.setup_token(fresh)
    body = {"token": token, "email": "b@example.com", "name": "B", "password": "b" * 12} | change
    assert field in Member(fresh).post("/api/v1/auth/setup", body, expect=400).error["message"]


def test_the_account_outlives_a_restart_and_the_password_is_nowhere(simulator, tmp_path):
    data = tmp_path / "d"
    with harness.Server(data, simulator.url) as server:
        owner = Member.set_up(server)
        assert server.stop() == 0
        assert Member.PASSWORD not in server.text
    with harness.Server(data, simulator.url) as server:
        assert "setup?token" not in server.text
        again = Member(server, owner.cookie, owner.csrf)
        assert again.get("/api/v1/auth/session").json["member"]["email"] == "owner@example.com"
        Member.log_in(server)
        server.stop()
    for file in data.rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            for secret in (Member.PASSWORD, owner.cookie.split("=")[1], harness.KEY):
                assert secret.encode() not in content, file


def test_the_cookie_is_for_this_site_and_not_for_scripts(fresh):
    owner = Member.set_up(fresh)
    attributes = [a.strip().lower() for a in owner.set_cookie.split(";")[1:]]
    assert "httponly" in attributes and "path=/" in attributes
    assert any(a in ("samesite=lax", "samesite=strict") for a in attributes)
    assert "secure" not in attributes  # plain HTTP on loopback


def test_a_change_by_cookie_needs_the_csrf_token(fresh):
    owner = Member.set_up(fresh)
    owner.post("/api/v1/projects", {"name": "One"}, expect=201)
    for csrf in ("", secrets.token_urlsafe(32)):
        forged = Member(fresh, owner.cookie, csrf)
        answer = forged.send("POST", "/api/v1/projects", {"name": "Two"})
        assert answer.status == 403 and answer.error["code"] == "FORBIDDEN"
    assert [p["name"] for p in owner.get("/api/v1/projects").json["projects"]][1:] == ["One"]


def test_failed_logins_are_slowed_down(fresh):
    Member.set_up(fresh)
    anonymous = Member(fresh)
    statuses = []
    for n in range(8):
        answer = anonymous.send("POST", "/api/v1/auth/login", {"email": "owner@example.com", "password": f"wrong wrong {n}"})
        statuses.append(answer.status)
        if answer.status == 401:
            assert answer.error["message"] == "Wrong email or password"
        else:
            assert int(answer.headers["retry-after"]) >= 1
    assert statuses[0] == 401 and statuses[-1] == 429
    unknown = Member(fresh)
    assert unknown.send("POST", "/api/v1/auth/login", {"email": "x@example.com", "password": "y" * 12}).status in (401, 429)


def test_logout_and_a_new_password_end_sessions(fresh):
    first = Member.set_up(fresh)
    second = Member.log_in(fresh)
    stale = Member(fresh, first.cookie, first.csrf)
    second.post("/api/v1/auth/password", {"current": "wrong wrong wrong", "new": "n" * 12}, expect=400)
    second.enter(second.post("/api/v1/auth/password", {"current": Member.PASSWORD, "new": "new password 1"}))
    stale.get("/api/v1/auth/session", expect=401)
    second.get("/api/v1/auth/session")
    second.post("/api/v1/auth/logout")
    second.get("/api/v1/auth/session", expect=401)
    Member.log_in(fresh, password="new password 1")


def test_keys_are_made_listed_and_revoked(fresh):
    owner = Member.set_up(fresh)
    made = owner.post("/api/v1/api-keys", {"name": "CI"}, expect=201).json
    client = Client(fresh, made["key"])
    client.get("/api/v1/prompts")
    listed = owner.get("/api/v1/api-keys").json["apiKeys"]
    assert [k["name"] for k in listed][-1] == "CI" and all("key" not in k for k in listed)
    assert listed[-1]["prefix"] == made["key"][:11]
    client.post("/api/v1/api-keys", {"name": "more"}, expect=403)  # a key cannot make keys
    owner.delete(f"/api/v1/api-keys/{made['id']}")
    client.get("/api/v1/prompts", expect=401)
    assert owner.get("/api/v1/api-keys").json["apiKeys"][-1]["revokedAt"]
    owner.delete("/api/v1/api-keys/key_0000000000000000", expect=404)


def test_projects_are_apart_for_their_member_too(fresh, span_body):
    owner = Member.set_up(fresh)
    project = owner.post("/api/v1/projects", {"name": "Second"}, expect=201).json
    owner.post("/api/v1/projects", {"name": "Second"}, expect=409)
    assert owner.put(f"/api/v1/projects/{project['id']}", {"name": "Renamed"}).json["name"] == "Renamed"
    body = span_body()
    Client(fresh).post("/api/v1/spans", body, expect=201)
    owner.get(f"/api/v1/spans/{body['spanId']}")
    inside = Member(fresh, owner.cookie, owner.csrf, project["id"])
    inside.get(f"/api/v1/spans/{body['spanId']}", expect=404)
    key = inside.post("/api/v1/api-keys", {"name": "k"}, expect=201).json["key"]
    assert [p["id"] for p in Client(fresh, key).get("/api/v1/projects").json["projects"]] == [project["id"]]
    nowhere = Member(fresh, owner.cookie, owner.csrf, "prj_ffffffffffffffff")
    assert nowhere.send("GET", "/api/v1/prompts").status in (403, 404)


def test_members_author_versions(fresh):
    owner = Member.set_up(fresh)
    body = {"name": "P", "slug": "p", "content": [{"id": "m", "role": "user", "content": "hi"}]}
    made = owner.post("/api/v1/prompts", body, expect=201).json
    assert made["versions"][0]["author"] in ("Olga Owner", "owner@example.com")


def test_the_catalog_has_prices(api):
    models = {(m["provider"], m["model"]): m for m in api.get("/api/v1/models").json["models"]}
    assert models[("openai", "gpt-4o")]["prices"][0]["input"] == 2.5


# ---- connections


def test_a_connection_is_used_and_its_key_is_never_answered(fresh, simulator):
    Client(fresh).post("/api/v1/connections", {"name": "openai", "protocol": "openai"}, expect=403)
    client = Member.set_up(fresh)
    secret = "sk-" + secrets.token_hex(20)
    body = {"name": "local-vllm", "protocol": "openai", "baseUrl": simulator.url + "/v1", "key": secret}
    refused = client.post("/api/v1/connections", body, expect=400).error
    assert "private" in refused["message"] or "allow" in refused["message"]
    made = client.post("/api/v1/connections", {"name": "openai", "protocol": "openai", "key": secret}, expect=201)
    assert secret not in made.body.decode() and made.json["hasKey"] is True
    path = f"/api/v1/connections/{made.json['id']}"
    assert client.get(path).json["name"] == "openai"
    assert client.put(path, {"name": "openai", "protocol": "openai"}).json["hasKey"] is True
    assert secret not in client.get("/api/v1/connections").body.decode()
    client.post("/api/v1/connections", {"name": "OpenAI", "protocol": "openai"}, expect=409)
    client.delete(path)
    client.get(path, expect=404)
    for file in fresh.data.rglob("*"):
        if file.is_file():
            assert secret.encode() not in file.read_bytes(), file


def test_a_private_endpoint_under_its_own_name(simulator, tmp_path):
    with harness.Server(tmp_path / "d", simulator.url, "--allow-private-upstreams") as server:
        client = Member.set_up(server)
        made = client.post("/api/v1/connections", {"name": "my-vllm", "protocol": "openai", "baseUrl": simulator.url + "/v1",
                                                   "key": "sk-local-0123456789"}, expect=201).json
        tested = client.post(f"/api/v1/connections/{made['id']}/test", {"model": "llama-3"}).json
        assert tested["ok"] is True
        run = client.post("/api/v1/run", {"provider": "my-vllm", "model": "llama-3",
                                          "content": [{"id": "m", "role": "user", "content": "hi"}]}).json
        assert run["text"] and run["costStatus"] == "unknown" and run["cost"] == 0
        span = client.get(f"/api/v1/spans/{run['spanId']}").json
        assert span["provider"] == "my-vllm" and span["cost"] is None


def test_the_environments_providers_are_named_in_the_first_project_only_and_without_their_keys(fresh):
    client = Member.set_up(fresh)
    answer = client.get("/api/v1/connections")
    named = [one["provider"] for one in answer.json["environment"]]
    assert named == ["openai", "anthropic", "google", "amazon_bedrock", "voyage"]
    assert {one["source"] for one in answer.json["environment"]} == {"environment"}
    for key in harness.provider_environment("").values():
        assert len(key) < 20 or key.encode() not in answer.body
    client.project = client.post("/api/v1/projects", {"name": "Second"}, expect=201).json["id"]
    assert client.get("/api/v1/connections").json["environment"] == []


# ---- the page


def test_the_page_is_strict_and_self_contained(fresh):
    client = Client(fresh, key=None)
    page = client.send("GET", "/")
    assert page.status == 200 and page.headers["content-type"].startswith("text/html")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe-inline" not in policy
    assert page.headers["x-content-type-options"] == "nosniff"
    assert not re.search(rb"(?:src|href)=[\"']https?://", page.body)
    for link in re.findall(rb"(?:src|href)=\"(/[\w./-]+\.(?:js|css|svg))\"", page.body):
        asset = client.send("GET", link.decode(), headers={"Accept-Encoding": "br, gzip"})
        assert asset.status == 200 and asset.headers["content-encoding"] == "br"
        etag = asset.headers["etag"]
        again = client.send("GET", link.decode(), headers={"If-None-Match": etag, "Accept-Encoding": "br, gzip"})
        assert again.status == 304
    client.close()
