"""Calls made now, by Lumen's applications: the Python package, an OpenAI client, OpenTelemetry. Each part is a function
that prints one line; what it needs and is not installed is said."""

import json

import texts
from tracia import Tracia

MODEL = "gpt-4o-mini"
TOOLS = [{"name": "get_weather", "description": "Current weather of a city",
          "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}]


def run_prompts(client):
    """The stored prompts, chosen by label."""
    for question, _, _, _ in texts.SUPPORT[:3]:
        client.prompts.run("support-reply", {"customer_name": "Ada", "question": question.format(
            product="Aurora desk lamp", city="Lisbon", order="LU-20417")}, {"user_id": "ada-100", "tags": ["live"]})
    return "3 runs of support-reply"


def chat(client, model):
    """A conversation of two turns, streamed; one session."""
    session = client.create_session()
    pieces = 0
    for text in ("Which lamp fits a reading corner?", "And in brass?"):
        stream = session.run_local(model=model, messages=[{"role": "user", "content": text}], stream=True,
                                   user_id="bruno-101", tags=["live", "chat"])
        pieces += sum(1 for _ in stream)
    return f"a streamed chat, {pieces} pieces"


def tool_loop(client, model):
    """The model asks for a tool, and answers with what it found."""
    messages = [{"role": "user", "content": "What is the weather in Paris? I want to photograph a lamp outdoors."}]
    first = client.run_local(model=model, messages=messages, tools=TOOLS, tags=["live", "agent"])
    if not first.tool_calls:
        return "a tool loop: the model needed no tool"
    call = first.tool_calls[0]
    messages += [first.message, {"role": "tool", "tool_call_id": call.id, "content": json.dumps({"sky": "overcast", "celsius": 14})}]
    client.run_local(model=model, messages=messages, tools=TOOLS, trace_id=first.trace_id, tags=["live", "agent"])
    return f"a tool loop over {call.name}"


def retrieval(client, model):
    """The nearest of Lumen's guides by embedding, then an answer from it."""
    question = "How long can I return a lamp?"
    passages = [text for _, text in texts.GUIDES]
    vectors = client.run_embedding(model="text-embedding-3-small", input=[question, *passages]).embeddings
    values = [vector.values for vector in vectors]
    nearest = max(range(1, len(values)), key=lambda i: sum(a * b for a, b in zip(values[0], values[i])))
    client.run_local(model=model, tags=["live", "guides"], messages=[
        {"role": "user", "content": f"Passage: {passages[nearest - 1]}\n\nQuestion: {question}"}])
    return "retrieval over 5 guides"


def gateway(base_url, api_key, model):
    """The official OpenAI client, pointed at the gateway, with another vendor's model behind it."""
    try:
        from openai import OpenAI
    except ImportError:
        return "the gateway is left out: pip install openai"
    client = OpenAI(base_url=f"{base_url}/v1", api_key=api_key)
    client.chat.completions.create(model=model, messages=[{"role": "user", "content": "Name a lamp."}],
                                   extra_headers={"x-tracia-tags": "live,gateway", "x-tracia-user": "chiara-102"})
    return f"the openai client through the gateway, to {model}"


def telemetry(base_url, api_key):
    """An application that knows OpenTelemetry and nothing of Tracia."""
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    except ImportError:
        return "OpenTelemetry is left out: pip install opentelemetry-sdk opentelemetry-exporter-otlp-proto-http"
    provider = TracerProvider(resource=Resource.create({"service.name": "lumen-recommendations"}))
    provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter(
        endpoint=f"{base_url}/v1/traces", headers={"Authorization": f"Bearer {api_key}"})))
    tracer = provider.get_tracer("lumen")
    with tracer.start_as_current_span("recommend"):
        with tracer.start_as_current_span("chat gpt-4o-mini") as span:
            for name, value in {
                    "gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o-mini",
                    "gen_ai.usage.input_tokens": 52, "gen_ai.usage.output_tokens": 18,
                    "gen_ai.input.messages": json.dumps([{"role": "user", "parts": [
                        {"type": "text", "content": "A lamp for a child's room?"}]}]),
                    "gen_ai.output.messages": json.dumps([{"role": "assistant", "parts": [
                        {"type": "text", "content": "The Pebble night light: soft, safe, twenty hours of battery."}],
                        "finish_reason": "stop"}])}.items():
                span.set_attribute(name, value)
    provider.shutdown()
    return "a trace by OpenTelemetry"


def play(base_url, api_key, model=MODEL, other_model="claude-sonnet-4-5", embedding=True):
    """All parts; yields a line each."""
    with Tracia(api_key=api_key, base_url=base_url) as client:
        if embedding:  # both need OpenAI
            yield run_prompts(client)
            yield retrieval(client, model)
        yield chat(client, model)
        yield tool_loop(client, model)
    yield gateway(base_url, api_key, other_model)
    yield telemetry(base_url, api_key)
