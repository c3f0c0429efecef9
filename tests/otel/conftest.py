"""One `tracia serve` and one `tracia simulate` for the session; each test exports to the first and calls the second."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "server"))
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
