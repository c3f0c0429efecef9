"""Members: invitations by link, roles, projects that may be entered, and who may not be lost."""

import re
import secrets
import subprocess

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


def invite(by, email="ed@example.com", role="editor", expect=201, **more):
    return by.post("/api/v1/members/invitations", {"email": email, "role": role, **more}, expect=expect)


def accept(server, token, expect=200, **changes):
    body = {"token": token, "name": "Ed", "password": Member.PASSWORD} | changes
    return Member(server).post("/api/v1/auth/accept-invitation", body, expect=expect)


# ---- invitations


def test_an_invitation_shows_what_it_is_and_makes_a_member_once(fresh, owner):
    made = invite(owner).json
    assert re.fullmatch(fresh.url + r"/invite#token=[\w-]{43}", made["link"])
    token = token_of(made["link"])
    shown = Member(fresh).post("/api/v1/auth/invitation", {"token": token}).json
    assert (shown["email"], shown["role"], shown["invitedBy"]) == ("ed@example.com", "editor", "Olga Owner")
    assert shown["purpose"] == "join" and shown["expiresAt"] == made["invitation"]["expiresAt"]
    assert [i["id"] for i in owner.get("/api/v1/members/invitations").json["invitations"]] == [made["invitation"]["id"]]
    editor = Member(fresh)
    editor.enter(accept(fresh, token))
    session = editor.get("/api/v1/auth/session").json
    assert session["member"]["role"] == "editor" and session["member"]["name"] == "Ed"
    accept(fresh, token, expect=403, name="Eve")
    Member(fresh).post("/api/v1/auth/invitation", {"token": token}, expect=403)
    assert [m["email"] for m in owner.get("/api/v1/members").json["members"]] == ["owner@example.com", "ed@example.com"]
    assert owner.get("/api/v1/members/invitations").json["invitations"] == []
    Member.log_in(fresh, "ED@example.com")
    invite(owner, email="ed@EXAMPLE.com", expect=409)


def test_the_token_is_nowhere_on_disk_nor_in_the_log(simulator, tmp_path):
    with harness.Server(tmp_path / "d", simulator.url) as server:
        made = invite(Member.set_up(server))
        token = token_of(made.json["link"])
        assert "token" not in made.json["invitation"]
        server.stop()
        assert token not in server.text
    for file in (tmp_path / "d").rglob("*"):
        if file.is_file():
            assert token.encode() not in file.read_bytes(), file


def test_a_revoked_or_replaced_invitation_is_dead(fresh, owner):
    first, second = invite(owner).json, invite(owner).json
    accept(fresh, token_of(first["link"]), expect=403)
    owner.delete(f"/api/v1/members/invitations/{second['invitation']['id']}")
    owner.delete(f"/api/v1/members/invitations/{second['invitation']['id']}", expect=404)
    accept(fresh, token_of(second["link"]), expect=403)


def test_who_guesses_tokens_is_slowed_down(fresh, owner):
    statuses = []
    for _ in range(8):
        answer = Member(fresh).send("POST", "/api/v1/auth/invitation", {"token": secrets.token_urlsafe(32)})
        statuses.append(answer.status)
    assert statuses[0] == 403 and statuses[-1] == 429
    assert int(answer.headers["retry-after"]) >= 1


@pytest.mark.parametrize("change,field", [({"email": "nobody"}, "email"), ({"role": "king"}, "role"), ({"role": None}, "role"),
                                          ({"projectIds": "all"}, "projectIds"),
                                          ({"projectIds": ["prj_0000000000000000"]}, "projectIds")])
def test_an_invitation_names_what_is_wrong(owner, change, field):
    body = {"email": "ed@example.com", "role": "editor"} | change
    assert field in owner.post("/api/v1/members/invitations", body, expect=400).error["message"]


def test_an_accepted_invitation_needs_a_name_and_a_good_password(fresh, owner):
    token = token_of(invite(owner).json["link"])
    assert "name" in accept(fresh, token, name=None, expect=400).error["message"]
    assert "password" in accept(fresh, token, password="short", expect=400).error["message"]
    accept(fresh, token)


# ---- roles


def test_nobody_gives_a_role_above_their_own_nor_touches_whom_they_do_not_reach(fresh, owner):
    admin = Member.join(fresh, owner, "admin", "ann@example.com")
    assert "owner" in invite(admin, role="owner", expect=403).error["message"]
    editor = Member.join(fresh, admin, "editor", "ed@example.com")
    admin.put(f"/api/v1/members/{editor.id}", {"role": "owner"}, expect=403)
    admin.put(f"/api/v1/members/{admin.id}", {"role": "owner"}, expect=403)
    for body in ({"role": "viewer"}, {"disabled": True}, {"name": "X"}):
        admin.put(f"/api/v1/members/{owner.id}", body, expect=403)
    admin.delete(f"/api/v1/members/{owner.id}", expect=403)
    admin.post(f"/api/v1/members/{owner.id}/password-reset-link", expect=403)
    assert admin.put(f"/api/v1/members/{editor.id}", {"role": "admin"}).json["role"] == "admin"


