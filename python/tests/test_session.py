"""Sessions: one trace, a linear chain, and the caller's word wins."""

import asyncio
import threading

import pytest
from fake_server import DEADLINE_S, user

from tracia import RunLocalInput, TraciaError


def say(session, **more):
    return session.run_local(model="gpt-4o", messages=user("say hi"), **more)


def parents(recorder):
    return {span["spanId"]: span.get("parentSpanId") for span in recorder.spans}


def test_calls_share_a_trace_and_form_a_chain(recorder):
    session = recorder.create_session()
    assert (session.trace_id, session.last_span_id) == (None, None)
    first = say(session)
    second = session.run_embedding(model="text-embedding-3-small", input="x")
    third = session.run_local(RunLocalInput(model="gpt-4o", messages=user("say more")))
    assert first.trace_id == second.trace_id == third.trace_id == session.trace_id
    assert parents(recorder) == {
        first.span_id: None,
        second.span_id: first.span_id,
        third.span_id: second.span_id,
    }
    assert session.last_span_id == third.span_id


def test_a_session_goes_on_with_an_earlier_trace(recorder):
    session = recorder.create_session(trace_id="tr_00000000000000aa", parent_span_id="sp_00000000000000bb")
    assert (session.trace_id, session.last_span_id) == ("tr_00000000000000aa", "sp_00000000000000bb")
    result = say(session)
    assert (result.trace_id, parents(recorder)[result.span_id]) == ("tr_00000000000000aa", "sp_00000000000000bb")


def test_a_trace_or_a_parent_given_by_the_caller_wins(recorder):
    session = recorder.create_session()
    first = say(session)
    elsewhere = say(session, trace_id="tr_00000000000000cc")
    assert elsewhere.trace_id == "tr_00000000000000cc"
    assert session.last_span_id == first.span_id
    branch = session.run_local(
        RunLocalInput(model="gpt-4o", messages=user("say b"), parent_span_id="sp_00000000000000dd")
    )
    after = say(session)
    found = parents(recorder)
    assert found[elsewhere.span_id] is None
    assert found[branch.span_id] == "sp_00000000000000dd"
    assert (branch.trace_id, found[after.span_id]) == (session.trace_id, branch.span_id)


def test_a_span_that_is_not_sent_is_no_parent(recorder):
    session = recorder.create_session()
    first = say(session)
    say(session, send_trace=False)
    assert session.last_span_id == first.span_id


def test_a_failed_call_leaves_the_chain_as_it_was(recorder):
    session = recorder.create_session()
    first = say(session)
    with pytest.raises(TraciaError):
        session.run_local(model="gpt-4o", messages=user("refuse"))
    assert session.last_span_id == first.span_id


def test_a_call_made_before_a_stream_is_read_chains_to_it(recorder):
    session = recorder.create_session()
    stream = say(session, stream=True)
    second = say(session)
    assert stream.result.result(DEADLINE_S).text == "hi"
    assert parents(recorder)[second.span_id] == stream.span_id


def test_reset_begins_a_new_trace(recorder):
    session = recorder.create_session()
    first = say(session)
    session.reset()
    assert (session.trace_id, session.last_span_id) == (None, None)
    second = say(session)
    assert first.trace_id != second.trace_id
    assert parents(recorder)[second.span_id] is None


def test_asynchronous_calls_chain_too(recorder):
    async def main():
        async with recorder.create_session() as session:
            first = await session.arun_local(model="gpt-4o", messages=user("say a"))
            stream = await session.arun_local(model="gpt-4o", messages=user("say b"), stream=True)
            vectors = await session.arun_embedding(model="text-embedding-3-small", input="x")
            await stream.result
            return first, stream, vectors

    first, stream, vectors = asyncio.run(main())
    found = parents(recorder)
    assert found[stream.span_id] == first.span_id
    assert found[vectors.span_id] == stream.span_id


def test_parallel_calls_share_the_trace(recorder):
    session = recorder.create_session()
    out = []
    threads = [threading.Thread(target=lambda: out.append(say(session))) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE_S)
    assert {result.trace_id for result in out} == {session.trace_id}
    assert session.last_span_id in {result.span_id for result in out}


def test_a_session_inside_a_span_goes_on_in_its_trace(recorder):
    with recorder.span("outer") as outer, recorder.create_session() as session:
        first = say(session)
        second = say(session)
    found = parents(recorder)
    assert first.trace_id == outer.trace_id
    assert (found[first.span_id], found[second.span_id]) == (outer.span_id, first.span_id)


def test_prompts_run_in_a_session(client, fake):
    session = client.create_session()
    answer = {"text": "x", "spanId": "sp_00000000000000ee", "latencyMs": 1}
    fake.answers["POST", "/api/v1/prompts/p/run"] = (200, {**answer, "traceId": "tr_00000000000000ff"})
    session = client.create_session(trace_id="tr_00000000000000ff")
    session.run_prompt("p", {"name": "Ada"}, {"tags": ["t"]})
    assert session.last_span_id == "sp_00000000000000ee"
    session.run_prompt("p")
    assert fake.bodies("/run") == [
        {"tags": ["t"], "traceId": "tr_00000000000000ff", "variables": {"name": "Ada"}},
        {"traceId": "tr_00000000000000ff", "parentSpanId": "sp_00000000000000ee"},
    ]
