"""Reads the body of a control: strict JSON, known fields only."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import TYPE_CHECKING

from reference_impl.order import Order
from reference_impl.problem import Problem
from reference_impl.rules.access import CONTROL_TYPES

if TYPE_CHECKING:
    from reference_impl.rules import Rules

FIELDS = frozenset({"id", "type", "value", "unit", "start", "expires"})
REQUIRED = frozenset({"id", "type", "value", "unit"})
IDENTITY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}")
RFC3339 = re.compile(r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})", re.ASCII)
DEEPEST = 8


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Problem(400, "malformed", "a field occurs twice")
    return found


def _object(body: bytes) -> dict[str, object]:
    if body.count(b"[") + body.count(b"{") > DEEPEST:
        raise Problem(400, "malformed", "the body is nested too deeply")
    try:
        found = json.loads(body.decode(), object_pairs_hook=_once)
    except ValueError:
        raise Problem(400, "malformed", "the body is not JSON in UTF-8") from None
    if not isinstance(found, dict):
        raise Problem(400, "malformed", "the body must be a JSON object")
    return found


def _time(raw: object, field: str) -> datetime | None:
    if raw is None:
        return None
    if not isinstance(raw, str) or not RFC3339.fullmatch(raw):
        raise Problem(400, "malformed", f"{field} must be a date and time of RFC 3339")
    try:
        return datetime.fromisoformat(raw.upper())
    except ValueError:
        raise Problem(400, "malformed", f"{field} must be a date and time of RFC 3339") from None


def read_order(body: bytes, rules: Rules) -> Order:
    """The order in a request body (RFC 8259); ranges are checked later.

    Raises Problem 400 `malformed`: no JSON, duplicate or unknown or missing fields, wrong types, NaN, unknown unit.
    """
    found = _object(body)
    unknown, missing = sorted(found.keys() - FIELDS), sorted(REQUIRED - found.keys())
    if unknown:
        raise Problem(400, "malformed", "the body has unknown fields")
    if missing:
        raise Problem(400, "malformed", f"the body lacks {', '.join(missing)}")
    identity, kind = found["id"], found["type"]
    if not isinstance(identity, str) or not IDENTITY.fullmatch(identity):
        raise Problem(400, "malformed", "id must be 1 to 128 letters, digits or . _ : -")
    if not isinstance(kind, str) or kind not in CONTROL_TYPES:
        raise Problem(400, "malformed", f"type must be one of {', '.join(CONTROL_TYPES)}")
    number = rules.number(found["value"])
    rules.finite(number)
    start, expires = _time(found.get("start"), "start"), _time(found.get("expires"), "expires")
    if start and expires and expires <= start:
        raise Problem(400, "malformed", "expires must be after start")
    return Order(id=identity, type=kind, value=number, unit=rules.unit(found["unit"]), start=start, expires=expires)
