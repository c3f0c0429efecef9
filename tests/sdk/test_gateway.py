"""OpenAI's own clients through the gateway of a real server, to every provider of the simulator."""

import base64
import json
import os
import pathlib
import shutil
import subprocess
import sys

import pytest
from test_vendor_sdks import OPENAI_TOOL, PNG, WEATHER_SCHEMA, Plan, cosine

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "server"))
import harness  # noqa: E402

openai = pytest.importorskip("openai")

MODELS = (
    "gpt-4o",
    "claude-sonnet-4-5",
    "gemini-2.5-flash",
    "amazon_bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0",
)
EMBEDDING_MODELS = ("text-embedding-3-small", "gemini-embedding-001", "amazon.titan-embed-text-v2:0", "voyage-3.5")
each_model = pytest.mark.parametrize("model", MODELS)


@pytest.fixture(scope="module")
def gateway(simulator, tmp_path_factory):
    with harness.Server(tmp_path_factory.mktemp("gateway") / "d", simulator) as server:
        yield server
        assert server.stop() == 0, server.text


def client_of(server, **options):
    return openai.OpenAI(base_url=server.url + "/v1", api_key=harness.KEY, max_retries=0, **options)


@pytest.fixture
def client(gateway):
    return client_of(gateway)


@pytest.fixture
def broken(tmp_path):
    """A server whose providers fail in the way of the flags."""
    running = []

    def start(*flags):
        simulator = harness.Simulator("--seed", "7", *flags)
        server = harness.Server(tmp_path / f"d{len(running)}", simulator.url)
        running.extend((server, simulator))
        client = client_of(server)
        client.server = server
        return client

    yield start
    for process in running:
        process.kill()


def chat(client, model, text, **more):
    return client.chat.completions.create(model=model, messages=[{"role": "user", "content": text}], **more)


@each_model
def test_chat(client, model):
    answer = chat(client, model, "Tell me about the history of glass.")
    assert "glass" in answer.choices[0].message.content
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    assert chat(client, model, "A long essay on trees.", max_completion_tokens=20).choices[0].finish_reason == "length"


@each_model
def test_stream_says_the_same(client, model):
    whole = chat(client, model, "Tell me about rivers.").choices[0].message.content
    text, finish, usage = "", None, None
    for chunk in chat(client, model, "Tell me about rivers.", stream=True, stream_options={"include_usage": True}):
        if chunk.choices:
            text += chunk.choices[0].delta.content or ""
            finish = chunk.choices[0].finish_reason or finish
        usage = chunk.usage or usage
    assert (text, finish) == (whole, "stop")
    assert usage.completion_tokens > 0


@each_model
def test_a_loop_with_tools(client, model):
    messages = [{"role": "user", "content": "What is the weather in Paris and in London, in celsius?"}]
    first = client.chat.completions.create(model=model, messages=messages, tools=[OPENAI_TOOL])
    calls = first.choices[0].message.tool_calls
    assert first.choices[0].finish_reason == "tool_calls"
    assert [json.loads(c.function.arguments)["city"] for c in calls] == ["Paris", "London"]
    messages.append(first.choices[0].message.model_dump(exclude_none=True))
    messages += [{"role": "tool", "tool_call_id": c.id, "content": "18 degrees"} for c in calls]
    second = client.chat.completions.create(model=model, messages=messages, tools=[OPENAI_TOOL])
    assert "18 degrees" in second.choices[0].message.content


@each_model
def test_tools_in_a_stream(client, model):
    with client.chat.completions.stream(
        model=model,
        messages=[{"role": "user", "content": "What is the weather in Paris and in London, in celsius?"}],
        tools=[OPENAI_TOOL],
    ) as stream:
        final = stream.get_final_completion()
    calls = final.choices[0].message.tool_calls
    assert [json.loads(c.function.arguments)["city"] for c in calls] == ["Paris", "London"]
    assert len({c.id for c in calls}) == 2


@each_model
def test_structured_output(client, model):
    parsed = client.chat.completions.parse(
        model=model, messages=[{"role": "user", "content": "Plan a day in Rome."}], response_format=Plan
    )
    assert isinstance(parsed.choices[0].message.parsed, Plan)


@each_model
def test_an_image_is_seen(client, model):
    url = "data:image/png;base64," + base64.b64encode(PNG).decode()
    content = [{"type": "text", "text": "What is this?"}, {"type": "image_url", "image_url": {"url": url}}]
    answer = client.chat.completions.create(model=model, messages=[{"role": "user", "content": content}])
    assert f"image (image/png, {len(PNG)} bytes)" in answer.choices[0].message.content


@each_model
def test_responses(client, model):
    answer = client.responses.create(model=model, input="What is tea?", instructions="Be brief.")
    assert "tea" in answer.output_text and answer.status == "completed"
    parsed = client.responses.parse(model=model, input="Plan a day in Rome.", text_format=Plan)
    assert isinstance(parsed.output_parsed, Plan)
    cut = client.responses.create(model=model, input="A long essay on tea.", max_output_tokens=16)
    assert cut.status == "incomplete" and cut.incomplete_details.reason == "max_output_tokens"


