"""client.prompts and client.spans: what is sent, and how answers are read. The server here answers from the contract's
examples."""

import json
import pathlib
from datetime import datetime, timezone

import pytest
from fake_server import user

from tracia import (
    CreatePromptOptions,
    CreateSpanPayload,
    EvaluateOptions,
    ListSpansOptions,
    LLMProvider,
    PromptMessage,
    RunOptions,
    TraciaError,
    UpdatePromptOptions,
)

EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "api" / "examples"
API = "/api/v1"


def example(name):
    return json.loads((EXAMPLES / f"{name}.json").read_text())


def last(fake):
    request = fake.requests[-1]
    return request["method"], request["path"].removeprefix(API), request["body"]


@pytest.fixture
def answers(fake):
    """Sets what the server answers."""

    def set_answer(method, path, body, status=200):
        fake.answers[method, API + path] = (status, body)

    return set_answer


def test_all_pages_of_prompts_are_listed(client, answers):
    items = example("prompts_list.response.200")["prompts"]
    answers("GET", "/prompts?limit=100", {"prompts": items, "nextCursor": "a=b", "hasMore": True})
    answers("GET", "/prompts?limit=100&cursor=a%3Db", {"prompts": items[:1], "nextCursor": None, "hasMore": False})
    assert [prompt.slug for prompt in client.prompts.list()] == [item["slug"] for item in [*items, items[0]]]


def test_prompts_are_created_changed_and_deleted(client, fake, answers):
    prompt = example("prompts_get.response.200")
    for method, path in (("POST", "/prompts"), ("PUT", "/prompts/welcome-email"), ("GET", "/prompts/welcome-email")):
        answers(method, path, prompt)
    answers("DELETE", "/prompts/welcome-email", {"success": True})
    made = client.prompts.create(
        CreatePromptOptions(name="W", content=[PromptMessage(id="m", role="user", content="{{a}}")], model="gpt-4o")
    )
    assert made.slug == "welcome-email"
    assert last(fake)[2] == {
        "name": "W",
        "content": [{"id": "m", "role": "user", "content": "{{a}}"}],
        "model": "gpt-4o",
    }
    client.prompts.update("welcome-email", UpdatePromptOptions(temperature=None, description=""))
    assert last(fake) == ("PUT", "/prompts/welcome-email", {"temperature": None, "description": ""})
    client.prompts.update("welcome-email", {"base_version": 3})
    assert last(fake)[2] == {"baseVersion": 3}
    assert client.prompts.get("welcome-email").current_version == 3
    client.prompts.delete("welcome-email")
    assert last(fake)[:2] == ("DELETE", "/prompts/welcome-email")


def test_versions_and_labels(client, fake, answers):
    page = {**example("prompts_versions_list.response.200"), "nextCursor": None}
    answers("GET", "/prompts/p/versions?limit=100", page)
    answers("GET", "/prompts/p/versions/2", example("prompts_versions_get.response.200"))
    answers("POST", "/prompts/p/versions/1/restore", example("prompts_versions_restore.response.200"))
    answers("PUT", "/prompts/p/labels/production", example("prompts_labels_put.response.200"))
    answers("DELETE", "/prompts/p/labels/old", {"success": True})
    answers("POST", "/prompts/p/render", example("prompts_render.response.200"))
    assert client.prompts.versions("p")[0].version >= 1
    assert client.prompts.get_version("p", 2).version >= 1
    client.prompts.restore("p", 1, base_version=3)
    assert last(fake)[2] == {"baseVersion": 3}
    assert client.prompts.set_label("p", "production", 2).label == "production"
    assert last(fake)[2] == {"version": 2}
    client.prompts.delete_label("p", "old")
    rendered = client.prompts.render("p", {"name": "Alice"}, label="production")
    assert rendered.messages[1].content == "Welcome Alice to Tracia."


def test_a_run_sends_its_options_and_reads_the_result(client, fake, answers):
    answers("POST", "/prompts/p/run", example("prompts_run_tool_calls.response.200"))
    first = client.prompts.run("p", {"question": "Weather?"}, RunOptions(model="gpt-4", user_id="u", version=3))
    assert last(fake)[2] == {"model": "gpt-4", "userId": "u", "version": 3, "variables": {"question": "Weather?"}}
    answer = {"role": "tool", "tool_call_id": first.tool_calls[0].id, "content": "22"}
    client.prompts.run("p", None, RunOptions(messages=[*first.messages, answer], trace_id=first.trace_id))
    sent = last(fake)[2]["messages"]
    assert sent[:2] == example("prompts_run_tool_calls.response.200")["messages"]
    assert sent[2]["role"] == "tool"


