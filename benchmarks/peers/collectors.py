"""Collectors: the same requests of OpenTelemetry, in protobuf over HTTP, to each; then the newest trace is listed and
opened through its own API. A span counts when it is in the collector's database, not when the request was answered.
"""

import contextlib
import functools
import json
import pathlib
import sqlite3
import statistics
import tempfile
import time
import urllib.parse

from common import (
    KEY,
    SUPPORT,
    Found,
    Service,
    Unavailable,
    ask,
    disk_mb,
    free_port,
    install,
    offered_load,
    pip_version,
    row,
    run,
    tracia,
)

SPANS_A_REQUEST = 100
CONNECTIONS = 4
BATCHES = {"tracia": 200, "phoenix": 20, "mlflow": 10}  # requests: enough for each to take some seconds
LOOKS = 9


def sqlite_count(path):
    """Spans in a SQLite database that another process writes."""
    try:
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30)) as db:
            return db.execute("SELECT COUNT(*) FROM spans").fetchone()[0]
    except sqlite3.OperationalError:
        return 0


def get_json(url, headers, body=None):
    status, answer = ask(url, headers | ({"Content-Type": "application/json"} if body else {}),
                         json.dumps(body).encode() if body else None)
    if status != 200:
        raise Unavailable(f"{url} answered {status}: {answer[:200]!r}")
    return json.loads(answer)


class Ours:
    def __init__(self, folder):
        self.service, self.url = tracia(folder)
        self.headers, self.data = {"Authorization": f"Bearer {KEY}"}, folder / "data"

    def count(self):
        sums = get_json(f"{self.url}/api/v1/analytics?startDate=2020-01-01&measures=requests", self.headers)
        return sum(each["requests"] for each in sums["rows"])

    def newest(self):
        return get_json(f"{self.url}/api/v1/traces?limit=20", self.headers)["traces"][0]["traceId"]

    def open(self, trace):
        get_json(f"{self.url}/api/v1/traces/{trace}", self.headers)


class Phoenix:
    def __init__(self, folder):
        home, port = install("phoenix"), free_port()
        environment = {"PHOENIX_WORKING_DIR": str(folder / "data"), "PHOENIX_HOST": "127.0.0.1",
                       "PHOENIX_PORT": str(port), "PHOENIX_GRPC_PORT": str(free_port()),
                       "PHOENIX_TELEMETRY_ENABLED": "false", "PHOENIX_ALLOW_EXTERNAL_RESOURCES": "false",
                       "PHOENIX_LOGGING_LEVEL": "error"}
        (folder / "data").mkdir()
        self.service = Service("phoenix", [home / "bin" / "phoenix", "serve"], environment, folder)
        self.url, self.headers, self.data = f"http://127.0.0.1:{port}", {}, folder / "data"

    def count(self):
        return sqlite_count(self.data / "phoenix.db")

    def newest(self):
        found = get_json(f"{self.url}/v1/projects/default/traces?limit=20", self.headers)
        return found["data"][0]["trace_id"]

    def open(self, trace):
        get_json(f"{self.url}/v1/projects/default/spans?trace_id={trace}", self.headers)


