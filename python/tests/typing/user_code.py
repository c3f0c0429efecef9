"""What a user writes, for `mypy --strict`: types are asserted, nothing is run."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from typing import Any

from pydantic import BaseModel
from typing_extensions import assert_type

from tracia import (
    AsyncLocalStream,
    AsyncPromptStream,
    CreatePromptOptions,
    DoneEvent,
    Eval,
    EvaluateOptions,
    EvaluateResult,
    FetchedPrompt,
    ImagePart,
    ListSpansOptions,
    LLMProvider,
    LocalPromptMessage,
    LocalStream,
    Prompt,
    PromptListItem,
    PromptMessage,
    PromptStream,
    ReasoningOptions,
    ResponseFormatJsonSchema,
    ResponsesStream,
    RunEmbeddingInput,
    RunEmbeddingResult,
    RunLocalInput,
    RunLocalResult,
    RunOptions,
    RunResponsesResult,
    RunResult,
    SpanKind,
    SpanListItem,
    StreamResult,
    TextPart,
    ToolDefinition,
    ToolParameters,
    Tracia,
    TraciaError,
    TraciaErrorCode,
    UpdatePromptOptions,
)


class City(BaseModel):
    name: str


def report(error: Exception, span_id: str) -> None:
    print(error, span_id)


client = Tracia(api_key="tr_x", base_url="http://127.0.0.1:7070", on_span_error=report, mask=lambda span: span)
question: list[LocalPromptMessage] = [LocalPromptMessage(role="user", content="Hi")]
weather = ToolDefinition(
    name="get_weather",
    description="Weather",
    parameters=ToolParameters.model_validate({"properties": {"location": {"type": "string"}}}),
)


def calls(streams: bool) -> None:
    result = client.run_local(model="gpt-4o", messages=[{"role": "user", "content": "Hi {{x}}"}], variables={"x": "y"})
    assert_type(result, RunLocalResult)
    assert_type(result.text, str)
    assert_type(result.usage.total_tokens, int)
    assert_type(result.cost, float | None)
    client.run_local(messages=[*question, result.message], model="gpt-4o", provider="openai", tools=[weather])
    client.run_local(messages=question, model="gpt-4o", provider=LLMProvider.OPENAI, tools=[{"name": "f"}])
    client.run_local(messages=question, model="gpt-4o", tool_choice={"tool": "get_weather"}, tags=["a"])
    client.run_local(messages=question, model="gpt-4o", tool_choice="auto", reasoning=ReasoningOptions(effort="low"))
    client.run_local(messages=question, model="gpt-4o", response_format={"type": "json"})
    client.run_local(messages=question, model="gpt-4o", response_format=City, fallbacks=["gpt-4o-mini"])
    client.run_local(
        messages=question, model="gpt-4o", response_format=ResponseFormatJsonSchema(schema={"type": "object"})
    )
    client.run_local(prompt="welcome-email", variables={"name": "Ada", "count": 3})
    client.run_local(RunLocalInput(model="gpt-4o", messages=[LocalPromptMessage(role="user", content="x")]))
    pictures = LocalPromptMessage(role="user", content=[TextPart(text="What?"), ImagePart(data=b"x")])
    assert_type(client.run_local(model="gpt-4o", messages=[pictures], stream=True), LocalStream)
    assert_type(client.run_local(model="gpt-4o", messages=question, stream=False), RunLocalResult)
    assert_type(client.run_local(model="gpt-4o", messages=question, stream=streams), RunLocalResult | LocalStream)
    assert_type(client.run_responses(model="o4-mini", input="Hi"), RunResponsesResult)
    assert_type(client.run_responses(model="o4-mini", input=[{"role": "user"}], stream=True), ResponsesStream)
    vectors = client.run_embedding(model="text-embedding-3-small", input=["a", "b"])
    assert_type(vectors, RunEmbeddingResult)
    assert_type(vectors.embeddings[0].values, list[float])
    client.run_embedding(RunEmbeddingInput(model="m", input="x"))


def streams() -> None:
    with client.run_local(model="gpt-4o", messages=question, stream=True) as stream:
        assert_type(stream, LocalStream)
        for piece in stream:
            assert_type(piece, str)
    assert_type(stream.result, Future[StreamResult])
    assert_type(stream.result.result().aborted, bool)
    for event in client.run_local(model="gpt-4o", messages=question, stream=True).events():
        if event.type == "text_delta":
            assert_type(event.data, str)
        elif isinstance(event, DoneEvent):
            assert_type(event.usage.total_tokens, int)


def prompts() -> None:
    assert_type(client.prompts.list(), list[PromptListItem])
    options = CreatePromptOptions(name="W", content=[PromptMessage(id="m", role="user", content="Hi {{name}}")])
    prompt = client.prompts.create(options)
    assert_type(prompt, Prompt)
    client.prompts.update(prompt.slug, UpdatePromptOptions(model=None, base_version=prompt.current_version))
    result = client.prompts.run("w", {"name": "Alice"}, RunOptions(model="gpt-4", tags=["a"], version=3))
    assert_type(result, RunResult)
    print(f"${result.cost:.4f}", result.text)
    if result.finish_reason == "tool_calls" and result.tool_calls and result.messages:
        answer = LocalPromptMessage(role="tool", tool_call_id=result.tool_calls[0].id, tool_name="f", content="{}")
        client.prompts.run("w", None, RunOptions(messages=[*result.messages, answer], trace_id=result.trace_id))
    assert_type(client.prompts.run("w", stream=True), PromptStream)
    fetched = client.prompts.fetch("w", label="production")
    assert_type(fetched, FetchedPrompt)
    assert_type(fetched.compile({"name": "Ada"}), RunLocalInput)
    client.run_local(prompt=fetched, variables={"name": "Ada"})


def spans(result: RunLocalResult) -> None:
    page = client.spans.list(ListSpansOptions(status="ERROR", tags=["a"], limit=10))
    assert_type(page.spans, list[SpanListItem])
    total = sum(span.cost or 0 for span in page.spans)
    assert_type(float(total), float)
    judged = client.spans.evaluate(result.span_id, EvaluateOptions(evaluator="quality", value=Eval.POSITIVE))
    assert_type(judged, EvaluateResult)
    for span in client.spans.list_all():
        assert_type(span, SpanListItem)


@client.trace
def plain(a: int) -> str:
    return str(a)


@client.trace(name="tool", kind=SpanKind.TOOL)
async def coroutine(a: int) -> str:
    return str(a)


def traced() -> None:
    assert_type(plain(1), str)
    with client.span("retrieve", kind=SpanKind.RETRIEVAL) as span:
        span.output = {"rows": 1}
        session = client.create_session(trace_id=span.trace_id)
        assert_type(session.run_local(model="gpt-4o", messages=question), RunLocalResult)
        assert_type(session.run_local(model="gpt-4o", messages=question, stream=True), LocalStream)
        assert_type(session.run_prompt("w"), RunResult)


def errors() -> None:
    try:
        plain(1)
    except TraciaError as error:
        if error.code == TraciaErrorCode.NOT_FOUND:
            assert_type(error.status_code, int | None)
        partial: Any = error.partial
        print(partial)


async def twins() -> None:
    assert_type(await client.arun_local(model="gpt-4o", messages=question), RunLocalResult)
    stream = await client.arun_local(model="gpt-4o", messages=question, stream=True)
    assert_type(stream, AsyncLocalStream)
    async for piece in stream:
        assert_type(piece, str)
    assert_type(await stream.result, StreamResult)
    assert_type(await client.prompts.arun("w"), RunResult)
    assert_type(await client.prompts.arun("w", stream=True), AsyncPromptStream)
    async for span in client.spans.alist_all():
        assert_type(span, SpanListItem)
    assert_type(await coroutine(1), str)
    assert_type(await client.aflush(timeout=1.0), bool)
    await client.aclose()


if __name__ == "__main__":
    asyncio.run(twins())
