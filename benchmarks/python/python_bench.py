"""One call and one streamed chunk from Python, against the same simulator in one run: a bare POST by httpx, the official
openai client, LiteLLM, the C++ client in a process of its own, and ours, with and without spans. Rounds are interleaved,
so that a noisy machine is noisy for all; medians are compared. Callers and simulator share one processor for the calls: to
wake another that idles takes longer than what is compared. Then what each costs to import, in time and memory.

  ./dev bench python [--calls N] [--rounds N]
"""

import argparse
import asyncio
import contextlib
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("TRACIA_BINARY", ROOT / "build" / "release" / "tracia"))
LOOP = pathlib.Path(os.environ.get("TRACIA_CLIENT_LOOP", ROOT / "build" / "release" / "benchmarks" / "support" / "client_loop"))
KEY = "tr_" + "b" * 43
MESSAGES = [
    {"role": "system", "content": "You are a helpful travel guide."},
    {"role": "user", "content": "Tell me about the trams of Lisbon."},
]
CALL = {"model": "gpt-4o", "messages": MESSAGES, "max_tokens": 32}
STREAM = {"model": "gpt-4o", "messages": MESSAGES, "max_tokens": 256}
IMPORTS = {
    "httpx": "import httpx",
    "openai": "from openai import OpenAI",
    "litellm": "import litellm",
    "pydantic (for scale)": "from pydantic import BaseModel",
    "tracia": "from tracia import Tracia",
    "tracia, results too": "from tracia import Tracia, RunLocalResult",
}


