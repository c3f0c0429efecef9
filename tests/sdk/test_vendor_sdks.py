"""The vendors' own SDKs must accept the simulator's answers, and raise their own errors for its failures."""

import base64
import json
import math

import pytest
from pydantic import BaseModel

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
WEATHER_SCHEMA = {
    "type": "object",
    "properties": {
        "city": {"type": "string", "description": "City name"},
        "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
    },
    "required": ["city", "unit"],
    "additionalProperties": False,
}


class Step(BaseModel):
    title: str
    minutes: int


class Plan(BaseModel):
    city: str
    steps: list[Step]
    confident: bool


def cosine(a, b):
    return sum(x * y for x, y in zip(a, b)) / (math.hypot(*a) * math.hypot(*b))


# --- OpenAI ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def openai_client(simulator):
    openai = pytest.importorskip("openai")
    return openai.OpenAI(base_url=simulator + "/v1", api_key="sk-test", max_retries=0)


def chat(client, text, **kwargs):
    return client.chat.completions.create(
        model=kwargs.pop("model", "gpt-4o"), messages=[{"role": "user", "content": text}], **kwargs
    )


OPENAI_TOOL = {"type": "function", "function": {"name": "get_weather", "description": "Current weather", "parameters": WEATHER_SCHEMA, "strict": True}}


def test_openai_chat(openai_client):
    answer = chat(openai_client, "Tell me about the history of glass.")
    assert answer.choices[0].finish_reason == "stop"
    assert "glass" in answer.choices[0].message.content
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    assert answer._request_id.startswith("req_")
    assert answer.id == chat(openai_client, "Tell me about the history of glass.").id


def test_openai_chat_stream_says_the_same(openai_client):
    whole = chat(openai_client, "Tell me about rivers.").choices[0].message.content
    text, finish, usage = "", None, None
    for chunk in chat(openai_client, "Tell me about rivers.", stream=True, stream_options={"include_usage": True}):
        if chunk.choices:
            text += chunk.choices[0].delta.content or ""
            finish = chunk.choices[0].finish_reason or finish
        usage = chunk.usage or usage
    assert text == whole
    assert finish == "stop"
    assert usage.completion_tokens > 0


def test_openai_max_tokens_stop_and_choices(openai_client):
    assert chat(openai_client, "A long essay on trees.", max_tokens=5).choices[0].finish_reason == "length"
    assert "." not in chat(openai_client, "Talk about trees.", stop=["."]).choices[0].message.content
    choices = chat(openai_client, "Talk about trees.", n=2).choices
    assert choices[0].message.content != choices[1].message.content


def test_openai_tools_then_result(openai_client):
    question = [{"role": "user", "content": "What is the weather in Paris and in London, in celsius?"}]
    first = openai_client.chat.completions.create(model="gpt-4o", messages=question, tools=[OPENAI_TOOL])
    calls = first.choices[0].message.tool_calls
    assert first.choices[0].finish_reason == "tool_calls"
    assert [json.loads(c.function.arguments)["city"] for c in calls] == ["Paris", "London"]
    assert {json.loads(c.function.arguments)["unit"] for c in calls} == {"celsius"}
    messages = question + [first.choices[0].message.model_dump(exclude_none=True)]
    messages += [{"role": "tool", "tool_call_id": c.id, "content": "18 degrees"} for c in calls]
    second = openai_client.chat.completions.create(model="gpt-4o", messages=messages, tools=[OPENAI_TOOL])
    assert "18 degrees" in second.choices[0].message.content
    assert second.choices[0].finish_reason == "stop"


def test_openai_tool_stream_and_forced_tool(openai_client):
    other = {"type": "function", "function": {"name": "other", "parameters": {"type": "object", "properties": {}}}}
    with openai_client.chat.completions.stream(
        model="gpt-4o",
        messages=[{"role": "user", "content": "Weather in Oslo?"}],
        tools=[OPENAI_TOOL, other],
        tool_choice={"type": "function", "function": {"name": "get_weather"}},
    ) as stream:
        final = stream.get_final_completion()
    call = final.choices[0].message.tool_calls[0]
    assert call.function.name == "get_weather"
    assert json.loads(call.function.arguments)["city"] == "Oslo"


def test_openai_structured_output(openai_client):
    parsed = openai_client.chat.completions.parse(
        model="gpt-4o", messages=[{"role": "user", "content": "Plan a day in Rome."}], response_format=Plan
    )
    assert isinstance(parsed.choices[0].message.parsed, Plan)
    answer = chat(openai_client, "Answer as json.", response_format={"type": "json_object"})
    assert isinstance(json.loads(answer.choices[0].message.content), dict)


