"""Requests at fixed rates, whatever the answers take: an open loop. A latency counts from when its request was due, so
that a server that falls behind is seen to."""

import collections
import queue
import random
import threading
import time


class Load:
    """`kinds`: {name: (requests a second, function of a worker)}. A function raises AssertionError (or anything else)
    for an answer that is not as it must be."""

    def __init__(self, kinds, make_worker, threads, seed=1):
        self.kinds = kinds
        self.due = queue.Queue(maxsize=10_000)
        self.stopping = threading.Event()
        self.lock = threading.Lock()
        self.began = time.monotonic()
        self.latencies = collections.defaultdict(list)  # kind -> [(seconds since the start, latency)]
        self.failures = collections.defaultdict(list)  # kind -> [text]
        self.skipped = 0
        self.random = random.Random(seed)
        self.threads = [threading.Thread(target=self._work, args=(make_worker,), daemon=True) for _ in range(threads)]
        self.threads.append(threading.Thread(target=self._offer, daemon=True))
        for thread in self.threads:
            thread.start()

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join(120)

    def record(self, kind, due, problem=None):
        now = time.monotonic()
        with self.lock:
            if problem is None:
                self.latencies[kind].append((now - self.began, now - due))
            else:
                self.failures[kind].append(problem)

    def _offer(self):
        next_at = {kind: time.monotonic() + self.random.random() / rate for kind, (rate, _) in self.kinds.items()}
        while not self.stopping.is_set():
            kind = min(next_at, key=next_at.get)
            wait = next_at[kind] - time.monotonic()
            if wait > 0 and self.stopping.wait(wait):
                break
            try:
                self.due.put_nowait((kind, next_at[kind]))
            except queue.Full:
                self.skipped += 1
            next_at[kind] += self.random.uniform(0.5, 1.5) / self.kinds[kind][0]

    def _work(self, make_worker):
        worker = make_worker()
        while not self.stopping.is_set():
            try:
                kind, due = self.due.get(timeout=0.2)
            except queue.Empty:
                continue
            try:
                self.kinds[kind][1](worker)
                self.record(kind, due)
            except Exception as error:  # whatever it is, it is a finding
                self.record(kind, due, f"{type(error).__name__}: {error}"[:500])
                worker.close()
