"""Fixtures of the package's own tests: a false provider and server, and clients of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fake_server import FakeServer

from tracia import Tracia
from tracia.testing import RecordingClient, recording_client


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeServer]:
    server = FakeServer()
    monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    monkeypatch.setenv("TRACIA_CACHE_DIR", "")
    monkeypatch.delenv("TRACIA_API_KEY", raising=False)
    yield server
    server.close()


@pytest.fixture
def recorder(fake: FakeServer) -> Iterator[RecordingClient]:
    """A client of the false provider that keeps its spans."""
    with recording_client() as client:
        yield client


@pytest.fixture
def client(fake: FakeServer) -> Iterator[Tracia]:
    """A client of the false provider and the false server."""
    with Tracia("tr_test", base_url=fake.url, flush_timeout_ms=100) as made:
        yield made
