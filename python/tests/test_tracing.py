"""Spans of the application's own code, and what becomes their child."""

import asyncio
import contextvars
import threading
import warnings

import pytest
from fake_server import user

from tracia import SpanKind, Tracia
from tracia.testing import recording_client
from tracia.tracing import current_place


def by_name(recorder):
    return {span.get("name") or "call": span for span in recorder.spans}


def say(client, **more):
    return client.run_local(model="gpt-4o", messages=user("say hi"), **more)


def test_calls_inside_a_span_are_its_children(recorder):
    with recorder.span("outer", kind=SpanKind.AGENT, input={"q": 1}, tags=["t"], user_id="u") as outer:
        with recorder.span("inner", kind="TOOL") as inner:
            result = say(recorder)
        outer.output = {"answer": 42}
        outer.set_attribute("rows", 3)
    spans = by_name(recorder)
    assert (result.trace_id, spans["call"]["parentSpanId"]) == (outer.trace_id, inner.span_id)
    assert spans["inner"]["parentSpanId"] == outer.span_id
    assert (spans["outer"]["spanKind"], spans["inner"]["spanKind"]) == ("AGENT", "TOOL")
    assert "parentSpanId" not in spans["outer"]
    assert (spans["outer"]["input"], spans["outer"]["output"]) == ({"q": 1}, '{"answer":42}')
    assert (spans["outer"]["attributes"], spans["outer"]["tags"]) == ({"rows": 3}, ["t"])
    assert (spans["outer"]["status"], spans["outer"]["userId"]) == ("SUCCESS", "u")
    assert current_place() is None


def test_a_trace_or_a_parent_given_by_the_caller_wins(recorder):
    with recorder.span("outer") as outer:
        elsewhere = say(recorder, trace_id="tr_00000000000000aa")
        child = say(recorder, parent_span_id="sp_00000000000000bb")
        same = say(recorder, trace_id=outer.trace_id)
    spans = {span["spanId"]: span for span in recorder.spans}
    assert elsewhere.trace_id == "tr_00000000000000aa"
    assert "parentSpanId" not in spans[elsewhere.span_id]
    assert spans[child.span_id]["parentSpanId"] == "sp_00000000000000bb"
    assert spans[same.span_id]["parentSpanId"] == outer.span_id


def test_an_exception_makes_the_span_an_error_and_goes_on(recorder):
    with pytest.raises(ValueError, match="bad"), recorder.span("outer"):
        raise ValueError("bad")
    assert (recorder.spans[0]["status"], recorder.spans[0]["error"]) == ("ERROR", "ValueError: bad")


def test_what_has_no_json_form_is_recorded_as_its_repr(recorder):
    with recorder.span("odd", input=[object], attributes={"o": {1, 2}}) as span:
        span.output = {"x": threading.Lock()}
    assert "lock" in recorder.spans[0]["output"]
    assert recorder.spans[0]["input"]["value"] == [repr(object)]


def test_a_span_that_is_refused_is_reported_and_breaks_nothing(fake):
    reported = []
    with recording_client(on_span_error=lambda error, span_id: reported.append((str(error), span_id))) as client:
        with client.span("tagged", tags=["x" * 1000]) as span:
            pass
        assert client.spans == []
    assert reported[0][1] == span.span_id
    assert "tags" in reported[0][0]


def test_functions_are_traced_with_arguments_and_result(recorder):
    @recorder.trace(kind="TOOL")
    def add(a, b=2, *more):
        """Adds."""
        return a + b

    assert add(1) == 3
    assert (add.__name__, add.__doc__) == ("add", "Adds.")
    span = recorder.spans[0]
    assert (span["input"], span["output"], span["spanKind"]) == ({"a": 1}, "3", "TOOL")
    assert span["name"].endswith("add")


def test_capture_can_be_turned_off_and_the_name_chosen(recorder):
    @recorder.trace(name="quiet", capture_input=False, capture_output=False)
    def secret(password):
        return password

    secret("hunter2")
    assert "hunter2" not in str(recorder.spans)
    assert recorder.spans[0]["name"] == "quiet"


def test_a_method_is_traced_without_its_self(recorder):
    class Agent:
        @recorder.trace
        def act(self, what):
            return what

    Agent().act("go")
    assert recorder.spans[0]["input"] == {"what": "go"}


def test_coroutines_are_traced_and_tasks_do_not_mix(recorder):
    @recorder.trace
    async def work(number):
        await asyncio.sleep(0)
        result = await recorder.arun_local(model="gpt-4o", messages=user(f"say {number}"), name=f"call-{number}")
        return result.text

    async def main():
        return await asyncio.gather(*(work(number) for number in range(5)))

    assert asyncio.run(main()) == ["0", "1", "2", "3", "4"]
    spans = recorder.spans
    parents = {span["spanId"]: span for span in spans if "input" in span and "number" in span["input"]}
    for span in spans:
        if span.get("name", "").startswith("call-"):
            parent = parents[span["parentSpanId"]]
            assert span["name"] == f"call-{parent['input']['number']}"
            assert span["traceId"] == parent["traceId"]


