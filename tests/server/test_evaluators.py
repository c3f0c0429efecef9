"""A project's own evaluators, and what evaluations say by them."""

import pytest


@pytest.fixture
def span(api, span_body, unique):
    body = span_body(sessionId=unique)
    api.post("/api/v1/spans", body, expect=201)
    return f"/api/v1/spans/{body['spanId']}"


def make(api, key, **more):
    return api.post("/api/v1/evaluators", {"key": key, "name": key.title(), **more}, expect=201).json


def test_an_evaluator_is_made_changed_and_deleted(api, unique):
    made = make(api, unique, type="categorical", categories=["good", "bad"])
    assert made["builtIn"] is False and made["categories"] == ["good", "bad"]
    changed = api.put(f"/api/v1/evaluators/{unique}", {"name": "New", "categories": ["good", "bad", "odd"]}).json
    assert (changed["name"], changed["categories"]) == ("New", ["good", "bad", "odd"])
    listed = api.get("/api/v1/evaluators").json["evaluators"]
    assert listed[0] == {"key": "quality", "name": "Quality", "type": "numeric", "builtIn": True}
    assert changed in listed
    api.post("/api/v1/evaluators", {"key": unique, "name": "Again", "type": "numeric"}, expect=409)
    api.delete(f"/api/v1/evaluators/{unique}")
    api.delete(f"/api/v1/evaluators/{unique}", expect=404)


def test_values_are_judged_by_their_evaluator(api, unique, span):
    make(api, unique + "-n", type="numeric", min=0, max=10)
    make(api, unique + "-b", type="boolean")
    make(api, unique + "-c", type="categorical", categories=["low", "high"])

    def rate(kind, value, expect=201):
        return api.post(span + "/evaluations", {"evaluatorKey": f"{unique}-{kind}", "value": value}, expect=expect)

    assert rate("n", 7.5).json["value"] == 7.5
    assert rate("b", True).json["value"] == 1
    rated = rate("c", "high").json
    assert (rated["value"], rated["category"], rated["evaluatorName"]) == (1, "high", (unique + "-c").title())
    for kind, value in (("n", 11), ("n", "7"), ("b", 2), ("b", "yes"), ("c", "middle"), ("c", 1)):
        assert rate(kind, value, expect=400).error["message"].startswith("Invalid evaluation value. Must be ")
    stored = api.get(span).json["evaluations"]
    assert [(e["value"], e.get("category")) for e in stored] == [(1, "high"), (1, None), (7.5, None)]


def test_means_are_kept_apart(api, unique, span):
    make(api, unique, type="categorical", categories=["low", "high"])
    for value in ("low", "high", "high"):
        api.post(span + "/evaluations", {"evaluatorKey": unique, "value": value}, expect=201)
    api.post(span + "/evaluations", {"evaluatorKey": "quality", "value": 1}, expect=201)
    rows = api.get("/api/v1/analytics", sessionId=unique, measures="evaluations").json["rows"]
    means = {e["evaluatorKey"]: (e["count"], round(e["mean"], 3)) for e in rows[0]["evaluations"]}
    assert means == {"quality": (1, 1), unique: (3, 0.667)}


def test_what_nobody_knows_is_refused_as_before(api, span):
    message = api.post(span + "/evaluations", {"evaluatorKey": "taste", "value": 1}, expect=400).error["message"]
    assert message.startswith("evaluatorKey names no evaluator: taste. Known evaluators: quality")
    error = api.put("/api/v1/evaluators/quality", {"name": "Mine"}, expect=409).error
    assert error["message"] == "The evaluator quality is built in and cannot be changed"
