#!/usr/bin/env python3
"""Mixed load on a real server for half an hour: memory, descriptors and latency stay flat, nothing unexpected is
answered, and every acknowledged span is there. `./dev soak [MINUTES]`; the samples go to build/soak/."""

import argparse
import csv
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "server"))
import judge  # noqa: E402
from harness import BINARY, Client, Server, Simulator  # noqa: E402
from kinds import KINDS, Worker, World  # noqa: E402
from ledger import Ledger  # noqa: E402
from load import Load  # noqa: E402
from upkeep import Upkeep  # noqa: E402

MIB = 1 << 20
JUDGED_SECONDS_MIN = 600  # of less, memory and latency say nothing: the warm-up is not over
STOP_SECONDS_MAX = 20  # answers in flight have 10 s, and then everything is written
# So that files are sealed, merged and dropped all the time, in the proportion of the defaults.
SETTINGS = "[spans]\nsegment_spans = 3000\nmerged_spans = 30000\nsegment_minutes = 1\n"


def sample(server, began):
    pid = server.process.pid
    status = dict(line.split(":", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines())
    ticks = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    sizes = {}
    for path in server.data.rglob("*"):
        try:
            sizes[path] = path.stat().st_size
        except FileNotFoundError:
            pass  # a file that was sealed meanwhile
    return {
        "seconds": round(time.monotonic() - began, 1),
        "rss_bytes": int(status["VmRSS"].split()[0]) * 1024,
        "descriptors": len(os.listdir(f"/proc/{pid}/fd")),
        "threads": int(status["Threads"]),
        "wal_bytes": sum(size for path, size in sizes.items() if path.name.endswith("-wal")),
        "disk_bytes": sum(sizes.values()),
        "files": len(sizes),
        "spans": metric(server, "tracia_spans"),
        "segments": metric(server, "tracia_segments"),
        "cpu_seconds": (int(ticks[11]) + int(ticks[12])) / os.sysconf("SC_CLK_TCK"),
    }


def metric(server, name):
    client = Client(server)
    lines = client.send("GET", "/metrics").body.decode().splitlines()
    client.close()
    return int(sum(float(line.rsplit(" ", 1)[1]) for line in lines if re.split("[{ ]", line)[0] == name))


class Report:
    def __init__(self):
        self.passed = self.failed = 0

    def check(self, what, problem):
        if problem:
            self.failed += 1
            print(f"FAIL {what}: {problem}", flush=True)
        else:
            self.passed += 1
            print(f"ok   {what}", flush=True)


def milliseconds(value):
    return "-" if value is None else f"{value * 1000:.1f}"


def table_of_kinds(load, folder):
    print(f"\n{'kind':<16} {'answers':>8} {'p50 ms':>8} {'p99 ms':>8} "
          f"{'first third p99':>16} {'last third p99':>15} errors")
    with open(folder / "kinds.csv", "w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["kind", "seconds", "latency_ms"])
        for kind in sorted(set(load.latencies) | set(load.failures)):
            points = load.latencies[kind]
            values = [latency for _, latency in points]
            end = points[-1][0] if points else 0
            thirds = [judge.quantile([v for at, v in points if low <= at <= high], 0.99)
                      for low, high in ((0, end / 3), (end * 2 / 3, end))]
            print(f"{kind:<16} {len(values):>8} {milliseconds(judge.quantile(values, 0.5)):>8} "
                  f"{milliseconds(judge.quantile(values, 0.99)):>8} {milliseconds(thirds[0]):>16} "
                  f"{milliseconds(thirds[1]):>15} {len(load.failures[kind]):>6}")
            rows.writerows([kind, f"{at:.2f}", f"{latency * 1000:.2f}"] for at, latency in points)


def table_of_samples(samples):
    keys = [key for key in samples[0] if key not in ("seconds", "cpu_seconds")]
    third = len(samples) // 3
    print(f"\n{'':<14} {'first third':>14} {'middle third':>14} {'last third':>14}   (medians)")
    for key in keys:
        parts = samples[:third], samples[third:2 * third], samples[2 * third:]
        print(f"{key:<14} " + " ".join(f"{judge.quantile([s[key] for s in part], 0.5) or 0:>14,}" for part in parts))
    span = samples[-1]["seconds"] - samples[0]["seconds"]
    print(f"processor: {(samples[-1]['cpu_seconds'] - samples[0]['cpu_seconds']) / span:.2f} of one core\n")


def flatness(report, samples, load):
    def points(key):
        return [(s["seconds"], s[key]) for s in samples]

    # The malloc of the C library gives back in steps of megabytes, hence the bounds in bytes.
    report.check("memory is flat", judge.grows(points("rss_bytes"), 0.05, 6 * MIB))
    report.check("descriptors are flat", judge.grows(points("descriptors"), 0.05, 8))
    report.check("threads are flat", judge.grows(points("threads"), 0.01, 1))
    report.check("write-ahead logs are bounded", judge.grows(points("wal_bytes"), 0.2, 16 * MIB))
    report.check("the disk's use is bounded", judge.grows(points("disk_bytes"), 0.2, 32 * MIB))
    for kind in KINDS:
        problem = judge.slower(load.latencies[kind], times=3, slack=0.25)
        if problem:
            report.check(f"latency of {kind}", problem)
    report.check("every kind's latency was compared", None)


def failures(report, load):
    for kind, texts in sorted(load.failures.items()):
        if texts:
            report.check(kind, f"{len(texts)} unexpected, first: {texts[0]}")
    report.check("every kind was answered", ", ".join(kind for kind in KINDS if not load.latencies[kind]) or None)
    report.check("nothing was left unsent", f"{load.skipped} requests" if load.skipped else None)


def offer_load(world, ledger, seconds, folder, scratch, load):
    """Samples, taken while the load runs, and the upkeep beside it."""
    upkeep = Upkeep(world, load, scratch)
    upkeep.start()
    samples, every = [], min(10.0, seconds / 30)
    began = time.monotonic()
    with open(folder / "samples.csv", "w", newline="") as file:
        writer = None
        while time.monotonic() - began < seconds and world.server.process.poll() is None:
            time.sleep(every)
            samples.append(sample(world.server, began))
            writer = writer or csv.DictWriter(file, samples[0])
            if len(samples) == 1:
                writer.writeheader()
            writer.writerow(samples[-1])
            file.flush()
    load.stop()
    upkeep.stop()
    print(f"{ledger.acknowledged} spans acknowledged, {len(samples)} samples", flush=True)
    return upkeep, samples


def soak(report, arguments, folder, scratch):
    seconds = arguments.minutes * 60
    kinds = {kind: (rate * arguments.rate, function) for kind, (rate, function) in KINDS.items()}
    (scratch / "tracia.toml").write_text(SETTINGS)
    flags = ("--config", str(scratch / "tracia.toml"), "--log-level", "warn")
    with Simulator("--latency", "10ms", "--first-token", "20ms", "--chunk-delay", "2ms") as simulator, \
            Simulator("--fail-status", "500=1") as broken, \
            Server(scratch / "data", simulator.url, *flags, environment={"ANTHROPIC_BASE_URL": broken.url}) as server:
        ledger = Ledger(max(4, seconds / 30))
        world = World(server, simulator, ledger)
        world.prepare()
        load = Load(kinds, lambda: Worker(world), 16, arguments.seed)
        upkeep, samples = offer_load(world, ledger, seconds, folder, scratch, load)
        (folder / "server.log").write_text(server.text)
        if server.process.poll() is not None:
            report.check("the server lives", f"it ended with {server.process.returncode}: {server.text[-2000:]}")
            return
        left_of_first = upkeep.finish()
        table_of_kinds(load, folder)
        table_of_samples(samples)
        for name in ("tracia_spans_appended_total", "tracia_retention_spans_removed_total", "tracia_spans",
                     "tracia_segments", "tracia_commits_total", "tracia_spans_refused_total"):
            print(f"{name} {metric(server, name)}")
        print()
        failures(report, load)
        if samples[-1]["seconds"] >= JUDGED_SECONDS_MIN:
            flatness(report, samples, load)
        else:
            print("     memory, descriptors and latency are not judged: too short")
        report.check("every acknowledged span was there",
                     None if ledger.audited == ledger.acknowledged else f"{ledger.audited} of {ledger.acknowledged}")
        report.check("no span is unreadable", metric(server, "tracia_segments_unreadable") or None)
        report.check("the retention removed what was due",
                     f"{len(left_of_first)} spans of the first window are left" if left_of_first else None)
        descriptors = sample(server, 0)["descriptors"]
        began = time.monotonic()
        code = server.stop()
        took = time.monotonic() - began
        print(f"     {descriptors} descriptors without load; stopped in {took:.1f} s")
        in_time = code == 0 and took < STOP_SECONDS_MAX
        report.check("it stops in time, with 0", None if in_time else f"{code}, {took:.1f} s")
        (folder / "server.log").write_text(server.text)
    examined = subprocess.run([BINARY, "doctor", "--data", scratch / "data"], capture_output=True, text=True)
    report.check("doctor finds nothing", examined.returncode and examined.stdout[-1000:] + examined.stderr[-1000:])
    report.check("the last backup opens", upkeep.last_backup_opens())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("minutes", type=float, nargs="?", default=30)
    parser.add_argument("--rate", type=float, default=1, help="times the usual load, for a slow or busy machine")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    folder = ROOT / "build" / "soak" / time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    folder.mkdir(parents=True)
    report = Report()
    with tempfile.TemporaryDirectory() as scratch:
        soak(report, arguments, folder, pathlib.Path(scratch))
    print(f"samples are in {folder.relative_to(ROOT)}")
    print(f"{report.passed} passed, {report.failed} failed")
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