def test_generators_are_traced_while_their_own_code_runs(recorder):
    @recorder.trace
    def pieces():
        yield "a"
        say(recorder)
        received = yield "b"
        assert received == "sent"
        return "end"

    running = pieces()
    assert next(running) == "a"
    assert current_place() is None
    assert next(running) == "b"
    with pytest.raises(StopIteration) as stop:
        running.send("sent")
    assert stop.value.value == "end"
    spans = by_name(recorder)
    generator = next(span for name, span in spans.items() if "pieces" in name)
    assert generator["output"] == "ab"
    assert spans["call"]["parentSpanId"] == generator["spanId"]


def test_a_generator_that_is_left_or_fails_is_recorded(recorder):
    @recorder.trace
    def endless():
        while True:
            yield 1

    @recorder.trace
    def failing():
        yield 1
        raise ValueError("bad")

    for _ in endless():
        break
    with pytest.raises(ValueError, match="bad"):
        list(failing())
    assert [span["status"] for span in recorder.spans] == ["SUCCESS", "ERROR"]
    assert recorder.spans[0]["output"] == "[1]"


def test_exceptions_thrown_into_a_generator_reach_it(recorder):
    @recorder.trace
    def resilient():
        try:
            yield 1
        except KeyError:
            yield 2

    running = resilient()
    assert next(running) == 1
    assert running.throw(KeyError()) == 2


def test_asynchronous_generators_are_traced(recorder):
    @recorder.trace
    async def pieces():
        yield "a"
        await recorder.arun_local(model="gpt-4o", messages=user("say hi"))
        yield "b"

    async def main():
        out = []
        async for piece in pieces():
            assert current_place() is None
            out.append(piece)
        return out

    assert asyncio.run(main()) == ["a", "b"]
    spans = by_name(recorder)
    generator = next(span for name, span in spans.items() if "pieces" in name)
    assert (generator["output"], spans["call"]["parentSpanId"]) == ("ab", generator["spanId"])


def test_a_span_is_entered_once(recorder):
    span = recorder.span("once")
    with span:
        pass
    with pytest.raises(RuntimeError, match="once"), span:
        pass
    assert len(recorder.spans) == 1


def test_a_copied_context_carries_the_place_into_a_thread(recorder):
    with recorder.span("outer") as outer:
        context = contextvars.copy_context()
        thread = threading.Thread(target=context.run, args=(say, recorder))
        thread.start()
        thread.join()
    assert by_name(recorder)["call"]["parentSpanId"] == outer.span_id


def test_a_prompt_run_inside_a_span_is_its_child(client, fake):
    fake.answers["POST", "/api/v1/prompts/p/run"] = (200, {"text": "x", "spanId": "sp_1", "traceId": "t"})
    with client.span("outer") as outer:
        client.prompts.run("p")
    body = fake.bodies("/run")[0]
    assert body == {"traceId": outer.trace_id, "parentSpanId": outer.span_id}


def test_a_mask_changes_or_drops_spans(fake):
    def mask(span):
        if span.get("name") == "drop":
            return None
        return {**span, "output": "***"}

    with recording_client(mask=mask) as client:
        say(client, name="keep")
        say(client, name="drop")
        assert [(span["name"], span["output"]) for span in client.spans] == [("keep", "***")]


def test_a_span_whose_mask_fails_is_not_sent_and_is_reported(fake):
    reported = []

    def mask(span):
        raise KeyError("oops")

    with recording_client(mask=mask, on_span_error=lambda error, span_id: reported.append((error, span_id))) as client:
        result = say(client)
        assert client.spans == []
    assert reported[0][1] == result.span_id
    assert "mask failed" in str(reported[0][0])


def test_spans_that_cannot_be_sent_are_reported_once_with_their_id(fake):
    reported = []
    fake.answers["POST", "/api/v1/spans"] = (401, {"error": {"code": "UNAUTHORIZED", "message": "no"}})
    fake.answers["POST", "/api/v1/spans/batch"] = fake.answers["POST", "/api/v1/spans"]

    def on_span_error(error, span_id):
        reported.append((error.code, span_id))
        raise RuntimeError("a callback's own mistake")

    with warnings.catch_warnings(record=True):
        warnings.simplefilter("always")
        with Tracia("tr_test", base_url=fake.url, on_span_error=on_span_error) as client:
            first, second = say(client), say(client)
            client.flush()
    assert sorted(span_id for _, span_id in reported) == sorted([first.span_id, second.span_id])
    assert {code for code, _ in reported} == {"UNAUTHORIZED"}


def test_a_disabled_client_sends_nothing(fake):
    with Tracia("tr_test", base_url=fake.url, enabled=False) as client:
        with client.span("outer"):
            assert say(client).text == "hi"
        assert client.flush()
    assert fake.bodies("/spans") == fake.bodies("/spans/batch") == []