def test_openai_image_is_seen(openai_client):
    url = "data:image/png;base64," + base64.b64encode(PNG).decode()
    content = [{"type": "text", "text": "What is this?"}, {"type": "image_url", "image_url": {"url": url}}]
    answer = openai_client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": content}])
    assert f"image (image/png, {len(PNG)} bytes)" in answer.choices[0].message.content


def test_openai_responses(openai_client):
    answer = openai_client.responses.create(model="gpt-5-mini", input="What is tea?", reasoning={"effort": "low", "summary": "auto"})
    assert [item.type for item in answer.output] == ["reasoning", "message"]
    assert "tea" in answer.output_text
    assert answer.usage.output_tokens_details.reasoning_tokens > 0
    parsed = openai_client.responses.parse(model="gpt-4o", input="Plan a day in Rome.", text_format=Plan)
    assert isinstance(parsed.output_parsed, Plan)
    cut = openai_client.responses.create(model="gpt-4o", input="A long essay on tea.", max_output_tokens=16)
    assert cut.status == "incomplete" and cut.incomplete_details.reason == "max_output_tokens"


def test_openai_responses_stream(openai_client):
    with openai_client.responses.stream(model="gpt-5-mini", input="What is tea?", reasoning={"summary": "auto"}) as stream:
        events = list(stream)
        final = stream.get_final_response()
    assert [e.sequence_number for e in events] == list(range(len(events)))
    assert "".join(e.delta for e in events if e.type == "response.output_text.delta") == final.output_text
    assert events[0].type == "response.created" and events[-1].type == "response.completed"


def test_openai_responses_tools(openai_client):
    tool = {"type": "function", "name": "get_weather", "parameters": WEATHER_SCHEMA, "strict": True}
    question = [{"role": "user", "content": "Weather in Paris and Oslo?"}]
    first = openai_client.responses.create(model="gpt-4o", input=question, tools=[tool], include=["reasoning.encrypted_content"])
    calls = [item for item in first.output if item.type == "function_call"]
    assert [json.loads(c.arguments)["city"] for c in calls] == ["Paris", "Oslo"]
    follow = question + [c.model_dump() for c in calls]
    follow += [{"type": "function_call_output", "call_id": c.call_id, "output": "rain"} for c in calls]
    assert "rain" in openai_client.responses.create(model="gpt-4o", input=follow, tools=[tool]).output_text
    with openai_client.responses.stream(model="gpt-4o", input=question, tools=[tool]) as stream:
        final = stream.get_final_response()
    assert [c.arguments for c in final.output if c.type == "function_call"] == [c.arguments for c in calls]


def test_openai_embeddings(openai_client):
    texts = ["the cat sat on the mat", "a cat was sitting on a mat", "quarterly revenue forecast"]
    answer = openai_client.embeddings.create(model="text-embedding-3-small", input=texts)
    near, mid, far = (item.embedding for item in answer.data)
    assert len(near) == 1536
    assert cosine(near, mid) > 0.4 > cosine(near, far)
    short = openai_client.embeddings.create(model="text-embedding-3-small", input="x", dimensions=64, encoding_format="float")
    assert len(short.data[0].embedding) == 64


@pytest.mark.parametrize(
    "header, name",
    [("status=429;retry-after=2", "RateLimitError"), ("status=500", "InternalServerError"), ("status=401", "AuthenticationError"), ("status=403", "PermissionDeniedError"), ("cut", "APIConnectionError")],
)
def test_openai_failures(openai_client, header, name):
    openai = pytest.importorskip("openai")
    with pytest.raises(getattr(openai, name)) as caught:
        chat(openai_client, "Hello", extra_headers={"x-simulate": header})
    if "429" in header:
        assert caught.value.response.headers["retry-after"] == "2"
        assert caught.value.code == "rate_limit_exceeded"


def test_openai_bad_requests(openai_client):
    openai = pytest.importorskip("openai")
    with pytest.raises(openai.NotFoundError) as caught:
        chat(openai_client, "Hello", model="gpt-nonexistent")
    assert caught.value.code == "model_not_found"
    with pytest.raises(openai.BadRequestError):
        openai_client.chat.completions.create(model="gpt-4o", messages=[{"role": "tool", "tool_call_id": "c", "content": "x"}])
    with pytest.raises(openai.BadRequestError):
        chat(openai_client, "Hello", model="o4-mini", max_tokens=5)
    assert [m.id for m in openai_client.models.list()]


