"""One server and one simulator for the session; tests make their own prompts and spans, and look only at those."""

import itertools
import secrets
import sys
import pathlib

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import harness  # noqa: E402


@pytest.fixture(scope="session")
def simulator():
    assert harness.BINARY.exists(), f"{harness.BINARY} is not built; run ./dev build"
    with harness.Simulator("--seed", "7") as process:
        yield process


@pytest.fixture(scope="session")
def server(simulator, tmp_path_factory):
    with harness.Server(tmp_path_factory.mktemp("data") / "d", simulator.url) as process:
        yield process
        assert process.stop() == 0, process.text


@pytest.fixture
def api(server):
    client = harness.Client(server)
    yield client
    client.close()


numbers = itertools.count(1)


@pytest.fixture
def unique():
    """A word that no other test has."""
    return f"t{next(numbers)}-{secrets.token_hex(3)}"


@pytest.fixture
def prompt(api, unique):
    """A stored prompt with a variable and a model."""
    body = {
        "name": f"Greeting {unique}",
        "slug": f"greeting-{unique}",
        "content": [{"id": "msg_1", "role": "system", "content": "You greet people."},
                    {"id": "msg_2", "role": "user", "content": "Say hello to {{name}}"}],
        "provider": "openai",
        "model": "gpt-4o",
        "temperature": 0.5,
    }
    return api.post("/api/v1/prompts", body, expect=201).json


def new_span_id():
    return "sp_" + secrets.token_hex(8)


@pytest.fixture
def span_body():
    """Makes bodies of POST /api/v1/spans."""

    def make(**changes):
        body = {
            "spanId": new_span_id(),
            "model": "gpt-4o",
            "provider": "openai",
            "input": {"messages": [{"role": "user", "content": "What is the capital of France?"}]},
            "output": "Paris.",
            "status": "SUCCESS",
            "latencyMs": 321,
            "inputTokens": 14,
            "outputTokens": 2,
            "totalTokens": 16,
        }
        body.update(changes)
        return {k: v for k, v in body.items() if v is not ...}

    return make
