"""Experiments from outside: assignment that sticks and that two servers agree on, results, promotion."""

import pytest

from harness import Client, Server

USERS = [f"user-{i}" for i in range(24)]


@pytest.fixture
def two_versions(api, prompt):
    """A prompt whose second version is told from the first by its temperature."""
    path = f"/api/v1/prompts/{prompt['slug']}"
    assert api.put(path, {"temperature": 0.9}).json["currentVersion"] == 2
    return path


def make(api, path, *variants, **more):
    body = {"name": "Warmer", "variants": list(variants) or
            [{"key": "control", "version": 1}, {"key": "warm", "version": 2}], **more}
    return api.post(path + "/experiments", body, expect=201).json


def run(api, path, **body):
    return api.post(path + "/run", {"variables": {"name": "Ada"}, **body}).json


def results(api, path, experiment):
    return api.get(f"{path}/experiments/{experiment['id']}/results").json


def test_life_of_an_experiment(api, two_versions):
    path = two_versions
    experiment = make(api, path, primaryMetric="cost")
    one = f"{path}/experiments/{experiment['id']}"
    assert experiment["status"] == "draft" and experiment["startedAt"] is None and experiment["author"]
    assert [v["weight"] for v in experiment["variants"]] == [1, 1]
    assert api.get(one).json == experiment
    assert api.get(path + "/experiments").json == {"experiments": [experiment]}
    assert run(api, path, userId="u")["variant"] is None
    api.post(one + "/pause", expect=409)
    api.post(one + "/promote", {"variant": "warm"}, expect=409)
    assert api.put(one, {"name": "Hotter", "primaryMetric": None}).json["primaryMetric"] is None
    started = api.post(one + "/start").json
    assert started["status"] == "running" and started["startedAt"]
    assert api.post(one + "/start").json == started
    assert "was started" in api.put(one, {"primaryMetric": "cost"}, expect=409).error["message"]
    api.delete(one, expect=409)
    other = make(api, path)
    refused = api.post(f"{path}/experiments/{other['id']}/start", expect=409).error
    assert refused["message"] == "Another experiment of this prompt is running. Pause or stop it first."
    assert api.post(one + "/pause").json["status"] == "paused"
    assert run(api, path, userId="u")["experimentId"] is None
    assert api.post(one + "/start").json["startedAt"] == started["startedAt"]
    assert api.post(one + "/stop").json["stoppedAt"]
    api.post(one + "/start", expect=409)
    api.delete(one)
    api.get(one, expect=404)
    api.get(one + "/results", expect=404)
    assert [e["id"] for e in api.get(path + "/experiments").json["experiments"]] == [other["id"]]


@pytest.mark.parametrize("body, message", [
    ({}, "Missing required field: name"),
    ({"name": "x", "variants": []}, "variants must be an array of 2 to 10 variants, the control first"),
    ({"name": "x", "variants": [{"key": "a", "version": 1}, {"key": "b", "version": 3}]}, "variants[1].version must be"),
    ({"name": "x", "variants": [{"key": "a", "version": 1}, {"key": "b", "version": 1, "weight": 0}]},
     "variants[1].weight must be"),
    ({"name": "x", "variants": [{"key": "a", "version": 1}, {"key": "a", "version": 2}]}, "variants[1].key must differ"),
])
def test_mistakes_are_named(api, two_versions, body, message):
    assert api.post(two_versions + "/experiments", body, expect=400).error["message"].startswith(message)


