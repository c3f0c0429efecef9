"""Every example of the mission documents, run as it is written there; each of them asynchronously too; and every class
that they show, member by member. The documents are read where they lie and skipped where they are not there."""

import ast
import asyncio
import contextlib
import inspect
import io
import os
import pathlib
import re
import typing

import harness
import pytest

import tracia

SHARED = pathlib.Path(os.environ.get("TRACIA_SHARED", harness.ROOT.parent / "shared"))
SPEC = SHARED / "spec"
pytestmark = pytest.mark.skipif(not SPEC.is_dir(), reason=f"no mission documents at {SPEC} (set TRACIA_SHARED)")

STARTS = re.compile(r"^(from \w+ import|import \w+|try:|class \w+|\w+ = |print\(|if |with |# \d)")


def parsed(lines):
    try:
        return ast.parse("\n".join(lines))
    except SyntaxError:
        return None


def blocks_of(document):
    """The Python in a document that is half prose: from a line that looks like code, as far as it parses."""
    lines = (SPEC / document).read_text().splitlines()
    found, at = [], 0
    while at < len(lines):
        if not STARTS.match(lines[at]):
            at += 1
            continue
        # Headings of one word parse too, so the longest piece that parses may end in some: they are left out below.
        end = next((e for e in range(len(lines), at, -1) if parsed(lines[at:e])), None)
        if end is None:
            at += 1
            continue
        found.append("\n".join(lines[at:end]))
        at = end
    return found


def without_headings(block):
    tree = ast.parse(block)
    tree.body = [n for n in tree.body if not (isinstance(n, ast.Expr) and isinstance(n.value, ast.Name))]
    return tree


def examples(document):
    return [b for b in blocks_of(document) if "client." in b]


def classes(document):
    return [
        node
        for block in blocks_of(document)
        for node in ast.parse(block).body
        if isinstance(node, ast.ClassDef)
    ]


def cases(document):
    if not SPEC.is_dir():
        return []
    return [pytest.param(block, id=f"{document[8:-4]}-{i + 1}") for i, block in enumerate(examples(document))]


def get_weather(location):
    return {"location": location, "temperature": 22, "sky": "sunny"}


WEATHER_TOOL = {
    "name": "get_weather",
    "description": "The weather in a city",
    "parameters": {"type": "object", "properties": {"location": {"type": "string"}}, "required": ["location"]},
}


def make_prompts(api):
    """The prompts that the examples name, with the versions that they pin."""

    def create(slug, text, **more):
        api.post("/api/v1/prompts", {"name": slug, "slug": slug, "provider": "openai", "model": "gpt-4o",
                                     "content": [{"id": "msg_1", "role": "user", "content": text}]} | more, expect=201)

    create("welcome-email", "Write a welcome email to {{name}}.")
    for text in ("Write a warm welcome email to {{name}}.", "Write a short welcome email to {{name}}."):
        api.put("/api/v1/prompts/welcome-email", {"content": [{"id": "msg_1", "role": "user", "content": text}]})
    create("assistant", "{{question}}", tools=[WEATHER_TOOL])
    create("step-1", "Summarise: {{input}}")
    create("step-2", "Translate: {{input}}")


@pytest.fixture(scope="module")
def prompts(server):
    api = harness.Client(server)
    make_prompts(api)
    yield
    api.close()


