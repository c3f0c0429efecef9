"""Node's OpenTelemetry SDK with two instrumentations, over both encodings: from a call to the span that the API answers."""

import json
import os
import pathlib
import shutil
import subprocess

import harness
import pytest

NODE = pathlib.Path(__file__).resolve().parents[1] / "node"
pytestmark = pytest.mark.skipif(not shutil.which("node") or not (NODE / "node_modules").is_dir(),
                                reason="node or the packages of tests/node are not here")


@pytest.mark.parametrize("encoding", ["proto", "json"])
@pytest.mark.parametrize("instrumentation", ["openinference", "vercel"])
def test_an_instrumented_call_of_node(instrumentation, encoding, server, simulator, api):
    environment = os.environ | {"TRACIA_URL": server.url, "TRACIA_API_KEY": harness.KEY, "OPENAI_API_KEY": "sk-test",
                                "OPENAI_BASE_URL": f"{simulator.url}/v1"}
    ran = subprocess.run(["node", str(NODE / "exporters.mjs"), instrumentation, encoding], env=environment,
                         capture_output=True, text=True, timeout=harness.DEADLINE)
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout)
    trace_id = f"tr_{told['traceId']}"
    spans = [api.get(f"/api/v1/spans/{one['spanId']}", traceId=trace_id).json
             for one in api.get("/api/v1/spans", traceId=trace_id).json["spans"]]
    assert any(span["name"] == "request" for span in spans)
    call = next(span for span in spans if span["spanKind"] == "LLM" and span["costStatus"] == "exact")
    assert (call["provider"], call["status"]) == ("openai", "SUCCESS")
    assert call["model"].startswith("gpt-4o")
    assert call["output"] == told["text"]
    assert [(m["role"], m["content"]) for m in call["input"]["messages"]] == [("system", "Be brief."),
                                                                               ("user", "Say hello.")]
    assert (call["inputTokens"], call["outputTokens"]) == (told["usage"]["input"], told["usage"]["output"])
    usage = api.get(f"/api/v1/traces/{trace_id}").json["usage"]
    assert usage["inputTokens"] == told["usage"]["input"]