def start(*arguments, environment=None):
    """A subcommand of the executable and its address."""
    process = subprocess.Popen([str(BINARY), *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                               env=environment)
    for line in process.stdout:
        found = re.search(r"https?://[\w.:]+", line)
        if found:
            # What it says later is read and forgotten: a full pipe would stop it.
            threading.Thread(target=process.stdout.read, daemon=True).start()
            return process, found.group(0)
    raise SystemExit(f"{arguments[0]} did not start")


def timed(call, count):
    """Wall time of each call and CPU time per call of this process, in microseconds."""
    wall, cpu = [], time.process_time_ns()
    for _ in range(count):
        before = time.perf_counter_ns()
        parts = call()
        wall.append((time.perf_counter_ns() - before) / 1000 / (parts or 1))
    return wall, (time.process_time_ns() - cpu) / 1000 / count


class CppClient:
    """The C++ client: its process measures its own calls."""

    def __init__(self):
        self.process = subprocess.Popen([str(LOOP)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, what, count):
        self.process.stdin.write(f"{what} {count}\n")
        self.process.stdin.flush()
        return [float(v) for v in self.process.stdout.readline().split()]

    def close(self):
        self.process.stdin.close()
        self.process.wait()


@contextlib.contextmanager
def one_processor(*processes):
    """Holds this thread, and all that those processes have, on one processor."""
    threads = [0] + [int(name) for each in processes for name in os.listdir(f"/proc/{each.pid}/task")]
    before = {thread: os.sched_getaffinity(thread) for thread in threads}
    chosen = {min(before[0])}
    for thread in threads:
        os.sched_setaffinity(thread, chosen)
    try:
        yield
    finally:
        for thread, processors in before.items():
            os.sched_setaffinity(thread, processors)


def variants(url, clients):
    """name -> (one call, one stream that returns its number of chunks)."""
    import httpx
    import litellm
    from openai import OpenAI

    http = httpx.Client(headers={"authorization": f"Bearer {os.environ['OPENAI_API_KEY']}"})
    openai = OpenAI(max_retries=0)
    litellm.telemetry = False
    traced, plain = clients

    def httpx_call():
        http.post(f"{url}/v1/chat/completions", json=CALL).json()

    def httpx_stream():
        chunks = 0
        with http.stream("POST", f"{url}/v1/chat/completions", json=STREAM | {"stream": True}) as answer:
            for line in answer.iter_lines():
                chunks += line.startswith("data: {")
        return chunks

    def openai_stream():
        return sum(1 for _ in openai.chat.completions.create(**STREAM, stream=True))

    def litellm_stream():
        return sum(1 for _ in litellm.completion(**STREAM, stream=True))

    def ours(client):
        def call():
            client.run_local(model="gpt-4o", messages=MESSAGES, max_output_tokens=32)

        def stream():
            return sum(1 for _ in client.run_local(model="gpt-4o", messages=MESSAGES, max_output_tokens=256, stream=True))

        return call, stream

    return {
        "httpx, one client, bare POST": (httpx_call, httpx_stream),
        "openai": (lambda: openai.chat.completions.create(**CALL) and None, openai_stream),
        "litellm": (lambda: litellm.completion(**CALL) and None, litellm_stream),
        "tracia, no spans": ours(plain),
        "tracia": ours(traced),
    }


def compare(title, table, index, cpp, what, rounds, count):
    walls = {name: [] for name in table} | {"C++ client": []}
    cpus = {name: [] for name in table}
    for round_number in range(rounds + 1):  # the first warms up
        for name, calls in table.items():
            wall, cpu = timed(calls[index], count)
            if round_number:
                walls[name] += wall
                cpus[name].append(cpu)
        answered = cpp.ask(what, count)
        if round_number:
            walls["C++ client"] += answered
    base = statistics.median(walls["httpx, one client, bare POST"])
    in_cpp = statistics.median(walls["C++ client"])
    print(f"\n{title}\n{'':34}{'wall p50 us':>12}{'over httpx':>12}{'over C++ us':>12}{'cpu us':>10}")
    for name, values in walls.items():
        p50 = statistics.median(values)
        cpu = f"{statistics.median(cpus[name]):10.1f}" if name in cpus else f"{'':>10}"
        print(f"{name:34}{p50:12.1f}{p50 / base:12.3f}{p50 - in_cpp:12.1f}{cpu}")
    return {name: statistics.median(values) for name, values in walls.items()}


def concurrent(url, client, count):
    """Calls a second with 100 in flight."""
    import httpx
    from openai import AsyncOpenAI

    async def measure(call):
        gate = asyncio.Semaphore(100)

        async def one():
            async with gate:
                await call()

        await asyncio.gather(*(one() for _ in range(100)))
        before, cpu = time.perf_counter(), time.process_time()
        await asyncio.gather(*(one() for _ in range(count)))
        return count / (time.perf_counter() - before), (time.process_time() - cpu) / count * 1e6

    async def go():
        limits = httpx.Limits(max_connections=100, max_keepalive_connections=100)
        found = {}
        async with httpx.AsyncClient(headers={"authorization": "Bearer sk-x"}, limits=limits, timeout=60) as http:
            found["httpx.AsyncClient"] = await measure(lambda: http.post(f"{url}/v1/chat/completions", json=CALL))
        async with AsyncOpenAI(max_retries=0) as openai:
            found["openai.AsyncOpenAI"] = await measure(lambda: openai.chat.completions.create(**CALL))
        found["tracia arun_local"] = await measure(
            lambda: client.arun_local(model="gpt-4o", messages=MESSAGES, max_output_tokens=32))
        return found

    found = asyncio.run(go())
    print(f"\n100 calls in flight, asyncio\n{'':34}{'calls/s':>12}{'cpu us':>10}")
    for name, (rate, cpu) in found.items():
        print(f"{name:34}{rate:12.0f}{cpu:10.1f}")
    return {name: rate for name, (rate, _) in found.items()}


def imports(rounds=7):
    """Each in a fresh interpreter, over an empty one."""
    def one(statement):
        source = f"import time\nt=time.perf_counter()\n{statement}\nt=time.perf_counter()-t\n" \
                 "print(t, int(open('/proc/self/statm').read().split()[1]) * 4)"
        done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True)
        return [float(v) for v in done.stdout.split()[-2:]]

    empty = statistics.median(one("pass")[1] for _ in range(rounds))
    found = {}
    print(f"\nimport{'':28}{'ms p50':>12}{'MiB more':>12}")
    for name, statement in IMPORTS.items():
        one(statement)  # writes the .pyc files
        runs = [one(statement) for _ in range(rounds)]
        found[name] = (statistics.median(r[0] for r in runs) * 1e3, (statistics.median(r[1] for r in runs) - empty) / 1024)
        print(f"{name:34}{found[name][0]:12.1f}{found[name][1]:12.1f}")
    return found


def rows(calls, chunks, rates, loaded):
    """What the suite keeps (report.py), with the targets: half of httpx, 60 µs over the C++ client, an import of 80 ms."""
    httpx = calls["httpx, one client, bare POST"]
    found = [
        {"metric": "run_local over a bare httpx POST", "unit": "us", "value": calls["tracia"], "baseline": httpx,
         "target": 0.5, "of": "ratio"},
        {"metric": "run_local, more than the C++ client", "unit": "us", "value": calls["tracia"] - calls["C++ client"],
         "target": 60},
        {"metric": "import", "unit": "ms", "value": loaded["tracia"][0], "baseline": loaded["httpx"][0], "target": 80},
        {"metric": "import, memory", "unit": "MiB", "value": loaded["tracia"][1], "baseline": loaded["httpx"][1]},
        {"metric": "one streamed chunk over httpx's unread lines", "unit": "us", "value": chunks["tracia"],
         "baseline": chunks["httpx, one client, bare POST"]},
        {"metric": "calls a second, 100 in flight, over httpx", "unit": "1/s", "value": rates["tracia arun_local"],
         "baseline": rates["httpx.AsyncClient"], "better": "more"},
    ]
    for peer in ("openai", "litellm"):
        found.append({"metric": f"{peer}, one call over httpx", "unit": "us", "value": calls[peer], "baseline": httpx})
    return found


def keep(found):
    if "TRACIA_BENCH_ROWS" in os.environ:
        pathlib.Path(os.environ["TRACIA_BENCH_ROWS"]).write_text(json.dumps({"rows": found}))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=200, help="calls of each variant in a round")
    parser.add_argument("--streams", type=int, default=10, help="streams of each variant in a round")
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()

    simulator, url = start("simulate", "--listen", "127.0.0.1:0", "--quiet", "--keep", "0")
    os.environ.update(OPENAI_API_KEY="sk-bench-0123456789abcdefghij", OPENAI_BASE_URL=f"{url}/v1",
                      TRACIA_API_KEY=KEY, LITELLM_LOCAL_MODEL_COST_MAP="True")
    with tempfile.TemporaryDirectory() as folder:
        server, server_url = start("serve", "--data", f"{folder}/d", "--listen", "127.0.0.1:0",
                                   environment=os.environ | {"TRACIA_BOOTSTRAP_API_KEY": KEY})
        os.environ["TRACIA_BASE_URL"] = server_url
        from tracia import Tracia

        cpp, traced, plain = CppClient(), Tracia(), Tracia(enabled=False)
        try:
            table = variants(url, (traced, plain))
            cpp.ask("calls", 1)
            table["tracia"][0]()  # both have their threads now: spans are sent from any processor
            with one_processor(simulator, cpp.process):
                calls = compare("one call", table, 0, cpp, "calls", options.rounds, options.calls)
            chunks = compare("one streamed chunk", table, 1, cpp, "streams", options.rounds, options.streams)
            rates = concurrent(url, traced, options.calls * 10)
            keep(rows(calls, chunks, rates, imports()))
        finally:
            traced.close()
            plain.close()
            cpp.close()
            for process in (server, simulator):
                process.terminate()
                process.wait()


if __name__ == "__main__":
    main()
