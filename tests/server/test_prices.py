"""Prices that a project sets for itself."""

import json
import urllib.parse
from decimal import Decimal

import pytest

import harness
from harness import Client, Member


@pytest.fixture(scope="module")
def own(simulator, tmp_path_factory):
    folder = tmp_path_factory.mktemp("prices") / "d"
    with harness.Server(folder, simulator.url) as server:
        server.owner = Member.set_up(server)
        yield server


def price_path(provider, model):
    return f"/api/v1/models/{provider}/{urllib.parse.quote(model, safe='')}/price"


def models(client):
    return {(m["provider"], m["model"]): m for m in client.get("/api/v1/models").json["models"]}


def cost(client, body, expect=201):
    return json.loads(client.post("/api/v1/spans", body, expect=expect).body, parse_float=Decimal)["cost"]


def test_a_projects_price_wins_from_then_on_and_only_there(own, span_body):
    client, million = Client(own), {"inputTokens": 1_000_000, "outputTokens": 1_000_000, "totalTokens": 2_000_000}
    before = span_body(**million)
    assert cost(client, before) == Decimal("12.5")
    assert models(client)["openai", "gpt-4o"]["source"] == "catalog"
    put = own.owner.put(price_path("openai", "gpt-4o"), {"input": "1.10", "output": "2", "cachedInput": "0.10"}).json
    assert (put["input"], put["cachedInput"], put["source"]) == ("1.1", "0.1", "project")
    assert cost(client, span_body(**million)) == Decimal("3.1")
    assert cost(client, span_body(**million, startTime="2026-01-01T00:00:00Z")) == Decimal("3.1")
    assert cost(client, span_body(**million, cachedInputTokens=1_000_000)) == Decimal("2.1")
    assert cost(client, before, expect=200) == Decimal("12.5")  # what is stored stays
    shown = models(client)["openai", "gpt-4o"]
    assert shown["source"] == "project" and shown["prices"][0]["input"] == 1.1
    other = own.owner.post("/api/v1/projects", {"name": "Other"}, expect=201).json["id"]
    elsewhere = Member(own, own.owner.cookie, own.owner.csrf, project=other)
    assert models(elsewhere)["openai", "gpt-4o"]["source"] == "catalog"
    assert cost(elsewhere, span_body(**million)) == Decimal("12.5")
    own.owner.delete(price_path("openai", "gpt-4o"))
    own.owner.delete(price_path("openai", "gpt-4o"), expect=404)
    assert cost(client, span_body(**million)) == Decimal("12.5")


def test_runs_the_gateway_and_batches_use_it(own, span_body):
    client = Client(own)
    own.owner.put(price_path("openai", "gpt-4o-mini"), {"input": "1000", "output": "0"})
    body = {"content": [{"id": "m", "role": "user", "content": "Hi"}], "provider": "openai", "model": "gpt-4o-mini"}
    result = json.loads(client.post("/api/v1/run", body).body, parse_float=Decimal)
    assert result["cost"] == Decimal(result["usage"]["inputTokens"]) / 1000 and result["costStatus"] == "exact"
    chat = client.post("/v1/chat/completions", {"model": "gpt-4o-mini",
                                                "messages": [{"role": "user", "content": "Hi"}]})
    span = json.loads(client.get(f"/api/v1/spans/{chat.headers['x-tracia-span-id']}").body, parse_float=Decimal)
    assert span["cost"] == Decimal(span["inputTokens"]) / 1000
    sent = span_body(model="gpt-4o-mini")
    client.post("/api/v1/spans/batch", [sent])
    assert client.get(f"/api/v1/spans/{sent['spanId']}").json["cost"] == 0.014
    own.owner.delete(price_path("openai", "gpt-4o-mini"))


def test_a_model_that_the_catalog_lacks_gets_a_price_that_outlives_a_restart(simulator, tmp_path, span_body):
    model = "house/llama-7b"
    with harness.Server(tmp_path / "d", simulator.url) as server:
        Member.set_up(server).put(price_path("My-vLLM", model), {"input": "0.000001", "output": "0.5"})
        assert server.stop() == 0
    with harness.Server(tmp_path / "d", simulator.url) as server:
        client = Client(server)
        assert models(client)["my-vllm", model]["source"] == "project"
        body = span_body(provider="my-vllm", model=model, inputTokens=0, outputTokens=2_000_000, totalTokens=2_000_000)
        assert cost(client, body) == 1


@pytest.mark.parametrize("body,field", [({"output": "1"}, "input"), ({"input": "1"}, "output"),
                                        ({"input": 1, "output": "1"}, "input"),
                                        ({"input": "1", "output": "x"}, "output"),
                                        ({"input": "-1", "output": "1"}, "input"), ([], "object")])
def test_a_wrong_price_is_named(own, body, field):
    assert field in own.owner.put(price_path("openai", "gpt-4o"), body, expect=400).error["message"]


def test_keys_may_not_set_prices(own):
    client = Client(own)
    client.put(price_path("openai", "gpt-4o"), {"input": "1", "output": "1"}, expect=403)
    client.delete(price_path("openai", "gpt-4o"), expect=403)
