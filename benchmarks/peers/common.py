"""What both comparisons need: installing a peer, running it with everything it starts, and what that costs."""

import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = ROOT / "benchmarks" / "peers"
PEERS = ROOT / "build" / "peers"
BINARY = pathlib.Path(os.environ.get("TRACIA_BINARY", ROOT / "build" / "release" / "tracia"))
SUPPORT = ROOT / "build" / "release" / "benchmarks" / "support"
KEY = "tr_" + "b" * 43
START_SECONDS = 300


class Unavailable(Exception):
    """A peer that cannot be had or does not start here; the message says why."""


def run(command, **options):
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip().splitlines()[-2:]
        raise Unavailable(f"`{' '.join(map(str, command[:4]))} …` failed: {' / '.join(said)}")
    return done.stdout


# ---- installing, each into a folder of its own, once for each list of pins

def install(name):
    """The folder of a peer, installed when its pins have changed."""
    pins = next(HERE.glob(f"{name}.*"))
    folder, stamp = PEERS / name, PEERS / f"{name}.installed"
    if stamp.exists() and stamp.read_text() == pins.read_text():
        return folder
    print(f"installing {name} into {folder.relative_to(ROOT)}", flush=True)
    folder.mkdir(parents=True, exist_ok=True)
    if pins.suffix == ".txt":
        if not (folder / "bin" / "python").exists():
            run(["python3", "-m", "venv", str(folder)])
        run(["nice", "-n", "19", str(folder / "bin" / "pip"), "install", "-q", "--disable-pip-version-check",
             "-r", str(pins)])
    elif pins.suffix == ".json":
        shutil.copy(pins, folder / "package.json")
        run(["nice", "-n", "19", "npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--silent"],
            cwd=folder)
    else:
        if shutil.which("go") is None:
            raise Unavailable("it is built from source, and there is no Go here")
        go = {**os.environ, "GOBIN": str(folder), "GOFLAGS": ""}
        run(["nice", "-n", "19", "go", "install", pins.read_text().split()[0]], env=go)
    stamp.write_text(pins.read_text())
    return folder


# ---- running

def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def ask(url, headers=None, body=None, method=None, timeout=60):
    """(status, bytes). No answer is status 0."""
    request = urllib.request.Request(url, data=body, headers=headers or {}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()
    except OSError:
        return 0, b""


class Service:
    """A program and all that it starts, over a folder of its own; gone at the end of the `with`."""

    def __init__(self, name, command, environment, folder):
        self.name, self.folder, self.command = name, folder, " ".join(map(str, command))
        print(f"  {name}: {self.command}", flush=True)
        self.log = open(folder / f"{name}.log", "wb")
        # Nothing of the caller's environment but where programs and temporary files are: no provider's key, no proxy.
        kept = {key: os.environ[key] for key in ("PATH", "HOME", "LANG") if key in os.environ}
        self.began = time.monotonic()
        self.process = subprocess.Popen(list(map(str, command)), stdout=self.log, stderr=subprocess.STDOUT,
                                        stdin=subprocess.DEVNULL, env=kept | environment, start_new_session=True,
                                        cwd=folder)
        self.start_seconds = None

    def wait(self, ready):
        """Until `ready` says yes; it does what the measurement does, once."""
        while time.monotonic() < self.began + START_SECONDS:
            if self.process.poll() is not None:
                break
            if ready():
                self.start_seconds = time.monotonic() - self.began
                return self
            time.sleep(0.01)
        self.log.flush()
        tail = (self.folder / f"{self.name}.log").read_text(errors="replace").strip().splitlines()[-3:]
        raise Unavailable(f"it did not start: {' / '.join(tail)[:400]}")

    def processes(self):
        """Its process and every descendant."""
        children = {}
        for entry in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                parent = int(entry.joinpath("stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, IndexError, ValueError):
                continue
            children.setdefault(parent, []).append(int(entry.name))
        found, left = [], [self.process.pid]
        while left:
            found.append(left.pop())
            left += children.get(found[-1], [])
        return found

    def cpu_seconds(self):
        """Of all its processes, to the nanosecond: Linux's clock of another process's CPU time."""
        total = 0.0
        for pid in self.processes():
            try:
                total += time.clock_gettime(~pid << 3 | 2)
            except OSError:
                continue
        return total

    def resident_mb(self):
        """Of all its processes; pages that several share count once (PSS)."""
        total = 0
        for pid in self.processes():
            try:
                for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                    if line.startswith("Pss:"):
                        total += int(line.split()[1])
            except OSError:
                continue
        return total * 1024 / 1e6

    def settle(self, seconds=30):
        """Until it is idle, at most so long."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            before = self.cpu_seconds()
            time.sleep(0.5)
            if self.cpu_seconds() - before < 0.02:
                return

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # The group that it leads, so that no worker outlives it.
        for how in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.process.pid, how)
                self.process.wait(timeout=10)
            except (subprocess.TimeoutExpired, ProcessLookupError):
                continue
        self.log.close()


def offered_load(url, bodies, headers, **options):
    """What our generator saw: the same for every server."""
    command = [str(SUPPORT / "offered_load"), "--url", url]
    for name, value in options.items():
        command += [f"--{name}", str(value)]
    for name, value in headers.items():
        command += ["--header", f"{name}: {value}"]
    for body in bodies:
        command += ["--body", str(body)]
    return json.loads(run(command))


def tracia(folder, upstream=None):
    """Ours as it is shipped: keys checked, every span on disk before the answer."""
    port = free_port()
    environment = {"TRACIA_BOOTSTRAP_API_KEY": KEY}
    if upstream:
        environment |= {"OPENAI_BASE_URL": f"{upstream}/v1", "OPENAI_API_KEY": "sk-bench-0123456789abcdef"}
    command = [BINARY, "serve", "--data", folder / "data", "--listen", f"127.0.0.1:{port}", "--log-level", "warn"]
    return Service("tracia", command, environment, folder), f"http://127.0.0.1:{port}"


def disk_mb(folder):
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


class Found:
    """What a comparison leaves for the suite: rows, and what they were measured on."""

    def __init__(self):
        self.rows, self.versions, self.commands, self.left_out = [], {}, {}, {}

    def compare(self, measures, version):
        """`measures`: name -> a function that returns the service's command line and its rows; ours comes first."""
        for name, measure in measures.items():
            try:
                self.commands[name], rows = measure()
                self.rows += rows
                self.versions[name] = run([str(BINARY), "--version"]).split()[-1] if name == "tracia" else version(name)
                print(f"    version {self.versions[name]}", flush=True)
            except Unavailable as why:
                self.left_out[name] = str(why)
                print(f"  {name} is left out: {why}", flush=True)


def pip_version(home, package):
    shown = run([str(home / "bin" / "pip"), "--disable-pip-version-check", "show", package])
    return next(line.split()[1] for line in shown.splitlines() if line.startswith("Version:"))


def row(who, what, unit, value):
    return {"metric": f"{who} | {what}", "unit": unit, "value": value}
