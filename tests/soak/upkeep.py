"""What an operator does while the server serves: backups, retention, new keys, experiments, forgetting users. One
thread, one thing after the other."""

import json
import shutil
import subprocess
import threading
import time

from harness import BINARY, Client, Member
from kinds import Worker


class Upkeep(threading.Thread):
    def __init__(self, world, load, folder):
        super().__init__(daemon=True)
        self.world, self.load, self.folder = world, load, folder
        self.stopping = threading.Event()
        self.client = Client(world.server)
        self.owner = Member.set_up(world.server)
        self.worker = Worker(world)
        self.audited_up_to = 0  # windows below have been audited
        self.keys = []  # (id, key), oldest first
        self.experiment = None
        self.rounds = 0

    def stop(self):
        self.stopping.set()
        self.join(300)

    def run(self):
        ledger = self.world.ledger
        tasks = (self.edit, self.edit, self.rotate_key, self.edit, self.trial, self.retention, self.edit, self.backup)
        pause = ledger.window_seconds / len(tasks) / 2
        while not self.stopping.is_set():
            for task in tasks:
                if self.stopping.wait(pause):
                    return
                self.measure(task)
            self.rounds += 1
            # A window is audited when it has been over for another one: every request of its time is answered.
            while self.audited_up_to < ledger.window() - 1:
                self.measure(self.audit)

    def measure(self, task):
        load, began = self.load, time.monotonic()
        try:
            task()
            load.record(task.__name__, began)
        except Exception as error:  # whatever it is, it is a finding
            load.record(task.__name__, began, f"{type(error).__name__}: {error}"[:500])
            self.client.close()

    def edit(self):
        self.worker.edit()

    def rotate_key(self):
        """A new key. Two are kept beside it, for requests that hold them; the oldest is revoked, and then refused."""
        made = self.owner.post("/api/v1/api-keys", {"name": "soak"}, expect=201).json
        self.world.key = made["key"]
        self.keys.append((made["id"], made["key"]))
        if len(self.keys) > 3:
            old_id, old_key = self.keys.pop(0)
            self.owner.delete(f"/api/v1/api-keys/{old_id}")
            refused = Client(self.world.server, key=old_key)
            assert refused.send("GET", "/api/v1/spans").status == 401, "a revoked key works"
            refused.close()

    def trial(self):
        path = "/api/v1/prompts/trial/experiments"
        if self.experiment is None:
            self.experiment = self.client.post(path, {"name": "Warmer", "variants": [
                {"key": "control", "version": 1}, {"key": "warm", "version": 2}]}, expect=201).json["id"]
            self.client.post(f"{path}/{self.experiment}/start")
        else:
            self.client.get(f"{path}/{self.experiment}/results")
            self.client.post(f"{path}/{self.experiment}/stop")
            self.client.delete(f"{path}/{self.experiment}")
            self.experiment = None

    def retention(self):
        self.owner.put("/api/v1/retention", {"days": 1})

    def backup(self):
        target = self.folder / "backup"
        shutil.rmtree(target, ignore_errors=True)
        done = subprocess.run([BINARY, "backup", "--data", self.world.server.data, "--to", target, "--with-key"],
                              capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr

    def audit(self):
        """Everything acknowledged in a window is there; then its user is forgotten. Aged spans go by the retention."""
        number, ledger = self.audited_up_to, self.world.ledger
        self.audited_up_to += 1
        problems = ledger.audit(self.client, f"live-{number}") + ledger.audit(self.client, f"aged-{number}")
        while not self.client.delete(f"/api/v1/users/live-{number}/spans").json["complete"]:
            pass
        ledger.forget(f"live-{number}")
        ledger.forget(f"aged-{number}")
        assert not problems, "; ".join(problems)

    def finish(self):
        """After the load: what is left is audited, and what was past the retention is gone."""
        last = self.world.ledger.window()
        while self.audited_up_to <= last:
            self.measure(self.audit)
        left = self.client.send("GET", "/api/v1/spans/export?userId=aged-0").body.splitlines()
        return [json.loads(line)["spanId"] for line in left]

    def last_backup_opens(self):
        target = self.folder / "restored"
        for command in (("restore", "--from", self.folder / "backup", "--data", target), ("doctor", "--data", target)):
            done = subprocess.run([BINARY, *command], capture_output=True, text=True, timeout=300)
            if done.returncode != 0:
                return f"{command[0]}: {done.stdout[-500:]}{done.stderr[-500:]}"
        return None
