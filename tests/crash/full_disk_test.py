#!/usr/bin/env python3
"""A full disk under the real server: spans are refused with 503 and Retry-After, reading goes on, nothing that was
acknowledged is lost, and once there is space the service is back without a restart.

The data directory lies on a small tmpfs of its own; where none can be mounted the test says so and is skipped.
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "server"))
from harness import BINARY, DEADLINE, Client, Server, Simulator  # noqa: E402

DISK_BYTES = 24 << 20
ROUNDS = 3


class Spans:
    """Posts batches of new spans, and remembers what was acknowledged."""

    def __init__(self, client):
        self.client = client
        self.number = 0
        self.acknowledged = set()

    def post(self):
        batch = []
        for _ in range(20):
            self.number += 1
            batch.append({"spanId": f"sp_{self.number:016x}", "model": "gpt-4o", "provider": "openai",
                          "input": {"messages": [{"role": "user", "content": f"question {self.number} " * 50}]},
                          "output": f"answer {self.number}", "status": "SUCCESS", "latencyMs": 5,
                          "inputTokens": 1, "outputTokens": 1, "totalTokens": 2})
        answer = self.client.send("POST", "/api/v1/spans/batch", batch)
        if answer.status == 200:
            self.acknowledged.update(span["spanId"] for span in batch)
        return answer


def eventually(holds, what):
    deadline = time.monotonic() + DEADLINE
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def stored(client):
    answer = client.send("GET", "/api/v1/spans/export")
    assert answer.status == 200, answer
    ids = [json.loads(line)["spanId"] for line in answer.body.splitlines()]
    assert len(ids) == len(set(ids)), "a span is there twice"
    return set(ids)


def fill(folder):
    """Takes all the space that is left."""
    with open(folder / "ballast", "ab", buffering=0) as ballast:
        for size in (1 << 20, 4096, 1):
            try:
                while True:
                    ballast.write(b"x" * size)
            except OSError:
                pass


def check_backup_is_refused(server, disk):
    """A backup to the full disk fails, says why, and leaves nothing that could be taken for one."""
    target = disk / "backup"
    done = subprocess.run([BINARY, "backup", "--data", server.data, "--to", target], capture_output=True, text=True)
    assert done.returncode == 1, done.stdout
    assert "full" in done.stderr or "No space" in done.stderr, done.stderr
    assert not target.exists() or not list(target.iterdir()), list(target.iterdir())


def run_round(server, client, spans, disk):
    for _ in range(5):
        answer = spans.post()
        assert answer.status == 200, f"with space: {answer}"
    fill(disk)
    # What was allotted already may take a few more.
    eventually(lambda: spans.post().status == 503, "a full disk was never noticed")
    refused = spans.post()
    assert refused.status == 503 and "retry-after" in refused.headers, refused
    assert refused.error["code"] == "UNAVAILABLE", refused
    ready = client.send("GET", "/readyz")
    assert ready.status == 503 and ready.json["status"] == "degraded", ready
    assert spans.acknowledged <= stored(client), "reading does not go on"
    edit = client.send("POST", "/api/v1/prompts", {"name": "full", "slug": f"full-{spans.number}", "model": "gpt-4o",
                                                   "content": [{"id": "m", "role": "user", "content": "x" * 60000}]})
    assert edit.status in (201, 503), edit
    check_backup_is_refused(server, disk)
    (disk / "ballast").unlink()
    eventually(lambda: client.send("GET", "/readyz").status == 200, "space is back, service is not")
    eventually(lambda: spans.post().status == 200, "space is back, and spans are refused")
    assert server.process.poll() is None


def check(disk):
    with Simulator() as simulator:
        (disk / "tracia.toml").write_text("[spans]\nsegment_spans = 300\n")
        flags = ("--config", str(disk / "tracia.toml"), "--log-level", "error")
        with Server(disk / "data", simulator.url, *flags) as server:
            client = Client(server)
            spans = Spans(client)
            for _ in range(ROUNDS):
                run_round(server, client, spans, disk)
            assert spans.acknowledged <= stored(client), "acknowledged spans are lost"
            server.kill()
        with Server(disk / "data", simulator.url, *flags) as server:
            client = Client(server)
            assert spans.acknowledged <= stored(client), "acknowledged spans are lost after a restart"
            assert server.stop() == 0
    print(f"a disk was full {ROUNDS} times, {len(spans.acknowledged)} spans acknowledged, none lost")


def main():
    with tempfile.TemporaryDirectory() as folder:
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "none", folder],
                                 capture_output=True, text=True)
        if mounted.returncode != 0:
            print(f"0 passed, 0 failed, skipped: no tmpfs can be mounted here ({mounted.stderr.strip()})")
            return 0
        try:
            check(pathlib.Path(folder))
        except AssertionError as error:
            print(f"FAIL {error}\n0 passed, 1 failed")
            return 1
        finally:
            subprocess.run(["umount", "--lazy", folder], check=False)
    print("1 passed, 0 failed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
