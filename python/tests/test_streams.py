"""Streams: however they end, the result resolves, the connection closes and the span is sent."""

import gc
import threading

import pytest
from fake_server import DEADLINE_S, user, wait_for

from tracia import TraciaError, TraciaErrorCode


def start(client, text, **more):
    return client.run_local(model="gpt-4o", messages=user(text), stream=True, **more)


def test_text_comes_in_pieces_and_the_result_has_it_all(recorder):
    stream = start(recorder, "say alpha beta gamma")
    assert stream.span_id.startswith("sp_")
    assert stream.trace_id.startswith("tr_")
    assert list(stream) == ["alpha ", "beta ", "gamma"]
    result = stream.result.result(DEADLINE_S)
    assert (result.text, result.aborted, result.finish_reason) == ("alpha beta gamma", False, "stop")
    assert (result.usage.input_tokens, result.usage.output_tokens) == (12, 5)
    assert result.span_id == stream.span_id == recorder.spans[0]["spanId"]
    assert recorder.spans[0]["output"] == "alpha beta gamma"


def test_the_result_resolves_without_iteration_also_when_only_the_future_is_held(recorder):
    assert start(recorder, "say a b").result.result(DEADLINE_S).text == "a b"
    future = start(recorder, "say c d").result
    gc.collect()
    assert future.result(DEADLINE_S).text == "c d"


def test_a_stream_is_consumed_once(recorder):
    stream = start(recorder, "say a")
    assert "".join(stream) == "a"
    with pytest.raises(RuntimeError, match="Stream already consumed"):
        iter(stream)
    with pytest.raises(RuntimeError, match="Stream already consumed"):
        stream.events()


def test_leaving_the_loop_closes_the_connection_and_keeps_what_came(recorder, fake):
    stream = start(recorder, "hold")
    for piece in stream:
        assert piece == "one "
        break
    result = stream.result.result(DEADLINE_S)
    assert (result.text, result.aborted) == ("one ", True)
    assert fake.gone.wait(DEADLINE_S)
    assert recorder.spans[0]["output"] == "one "


def test_an_aborted_answer_has_what_was_given_and_nothing_more_is_given(recorder):
    stream = start(recorder, "say " + " ".join("abcdefghij"))
    wait_for(lambda: stream.partial.text.endswith("j"))  # all has arrived
    pieces = []
    for piece in stream:
        pieces.append(piece)
        if len(pieces) == 3:
            stream.abort()
    result = stream.result.result(DEADLINE_S)
    assert pieces == ["a ", "b ", "c "]
    assert (result.text, result.message.content, result.aborted) == ("a b c ", "a b c ", True)


def test_abort_from_another_thread_ends_the_iteration(recorder, fake):
    stream = start(recorder, "hold")
    pieces = iter(stream)
    assert next(pieces) == "one "
    threading.Thread(target=stream.abort).start()
    assert list(pieces) == []
    assert stream.result.result(DEADLINE_S).aborted
    assert fake.gone.wait(DEADLINE_S)


def test_an_exception_in_the_loop_ends_the_stream(recorder, fake):
    stream = start(recorder, "hold")

    def fail():
        with stream:
            for _ in stream:
                raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert stream.result.result(DEADLINE_S).aborted
    assert fake.gone.wait(DEADLINE_S)


def test_a_stream_that_nobody_holds_closes_its_connection_and_sends_its_span(recorder, fake):
    stream = start(recorder, "hold")
    assert fake.holding.wait(DEADLINE_S)
    del stream
    gc.collect()
    assert fake.gone.wait(DEADLINE_S)
    wait_for(lambda: len(recorder.spans) == 1)


def test_a_failure_on_the_way_is_raised_with_what_had_arrived(recorder):
    stream = start(recorder, "cut alpha beta", max_retries=0)
    pieces = []
    with pytest.raises(TraciaError) as raised:
        pieces.extend(stream)
    assert pieces == ["alpha ", "beta"]
    assert raised.value.partial.text == "alpha beta"
    assert stream.partial.text == "alpha beta"
    with pytest.raises(TraciaError) as again:
        stream.result.result(DEADLINE_S)
    assert again.value is raised.value
    assert recorder.spans[0]["status"] == "ERROR"