def test_a_user_keeps_the_variant_and_everything_says_which(api, two_versions):
    path = two_versions
    experiment = make(api, path)
    api.post(f"{path}/experiments/{experiment['id']}/start")
    chosen = {}
    for user in USERS:
        answer = run(api, path, userId=user, sessionId="changes-nothing")
        assert answer["experimentId"] == experiment["id"] and answer["label"] is None
        assert answer["promptVersion"] == {"control": 1, "warm": 2}[answer["variant"]]
        chosen[user] = answer["variant"]
        span = api.get(f"/api/v1/spans/{answer['spanId']}").json
        assert (span["experimentId"], span["variant"]) == (experiment["id"], answer["variant"])
        assert span["promptVersion"] == answer["promptVersion"]
    assert set(chosen.values()) == {"control", "warm"}
    for user in USERS:
        rendered = api.post(path + "/render", {"variables": {"name": "Ada"}, "userId": user}).json
        assert rendered["variant"] == chosen[user] and rendered["experimentId"] == experiment["id"]
        assert rendered["temperature"] == {"control": 0.5, "warm": 0.9}[chosen[user]]
    # Without anybody to assign, a look at the prompt shows the same each time.
    assert api.post(path + "/render", {"variables": {"name": "Ada"}}).json["experimentId"] is None
    # What was asked for comes before the experiment; the experiment before the default label.
    assert run(api, path, userId=USERS[0], version=1)["experimentId"] is None
    api.put(path + "/labels/production", {"version": 1})
    api.put(path, {"defaultLabel": "production"})
    assert run(api, path, userId=USERS[0], label="production")["label"] == "production"
    assert run(api, path, userId=USERS[0])["variant"] == chosen[USERS[0]]
    spans = api.get("/api/v1/spans", experimentId=experiment["id"], variant="warm", limit=100).json["spans"]
    assert {s["userId"] for s in spans} >= {u for u in USERS if chosen[u] == "warm"}


def test_without_a_user_a_session_or_a_trace_is_assigned_as_a_whole(api, two_versions):
    path = two_versions
    experiment = make(api, path)
    api.post(f"{path}/experiments/{experiment['id']}/start")
    for key, value in (("sessionId", "s-1"), ("traceId", "my-trace")):
        assert len({run(api, path, **{key: value})["variant"] for _ in range(4)}) == 1
    seen = set()
    for _ in range(12):
        parent = run(api, path)  # a new trace each time, made before it is assigned
        child = run(api, path, parentSpanId=parent["spanId"])
        assert child["traceId"] == parent["traceId"] and child["variant"] == parent["variant"]
        by_trace = api.post(path + "/render", {"variables": {"name": "x"}, "traceId": parent["traceId"]}).json
        assert by_trace["variant"] == parent["variant"]
        seen.add(parent["variant"])
    assert seen == {"control", "warm"}


def test_a_variants_model_runs_also_with_messages(api, two_versions):
    path = two_versions
    experiment = make(api, path, {"key": "gpt", "version": 1},
                      {"key": "claude", "version": 2, "model": "claude-sonnet-4-5"})
    api.post(f"{path}/experiments/{experiment['id']}/start")
    models = {}
    for user in USERS:
        answer = run(api, path, userId=user, messages=[{"role": "user", "content": "Hi"}])
        models.setdefault(answer["variant"], set()).add((answer["provider"], answer["promptVersion"]))
        span = api.get(f"/api/v1/spans/{answer['spanId']}").json
        assert span["temperature"] == (0.5 if answer["variant"] == "gpt" else 0.9)
    assert models == {"gpt": {("openai", 1)}, "claude": {("anthropic", 2)}}
    rendered = [api.post(path + "/render", {"variables": {"name": "x"}, "userId": u}).json for u in USERS]
    assert {(r["variant"], r["model"]) for r in rendered} == {("gpt", "gpt-4o"), ("claude", "claude-sonnet-4-5")}


def test_two_servers_and_a_restart_assign_alike(simulator, tmp_path):
    """The same experiment, in a copy of the data directory: no state but the experiment's id decides."""
    data, copy = tmp_path / "one", tmp_path / "two"

    def assignments(server):
        client = Client(server)
        found = {u: client.post("/api/v1/prompts/p/render", {"userId": u}).json["variant"] for u in USERS}
        client.close()
        return found

    with Server(data, simulator.url) as server:
        client = Client(server)
        client.post("/api/v1/prompts", {"name": "p", "content": [{"role": "user", "content": "Hi"}], "model": "gpt-4o"},
                    expect=201)
        experiment = make(client, "/api/v1/prompts/p", {"key": "a", "version": 1, "weight": 2},
                          {"key": "b", "version": 1, "weight": 1})
        client.post(f"/api/v1/prompts/p/experiments/{experiment['id']}/start")
        client.close()
        first = assignments(server)
        assert server.stop() == 0
    copy.mkdir()
    for file in data.rglob("*"):
        if file.is_file() and file.name not in ("lock", "control.sock"):
            target = copy / file.relative_to(data)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.read_bytes())
    with Server(data, simulator.url) as one, Server(copy, simulator.url) as two:
        assert assignments(one) == first
        assert assignments(two) == first
    assert set(first.values()) == {"a", "b"}