@each_model
def test_responses_in_a_stream(client, model):
    with client.responses.stream(model=model, input="What is tea?") as stream:
        events = list(stream)
        final = stream.get_final_response()
    assert [e.sequence_number for e in events] == list(range(len(events)))
    assert "".join(e.delta for e in events if e.type == "response.output_text.delta") == final.output_text
    assert events[0].type == "response.created" and events[-1].type == "response.completed"


@each_model
def test_responses_with_tools(client, model):
    tool = {"type": "function", "name": "get_weather", "parameters": WEATHER_SCHEMA, "strict": True}
    items = [{"role": "user", "content": "Weather in Paris and Oslo?"}]
    with client.responses.stream(model=model, input=items, tools=[tool]) as stream:
        first = stream.get_final_response()
    calls = [item for item in first.output if item.type == "function_call"]
    assert [json.loads(c.arguments)["city"] for c in calls] == ["Paris", "Oslo"]
    items += [item.model_dump(exclude_none=True) for item in first.output]
    for item in items:
        item.pop("parsed_arguments", None)
    items += [{"type": "function_call_output", "call_id": c.call_id, "output": "rain"} for c in calls]
    assert "rain" in client.responses.create(model=model, input=items, tools=[tool]).output_text


@pytest.mark.parametrize("model", EMBEDDING_MODELS)
def test_embeddings(client, model):
    texts = ["the cat sat on the mat", "a cat was sitting on a mat", "quarterly revenue forecast"]
    near, mid, far = (item.embedding for item in client.embeddings.create(model=model, input=texts).data)
    assert cosine(near, mid) > cosine(near, far)
    plain = client.embeddings.create(model=model, input=texts[0], encoding_format="float").data[0].embedding
    assert cosine(plain, near) > 0.999


def test_models_are_listed(client):
    assert {"gpt-4o", "claude-sonnet-4-5"} <= {m.id for m in client.models.list()}


def test_the_spans_ids_are_in_the_headers(client, gateway):
    raw = client.chat.completions.with_raw_response.create(
        model="claude-sonnet-4-5", messages=[{"role": "user", "content": "Hi"}], metadata={"tracia_session": "s77"}
    )
    api = harness.Client(gateway)
    assert api.get("/api/v1/spans/" + raw.headers["x-tracia-span-id"]).json["sessionId"] == "s77"
    api.close()


@each_model
def test_errors_of_providers(broken, model):
    with pytest.raises(openai.RateLimitError) as caught:
        chat(broken("--fail-status", "429=1"), model, "Hello")
    assert caught.value.response.headers["retry-after"]
    assert caught.value.body["message"]


def test_a_key_that_the_provider_refuses(broken):
    client = broken("--require-key", "another")
    for model in ("gpt-4o", "claude-sonnet-4-5"):
        with pytest.raises(openai.AuthenticationError):
            chat(client, model, "Hello")


def test_a_timeout(broken):
    with pytest.raises(openai.InternalServerError) as caught:
        chat(broken("--fail-stall", "1"), "gpt-4o", "Hello", extra_headers={"x-tracia-timeout-ms": "300"})
    assert caught.value.status_code == 504


def test_errors_of_ours(client, gateway):
    with pytest.raises(openai.NotFoundError) as caught:
        chat(client, "gtp-4o", "Hello")
    assert (caught.value.code, caught.value.param) == ("model_not_found", "model")
    with pytest.raises(openai.NotFoundError):
        chat(client, "openai/gpt-nonexistent", "Hello")
    with pytest.raises(openai.BadRequestError) as caught:
        chat(client, "claude-sonnet-4-5", "Hello", n=2)
    assert caught.value.param == "n"
    with pytest.raises(openai.AuthenticationError):
        chat(client_of(gateway).with_options(api_key="tr_wrong"), "gpt-4o", "Hello")


@pytest.mark.parametrize("model", ("gpt-4o", "claude-sonnet-4-5"))
def test_an_error_in_the_middle_of_a_stream_is_raised(broken, model):
    client = broken("--fail-cut", "1")
    with pytest.raises(openai.APIError):
        for _ in chat(client, model, "Tell me about the history of glass.", stream=True):
            pass


@pytest.mark.parametrize("model", ("gpt-4o", "claude-sonnet-4-5"))
def test_a_stream_may_be_left(broken, model):
    client = broken("--chunk-delay", "50ms")
    stream = chat(client, model, "Tell me about the history of glass.", stream=True)
    span_id = stream.response.headers["x-tracia-span-id"]
    for number, _ in enumerate(stream):
        if number == 2:
            break
    stream.close()
    server = harness.Client(client.server)
    span = harness.wait_until(lambda: found(server, span_id), "the span of a stream that was left")
    assert span["attributes"]["tracia.aborted"] is True
    server.close()


def found(server, span_id):
    answer = server.send("GET", f"/api/v1/spans/{span_id}")
    return answer.json if answer.status == 200 else None


NODE = pathlib.Path(__file__).resolve().parents[1] / "node"


@pytest.mark.skipif(not shutil.which("node") or not (NODE / "node_modules").is_dir(),
                    reason="node or the packages of tests/node are not here")
@each_model
def test_the_client_of_node(gateway, model):
    environment = os.environ | {"OPENAI_BASE_URL": gateway.url + "/v1", "OPENAI_API_KEY": harness.KEY}
    ran = subprocess.run(["node", str(NODE / "gateway.mjs"), model], env=environment, capture_output=True, text=True,
                         timeout=harness.DEADLINE)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.strip().endswith("ok")
