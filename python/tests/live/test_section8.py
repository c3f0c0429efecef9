"""What went wrong in the hosted product's SDKs, mistake by mistake, and what must happen instead."""

import asyncio
import gc
import json
import socket
import threading
import time
import urllib.request

import harness
import pytest

import tracia
from tracia import (
    CreatePromptOptions,
    EvaluateOptions,
    ListSpansOptions,
    LocalPromptMessage,
    PromptMessage,
    RunOptions,
    TextPart,
    Tracia,
    TraciaError,
    TraciaErrorCode,
    UpdatePromptOptions,
)

HELLO = [{"role": "user", "content": "Hello!"}]
STORY = [{"role": "user", "content": "Tell me a long story about the sea"}]
DEADLINE = 60
WEATHER = {
    "name": "get_weather",
    "description": "The weather in a city",
    "parameters": {"type": "object", "properties": {"location": {"type": "string"}}, "required": ["location"]},
}


class Upstream:
    """A provider that does what a test says: a function over the accepted socket, one connection after the other."""

    def __init__(self, behave, heads=None):
        self.heads = [] if heads is None else heads
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.behave = behave
        self.peer_closed = threading.Event()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._one, args=(connection,), daemon=True).start()

    def _one(self, connection):
        with connection:
            head = b""
            while b"\r\n\r\n" not in head:
                piece = connection.recv(65536)
                if not piece:
                    return
                head += piece
            self.heads.append(head)
            self.behave(self, connection)

    def until_closed(self, connection):
        connection.settimeout(DEADLINE)
        try:
            while connection.recv(65536):
                pass
        except OSError:
            pass
        self.peer_closed.set()

    def close(self):
        self.listener.close()


STREAM_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"


def event(text=None, **more):
    chunk = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "gpt-4o", "choices": []} | more
    if text is not None:
        chunk["choices"] = [{"index": 0, "delta": {"content": text}, "finish_reason": None}]
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


@pytest.fixture
def hanging_stream(monkeypatch, session_environment):
    """Sends two pieces of text and then nothing, until the client goes."""

    def behave(upstream, connection):
        connection.sendall(STREAM_HEAD + event("Once ") + event("upon "))
        upstream.until_closed(connection)

    upstream = Upstream(behave)
    monkeypatch.setenv("OPENAI_BASE_URL", f"{upstream.url}/v1")
    yield upstream
    upstream.close()


@pytest.fixture
def broken_stream(monkeypatch, session_environment):
    """Sends two pieces of text and cuts the connection."""

    def behave(upstream, connection):
        connection.sendall(STREAM_HEAD + event("Once ") + event("upon "))

    upstream = Upstream(behave)
    monkeypatch.setenv("OPENAI_BASE_URL", f"{upstream.url}/v1")
    yield upstream
    upstream.close()


# 1

@pytest.mark.parametrize("status", [401, 400, 500])
def test_1_a_failed_call_leaves_an_error_span(client, stored, unique, failing_simulator, monkeypatch, status):
    monkeypatch.setenv("OPENAI_BASE_URL", failing_simulator("--fail-status", f"{status}=1") + "/v1")
    with pytest.raises(TraciaError) as caught:
        client.run_local(model="gpt-4o", messages=HELLO, tags=[unique], max_retries=0)
    assert caught.value.code == TraciaErrorCode.PROVIDER_ERROR
    (span,) = stored(unique)
    assert span["status"] == "ERROR"
    assert client.spans.get(span["spanId"]).error


