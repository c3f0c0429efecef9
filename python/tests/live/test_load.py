"""Many calls at once, and many after each other: all right, all stored, and no more memory at the end."""

import asyncio
import gc
import os
import threading

import pytest

from tracia import Tracia

# 100,000 with TRACIA_TEST_CALLS=100000; the default keeps a whole test run short.
CALLS = int(os.environ.get("TRACIA_TEST_CALLS", "10000"))


def ask(text):
    return [{"role": "user", "content": text}]


def resident_kib():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024


def descriptors():
    return len(os.listdir("/proc/self/fd"))


def test_1000_asynchronous_calls_at_once_are_all_right_and_all_stored(session_environment, client, stored, unique):
    async def go():
        async with Tracia() as own:
            return await asyncio.gather(*(
                own.arun_local(model="gpt-4o", messages=ask(f"Number {i}"), tags=[unique], user_id=f"u{i}")
                for i in range(1000)))

    results = asyncio.run(go())
    assert len({r.span_id for r in results}) == 1000
    for i in (0, 17, 999):
        assert results[i].text == client.run_local(model="gpt-4o", messages=ask(f"Number {i}")).text
    spans = stored(unique)
    assert {s["spanId"] for s in spans} == {r.span_id for r in results}


def test_64_threads_are_all_right_and_all_stored(client, stored, unique):
    results, errors = {}, []

    def work(n):
        try:
            for i in range(10):
                results[n, i] = client.run_local(model="gpt-4o", messages=ask(f"Thread {n} call {i}"), tags=[unique])
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert len(results) == 640
    assert results[5, 3].text == client.run_local(model="gpt-4o", messages=ask("Thread 5 call 3")).text
    assert {s["spanId"] for s in stored(unique)} == {r.span_id for r in results.values()}


@pytest.mark.skipif("libclang_rt" in os.environ.get("LD_PRELOAD", ""), reason="a sanitizer keeps what is freed")
@pytest.mark.parametrize("form", ["calls", "streams", "asynchronous"])
def test_memory_and_descriptors_stay_flat(session_environment, form):
    client = Tracia(enabled=False) if form != "calls" else Tracia()
    calls = CALLS if form == "calls" else CALLS // 4

    def block(count):
        for _ in range(count):
            client.run_local(model="gpt-4o", messages=ask("Hi"), max_output_tokens=16)

    def streams(count):
        for i in range(count):
            stream = client.run_local(model="gpt-4o", messages=ask("Hi"), max_output_tokens=16, stream=True)
            if i % 3 == 0:
                next(iter(stream))
                stream.abort()
            else:
                "".join(stream)

    def asynchronous(count):
        async def go():
            for _ in range(count // 50):
                await asyncio.gather(*(
                    client.arun_local(model="gpt-4o", messages=ask("Hi"), max_output_tokens=16) for _ in range(50)))

        asyncio.run(go())

    work = {"calls": block, "streams": streams, "asynchronous": asynchronous}[form]
    with client:
        work(max(500, calls // 10))
        client.flush()
        gc.collect()
        before, open_before = resident_kib(), descriptors()
        work(calls)
        client.flush()
        gc.collect()
        grown = resident_kib() - before
        assert grown < 4096 + calls * 0.02, f"{grown} KiB more after {calls} calls"
        assert descriptors() <= open_before + 8
