"""Which spans were acknowledged, by windows of time, so that each can be audited before it is removed. Spans say their
window in `userId`: "live-N" ones start now and are removed by forgetting that user, "aged-N" ones start almost a day
ago, so that a retention of one day reaches them while the soak runs."""

import collections
import datetime
import json
import threading
import time
import urllib.parse

DAY = 86400


def rfc3339(seconds):
    then = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    return then.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class Ledger:
    def __init__(self, window_seconds):
        self.window_seconds = window_seconds
        self.keep_seconds = 5 * window_seconds  # from arrival until the retention reaches an aged span
        self.began = time.time()
        self.lock = threading.Lock()
        self.windows = collections.defaultdict(set)  # user -> span ids
        self.recent = collections.deque(maxlen=2000)
        self.acknowledged = 0
        self.audited = 0

    def window(self):
        return int((time.time() - self.began) / self.window_seconds)

    def aged_start(self):
        """When an aged span that arrives now began."""
        return time.time() - DAY + self.keep_seconds

    def add(self, user, ids):
        with self.lock:
            self.windows[user].update(ids)
            self.acknowledged += len(ids)
            self.recent.extend(ids)

    def audit(self, client, user):
        """What is wrong with the stored spans of one user: everything acknowledged must be there, and once."""
        expected = self.windows.get(user, set())
        answer = client.send("GET", f"/api/v1/spans/export?userId={urllib.parse.quote(user)}")
        if answer.status != 200:
            return [f"the export of {user} answered {answer}"]
        found = collections.Counter(json.loads(line)["spanId"] for line in answer.body.splitlines())
        problems = []
        lost = sorted(expected - found.keys())
        twice = [span for span, count in found.items() if count > 1]
        if lost:
            problems.append(f"{len(lost)} of {len(expected)} acknowledged spans of {user} are lost, such as {lost[0]}")
        if twice:
            problems.append(f"{len(twice)} spans of {user} are there twice, such as {twice[0]}")
        self.audited += len(expected) - len(lost)
        return problems

    def forget(self, user):
        with self.lock:
            self.windows.pop(user, None)