def test_a_member_changes_their_own_name_and_nothing_else(fresh, owner):
    viewer = Member.join(fresh, owner, "viewer", "vera@example.com")
    assert viewer.put(f"/api/v1/members/{viewer.id}", {"name": "Vera V."}).json["name"] == "Vera V."
    refused = viewer.put(f"/api/v1/members/{viewer.id}", {"role": "editor"}, expect=403)
    assert "admin" in refused.error["message"]
    viewer.put(f"/api/v1/members/{owner.id}", {"name": "X"}, expect=403)
    viewer.put(f"/api/v1/members/{viewer.id}", {"name": ""}, expect=400)
    viewer.put(f"/api/v1/members/{viewer.id}", {}, expect=400)


def test_a_role_counts_at_once(fresh, owner):
    member = Member.join(fresh, owner, "viewer", "vera@example.com")
    body = {"name": "P", "slug": "p", "content": [{"id": "m", "role": "user", "content": "hi"}]}
    refused = member.post("/api/v1/prompts", body, expect=403)
    assert "editor" in refused.error["message"]
    owner.put(f"/api/v1/members/{member.id}", {"role": "editor"})
    member.post("/api/v1/prompts", body, expect=201)


def test_the_last_owner_stays(fresh, owner):
    path = f"/api/v1/members/{owner.id}"
    owner.put(path, {"role": "admin"}, expect=409)
    owner.put(path, {"disabled": True}, expect=409)
    owner.delete(path, expect=409)
    second = Member.join(fresh, owner, "owner", "two@example.com")
    owner.put(f"/api/v1/members/{second.id}", {"disabled": True})
    owner.delete(path, expect=409)  # a disabled owner is none
    owner.put(f"/api/v1/members/{second.id}", {"disabled": False})
    owner.put(path, {"role": "admin"})
    assert owner.get("/api/v1/auth/session").json["member"]["role"] == "admin"


def test_a_disabled_member_is_signed_out_and_may_come_back(fresh, owner):
    editor = Member.join(fresh, owner, "editor", "ed@example.com")
    assert owner.put(f"/api/v1/members/{editor.id}", {"disabled": True}).json["disabled"] is True
    editor.get("/api/v1/auth/session", expect=401)
    body = {"email": "ed@example.com", "password": Member.PASSWORD}
    assert "disabled" in Member(fresh).post("/api/v1/auth/login", body, expect=403).error["message"]
    owner.put(f"/api/v1/members/{editor.id}", {"disabled": False})
    editor.get("/api/v1/auth/session", expect=401)
    Member.log_in(fresh, "ed@example.com")


def test_a_removed_member_is_gone_with_their_links(fresh, owner):
    admin = Member.join(fresh, owner, "admin", "ann@example.com")
    back_door = invite(admin, email="ann2@example.com", role="admin").json
    owner.delete(f"/api/v1/members/{admin.id}")
    admin.get("/api/v1/auth/session", expect=401)
    accept(fresh, token_of(back_door["link"]), expect=403)
    owner.delete(f"/api/v1/members/{admin.id}", expect=404)
    Member.join(fresh, owner, "viewer", "ann@example.com")


def test_who_loses_a_role_loses_the_links_they_made(fresh, owner):
    admin = Member.join(fresh, owner, "admin", "ann@example.com")
    link = invite(admin, email="ann2@example.com", role="admin").json["link"]
    owner.put(f"/api/v1/members/{admin.id}", {"role": "viewer"})
    accept(fresh, token_of(link), expect=403)


# ---- passwords


def test_a_link_sets_a_new_password_once_and_ends_sessions(fresh, owner):
    editor = Member.join(fresh, owner, "editor", "ed@example.com")
    made = owner.post(f"/api/v1/members/{editor.id}/password-reset-link", expect=201).json
    assert made["invitation"]["purpose"] == "password"
    editor.get("/api/v1/auth/session")  # nothing has changed yet
    token = token_of(made["link"])
    assert Member(fresh).post("/api/v1/auth/invitation", {"token": token}).json["purpose"] == "password"
    accept(fresh, token, name=None, password="another password")
    editor.get("/api/v1/auth/session", expect=401)
    accept(fresh, token, name=None, password="another password", expect=403)
    Member(fresh).post("/api/v1/auth/login", {"email": "ed@example.com", "password": Member.PASSWORD}, expect=401)
    again = Member.log_in(fresh, "ed@example.com", "another password")
    assert again.id == editor.id
    owner.post("/api/v1/members/mem_0000000000000000/password-reset-link", expect=404)


