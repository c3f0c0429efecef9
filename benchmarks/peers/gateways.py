"""Gateways: what a chat call costs and adds, at the same open-loop rates, over the same upstream of fixed bytes.

Ours does all it does by default (key checked, price computed, the span on disk before the answer). The peers have no
database here, so they keep nothing of a call.
"""

import functools
import json
import pathlib
import subprocess
import tempfile

from common import (
    KEY,
    SUPPORT,
    Found,
    Service,
    ask,
    free_port,
    install,
    offered_load,
    pip_version,
    row,
    run,
    tracia,
)

ANSWER = {
    "id": "chatcmpl-1", "object": "chat.completion", "created": 1790000000, "model": "gpt-4o-2024-08-06",
    "choices": [{"index": 0, "message": {"role": "assistant", "refusal": None, "content":
                 "The trams of Lisbon climb its hills on narrow rails, yellow and loud, past tiled walls and laundry."},
                 "logprobs": None, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 24, "completion_tokens": 23, "total_tokens": 47},
}
CALL = {"model": "gpt-4o", "messages": [{"role": "system", "content": "You are a helpful travel guide."},
                                        {"role": "user", "content": "Tell me about the trams of Lisbon."}]}
RATES = (50, 200, 500, 1000)
SECONDS = 5
BEARABLE_P99_MS = 1000  # slower than that, higher rates are not tried


def ours(folder, upstream):
    service, url = tracia(folder, upstream)
    return service, url, {"Authorization": f"Bearer {KEY}"}, "key checked, priced, each span on disk"


def litellm(folder, upstream):
    home, port = install("litellm"), free_port()
    config = folder / "litellm.json"  # YAML reads JSON
    config.write_text(json.dumps({
        "model_list": [{"model_name": "gpt-4o", "litellm_params": {
            "model": "openai/gpt-4o", "api_base": f"{upstream}/v1", "api_key": "sk-bench"}}],
        "general_settings": {"master_key": "sk-bench-master"},
        "litellm_settings": {"set_verbose": False, "telemetry": False},
    }))
    environment = {"LITELLM_TELEMETRY": "False", "LITELLM_MODE": "PRODUCTION", "LITELLM_LOG": "ERROR",
                   "LITELLM_LOCAL_MODEL_COST_MAP": "True", "NO_DOCS": "True"}
    # Its guide to production asks for a worker for each processor.
    command = [home / "bin" / "litellm", "--config", config, "--host", "127.0.0.1", "--port", port, "--num_workers", 2,
               # Its workers are loaded in longer than the 5 s that uvicorn waits for them on a busy machine.
               "--timeout_worker_healthcheck", 120]
    return (Service("litellm", command, environment, folder), f"http://127.0.0.1:{port}",
            {"Authorization": "Bearer sk-bench-master"}, "key checked, nothing stored")


def portkey(folder, upstream):
    home, port = install("portkey"), free_port()
    server = home / "node_modules" / "@portkey-ai" / "gateway" / "build" / "start-server.js"
    headers = {"x-portkey-provider": "openai", "x-portkey-custom-host": f"{upstream}/v1",
               "Authorization": "Bearer sk-bench"}
    return (Service("portkey", ["node", server, f"--port={port}", "--headless"], {"NODE_ENV": "production"}, folder),
            f"http://127.0.0.1:{port}", headers, "no keys of its own, nothing stored")


def bifrost(folder, upstream):
    home, port = install("bifrost"), free_port()
    (folder / "config.json").write_text(json.dumps({
        "providers": {"openai": {"keys": [{"value": "sk-bench", "models": ["gpt-4o"], "weight": 1}],
                                 "network_config": {"base_url": upstream}}},
        "client": {"enable_logging": False},
    }))
    command = [home / "bifrost-http", "-app-dir", folder, "-host", "127.0.0.1", "-port", port, "-log-level", "error"]
    return Service("bifrost", command, {}, folder), f"http://127.0.0.1:{port}", {}, "nothing stored"


PEERS = {"litellm": litellm, "portkey": portkey, "bifrost": bifrost}


def version(name):
    if name == "litellm":
        return pip_version(install(name), "litellm")
    if name == "portkey":
        package = install(name) / "node_modules" / "@portkey-ai" / "gateway" / "package.json"
        return json.loads(package.read_text())["version"]
    return run(["go", "version", "-m", str(install(name) / "bifrost-http")]).split("\tmod\t")[1].split()[1]


def measure(name, make, upstream, direct):
    rows = []
    with tempfile.TemporaryDirectory() as place:
        folder = pathlib.Path(place)
        service, url, headers, note = make(folder, upstream)
        with service:
            headers = headers | {"Content-Type": "application/json"}
            # bifrost names the provider in the model.
            payload = CALL | {"model": "openai/gpt-4o"} if name == "bifrost" else CALL
            sent = folder / "call.json"
            sent.write_text(json.dumps(payload))
            service.wait(lambda: ask(f"{url}/v1/chat/completions", headers, sent.read_bytes())[0] == 200)
            rows.append(row(name, "start", "s", service.start_seconds))
            offered_load(f"{url}/v1/chat/completions", [sent], headers, rate=50, seconds=2)  # warm
            for rate in RATES:
                before = service.cpu_seconds()
                seen = offered_load(f"{url}/v1/chat/completions", [sent], headers, rate=rate, seconds=SECONDS)
                cpu_us = (service.cpu_seconds() - before) * 1e6 / max(seen["answered"], 1)
                print(f"    {rate:5}/s  p50 {seen['p50_ms']:8.2f}  p99 {seen['p99_ms']:8.2f} ms (direct "
                      f"{direct[rate]['p50_ms']:.2f}, {direct[rate]['p99_ms']:.2f})  {cpu_us:8.0f} us CPU a call  "
                      f"{seen['failed']} failed {seen.get('first_failure', '')[:120]!r}", flush=True)
                if seen["failed"]:
                    break
                rows.append(row(f"{name}, {rate}/s", "CPU a call", "us", cpu_us))
                rows.append(row(f"{name}, {rate}/s", "added p50", "ms", seen["p50_ms"] - direct[rate]["p50_ms"]))
                rows.append(row(f"{name}, {rate}/s", "added p99", "ms", seen["p99_ms"] - direct[rate]["p99_ms"]))
                if seen["p99_ms"] > BEARABLE_P99_MS:
                    break
            rows.append(row(name, "resident", "MB", service.resident_mb()))
            print(f"    start {service.start_seconds:.2f} s, {service.resident_mb():.0f} MB; {note}", flush=True)
    return service.command, rows


def compare(names):
    found = Found()
    with tempfile.TemporaryDirectory() as place:
        answer, body = pathlib.Path(place) / "answer.json", pathlib.Path(place) / "call.json"
        answer.write_text(json.dumps(ANSWER))
        body.write_text(json.dumps(CALL))
        upstream = subprocess.Popen([str(SUPPORT / "offered_load"), "--respond", str(answer)], stdout=subprocess.PIPE,
                                    text=True)
        try:
            url = upstream.stdout.readline().strip()
            json_type = {"Content-Type": "application/json"}
            print(f"\nGateways over {url} (fixed bytes), {SECONDS} s at each rate", flush=True)
            direct = {rate: offered_load(f"{url}/v1/chat/completions", [body], json_type, rate=rate, seconds=SECONDS)
                      for rate in RATES}
            makers = {"tracia": ours, **{name: PEERS[name] for name in names}}
            found.compare({name: functools.partial(measure, name, make, url, direct) for name, make in makers.items()},
                          version)
        finally:
            upstream.terminate()
            upstream.wait()
    return found