def ingest(api, span_body, experiment, units, cost_tokens):
    """Runs that an application made by itself: the results count them like the server's own."""
    spans = []
    for variant, tokens in cost_tokens.items():
        for i in range(units):
            spans.append(span_body(experimentId=experiment["id"], variant=variant, userId=f"{variant}-{i}",
                                   outputTokens=tokens + i % 7, totalTokens=14 + tokens + i % 7, latencyMs=300 + i % 11))
    for begin in range(0, len(spans), 500):
        answer = api.post("/api/v1/spans/batch", spans[begin:begin + 500]).json
        assert answer["accepted"] == len(spans[begin:begin + 500])


def test_results_say_what_is_shown_and_what_is_not(api, two_versions, span_body):
    path = two_versions
    experiment = make(api, path, primaryMetric="cost")
    api.post(f"{path}/experiments/{experiment['id']}/start")
    empty = results(api, path, experiment)
    assert empty["verdict"] == "collecting" and empty["complete"] and empty["scannedRuns"] == 0
    ingest(api, span_body, experiment, 300, {"control": 200, "warm": 100})
    found = results(api, path, experiment)
    control, warm = found["variants"]
    assert (control["units"], control["runs"], control["comparisons"]) == (300, 300, [])
    by_metric = {c["metric"]: c for c in warm["comparisons"]}
    assert by_metric["cost"]["finding"] == "better" and by_metric["cost"]["confidence"] == 0.95
    assert by_metric["cost"]["difference"]["low"] < -0.4 < by_metric["cost"]["difference"]["high"] + 0.1
    assert by_metric["latency"]["finding"] == "noDifferenceShown"
    assert by_metric["quality"]["finding"] == "notEnoughData" and by_metric["quality"]["difference"] is None
    assert found["verdict"] == "winner" and found["winner"] == "warm"
    assert "Variant warm is cheaper by" in found["summary"] and "quality: not enough data yet" in found["summary"]
    assert found["scannedRuns"] == 600 and found["complete"] and found["scannedTo"] is None
    # A variant that nobody knows, and a user of both variants, spoil nothing.
    api.post("/api/v1/spans", span_body(experimentId=experiment["id"], variant="nobody"), expect=201)
    api.post("/api/v1/spans", span_body(experimentId=experiment["id"], variant="warm", userId="control-0"), expect=201)
    found = results(api, path, experiment)
    assert found["unknownVariantRuns"] == 1 and found["crossedUnits"] == 1
    assert [v["units"] for v in found["variants"]] == [299, 300]


def test_evaluations_count_and_lost_units_condemn(api, two_versions, span_body):
    path = two_versions
    experiment = make(api, path)
    body = span_body(experimentId=experiment["id"], variant="control", userId="u")
    span = api.post("/api/v1/spans", body, expect=201).json
    for value in (1, 0):
        api.post(f"/api/v1/spans/{body['spanId']}/evaluations", {"evaluatorKey": "quality", "value": value}, expect=201)
    assert span["spanId"] == body["spanId"]
    control = results(api, path, experiment)["variants"][0]
    assert (control["evaluatedRuns"], control["qualityMean"]) == (1, 0.5)
    ingest(api, span_body, experiment, 150, {"control": 100})
    found = results(api, path, experiment)
    assert found["sampleRatio"]["mismatch"] and found["verdict"] == "sampleRatioMismatch" and found["winner"] is None


