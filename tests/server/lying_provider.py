"""A provider that misbehaves on the level of bytes, as OpenAI's chat completions: slow, failing, cutting, lying. The
model's name in a request says how: `{"model": "cut-in-json"}`. FAULTS names each, with what must come of it."""

import gzip
import json
import re
import socket
import struct
import threading
import time

TEXT = "It is fine – naïve."  # with characters of more than one byte, to be cut in
USAGE = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
RESET, STALL = object(), object()
PAUSE = 0.02  # seconds between bytes that drip


def message(usage=USAGE, **more):
    return json.dumps({"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "m", "choices": [
        {"index": 0, "message": {"role": "assistant", "content": TEXT} | more, "finish_reason": "stop"}],
        "usage": usage}, ensure_ascii=False).encode()


def event(delta=None, finish=None, **more):
    choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": finish}]
    return b"data: " + json.dumps({"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m",
                                   "choices": choices} | more, ensure_ascii=False).encode() + b"\n\n"


def events(usage=USAGE):
    return [event({"role": "assistant", "content": ""}), event({"content": TEXT[:8]}), event({"content": TEXT[8:]}),
            event({}, "stop"), event(usage=usage), b"data: [DONE]\n\n"]


def head(status="200 OK", kind="application/json", **headers):
    more = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([f"HTTP/1.1 {status}", f"Content-Type: {kind}", *more]).encode() + b"\r\n\r\n"


def whole(body, status="200 OK", kind="application/json", **headers):
    return [head(status, kind, Content_Length=len(body), **headers) + body]


def chunk(data):
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


def good(streamed, usage=USAGE):
    if not streamed:
        return whole(message(usage))
    return [head(kind="text/event-stream", Transfer_Encoding="chunked"), *map(chunk, events(usage)), chunk(b"")]


def unframed(streamed):
    """A good answer; of a stream only the end of the connection is the end."""
    return [head(kind="text/event-stream"), *events()] if streamed else good(streamed)


def until(actions, where, then):
    """The bytes of a good answer up to what contains `where`, half of that; then something else."""
    data = b"".join(actions)
    at = data.index(where) + len(where) // 2
    return [data[:at], *then]


def status(code):
    body = json.dumps({"error": {"message": f"the vendor says {code}", "type": "x", "code": None}}).encode()
    return lambda streamed: whole(body, f"{code} Something")


def drip(streamed):
    data = b"".join(good(streamed))
    cut = data.index(b"\r\n\r\n") + 4
    return [data[:cut], *(piece for byte in data[cut:cut + 60] for piece in (bytes([byte]), PAUSE)), data[cut + 60:]]


def endless(piece, streamed, kind=None):
    return [head(kind=kind or ("text/event-stream" if streamed else "application/json")), *[piece] * 4096, STALL]


def usage_of(value):
    def answer(streamed):
        body = b"".join(good(streamed, {"prompt_tokens": 987654321, "completion_tokens": 987654321, "total_tokens": 5}))
        body = body.replace(b"987654321", value)
        if streamed:  # chunk sizes are of the length that was
            usage = b'{"prompt_tokens": %s, "completion_tokens": %s, "total_tokens": 5}' % (value, value)
            payload = b"".join(events(987654321)).replace(b"987654321", usage)
            return [head(kind="text/event-stream", Transfer_Encoding="chunked"), chunk(payload), chunk(b"")]
        return whole(body[body.index(b"\r\n\r\n") + 4:])
    return answer