def test_1_a_failed_embedding_leaves_an_error_span(client, stored, unique, failing_simulator, monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", failing_simulator("--fail-status", "500=1") + "/v1")
    with pytest.raises(TraciaError):
        client.run_embedding(model="text-embedding-3-small", input="x", tags=[unique], max_retries=0)
    (span,) = stored(unique)
    assert span["status"] == "ERROR"


def test_1_a_missing_key_is_told_before_anything_is_sent(client, stored, unique, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(TraciaError) as caught:
        client.run_local(model="gpt-4o", messages=HELLO, tags=[unique])
    assert caught.value.code == TraciaErrorCode.MISSING_PROVIDER_API_KEY
    assert "OPENAI_API_KEY" in caught.value.message
    assert "provider_api_key" in caught.value.message
    assert stored(unique) == []


# 2 and 3

def test_2_an_abort_keeps_the_text_that_was_delivered(client, full_span, hanging_stream):
    stream = client.run_local(model="gpt-4o", messages=STORY, stream=True)
    seen = []
    for text in stream:
        seen.append(text)
        if len(seen) == 2:
            stream.abort()
            break
    result = stream.result.result(timeout=DEADLINE)
    assert result.aborted
    assert result.text == "Once upon " == "".join(seen)
    assert result.span_id == stream.span_id
    assert hanging_stream.peer_closed.wait(DEADLINE), "the provider's connection stays open"
    span = full_span(stream.span_id)
    assert span["output"] == "Once upon "


def test_3_a_plain_break_resolves_the_result_and_sends_the_span(client, stored, unique, hanging_stream):
    stream = client.run_local(model="gpt-4o", messages=STORY, stream=True, tags=[unique])
    for _ in stream:
        break
    future = stream.result
    del stream
    gc.collect()
    assert future.result(timeout=DEADLINE).aborted
    assert hanging_stream.peer_closed.wait(DEADLINE)
    assert len(harness.wait_until(lambda: stored(unique), "the span")) == 1


def test_3_an_abort_does_not_wait_for_the_next_chunk(client, hanging_stream):
    stream = client.run_local(model="gpt-4o", messages=STORY, stream=True)
    chunks = iter(stream)
    assert next(chunks) + next(chunks) == "Once upon "
    threading.Timer(0.05, stream.abort).start()
    assert next(chunks, "the end") == "the end"


def test_3_an_exception_in_the_loop_ends_the_stream(client, hanging_stream):
    stream = client.run_local(model="gpt-4o", messages=STORY, stream=True)

    def read():
        with stream:
            for _ in stream:
                raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        read()
    assert stream.result.result(timeout=DEADLINE).aborted
    assert hanging_stream.peer_closed.wait(DEADLINE)


# 4

def test_4_the_result_comes_without_iteration(client):
    stream = client.run_local(model="gpt-4o", messages=STORY, stream=True)
    result = stream.result.result(timeout=DEADLINE)
    assert result.text
    assert not result.aborted
    assert "".join(stream) == result.text


def test_4_a_failure_in_the_middle_is_an_exception_with_the_partial_text(client, full_span, broken_stream):
    stream = client.run_local(model="gpt-4o", messages=STORY, stream=True, max_retries=0)
    seen = []
    with pytest.raises(TraciaError) as caught:
        seen.extend(stream)
    assert "".join(seen) == "Once upon "
    assert isinstance(stream.result.exception(timeout=DEADLINE), TraciaError)
    assert caught.value.partial.text == "Once upon "
    span = full_span(stream.span_id)
    assert span["status"] == "ERROR"
    assert span["output"] == "Once upon "


def test_4_the_asynchronous_stream_does_the_same(session_environment, broken_stream):
    async def go():
        async with Tracia() as client:
            stream = await client.arun_local(model="gpt-4o", messages=STORY, stream=True, max_retries=0)
            seen = []

            async def read():
                async for text in stream:
                    seen.append(text)

            with pytest.raises(TraciaError):
                await read()
            assert "".join(seen) == "Once upon "
            with pytest.raises(TraciaError):
                await stream.result

    asyncio.run(go())


# 5

@pytest.mark.parametrize("model", ["gpt-4o", "claude-sonnet-4-5", "gemini-2.5-flash", "amazon.nova-lite-v1:0"])
def test_5_a_stream_has_its_token_usage(client, full_span, model):
    stream = client.run_local(model=model, messages=STORY, stream=True)
    result = stream.result.result(timeout=DEADLINE)
    assert result.usage.input_tokens > 0
    assert result.usage.output_tokens > 0
    span = full_span(stream.span_id)
    assert span["totalTokens"] == result.usage.total_tokens
    assert span["cost"] > 0


# 6

def test_6_every_asynchronous_resource_method_works(session_environment, unique):
    async def go():
        async with Tracia() as client:
            made = await client.prompts.acreate(CreatePromptOptions(
                name=unique, slug=unique, model="gpt-4o",
                content=[PromptMessage(id="m", role="user", content="Say hello to {{name}}")]))
            assert made.slug == unique
            assert unique in [p.slug for p in await client.prompts.alist()]
            assert (await client.prompts.aget(unique)).current_version == 1
            changed = await client.prompts.aupdate(unique, UpdatePromptOptions(name="Renamed"))
            assert changed.name == "Renamed"
            result = await client.prompts.arun(unique, {"name": "Ada"}, RunOptions(tags=[unique]))
            assert result.text
            assert result.prompt_version == 1
            assert (await client.spans.aget(result.span_id)).output == result.text
            page = await client.spans.alist(ListSpansOptions(tags=[unique]))
            assert [s.span_id for s in page.spans] == [result.span_id]
            judged = await client.spans.aevaluate(result.span_id, EvaluateOptions(evaluator="quality", value=1))
            assert judged.evaluator_key == "quality"
            await client.prompts.adelete(unique)
            with pytest.raises(TraciaError) as caught:
                await client.prompts.aget(unique)
            assert caught.value.code == TraciaErrorCode.NOT_FOUND

    asyncio.run(go())


# 7 and 8

def test_7_a_server_that_answers_at_once_hangs_nothing(client):
    for _ in range(50):
        client.run_local(model="gpt-4o", messages=HELLO)
        assert client.flush()


def test_8_after_close_a_call_is_refused_before_it_costs_anything(session_environment, simulator):
    client = Tracia()
    client.close()
    marker = f"after-close-{time.monotonic_ns()}"
    with pytest.raises(TraciaError) as caught:
        client.run_local(model="gpt-4o", messages=[{"role": "user", "content": marker}])
    assert caught.value.code == TraciaErrorCode.INVALID_REQUEST
    assert "closed" in caught.value.message
    with urllib.request.urlopen(f"{simulator.url}/_simulator/requests") as answer:
        assert marker not in answer.read().decode()
    client.close()


# 9 and 10

def test_9_tools_may_be_dicts_and_providers_strings(client):
    question = [{"role": "user", "content": "Weather in Rome?"}]
    result = client.run_local(model="gpt-4o", provider="openai", messages=question, tools=[WEATHER])
    assert result.finish_reason == "tool_calls"
    assert result.tool_calls[0].name == "get_weather"
    assert isinstance(result.tool_calls[0].arguments, dict)


def test_10_variables_are_put_into_content_parts(client, full_span):
    messages = [LocalPromptMessage(role="user", content=[TextPart(text="Greet {{name}}, {{count}} times")])]
    result = client.run_local(model="gpt-4o", messages=messages, variables={"name": "Ada", "count": 3})
    assert "Greet Ada, 3 times" in json.dumps(full_span(result.span_id)["input"])


# 11 and 12

def test_11_the_documented_loop_reads_every_page(client, stored, unique):
    for _ in range(5):
        client.run_local(model="gpt-4o", messages=HELLO, tags=[unique])
    assert len(stored(unique)) == 5
    seen, cursor = [], None
    while True:
        page = client.spans.list(ListSpansOptions(tags=[unique], limit=2, cursor=cursor))
        seen += [s.span_id for s in page.spans]
        if not page.has_more:
            break
        cursor = page.cursor
    assert len(seen) == len(set(seen)) == 5


def test_12_a_prompt_shows_its_content_variables_and_model(client, unique):
    client.prompts.create(CreatePromptOptions(
        name=unique, slug=unique, model="gpt-4o", provider="openai", temperature=0.3,
        content=[PromptMessage(id="m", role="user", content="Hello {{name}}")]))
    prompt = client.prompts.get(unique)
    assert prompt.content[0].content == "Hello {{name}}"
    assert prompt.variables == ["name"]
    assert prompt.model == "gpt-4o"
    assert prompt.temperature == 0.3
    assert prompt.versions[0].version == 1


def test_12_a_span_made_by_hand_is_created(client, unique):
    made = client.spans.create(tracia.CreateSpanPayload(
        span_id=tracia.new_span_id(), model="gpt-4o", provider="openai", input={"messages": HELLO}, output="Hi",
        status="SUCCESS", latency_ms=5, input_tokens=1, output_tokens=1, total_tokens=2, tags=[unique]))
    assert made.id
    assert made.span_id
    assert made.trace_id
    assert client.spans.get(made.span_id).output == "Hi"


# 13

def test_13_a_span_that_the_server_refuses_is_not_tried_again(session_environment, server):
    posts = []

    def behave(upstream, connection):
        posts.append(1)
        body = b'{"error":{"code":"UNAUTHORIZED","message":"Invalid API key"}}'
        connection.sendall(b"HTTP/1.1 401 Unauthorized\r\ncontent-type: application/json\r\nconnection: close\r\n"
                           b"content-length: %d\r\n\r\n%s" % (len(body), body))

    upstream = Upstream(behave)
    told = []
    with Tracia(api_key="tr_wrong", base_url=upstream.url,
                on_span_error=lambda error, span_id: told.append((error, span_id))) as client:
        result = client.run_local(model="gpt-4o", messages=HELLO)
        client.flush()
        harness.wait_until(lambda: told, "on_span_error")
    assert len(posts) == 1
    assert told[0][1] == result.span_id
    assert isinstance(told[0][0], TraciaError)
    upstream.close()


def test_13_an_on_span_error_that_raises_breaks_nothing(session_environment):
    def explode(error, span_id):
        raise RuntimeError("boom")

    with Tracia(base_url="http://127.0.0.1:9", on_span_error=explode, flush_timeout_ms=200) as client:
        assert client.run_local(model="gpt-4o", messages=HELLO).text


# 14

@pytest.mark.parametrize("secret", [
    "sk-proj-abcDEF0123456789abcDEF0123456789",
    "AIzaSyA0123456789abcdefghijklmnopqrstuv",
    "pa-0123456789abcdefghijklmnopqrstuvwxyz",
])
def test_14_keys_are_redacted_from_errors_and_spans(client, full_span, monkeypatch, secret):
    def behave(upstream, connection):
        body = json.dumps({"error": {"message": f"Incorrect API key provided: {secret}"}}).encode()
        connection.sendall(b"HTTP/1.1 401 Unauthorized\r\ncontent-type: application/json\r\nconnection: close\r\n"
                           b"content-length: %d\r\n\r\n%s" % (len(body), body))

    upstream = Upstream(behave)
    monkeypatch.setenv("OPENAI_BASE_URL", f"{upstream.url}/v1")
    span_id = tracia.new_span_id()
    with pytest.raises(TraciaError) as caught:
        client.run_local(model="gpt-4o", messages=HELLO, provider_api_key=secret, span_id=span_id)
    assert secret not in str(caught.value)
    assert secret not in repr(caught.value)
    assert secret not in json.dumps(full_span(span_id))
    upstream.close()


# 15

def test_15_the_version_is_the_packages_own():
    from importlib.metadata import PackageNotFoundError, version

    try:
        installed = version("tracia")
    except PackageNotFoundError:
        pytest.skip("the package is not installed: it runs from a build folder")
    assert tracia.__version__ == installed


def test_15_the_base_url_may_have_a_path_and_the_timeout_may_be_set(session_environment):
    paths = []

    def behave(upstream, connection):
        upstream.until_closed(connection)

    upstream = Upstream(behave)
    with Tracia(base_url=f"{upstream.url}/tracia/", timeout_ms=200) as client:
        assert client.base_url == f"{upstream.url}/tracia"
        with pytest.raises(TraciaError) as caught:
            client.prompts.list()
        assert caught.value.code == TraciaErrorCode.TIMEOUT
        assert "200ms" in caught.value.message
    assert paths == []
    upstream.close()


# 16

@pytest.mark.parametrize("model", ["amazon.nova-lite-v1:0", "apac.amazon.nova-lite-v1:0",
                                   "us-gov.anthropic.claude-haiku-4-5-20251001-v1:0"])
def test_16_bedrock_models_are_called_by_the_name_that_was_given(client, simulator, monkeypatch, model):
    monkeypatch.setenv("AWS_REGION", "ap-northeast-1")
    result = client.run_local(model=model, messages=HELLO, provider="amazon_bedrock")
    assert result.text
    with urllib.request.urlopen(f"{simulator.url}/_simulator/requests") as answer:
        assert f"/model/{model.replace(':', '%3A')}/converse" in answer.read().decode()


def test_16_the_default_region_of_aws_counts(monkeypatch, session_environment):
    monkeypatch.delenv("AWS_REGION")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-3")
    seen = []

    def behave(upstream, connection):
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}")

    upstream = Upstream(behave, seen)
    monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", upstream.url)
    with Tracia(enabled=False) as client, pytest.raises(TraciaError):
        client.run_local(model="amazon.nova-lite-v1:0", messages=HELLO)
    assert b"/eu-west-3/bedrock/aws4_request" in seen[0]
    upstream.close()


# 17

@pytest.mark.parametrize(("messages", "words"), [
    ([{"role": "user", "content": None}], "messages[0].content"),
    ([{"role": "wizard", "content": "x"}], "messages[0].role"),
    ([{"content": "x"}], "messages[0].role"),
    ([{"role": "user", "content": [{"type": "hologram"}]}], "messages[0].content[0].type"),
    ([{"role": "tool", "content": "x"}], "Tool messages must have tool_call_id"),
    ([], "messages is required and cannot be empty"),
])
def test_17_bad_messages_are_an_error_of_ours_that_names_the_place(client, messages, words):
    with pytest.raises(TraciaError) as caught:
        client.run_local(model="gpt-4o", messages=messages)
    assert caught.value.code == TraciaErrorCode.INVALID_REQUEST
    assert words in caught.value.message


def test_17_empty_texts_in_an_embedding_list_are_refused(client):
    with pytest.raises(TraciaError) as caught:
        client.run_embedding(model="text-embedding-3-small", input=["a", ""])
    assert caught.value.code == TraciaErrorCode.INVALID_REQUEST


def test_17_an_unknown_tool_choice_is_refused_and_openais_own_is_understood(client):
    with pytest.raises(TraciaError) as caught:
        client.run_local(model="gpt-4o", messages=HELLO, tools=[WEATHER], tool_choice={"magic": 1})
    assert "tool_choice" in caught.value.message
    question = [{"role": "user", "content": "Weather in Rome?"}]
    for choice in ({"tool": "get_weather"}, {"type": "function", "function": {"name": "get_weather"}}):
        result = client.run_local(model="gpt-4o", messages=question, tools=[WEATHER], tool_choice=choice)
        assert result.tool_calls[0].name == "get_weather"


def test_17_openai_style_tool_calls_in_dict_messages_are_kept(client, full_span):
    messages = [
        {"role": "user", "content": "Weather in Rome?"},
        {"role": "assistant", "content": None, "tool_calls": [
            {"id": "call_1", "type": "function",
             "function": {"name": "get_weather", "arguments": '{"location":"Rome"}'}}]},
        {"role": "tool", "tool_call_id": "call_1", "content": "22 degrees"},
    ]
    result = client.run_local(model="gpt-4o", messages=messages, tools=[WEATHER])
    assert result.text
    assert "get_weather" in json.dumps(full_span(result.span_id)["input"])


# 18

def test_18_a_sessions_explicit_ids_win_and_unsent_spans_are_no_parents(client, full_span):
    session = client.create_session()
    first = session.run_local(model="gpt-4o", messages=HELLO)
    unsent = session.run_local(model="gpt-4o", messages=HELLO, send_trace=False)
    second = session.run_local(model="gpt-4o", messages=HELLO)
    assert full_span(second.span_id)["parentSpanId"] == first.span_id != unsent.span_id
    other = session.run_local(model="gpt-4o", messages=HELLO, trace_id="tr_0123456789abcdef")
    assert other.trace_id == "tr_0123456789abcdef"


# 19 and 20

def test_19_every_documented_model_finds_its_provider(client):
    assert client.run_local(model="chatgpt-4o-latest", messages=HELLO).provider == "openai"


def test_20_nested_calls_are_linked_without_a_session(client, full_span):
    @client.trace
    def answer():
        return client.run_local(model="gpt-4o", messages=HELLO)

    with client.span("request") as span:
        result = answer()
    inner = full_span(result.span_id)
    assert inner["traceId"] == span.trace_id
    assert full_span(inner["parentSpanId"])["parentSpanId"] == span.span_id
