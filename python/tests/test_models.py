"""The models: both spellings, the contract's own examples, what must survive a round trip, reprs."""

import json
import pathlib

import pytest
from pydantic import BaseModel, ValidationError

import tracia
from tracia import (
    CreatePromptOptions,
    EvaluateOptions,
    EvaluateResult,
    ImagePart,
    ListSpansResult,
    LLMProvider,
    LocalPromptMessage,
    Prompt,
    PromptMessage,
    PromptVersion,
    RenderedPrompt,
    ResponseFormatJsonSchema,
    RunEmbeddingResult,
    RunLocalInput,
    RunLocalResult,
    RunResult,
    Span,
    TextPart,
    ToolCall,
    ToolCallPart,
    ToolDefinition,
    ToolParameters,
    TraciaError,
    UpdatePromptOptions,
)
from tracia._json import encode, encode_anything
from tracia._schema import response_format

EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "api" / "examples"


def wire(value):
    return json.loads(encode(value))


@pytest.mark.parametrize(
    ("example", "model"),
    [
        ("prompts_get", Prompt),
        ("prompts_create", Prompt),
        ("prompts_versions_get", PromptVersion),
        ("prompts_render", RenderedPrompt),
        ("prompts_run", RunResult),
        ("prompts_run_cost_unknown", RunResult),
        ("prompts_run_structured", RunResult),
        ("prompts_run_tool_calls", RunResult),
        ("span_get", Span),
        ("span_get_error", Span),
        ("spans_list", ListSpansResult),
        ("spans_list_last_page", ListSpansResult),
        ("evaluations_create", EvaluateResult),
    ],
)
def test_the_contracts_examples_are_read(example, model):
    path = next(path for path in sorted(EXAMPLES.glob(f"{example}.response.20*.json")))
    read = model.model_validate_json(path.read_bytes())
    assert repr(read)
    given = json.loads(path.read_text())
    again = json.loads(read.model_dump_json(by_alias=True))
    for name in set(given) & set(again) - {"finishReason", "provider"}:
        if isinstance(given[name], (str, int, type(None))) and not name.endswith(("At", "Time")):
            assert again[name] == given[name], name


