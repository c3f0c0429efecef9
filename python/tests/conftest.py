"""What all tests of the package share."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

pytest_plugins = ["tracia.testing", "package_fixtures"]