# --- Anthropic -------------------------------------------------------------------------------------------------------


@pytest.fixture
def anthropic_client(simulator):
    anthropic = pytest.importorskip("anthropic")
    return anthropic.Anthropic(base_url=simulator, api_key="sk-ant-test", max_retries=0)


ANTHROPIC_TOOL = {"name": "get_weather", "description": "Current weather", "input_schema": WEATHER_SCHEMA}


def ask_claude(client, text, **kwargs):
    return client.messages.create(model=kwargs.pop("model", "claude-sonnet-4-6"), max_tokens=kwargs.pop("max_tokens", 1000), messages=[{"role": "user", "content": text}], **kwargs)


def test_anthropic_messages(anthropic_client):
    answer = ask_claude(anthropic_client, "Tell me about bees.", system="Be kind.")
    assert "bees" in answer.content[0].text and answer.stop_reason == "end_turn"
    assert ask_claude(anthropic_client, "A long essay on bees.", max_tokens=5).stop_reason == "max_tokens"
    stopped = ask_claude(anthropic_client, "Talk about bees.", stop_sequences=["."])
    assert stopped.stop_reason == "stop_sequence" and stopped.stop_sequence == "."
    count = anthropic_client.messages.count_tokens(model="claude-sonnet-4-6", messages=[{"role": "user", "content": "Hi there"}])
    assert count.input_tokens > 0


def test_anthropic_stream_with_thinking(anthropic_client):
    thinking = {"type": "enabled", "budget_tokens": 1024}
    whole = ask_claude(anthropic_client, "Why is the sky blue?", max_tokens=2000, thinking=thinking)
    with anthropic_client.messages.stream(
        model="claude-sonnet-4-6", max_tokens=2000, thinking=thinking, messages=[{"role": "user", "content": "Why is the sky blue?"}]
    ) as stream:
        final = stream.get_final_message()
    assert [block.type for block in final.content] == ["thinking", "text"]
    assert final.content[0].signature == whole.content[0].signature
    assert final.content[1].text == whole.content[1].text
    assert final.usage.output_tokens == whole.usage.output_tokens


def test_anthropic_tools_then_result(anthropic_client):
    question = [{"role": "user", "content": "Weather in Paris and London?"}]
    settings = {"model": "claude-sonnet-4-6", "max_tokens": 1000, "tools": [ANTHROPIC_TOOL]}
    with anthropic_client.messages.stream(messages=question, **settings) as stream:
        first = stream.get_final_message()
    calls = [block for block in first.content if block.type == "tool_use"]
    assert first.stop_reason == "tool_use"
    assert [c.input["city"] for c in calls] == ["Paris", "London"]
    results = [{"type": "tool_result", "tool_use_id": c.id, "content": "18 degrees"} for c in calls]
    messages = question + [{"role": "assistant", "content": [b.model_dump(exclude_none=True) for b in first.content]}, {"role": "user", "content": results}]
    second = anthropic_client.messages.create(messages=messages, **settings)
    assert "18 degrees" in second.content[0].text


def test_anthropic_media_and_schema(anthropic_client):
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": base64.b64encode(PNG).decode()}}
    answer = ask_claude(anthropic_client, [image, {"type": "text", "text": "What is this?"}])
    assert f"image/png, {len(PNG)} bytes" in answer.content[0].text
    answer = ask_claude(anthropic_client, "Plan a day in Rome.", extra_body={"output_config": {"format": {"type": "json_schema", "schema": Plan.model_json_schema()}}})
    Plan.model_validate_json(answer.content[0].text)


@pytest.mark.parametrize("header, name", [("status=429", "RateLimitError"), ("status=529", "InternalServerError"), ("status=401", "AuthenticationError"), ("cut", "APIConnectionError")])
def test_anthropic_failures(anthropic_client, header, name):
    anthropic = pytest.importorskip("anthropic")
    with pytest.raises(getattr(anthropic, name)):
        ask_claude(anthropic_client, "Hello", extra_headers={"x-simulate": header})


def test_anthropic_bad_requests(anthropic_client):
    anthropic = pytest.importorskip("anthropic")
    with pytest.raises(anthropic.NotFoundError):
        ask_claude(anthropic_client, "Hello", model="claude-nonexistent")
    with pytest.raises(anthropic.BadRequestError):
        anthropic_client.messages.create(model="claude-sonnet-4-6", max_tokens=9, messages=[{"role": "system", "content": "x"}])


