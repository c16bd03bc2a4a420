"""Starts the command line: `python -m reference_impl`."""

import sys

from reference_impl.cli import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
