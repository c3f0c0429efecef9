"""Where a member is signed in: listed for themselves, and ended one by one or all at once."""

import pytest

import harness
from harness import Client, Member


@pytest.fixture
def fresh(simulator, tmp_path):
    with harness.Server(tmp_path / "d", simulator.url) as server:
        yield server


def log_in(server, agent):
    member = Member(server)
    answer = member.send("POST", "/api/v1/auth/login", {"email": "owner@example.com", "password": Member.PASSWORD},
                         {"User-Agent": agent})
    assert answer.status == 200, answer
    member.enter(answer)
    return member


def sessions(member):
    return member.get("/api/v1/auth/sessions").json["sessions"]


def test_sessions_are_listed_with_their_browser_and_which_one_asks(fresh):
    owner = Member.set_up(fresh)
    phone = log_in(fresh, "Phone/1.0 " + "x" * 5000)
    hostile = log_in(fresh, "<b>\xff\xfe")
    listed = sessions(phone)
    assert len(listed) == 3 and len({one["id"] for one in listed}) == 3
    current = [one for one in listed if one["current"]]
    assert len(current) == 1 and current[0]["device"].startswith("Phone/1.0 xx") and len(current[0]["device"]) <= 256
    assert any("<b>" in one["device"] for one in listed)
    text = phone.get("/api/v1/auth/sessions").body
    for member in (owner, phone, hostile):
        assert member.cookie.split("=")[1].encode() not in text and member.csrf.encode() not in text


def test_one_session_is_ended_and_then_all_others(fresh):
    owner = Member.set_up(fresh)
    phone, tablet, laptop = (log_in(fresh, name) for name in ("Phone", "Tablet", "Laptop"))
    ids = {one["device"]: one["id"] for one in sessions(owner)}
    owner.delete(f"/api/v1/auth/sessions/{ids['Phone']}")
    phone.get("/api/v1/auth/session", expect=401)
    owner.delete(f"/api/v1/auth/sessions/{ids['Phone']}", expect=404)
    assert owner.delete("/api/v1/auth/sessions").json == {"ended": 2}
    for gone in (tablet, laptop):
        gone.get("/api/v1/auth/session", expect=401)
    assert [one["current"] for one in sessions(owner)] == [True]
    actions = [e["action"] for e in owner.get("/api/v1/audit").json["events"]]
    assert "session.end" in actions and "session.end_others" in actions
    # Ending one's own is signing out.
    owner.delete(f"/api/v1/auth/sessions/{sessions(owner)[0]['id']}")
    owner.get("/api/v1/auth/session", expect=401)


def test_nobody_ends_the_session_of_somebody_else_and_keys_have_none(fresh):
    owner = Member.set_up(fresh)
    vera = Member.join(fresh, owner, "viewer", "vera@example.com")
    assert len(sessions(vera)) == 1
    owner.delete(f"/api/v1/auth/sessions/{sessions(vera)[0]['id']}", expect=404)
    vera.get("/api/v1/auth/session")
    Client(fresh).get("/api/v1/auth/sessions", expect=403)
    Member(fresh).get("/api/v1/auth/sessions", expect=401)
    vera.csrf = ""
    vera.delete("/api/v1/auth/sessions", expect=403)


def test_sessions_outlive_a_restart_with_what_is_known_of_them(simulator, tmp_path):
    with harness.Server(tmp_path / "d", simulator.url) as server:
        Member.set_up(server)
        phone = log_in(server, "Phone")
        before = {one["id"]: one for one in sessions(phone)}
        assert server.stop() == 0
    with harness.Server(tmp_path / "d", simulator.url) as server:
        phone.server = server
        phone.close()
        after = {one["id"]: one for one in sessions(phone)}
        assert set(after) == set(before)
        for one in after:
            assert after[one]["device"] == before[one]["device"]
            assert after[one]["lastSeenAt"] >= before[one]["lastSeenAt"]