# --- Google ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def google_client(simulator):
    genai = pytest.importorskip("google.genai")
    return genai.Client(api_key="AIza-test", http_options={"base_url": simulator})


def test_google_generate_and_stream(google_client):
    whole = google_client.models.generate_content(model="gemini-2.5-flash", contents="Tell me about bridges.")
    assert "bridges" in whole.text
    assert whole.candidates[0].finish_reason == "STOP"
    parts = list(google_client.models.generate_content_stream(model="gemini-2.5-flash", contents="Tell me about bridges."))
    assert "".join(p.text or "" for p in parts) == whole.text
    assert parts[-1].usage_metadata.total_token_count == whole.usage_metadata.total_token_count


def test_google_thoughts_schema_and_limit(google_client):
    answer = google_client.models.generate_content(model="gemini-2.5-flash", contents="Why?", config={"thinking_config": {"include_thoughts": True}})
    assert answer.candidates[0].content.parts[0].thought
    assert answer.usage_metadata.thoughts_token_count > 0
    answer = google_client.models.generate_content(model="gemini-2.5-flash", contents="Plan a day in Rome.", config={"response_mime_type": "application/json", "response_schema": Plan})
    assert isinstance(answer.parsed, Plan)
    cut = google_client.models.generate_content(model="gemini-2.5-flash", contents="A long essay on tea.", config={"max_output_tokens": 5})
    assert cut.candidates[0].finish_reason == "MAX_TOKENS"


def test_google_tools(google_client):
    from google.genai import types

    tool = types.Tool(function_declarations=[{"name": "get_weather", "description": "Current weather", "parameters_json_schema": WEATHER_SCHEMA}])
    config = types.GenerateContentConfig(tools=[tool])
    first = google_client.models.generate_content(model="gemini-2.5-flash", contents="Weather in Paris and London?", config=config)
    assert [c.args["city"] for c in first.function_calls] == ["Paris", "London"]
    contents = [types.UserContent("Weather in Paris and London?"), first.candidates[0].content]
    contents.append(types.Content(role="user", parts=[types.Part.from_function_response(name="get_weather", response={"result": "18 degrees"}) for _ in first.function_calls]))
    assert "18 degrees" in google_client.models.generate_content(model="gemini-2.5-flash", contents=contents, config=config).text


def test_google_image_embeddings_and_errors(google_client):
    from google.genai import errors, types

    answer = google_client.models.generate_content(model="gemini-2.5-flash", contents=[types.Part.from_bytes(data=PNG, mime_type="image/png"), "What is this?"])
    assert f"image/png, {len(PNG)} bytes" in answer.text
    answer = google_client.models.embed_content(model="gemini-embedding-001", contents=["a cat", "a cat!", "taxes"], config={"output_dimensionality": 256})
    a, b, c = (e.values for e in answer.embeddings)
    assert len(a) == 256 and cosine(a, b) > cosine(a, c)
    with pytest.raises(errors.ClientError) as caught:
        google_client.models.generate_content(model="gemini-nonexistent", contents="Hi")
    assert caught.value.code == 404 and caught.value.status == "NOT_FOUND"


# --- Amazon Bedrock --------------------------------------------------------------------------------------------------


@pytest.fixture
def bedrock(simulator, monkeypatch):
    boto3 = pytest.importorskip("boto3")
    from botocore.config import Config

    monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", simulator)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    return boto3.client("bedrock-runtime", region_name="us-east-1", config=Config(retries={"total_max_attempts": 1}))


MODEL = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"


def user(*content):
    return [{"role": "user", "content": [c if isinstance(c, dict) else {"text": c} for c in content]}]


def test_bedrock_converse_and_stream(bedrock):
    whole = bedrock.converse(modelId=MODEL, messages=user("Tell me about salt."), inferenceConfig={"maxTokens": 500})
    text = whole["output"]["message"]["content"][0]["text"]
    assert "salt" in text and whole["stopReason"] == "end_turn"
    events = list(bedrock.converse_stream(modelId=MODEL, messages=user("Tell me about salt."), inferenceConfig={"maxTokens": 500})["stream"])
    assert "".join(e["contentBlockDelta"]["delta"]["text"] for e in events if "contentBlockDelta" in e) == text
    assert events[-1]["metadata"]["usage"] == whole["usage"]
    image = {"image": {"format": "png", "source": {"bytes": PNG}}}
    assert f"{len(PNG)} bytes" in bedrock.converse(modelId=MODEL, messages=user("What is it?", image))["output"]["message"]["content"][0]["text"]


