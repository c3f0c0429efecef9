"""GET /api/v1/analytics over the wire: the figures agree with the lists, in JSON and in CSV."""

import csv
import datetime
import io

import pytest

from conftest import new_span_id

DAY = datetime.timedelta(days=1)


def a_span(**more):
    return {"spanId": new_span_id(), "model": "gpt-4o", "provider": "openai", "status": "SUCCESS", "latencyMs": 5,
            "input": {"messages": [{"role": "user", "content": "x"}]}, "output": "y"} | more


def rfc3339(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def now():
    return datetime.datetime.now(datetime.timezone.utc)


@pytest.fixture
def spans(api, unique):
    """Twelve calls over three days in one session: two models, two users, one failure, two tags."""
    bodies = []
    for n in range(12):
        bodies.append({
            "spanId": new_span_id(), "model": "gpt-4o" if n % 3 else "gpt-4o-mini", "provider": "openai",
            "input": {"messages": [{"role": "user", "content": f"hello {n}"}]}, "output": "hi",
            "status": "ERROR" if n == 5 else "SUCCESS", "error": "it broke" if n == 5 else None,
            "startTime": rfc3339(now() - DAY * (n % 3) - datetime.timedelta(minutes=5)), "latencyMs": 100 * (n + 1),
            "timeToFirstTokenMs": 40, "inputTokens": 1000, "outputTokens": 100, "totalTokens": 1100,
            "userId": f"{unique}-{n % 2}", "sessionId": unique, "tags": [unique] + (["even"] if n % 2 == 0 else []),
        })
    bodies = [{k: v for k, v in body.items() if v is not None} for body in bodies]
    answer = api.post("/api/v1/spans/batch", bodies).json
    assert answer["accepted"] == 12 and not answer["rejected"]
    return bodies


def test_the_total_is_what_the_list_shows(api, unique, spans):
    listed = api.get("/api/v1/spans", sessionId=unique, limit=100).json["spans"]
    answer = api.get("/api/v1/analytics", sessionId=unique).json
    total = answer["total"]
    assert answer["complete"] and answer["scannedFrom"] is None
    assert total["requests"] == len(listed) == 12
    assert total["errors"] == 1
    assert total["cost"] == pytest.approx(sum(span["cost"] for span in listed), rel=1e-12)
    assert total["totalTokens"] == sum(span["totalTokens"] for span in listed)
    assert total["latencyMs"]["p50"] == pytest.approx(600, rel=0.01)
    assert total["timeToFirstTokenMs"]["p99"] == pytest.approx(40, rel=0.01)
    assert len(answer["rows"]) == 1 and answer["rows"][0]["group"] == {}


def test_groups_and_buckets(api, unique, spans):
    rows = api.get("/api/v1/analytics", sessionId=unique, groupBy="model", bucket="day").json["rows"]
    assert sum(row["requests"] for row in rows) == 12
    assert rows[0]["bucket"] < rows[-1]["bucket"]
    by_user = api.get("/api/v1/analytics", sessionId=unique, groupBy="user,status").json["rows"]
    assert {(row["group"]["user"], row["group"]["status"]): row["requests"] for row in by_user} == {
        (f"{unique}-0", "SUCCESS"): 6, (f"{unique}-1", "SUCCESS"): 5, (f"{unique}-1", "ERROR"): 1}
    by_tag = api.get("/api/v1/analytics", sessionId=unique, groupBy="tag").json
    assert [(row["group"]["tag"], row["requests"]) for row in by_tag["rows"]] == [(unique, 12), ("even", 6)]
    assert by_tag["total"]["requests"] == 12


def test_prompts_are_named_by_their_slugs(api, prompt):
    body = a_span(promptSlug=prompt["slug"], promptVersion=1)
    api.post("/api/v1/spans", body, expect=201)
    rows = api.get("/api/v1/analytics", promptSlug=prompt["slug"], groupBy="prompt,version").json["rows"]
    assert [row["group"] for row in rows] == [{"prompt": prompt["slug"], "promptId": prompt["id"], "version": 1}]


def test_evaluations_are_averaged_where_their_spans_belong(api, unique, spans):
    for body, value in ((spans[0], 0.5), (spans[1], 1)):
        api.post(f"/api/v1/spans/{body['spanId']}/evaluations", {"evaluatorKey": "quality", "value": value}, expect=201)
    rows = api.get("/api/v1/analytics", sessionId=unique, groupBy="model", measures="evaluations").json["rows"]
    assert {row["group"]["model"]: row["evaluations"][0]["mean"] for row in rows} == {"gpt-4o": 1, "gpt-4o-mini": 0.5}
    assert set(rows[0]) == {"bucket", "group", "rest", "evaluations"}


def test_the_rest_is_summed_up(api, unique, spans):
    answer = api.get("/api/v1/analytics", sessionId=unique, groupBy="model", limit=1).json
    assert [(row["rest"], row["requests"]) for row in answer["rows"]] == [(False, 8), (True, 4)]
    assert answer["groupsRest"] == 1


def test_deleted_spans_do_not_count(api, unique, spans):
    api.delete(f"/api/v1/spans/{spans[0]['spanId']}")
    assert api.get("/api/v1/analytics", sessionId=unique).json["total"]["requests"] == 11


def test_csv(api, unique, spans):
    path = f"/api/v1/analytics?sessionId={unique}&groupBy=model,user&measures=requests,cost"
    by_accept = api.send("GET", path, headers={"Accept": "text/csv"})
    answer = api.get("/api/v1/analytics", sessionId=unique, groupBy="model,user", measures="requests,cost",
                     format="csv")
    assert by_accept.body == answer.body
    assert answer.headers["content-type"].startswith("text/csv")
    lines = list(csv.reader(io.StringIO(answer.body.decode())))
    assert lines[0] == ["model", "user", "rest", "requests", "cost", "costStatus"]
    assert sum(int(line[3]) for line in lines[1:]) == 12
    assert api.send("GET", path, headers={"Accept": "application/json, text/csv"}).json["rows"]


def test_csv_cells_are_no_formulas(api, unique):
    body = a_span(model='=cmd|"x"', sessionId=unique)
    api.post("/api/v1/spans", body, expect=201)
    answer = api.get("/api/v1/analytics", sessionId=unique, groupBy="model", format="csv")
    assert list(csv.reader(io.StringIO(answer.body.decode())))[1][0] == '\'=cmd|"x"'


def test_filters_by_attributes(api, unique):
    body = a_span(attributes={"region": unique, "tries": 2})
    api.post("/api/v1/spans", body, expect=201)
    query = {"attributes[region]": unique, "attributes[tries]": "2"}
    assert [span["spanId"] for span in api.get("/api/v1/spans", **query).json["spans"]] == [body["spanId"]]
    assert api.get("/api/v1/analytics", **query).json["total"]["requests"] == 1
    assert api.get("/api/v1/analytics", **{"attributes[region]": "x" + unique}).json["total"]["requests"] == 0


@pytest.mark.parametrize("query, parameter", [
    ({"groupBy": "colour"}, "groupBy"), ({"groupBy": "model,model"}, "groupBy"),
    ({"groupBy": "model,user,tag,kind"}, "groupBy"), ({"bucket": "week"}, "bucket"),
    ({"measures": "everything"}, "measures"), ({"utcOffsetMinutes": "+05:30"}, "utcOffsetMinutes"),
    ({"utcOffsetMinutes": 1440}, "utcOffsetMinutes"), ({"limit": 0}, "limit"), ({"limit": 1001}, "limit"),
    ({"format": "xml"}, "format"), ({"startDate": "yesterday"}, "startDate"), ({"bucket": "minute"}, "startDate"),
    ({"bucket": "hour", "startDate": "0000-01-01"}, "startDate"), ({"attributes[": "x"}, "attributes"),
])
def test_what_makes_no_sense_is_refused_by_name(api, query, parameter):
    error = api.get("/api/v1/analytics", expect=400, **query).error
    assert error["code"] == "INVALID_REQUEST"
    assert parameter in error["message"]


def test_a_metric_says_how_far_the_index_is_behind(api):
    page = api.get("/metrics").body.decode()
    assert "\ntracia_index_lag_seconds " in page
    assert "\ntracia_unindexed_spans " in page