class Mlflow:
    def __init__(self, folder):
        home, port = install("mlflow"), free_port()
        (folder / "data").mkdir()
        database = folder / "data" / "mlflow.db"
        command = [home / "bin" / "mlflow", "server", "--host", "127.0.0.1", "--port", port, "--workers", 2,
                   "--backend-store-uri", f"sqlite:///{database}", "--default-artifact-root", folder / "artifacts",
                   "--uvicorn-opts", "--log-level error --no-access-log"]
        environment = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true", "MLFLOW_LOGGING_LEVEL": "ERROR",
                       # Workers for jobs, which nothing here asks for: without them it is smaller and starts sooner.
                       "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
                       # `mlflow server` starts its web server by name.
                       "PATH": f"{home / 'bin'}:/usr/bin:/bin"}
        self.service = Service("mlflow", command, environment, folder)
        self.url, self.data, self.database = f"http://127.0.0.1:{port}", folder / "data", database
        self.headers = {"x-mlflow-experiment-id": "0"}

    def count(self):
        return sqlite_count(self.database)

    def newest(self):
        where = [{"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "0"}}]
        found = get_json(f"{self.url}/api/3.0/mlflow/traces/search", {}, {"locations": where, "max_results": 20})
        return found["traces"][0]["trace_id"]

    def open(self, trace):
        get_json(f"{self.url}/api/3.0/mlflow/traces/get?" + urllib.parse.urlencode({"trace_id": trace}), {})


PEERS = {"phoenix": Phoenix, "mlflow": Mlflow}


def timed(call):
    """The answer, and the middle of several looks, in ms."""
    times = []
    for _ in range(LOOKS):
        before = time.monotonic()
        found = call()
        times.append((time.monotonic() - before) * 1e3)
    return found, statistics.median(times)


def stored(collector, wanted, seconds=300):
    """Waits until so many spans are in its database."""
    end = time.monotonic() + seconds
    while collector.count() < wanted:
        if time.monotonic() > end:
            raise Unavailable(f"{collector.count()} of {wanted} spans were stored after {seconds} s")
        time.sleep(0.02)


def measure(name, make):
    rows = []
    with tempfile.TemporaryDirectory() as place:
        folder = pathlib.Path(place)
        (folder / "bodies").mkdir()
        requests = BATCHES[name]
        run([str(SUPPORT / "otlp_bodies"), str(folder / "bodies"), str(requests + 1), str(SPANS_A_REQUEST)])
        first, *bodies = sorted((folder / "bodies").iterdir(), key=lambda path: int(path.stem))
        collector = make(folder)
        service = collector.service
        with service:
            headers = collector.headers | {"Content-Type": "application/x-protobuf"}
            url = f"{collector.url}/v1/traces"
            service.wait(lambda: ask(url, headers, first.read_bytes())[0] == 200)
            stored(collector, SPANS_A_REQUEST)
            service.settle()
            spans, cpu, disk = requests * SPANS_A_REQUEST, service.cpu_seconds(), disk_mb(collector.data)
            began = time.monotonic()
            seen = offered_load(url, bodies, headers, rate=0, once="yes", connections=CONNECTIONS)
            answered = time.monotonic() - began
            if seen["failed"]:
                said = seen.get("first_failure", "")[:200]
                raise Unavailable(f"{seen['failed']} of {requests} requests failed: {said}")
            stored(collector, spans + SPANS_A_REQUEST)
            took = time.monotonic() - began
            service.settle(5)
            used = service.cpu_seconds() - cpu
            trace, list_ms = timed(collector.newest)
            _, open_ms = timed(lambda: collector.open(trace))
            sent = sum(path.stat().st_size for path in bodies) / 1e6
            grown = disk_mb(collector.data) - disk
            measured = {("stored", "spans/s"): spans / took, ("CPU a span", "us"): used * 1e6 / spans,
                        ("disk a span", "KB"): grown * 1e3 / spans, ("p50 of a request", "ms"): seen["p50_ms"],
                        ("list 20 traces", "ms"): list_ms, ("open a trace", "ms"): open_ms,
                        ("resident", "MB"): service.resident_mb(), ("start", "s"): service.start_seconds}
            rows += [row(name, what, unit, value) for (what, unit), value in measured.items()]
            print(f"    {spans} spans, {sent:.1f} MB: answered after {answered:.2f} s, stored after {took:.2f} s; "
                  + "; ".join(f"{what} {value:.1f} {unit}" for (what, unit), value in measured.items()), flush=True)
    return service.command, rows


def version(name):
    return pip_version(install(name), {"phoenix": "arize-phoenix", "mlflow": "mlflow"}[name])


def compare(names):
    found = Found()
    print(f"\nCollectors: {SPANS_A_REQUEST} spans a request, {CONNECTIONS} connections", flush=True)
    makers = {"tracia": Ours, **{name: PEERS[name] for name in names}}
    found.compare({name: functools.partial(measure, name, make) for name, make in makers.items()}, version)
    return found
