"""Asynchronous calls: nothing blocks the loop, cancelling a task cancels its call, loops come and go."""

import asyncio
import gc
import threading
import warnings

import pytest
from fake_server import DEADLINE_S, user

from tracia import Tracia, TraciaError, _async


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, DEADLINE_S))


async def start(client, text, **more):
    return await client.arun_local(model="gpt-4o", messages=user(text), stream=True, **more)


async def seen(event: threading.Event):
    while not event.is_set():
        await asyncio.sleep(0.002)


def test_a_call_gives_its_result(recorder):
    async def main():
        result = await recorder.arun_local(model="gpt-4o", messages=user("say a b"))
        vectors = await recorder.arun_embedding(model="text-embedding-3-small", input=["x", "y"])
        assert await recorder.aflush(DEADLINE_S)
        return result, vectors

    result, vectors = run(main())
    assert result.text == "a b"
    assert [each.values for each in vectors.embeddings] == [[0.0, 0.5], [1.0, 0.5]]


def test_errors_are_raised_where_the_call_is_awaited(recorder):
    async def main():
        with pytest.raises(TraciaError, match="I will not"):
            await recorder.arun_local(model="gpt-4o", messages=user("refuse"))
        with pytest.raises(TraciaError, match="model is required and cannot be empty"):
            await recorder.arun_local(model="", messages=user("x"))

    run(main())


def test_many_calls_run_at_once_and_do_not_mix(recorder):
    async def main():
        calls = [recorder.arun_local(model="gpt-4o", messages=user(f"say n{number}")) for number in range(100)]
        return await asyncio.gather(*calls)

    assert [result.text for result in run(main())] == [f"n{number}" for number in range(100)]


def test_the_loop_runs_on_while_a_call_waits(recorder, fake):
    async def main():
        task = asyncio.create_task(recorder.arun_local(model="gpt-4o", messages=user("hold")))
        await seen(fake.holding)
        fake.release()
        return await task

    assert run(main()).text == "late"


def test_cancelling_the_task_closes_the_connection(recorder, fake):
    async def main():
        task = asyncio.create_task(recorder.arun_local(model="gpt-4o", messages=user("hold")))
        await seen(fake.holding)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await seen(fake.gone)

    run(main())


def test_a_stream_gives_pieces_and_a_result(recorder):
    async def main():
        stream = await start(recorder, "say a b c")
        assert stream.span_id.startswith("sp_")
        assert [piece async for piece in stream] == ["a ", "b ", "c"]
        assert (await stream.result).text == "a b c"
        assert (await stream.result).usage.total_tokens == 17
        assert (await (await start(recorder, "say d")).result).text == "d"
        with pytest.raises(RuntimeError, match="Stream already consumed"):
            stream.__aiter__()

    run(main())


def test_events_of_a_stream(recorder):
    async def main():
        return [event.type async for event in (await start(recorder, "think")).events()]

    assert run(main()) == ["reasoning", "text_delta", "text", "done"]


def test_leaving_the_loop_closes_the_connection(recorder, fake):
    async def main():
        stream = await start(recorder, "hold")
        async for piece in stream:
            assert piece == "one "
            break
        result = await stream.result
        assert (result.text, result.aborted) == ("one ", True)
        await seen(fake.gone)

    run(main())


def test_cancelling_a_task_that_iterates_closes_the_connection(recorder, fake):
    async def read():
        async for _ in await start(recorder, "hold"):
            pass

    async def main():
        task = asyncio.create_task(read())
        await seen(fake.holding)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await seen(fake.gone)

    run(main())


def test_cancelling_a_task_that_awaits_the_result_closes_the_connection(recorder, fake):
    async def main():
        stream = await start(recorder, "hold")
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(stream.result, 0.05)
        await seen(fake.gone)

    run(main())


def test_a_stream_that_nobody_holds_closes_its_connection(recorder, fake):
    async def main():
        stream = await start(recorder, "hold")
        await seen(fake.holding)
        del stream
        gc.collect()
        await seen(fake.gone)

    run(main())


def test_a_failed_stream_is_silent_about_a_future_that_nobody_awaits(recorder):
    complaints = []

    async def main():
        asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
        stream = await start(recorder, "cut a b", max_retries=0)
        future = stream.result
        with pytest.raises(TraciaError) as raised:
            async for _ in stream:
                pass
        assert raised.value.partial.text == "a b"
        while not future.done():
            await asyncio.sleep(0.002)
        del future, stream
        gc.collect()

    run(main())
    assert complaints == []


def test_each_loop_has_its_own_queue_and_a_closed_loop_frees_it(recorder):
    async def main():
        await recorder.arun_local(model="gpt-4o", messages=user("say a"))
        return _async.loop_queue().native

    for _ in range(3):
        native = run(main())
    run(main())
    gc.collect()
    assert len(_async._queues) <= 1
    assert native.drain() == []  # closed, and harmless


def test_loops_in_several_threads(recorder):
    out = []

    def work(number):
        async def main():
            return (await recorder.arun_local(model="gpt-4o", messages=user(f"say t{number}"))).text

        out.append(run(main()))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE_S)
    assert sorted(out) == [f"t{number}" for number in range(8)]


def test_uvloop(recorder, fake):
    uvloop = pytest.importorskip("uvloop")

    async def main():
        stream = await start(recorder, "say a b")
        assert [piece async for piece in stream] == ["a ", "b"]
        task = asyncio.create_task(recorder.arun_local(model="gpt-4o", messages=user("hold")))
        await seen(fake.holding)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await seen(fake.gone)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        uvloop.install()
    try:
        run(main())
    finally:
        asyncio.set_event_loop_policy(None)


def test_the_client_closes_asynchronously(fake):
    async def main():
        async with Tracia("tr_test", base_url=fake.url, flush_timeout_ms=10) as client:
            assert (await client.arun_local(model="gpt-4o", messages=user("say a"))).text == "a"
        with pytest.raises(TraciaError, match="closed"):
            await client.arun_local(model="gpt-4o", messages=user("say a"))

    run(main())


def test_prompts_and_spans_have_working_twins(client, fake):
    fake.answers["DELETE", "/api/v1/prompts/a%20b"] = (200, {"success": True})
    fake.answers["GET", "/api/v1/spans?status=ERROR"] = (200, {"spans": [], "cursor": None, "hasMore": False})

    async def main():
        await client.prompts.adelete("a b")
        page = await client.spans.alist({"status": "ERROR"})
        with pytest.raises(TraciaError) as raised:
            await client.prompts.aget("nowhere")
        return page, raised.value

    page, error = run(main())
    assert (page.spans, page.has_more) == ([], False)
    assert (error.code, error.status_code) == ("NOT_FOUND", 404)
