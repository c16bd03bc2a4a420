"""JSON of a peer, read strictly: what is wrong with it is told beside what it says."""

import json
import re
from typing import Any

DEEPEST = 64
"""Levels of nesting that are read."""

_LONGEST_SENTENCE = 200
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_LARGEST_INTEGER = 1 << 63


class _Faults(list[str]):
    """What was found wrong while reading one text, and the reading of its parts."""

    def members(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in names if names.count(name) > 1)
            self.append(f"member {twice[:60]!a} stands twice")
        return found

    def constant(self, name: str) -> None:
        self.append(f"{name} is no JSON number")

    def number(self, digits: str) -> float | None:
        value = float(digits)
        if value in {float("inf"), float("-inf")}:
            self.append(f"{digits[:20]} is beyond any finite number")
            return None
        return value

    def integer(self, digits: str) -> float | int | None:
        value = int(digits)
        if abs(value) < _LARGEST_INTEGER:
            return value
        self.append(f"{digits[:20]}... is beyond 64 bits")
        return self.number(digits)


def read(text: bytes) -> tuple[Any, str | None]:
    """Return the value that `text` holds, and what is malformed about it or None (RFC 8259, RFC 7493).

    Malformed are duplicate member names (the last counts), NaN, infinities and numbers beyond a double (null in their
    place), integers beyond 64 bits, and halves of surrogate pairs (U+FFFD in their place). Text that is no JSON, or is
    nested deeper than 64 levels, has no value.
    """
    faults = _Faults()
    try:
        value = json.loads(
            text.decode(),
            object_pairs_hook=faults.members,
            parse_constant=faults.constant,
            parse_float=faults.number,
            parse_int=faults.integer,
        )
    except (ValueError, RecursionError) as error:
        return None, f"no JSON: {error}"[:_LONGEST_SENTENCE]
    if text.count(b"[") + text.count(b"{") > DEEPEST and _is_deeper(value, DEEPEST):
        return None, f"nested deeper than {DEEPEST} levels"
    if _SURROGATE.search(text):
        whole = _whole(value)
        if whole != value:
            faults.append("half of a surrogate pair is no character")
            value = whole
    return value, faults[0] if faults else None


def _is_deeper(value: Any, levels: int) -> bool:
    layer = [value]
    for _ in range(levels):
        layer = [inner for each in layer for inner in _containers(each)]
    return bool(layer)


def _containers(value: Any) -> list[Any]:
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [each for each in inside if isinstance(each, dict | list)]


def _whole(value: Any) -> Any:
    """Return `value` with U+FFFD for every half of a surrogate pair; its depth is bounded already."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {_whole(name): _whole(each) for name, each in value.items()}
    return [_whole(each) for each in value] if isinstance(value, list) else value
