"""What all tests of the package share."""

import pathlib
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from package_fixtures import client, fake, recorder

from tracia.testing import tracia_client, tracia_simulator

# A background job of a script ignores Ctrl-C, and so would the children of whom Ctrl-C is tested.
signal.signal(signal.SIGINT, signal.default_int_handler)

__all__ = ["client", "fake", "recorder", "tracia_client", "tracia_simulator"]
