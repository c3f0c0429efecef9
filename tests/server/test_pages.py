"""What the documents promise beyond their snippets: generated pages are fresh, links and the index lead somewhere, the
messages, metrics and tests that pages name exist, and prompts move from Langfuse by the program of the page."""

import base64
import http.server
import json
import os
import re
import subprocess
import sys
import threading
import urllib.parse

import harness
from test_docs import prose

DOCS = harness.ROOT / "docs"


def test_the_reference_of_the_api_is_what_the_contract_says():
    done = subprocess.run([sys.executable, str(harness.ROOT / "tools" / "dev" / "http_reference.py"), "--check"],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    by_hand = (DOCS / "http-api.md").read_text().partition("## All operations")[0]
    codes = harness.CHECKS.contract.document["components"]["schemas"]["ErrorCode"]["enum"]
    assert not [code for code in codes if f"`{code}`" not in by_hand]


def test_every_page_is_found_from_the_index():
    found, waiting = set(), [DOCS / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in found:
            continue
        found.add(page)
        targets = re.findall(r"\]\(([^)#\s:]+\.md)(?:#[^)\s]*)?\)", prose(page))
        waiting += [(page.parent / target).resolve() for target in targets]
    assert not {str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md")} - {
        str(page.relative_to(DOCS)) for page in found if page.is_relative_to(DOCS)}


def test_the_tests_that_the_page_on_security_names_exist():
    """`file::name` in the page: a function, a case of GoogleTest, or a title of a browser's test."""
    named = re.findall(r"`([\w/.]+)::([^`]+)`", (DOCS / "operating" / "security.md").read_text())
    forms = {".py": r"^def {}\(", ".cpp": r"^(?:TEST\w*|RC_GTEST_PROP)\(\w+, {}\b", ".ts": r"^test\('{}'"}
    assert len(named) > 40
    missing = []
    for file, name in named:
        path = harness.ROOT / file
        form = forms[path.suffix].format(re.escape(name))
        if not path.exists() or not re.search(form, path.read_text(), re.M):
            missing.append(f"{file}::{name}")
    assert not missing


def plain(text):
    """Without what differs from case to case: numbers and paths."""
    return re.sub(r"\d+", "N", re.sub(r"/(?:[\w.-]+/)*[\w.-]+", "PATH", text))


def test_the_messages_of_troubleshooting_are_those_that_are_printed(server, api, simulator, tmp_path):
    page = plain((DOCS / "operating" / "troubleshooting.md").read_text())

    def start(folder, listen="127.0.0.1:0"):
        ran = subprocess.run([str(harness.BINARY), "serve", "--data", str(folder), "--listen", listen],
                             capture_output=True, text=True, timeout=harness.DEADLINE)
        assert ran.returncode == 1
        return ran.stderr.strip()

    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "file").touch()
    (tmp_path / "newer").mkdir()
    (tmp_path / "newer" / "VERSION").write_text("tracia-data 2\n")
    messages = [start(tmp_path / "new", f"{server.host}:{server.port}"), start(server.data), start(tmp_path / "other"),
                start(tmp_path / "newer")]
    with harness.Server(tmp_path / "data", simulator.url, environment={"ANTHROPIC_API_KEY": None}) as own:
        client = harness.Client(own)
        call = {"model": "claude-sonnet-4-5", "messages": [{"role": "user", "content": "Hello!"}]}
        messages.append(client.post("/api/v1/run", call, expect=400).body.decode())
        messages.append(client.post("/api/v1/api-keys", {"name": "k"}, expect=403).body.decode())
        owner = harness.Member.set_up(own)
        connection = {"name": "local", "protocol": "openai", "baseUrl": "http://127.0.0.1:1/v1", "key": "k"}
        messages.append(owner.post("/api/v1/connections", connection, expect=400).body.decode())
        key = owner.post("/api/v1/api-keys", {"name": "k"}, expect=201).json
        owner.put(f"/api/v1/api-keys/{key['id']}", {"requestsPerMinute": 1})
        limited = harness.Client(own, key["key"])
        limited.get("/api/v1/prompts")
        messages.append(limited.get("/api/v1/prompts", expect=429).body.decode())
    nobody = harness.Client(server, "tr_wrong")
    messages.append(nobody.get("/api/v1/prompts", expect=401).body.decode())
    messages.append(nobody.send("POST", "/v1/traces", {}).body.decode())
    messages.append(api.send("POST", "/v1/traces", b"x", {"Content-Type": "text/plain"}).body.decode())
    assert not [message for message in messages if plain(message) not in page]


def test_the_example_of_a_configuration_has_every_setting_with_its_default():
    example = dict(re.findall(r"^# (\w+) = (\S+)", (harness.ROOT / "packaging" / "tracia.toml").read_text(), re.M))
    page = (DOCS / "formats" / "configuration.md").read_text()
    told = {name: default.strip("` ") for names, default in re.findall(r"^\| ((?:`[^`]+`,? )+)\| ([^|]*)\|", page, re.M)
            for name in re.findall(r"`(\w+)`", names)}
    assert len(told) > 12
    assert set(told) - {"data", "dashboard"} == set(example)
    literal = {name: default.replace(",", "") for name, default in told.items()
               if re.fullmatch(r'[\d,]+|"[^"]*"|true|false', default)}
    assert len(literal) > 8
    assert {name: example[name] for name in literal} == literal


def test_metrics_are_documented_and_no_others(server, api):
    told = set(re.findall(r"\b((?:tracia|process)_[a-z_]+[a-z])\b", (DOCS / "operating" / "monitoring.md").read_text()))
    there = set(re.findall(r"^# TYPE (\S+)", api.send("GET", "/metrics").body.decode(), re.M))
    # Some begin to exist when they first count.
    sources = "".join(p.read_text() for p in (harness.ROOT / "server").rglob("src/*.cpp"))
    assert there <= told
    assert not [name for name in told - there if f'"{name}"' not in sources]


class LangfuseStandIn(http.server.BaseHTTPRequestHandler):
    """Two prompts, one a page, in the shapes of Langfuse's public API; anything else is 404."""

    prompts = {
        "Support/Reply": {"type": "chat", "labels": ["production", "latest"],
                          "config": {"model": "gpt-4o-mini", "temperature": 0.2},
                          "prompt": [{"type": "chatmessage", "role": "system", "content": "Be \"kind\".\n"},
                                     {"type": "chatmessage", "role": "user", "content": "{{question}}"}]},
        "greeting": {"type": "text", "labels": ["latest"], "config": {}, "prompt": "Greet {{name}}."},
    }

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        name = urllib.parse.unquote(url.path.removeprefix("/api/public/v2/prompts").removeprefix("/"))
        login = base64.b64encode(b"pk:sk").decode()
        answer = None
        if self.headers["Authorization"] == f"Basic {login}" and name == "":
            page = int(query["page"])
            key = sorted(self.prompts)[page - 1]
            known = {"name": key, "versions": [1], "tags": [], "lastConfig": {}}
            answer = {"data": [known | {k: self.prompts[key][k] for k in ("type", "labels")}],
                      "meta": {"page": page, "limit": 1, "totalItems": 2, "totalPages": 2}}
        elif name in self.prompts and query["label"] in self.prompts[name]["labels"]:
            answer = {"name": name, "version": 1, "tags": []} | self.prompts[name]
        self.send_response(200 if answer else 404)
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

    def log_message(self, *_):
        pass


def test_prompts_move_from_langfuse_by_the_program_of_the_page(server, api, tmp_path):
    program, = [p for p in re.findall(r"^```python\n(.*?)^```", (DOCS / "moving.md").read_text(), re.M | re.S)
                if "def langfuse" in p]
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), LangfuseStandIn) as there:
        threading.Thread(target=there.serve_forever, daemon=True).start()
        environment = {"PATH": os.environ["PATH"], "LANGFUSE_BASE_URL": f"http://127.0.0.1:{there.server_port}",
                       "LANGFUSE_PUBLIC_KEY": "pk", "LANGFUSE_SECRET_KEY": "sk",
                       "TRACIA_BASE_URL": server.url, "TRACIA_API_KEY": harness.KEY}
        for command in ([sys.executable, "-c", program], [str(harness.BINARY), "prompts", "push"]):
            ran = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True,
                                 timeout=harness.DEADLINE)
            assert ran.returncode == 0, ran.stderr
        there.shutdown()
    reply = api.get("/api/v1/prompts/support-reply").json
    messages = [(m["role"], m["content"]) for m in reply["content"]]
    assert messages == [("system", "Be \"kind\".\n"), ("user", "{{question}}")]
    assert (reply["name"], reply["model"], reply["temperature"]) == ("Support/Reply", "gpt-4o-mini", 0.2)
    assert api.get("/api/v1/prompts/greeting").json["content"][0]["content"] == "Greet {{name}}."
