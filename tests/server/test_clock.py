"""The machine's clock jumps, forwards and backwards, by a day and a year, while the server serves and across restarts:
no span is lost, the order of receipt holds, limits, sessions and cursors go on. Needs libfaketime (Debian: faketime)."""

import glob
import secrets

import pytest

from harness import SANITIZED, Client, Member, Server, wait_until

LIBRARY = next(iter(glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")), None)
DAY = 86400
JUMPS = [DAY, -DAY, 365 * DAY, -365 * DAY, 3600, 0]  # seconds away from the true time, one after the other

pytestmark = [pytest.mark.skipif(LIBRARY is None, reason="libfaketime is not installed (apt-get install faketime)"),
              pytest.mark.skipif(SANITIZED, reason="libfaketime does not go together with sanitizers")]


class Clock:
    def __init__(self, folder):
        self.file = folder / "clock"
        self.set(0)
        self.environment = {"LD_PRELOAD": LIBRARY, "FAKETIME_TIMESTAMP_FILE": str(self.file), "FAKETIME_NO_CACHE": "1",
                            "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1"}

    def set(self, offset):
        self.file.write_text(f"{offset:+d}\n")


@pytest.fixture
def clock(tmp_path):
    return Clock(tmp_path)


@pytest.fixture
def start(clock, simulator, tmp_path):
    """Starts a server over the same folder, with small segments."""
    (tmp_path / "tracia.toml").write_text("[spans]\nsegment_spans = 40\n")

    def make():
        return Server(tmp_path / "d", simulator.url, "--config", str(tmp_path / "tracia.toml"), "--log-level", "warn",
                      environment=clock.environment)
    return make


def post(client, stored, count=10):
    batch = [{"spanId": "sp_" + secrets.token_hex(8), "model": "gpt-4o", "provider": "openai", "status": "SUCCESS",
              "input": {"messages": [{"role": "user", "content": "x"}]}, "output": "y", "latencyMs": 5}
             for _ in range(count)]
    answer = client.post("/api/v1/spans/batch", batch)
    assert answer.json["accepted"] == count, answer
    stored += [span["spanId"] for span in batch]


def walk(client, limit=17):
    """All spans, by the cursor."""
    found, cursor = [], None
    while True:
        page = client.get("/api/v1/spans", limit=limit, cursor=cursor).json
        found += page["spans"]
        cursor = page.get("nextCursor")
        if not cursor:
            return found


def check(client, stored):
    listed = walk(client)
    assert sorted(span["spanId"] for span in listed) == sorted(stored)
    order = {span["spanId"]: span["id"] for span in listed}
    ids = [order[span] for span in stored]
    assert ids == sorted(set(ids)), "the ids of receipt grow, whatever the clock says"


def test_the_clock_is_moved(clock, start):
    with start() as server:
        client = Client(server)
        years = []
        for offset in (0, 3650 * DAY):
            clock.set(offset)
            stored = []
            post(client, stored, 1)
            years.append(int(client.get(f"/api/v1/spans/{stored[0]}").json["startTime"][:4]))
        assert years[1] - years[0] in (9, 10), "the other tests of this file would show nothing"
        client.close()


def test_jumps_while_serving(clock, start):
    stored = []
    with start() as server:
        client = Client(server)
        for offset in JUMPS:
            clock.set(offset)
            post(client, stored, 25)
            check(client, stored)
            run = client.post("/api/v1/run", {"model": "gpt-4o", "provider": "openai",
                                              "content": [{"id": "m", "role": "user", "content": "hi"}]}).json
            assert run["spanStored"] and 0 <= run["latencyMs"] < 60_000, "latencies are of the steady clock"
            stored.append(run["spanId"])
            assert client.get("/readyz").json["status"] == "ready"
        check(client, stored)
        client.close()
        assert server.stop() == 0, server.text


def test_jumps_across_restarts(clock, start):
    stored = []
    for offset in JUMPS:
        clock.set(offset)
        with start() as server:
            client = Client(server)
            check(client, stored)
            post(client, stored, 25)
            check(client, stored)
            client.close()
            assert server.stop() == 0, server.text


def test_limits_and_sessions_go_on(clock, start):
    with start() as server:
        owner = Member.set_up(server)
        made = owner.post("/api/v1/api-keys", {"name": "limited"}, expect=201).json
        owner.put(f"/api/v1/api-keys/{made['id']}", {"requestsPerMinute": 60})
        limited = Client(server, made["key"])
        for offset in (DAY, 0, -DAY, 0):
            clock.set(offset)
            answers = [limited.send("GET", "/api/v1/prompts") for _ in range(2)]
            assert [answer.status for answer in answers] == [200, 200], answers
            assert all(int(answer.headers["x-ratelimit-reset"]) <= 60 for answer in answers), "not a day"
            assert owner.send("GET", "/api/v1/api-keys").status == 200, "signed in still"
        limited.close()
        owner.close()


def test_spans_that_come_while_the_clock_is_back_are_not_old(clock, start):
    """They are dated after the last span that was stored, so that a retention does not take them."""
    stored = []
    with start() as server:
        owner, client = Member.set_up(server), Client(server)
        post(client, stored)
        clock.set(-365 * DAY)
        owner.put("/api/v1/retention", {"days": 30})
        post(client, stored)
        clock.set(0)
        assert client.get("/api/v1/retention").json["spansPastRetention"] == 0
        check(client, stored)
        owner.close()
        client.close()


def test_a_clock_set_forward_removes_nothing_at_once(clock, start):
    stored = []
    with start() as server:
        owner, client = Member.set_up(server), Client(server)
        post(client, stored)
        owner.put("/api/v1/retention", {"days": 10})
        clock.set(20 * DAY)
        owner.put("/api/v1/retention", {"days": 11})
        wait_until(lambda: "retention_waits" in server.text, "the run that waits")
        clock.set(0)
        check(client, stored)
        assert client.get("/api/v1/retention").json["spansPastRetention"] == 0
        owner.close()
        client.close()
