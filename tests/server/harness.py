"""The real binary, driven from outside: `tracia serve` over a folder of its own, `tracia simulate` as the providers, and
a client that checks every answer against api/openapi.yaml, as strictly as tests/api/check_openapi.py reads it."""

import http.client
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "api"))
from check_openapi import METHODS, Contract, follow, pointer  # noqa: E402

BINARY = pathlib.Path(os.environ.get("TRACIA_BINARY", ROOT / "build" / "release" / "tracia"))
SANITIZED = BINARY.parent.name in ("fuzz", "asan", "tsan")  # memory figures say nothing there
DEADLINE = 60  # seconds; a bound for what would otherwise hang, never a measurement
KEY = "tr_" + "k" * 43
HOSTED_PROVIDERS = ("openai", "anthropic", "google", "amazon_bedrock")


def provider_environment(url):
    """Every provider is the simulator."""
    kept = ("PATH", "HOME", "ASAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS")
    return {name: os.environ[name] for name in kept if name in os.environ} | {
        "OPENAI_API_KEY": "sk-sim-0123456789abcdefghijklmnop",
        "OPENAI_BASE_URL": f"{url}/v1",
        "ANTHROPIC_API_KEY": "sk-ant-sim-0123456789abcdefghij",
        "ANTHROPIC_BASE_URL": url,
        "GEMINI_API_KEY": "AIzaSim0123456789abcdefghijklmnopqrstuv",
        "GOOGLE_GEMINI_BASE_URL": url,
        "AWS_ACCESS_KEY_ID": "AKIASIM0123456789ABC",
        "AWS_SECRET_ACCESS_KEY": "sim-secret-0123456789abcdefghijk",
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": url,
        "VOYAGE_API_KEY": "pa-sim-0123456789abcdefghijklmnop",
        "VOYAGE_BASE_URL": f"{url}/v1",
    }


