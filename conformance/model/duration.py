"""Relative and absolute durations as people write them: `-60s`, `+1d`, `30m`."""

import re
from datetime import timedelta
from typing import Annotated

from msgspec import Meta

_PATTERN = r"^[+-]?[0-9]{1,6}(s|m|h|d|y)$"
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "y": 31_536_000}

Duration = Annotated[
    str,
    Meta(pattern=_PATTERN, description="a number and s, m, h, d or y; with a sign it is relative to now (-60s, +1d)"),
]


def seconds(duration: str) -> int:
    """Return `duration` in seconds, negative for the past. Raises ValueError for any other text."""
    if not re.match(_PATTERN, duration):
        raise ValueError(f"not a duration: {duration!r}")
    return int(duration[:-1]) * _SECONDS[duration[-1]]


def delta(duration: str) -> timedelta:
    """Return `duration` as a timedelta. Raises ValueError for any other text."""
    return timedelta(seconds=seconds(duration))
