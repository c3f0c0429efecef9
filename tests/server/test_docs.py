"""The documents' shell snippets, run as they stand, in order, in one shell, against a server of their own."""

import os
import re
import subprocess

import harness
import pytest

DOCS = harness.ROOT / "docs"


def shell_snippets(path):
    """The ```sh blocks; ```text blocks are for reading (they build, install or serve)."""
    return re.findall(r"^```sh\n(.*?)^```", path.read_text(), re.M | re.S)


# Pages, and what has to stand in what their snippets print (without spaces).
PAGES = {
    "quickstart.md": '"promptVersion":2',
    "http-api.md": "event:done",
    "evaluation.md": '"note":"byamodel"',
    "gateway.md": '"object":"chat.completion"',
    "experiments.md": '"promotedVariant":"short"',
    "analytics.md": "groupsRest",
    "opentelemetry.md": '"costStatus":"exact"',
    "moving.md": '"object":"chat.completion"',
    "operating/backup.md": "Alliswell.",
    "formats/spans.md": '"accepted":0,"duplicates":1,"rejected":[]',
    "formats/prompt-files.md": "greeting:pushed,version2",
}


@pytest.mark.parametrize("page", PAGES)
def test_every_shell_snippet_runs(page, simulator, tmp_path):
    snippets = shell_snippets(DOCS / page)
    assert snippets
    with harness.Server(tmp_path / "data", simulator.url) as own:
        # The page's address and folder, as this server has them.
        script = "\n".join(snippets).replace("http://127.0.0.1:7070", own.url)
        environment = {"PATH": f"{harness.BINARY.parent}:{os.environ['PATH']}", "HOME": str(tmp_path)}
        ran = subprocess.run(["bash", "-euxo", "pipefail", "-c", script], cwd=tmp_path, env=environment,
                             capture_output=True, text=True, timeout=harness.DEADLINE)
    assert ran.returncode == 0, f"{ran.stdout}\n{ran.stderr}"
    assert PAGES[page] in ran.stdout.replace(" ", "")


def test_the_snippets_of_the_cpp_guide_run(simulator, tmp_path):
    program = harness.BINARY.parent / "tracia_docs_cpp"
    if not program.exists():
        pytest.skip("this build left out tracia_docs_cpp")
    with harness.Server(tmp_path / "data", simulator.url) as own:
        environment = harness.provider_environment(simulator.url) | {"TRACIA_API_KEY": harness.KEY,
                                                                     "TRACIA_BASE_URL": own.url}
        ran = subprocess.run([str(program)], env=environment, capture_output=True, text=True, timeout=harness.DEADLINE)
        assert ran.returncode == 0, f"{ran.stdout}\n{ran.stderr}"
        client = harness.Client(own)
        assert len(client.get("/api/v1/spans", limit=100).json["spans"]) >= 10
        client.close()


def test_links_between_documents_lead_somewhere():
    missing = []
    for page in [*DOCS.rglob("*.md"), *harness.ROOT.glob("*.md")]:
        text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.M | re.S)
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text):
            if not re.match(r"[a-z]+:", target) and not (page.parent / target).exists():
                missing.append(f"{page.relative_to(harness.ROOT)}: {target}")
    assert not missing