# ---- projects


def test_who_runs_the_server_gives_an_owner_a_way_back_in(simulator, tmp_path):
    def password_link(email, *more):
        return subprocess.run([str(harness.BINARY), "members", "password-link", email, "--data", tmp_path / "d", *more],
                              capture_output=True, text=True, timeout=harness.DEADLINE)

    with harness.Server(tmp_path / "d", simulator.url) as server:
        owner = Member.set_up(server)
        running = password_link("OWNER@example.com", "--url", server.url + "/")
        assert running.returncode == 0, running.stderr
        token = token_of(running.stdout.strip())
        assert running.stdout == f"{server.url}/invite#token={token}\n"
        shown = Member(server).post("/api/v1/auth/invitation", {"token": token}).json
        assert (shown["purpose"], shown["invitedBy"]) == ("password", "")
        owner.get("/api/v1/auth/session")  # nothing changes before it is followed
        assert accept(server, token, password="a whole new password").status == 200
        owner.get("/api/v1/auth/session", expect=401)
        unknown = password_link("nobody@example.com")
        assert unknown.returncode != 0 and "nobody@example.com" in unknown.stderr
    stopped = password_link("owner@example.com")
    assert stopped.returncode == 0, stopped.stderr
    with harness.Server(tmp_path / "d", simulator.url) as server:
        assert accept(server, token_of(stopped.stdout.strip()), password="yet another password").status == 200


def test_a_member_of_some_projects_enters_no_other(fresh, owner):
    second = owner.post("/api/v1/projects", {"name": "Second"}, expect=201).json["id"]
    first = owner.get("/api/v1/projects").json["projects"][0]["id"]
    editor = Member.join(fresh, owner, "editor", "ed@example.com", projects=[second])
    assert [p["id"] for p in editor.get("/api/v1/projects").json["projects"]] == [second]
    assert [p["id"] for p in editor.get("/api/v1/auth/session").json["projects"]] == [second]
    body = {"name": "P", "slug": "p", "content": [{"id": "m", "role": "user", "content": "hi"}]}
    editor.post("/api/v1/prompts", body, expect=201)  # without a header: the one they may enter
    editor.project = first
    editor.get("/api/v1/prompts", expect=403)
    owner.project = second
    assert [p["slug"] for p in owner.get("/api/v1/prompts").json["prompts"]] == ["p"]
    owner.put(f"/api/v1/members/{editor.id}", {"projectIds": []})
    editor.get("/api/v1/prompts")


def test_an_admin_of_some_projects_administers_those_only(fresh, owner):
    second = owner.post("/api/v1/projects", {"name": "Second"}, expect=201).json["id"]
    first = owner.get("/api/v1/projects").json["projects"][0]["id"]
    admin = Member.join(fresh, owner, "admin", "ann@example.com", projects=[second])
    admin.post("/api/v1/api-keys", {"name": "k"}, expect=201)
    admin.put(f"/api/v1/projects/{second}", {"name": "Renamed"})
    admin.put(f"/api/v1/projects/{first}", {"name": "Mine"}, expect=404)
    admin.post("/api/v1/projects", {"name": "Third"}, expect=403)
    for path in ("/api/v1/members", "/api/v1/members/invitations", "/api/v1/audit"):
        admin.get(path, expect=403)
    invite(admin, expect=403)
    admin.put(f"/api/v1/members/{admin.id}", {"projectIds": []}, expect=403)
    admin.put(f"/api/v1/members/{admin.id}", {"name": "Ann"})


def test_an_owner_enters_every_project(fresh, owner):
    project = owner.get("/api/v1/projects").json["projects"][0]["id"]
    invite(owner, role="owner", projectIds=[project], expect=400)
    admin = Member.join(fresh, owner, "admin", "ann@example.com", projects=[project])
    assert owner.put(f"/api/v1/members/{admin.id}", {"role": "owner"}).json["projectIds"] == []


def test_members_and_links_outlive_a_restart(simulator, tmp_path):
    with harness.Server(tmp_path / "d", simulator.url) as server:
        owner = Member.set_up(server)
        editor = Member.join(server, owner, "editor", "ed@example.com")
        link = invite(owner, email="new@example.com").json["link"]
        server.stop()
    with harness.Server(tmp_path / "d", simulator.url) as server:
        Member(server, editor.cookie, editor.csrf).get("/api/v1/prompts")
        accept(server, token_of(link))


def test_an_api_key_does_nothing_with_members(fresh, owner):
    key = Client(fresh)
    key.get("/api/v1/members", expect=403)
    key.put(f"/api/v1/members/{owner.id}", {"name": "X"}, expect=403)
    key.close()
