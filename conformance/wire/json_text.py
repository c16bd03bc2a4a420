"""JSON of a peer, read strictly: what is wrong with it is told beside what it says."""

import json
from typing import Any

_LONGEST_SENTENCE = 200


def read(text: bytes) -> tuple[Any, str | None]:
    """Return the value that `text` holds, and what is malformed about it or None (RFC 8259, RFC 7493).

    Duplicate member names, NaN, infinities and numbers beyond a double are malformed; a value is returned all the same,
    with null in place of such a number and the last of the members. Text that is no JSON at all has no value.
    """
    faults: list[str] = []

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in names if names.count(name) > 1)
            faults.append(f"member {twice[:60]!r} stands twice")
        return found

    def constant(name: str) -> None:
        faults.append(f"{name} is no JSON number")

    def number(digits: str) -> float | None:
        value = float(digits)
        if value in {float("inf"), float("-inf")}:
            faults.append(f"{digits[:20]} is beyond any finite number")
            return None
        return value

    try:
        value = json.loads(text.decode(), object_pairs_hook=members, parse_constant=constant, parse_float=number)
    except (ValueError, RecursionError) as error:
        return None, f"no JSON: {error}"[:_LONGEST_SENTENCE]
    return value, faults[0] if faults else None
