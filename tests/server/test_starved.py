"""A server that lacks something from outside: names that do not resolve, descriptors, time on the processor."""

import json
import os
import pathlib
import signal
import socket
import subprocess
import threading
import time

import pytest

from harness import BINARY, DEADLINE, KEY, SANITIZED, Client, Member, Server, wait_until

CONTENT = [{"id": "m", "role": "user", "content": "hi"}]


def connect_to(owner, name, url):
    owner.post("/api/v1/connections", {"name": name, "protocol": "openai", "baseUrl": url,
                                        "key": "sk-local-0123456789"}, expect=201)


def run(client, provider, **more):
    return client.send("POST", "/api/v1/run", {"provider": provider, "model": "m", "content": CONTENT} | more)


def lost_and_near(server, client, simulator, lost, timeout_ms):
    """Eight calls to a host that cannot be found, and twenty to one that can while those look the name up: all of these
    are answered. The answers to the eight, and how many of them had come before the twenty were done."""
    owner = Member.set_up(server)
    connect_to(owner, "lost", lost)
    connect_to(owner, "near", simulator.url + "/v1")
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(run(Client(server), "lost", timeoutMs=timeout_ms)))
               for _ in range(8)]
    for thread in threads:
        thread.start()
    near = [run(client, "near").status for _ in range(20)]
    came_first = len(answers)
    for thread in threads:
        thread.join(DEADLINE)
    assert near == [200] * 20
    assert len(answers) == 8
    return answers, came_first


def test_a_host_that_does_not_resolve_is_named_and_others_go_on(simulator, tmp_path):
    with Server(tmp_path / "d", simulator.url, "--allow-private-upstreams") as server:
        client = Client(server)
        answers, _ = lost_and_near(server, client, simulator, "http://models.invalid/v1", 20_000)
        for answer in answers:
            assert answer.status in (502, 504) and "models.invalid" in answer.error["message"], answer
        assert server.stop() == 0


def wrapped(folder, how):
    """A program that starts the server as a line of shell says; "$@" are its arguments."""
    wrapper = folder / "wrapper"
    wrapper.write_text(f"#!/bin/sh\n{how}\n")
    wrapper.chmod(0o755)
    return wrapper


def test_a_resolver_that_is_silent_holds_up_nobody_else(simulator, tmp_path):
    """In a mount namespace of its own, in which /etc/resolv.conf names a server that does not answer."""
    (tmp_path / "resolv.conf").write_text("nameserver 127.9.9.9\noptions timeout:5 attempts:3\n")
    mount = f"mount --bind {tmp_path}/resolv.conf /etc/resolv.conf"
    if subprocess.run(["unshare", "-m", "sh", "-c", mount], capture_output=True).returncode != 0:
        pytest.skip("no mount namespace can be made here")
    sink = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sink.bind(("127.9.9.9", 53))  # takes what comes, and is silent
    except OSError as error:
        pytest.skip(f"port 53 cannot be taken here: {error}")
    program = wrapped(tmp_path, f"exec unshare -m sh -c '{mount} && exec {BINARY} \"$@\"' sh \"$@\"")
    with sink, Server(tmp_path / "d", simulator.url, "--allow-private-upstreams", program=program) as server:
        client = Client(server)
        answers, came_first = lost_and_near(server, client, simulator, "http://models.example.test/v1", 2000)
        assert came_first == 0, "they waited for the resolver"
        assert all(answer.status == 504 for answer in answers), answers
        assert client.get("/readyz").json["status"] == "ready"


@pytest.mark.skipif(SANITIZED, reason="UBSan takes an object for invalid when no descriptor is left to look at it")
def test_few_descriptors_refuse_connections_and_burn_no_processor(simulator, tmp_path):
    few = wrapped(tmp_path, f'ulimit -n 128\nexec {BINARY} "$@"')
    with Server(tmp_path / "d", simulator.url, program=few) as server:
        first = Client(server)
        first.get("/healthz")
        idle = [socket.create_connection((server.host, server.port), timeout=DEADLINE) for _ in range(300)]
        try:
            def processor():
                fields = pathlib.Path(f"/proc/{server.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
                return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

            before, began = processor(), time.monotonic()
            time.sleep(1)  # a span of time to measure over, not a wait
            used = (processor() - before) / (time.monotonic() - began)
            assert used < 0.5, f"it spins: {used:.2f} of a core, with nothing to do"
            assert server.process.poll() is None
        finally:
            for connection in idle:
                connection.close()
        client = Client(server)
        wait_until(lambda: client.send("GET", "/readyz").status == 200, "it serves again")
        assert client.post("/api/v1/spans/batch", []).status == 200
        first.close()
        assert server.stop() == 0


def test_a_server_that_was_stopped_for_a_while_goes_on(simulator, tmp_path):
    """SIGSTOP and SIGCONT, with callers of every kind waiting: all are answered, and a client's span comes in."""
    with Server(tmp_path / "d", simulator.url) as server:
        server.process.send_signal(signal.SIGSTOP)
        results = []

        def call(path, body):
            results.append(Client(server).send("POST", path, body).status)

        span = {"spanId": "sp_00000000000000aa", "model": "gpt-4o", "provider": "openai", "status": "SUCCESS",
                "input": {"messages": [{"role": "user", "content": "x"}]}, "output": "y", "latencyMs": 5}
        calls = [("/api/v1/spans/batch", [span]), ("/api/v1/run", {"model": "gpt-4o", "content": CONTENT}),
                 ("/v1/chat/completions", {"model": "gpt-4o", "messages": [{"role": "user", "content": "x"}]})]
        threads = [threading.Thread(target=call, args=one) for one in calls]
        for thread in threads:
            thread.start()
        environment = {"PATH": os.environ["PATH"], "OPENAI_API_KEY": "sk-sim-0123456789abcdefghijklmnop",
                       "OPENAI_BASE_URL": f"{simulator.url}/v1", "TRACIA_API_KEY": KEY, "TRACIA_BASE_URL": server.url}
        local = subprocess.Popen([BINARY, "run", "-m", "gpt-4o", "--json", "hi"], env=environment, text=True,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        line = local.stdout.readline()
        assert line.startswith("{"), "a local call does not wait for the server"
        server.process.send_signal(signal.SIGCONT)
        rest, _ = local.communicate(timeout=DEADLINE)
        assert local.returncode == 0
        for thread in threads:
            thread.join(DEADLINE)
        assert results == [200] * 3
        client = Client(server)
        made = json.loads(line + rest)["spanId"]
        wait_until(lambda: client.send("GET", f"/api/v1/spans/{made}").status == 200, "the client's span")
        assert server.stop() == 0
