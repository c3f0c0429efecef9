"""Tracia's own clients send their spans here: the command line, which is the C++ client."""

import os
import subprocess

import harness
from harness import provider_environment, wait_until


def tracia(server, simulator, *arguments):
    environment = provider_environment(simulator.url) | {"TRACIA_API_KEY": harness.KEY, "TRACIA_BASE_URL": server.url}
    done = subprocess.run([str(harness.BINARY), *arguments], env=environment, capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=harness.DEADLINE)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_call_of_the_command_line_becomes_a_priced_span(server, simulator, api, unique):
    out = tracia(server, simulator, "run", "-m", "gpt-4o", f"Say {unique}")

    def found():
        return api.get("/api/v1/spans", contains=unique).json["spans"]

    summary = wait_until(found, "the span")[0]
    span = api.get(f"/api/v1/spans/{summary['spanId']}").json
    assert span["output"].strip() == out.strip()
    assert span["provider"] == "openai" and span["costStatus"] == "exact" and span["cost"] > 0
    assert unique in str(span["input"]["messages"])
    assert span["attempts"][0]["status"] == 200


def test_an_embedding_becomes_a_priced_span(server, simulator, api, unique):
    tracia(server, simulator, "embed", "-m", "text-embedding-3-small", f"Where is {unique}?")

    def found():
        return api.get("/api/v1/spans", contains=unique, spanKind="EMBEDDING").json["spans"]

    summary = wait_until(found, "the span")[0]
    assert summary["spanKind"] == "EMBEDDING" and summary["cost"] > 0


def test_the_command_line_speaks_to_a_running_server(server, api):
    def keys(*arguments):
        return subprocess.run([str(harness.BINARY), "keys", *arguments, "--data", str(server.data)], capture_output=True,
                              text=True, timeout=harness.DEADLINE, env={"PATH": os.environ["PATH"]})

    made = keys("create", "--name", "from the shell")
    assert made.returncode == 0, made.stderr
    client = harness.Client(server, made.stdout.strip())
    client.get("/api/v1/prompts")  # known at once
    listed = keys("list")
    assert "from the shell" in listed.stdout and made.stdout.strip() not in listed.stdout
    client.close()


def test_health_says_whether_a_server_takes_traffic(server):
    def health(*arguments, **environment):
        done = subprocess.run([str(harness.BINARY), "health", *arguments], capture_output=True, text=True,
                              timeout=harness.DEADLINE, env={"PATH": os.environ["PATH"], **environment})
        return done.returncode, done.stdout + done.stderr

    assert health("--url", server.url + "/") == (0, "ready\n")
    # As in a container: the address it listens on, which is no address to connect to.
    assert health(TRACIA_LISTEN=f"0.0.0.0:{server.port}") == (0, "ready\n")
    code, said = health("--url", server.url + "/no/such/place")
    assert code == 1 and "no Tracia server" in said
    code, said = health("--url", "http://127.0.0.1:1")
    assert code == 1 and "127.0.0.1:1" in said
    code, said = health("--url", "127.0.0.1")
    assert code == 2 and "URL" in said


def test_a_second_server_on_the_directory_is_refused_and_says_who_has_it(server, simulator):
    done = subprocess.run([str(harness.BINARY), "serve", "--data", str(server.data), "--listen", "127.0.0.1:0"],
                          capture_output=True, text=True, timeout=harness.DEADLINE,
                          env=provider_environment(simulator.url))
    assert done.returncode == 1
    assert str(server.process.pid) in done.stderr and "in use" in done.stderr


def test_a_weak_bootstrap_key_refuses_the_start(simulator, tmp_path):
    for weak in ("tr_short", "x" * 50, "tr_" + "é" * 40):
        done = subprocess.run([str(harness.BINARY), "serve", "--data", str(tmp_path / "d"), "--listen", "127.0.0.1:0"],
                              capture_output=True, text=True, timeout=harness.DEADLINE,
                              env=provider_environment(simulator.url) | {"TRACIA_BOOTSTRAP_API_KEY": weak})
        assert done.returncode == 1 and "TRACIA_BOOTSTRAP_API_KEY" in done.stderr
        assert weak not in done.stderr


def test_a_backup_made_under_load_is_served_elsewhere(server, simulator, api, span_body, tmp_path, unique):
    before = [span_body(userId=unique) for _ in range(50)]
    api.post("/api/v1/spans/batch", before)

    def command(*arguments):
        done = subprocess.run([str(harness.BINARY), *arguments], capture_output=True, text=True,
                              timeout=harness.DEADLINE, env={"PATH": os.environ["PATH"]})
        assert done.returncode == 0, done.stdout + done.stderr

    command("backup", "--data", str(server.data), "--to", str(tmp_path / "copy"))
    command("restore", "--from", str(tmp_path / "copy"), "--data", str(tmp_path / "again"))
    with harness.Server(tmp_path / "again", simulator.url) as copy:
        client = harness.Client(copy)
        assert len(client.get("/api/v1/spans", userId=unique, limit=100).json["spans"]) == 50
        client.close()
        assert copy.stop() == 0
    command("doctor", "--data", str(tmp_path / "again"))


def test_a_backup_that_the_server_cannot_write_says_who_would_write_it(server):
    done = subprocess.run([str(harness.BINARY), "backup", "--data", str(server.data), "--to", "/proc/backup"],
                          capture_output=True, text=True, timeout=harness.DEADLINE, env={"PATH": os.environ["PATH"]})
    assert done.returncode == 1
    assert "/proc/backup" in done.stderr and "The running server (process " in done.stderr