class Process:
    """A subcommand that serves until it is told to stop. What it prints is kept, whole."""

    def __init__(self, *arguments, environment, program=BINARY):
        self.output = []
        self.process = subprocess.Popen([str(program), *arguments], env=environment, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
        self.address_known = threading.Event()
        self.url = None
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        if not self.address_known.wait(DEADLINE) or self.url is None:
            self.process.kill()
            raise RuntimeError("it did not start:\n" + "".join(self.output))

    def _read(self):
        for line in self.process.stdout:
            self.output.append(line)
            found = re.search(r"https?://(?:[\w.]+|\[[\w:]+\]):\d+", line)
            if found and self.url is None:
                self.url = found.group(0)
                self.address_known.set()
        self.address_known.set()

    def stop(self):
        """Ends it as an operator would; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=DEADLINE)
        self.reader.join(DEADLINE)
        return code

    def kill(self):
        self.process.kill()
        self.process.wait(timeout=DEADLINE)
        self.reader.join(DEADLINE)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.kill()

    @property
    def text(self):
        return "".join(self.output)


class Simulator(Process):
    def __init__(self, *flags):
        super().__init__("simulate", "--listen", "127.0.0.1:0", "--quiet", *flags, environment=dict(os.environ))


class Server(Process):
    def __init__(self, data, simulator_url, *flags, environment=None, listen="127.0.0.1:0", program=BINARY):
        self.data = pathlib.Path(data)
        merged = provider_environment(simulator_url) | {"TRACIA_BOOTSTRAP_API_KEY": KEY} | (environment or {})
        super().__init__("serve", "--data", str(data), "--listen", listen, *flags,
                         environment={k: v for k, v in merged.items() if v is not None}, program=program)
        self.host, port = urllib.parse.urlsplit(self.url).netloc.rsplit(":", 1)
        self.port = int(port)


class Answer:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def error(self):
        return self.json["error"]

    def events(self):
        """The events of an SSE body: [(event, data)]."""
        found = []
        for block in self.body.decode().split("\n\n"):
            fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":") and ": " in line)
            if "data" in fields:
                found.append((fields.get("event"), json.loads(fields["data"])))
        return found

    def __repr__(self):
        return f"{self.status} {self.body[:2000]!r}"


class ContractChecks:
    """Finds the operation of a request and judges the answer. Remembers what was driven."""

    def __init__(self):
        self.contract = Contract(ROOT / "api" / "openapi.yaml")
        self.operations = []
        for path, item in self.contract.document["paths"].items():
            expression = re.compile("^" + re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path)) + "$")
            for method in METHODS:
                if method in item:
                    self.operations.append((method, path, expression, item[method]))
        # Literal paths win over patterns: /spans/export is not a span called "export".
        self.operations.sort(key=lambda o: o[1].count("{"))
        self.driven = {}  # operation id -> statuses seen

    def find(self, method, path):
        for candidate, template, expression, operation in self.operations:
            if candidate == method.lower() and expression.match(path):
                return template, operation
        return None

    def judge(self, method, path, answer):
        found = self.find(method, path)
        if not found:
            return []
        template, operation = found
        self.driven.setdefault(operation["operationId"], set()).add(answer.status)
        document = self.contract.document
        if str(answer.status) not in operation["responses"]:
            return [f"{method} {template} answered {answer.status}, which api/openapi.yaml does not know"]
        response = operation["responses"][str(answer.status)]
        base = pointer("paths", template, method.lower(), "responses", answer.status)
        if "$ref" in response:
            base = response["$ref"][1:]
            response = follow(document, response)
        problems = []
        for name in response.get("headers", {}):
            if name.lower() not in answer.headers:
                problems.append(f"no header {name}")
        content = response.get("content", {})
        kind = answer.headers.get("content-type", "").split(";")[0].strip()
        if not content:
            return problems
        if kind not in content:
            return problems + [f"content type {kind!r}, expected one of {sorted(content)}"]
        where = base + pointer("content", kind)
        if kind == "application/json":
            problems += self.contract.check_value(answer.json, where + "/schema")
        elif kind == "application/x-ndjson":
            for line in answer.body.splitlines():
                problems += self.contract.check_value(json.loads(line), where + "/x-item-schema")
        elif kind == "text/event-stream":
            problems += self.contract.check_sse(answer.body.decode(), content[kind]["x-event-schemas"], where)
        return problems


CHECKS = ContractChecks()


class Client:
    """One user of a server: a key (or none), and the contract as the judge of each answer."""

    def __init__(self, server, key=KEY, checks=CHECKS):
        self.server = server
        self.key = key
        self.checks = checks
        self.connection = None

    def send(self, method, path, body=None, headers=None):
        """Sends as given; the answer, unjudged."""
        merged = dict(headers or {})
        if self.key is not None and "Authorization" not in merged:
            merged["Authorization"] = f"Bearer {self.key}"
        if isinstance(body, (dict, list)):
            body = json.dumps(body).encode()
            merged.setdefault("Content-Type", "application/json")
        for attempt in (1, 2):
            if self.connection is None:
                self.connection = http.client.HTTPConnection(self.server.host, self.server.port, timeout=DEADLINE)
            try:
                self.connection.request(method, path, body=body, headers=merged)
                response = self.connection.getresponse()
                content = response.read()
                break
            except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
                # A kept connection that the server closed meanwhile.
                self.close()
                if attempt == 2:
                    raise
        if response.will_close:
            self.close()
        return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, content)

    def close(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def call(self, method, path, body=None, expect=200, **query):
        """Sends and judges: the status must be `expect`, the answer as the contract has it."""
        if query:
            path += "?" + urllib.parse.urlencode({k: v for k, v in query.items() if v is not None})
        answer = self.send(method, path, body)
        assert answer.status == expect, f"{method} {path}: {answer}"
        problems = self.checks.judge(method, path.split("?")[0], answer)
        assert not problems, f"{method} {path}: {problems}\n{answer}"
        return answer

    def get(self, path, expect=200, **query):
        return self.call("GET", path, expect=expect, **query)

    def post(self, path, body=None, expect=200, **query):
        return self.call("POST", path, body, expect=expect, **query)

    def put(self, path, body=None, expect=200, **query):
        return self.call("PUT", path, body, expect=expect, **query)

    def delete(self, path, expect=200, **query):
        return self.call("DELETE", path, expect=expect, **query)


def raw(server, data, wait=True):
    """Bytes over a socket of their own; what comes back until the server closes or falls silent."""
    with socket.create_connection((server.host, server.port), timeout=DEADLINE) as connection:
        connection.sendall(data)
        received = b""
        while wait:
            connection.settimeout(5)
            try:
                piece = connection.recv(65536)
            except (TimeoutError, ConnectionResetError):
                break
            if not piece:
                break
            received += piece
        return received


def wait_until(condition, what):
    """Polls: for what happens soon and not at once."""
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"it never came: {what}")


def resident_bytes(server):
    with open(f"/proc/{server.process.pid}/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def setup_token(server):
    """From the link that a server without an owner prints."""
    return wait_until(lambda: re.search(r"setup\?token=([\w-]+)", server.text), "the setup link")[1]


def token_of(link):
    return link.split("/invite#token=")[1]


class Member(Client):
    """A signed-in browser: a cookie, the CSRF token, and a project."""

    PASSWORD = "correct horse battery"

    def __init__(self, server, cookie="", csrf="", project=None):
        super().__init__(server, key=None)
        self.cookie, self.csrf, self.project = cookie, csrf, project

    @classmethod
    def set_up(cls, server, email="owner@example.com"):
        """Follows the setup link that the server printed."""
        token = setup_token(server)
        member = cls(server)
        member.enter(member.post("/api/v1/auth/setup", {"token": token, "email": email, "name": "Olga Owner",
                                                        "password": cls.PASSWORD}))
        return member

    @classmethod
    def log_in(cls, server, email="owner@example.com", password=PASSWORD):
        member = cls(server)
        member.enter(member.post("/api/v1/auth/login", {"email": email, "password": password}))
        return member

    @classmethod
    def join(cls, server, by, role, email, projects=(), name=None):
        """A further member, by an invitation of `by`."""
        made = by.post("/api/v1/members/invitations", {"email": email, "role": role, "projectIds": list(projects)},
                       expect=201).json
        member = cls(server)
        member.enter(member.post("/api/v1/auth/accept-invitation", {
            "token": token_of(made["link"]), "name": name or f"{role.title()} {email}", "password": cls.PASSWORD}))
        return member

    def enter(self, answer):
        self.id = answer.json["member"]["id"]
        self.cookie = answer.headers["set-cookie"].split(";")[0]
        self.csrf = answer.json["csrfToken"]
        self.set_cookie = answer.headers["set-cookie"]

    def send(self, method, path, body=None, headers=None):
        merged = {"Cookie": self.cookie} if self.cookie else {}
        if self.csrf and method not in ("GET", "HEAD"):
            merged["X-CSRF-Token"] = self.csrf
        if self.project:
            merged["X-Tracia-Project"] = self.project
        return super().send(method, path, body, merged | (headers or {}))
