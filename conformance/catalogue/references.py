"""References in vectors: `${row.x}`, `${profile.x}`, `${ixit.x}`, `${peer.x}`, `${saved.field}`; no expressions."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from conformance.catalogue.problem import did_you_mean
from conformance.model.endpoint import Endpoint
from conformance.model.text import Text

REFERENCE_PATTERN = r"\$\{[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+\}"
SCOPES = ("row", "profile", "ixit", "peer")

_REFERENCE = re.compile(REFERENCE_PATTERN)
_OPENING = re.compile(r"\$\{[^}]*\}?")

IXIT_SAMPLES: Mapping[str, float] = {
    "rated_power_W": 10_000.0,
    "security_level": 2,
    "response_s": 5.0,
    "clock_tolerance_s": 2.0,
    "power_tolerance_percent": 2.0,
    "export_limit_low_W": 0.0,
    "export_limit_high_W": 10_000.0,
}
PEER_SAMPLES: Mapping[str, str] = {"name": "utility.mgcc.example", "domain": "mgcc.example"}


class UnresolvedReferenceError(Exception):
    """A reference names nothing; `message` and `advice` say so in both languages."""

    def __init__(self, reference: str, message: Text, advice: Text) -> None:
        super().__init__(f"{message.en} -> {advice.en}")
        self.reference, self.message, self.advice = reference, message, advice


def ixit_values(endpoint: Endpoint) -> dict[str, Any]:
    """Return what `${ixit.x}` may name for `endpoint`: powers in W, times in s; what it does not declare is absent."""
    declared, envelope = endpoint.declared, endpoint.envelope
    values: dict[str, Any] = {
        "rated_power_W": endpoint.rated_power_W,
        "security_level": endpoint.security_level,
        "response_s": declared.response_s,
        "clock_tolerance_s": declared.clock_tolerance_s,
        "power_tolerance_percent": declared.power_tolerance_percent,
        "export_limit_low_W": envelope.export_limit_W[0] if envelope else None,
        "export_limit_high_W": envelope.export_limit_W[1] if envelope else None,
    }
    return {name: value for name, value in values.items() if value is not None}


def references(value: Any) -> Iterator[tuple[str, ...]]:
    """Yield every reference in `value` as its names: `${row.client}` is `("row", "client")`."""
    if isinstance(value, str):
        if "${" in value:
            for match in _REFERENCE.finditer(value):
                yield tuple(match.group()[2:-1].split("."))
    elif isinstance(value, dict):
        for item in value.values():
            yield from references(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from references(item)


def malformed(value: Any) -> Iterator[str]:
    """Yield every text in `value` that opens a reference and is none."""
    if isinstance(value, str):
        if "${" in value:
            yield from (found for found in _OPENING.findall(value) if not _REFERENCE.fullmatch(found))
    elif isinstance(value, dict):
        for item in value.values():
            yield from malformed(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from malformed(item)


def resolve(value: Any, scope: Mapping[str, Any], *, partly: bool = False) -> Any:
    """Return `value` with its references replaced from `scope` (name -> mapping of fields, nested as dotted).

    A text that is nothing but a reference takes the type of what it names; within other text it is written out.
    With `partly`, references to names outside `scope` stay as they are. Raises UnresolvedReferenceError.
    """
    if isinstance(value, str):
        return _resolve_text(value, scope, partly=partly) if "${" in value else value
    if isinstance(value, dict):
        return {key: resolve(item, scope, partly=partly) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [resolve(item, scope, partly=partly) for item in value]
    return value


def _resolve_text(text: str, scope: Mapping[str, Any], *, partly: bool) -> Any:
    def look_up(reference: str) -> Any:
        names = reference[2:-1].split(".")
        if partly and names[0] not in scope:
            return reference
        return _walk(reference, names, scope)

    if _REFERENCE.fullmatch(text):
        return look_up(text)
    return _REFERENCE.sub(lambda match: str(look_up(match.group())), text)


def _walk(reference: str, names: list[str], scope: Mapping[str, Any]) -> Any:
    value: Any = scope
    for name in names:
        if isinstance(value, Mapping) and name in value:
            value = value[name]
        elif isinstance(value, list | tuple) and name.isdecimal() and int(name) < len(value):
            value = value[int(name)]
        else:
            known = [str(key) for key in value] if isinstance(value, Mapping) else []
            message = Text(f"`{reference}` names nothing", f"`{reference}` の参照先がない。")
            raise UnresolvedReferenceError(reference, message, did_you_mean(name, known))
    return value
