"""Servers that fork, loops that are not asyncio's own, and processes that just end."""

import asyncio
import multiprocessing
import os
import re
import socket
import subprocess
import sys
import urllib.request

import harness
import pytest

from tracia import Tracia

HELLO = [{"role": "user", "content": "Hello!"}]

APP = """
from tracia import Tracia
client = Tracia()
client.run_local(model="gpt-4o", messages=[{"role": "user", "content": "before the fork"}])  # connections, threads

def app(environ, start_response):
    tag = environ["QUERY_STRING"]
    result = client.run_local(model="gpt-4o", messages=[{"role": "user", "content": "Hi"}], tags=[tag])
    stream = client.run_local(model="gpt-4o", messages=[{"role": "user", "content": "Hi"}], tags=[tag], stream=True)
    text = "".join(stream)
    start_response("200 OK", [("content-type", "text/plain")])
    import os
    return [f"{os.getpid()} {result.text == text}".encode()]
"""


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def test_gunicorn_preload_with_a_client_made_before_the_fork(session_environment, stored, unique, tmp_path):
    (tmp_path / "preloaded.py").write_text(APP)
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "--preload", "--workers", "2", "--bind", f"127.0.0.1:{port}",
         "--graceful-timeout", "10", "preloaded:app"],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        def ask():
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/?{unique}", timeout=30) as answer:
                    return answer.read().decode()
            except OSError:
                return None

        answers = [harness.wait_until(ask, "gunicorn answers")]
        answers += [ask() for _ in range(9)]
        assert all(re.fullmatch(r"\d+ True", a or "") for a in answers), answers
        assert str(process.pid) not in {a.split()[0] for a in answers}
        harness.wait_until(lambda: len(stored(unique)) == 20, "every worker's spans")
    finally:
        process.terminate()
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 0, output
    assert "Traceback" not in output


def child(tag):
    """In a forked process: the parent's client, which has threads and connections there."""
    result = shared.run_local(model="gpt-4o", messages=HELLO, tags=[tag])

    async def go():
        return await shared.arun_local(model="gpt-4o", messages=HELLO, tags=[tag])

    again = asyncio.run(go())
    assert shared.flush()
    return result.text == again.text


shared = None


def test_a_pool_of_forked_processes_uses_the_parents_client(session_environment, client, stored, unique):
    global shared
    shared = client
    client.run_local(model="gpt-4o", messages=HELLO)

    async def warm():
        await client.arun_local(model="gpt-4o", messages=HELLO)

    asyncio.run(warm())
    with multiprocessing.get_context("fork").Pool(3) as pool:
        assert pool.map(child, [unique] * 6) == [True] * 6
    assert client.run_local(model="gpt-4o", messages=HELLO, tags=[unique]).text
    assert len(stored(unique)) == 13


@pytest.mark.parametrize("policy", ["asyncio", "uvloop"])
def test_each_event_loop_gets_its_own_answers(session_environment, policy):
    source = f"""
import asyncio, {policy}
from tracia import Tracia
HELLO = [{{"role": "user", "content": "Hello!"}}]

async def main():
    asyncio.get_running_loop().slow_callback_duration = 60  # what a busy machine makes slow is no finding
    results = await asyncio.gather(*(client.arun_local(model="gpt-4o", messages=HELLO) for _ in range(50)))
    stream = await client.arun_local(model="gpt-4o", messages=HELLO, stream=True)
    text = "".join([piece async for piece in stream])
    assert text == (await stream.result).text == results[0].text
    return len(results)

client = Tracia()
for _ in range(3):  # a loop each
    print({policy}.run(main()))
client.close()
"""
    done = subprocess.run([sys.executable, "-X", "dev", "-W", "error", "-c", source], capture_output=True, text=True,
                          timeout=120, env=os.environ)
    assert (done.returncode, done.stdout, done.stderr) == (0, "50\n50\n50\n", "")


def test_a_process_that_just_ends_sends_its_spans(session_environment, stored, unique):
    source = f"""
from tracia import Tracia
client = Tracia()
client.run_local(model="gpt-4o", messages=[{{"role": "user", "content": "Hi"}}], tags=["{unique}"])
"""
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, timeout=60, env=os.environ)
    assert (done.returncode, done.stderr) == (0, "")
    harness.wait_until(lambda: len(stored(unique)) == 1, "its span")


def test_two_clients_in_one_process_do_not_meet(session_environment, simulator, server, tmp_path, unique):
    with harness.Server(tmp_path / "d", simulator.url) as own, Tracia() as first, Tracia(base_url=own.url) as second:
        a = first.run_local(model="gpt-4o", messages=HELLO, tags=[unique])
        b = second.run_local(model="gpt-4o", messages=HELLO, tags=[unique])
        assert first.flush()
        assert second.flush()
        assert first.spans.get(a.span_id).span_id == a.span_id
        assert [s.span_id for s in second.spans.list().spans] == [b.span_id]
