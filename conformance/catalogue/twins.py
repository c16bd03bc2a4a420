"""Compares a stimulus with its twin: at how many places do they differ?"""

from typing import Any


def twin_differences(stimulus: dict[str, Any], actor: str, twin: dict[str, Any]) -> tuple[str, ...]:
    """Return the places at which a step's `with` and actor differ from its `twin` (which may name another `as`).

    An empty twin is the operation done well, everything absent being good; it counts as one place.
    """
    parameters = {key: value for key, value in twin.items() if key != "as"}
    found = ("with",) if stimulus and not parameters else differences(stimulus, parameters)
    return found if twin.get("as", actor) == actor else (*found, "as")


def differences(stimulus: Any, twin: Any, place: str = "") -> tuple[str, ...]:
    """Return the places at which `stimulus` and `twin` differ.

    A place is the path of one value. A mapping that stands on one side only is one place, and so is a list.
    """
    if isinstance(stimulus, dict) and isinstance(twin, dict):
        found: tuple[str, ...] = ()
        for key in sorted(stimulus.keys() | twin.keys()):
            inner = f"{place}.{key}" if place else str(key)
            if key in stimulus and key in twin:
                found += differences(stimulus[key], twin[key], inner)
            else:
                found += (inner,)
        return found
    return () if type(stimulus) is type(twin) and stimulus == twin else (place,)