def tool_call(arguments):
    def answer(streamed):
        call = {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": arguments}}
        if not streamed:
            return whole(message(tool_calls=[call]))
        return [head(kind="text/event-stream"), event({"role": "assistant", "tool_calls": [call | {"index": 0}]}),
                event({}, "tool_calls"), event(usage=USAGE), b"data: [DONE]\n\n"]
    return answer


def gzip_bomb(streamed):
    packed = gzip.compress(b" " * (300 << 20), 9)
    return whole(packed, kind="text/event-stream" if streamed else "application/json", Content_Encoding="gzip")


ERROR_BODY = json.dumps({"error": {"message": "quota is gone", "type": "insufficient_quota", "code": "q"}}).encode()

# name -> (what comes of it, answer). "ok": the right text; "error": an error; "either": all of the answer comes, but in
# an odd form, so that the right text and an error are both sane.
FAULTS = {
    # slow
    "first-byte-late": ("ok", lambda s: [1.0, *good(s)]),
    "drip": ("ok", drip),
    "never-a-byte": ("error", lambda s: [STALL]),
    "stall-in-head": ("error", lambda s: [b"HTTP/1.1 200 OK\r\nContent-Ty", STALL]),
    "stall-in-body": ("error", lambda s: until(good(s), b"It is", [STALL])),
    "endless-comments": ("error", lambda s: [head(kind="text/event-stream"), *[b": wait\n\n", 0.2] * 100, STALL]),
    # failing
    **{f"status-{code}": ("error", status(code)) for code in
       (301, 400, 401, 403, 404, 408, 409, 413, 422, 429, 500, 502, 503, 504, 529)},
    "reset-before-head": ("error", lambda s: [RESET]),
    "reset-in-head": ("error", lambda s: [b"HTTP/1.1 200 OK\r\nContent-", RESET]),
    "reset-in-body": ("error", lambda s: until(good(s), b"It is", [RESET])),
    "close-before-head": ("error", lambda s: []),
    # cutting
    "cut-in-json": ("error", lambda s: until(unframed(s), b'"choices"', [])),
    "cut-in-a-character": ("error", lambda s: until(unframed(s), "–".encode(), [])),
    "cut-between-events": ("error", lambda s: [head(kind="text/event-stream"), *events()[:3]]),
    "cut-in-chunk": ("error", lambda s: [head(kind="text/event-stream" if s else "application/json",
                                              Transfer_Encoding="chunked"), b"ffff\r\n", message()[:40]]),
    "length-too-long": ("either", lambda s: [head(Content_Length=len(message()) + 10) + message()]),
    "length-too-short": ("error", lambda s: [head(Content_Length=20) + message()]),
    # lying
    "wrong-content-type": ("either", lambda s: whole(b"".join(events()) if s else message(), kind="text/html")),
    "other-form-than-asked": ("either", lambda s: good(not s)),
    "error-with-200": ("error", lambda s: whole(ERROR_BODY)),
    "error-as-event": ("error", lambda s: [head(kind="text/event-stream"), events()[0],
                                           b"data: " + ERROR_BODY + b"\n\n", b"data: [DONE]\n\n"]),
    "no-json": ("error", lambda s: whole(b"<html>Bad gateway</html>", kind="text/html")),
    "empty-200": ("error", lambda s: whole(b"")),
    "json-of-another-shape": ("error", lambda s: whole(b'[{"choices": 7}]')),
    "deep-json": ("error", lambda s: whole(b"[" * 100_000)),
    "nul-bytes": ("error", lambda s: whole(b"\0" * 5000)),
    "body-without-end": ("error", lambda s: endless(b" " * 65536, s)),
    "event-without-end": ("error", lambda s: endless(b"data: " + b"x" * 65530, s, "text/event-stream")),
    "head-without-end": ("error", lambda s: [b"HTTP/1.1 200 OK\r\n", *[b"X: " + b"y" * 1000 + b"\r\n"] * 5000, STALL]),
    "stream-without-end": ("error", lambda s: endless(event({"content": "more " * 200_000}), s, "text/event-stream")),
    "gzip-bomb": ("error", gzip_bomb),
    "usage-negative": ("either", usage_of(b"-5")),
    "usage-huge": ("either", usage_of(b"99999999999999999999999")),
    "usage-nan": ("either", usage_of(b"NaN")),
    "usage-text": ("either", usage_of(b'"many"')),
    "tool-arguments-no-json": ("either", tool_call("{broken")),
    "tool-arguments-nul": ("either", tool_call('{"a": "\\u0000"}')),
    "redirect": ("error", lambda s: whole(b"", "307 Temporary Redirect", Location="http://127.0.0.1:9/v1/elsewhere")),
    "http-1.0": ("ok", lambda s: [b"HTTP/1.0 200 OK\r\nContent-Type: %s\r\n\r\n" % (
        b"text/event-stream" if s else b"application/json"), b"".join(events()) if s else message()]),
    "not-http": ("error", lambda s: [b"SSH-2.0-OpenSSH_9.2\r\n", b"\x00\x01\x02" * 100]),
    "two-content-types": ("either", lambda s: [good(s)[0].replace(b"\r\n", b"\r\nContent-Type: text/plain\r\n", 1),
                                               *good(s)[1:]]),
    "two-lengths": ("either", lambda s: [b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 500\r\n\r\n",
                                         message()]),
    "nul-in-head": ("error", lambda s: [b"HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 2\r\n\r\n{}"]),
    "bytes-after-the-end": ("either", lambda s: [*good(s), b"HTTP/1.1 200 OK\r\n\r\nmore"]),
    "100-continue-for-ever": ("error", lambda s: [*[b"HTTP/1.1 100 Continue\r\n\r\n", 0.05] * 200, STALL]),
}


class LyingProvider:
    """Serves one request on each connection, then closes it. `asked` counts the requests of each model."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        self.asked = {}
        self.lock = threading.Lock()
        self.open = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self.socket.close()

    def _accept(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with self.lock:
            self.open += 1
        try:
            self._answer(connection)
        except OSError:
            pass  # the other side left: it may
        finally:
            connection.close()
            with self.lock:
                self.open -= 1

    def _answer(self, connection):
        connection.settimeout(60)
        data = b""
        while b"\r\n\r\n" not in data:
            piece = connection.recv(65536)
            if not piece:
                return
            data += piece
        before, body = data.split(b"\r\n\r\n", 1)
        length = int(re.search(rb"content-length: *(\d+)", before, re.I)[1])
        while len(body) < length:
            body += connection.recv(65536)
        request = json.loads(body)
        name = request["model"]
        with self.lock:
            self.asked[name] = self.asked.get(name, 0) + 1
        for action in FAULTS[name][1](bool(request.get("stream"))):
            if action is RESET:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return
            if action is STALL:
                connection.recv(1)  # until the other side gives up
                return
            if isinstance(action, float):
                time.sleep(action)
            else:
                connection.sendall(action)
