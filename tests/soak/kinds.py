"""What the soak's users do: one function for each kind of request, and how often it comes."""

import json
import os
import random
import re
import secrets
import socket
import subprocess
import time

from harness import BINARY, KEY, Client
from ledger import rfc3339
from test_otlp import CALL, count, proto_traces, text, traces
from test_otlp import span as otlp_span

WORDS = "river stone lamp glass wind paper harbour violet engine copper meadow signal".split()


def model_content(n):
    return [{"id": "m", "role": "user", "content": f"Version {n}: say hello to {{{{name}}}} in one sentence"}]


class World:
    """What all workers share."""

    def __init__(self, server, simulator, ledger):
        self.server, self.simulator, self.ledger = server, simulator, ledger
        self.key = KEY  # rotated while it is used
        self.assets = []
        self.edits = 0

    def prepare(self):
        client = Client(self.server)
        for slug, provider, model in (("steady", "openai", "gpt-4o"), ("edited", "openai", "gpt-4o"),
                                      ("trial", "google", "gemini-2.5-flash"),
                                      ("broken", "anthropic", "claude-sonnet-4-5")):
            body = {"name": slug, "slug": slug, "provider": provider, "model": model, "content": model_content(1)}
            client.post("/api/v1/prompts", body, expect=201)
        client.put("/api/v1/prompts/edited/labels/production", {"version": 1})
        client.put("/api/v1/prompts/trial", {"temperature": 0.9})
        page = client.send("GET", "/").body.decode()
        self.assets = ["/"] + re.findall(r'(?:src|href)="(/[^"]+)"', page)
        assert len(self.assets) > 1, page
        client.close()


