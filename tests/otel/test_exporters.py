"""Unmodified OpenTelemetry exporters and instrumentations of the OpenAI client, from a call to the span that the API
answers. Each test has an exporter of its own; what it exports is flushed, and so durable, before it is read."""

import contextlib
import json

import pytest
from harness import KEY

openai = pytest.importorskip("openai")
pytest.importorskip("opentelemetry.sdk")
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: E402
from opentelemetry.sdk.resources import Resource  # noqa: E402
from opentelemetry.sdk.trace import TracerProvider  # noqa: E402
from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: E402

TOOLS = [{"type": "function", "function": {
    "name": "get_weather", "description": "Current weather",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}}]


@pytest.fixture
def provider(server):
    exporter = OTLPSpanExporter(endpoint=f"{server.url}/v1/traces", headers={"Authorization": f"Bearer {KEY}"})
    made = TracerProvider(resource=Resource.create({"service.name": "shop"}))
    made.add_span_processor(BatchSpanProcessor(exporter))
    yield made
    made.shutdown()


@pytest.fixture
def client(simulator):
    return openai.OpenAI(base_url=f"{simulator.url}/v1", api_key="sk-test", max_retries=0)


@contextlib.contextmanager
def instrumented(instrumentor, **arguments):
    instrumentor.instrument(**arguments)
    try:
        yield
    finally:
        instrumentor.uninstrument()


def traced(provider, api, call):
    """Runs `call` in a span of its own; the model calls of its trace as the API answers them, and the trace."""
    with provider.get_tracer("test").start_as_current_span("request") as root:
        call()
    assert provider.force_flush()
    trace_id = f"tr_{root.get_span_context().trace_id:032x}"
    ids = [one["spanId"] for one in api.get("/api/v1/spans", traceId=trace_id).json["spans"]]
    spans = [api.get(f"/api/v1/spans/{one}", traceId=trace_id).json for one in ids]
    assert any(span["name"] == "request" and span["spanKind"] == "OTHER" for span in spans)
    calls = [span for span in spans if span["spanKind"] in ("LLM", "EMBEDDING")]
    return calls, api.get(f"/api/v1/traces/{trace_id}").json


def ask(client, **more):
    return client.chat.completions.create(
        model="gpt-4o", messages=[{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Say hello."}],
        **more)


def check_chat(span, answer):
    assert (span["spanKind"], span["provider"], span["status"]) == ("LLM", "openai", "SUCCESS")
    assert span["model"].startswith("gpt-4o")
    assert span["inputTokens"] == answer.usage.prompt_tokens
    assert span["outputTokens"] == answer.usage.completion_tokens
    assert span["finishReason"] == "stop"
    assert span["cost"] > 0
    assert span["attributes"]["otel.resource"]["service.name"] == "shop"


def check_content(span, answer):
    assert [(m["role"], m["content"]) for m in span["input"]["messages"]] == [("system", "Be brief."),
                                                                               ("user", "Say hello.")]
    assert span["output"] == answer.choices[0].message.content


# First: instrumentations do not undo themselves wholly, and what stays would stand between the two.
def test_two_instrumentations_of_one_call_count_once(provider, client, api):
    from openinference.instrumentation.openai import OpenAIInstrumentor as Inference
    from opentelemetry.instrumentation.openai import OpenAIInstrumentor as Llmetry

    answers = []
    with instrumented(Llmetry(), tracer_provider=provider), instrumented(Inference(), tracer_provider=provider):
        calls, trace = traced(provider, api, lambda: answers.append(ask(client)))
    assert len(calls) == 2
    told = [(span["spanId"], span["parentSpanId"], span["model"], span["latencyMs"], span["costStatus"]) for span in calls]
    assert sorted(span["costStatus"] for span in calls) == ["exact", "included"], told
    assert trace["usage"]["inputTokens"] == answers[0].usage.prompt_tokens


def test_openllmetry(provider, client, api):
    from opentelemetry.instrumentation.openai import OpenAIInstrumentor

    answers = []
    with instrumented(OpenAIInstrumentor(), tracer_provider=provider):
        calls, trace = traced(provider, api, lambda: answers.append(ask(client)))
    check_chat(calls[0], answers[0])
    check_content(calls[0], answers[0])
    assert trace["usage"]["inputTokens"] == answers[0].usage.prompt_tokens


def test_openinference(provider, client, api):
    from openinference.instrumentation.openai import OpenAIInstrumentor

    answers = []
    with instrumented(OpenAIInstrumentor(), tracer_provider=provider):
        calls, _ = traced(provider, api, lambda: answers.append(ask(client)))
    check_chat(calls[0], answers[0])
    check_content(calls[0], answers[0])


def test_openinference_tool_calls_and_embeddings(provider, client, api):
    from openinference.instrumentation.openai import OpenAIInstrumentor

    answers = []

    def work():
        answers.append(ask(client, tools=TOOLS, tool_choice="required"))
        client.embeddings.create(model="text-embedding-3-small", input=["one", "two"])

    with instrumented(OpenAIInstrumentor(), tracer_provider=provider):
        calls, _ = traced(provider, api, work)
    chat = next(span for span in calls if span["spanKind"] == "LLM")
    asked = answers[0].choices[0].message.tool_calls
    assert [(c["name"], c["arguments"]) for c in chat["toolCalls"]] == [
        (c.function.name, json.loads(c.function.arguments)) for c in asked]
    assert [tool["name"] for tool in chat["tools"]] == ["get_weather"]
    embedding = next(span for span in calls if span["spanKind"] == "EMBEDDING")
    assert embedding["input"] == {"text": ["one", "two"]}
    assert embedding["inputTokens"] > 0


def test_opentelemetrys_own_with_events(provider, client, api, server, monkeypatch):
    from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
    from opentelemetry.instrumentation.openai_v2 import OpenAIInstrumentor
    from opentelemetry.sdk._logs import LoggerProvider
    from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor

    monkeypatch.setenv("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "true")
    logs = LoggerProvider()
    logs.add_log_record_processor(SimpleLogRecordProcessor(
        OTLPLogExporter(endpoint=f"{server.url}/v1/logs", headers={"x-tracia-api-key": KEY})))
    answers = []
    with instrumented(OpenAIInstrumentor(), tracer_provider=provider, logger_provider=logs):
        def work():
            answers.append(ask(client))
            logs.force_flush()
        calls, _ = traced(provider, api, work)
    logs.shutdown()
    check_chat(calls[0], answers[0])
    check_content(calls[0], answers[0])


def test_a_failed_call_is_an_error(provider, simulator, api):
    from openinference.instrumentation.openai import OpenAIInstrumentor

    client = openai.OpenAI(base_url=f"{simulator.url}/v1", api_key="sk-test", max_retries=0)

    def fail():
        with pytest.raises(openai.APIStatusError):
            client.chat.completions.create(model="no-such-model", messages=[{"role": "tool", "content": "Hi"}])

    with instrumented(OpenAIInstrumentor(), tracer_provider=provider):
        calls, _ = traced(provider, api, fail)
    assert calls[0]["status"] == "ERROR"
    assert calls[0]["error"]
