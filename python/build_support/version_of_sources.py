"""Tells scikit-build-core the package's version: that of the C++ sources, wherever they are."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path


def dynamic_metadata(field: str, settings: Mapping[str, object] | None = None) -> str:
    """The version named by project() in CMakeLists.txt of cpp/ (an sdist) or of the checkout."""
    here = Path(__file__).resolve().parent.parent
    for folder in (here / "cpp", here.parent):
        listing = folder / "CMakeLists.txt"
        if listing.is_file():
            found = re.search(r"project\(Tracia VERSION ([0-9.]+)", listing.read_text(encoding="utf-8"))
            if found:
                return found[1]
    raise RuntimeError("the C++ sources are missing: build in a checkout, or from an sdist")
