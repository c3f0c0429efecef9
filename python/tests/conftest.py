"""What all tests of the package share."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from package_fixtures import client, fake, recorder

from tracia.testing import tracia_client, tracia_simulator

__all__ = ["client", "fake", "recorder", "tracia_client", "tracia_simulator"]
