"""Reads packaging/Dockerfile for those who have no engine.

dockerfile.py check   says what is wrong with it, compose.yaml or .dockerignore; ends with "N passed, M failed"
dockerfile.py plan    a line per instruction for try_dockerfile.sh: stage, instruction, arguments, with tabs between

Knows the part of the format that the file uses, and refuses the rest."""

import fnmatch
import json
import pathlib
import re
import shlex
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
FILE = ROOT / "packaging" / "Dockerfile"
KNOWN = {"FROM", "WORKDIR", "COPY", "RUN", "ENV", "VOLUME", "USER", "EXPOSE", "STOPSIGNAL", "HEALTHCHECK", "ENTRYPOINT",
         "CMD"}
EXEC_FORM = {"ENTRYPOINT", "CMD", "HEALTHCHECK"}


class Instruction:
    def __init__(self, stage, name, text):
        self.stage, self.name, self.text = stage, name, text
        self.flags, self.arguments = {}, []
        if name not in KNOWN:
            raise ValueError(f"{name} is not known here")
        if name == "RUN":
            self.arguments = [text]
            return
        words = text.split()
        while words and words[0].startswith("--"):
            flag, _, value = words.pop(0)[2:].partition("=")
            self.flags[flag] = value
        rest = " ".join(words)
        if name == "HEALTHCHECK":
            if not rest.startswith("CMD "):
                raise ValueError("HEALTHCHECK without CMD")
            rest = rest.removeprefix("CMD ")
        if name in EXEC_FORM:
            self.arguments = json.loads(rest)
            if not isinstance(self.arguments, list) or not all(isinstance(word, str) for word in self.arguments):
                raise ValueError(f"{name} is not in exec form: signals would go to a shell")
        else:
            self.arguments = shlex.split(rest)


def read(text):
    """The instructions, in order. A stage is named by AS, else by its number."""
    instructions, stage, count = [], None, 0
    for line in re.sub(r"\\\n", " ", "\n".join(l for l in text.split("\n") if not l.startswith("#"))).split("\n"):
        if not line.strip():
            continue
        name, _, rest = line.strip().partition(" ")
        if name == "FROM":
            named = re.fullmatch(r"(\S+)(?: AS (\S+))?", rest)
            if not named:
                raise ValueError(f"FROM {rest}")
            stage, count = named.group(2) or str(count), count + 1
        elif stage is None:
            raise ValueError(f"{name} before FROM")
        instructions.append(Instruction(stage, name, rest))
    return instructions


def context():
    """The files that a build is given: those of the repository that .dockerignore leaves."""
    patterns = [line for line in (ROOT / ".dockerignore").read_text().split("\n") if line and not line.startswith("#")]
    files = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n")

    def ignored(path):
        parts = path.split("/")
        return any(fnmatch.fnmatch("/".join(parts[:end]), pattern)
                   or pattern.startswith("**/") and fnmatch.fnmatch(parts[end - 1], pattern[3:])
                   for pattern in patterns for end in range(1, len(parts) + 1))

    return {path for path in files if path and not ignored(path)}


def check_copy(instruction, given, stages):
    source_stage = instruction.flags.get("from")
    if source_stage is not None:
        assert source_stage in stages, f"COPY --from={source_stage}: there is no such stage above"
        return
    for source in instruction.arguments[:-1]:
        assert source == "." or source in given or any(path.startswith(source.rstrip("/") + "/") for path in given), \
            f"COPY {source}: not in the build's context"


def check():
    instructions = read(FILE.read_text())
    given = context()
    passed = failed = 0

    def judge(what, judgement):
        nonlocal passed, failed
        try:
            judgement()
            passed += 1
        except (AssertionError, KeyError, ValueError) as problem:
            failed += 1
            print(f"packaging/Dockerfile, {what}: {problem}")

    stages = []
    for each in instructions:
        if each.name == "FROM":
            stages.append(each.stage)
        if each.name == "COPY":
            judge(f"COPY {each.text}", lambda each=each: check_copy(each, given, stages[:-1]))

    last = {each.name: each for each in instructions if each.stage == stages[-1]}

    def served_as_nobody_special():
        assert last["USER"].arguments[0].split(":")[0] not in ("0", "root"), "it runs as root"

    def started_and_watched():
        for name in EXEC_FORM:
            assert last[name].arguments, f"{name} is missing"
        assert last["STOPSIGNAL"].arguments == ["SIGTERM"]

    def environment_leads_to_what_is_exposed():
        values = dict(word.split("=", 1) for each in instructions if each.name == "ENV" for word in each.arguments)
        assert values["TRACIA_LISTEN"].endswith(":" + last["EXPOSE"].arguments[0]), "another port is exposed"
        assert values["TRACIA_DATA"] == last["VOLUME"].arguments[0], "another folder is the volume"

    def whole_history_of_git_is_given():
        ignored = (ROOT / ".dockerignore").read_text().split("\n")
        assert ".git" not in ignored, ".git is ignored, and the build asks it"

    def compose_builds_this_file():
        text = (ROOT / "packaging" / "compose.yaml").read_text()
        folder = re.search(r"^ +context: (\S+)$", text, re.M).group(1)
        file = re.search(r"^ +dockerfile: (\S+)$", text, re.M).group(1)
        assert (ROOT / "packaging" / folder / file).resolve() == FILE, "compose.yaml builds another file"
        assert f"data:{last['VOLUME'].arguments[0]}" in text, "compose.yaml mounts another folder"

    for judgement in (served_as_nobody_special, started_and_watched, environment_leads_to_what_is_exposed,
                      whole_history_of_git_is_given, compose_builds_this_file):
        judge(judgement.__name__.replace("_", " "), judgement)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


def plan():
    for each in read(FILE.read_text()):
        words = [f"--from={each.flags['from']}"] if "from" in each.flags else []
        print("\t".join([each.stage, each.name, *words, *each.arguments]))


if __name__ == "__main__":
    if sys.argv[1:] == ["check"]:
        sys.exit(check())
    if sys.argv[1:] == ["plan"]:
        sys.exit(plan())
    sys.exit(__doc__)