def test_every_exported_name_exists():
    for name in tracia.__all__:
        if name != "__version__":
            assert getattr(tracia, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = tracia.nothing


def test_camel_case_and_snake_case_are_both_read_and_aliases_are_the_wires():
    by_name = tracia.TokenUsage(input_tokens=1, output_tokens=2, total_tokens=3, cache_write_1h_tokens=4)
    by_alias = tracia.TokenUsage.model_validate(
        {"inputTokens": 1, "outputTokens": 2, "totalTokens": 3, "cacheWrite1hTokens": 4}
    )
    assert by_name == by_alias
    assert by_name.model_dump(by_alias=True)["cacheWrite1hTokens"] == 4


def test_the_page_reads_the_servers_cursor():
    page = ListSpansResult.model_validate_json((EXAMPLES / "spans_list.response.200.json").read_bytes())
    assert page.has_more
    assert page.cursor == page.next_cursor == "MDAwNjQ0MGIxYTJmODNjMA"


def test_a_prompts_content_variables_and_model_are_reachable():
    prompt = Prompt.model_validate_json((EXAMPLES / "prompts_get.response.200.json").read_bytes())
    assert prompt.content[0].role == "system"
    assert prompt.variables == ["product", "name"]
    assert (prompt.model, prompt.provider, prompt.provider == "openai") == ("gpt-4o", LLMProvider.OPENAI, True)
    assert [version.version for version in prompt.versions] == [3, 2, 1]
    assert prompt.versions[0].messages[1].content == "Welcome {{name}} to {{product}}."


def test_max_tokens_reads_as_length_and_unknown_reasons_as_none():
    base = {"spanId": "sp_1", "traceId": "tr_1"}
    assert RunResult.model_validate({**base, "finishReason": "max_tokens"}).finish_reason == "length"
    assert RunResult.model_validate({**base, "finishReason": "brand_new"}).finish_reason is None
    assert RunResult.model_validate({**base, "cost": None}).cost == 0.0


def test_providers_are_read_in_any_case_and_connections_by_name():
    base = {"spanId": "sp_1", "traceId": "tr_1"}
    assert RunResult.model_validate({**base, "provider": "AMAZON_BEDROCK"}).provider is LLMProvider.AMAZON_BEDROCK
    assert RunResult.model_validate({**base, "provider": "my-azure"}).provider == "my-azure"


def test_what_a_provider_added_to_a_message_survives_the_round_trip():
    message = {
        "role": "assistant",
        "content": [
            {"type": "reasoning", "text": "hm", "signature": "s1", "provider": "anthropic"},
            {"type": "text", "text": "hi", "signature": "s2"},
            {"type": "tool_call", "id": "c", "name": "f", "arguments": {"x": None}, "signature": "s3"},
            {"type": "tool_call", "id": "d", "name": "g", "arguments": '{"cut'},
            {"type": "vendor", "provider": "openai", "value": {"a": None}},
        ],
    }
    assert wire(LocalPromptMessage.model_validate(message)) == message


def test_null_stays_in_a_callers_own_dictionaries_and_goes_from_models():
    schema = {"type": "object", "properties": {"a": {"default": None, "type": "string"}}}
    written = wire([ResponseFormatJsonSchema(schema=schema), LocalPromptMessage(role="user", content="x")])
    assert written == [{"type": "json", "schema": schema}, {"role": "user", "content": "x"}]


def test_images_are_written_as_base64():
    part = ImagePart(data=b"\x89PNG", mime_type="image/png")
    assert wire(part) == {"type": "image", "mimeType": "image/png", "data": "iVBORw=="}
    assert "PNG" not in repr(part)


def test_tool_arguments_that_are_no_json_are_kept_as_text():
    call = ToolCall.model_validate({"id": "1", "name": "f", "arguments": '{"cut'})
    assert (call.arguments, call.raw_arguments) == ({}, '{"cut')
    assert ToolCall(id="1", name="f", arguments={"a": 1}).arguments == {"a": 1}


def test_tools_keep_json_schema_words_that_have_no_field():
    parameters = {
        "type": "object",
        "properties": {"n": {"type": "integer", "minimum": 1}},
        "additionalProperties": False,
    }
    tool = ToolDefinition(name="f", description="d", parameters=parameters)
    assert isinstance(tool.parameters, ToolParameters)
    assert wire(tool)["parameters"] == parameters


def test_an_update_sends_what_was_set_and_null_clears():
    assert wire(UpdatePromptOptions(name="n", model=None, base_version=3)) == {
        "name": "n",
        "model": None,
        "baseVersion": 3,
    }
    assert wire(UpdatePromptOptions()) == {}


def test_a_new_prompt_sends_what_was_given():
    options = CreatePromptOptions(name="N", content=[PromptMessage(role="user", content="hi")], top_p=0.5)
    assert wire(options) == {"name": "N", "content": [{"role": "user", "content": "hi"}], "topP": 0.5}


def test_an_evaluation_names_the_evaluator_as_the_wire_does():
    assert wire(EvaluateOptions(value=tracia.Eval.POSITIVE)) == {"evaluatorKey": "quality", "value": 1}
    assert wire(EvaluateOptions(evaluator="tone", value=0.5, note="n"))["note"] == "n"


def test_a_misspelt_field_of_an_input_is_refused():
    with pytest.raises(ValidationError, match="modle"):
        RunLocalInput(modle="gpt-4o", messages=[])


def test_what_has_no_json_form_is_refused_by_name():
    for bad in (object(), float("nan"), "\ud800"):
        with pytest.raises(TraciaError, match="INVALID_REQUEST"):
            encode({"x": bad})


def test_what_an_application_records_never_fails():
    loop: list = []
    loop.append(loop)

    class Broken:
        def __repr__(self):
            raise ValueError

    assert json.loads(encode_anything({"a": Broken(), "b": object, "c": "\ud800", (1, 2): 3}))["a"] == "<Broken>"
    assert isinstance(json.loads(encode_anything(loop)), str)
    assert len(encode_anything([object(), "x" * 10])) < 200


def test_reprs_show_text_tokens_and_cost():
    result = RunLocalResult(
        text="Hello " * 40,
        span_id="sp_1",
        trace_id="tr_1",
        latency_ms=12,
        model="gpt-4o",
        usage=tracia.TokenUsage(input_tokens=3, output_tokens=4, total_tokens=7),
        message=LocalPromptMessage(role="assistant", content="x"),
    )
    assert len(repr(result)) < 220
    for shown in ("Hello", "tokens=3+4", "cost=unknown", "gpt-4o"):
        assert shown in repr(result)
    vectors = RunEmbeddingResult(
        embeddings=[{"values": [0.0] * 1536, "index": 0}], span_id="a", trace_id="b", model="m"
    )
    assert "1 × 1536" in repr(vectors)


def test_notebooks_get_escaped_text():
    result = RunResult(text="<script>x</script> ![a](http://b)", span_id="sp_1", trace_id="t", cost=0.00211)
    shown = result._repr_markdown_()
    assert "<script>" not in shown
    assert "![" not in shown
    assert "$0.0021" in shown
    page = ListSpansResult.model_validate_json((EXAMPLES / "spans_list.response.200.json").read_bytes())
    page.spans[0].name = "<b>"
    assert "&lt;b&gt;" in page._repr_html_()


class Address(BaseModel):
    street: str
    number: int | None = None


class Person(BaseModel):
    name: str
    address: Address


class Free(BaseModel):
    anything: dict[str, int]


def test_a_pydantic_class_becomes_a_strict_schema():
    made = response_format(Person)
    assert (made["type"], made["name"], made["strict"]) == ("json", "Person", True)
    address = made["schema"]["$defs"]["Address"]
    assert address["required"] == ["street", "number"]
    assert address["additionalProperties"] is False
    assert "default" not in address["properties"]["number"]


def test_a_class_that_strict_mode_cannot_say_is_sent_as_it_is():
    made = response_format(Free)
    assert made["strict"] is False
    assert made["schema"] == Free.model_json_schema()
    with pytest.raises(TraciaError, match="pydantic class"):
        response_format(int)  # type: ignore[arg-type]


def test_content_parts_are_told_apart():
    message = LocalPromptMessage(role="user", content=[{"type": "text", "text": "a"}, TextPart(text="b")])
    assert [type(part) for part in message.content] == [TextPart, TextPart]
    assert isinstance(ToolCallPart(id="1", name="n").arguments, dict)
