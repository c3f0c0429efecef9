"""One simulator and one server for the session, and an environment that leads every provider and Tracia there. Tests
make their own prompts, tags and ids, and look only at those."""

import itertools
import os
import pathlib
import secrets
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests" / "server"))
import harness  # noqa: E402

from tracia import Tracia  # noqa: E402


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


@pytest.fixture(scope="session")
def session_environment(simulator, server, tmp_path_factory):
    """What an application would have in its environment."""
    variables = harness.provider_environment(simulator.url) | {
        "TRACIA_API_KEY": harness.KEY,
        "TRACIA_BASE_URL": server.url,
        "TRACIA_CACHE_DIR": str(tmp_path_factory.mktemp("cache")),
    }
    before = dict(os.environ)
    os.environ.update(variables)
    yield variables
    for name in variables:
        os.environ.pop(name, None)
    os.environ.update(before)


@pytest.fixture
def client(session_environment):
    with Tracia() as made:
        yield made


@pytest.fixture
def api(server):
    """The server's own API, past the package: to see what was really stored."""
    connection = harness.Client(server)
    yield connection
    connection.close()


numbers = itertools.count(1)


@pytest.fixture
def unique():
    """A word that no other test has."""
    return f"t{next(numbers)}-{secrets.token_hex(3)}"


@pytest.fixture
def stored(api, client):
    """The spans that carry a tag, read from the server after the client has sent what it has."""

    def read(tag, flush=True):
        if flush:
            assert client.flush()
        found, cursor = [], None
        while True:
            page = api.get("/api/v1/spans", tags=tag, limit=100, cursor=cursor).json
            found += page["spans"]
            cursor = page["nextCursor"]
            if not cursor:
                return found

    return read


@pytest.fixture
def full_span(api, client):
    def read(span_id):
        assert client.flush()
        return api.get(f"/api/v1/spans/{span_id}").json

    return read


@pytest.fixture
def failing_simulator():
    """Starts simulators with flags of their own; their URLs."""
    started = []

    def start(*flags):
        process = harness.Simulator("--seed", "7", *flags)
        started.append(process)
        return process.url

    yield start
    for process in started:
        process.kill()
