"""The ways in which applications use the package, as their documents show them."""

import asyncio
import logging
import random
import time
from concurrent.futures import ThreadPoolExecutor, as_completed

import harness
import pytest

from tracia import Eval, EvaluateOptions, ListSpansOptions, Tracia, TraciaError, TraciaErrorCode

NEVER_AGAIN = {
    TraciaErrorCode.INVALID_REQUEST,
    TraciaErrorCode.MISSING_PROVIDER_API_KEY,
    TraciaErrorCode.UNSUPPORTED_MODEL,
}


def ask(text):
    return [{"role": "user", "content": text}]


def test_a_retry_wrapper_with_codes_that_are_not_tried_again(client, failing_simulator, monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", failing_simulator("--fail-first", "2") + "/v1")
    tries = []

    def with_retry(call, attempts=4):
        for attempt in range(attempts):
            tries.append(attempt)
            try:
                return call()
            except TraciaError as error:
                if error.code in NEVER_AGAIN or attempt == attempts - 1:
                    raise
                time.sleep(0.01 * random.random())
        return None

    result = with_retry(lambda: client.run_local(model="gpt-4o", messages=ask("again"), max_retries=0))
    assert result.text
    assert len(tries) == 3
    tries.clear()
    with pytest.raises(TraciaError):
        with_retry(lambda: client.run_local(model="no-such-model", messages=ask("x")))
    assert len(tries) == 1


def test_a_list_of_providers_to_fall_back_to(client, failing_simulator, monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", failing_simulator("--fail-status", "500=1") + "/v1")

    def first_that_answers():
        for model in ("gpt-4o", "claude-sonnet-4-5"):
            try:
                return client.run_local(model=model, messages=ask("Hi"), max_retries=0)
            except TraciaError as error:
                if error.code != TraciaErrorCode.PROVIDER_ERROR:
                    raise
        raise AssertionError("nobody answered")

    assert first_that_answers().provider == "anthropic"
    built_in = client.run_local(model="gpt-4o", messages=ask("Hi"), max_retries=0, fallbacks=["claude-sonnet-4-5"])
    assert built_in.provider == "anthropic"
    assert built_in.attempts == 2


def test_threads_of_an_executor(client):
    questions = [f"Question {i}" for i in range(40)]
    with ThreadPoolExecutor(8) as pool:
        futures = {pool.submit(client.run_local, model="gpt-4o", messages=ask(q)): q for q in questions}
        answers = {futures[f]: f.result().text for f in as_completed(futures)}
    assert set(answers) == set(questions)
    alone = client.run_local(model="gpt-4o", messages=ask("Question 7")).text
    assert answers["Question 7"] == alone


def test_gather_behind_a_semaphore_with_progress(session_environment):
    async def go():
        done = 0
        gate = asyncio.Semaphore(5)
        async with Tracia() as client:

            async def one(i):
                nonlocal done
                async with gate:
                    result = await client.arun_local(model="claude-sonnet-4-5", messages=ask(f"Item {i}"))
                done += 1
                return result.text

            return await asyncio.gather(*(one(i) for i in range(30))), done

    texts, done = asyncio.run(go())
    assert done == 30
    assert all(texts)


def test_a_timeout_falls_back_to_a_quicker_model(client, failing_simulator, monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", failing_simulator("--latency", "20s") + "/v1")
    codes = []

    def answer():
        try:
            return client.run_local(model="gpt-4o", messages=ask("Hi"), timeout_ms=200)
        except TraciaError as error:
            codes.append(error.code)
            return client.run_local(model="claude-haiku-4-5", messages=ask("Hi"))

    result = answer()
    assert codes == [TraciaErrorCode.TIMEOUT]
    assert result.text


def test_wait_for_cancels_the_call(session_environment, failing_simulator, monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", failing_simulator("--latency", "60s") + "/v1")

    async def go():
        async with Tracia() as client:
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(client.arun_local(model="gpt-4o", messages=ask("Hi")), 0.1)

    asyncio.run(go())


def test_each_tenant_has_a_key_and_a_user_of_its_own(client, stored, unique):
    for tenant in ("acme", "globex"):
        client.run_local(model="gpt-4o", messages=ask("Hi"), provider_api_key=f"sk-{tenant}-0123456789abcdefghij",
                         user_id=f"{unique}-{tenant}", tags=[unique])
    assert len(stored(unique)) == 2
    page = client.spans.list(ListSpansOptions(user_id=f"{unique}-acme"))
    assert len(page.spans) == 1


def test_failed_spans_go_to_a_log(session_environment, caplog):
    log = logging.getLogger("app")

    def on_span_error(error, span_id):
        log.error("span lost", extra={"span_id": span_id, "code": getattr(error, "code", None)})

    with Tracia(base_url="http://127.0.0.1:9", on_span_error=on_span_error, flush_timeout_ms=100) as client:
        client.run_local(model="gpt-4o", messages=ask("Hi"))
    assert [r.message for r in caplog.records if r.name == "app"] == ["span lost"]


def test_a_streaming_http_response_takes_the_stream_as_its_body(client):
    stream = client.run_local(model="gpt-4o", messages=ask("Tell me a story"), stream=True)

    def body():
        for chunk in stream:
            yield chunk.encode()

    sent = b"".join(body())
    assert sent.decode() == stream.result.result(timeout=30).text


def test_retrieval_embeds_and_then_answers_in_one_session(client, full_span):
    session = client.create_session()
    vector = session.run_embedding(model="text-embedding-3-small", input="What is a tram?")
    answer = session.run_local(model="gpt-4o", messages=ask("What is a tram?"))
    span = full_span(answer.span_id)
    assert span["parentSpanId"] == vector.span_id
    assert span["traceId"] == session.trace_id


def test_a_users_thumb_becomes_an_evaluation(client):
    result = client.run_local(model="gpt-4o", messages=ask("Hi"))
    judged = client.spans.evaluate(result.span_id,
                                   EvaluateOptions(evaluator="quality", value=Eval.POSITIVE, note="helpful"))
    assert (judged.value, judged.note) == (1, "helpful")


def test_a_judgement_may_be_yes_or_no_or_a_category(client, server):
    api = harness.Client(server)
    api.post("/api/v1/evaluators", {"key": "grounded", "name": "Grounded", "type": "boolean"}, expect=201)
    tone = {"key": "tone", "name": "Tone", "type": "categorical", "categories": ["rude", "kind"]}
    api.post("/api/v1/evaluators", tone, expect=201)
    result = client.run_local(model="gpt-4o", messages=ask("Hi"))
    client.spans.evaluate(result.span_id, {"evaluator": "grounded", "value": True})
    client.spans.evaluate(result.span_id, {"evaluator": "tone", "value": "kind"})
    by_tone, grounded = client.spans.evaluations(result.span_id)
    assert (grounded.evaluator_key, grounded.value, grounded.category) == ("grounded", 1, None)
    assert (by_tone.evaluator_key, by_tone.value, by_tone.category) == ("tone", 1, "kind")
    with pytest.raises(TraciaError, match="rude"):
        client.spans.evaluate(result.span_id, {"evaluator": "tone", "value": "lukewarm"})
    api.close()


def test_costs_are_summed_over_spans(client, stored, unique):
    for _ in range(3):
        client.run_local(model="gpt-4o", messages=ask("Hi"), tags=[unique])
    stored(unique)
    page = client.spans.list(ListSpansOptions(tags=[unique]))
    assert sum(span.cost for span in page.spans) > 0


def test_a_client_without_a_server_still_calls_models(session_environment):
    with Tracia(base_url="http://127.0.0.1:9", flush_timeout_ms=100) as client:
        assert client.run_local(model="gpt-4o", messages=ask("Hi")).text


def test_a_fetched_prompt_survives_its_server(session_environment, simulator, tmp_path, unique):
    with harness.Server(tmp_path / "d", simulator.url) as own:
        api = harness.Client(own)
        api.post("/api/v1/prompts", {"name": unique, "slug": unique, "provider": "openai", "model": "gpt-4o",
                                     "content": [{"id": "m", "role": "user", "content": "Greet {{name}}"}]}, expect=201)
        api.close()
        cache = tmp_path / "cache"
        with Tracia(base_url=own.url, cache_dir=str(cache)) as client:
            prompt = client.prompts.fetch(unique)
            assert not prompt.stale
            result = client.run_local(prompt.compile({"name": "Ada"}))
            assert result.text
            assert client.flush()
            span = client.spans.get(result.span_id)
            assert (span.prompt_slug, span.prompt_version) == (unique, 1)
        url = own.url
        own.stop()
    with Tracia(base_url=url, cache_dir=str(cache), flush_timeout_ms=100) as client:
        again = client.prompts.fetch(unique)
        assert again.stale
        assert again.version == prompt.version
        assert client.run_local(again.compile({"name": "Ada"})).text
