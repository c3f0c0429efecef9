#!/usr/bin/env python3
"""Pages that rot, and backups, with the real binary.

A sealed segment with a bad page: doctor names file and page and fails; serve opens, answers the rest, and says in
/readyz and /metrics what it lacks. A rotten control.db: doctor names it; serve does not go on as if nothing were. A
backup made under load, without the key: restored elsewhere it holds all that was acknowledged before, and connections
ask for their keys again.
"""

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "server"))
from harness import BINARY, DEADLINE, Client, Member, Server, Simulator  # noqa: E402

PAGE = 16384


def run(*arguments):
    return subprocess.run([str(BINARY), *map(str, arguments)], capture_output=True, text=True, timeout=DEADLINE)


def batch(first, count):
    return [{"spanId": f"sp_{n:016x}", "model": "gpt-4o", "provider": "openai", "output": f"answer {n}",
             "input": {"messages": [{"role": "user", "content": f"question {n} " * 20}]}, "status": "SUCCESS",
             "latencyMs": 5, "inputTokens": 1, "outputTokens": 1, "totalTokens": 2, "userId": f"user-{n % 7}"}
            for n in range(first, first + count)]


def post(client, first, count):
    answer = client.send("POST", "/api/v1/spans/batch", batch(first, count))
    assert answer.status == 200, answer
    return {f"sp_{n:016x}" for n in range(first, first + count)}


def exported(client):
    answer = client.send("GET", "/api/v1/spans/export")
    assert answer.status == 200, answer
    return {json.loads(line)["spanId"] for line in answer.body.splitlines()}


def sealed_files(data):
    return sorted((data / "segments").glob("*.sealed.db"))


def until(holds, what):
    deadline = time.monotonic() + DEADLINE
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def spoil(file, page):
    with open(file, "r+b") as database:
        database.seek((page - 1) * PAGE)
        database.write(b"\xff" * PAGE)


def root_page(file, table):
    import sqlite3
    with sqlite3.connect(f"file:{file}?immutable=1", uri=True) as database:
        return database.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (table,)).fetchone()[0]


class Loaded:
    """A data directory with two sealed segments, connections, and a backup made while spans came in."""

    def __init__(self, folder, simulator):
        self.data = folder / "data"
        self.backup = folder / "backup"
        (folder / "tracia.toml").write_text("[spans]\nsegment_spans = 200\n")
        self.flags = ("--config", str(folder / "tracia.toml"), "--log-level", "error")
        self.acknowledged = set()
        with Server(self.data, simulator.url, *self.flags) as server:
            client = Client(server)
            made = Member.set_up(server).send("POST", "/api/v1/connections", {"name": "own", "protocol": "openai",
                                                                              "key": "sk-own-0123456789abcdefghij"})
            assert made.status == 201, made
            for first in (1, 201, 401):
                self.acknowledged |= post(client, first, 200)
            until(lambda: len(sealed_files(self.data)) >= 2, "segments are not sealed")
            self.back_up_under_load(server)
            assert server.stop() == 0, server.text

    def back_up_under_load(self, server):
        stop = threading.Event()

        def load():
            client, first = Client(server), 100_000
            while not stop.is_set():
                post(client, first, 20)
                first += 20

        writer = threading.Thread(target=load)
        writer.start()
        done = run("backup", "--data", self.data, "--to", self.backup)
        stop.set()
        writer.join()
        assert done.returncode == 0, done.stderr


def check_backup(loaded, folder, simulator):
    to = folder / "restored"
    done = run("restore", "--from", loaded.backup, "--data", to)
    assert done.returncode == 0, done.stderr
    with Server(to, simulator.url, *loaded.flags) as server:
        client = Client(server)
        lost = loaded.acknowledged - exported(client)
        assert not lost, f"{len(lost)} spans acknowledged before the backup are not in it"
        ready = client.send("GET", "/readyz")
        assert ready.json["status"] == "ready", ready
        member = Member.log_in(server)
        connections = member.send("GET", "/api/v1/connections")
        assert connections.status == 200 and "own" in connections.body.decode(), connections
        own = next(c for c in connections.json["connections"] if c["name"] == "own")
        answer = member.send("POST", f"/api/v1/connections/{own['id']}/test", {"model": "gpt-4o"})
        text = answer.body.decode().lower()
        assert "again" in text and "key" in text, f"nobody says that the key is needed again: {answer}"
        assert server.stop() == 0, server.text
    done = run("doctor", "--data", to)
    assert done.returncode == 0, done.stdout + done.stderr


def check_sealed(loaded, folder, simulator):
    data = folder / "rotten"
    shutil.copytree(loaded.data, data, ignore=shutil.ignore_patterns("control.sock"))
    victim = sealed_files(data)[0]
    page = root_page(victim, "rows")
    spoil(victim, page)
    done = run("doctor", "--data", data)
    said = done.stdout + done.stderr
    assert done.returncode == 1 and victim.name in said and f"page {page}" in said.lower(), said
    with Server(data, simulator.url, *loaded.flags) as server:
        client = Client(server)
        listed = client.send("GET", "/api/v1/spans?limit=100")
        assert listed.status == 200 and listed.json["spans"], listed
        left = exported(client)
        assert len(loaded.acknowledged & left) >= 400, f"other segments are not readable: {len(left)} spans are left"
        missing = sorted(loaded.acknowledged - left)
        assert missing, "the page that was spoiled held nothing"
        single = client.send("GET", f"/api/v1/spans/{missing[0]}")
        assert single.status == 503, f"it may be there: {single}"
        ready = client.send("GET", "/readyz")
        assert ready.status == 200 and ready.json["status"] == "degraded" and victim.name in ready.json["reason"], ready
        assert "tracia_segments_unreadable 1" in client.send("GET", "/metrics").body.decode()
        assert post(client, 900_000, 5) <= exported(client)
        assert server.stop() == 0, server.text
        assert "segment_unreadable" in server.text, server.text


def check_control(loaded, folder, simulator):
    data = folder / "rotten-control"
    shutil.copytree(loaded.data, data, ignore=shutil.ignore_patterns("control.sock"))
    spoil(data / "control.db", root_page(data / "control.db", "api_keys"))
    done = run("doctor", "--data", data)
    said = done.stdout + done.stderr
    assert done.returncode == 1 and "control.db" in said and "page" in said.lower(), said
    try:
        Server(data, simulator.url, *loaded.flags)
    except RuntimeError as refused:
        assert "control.db" in str(refused), refused
        return
    raise AssertionError("it serves without the keys that cannot be read")


def main():
    failed = 0
    checks = (check_backup, check_sealed, check_control)
    with tempfile.TemporaryDirectory() as name, Simulator() as simulator:
        folder = pathlib.Path(name)
        loaded = Loaded(folder, simulator)
        for check in checks:
            try:
                check(loaded, folder, simulator)
            except AssertionError as error:
                print(f"FAIL {check.__name__}: {error}")
                failed += 1
    print(f"{len(checks) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