def run(source, client, key=harness.KEY):
    """Executes an example; its names and what it printed."""
    names = {"client": client, "get_weather": get_weather, "__name__": "example"}
    tree = without_headings(source.replace("tr_your_api_key", key))
    code = compile(tree, "example", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        if code.co_flags & inspect.CO_COROUTINE:
            asyncio.run(eval(code, names))
        else:
            exec(code, names)
    if names["client"] is not client:
        names["client"].close()
    return names, printed.getvalue()


def check(source, names, printed):
    results = [v for k, v in names.items() if re.fullmatch(r"result\d?", k)]
    assert results, "the example has no result"
    for result in results:
        assert re.fullmatch(r"sp_[0-9a-f]{16}", result.span_id)
        if isinstance(result, tracia.RunResult):
            assert result.text or result.tool_calls
            assert result.usage.total_tokens > 0
            assert result.cost > 0
    for expected in re.findall(r"^print\(.*\)  # (\d+)$", source, re.M):
        assert expected in printed.split()


@pytest.mark.parametrize("source", cases("mission-prompts-run.txt") + cases("mission-run-embedding.txt"))
def test_an_example_of_the_mission_runs_verbatim(source, client, prompts):
    names, printed = run(source, client)
    check(source, names, printed)


@pytest.mark.parametrize("source", cases("mission-prompts-run.txt") + cases("mission-run-embedding.txt"))
def test_the_asynchronous_twin_of_an_example_runs(source, client, prompts):
    twin = re.sub(r"(?<!await )client\.prompts\.run\(", "await client.prompts.arun(", source)
    twin = re.sub(r"(?<!await )client\.run_embedding\(", "await client.arun_embedding(", twin)
    assert "await client." in twin
    names, printed = run(twin, client)
    check(source, names, printed)


def test_the_mission_has_the_examples_that_this_file_expects():
    assert len(examples("mission-prompts-run.txt")) >= 8
    assert len(examples("mission-run-embedding.txt")) >= 3


def test_the_tool_example_goes_through_both_of_its_turns(client, prompts):
    source = next(b for b in examples("mission-prompts-run.txt") if "tool_call_id" in b)
    names, printed = run(source, client)
    assert names["result"].finish_reason == "tool_calls"
    assert names["result2"].text
    assert names["result2"].text in printed
    assert names["result2"].trace_id == names["result"].trace_id


def test_the_error_example_tells_each_error_apart(client, simulator, tmp_path, monkeypatch):
    source = next(b for b in examples("mission-prompts-run.txt") if "TraciaErrorCode" in b)
    nowhere = {"OPENAI_BASE_URL": f"{simulator.url}/nowhere"}
    with harness.Server(tmp_path / "d", simulator.url, environment=nowhere) as own:
        monkeypatch.setenv("TRACIA_BASE_URL", own.url)
        api = harness.Client(own)
        with tracia.Tracia() as other:
            assert run(source, other)[1] == "Prompt does not exist\n"
            api.post("/api/v1/prompts", {"name": "W", "slug": "welcome-email", "model": "gpt-4o", "content": [
                {"id": "1", "role": "user", "content": "{{name}} {{product}}"}]}, expect=201)
            assert run(source, other)[1] == "Missing required variables\n"
            api.put("/api/v1/prompts/welcome-email", {"content": [{"id": "1", "role": "user", "content": "{{name}}"}]})
            assert run(source, other)[1].startswith("LLM provider error: ")
        api.close()


def class_cases():
    if not SPEC.is_dir():
        return []
    return [
        pytest.param(node, id=node.name)
        for document in ("mission-prompts-run.txt", "mission-run-embedding.txt")
        for node in classes(document)
    ]


@pytest.mark.parametrize("node", class_cases())
def test_a_class_of_the_mission_has_the_members_it_shows(node):
    model = getattr(tracia, node.name)
    for member in node.body:
        if not isinstance(member, ast.AnnAssign):
            continue
        name = member.target.id
        assert name in model.model_fields, f"{node.name} has no {name}"
        field = model.model_fields[name]
        head, *tail = name.split("_")
        assert (field.alias or name) == head + "".join(word.capitalize() for word in tail)
        optional = "None" in ast.unparse(member.annotation)
        assert optional == (type(None) in typing.get_args(field.annotation)), f"{node.name}.{name}: {field.annotation}"
        if member.value is not None:
            assert not field.is_required()
            assert field.default is None


@pytest.mark.parametrize(("model", "provider"), [
    ("gpt-4o", "openai"),
    ("claude-sonnet-4-5", "anthropic"),
    ("gemini-2.5-flash", "google"),
    ("amazon.nova-lite-v1:0", "amazon_bedrock"),
])
def test_run_local_reaches_each_provider_directly_and_its_span_arrives_in_the_background(
        client, full_span, model, provider):
    result = client.run_local(model=model, messages=[{"role": "user", "content": "Hello!"}])
    assert result.text
    assert result.provider == provider
    assert result.cost is None
    span = full_span(result.span_id)
    assert (span["provider"], span["model"], span["output"]) == (provider, model, result.text)
    assert span["inputTokens"] == result.usage.input_tokens


@pytest.mark.parametrize(("model", "provider"), [
    ("text-embedding-3-small", "openai"),
    ("text-embedding-004", "google"),
    ("amazon.titan-embed-text-v2:0", "amazon_bedrock"),
    ("voyage-3", "voyage"),
])
def test_run_embedding_leaves_an_embedding_span(client, full_span, model, provider):
    result = client.run_embedding(model=model, input="Hello world")
    assert result.provider == provider
    assert len(result.embeddings[0].values) >= 512
    assert full_span(result.span_id)["spanKind"] == "EMBEDDING"


def test_stream_true_returns_a_local_stream(client, session_environment):
    stream = client.run_local(model="gpt-4o", messages=[{"role": "user", "content": "Tell me a story"}], stream=True)
    assert isinstance(stream, tracia.LocalStream)
    text = "".join(stream)
    assert text
    assert stream.result.result().text == text
