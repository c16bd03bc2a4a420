"""Prints tables and JSON: columns line up also where a sign is two cells wide."""

import sys
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any


def width(text: str) -> int:
    """Return the terminal cells that `text` takes; East Asian wide and full-width signs take two."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(sign) else 2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text
    )


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return `rows` as lines whose columns line up; the last column is free."""
    if not rows:
        return []
    widths = [max(width(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    return [
        "  ".join([*(cell + " " * (wide - width(cell)) for cell, wide in zip(row, widths, strict=False)), row[-1]])
        for row in rows
    ]


def show(lines: Iterable[str]) -> None:
    """Print `lines` for people."""
    sys.stdout.write("".join(f"{line}\n" for line in lines))


def write_json(value: Any, target: str) -> None:
    """Write `value` as JSON to the file `target`, or to standard output if it is `-`. Raises OSError."""
    import msgspec  # noqa: PLC0415  most commands print for people

    content = msgspec.json.format(msgspec.json.encode(value), indent=1) + b"\n"
    if target == "-":
        sys.stdout.flush()
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    else:
        Path(target).write_bytes(content)
