"""The documents are true: every snippet of the guide and of the first pages runs, in order, in one namespace for each
page, as a reader who types along would have it, and prints what the page says; the reference and the tables are what
the package says."""

import contextlib
import gc
import inspect
import io
import re
import subprocess
import sys

import harness
import pytest

import tracia
from tracia import Tracia, TraciaErrorCode

sys.path.insert(0, str(harness.ROOT / "examples" / "docs"))
import snippets

DOCS = harness.ROOT / "docs"
ROOT = harness.ROOT
ENTRIES = [ROOT / "README.md", ROOT / "python" / "README.md", DOCS / "quickstart.md", DOCS / "python" / "README.md",
           DOCS / "evaluation.md"]
PAGES = [page for page in [*ENTRIES, *sorted((DOCS / "guide").glob("*.md"))] if snippets.blocks(page, "python")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_python_snippet_of_a_page_runs_and_prints_what_it_says(page, session_environment, simulator, tmp_path,
                                                                     monkeypatch):
    monkeypatch.setenv("TRACIA_BINARY", str(harness.BINARY))
    monkeypatch.setenv("TRACIA_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    output, printed = io.StringIO(), {}
    names = {"__name__": page.stem, "shown": lambda line: printed.update({line: output.getvalue()})}
    with harness.Server(tmp_path / "d", simulator.url) as own:  # empty but for what the page makes
        monkeypatch.setenv("TRACIA_BASE_URL", own.url)
        try:
            with contextlib.redirect_stdout(output):
                exec(compile(snippets.python_source(page), str(page), "exec"), names)
        finally:
            for client in [value for value in names.values() if isinstance(value, Tracia)]:
                client.close()
            names.clear()
            gc.collect()
    assert snippets.differences(page, "python", printed) == []


def test_every_page_of_the_guide_that_shows_cpp_shows_python_too():
    for page in (DOCS / "guide").glob("*.md"):
        assert bool(snippets.blocks(page, "python")) == bool(snippets.blocks(page, "cpp")), page.name


def test_the_reference_is_what_the_package_says():
    done = subprocess.run([sys.executable, str(ROOT / "tools" / "dev" / "python_reference.py"), "--check"],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def table(page, heading):
    """What the first table under a heading names in its first column; what only C++ has ("–") is left out."""
    section = (DOCS / "guide" / page).read_text().split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    rows = re.findall(r"^\| (`.+?) \| ([^|]*) ?\|", section, re.M)
    return {name for names, kind in rows if kind.strip() != "–" for name in re.findall(r"`(\w+)`", names)}


@pytest.mark.parametrize(
    ("heading", "function"),
    [
        ("run_local", Tracia.run_local),
        ("run_responses", Tracia.run_responses),
        ("run_embedding", Tracia.run_embedding),
        ("The client", Tracia.__init__),
    ],
)
def test_the_tables_of_parameters_are_complete(heading, function):
    assert table("parameters.md", heading) == set(inspect.signature(function).parameters) - {"self", "request"}


def test_the_table_of_run_options_is_complete():
    expected = set(tracia.RunOptions.model_fields) | {"slug", "variables", "stream"}
    assert table("parameters.md", "prompts.run") == expected


def test_every_error_code_is_explained():
    assert table("errors.md", "Every code") == {code.value for code in TraciaErrorCode}


@pytest.mark.parametrize(
    ("heading", "model"),
    [
        ("RunLocalResult", tracia.StreamResult),
        ("RunResult", tracia.RunResult),
        ("RunEmbeddingResult", tracia.RunEmbeddingResult),
        ("Usage", tracia.TokenUsage),
    ],
)
def test_every_member_of_a_result_is_explained(heading, model):
    assert table("response.md", heading) == set(model.model_fields)


def test_every_type_of_the_package_is_in_the_list_of_types():
    page = (DOCS / "guide" / "types.md").read_text().split("\n## Python\n")[1].split("\n## ")[0]
    missing = [name for name in tracia.__all__ if not name.startswith("_") and f"`{name}`" not in page]
    assert missing == []
