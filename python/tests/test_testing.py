"""tracia.testing: what it gives to the tests of applications."""

import os
import subprocess
import sys

import pytest

from tracia import TraciaError
from tracia.testing import find_binary, recording_client, simulator


def test_a_recording_client_needs_no_key_and_keeps_spans(fake):
    with recording_client() as client:
        client.run_local(model="gpt-4o", messages=[{"role": "user", "content": "say hi {{n}}"}], variables={"n": 1})
        with pytest.raises(TraciaError):
            client.run_local(model="gpt-4o", messages=[{"role": "user", "content": "refuse"}])
        good, bad = client.spans
    assert (good["model"], good["provider"], good["status"], good["output"]) == ("gpt-4o", "openai", "SUCCESS", "hi 1")
    assert good["input"]["messages"][0]["content"] == "say hi 1"
    assert (bad["status"], "I will not" in bad["error"]) == ("ERROR", True)


@pytest.mark.skipif(find_binary() is None, reason="the tracia program is not there: set TRACIA_BINARY")
def test_the_simulator_answers_for_every_provider_and_leaves_the_environment_as_it_was(monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", "http://before")
    monkeypatch.delenv("ANTHROPIC_BASE_URL", raising=False)
    with simulator("--seed", "3") as running, recording_client() as client:
        for model in ("gpt-4o", "claude-sonnet-4-5", "gemini-2.5-flash", "amazon.nova-lite-v1:0"):
            assert client.run_local(model=model, messages=[{"role": "user", "content": "Hello"}]).text
        assert client.run_embedding(model="voyage-3", input="x").embeddings
        assert len(running.requests()) == 5
    assert os.environ["OPENAI_BASE_URL"] == "http://before"
    assert "ANTHROPIC_BASE_URL" not in os.environ


def test_without_the_program_a_test_is_skipped_with_what_to_do(tmp_path):
    (tmp_path / "test_app.py").write_text(
        'pytest_plugins = ["tracia.testing"]\ndef test_app(tracia_client):\n    assert tracia_client.spans == []\n'
    )
    environment = {**os.environ, "PATH": "/nowhere", "PYTHONPATH": os.pathsep.join(sys.path)}
    environment.pop("TRACIA_BINARY", None)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=60,
        env=environment,
    )
    assert "1 skipped" in done.stdout
    assert "TRACIA_BINARY" in done.stdout
