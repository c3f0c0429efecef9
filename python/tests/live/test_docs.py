"""The documents are true: every snippet of the guide and of the README runs; the reference is what the package says."""

import re
import subprocess
import sys

import harness
import pytest

from tracia import Tracia

GUIDE = harness.ROOT / "docs" / "python" / "README.md"


def snippets(path):
    return re.findall(r"^```python\n(.*?)^```", path.read_text(), re.M | re.S)


def test_every_snippet_of_the_guide_runs(session_environment, simulator, tmp_path, monkeypatch, capsys):
    """In order, in one namespace, as a reader who types along would have it; on a server of its own."""
    monkeypatch.setenv("TRACIA_BINARY", str(harness.BINARY))
    with harness.Server(tmp_path / "d", simulator.url) as own:
        monkeypatch.setenv("TRACIA_BASE_URL", own.url)
        names = {"__name__": "guide"}
        found = snippets(GUIDE)
        assert len(found) > 10
        for number, source in enumerate(found, 1):
            try:
                exec(compile(source, f"{GUIDE.name}, snippet {number}", "exec"), names)
            except Exception as error:
                pytest.fail(f"snippet {number} failed: {error!r}\n{source}")
        for name in ("client", "quiet"):
            if isinstance(names[name], Tracia):
                names[name].close()
    assert "lost" not in capsys.readouterr().out


@pytest.mark.parametrize("page", ["README.md", "docs/evaluation.md"])
def test_every_python_snippet_of_a_page_runs_by_itself(page, session_environment):
    found = snippets(harness.ROOT / page)
    assert found
    for source in found:
        exec(compile(source, page, "exec"), {"__name__": "page"})


def test_the_reference_is_what_the_package_says():
    done = subprocess.run([sys.executable, str(harness.ROOT / "tools" / "dev" / "python_reference.py"), "--check"],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
