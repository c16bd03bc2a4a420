"""Runs the command `mgcc` for a test: within the process where that is enough, as a program where it matters."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec import Struct

PATIENCE_S = 60


class Said(Struct, frozen=True, kw_only=True):
    """Exit code and what was printed."""

    code: int
    out: str
    err: str


class Bench(Struct, frozen=True, kw_only=True):
    """A laboratory at work: its folder, the endpoint file of a serving product, and that file's text."""

    folder: Path
    endpoint: Path
    text: str

    def changed(self, name: str, *changes: tuple[str, str]) -> Path:
        """Write the endpoint file once more beside the first, with some of its text replaced."""
        text = self.text
        for old, new in changes:
            assert old in text, old
            text = text.replace(old, new)
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path


def started(*argv: object, **environment: str) -> Said:
    """Start the command as a program of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "conformance.cli", *map(str, argv)],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
        stdin=subprocess.DEVNULL,
        env=os.environ | environment,
    )
    return Said(code=done.returncode, out=done.stdout, err=done.stderr)


def in_process(main: Callable[[list[str]], int], capfd: pytest.CaptureFixture[str], *argv: object) -> Said:
    """Run the command's `main` and return what it said."""
    capfd.readouterr()
    try:
        code = main([str(part) for part in argv])
    except SystemExit as left:
        code = int(left.code or 0)
    out, err = capfd.readouterr()
    return Said(code=code, out=out, err=err)
