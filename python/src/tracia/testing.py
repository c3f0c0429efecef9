"""For the tests of applications: model providers that need no key and no network, and a client that keeps its spans.

    from tracia.testing import recording_client, simulator

    with simulator(), recording_client() as client:
        assert my_function(client) == "..."
        assert client.spans[0]["model"] == "gpt-4o"

As pytest fixtures: `pytest_plugins = ["tracia.testing"]` in conftest.py gives `tracia_simulator` and `tracia_client`.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

from tracia.client import Tracia

__all__ = ["RecordingClient", "Simulator", "recording_client", "simulator"]

_FLUSH_S = 30.0
_STOP_S = 10.0
_HOW = (
    "The provider simulator is part of the `tracia` program. Set TRACIA_BINARY to its path, or put `tracia` on PATH "
    "(it is built by `./dev build`)."
)


class Simulator:
    """Model providers on one local port: OpenAI, Anthropic, Google, Amazon Bedrock, Voyage. Equal requests get equal
    answers."""

    def __init__(self, url: str) -> None:
        self.url = url

    @property
    def env(self) -> dict[str, str]:
        """The environment that points every provider here."""
        return {
            "OPENAI_BASE_URL": f"{self.url}/v1",
            "OPENAI_API_KEY": "simulated",
            "ANTHROPIC_BASE_URL": self.url,
            "ANTHROPIC_API_KEY": "simulated",
            "GOOGLE_GEMINI_BASE_URL": self.url,
            "GOOGLE_API_KEY": "simulated",
            "GEMINI_API_KEY": "simulated",
            "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": self.url,
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "simulated",
            "AWS_SECRET_ACCESS_KEY": "simulated",
            "VOYAGE_BASE_URL": f"{self.url}/v1",
            "VOYAGE_API_KEY": "simulated",
        }

    def requests(self) -> list[dict[str, Any]]:
        """What was received, oldest first; credentials are masked."""
        from urllib.request import urlopen

        with urlopen(f"{self.url}/_simulator/requests") as answer:
            body = json.load(answer)
        found: list[dict[str, Any]] = body["requests"] if isinstance(body, dict) else body
        return found


def find_binary() -> str | None:
    """The `tracia` program: TRACIA_BINARY, else the one on PATH."""
    return os.environ.get("TRACIA_BINARY") or shutil.which("tracia")


@contextlib.contextmanager
def simulator(*flags: str, set_environment: bool = True) -> Iterator[Simulator]:
    """Runs `tracia simulate`, with its flags if any (`"--fail-status", "429=0.1"`), until the block ends. The process's
    environment points every provider to it meanwhile, unless told not to.

    Without the program, the pytest test that asked is skipped, with what to do; elsewhere it is a RuntimeError.
    """
    binary = find_binary()
    if binary is None:
        _skip(_HOW)
        raise RuntimeError(_HOW)
    command = [binary, "simulate", "--listen", "127.0.0.1:0", "--quiet", *flags]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            running = Simulator(_address(process))
            with _environment(running.env if set_environment else {}):
                yield running
        finally:
            process.terminate()
            try:
                process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()


def _address(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    assert process.stderr is not None
    line = process.stdout.readline()
    if "http" not in line:
        raise RuntimeError(f"tracia simulate did not start: {line}{process.stderr.read()}")
    return "http" + line.rsplit("http", 1)[1].strip()


@contextlib.contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _skip(reason: str) -> None:
    if "PYTEST_CURRENT_TEST" in os.environ:
        import pytest

        pytest.skip(reason)


class RecordingClient(Tracia):
    """A client whose spans stay in the process. Needs no key and no server."""

    _captures = True

    @property
    def spans(self) -> list[dict[str, Any]]:  # type: ignore[override]
        """The spans so far, in the order in which they ended, as in POST /api/v1/spans."""
        self.flush(_FLUSH_S)
        return [json.loads(span) for span in self._core.native.captured()]


def recording_client(**options: Any) -> RecordingClient:
    """A client that keeps its spans in `.spans`; options are those of `Tracia`."""
    return RecordingClient(**options)


try:
    import pytest
except ImportError:  # these fixtures are for pytest alone
    pass
else:

    @pytest.fixture(scope="session")
    def tracia_simulator() -> Iterator[Simulator]:
        """Model providers for the whole run."""
        with simulator() as running:
            yield running

    @pytest.fixture
    def tracia_client(tracia_simulator: Simulator) -> Iterator[RecordingClient]:
        """A client of them that keeps its spans in `.spans`."""
        with recording_client() as client:
            yield client

    __all__ += ["tracia_client", "tracia_simulator"]
