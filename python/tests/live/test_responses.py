"""run_responses: OpenAI's Responses API, whose own items go round."""

import asyncio
import json

import pytest

from tracia import Tracia

TOOL = {
    "name": "get_weather",
    "description": "The weather in a city",
    "parameters": {"type": "object", "properties": {"location": {"type": "string"}}, "required": ["location"]},
}
QUESTION = [{"role": "user", "content": "What is the weather in Rome?"}]


def answers_to(result):
    return [{"type": "function_call_output", "call_id": call.id, "output": json.dumps({"sky": "clear"})}
            for call in result.tool_calls]


@pytest.mark.parametrize("streamed", [False, True])
def test_a_tool_loop_sends_the_output_items_back(client, full_span, streamed):
    def ask(items):
        if not streamed:
            return client.run_responses(model="o4-mini", input=items, tools=[TOOL])
        stream = client.run_responses(model="o4-mini", input=items, tools=[TOOL], stream=True)
        text = "".join(stream)
        result = stream.result.result(timeout=30)
        assert result.text == text
        return result

    first = ask(QUESTION)
    assert first.tool_calls[0].name == "get_weather"
    assert any(item["type"] == "function_call" for item in first.output_items)
    second = ask([*QUESTION, *first.output_items, *answers_to(first)])
    assert second.text
    assert second.usage.total_tokens > 0
    assert full_span(second.span_id)["output"] == second.text


def test_the_asynchronous_twins_do_the_same(session_environment):
    async def go():
        async with Tracia() as client:
            whole = await client.arun_responses(model="o4-mini", input="Hello")
            stream = await client.arun_responses(model="o4-mini", input="Hello", stream=True)
            kinds = [event.type async for event in stream.events()]
            result = await stream.result
            return whole, result, kinds

    whole, result, kinds = asyncio.run(go())
    assert whole.text == result.text
    assert kinds[0] == "text_delta"
    assert kinds[-2:] == ["text", "done"]
    assert result.output_items[-1]["type"] == "message"