def test_bedrock_tools_and_reasoning(bedrock):
    config = {"tools": [{"toolSpec": {"name": "get_weather", "description": "Current weather", "inputSchema": {"json": WEATHER_SCHEMA}}}]}
    question = user("Weather in Paris and London?")
    first = bedrock.converse(modelId=MODEL, messages=question, toolConfig=config)
    message = first["output"]["message"]
    calls = [b["toolUse"] for b in message["content"] if "toolUse" in b]
    assert [c["input"]["city"] for c in calls] == ["Paris", "London"] and first["stopReason"] == "tool_use"
    results = [{"toolResult": {"toolUseId": c["toolUseId"], "content": [{"text": "18 degrees"}]}} for c in calls]
    second = bedrock.converse(modelId=MODEL, messages=question + [message] + user(*results), toolConfig=config)
    assert "18 degrees" in second["output"]["message"]["content"][0]["text"]
    pieces = ""
    for event in bedrock.converse_stream(modelId=MODEL, messages=question, toolConfig=config)["stream"]:
        pieces += event.get("contentBlockDelta", {}).get("delta", {}).get("toolUse", {}).get("input", "")
    assert pieces.startswith("{") and "Paris" in pieces and "London" in pieces
    thinking = bedrock.converse(modelId=MODEL, messages=user("Why?"), additionalModelRequestFields={"thinking": {"type": "enabled", "budget_tokens": 1024}})
    assert thinking["output"]["message"]["content"][0]["reasoningContent"]["reasoningText"]["signature"]


def test_bedrock_embeddings(bedrock):
    def invoke(model, body):
        answer = bedrock.invoke_model(modelId=model, body=json.dumps(body))
        assert int(answer["ResponseMetadata"]["HTTPHeaders"]["x-amzn-bedrock-input-token-count"]) > 0
        return json.loads(answer["body"].read())

    assert len(invoke("amazon.titan-embed-text-v2:0", {"inputText": "salt", "dimensions": 256})["embedding"]) == 256
    assert len(invoke("cohere.embed-english-v3", {"texts": ["a", "b"], "input_type": "search_query"})["embeddings"]) == 2
    typed = invoke("cohere.embed-v4:0", {"texts": ["a"], "input_type": "search_query", "embedding_types": ["float", "int8"], "output_dimension": 256})
    assert len(typed["embeddings"]["int8"][0]) == 256
    nova = invoke("amazon.nova-2-multimodal-embeddings-v1:0", {"taskType": "SINGLE_EMBEDDING", "singleEmbeddingParams": {"embeddingPurpose": "GENERIC_INDEX", "embeddingDimension": 384, "text": {"truncationMode": "END", "value": "salt"}}})
    assert len(nova["embeddings"][0]["embedding"]) == 384


def test_bedrock_errors(bedrock):
    with pytest.raises(bedrock.exceptions.ValidationException):
        bedrock.converse(modelId="nonexistent-v1", messages=user("Hi"))
    with pytest.raises(bedrock.exceptions.ValidationException):
        bedrock.converse(modelId=MODEL, messages=[{"role": "assistant", "content": [{"text": "Hi"}]}])

    def throttle(request, **_):
        request.headers["x-simulate"] = "status=429"

    bedrock.meta.events.register("before-sign.bedrock-runtime.*", throttle)
    with pytest.raises(bedrock.exceptions.ThrottlingException):
        bedrock.converse(modelId=MODEL, messages=user("Hi"))


# --- Voyage ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def voyage(simulator):
    voyageai = pytest.importorskip("voyageai")
    return voyageai.Client(api_key="pa-test", base_url=simulator + "/v1", max_retries=0)


def test_voyage_embeddings(voyage):
    answer = voyage.embed(["the cat sat", "a cat sat", "tax law"], model="voyage-3.5", input_type="document")
    near, mid, far = answer.embeddings
    assert len(near) == 1024 and answer.total_tokens > 0
    assert cosine(near, mid) > cosine(near, far)
    assert len(voyage.embed("x", model="voyage-3.5", output_dimension=256).embeddings[0]) == 256
    small = voyage.embed("salt", model="voyage-3.5", output_dtype="int8").embeddings[0]
    assert len(small) == 1024 and all(isinstance(v, int) and -128 <= v <= 127 for v in small)
    assert len(voyage.embed("salt", model="voyage-3.5", output_dtype="ubinary").embeddings[0]) == 128


def test_voyage_errors(voyage):
    import voyageai

    with pytest.raises(voyageai.error.InvalidRequestError):
        voyage.embed(["x"], model="nonexistent")
