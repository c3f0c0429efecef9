"""The documents' shell snippets, run as they stand, in order, in one shell, against a server of their own; the C++ of
the guide, a program for each page; and that the guide's tables tell all there is."""

import os
import re
import subprocess
import sys

import harness
import pytest

sys.path.insert(0, str(harness.ROOT / "examples" / "docs"))
import snippets  # noqa: E402

DOCS = harness.ROOT / "docs"
CLIENT_HEADERS = [harness.ROOT / "libs" / "client" / "include" / "tracia" / "client" / name
                  for name in ("client.h", "active_span.h", "types.h", "api_types.h")]
CPP_PAGES = [page for page in [DOCS / "cpp.md", *sorted((DOCS / "guide").glob("*.md"))] if snippets.blocks(page, "cpp")]


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


@pytest.mark.parametrize("page", CPP_PAGES, ids=lambda page: str(page.relative_to(DOCS)))
def test_every_cpp_snippet_of_a_page_runs_and_prints_what_it_says(page, simulator, tmp_path):
    program = harness.BINARY.parent / "tracia_docs_cpp"
    if not program.exists():
        pytest.skip("this build left out tracia_docs_cpp")
    with harness.Server(tmp_path / "data", simulator.url) as own:
        environment = harness.provider_environment(simulator.url) | {
            "TRACIA_API_KEY": harness.KEY, "TRACIA_BASE_URL": own.url, "TRACIA_CACHE_DIR": str(tmp_path / "cache")}
        ran = subprocess.run([str(program), page.stem], env=environment, cwd=tmp_path, capture_output=True, text=True,
                             timeout=harness.DEADLINE)
    assert ran.returncode == 0, f"{ran.stdout}\n{ran.stderr}"
    assert snippets.differences(page, "cpp", snippets.output_of_each(ran.stdout)) == []


def test_the_tables_of_models_are_what_the_catalog_says():
    done = subprocess.run([sys.executable, str(harness.ROOT / "tools" / "dev" / "models_page.py"), "--check"],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def members_of(struct):
    """The names of a struct's members, read off the client's headers."""
    text = "\n".join(header.read_text() for header in CLIENT_HEADERS)
    body = re.search(rf"^struct {struct}\b[^{{;]*{{\n(.*?)^}};", text, re.M | re.S)[1]
    found = set()
    for declaration in re.sub(r"//.*", "", body).split(";"):
        # "std::optional<double> temperature = {}, top_p = {}": what the type holds may look like anything.
        plain = re.sub(r"<.*>", "", declaration.strip(), flags=re.S)
        if "(" not in plain:
            found.update(re.findall(r"(\w+)(?: = [^,]+|{[^}]*})?(?:,|$)", plain))
    return found


def section(page, heading):
    return (DOCS / "guide" / page).read_text().split(f"\n## {heading}\n")[1].split("\n## ")[0]


@pytest.mark.parametrize("page, heading, struct", [
    ("parameters.md", "run_local", "RunLocalInput"),
    ("parameters.md", "run_responses", "RunResponsesInput"),
    ("parameters.md", "run_embedding", "RunEmbeddingInput"),
    ("parameters.md", "prompts.run", "RunOptions"),
    ("parameters.md", "The client in C++", "ClientOptions"),
    ("response.md", "RunLocalResult", "RunLocalResult"),
    ("response.md", "Usage", "TokenUsage"),
    ("response.md", "RunResult", "RunResult"),
    ("response.md", "RunEmbeddingResult", "RunEmbeddingResult"),
])
def test_every_member_of_what_cpp_gives_and_takes_is_explained(page, heading, struct):
    members = members_of(struct)
    assert len(members) > 5
    assert members - set(re.findall(r"`(\w+)`", section(page, heading))) == set()


@pytest.mark.parametrize("constant, page", [
    ("kCallTimeoutMsDefault", "parameters.md"),
    ("kRequestBytesMax", "images.md"),
    ("kStreamBufferBytesMax", "streaming.md"),
    ("kExportQueueSpansMax", "tracing.md"),
    ("kExportQueueBytesMax", "tracing.md"),
    ("kExportBatchSpansMax", "tracing.md"),
    ("kSpoolBytesMax", "tracing.md"),
])
def test_limits_are_told_as_they_are(constant, page):
    header = (harness.ROOT / "libs" / "base" / "include" / "tracia" / "base" / "limits.h").read_text()
    value = re.search(rf"\b{constant} = ([^;]+);", header)[1]
    mebibytes = re.fullmatch(r"(\d+)u << 20", value)
    told = f"{mebibytes[1]} MiB" if mebibytes else f"{int(value.replace(chr(39), '')):,}"
    assert re.search(rf"(?<![\d,.]){told}(?!,?\d)", (DOCS / "guide" / page).read_text())


def test_every_type_of_the_client_in_cpp_is_in_the_list_of_types():
    page = section("types.md", "C++")
    for header in CLIENT_HEADERS:
        for name in re.findall(r"^(?:struct|class) (\w+)[^;]*{$", header.read_text(), re.M):
            assert f"`{name}`" in page, f"{header.name}: {name}"


def prose(page):
    return re.sub(r"^```.*?^```", "", page.read_text(), flags=re.M | re.S)


def anchors(page):
    """What "#…" can be behind a link to a page, by the rule of those who show Markdown."""
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
            for heading in re.findall(r"^#+ (.+)$", prose(page), re.M)}


def test_links_between_documents_lead_somewhere():
    missing = []
    for page in [*DOCS.rglob("*.md"), *harness.ROOT.glob("*.md"), harness.ROOT / "python" / "README.md"]:
        for target, anchor in re.findall(r"\]\(([^)#\s]*)(?:#([^)]*))?\)", prose(page)):
            if re.match(r"[a-z]+:", target):
                continue
            to = page.parent / target if target else page
            if not to.exists() or (anchor and anchor not in anchors(to)):
                missing.append(f"{page.relative_to(harness.ROOT)}: {target}#{anchor}")
    assert not missing
