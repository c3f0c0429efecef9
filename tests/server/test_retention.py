"""How long a project keeps its spans."""

import datetime

import pytest

from harness import Client, Member, Server, wait_until


def days_ago(days):
    then = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=days)
    return then.strftime("%Y-%m-%dT%H:%M:%S.000Z")


@pytest.fixture
def kept(simulator, tmp_path):
    """A server of its own: a client with the first project's key, and the owner."""
    with Server(tmp_path / "d", simulator.url) as server:
        client = Client(server)
        client.owner = Member.set_up(server)
        yield client
        client.owner.close()
        client.close()
        assert server.stop() == 0, server.text


def test_spans_past_the_retention_go_with_their_evaluations(kept, span_body):
    old, new = span_body(startTime=days_ago(40)), span_body(startTime=days_ago(5))
    kept.post("/api/v1/spans/batch", [old, new])
    kept.post(f"/api/v1/spans/{old['spanId']}/evaluations", {"evaluatorKey": "quality", "value": 1}, expect=201)
    state = kept.get("/api/v1/retention").json
    assert (state["days"], state["serverDays"], state["spansPastRetention"]) == (None, None, 0)
    assert state["oldestSpan"] == old["startTime"]
    assert kept.owner.put("/api/v1/retention", {"days": 30}).json["days"] == 30
    wait_until(lambda: kept.send("GET", f"/api/v1/spans/{old['spanId']}").status == 404, "the old span is gone")
    assert [span["spanId"] for span in kept.get("/api/v1/spans").json["spans"]] == [new["spanId"]]
    assert kept.get(f"/api/v1/spans/{new['spanId']}").json["output"] == "Paris."
    state = wait_until(lambda: (s := kept.get("/api/v1/retention").json)["spansPastRetention"] == 0 and s, "all is gone")
    assert state == {"days": 30, "serverDays": None, "oldestSpan": new["startTime"], "spansPastRetention": 0}
    metrics = kept.send("GET", "/metrics").body.decode()
    assert "tracia_retention_spans_removed_total 1" in metrics
    assert kept.owner.put("/api/v1/retention", {"days": None}).json["days"] is None


def test_the_retention_of_one_project_leaves_the_others_alone(kept, span_body):
    project = kept.owner.post("/api/v1/projects", {"name": "Short"}, expect=201).json["id"]
    short = Member(kept.server, kept.owner.cookie, kept.owner.csrf, project)
    mine, theirs = span_body(startTime=days_ago(40)), span_body(startTime=days_ago(40))
    kept.post("/api/v1/spans", mine, expect=201)
    short.post("/api/v1/spans", theirs, expect=201)
    short.put("/api/v1/retention", {"days": 7})
    wait_until(lambda: short.send("GET", f"/api/v1/spans/{theirs['spanId']}").status == 404, "theirs is gone")
    assert kept.get(f"/api/v1/spans/{mine['spanId']}").json["output"] == "Paris."
    assert kept.get("/api/v1/retention").json["days"] is None
    short.close()


def test_only_administrators_change_it(kept):
    kept.put("/api/v1/retention", {"days": 1}, expect=403)
    for days in (0, 1.5, "7", True, 40000):
        message = kept.owner.put("/api/v1/retention", {"days": days}, expect=400).error["message"]
        assert message == "days must be null or a whole number from 1 to 36500"