def test_a_refused_request_fails_the_iteration_and_the_future(recorder):
    stream = start(recorder, "refuse")
    with pytest.raises(TraciaError, match="I will not"):
        list(stream)
    error = start(recorder, "refuse").result.exception(DEADLINE_S)
    assert isinstance(error, TraciaError)
    assert (error.code, error.status_code) == (TraciaErrorCode.PROVIDER_ERROR, 400)


def test_what_is_wrong_with_the_input_is_raised_at_the_call(recorder):
    with pytest.raises(TraciaError, match="messages is required and cannot be empty"):
        recorder.run_local(model="gpt-4o", messages=[], stream=True)


def test_events_tell_text_reasoning_and_the_end(recorder):
    events = list(start(recorder, "think").events())
    assert [event.type for event in events] == ["reasoning", "text_delta", "text", "done"]
    assert (events[0].content, events[1].data, events[2].data) == ("hm", "done", "done")
    assert events[3].usage.total_tokens == 17
    assert events[3].result.reasoning_text == "hm"


def test_events_tell_whole_tool_calls(recorder):
    events = list(start(recorder, "call x").events())
    call = next(event for event in events if event.type == "tool_call")
    assert (call.id, call.name, call.arguments) == ("call_1", "get_weather", {"location": "Tokyo"})


def test_cancelling_the_future_does_not_lose_the_result(recorder):
    stream = start(recorder, "say a b")
    assert not stream.result.cancel()
    assert stream.result.result(DEADLINE_S).text == "a b"


def test_closing_the_client_ends_its_streams(recorder, fake):
    stream = start(recorder, "hold")
    future = stream.result
    assert fake.holding.wait(DEADLINE_S)
    recorder.close()
    error = future.exception(DEADLINE_S)
    assert error.code == TraciaErrorCode.ABORTED if error else future.result().aborted
    assert fake.gone.wait(DEADLINE_S)


def test_a_streamed_prompt_gives_pieces_and_the_servers_own_result(client, fake):
    result = (
        b'{"text":"Hi Ada","spanId":"sp_0123456789abcdef","traceId":"tr_1","promptVersion":2,"latencyMs":5,'
        b'"usage":{"inputTokens":1,"outputTokens":2,"totalTokens":3},"cost":0.1,"costStatus":"exact",'
        b'"finishReason":"max_tokens","providerFinishReason":"length","toolCalls":null,"structuredOutput":null,'
        b'"messages":[],"provider":"openai","model":"gpt-4o","spanStored":true}'
    )
    fake.answers["POST", "/api/v1/prompts/hello/run"] = (
        200,
        b'event: delta\ndata: {"text":"Hi "}\n\nevent: delta\ndata: {"text":"Ada"}\n\nevent: done\ndata: '
        + result
        + b"\n\n",
    )
    stream = client.prompts.run("hello", {"name": "Ada"}, {"version": 2}, stream=True)
    assert "".join(stream) == "Hi Ada"
    answer = stream.result.result(DEADLINE_S)
    assert (answer.span_id, answer.prompt_version, answer.cost) == ("sp_0123456789abcdef", 2, 0.1)
    assert (answer.finish_reason, answer.aborted) == ("length", False)
    assert (answer.provider, answer.model) == ("openai", "gpt-4o")
    with pytest.raises(TraciaError, match="not here"):
        list(client.prompts.run("unknown", stream=True))


def test_a_streamed_prompt_that_is_left_keeps_what_was_given(client, fake):
    deltas = b"".join(b'event: delta\ndata: {"text":"' + word + b'"}\n\n' for word in (b"a ", b"b ", b"c"))
    fake.answers["POST", "/api/v1/prompts/hello/run"] = (200, deltas)
    stream = client.prompts.run("hello", stream=True)
    for piece in stream:
        assert piece == "a "
        break
    result = stream.result.result(DEADLINE_S)
    assert (result.text, result.aborted) == ("a ", True)


def test_responses_of_many_streams_in_threads_do_not_mix(recorder):
    def run(number, out):
        out[number] = "".join(start(recorder, f"say {number} {number} {number}"))

    out = {}
    threads = [threading.Thread(target=run, args=(number, out)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE_S)
    assert out == {number: f"{number} {number} {number}" for number in range(16)}