class Worker:
    def __init__(self, world):
        self.world = world
        self.client = Client(world.server)
        self.random = random.Random(secrets.randbits(64))

    def close(self):
        self.client.close()

    def send(self, method, path, body=None, headers=None, expect=200):
        self.client.key = self.world.key
        answer = self.client.send(method, path, body, headers)
        assert answer.status == expect, f"{method} {path.split('?')[0]}: {str(answer)[:300]}"
        return answer

    def user(self, kind="live"):
        return f"{kind}-{self.world.ledger.window()}"

    def acknowledged(self, user, *ids):
        self.world.ledger.add(user, ids)

    def words(self, n):
        return " ".join(self.random.choices(WORDS, k=n))

    # --- calls of models ---

    def call_body(self, user):
        return {"variables": {"name": self.words(3)}, "userId": user, "sessionId": f"s-{self.random.randrange(500)}"}

    def run(self, slug="steady"):
        user = self.user()
        answer = self.send("POST", f"/api/v1/prompts/{slug}/run", self.call_body(user)).json
        assert answer["spanStored"] and answer["text"], answer
        self.acknowledged(user, answer["spanId"])

    def run_of_trial(self):
        self.run("trial")

    def run_of_edited(self):
        self.run("edited")

    def run_stream(self):
        user = self.user()
        answer = self.send("POST", "/api/v1/prompts/steady/run", self.call_body(user) | {"stream": True})
        name, data = answer.events()[-1]
        assert name == "done" and data["spanStored"], answer
        self.acknowledged(user, data["spanId"])

    def run_that_fails(self):
        answer = self.send("POST", "/api/v1/prompts/broken/run", self.call_body(self.user()), expect=502)
        assert answer.error["code"] == "PROVIDER_ERROR", answer

    def chat(self, stream=False):
        user = self.user()
        body = {"model": "gpt-4o", "messages": [{"role": "user", "content": self.words(20)}], "stream": stream}
        answer = self.send("POST", "/v1/chat/completions", body, {"x-tracia-user": user})
        if stream:
            assert answer.body.endswith(b"data: [DONE]\n\n"), answer
        else:
            assert answer.json["choices"][0]["message"]["content"], answer
        self.acknowledged(user, answer.headers["x-tracia-span-id"])

    def chat_stream(self):
        self.chat(stream=True)

    def embed(self):
        body = {"model": "text-embedding-3-small", "input": [self.words(8) for _ in range(4)], "dimensions": 64}
        answer = self.send("POST", "/v1/embeddings", body, {"x-tracia-user": self.user()})
        assert len(answer.json["data"]) == 4, answer

    def hang_up(self):
        """Leaves in the middle: of sending, of waiting, of a stream."""
        body = json.dumps(self.call_body(self.user()) | {"stream": True}).encode()
        head = (f"POST /api/v1/prompts/steady/run HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.world.key}\r\n"
                f"Content-Length: {len(body)}\r\n\r\n").encode()
        server = self.world.server
        with socket.create_connection((server.host, server.port), timeout=30) as connection:
            stage = self.random.randrange(3)
            connection.sendall(head + (body[:-9] if stage == 0 else body))
            if stage == 2:
                connection.recv(64)

    def tail(self):
        server = self.world.server
        request = (f"GET /api/v1/spans/tail HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.world.key}\r\n\r\n")
        with socket.create_connection((server.host, server.port), timeout=30) as connection:
            connection.sendall(request.encode())
            seen = b""
            while b"event: span" not in seen:
                piece = connection.recv(65536)
                assert piece, seen[-300:]
                seen = seen[-65536:] + piece

    # --- spans of others ---

    def span(self, user, start):
        return {"spanId": "sp_" + secrets.token_hex(8), "model": "gpt-4o", "provider": "openai", "userId": user,
                "sessionId": f"s-{self.random.randrange(500)}", "tags": [self.random.choice(WORDS)],
                "input": {"messages": [{"role": "user", "content": self.words(40)}]}, "output": self.words(30),
                "status": "ERROR" if self.random.random() < 0.03 else "SUCCESS", "startTime": rfc3339(start),
                "latencyMs": self.random.randrange(2000), "inputTokens": 50, "outputTokens": 40, "totalTokens": 90}

    def span_batch(self):
        user = self.user("aged")
        batch = [self.span(user, self.world.ledger.aged_start()) for _ in range(25)]
        answer = self.send("POST", "/api/v1/spans/batch", batch)
        assert answer.json["accepted"] == len(batch), answer
        self.acknowledged(user, *(one["spanId"] for one in batch))

    def span_alone(self):
        user = self.user()
        one = self.span(user, time.time())
        self.send("POST", "/api/v1/spans", one, expect=201)
        self.acknowledged(user, one["spanId"])

    def otlp(self, protobuf=False):
        user = self.user()
        now = time.time_ns()
        one = otlp_span(secrets.token_hex(16), secrets.token_hex(8), [*CALL, text("user.id", user), count("n", 7)],
                        startTimeUnixNano=str(now - 10**9), endTimeUnixNano=str(now))
        if protobuf:
            self.send("POST", "/v1/traces", proto_traces(one), {"Content-Type": "application/x-protobuf"})
        else:
            self.send("POST", "/v1/traces", traces(one))
        self.acknowledged(user, "sp_" + one["spanId"])

    def otlp_protobuf(self):
        self.otlp(protobuf=True)

    def command_line(self):
        """A process with the C++ client: a local call, whose span is sent in the background."""
        user = self.user()
        environment = dict(os.environ) | {
            "OPENAI_API_KEY": "sk-sim-0123456789abcdefghijklmnop", "OPENAI_BASE_URL": f"{self.world.simulator.url}/v1",
            "TRACIA_API_KEY": self.world.key, "TRACIA_BASE_URL": self.world.server.url}
        done = subprocess.run([BINARY, "run", "-m", "gpt-4o", "--json", "--user", user, self.words(5)],
                              env=environment, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        self.acknowledged(user, json.loads(done.stdout)["spanId"])

    # --- reads ---

    def spans_page(self):
        self.send("GET", "/api/v1/spans?limit=50")

    def spans_filtered(self):
        some = self.random.choice(("status=ERROR", "model=gpt-4o", "minLatencyMs=1500", f"tags={self.random.choice(WORDS)}",
                                   f"sessionId=s-{self.random.randrange(500)}"))
        self.send("GET", f"/api/v1/spans?{some}&limit=20")

    def spans_searched(self):
        self.send("GET", f"/api/v1/spans?q={self.random.choice(WORDS)}%20{self.random.choice(WORDS)}&limit=20")

    def analytics(self):
        self.send("GET", f"/api/v1/analytics?groupBy={self.random.choice(('model', 'status'))}")

    def sessions(self):
        what = self.random.choice(("sessions", "users", "traces", "prompts", "evaluators", "models"))
        self.send("GET", f"/api/v1/{what}" + ("" if what == "models" else "?limit=20"))

    def asset(self):
        answer = self.send("GET", self.random.choice(self.world.assets))
        assert answer.body, answer

    # --- changes ---

    def evaluate(self):
        recent = self.world.ledger.recent
        if not recent:
            return
        path = f"/api/v1/spans/{self.random.choice(list(recent)[-200:])}/evaluations"
        self.send("POST", path, {"evaluatorKey": "quality", "value": self.random.randrange(2)}, expect=201)

    def edit(self):
        """A prompt lives for fifty versions; then it is deleted and made anew, so that versions do not pile up."""
        self.world.edits += 1
        path = "/api/v1/prompts/short-lived"
        content = model_content(self.world.edits)
        if self.world.edits % 50 == 1:
            self.client.send("DELETE", path)
            self.send("POST", "/api/v1/prompts", {"name": "short", "slug": "short-lived", "model": "gpt-4o",
                                                  "content": content}, expect=201)
            return
        version = self.send("PUT", path, {"content": content}).json["currentVersion"]
        self.send("PUT", f"{path}/labels/production", {"version": version})

    def move_label(self):
        self.send("PUT", "/api/v1/prompts/steady/labels/production", {"version": 1})

    # --- what must be refused ---

    def wrong_key(self):
        self.client.key = "tr_" + "w" * 43
        answer = self.client.send("GET", "/api/v1/spans")
        assert answer.status == 401, answer

    def oversized(self):
        """More than any request may have: the head is enough to be refused."""
        server = self.world.server
        with socket.create_connection((server.host, server.port), timeout=30) as connection:
            connection.sendall(f"POST /api/v1/spans HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.world.key}\r\n"
                               f"Content-Length: {65 << 20}\r\n\r\n".encode() + b"[" * 65536)
            assert b" 413 " in connection.recv(4096)

    def malformed(self):
        self.send("POST", "/api/v1/spans", b'{"spanId": ', {"Content-Type": "application/json"}, expect=400)


# Requests a second. Together about 170, and 400 spans.
KINDS = {
    "run": (12, Worker.run), "run_of_edited": (3, Worker.run_of_edited), "run_of_trial": (6, Worker.run_of_trial),
    "run_stream": (9, Worker.run_stream), "run_that_fails": (0.5, Worker.run_that_fails),
    "chat": (12, Worker.chat), "chat_stream": (9, Worker.chat_stream), "embed": (6, Worker.embed),
    "hang_up": (6, Worker.hang_up), "tail": (0.5, Worker.tail),
    "span_batch": (12, Worker.span_batch), "span_alone": (24, Worker.span_alone), "otlp": (9, Worker.otlp),
    "otlp_protobuf": (9, Worker.otlp_protobuf), "command_line": (0.2, Worker.command_line),
    "spans_page": (9, Worker.spans_page), "spans_filtered": (9, Worker.spans_filtered),
    "spans_searched": (3, Worker.spans_searched), "analytics": (3, Worker.analytics), "sessions": (6, Worker.sessions),
    "asset": (9, Worker.asset), "evaluate": (9, Worker.evaluate), "move_label": (1.5, Worker.move_label),
    "wrong_key": (3, Worker.wrong_key), "oversized": (0.2, Worker.oversized), "malformed": (3, Worker.malformed),
}
