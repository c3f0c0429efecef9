"""Files of the data directory taken away or replaced under a running server: nothing is acknowledged that would be
lost, /readyz and the log name the file, what is left is served, and the next start does not begin anew in its place."""

import pathlib
import secrets
import shutil
import subprocess

import pytest

from harness import BINARY, Client, Server, wait_until

NOWHERE = "http://127.0.0.1:9"  # no model is called here
PROMPT = {"name": "a", "model": "gpt-4o", "content": [{"id": "m", "role": "user", "content": "x"}]}


class World:
    """A server with three sealed segments of 50 spans and ten spans in the active one."""

    def __init__(self, folder):
        self.data = folder / "d"
        (folder / "tracia.toml").write_text("[spans]\nsegment_spans = 50\n")
        self.flags = ("--config", str(folder / "tracia.toml"), "--log-level", "warn")
        self.server = Server(self.data, NOWHERE, *self.flags)
        self.client = Client(self.server)
        for _ in range(16):
            assert self.post().status == 200
        wait_until(lambda: len(self.files("sealed")) == 3, "three sealed segments")

    def files(self, kind):
        return sorted((self.data / "segments").glob(f"*.{kind}.db"))

    def post(self):
        batch = [{"spanId": "sp_" + secrets.token_hex(8), "model": "gpt-4o", "provider": "openai", "status": "SUCCESS",
                  "input": {"messages": [{"role": "user", "content": "x"}]}, "output": "y", "latencyMs": 5}
                 for _ in range(10)]
        return self.client.send("POST", "/api/v1/spans/batch", batch)

    def edit(self):
        return self.client.send("POST", "/api/v1/prompts", PROMPT | {"slug": "s" + secrets.token_hex(4)})

    def ready(self):
        return self.client.send("GET", "/readyz")

    def not_ready(self):
        return wait_until(lambda: (answer := self.ready()).status == 503 and answer, "not ready").json["reason"]

    def listed(self):
        return len(self.client.get("/api/v1/spans", limit=100).json["spans"])

    def stop(self):
        self.client.close()
        if self.server.process.poll() is None:
            assert self.server.stop() == 0, self.server.text

    def refuses_to_start(self):
        self.stop()
        with pytest.raises(RuntimeError) as refused:
            Server(self.data, NOWHERE, *self.flags)
        return str(refused.value)


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    yield made
    made.stop()


def remove(path):
    for file in (path, pathlib.Path(f"{path}-wal"), pathlib.Path(f"{path}-shm")):
        file.unlink(missing_ok=True)


@pytest.mark.parametrize("replaced", [False, True])
def test_the_active_segment_is_gone(world, replaced):
    name = world.files("active")[-1].name
    remove(world.data / "segments" / name)
    if replaced:
        (world.data / "segments" / name).write_bytes(b"junk" * 5000)
    refused = world.post()
    assert refused.status == 503 and "retry-after" in refused.headers and name in refused.error["message"], refused
    assert name in world.not_ready()
    wait_until(lambda: f"{name} was removed or replaced" in world.server.text, "the log says it")
    assert world.listed() == 100, "reading goes on"
    assert world.edit().status == 201, "prompts do not need it"


def test_the_active_segment_comes_back(world):
    active = world.files("active")[-1]
    active.rename(world.data / "away")
    assert world.post().status == 503
    (world.data / "away").rename(active)
    wait_until(lambda: world.ready().status == 200, "ready again")
    assert world.post().status == 200


@pytest.mark.parametrize("replaced", [False, True])
def test_a_sealed_segment_is_gone(world, replaced):
    victim = world.files("sealed")[0]
    victim.unlink()
    if replaced:
        victim.write_bytes(b"junk" * 5000)
        world.client.send("GET", "/api/v1/spans/export")  # found when it is read
    reason = wait_until(lambda: world.ready().json["reason"], "a reason")
    assert victim.name in reason and world.ready().status == 200, "it serves, and takes spans"
    assert world.listed() == 100
    assert world.post().status == 200
    wait_until(lambda: "segment_unreadable" in world.server.text and victim.name in world.server.text, "a log line")


def test_all_segments_are_gone(world):
    shutil.rmtree(world.data / "segments")
    assert world.post().status == 503
    assert world.client.send("GET", "/api/v1/spans").status in (200, 503)
    world.not_ready()
    assert "segments is missing" in world.refuses_to_start()


def test_control_db_is_gone(world):
    remove(world.data / "control.db")
    refused = world.edit()
    assert refused.status == 503 and "control.db" in refused.error["message"], refused
    assert "control.db" in world.not_ready()
    assert world.post().status == 200, "spans do not need it"
    wait_until(lambda: "control.db was removed or replaced" in world.server.text, "the log says it")
    said = world.refuses_to_start()
    assert "control.db is missing" in said and "restore" in said
    assert not (world.data / "control.db").exists(), "none is made in its place"


def test_deletions_db_is_gone(world):
    span = world.client.get("/api/v1/spans", limit=1).json["spans"][0]
    remove(world.data / "deletions.db")
    assert world.client.send("DELETE", f"/api/v1/spans/{span['spanId']}").status == 503
    assert world.post().status == 200
    assert "deletions.db is missing" in world.refuses_to_start()


def test_the_folder_becomes_read_only_and_writable_again(world):
    def remount(how):
        return subprocess.run(["mount", "-o", how, world.data], capture_output=True, text=True).returncode == 0

    if subprocess.run(["mount", "--bind", world.data, world.data], capture_output=True).returncode != 0:
        pytest.skip("nothing can be mounted here")
    try:
        world.stop()
        world.server = Server(world.data, NOWHERE, *world.flags)  # its files are opened through the mount
        world.client = Client(world.server)
        assert world.post().status == 200
        # A mount with files open for writing cannot be made read-only: the kernel refuses, and nothing breaks.
        refused = not remount("remount,ro,bind")
        assert world.post().status == (200 if refused else 503)
        remount("remount,rw,bind")
        wait_until(lambda: world.ready().status == 200, "ready again")
        assert world.post().status == 200
    finally:
        world.stop()
        subprocess.run(["umount", "--lazy", world.data], check=False)


def test_the_secret_key_is_gone_and_comes_back(world):
    key = (world.data / "secret.key").read_bytes()
    (world.data / "secret.key").unlink()
    assert world.post().status == 200 and world.edit().status == 201, "it is in memory"
    done = subprocess.run([BINARY, "doctor", "--data", world.data], capture_output=True, text=True)
    assert done.returncode == 1 and "secret.key: it is missing" in done.stdout
    (world.data / "secret.key").write_bytes(key)
    (world.data / "secret.key").chmod(0o600)
    done = subprocess.run([BINARY, "doctor", "--data", world.data], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
