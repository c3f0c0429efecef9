"""A provider and a Tracia server on one port, both false: they answer as the tests tell them to.

As OpenAI, the words of the last user message decide:
    "say A B C"    answers (or streams, a word a chunk) "A B C"
    "hold"         streams "one ", then waits for release() or for the client to go away
    "cut A B"      streams the words, then closes the connection in the middle
    "refuse"       answers 400
    "call"         calls the tool get_weather
    "think"        streams reasoning, then "done"
As a Tracia server, `answers[(method, path)]` decides.
"""

from __future__ import annotations

import json
import select
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

DEADLINE_S = 30.0
USAGE = {"prompt_tokens": 12, "completion_tokens": 5, "total_tokens": 17}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512  # many connections at once, on a busy machine too

    def handle_error(self, *_: Any) -> None:
        """A client that goes away is what tests are about."""


class FakeServer:
    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.answers: dict[tuple[str, str], tuple[int, Any]] = {}
        self.released = threading.Event()
        self.gone = threading.Event()  # a client went away while it was held
        self.holding = threading.Event()
        self._server = _Server(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def release(self) -> None:
        self.released.set()

    def close(self) -> None:
        self.release()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def bodies(self, path: str) -> list[Any]:
        return [each["body"] for each in self.requests if each["path"].endswith(path)]

    def _handler(outer) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def log_message(self, *_: Any) -> None: ...

            def handle_any(self) -> None:
                length = int(self.headers.get("content-length") or 0)
                body = json.loads(self.rfile.read(length) or b"null")
                outer.requests.append({"method": self.command, "path": self.path, "body": body})
                if self.path.endswith("/chat/completions"):
                    self.chat(body)
                elif self.path.endswith("/embeddings"):
                    texts = body["input"] if isinstance(body["input"], list) else [body["input"]]
                    data = [{"index": i, "embedding": [float(i), 0.5]} for i in range(len(texts))]
                    self.answer(
                        200, {"data": data, "model": body["model"], "usage": {"prompt_tokens": 3, "total_tokens": 3}}
                    )
                else:
                    status, answer = outer.answers.get((self.command, self.path), (404, NOT_FOUND))
                    self.answer(status, answer)

            do_GET = do_POST = do_PUT = do_DELETE = handle_any

            def answer(self, status: int, body: Any) -> None:
                data = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                kind = "text/event-stream" if data.startswith(b"event:") else "application/json"
                self.send_header("content-type", kind)
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def chat(self, body: dict[str, Any]) -> None:
                content = body["messages"][-1]["content"]
                text = content if isinstance(content, str) else content[-1].get("text", "")
                verb, _, rest = text.partition(" ")
                if verb == "refuse":
                    self.answer(400, {"error": {"message": "I will not", "type": "invalid_request_error"}})
                elif body.get("stream"):
                    self.stream(verb, rest)
                elif verb == "hold":
                    self.hold()
                    self.answer(200, completion("late"))
                elif verb == "call":
                    call = {
                        "id": "call_1",
                        "type": "function",
                        "function": {"name": "get_weather", "arguments": ARGUMENTS},
                    }
                    self.answer(200, completion(None, [call]))
                else:
                    self.answer(200, completion(rest))

            def stream(self, verb: str, rest: str) -> None:
                self.send_response(200)
                self.send_header("content-type", "text/event-stream")
                self.send_header("transfer-encoding", "chunked")
                self.end_headers()
                if verb == "think":
                    self.delta({"reasoning_content": "hm"})
                    rest = "done"
                if verb == "hold":
                    self.delta({"content": "one "})
                    if not self.hold():
                        return
                    rest = "two"
                words = rest.split(" ")
                for index, word in enumerate(words):
                    self.delta({"content": word + (" " if index + 1 < len(words) else "")})
                if verb == "cut":
                    self.close_connection = True
                    self.connection.shutdown(2)
                    return
                if verb == "call":
                    function = {"name": "get_weather", "arguments": ARGUMENTS}
                    self.delta({"tool_calls": [{"index": 0, "id": "call_1", "type": "function", "function": function}]})
                self.event({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
                self.event({"choices": [], "usage": USAGE})
                self.chunk(b"data: [DONE]\n\n")
                self.chunk(b"")

            def hold(self) -> bool:
                """Whether the client is still there."""
                outer.holding.set()
                end = time.monotonic() + DEADLINE_S
                while not outer.released.is_set() and time.monotonic() < end:
                    if select.select([self.connection], [], [], 0.005)[0]:
                        outer.gone.set()
                        self.close_connection = True
                        return False
                return True

            def delta(self, delta: dict[str, Any]) -> None:
                self.event({"choices": [{"index": 0, "delta": delta}]})

            def event(self, body: dict[str, Any]) -> None:
                body = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "model": "gpt-4o-2024", **body}
                self.chunk(f"data: {json.dumps(body)}\n\n".encode())

            def chunk(self, data: bytes) -> None:
                self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
                self.wfile.flush()

        return Handler


ARGUMENTS = '{"location":"Tokyo"}'
NOT_FOUND = {"error": {"code": "NOT_FOUND", "message": "not here"}}


def completion(text: str | None, tool_calls: list[Any] | None = None) -> dict[str, Any]:
    message = {"role": "assistant", "content": text, **({"tool_calls": tool_calls} if tool_calls else {})}
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls" if tool_calls else "stop"}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "model": "gpt-4o-2024",
        "choices": [choice],
        "usage": USAGE,
    }


def user(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


def wait_for(condition: Any) -> None:
    """Until the condition holds; a generous deadline makes a hanging test fail."""
    end = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.002)