def test_a_slug_cannot_change_the_path(client, fake, answers):
    answers("GET", "/prompts/..%2Fspans%3Fa%3Db", example("prompts_get.response.200"))
    client.prompts.get("../spans?a=b")
    for bad in ("", ".", ".."):
        with pytest.raises(TraciaError, match="INVALID_REQUEST"):
            client.prompts.get(bad)


def test_options_of_the_wrong_form_are_refused_by_name(client):
    with pytest.raises(TraciaError, match="CreatePromptOptions"):
        client.prompts.create({"content": []})


def test_a_page_of_spans_and_all_pages(client, fake, answers):
    page, end = example("spans_list.response.200"), example("spans_list_last_page.response.200")
    when = datetime(2026, 11, 20, 12, 30, tzinfo=timezone.utc)
    query = "/spans?status=ERROR&startDate=2026-11-20T12%3A30%3A00Z&tags=a%2Cb&limit=2&variables%5Bname%5D=Ada"
    answers("GET", query, page)
    options = ListSpansOptions(status="ERROR", start_date=when, tags=["a", "b"], limit=2, variables={"name": "Ada"})
    assert len(client.spans.list(options).spans) == 3
    answers("GET", "/spans?limit=100", page)
    answers("GET", f"/spans?limit=100&cursor={page['cursor']}", end)
    assert len(list(client.spans.list_all())) == 3 + len(end["spans"])


def test_spans_are_created_read_and_deleted(client, fake, answers):
    answers("POST", "/spans", example("span_create.response.201"), 201)
    answers("GET", "/spans/sp_8a21f6c04be9d375", example("span_get.response.200"))
    answers("DELETE", "/spans/sp_8a21f6c04be9d375", {"success": True})
    made = client.spans.create(
        CreateSpanPayload(
            span_id="sp_8a21f6c04be9d375", input={"a": None}, status="SUCCESS", latency_ms=3, span_kind="TOOL"
        )
    )
    assert made.span_id.startswith("sp_")
    sent = last(fake)[2]
    assert (sent["spanKind"], sent["input"], "model" in sent) == ("TOOL", {"a": None}, False)
    span = client.spans.get("sp_8a21f6c04be9d375")
    assert (span.evaluations[0].value, span.usage_raw["prompt_tokens"]) == (1.0, 1312)
    client.spans.delete("sp_8a21f6c04be9d375")


def test_an_evaluation_of_a_span_that_is_unknown_is_an_error(client, fake, answers):
    answers("POST", "/spans/sp_50c7d1e98fa2b364/evaluations", example("evaluations_create.response.201"), 201)
    result = client.spans.evaluate("sp_50c7d1e98fa2b364", EvaluateOptions(value=1, note="n"))
    assert result.evaluator_name == "Quality"
    assert last(fake)[2] == {"evaluatorKey": "quality", "value": 1, "note": "n"}
    with pytest.raises(TraciaError, match="NOT_FOUND"):
        client.spans.evaluate("sp_0000000000000000", EvaluateOptions(value=1))


@pytest.mark.parametrize("value", [1, 4.5, True, False, "friendly", "1"])
def test_a_judgement_is_a_number_yes_or_no_or_a_category(client, fake, answers, value):
    answers("POST", "/spans/sp_50c7d1e98fa2b364/evaluations", example("evaluations_create_category.response.201"), 201)
    result = client.spans.evaluate("sp_50c7d1e98fa2b364", {"evaluator": "tone", "value": value})
    sent = last(fake)[2]["value"]
    assert sent == value
    assert isinstance(sent, (bool, str)) == isinstance(value, (bool, str))
    assert (result.value, result.category) == (0, "friendly")


@pytest.mark.parametrize("value", [None, float("nan"), float("inf"), [1]])
def test_what_is_no_judgement_is_refused_before_it_is_sent(client, fake, value):
    with pytest.raises((TraciaError, ValueError), match="value"):
        client.spans.evaluate("sp_50c7d1e98fa2b364", {"value": value})
    assert fake.requests == []


