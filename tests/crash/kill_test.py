#!/usr/bin/env python3
"""kill -9 under load: nothing that was acknowledged is lost, nothing is there twice, and the store opens again at once.

Writers post spans (one by one and in batches) and edit a prompt, and remember what was acknowledged; the server is
killed at a random moment and started again over the same folder; everything remembered must be found, once. Small
segments, so that deaths fall into sealing too. Usage: kill_test.py [--rounds N] [--seed N]
"""

import argparse
import http.client
import json
import pathlib
import random
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "server"))
from harness import Client, Server, Simulator  # noqa: E402

LOST = (http.client.HTTPException, OSError)  # the server died under the request: it may or may not have been stored


class Acknowledged:
    def __init__(self):
        self.lock = threading.Lock()
        self.spans = {}  # span id -> trace id
        self.version = 0
        self.versions = {}  # version number -> text
        self.runs = set()

    def add_spans(self, pairs):
        with self.lock:
            self.spans.update(pairs)


class Writer(threading.Thread):
    """Posts until the server is gone."""

    def __init__(self, server, known, number, seed):
        super().__init__(daemon=True)
        self.client = Client(server)
        self.known = known
        self.number = number
        self.random = random.Random(seed)
        self.problem = None

    def span(self):
        return {"spanId": f"sp_{self.random.getrandbits(64):016x}", "model": "gpt-4o", "provider": "openai",
                "input": {"messages": [{"role": "user", "content": f"question {self.random.random()} " * 20}]},
                "output": f"answer {self.random.random()}", "status": "SUCCESS", "latencyMs": 5,
                "inputTokens": 10, "outputTokens": 5, "totalTokens": 15, "userId": f"writer-{self.number}"}

    def step(self):
        if self.number % 3 == 0:
            body = self.span()
            answer = self.client.send("POST", "/api/v1/spans", body)
            assert answer.status == 201, answer
            self.known.add_spans({body["spanId"]: answer.json["traceId"]})
        elif self.number % 3 == 1:
            batch = [self.span() for _ in range(self.random.randint(1, 40))]
            answer = self.client.send("POST", "/api/v1/spans/batch", batch)
            assert answer.status == 200 and answer.json["accepted"] == len(batch), answer
            self.known.add_spans({b["spanId"]: "tr_" + b["spanId"][3:] for b in batch})
        else:
            text = f"text {self.random.random()} {{{{name}}}}"
            content = [{"id": "m", "role": "user", "content": text}]
            answer = self.client.send("PUT", "/api/v1/prompts/crash", {"content": content})
            assert answer.status == 200, answer
            self.known.versions[answer.json["currentVersion"]] = text
            answer = self.client.send("POST", "/api/v1/prompts/crash/run", {"variables": {"name": "x"}})
            assert answer.status == 200, answer
            if answer.json["spanStored"]:
                self.known.add_spans({answer.json["spanId"]: answer.json["traceId"]})

    def run(self):
        try:
            while True:
                self.step()
        except LOST:
            pass
        except AssertionError as error:
            self.problem = str(error)
        except json.JSONDecodeError:
            pass  # a head without its body


def exported(client):
    """Every stored span's id, with how often it is there."""
    found = {}
    for line in client.send("GET", "/api/v1/spans/export").body.splitlines():
        span = json.loads(line)
        found[span["spanId"]] = found.get(span["spanId"], 0) + 1
    return found


def check(client, known):
    stored = exported(client)
    lost = [i for i in known.spans if i not in stored]
    twice = [i for i, count in stored.items() if count > 1]
    problems = []
    if lost:
        problems.append(f"{len(lost)} acknowledged spans are lost, such as {lost[0]}")
    if twice:
        problems.append(f"{len(twice)} spans are there more than once, such as {twice[0]}")
    for number, text in list(known.versions.items())[-20:]:
        answer = client.send("GET", f"/api/v1/prompts/crash/versions/{number}")
        if answer.status != 200 or answer.json["messages"][0]["content"] != text:
            problems.append(f"prompt version {number} is lost: {answer}")
    sample = random.sample(sorted(known.spans), min(5, len(known.spans)))
    for span_id in sample:
        if client.send("GET", f"/api/v1/spans/{span_id}").status != 200:
            problems.append(f"{span_id} is listed and cannot be opened")
    return problems


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)
    chance = random.Random(arguments.seed)
    known = Acknowledged()
    starts = []
    failed = 0
    with tempfile.TemporaryDirectory() as folder, Simulator() as simulator:
        data = pathlib.Path(folder) / "data"
        (data.parent / "tracia.toml").write_text("[spans]\nsegment_spans = 300\n")
        flags = ("--config", str(data.parent / "tracia.toml"), "--log-level", "error")
        for round_number in range(arguments.rounds + 1):
            began = time.monotonic()
            server = Server(data, simulator.url, *flags)
            starts.append(time.monotonic() - began)
            client = Client(server)
            if round_number == 0:
                content = [{"id": "m", "role": "user", "content": "first {{name}}"}]
                made = client.send("POST", "/api/v1/prompts", {"name": "crash", "slug": "crash", "content": content,
                                                               "model": "gpt-4o"})
                assert made.status == 201, made
            # The whole is read every tenth time and at the end; it grows.
            elif round_number % 10 == 0 or round_number == arguments.rounds:
                problems = check(client, known)
                for problem in problems:
                    print(f"FAIL round {round_number}: {problem}")
                failed += len(problems)
            if round_number == arguments.rounds:
                server.stop()
                break
            writers = [Writer(server, known, n, chance.getrandbits(64)) for n in range(6)]
            for writer in writers:
                writer.start()
            time.sleep(chance.uniform(0.02, 0.4))
            server.kill()
            for writer in writers:
                writer.join()
                if writer.problem:
                    print(f"FAIL round {round_number}: {writer.problem}")
                    failed += 1
            client.close()
    starts.sort()
    print(f"{arguments.rounds} kills, {len(known.spans)} spans and {len(known.versions)} versions acknowledged; "
          f"start median {starts[len(starts) // 2] * 1000:.0f} ms, slowest {starts[-1] * 1000:.0f} ms")
    print(f"{arguments.rounds if not failed else 0} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
