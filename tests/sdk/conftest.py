"""Starts `tracia simulate` on a free port for each test session."""

import os
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("TRACIA_BINARY", ROOT / "build" / "release" / "tracia"))


def start_simulator(*flags: str) -> tuple[subprocess.Popen, str]:
    process = subprocess.Popen(
        [str(BINARY), "simulate", "--listen", "127.0.0.1:0", "--quiet", *flags],
        stdout=subprocess.PIPE,
        text=True,
    )
    line = process.stdout.readline()
    match = re.search(r"http://\S+", line)
    assert match, f"no address in {line!r}"
    return process, match.group(0)


@pytest.fixture(scope="session")
def simulator():
    if not BINARY.exists():
        pytest.skip(f"{BINARY} is not built; run: cmake --build --preset release --target tracia")
    process, url = start_simulator("--seed", "7")
    yield url
    process.terminate()
    assert process.wait(timeout=10) == 0
