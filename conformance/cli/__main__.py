"""Lets `python -m conformance.cli` be the command `mgcc`."""

import sys

from conformance.cli import main

if __name__ == "__main__":
    sys.exit(main())
