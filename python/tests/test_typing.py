"""The package, and what its users write, are clean under `mypy --strict`."""

import pathlib

import pytest

PYTHON = pathlib.Path(__file__).resolve().parents[1]


def test_the_package_and_a_users_file_are_strictly_typed(tmp_path, monkeypatch):
    api = pytest.importorskip("mypy.api")
    monkeypatch.setenv("MYPYPATH", str(PYTHON / "src"))
    paths = [str(PYTHON / "src" / "tracia"), str(PYTHON / "tests" / "typing" / "user_code.py")]
    report, errors, status = api.run(["--strict", "--config-file=", f"--cache-dir={tmp_path}", *paths])
    assert (status, errors) == (0, ""), report
