"""Lets `python -m conformance.cli` be the command `mgcc`."""

import sys

from conformance.cli import main

sys.exit(main())