def test_messages_of_parts_tool_calls_and_results_come_whole_and_go_back_whole(client, fake, answers):
    call = {"type": "tool_call", "id": "c1", "name": "zoom", "arguments": {"level": 2}}
    question = [{"type": "text", "text": "{{a}}"}, {"type": "image", "url": "https://example.com/{{a}}.png"}]
    content = [
        {"id": "m1", "role": "user", "content": question},
        {"id": "m2", "role": "assistant", "content": [call]},
        {"id": "m3", "role": "tool", "toolCallId": "c1", "toolName": "zoom", "content": "done"},
        {"id": "m4", "role": "user", "content": [{"type": "hologram", "of": "Ada"}]},
    ]
    prompt = {**example("prompts_get.response.200"), "content": content}
    answers("GET", "/prompts/p", prompt)
    answers("PUT", "/prompts/p", prompt)
    read = client.prompts.get("p").content
    assert (read[2].tool_call_id, read[2].tool_name) == ("c1", "zoom")
    client.prompts.update("p", UpdatePromptOptions(content=read))
    assert last(fake)[2]["content"] == content
    result = PromptMessage(role="tool", tool_call_id="c1", content="done")
    client.prompts.update("p", UpdatePromptOptions(content=[result]))
    assert last(fake)[2]["content"] == [{"role": "tool", "toolCallId": "c1", "content": "done"}]


def test_errors_of_the_server_keep_its_code_and_details(client, answers):
    answers("POST", "/prompts/p/run", example("error.provider_error.429"), 429)
    with pytest.raises(TraciaError) as raised:
        client.prompts.run("p")
    error, body = raised.value, example("error.provider_error.429")["error"]
    assert (error.code, error.status_code, error.span_id) == ("PROVIDER_ERROR", 429, body["spanId"])
    assert (error.provider, error.request_id) == (body["provider"]["name"], body["provider"]["requestId"])


def test_an_answer_that_is_not_understood_is_a_tracia_error(client, answers):
    answers("GET", "/prompts/p", {"slug": 7})
    with pytest.raises(TraciaError, match="cannot be understood"):
        client.prompts.get("p")


def test_providers_may_be_members_of_the_enumeration(recorder):
    result = recorder.run_local(model="any-name", provider=LLMProvider.OPENAI, messages=user("say a"))
    assert (result.provider, recorder.spans[0]["provider"]) == (LLMProvider.OPENAI, "openai")


def test_a_fetched_prompt_is_run_here_and_linked(client, fake, answers):
    answers("GET", "/prompts/welcome-email/version", example("prompts_versions_get.response.200"))
    fetched = client.prompts.fetch("welcome-email")
    compiled = fetched.compile({"name": "Ada", "product": "X"})
    assert compiled.messages[-1].content.endswith("to X.")
    with pytest.raises(TraciaError, match="MISSING_VARIABLES"):
        fetched.compile(name="Ada")
    client.run_local(prompt=fetched, variables={"name": "Ada", "product": "{{name}}"}, temperature=0.1)
    sent = fake.bodies("/chat/completions")[-1]
    assert sent["messages"][-1]["content"] == "Welcome Ada to {{name}}."
    assert (sent["model"], sent["temperature"]) == ("gpt-4o", 0.1)
    client.run_local(prompt="welcome-email", variables={"name": "Ada", "product": "X"})
    client.run_local(prompt=fetched, model="gpt-4o", messages=user("say own"))
    assert fake.bodies("/chat/completions")[-1]["messages"][-1]["content"] == "say own"


def test_a_span_of_a_local_prompt_names_the_prompt(recorder):
    recorder.run_local(prompt={"slug": "p", "version": 3}, model="gpt-4o", messages=user("say a"))
    assert (recorder.spans[0]["promptSlug"], recorder.spans[0]["promptVersion"]) == ("p", 3)


def test_a_model_class_comes_back_as_its_instance(recorder):
    from pydantic import BaseModel

    class City(BaseModel):
        name: str

    good = recorder.run_local(model="gpt-4o", messages=user('say {"name":"Lisbon"}'), response_format=City)
    assert good.parsed == City(name="Lisbon")
    assert good.structured_output == {"name": "Lisbon"}
    bad = recorder.run_local(model="gpt-4o", messages=user("say nothing useful"), response_format=City)
    assert (bad.parsed, bad.text) == (None, "nothing useful")
    assert bad.parse_error
    stream = recorder.run_local(model="gpt-4o", messages=user('say {"name":"Rome"}'), response_format=City, stream=True)
    assert stream.result.result(30).parsed == City(name="Rome")
