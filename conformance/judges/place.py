"""Finds places in an answer's data by a path such as `devices[].firmware_version`."""

import re
from typing import Any

_PART = re.compile(r"([A-Za-z0-9_-]+)((?:\[[0-9]*\])*)")
_INDEX = re.compile(r"\[([0-9]*)\]")


class _Missing:
    def __repr__(self) -> str:
        return "nothing"


MISSING: Any = _Missing()


def find(data: Any, path: str) -> list[Any]:
    """Return the values at `path`; `[]` fans out over a list, `[2]` picks one; a gap yields MISSING.

    Raises ValueError if `path` is not a path.
    """
    values = [data]
    for part in path.split("."):
        match = _PART.fullmatch(part)
        if match is None:
            raise ValueError(f"not a path: {path!r}")
        values = [value.get(match[1], MISSING) if isinstance(value, dict) else MISSING for value in values]
        for index in _INDEX.findall(match[2]):
            values = _all(values) if index == "" else [_one(value, int(index)) for value in values]
    return values


def _all(values: list[Any]) -> list[Any]:
    found: list[Any] = []
    for value in values:
        found.extend(value if isinstance(value, list) else [MISSING])
    return found


def _one(value: Any, index: int) -> Any:
    return value[index] if isinstance(value, list) and index < len(value) else MISSING