def test_promote_moves_the_default_label(api, two_versions):
    path = two_versions
    api.put(path + "/labels/production", {"version": 1})
    api.put(path, {"defaultLabel": "production"})
    experiment = make(api, path)
    one = f"{path}/experiments/{experiment['id']}"
    api.post(one + "/start")
    api.post(one + "/promote", {}, expect=400)
    api.post(one + "/promote", {"variant": "cold"}, expect=400)
    promoted = api.post(one + "/promote", {"variant": "warm"}).json
    assert promoted["status"] == "stopped" and promoted["promotedVariant"] == "warm" and promoted["stoppedAt"]
    assert api.post(one + "/promote", {"variant": "warm"}).json == promoted
    api.post(one + "/promote", {"variant": "control"}, expect=409)
    now = api.get(path).json
    assert now["labels"] == {"production": 2} and now["currentVersion"] == 2
    assert run(api, path, userId="anybody")["promptVersion"] == 2


def test_promote_without_a_label_makes_the_newest_version(api, two_versions):
    path = two_versions
    experiment = make(api, path, {"key": "new", "version": 2}, {"key": "old", "version": 1, "model": "gpt-4o-mini"})
    one = f"{path}/experiments/{experiment['id']}"
    api.post(one + "/start")
    api.post(one + "/promote", {"variant": "old"})
    now = api.get(path).json
    assert (now["currentVersion"], now["model"], now["temperature"]) == (3, "gpt-4o-mini", 0.5)
    assert "Warmer" in now["versions"][0]["note"]


def test_projects_do_not_see_each_others_experiments(api, two_versions, server):
    experiment = make(api, two_versions)
    api.get(f"/api/v1/prompts/nope/experiments/{experiment['id']}", expect=404)
    api.get(f"{two_versions}/experiments/exp_0000000000000000", expect=404)
    stranger = Client(server, key="tr_" + "x" * 43)
    stranger.get(f"{two_versions}/experiments", expect=401)
    stranger.close()


def test_an_experiment_goes_with_its_prompt(api, two_versions):
    experiment = make(api, two_versions)
    api.delete(two_versions)
    api.get(f"{two_versions}/experiments/{experiment['id']}", expect=404)
    api.get(f"{two_versions}/experiments", expect=404)


def test_the_experiments_of_all_prompts_come_in_pages_and_by_status(simulator, tmp_path):
    with Server(tmp_path / "d", simulator.url) as server:
        api = Client(server)
        made = []
        for slug in ("one", "two"):
            api.post("/api/v1/prompts", {"name": slug.title(), "slug": slug, "model": "gpt-4o", "provider": "openai",
                                         "content": [{"id": "m", "role": "user", "content": "hi"}]}, expect=201)
            path = f"/api/v1/prompts/{slug}"
            api.put(path, {"temperature": 0.9})
            made += [make(api, path, name=f"{slug} {i}") | {"slug": slug} for i in range(3)]
        newest_first = [one["id"] for one in sorted(made, key=lambda one: (one["createdAt"], one["id"]), reverse=True)]
        found, cursor = [], None
        while True:
            page = api.get("/api/v1/experiments", limit=4, cursor=cursor).json
            found += page["experiments"]
            cursor = page["nextCursor"]
            if not cursor:
                break
        assert sorted(one["experiment"]["id"] for one in found) == sorted(newest_first)
        assert [one["experiment"]["createdAt"] for one in found] == sorted(
            (one["createdAt"] for one in made), reverse=True)
        assert {one["prompt"]["slug"]: one["prompt"]["name"] for one in found} == {"one": "One", "two": "Two"}
        api.post(f"/api/v1/prompts/two/experiments/{made[-1]['id']}/start")
        running = api.get("/api/v1/experiments", status="running").json
        assert [one["experiment"]["id"] for one in running["experiments"]] == [made[-1]["id"]] and not running["hasMore"]
        assert api.get("/api/v1/experiments", status="paused").json["experiments"] == []
        assert "status" in api.get("/api/v1/experiments", status="lost", expect=400).error["message"]
        assert "cursor" in api.get("/api/v1/experiments", cursor="eHg", expect=400).error["message"]
        api.delete("/api/v1/prompts/one")
        assert {one["prompt"]["slug"] for one in api.get("/api/v1/experiments").json["experiments"]} == {"two"}
