"""Judges what an answer says: statements about places in it, and places that must not change."""

import re
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import msgspec

from conformance.judges.place import MISSING, find
from conformance.model.predicates import Assertion, Content, Unchanged
from conformance.model.text import Text
from conformance.model.transcript import StepRecord

_SHOWN = 120
_TYPES: dict[str, Callable[[Any], bool]] = {
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "text": lambda value: isinstance(value, str),
    "list": lambda value: isinstance(value, list),
    "mapping": lambda value: isinstance(value, dict),
    "boolean": lambda value: isinstance(value, bool),
}


def content_faults(record: StepRecord, expected: Content) -> list[Text]:
    """Return one sentence for each statement of `expected` that the answer does not satisfy."""
    answer = record.exchange.answer
    if answer is not None and answer.malformed is not None:
        why = answer.malformed
        return [Text(en=f"the answer cannot be read: {why}", ja=f"応答を読み取れない: {why}")]
    data = _data(record)
    return [fault for statement in expected.all_of for fault in _faults(data, statement)]


def unchanged_fault(before: StepRecord, after: StepRecord, expected: Unchanged) -> Text | None:
    """Return a sentence if the place differs between two answers, else None."""
    values = [find(_data(record), expected.at) for record in (before, after)]
    if values[0] == values[1]:
        return None
    return Text(
        en=f"{expected.at} was {_show(values[0])} before and is {_show(values[1])} now",
        ja=f"{expected.at} は {_show(values[0])} であったが、{_show(values[1])} に変わった",
    )


def _data(record: StepRecord) -> Any:
    """The answer's data; for a bare handshake, what is known of it."""
    exchange = record.exchange
    return exchange.answer.data if exchange.answer is not None else msgspec.to_builtins(exchange.tls)


def _faults(data: Any, statement: Assertion) -> list[Text]:
    values = find(data, statement.at)
    if not values or all(value is MISSING for value in values):
        return [] if statement.present is False else [_fault(statement.at, "is missing", "が存在しない")]
    if statement.present is False:
        return [_fault(statement.at, "is present", "が存在する")]
    return [*_set_faults(values, statement), *_each_fault(values, statement)]


def _set_faults(values: list[Any], statement: Assertion) -> list[Text]:
    at, faults = statement.at, []
    if statement.unique and len({repr(value) for value in values}) != len(values):
        twice = sorted({repr(value) for value in values if values.count(value) > 1})
        faults.append(_fault(at, f"holds {', '.join(twice)} more than once", f"に {', '.join(twice)} が重複している"))
    if statement.includes is not None:
        absent = [item for item in statement.includes if item not in values]
        if absent:
            faults.append(_fault(at, f"does not include {_show(absent)}", f"に {_show(absent)} が含まれない"))
    if statement.increases_by_one and not _counts_up(values):
        faults.append(_fault(at, "has a gap or goes back", "に欠番または逆行がある"))
    return faults


def _each_fault(values: list[Any], statement: Assertion) -> list[Text]:
    for position, value in enumerate(values):
        problem = _problem(value, statement)
        if problem is not None:
            place = f"{statement.at} [{position}]" if len(values) > 1 else statement.at
            return [_fault(place, f"is {_show(value)}, {problem.en}", f"は {_show(value)} であり、{problem.ja}")]
    return []


def _problem(value: Any, statement: Assertion) -> Text | None:
    number = _TYPES["number"](value)
    rules: tuple[tuple[bool, str, str], ...] = (
        (bool(statement.present) and value in (MISSING, None, "", [], {}), "empty", "空である"),
        (
            statement.equals is not None and value != statement.equals,
            f"not {_show(statement.equals)}",
            f"{_show(statement.equals)} ではない",
        ),
        (
            statement.one_of is not None and value not in (statement.one_of or ()),
            f"none of {_show(statement.one_of)}",
            f"{_show(statement.one_of)} のいずれでもない",
        ),
        (
            statement.matches is not None and not (isinstance(value, str) and re.fullmatch(statement.matches, value)),
            f"does not match {statement.matches}",
            f"{statement.matches} に一致しない",
        ),
        (
            statement.type is not None and not _TYPES[statement.type](value),
            f"no {statement.type}",
            f"型が {statement.type} ではない",
        ),
        (
            statement.at_least is not None and not (number and value >= statement.at_least),
            f"below {statement.at_least}",
            f"{statement.at_least} を下回る",
        ),
        (
            statement.at_most is not None and not (number and value <= statement.at_most),
            f"above {statement.at_most}",
            f"{statement.at_most} を上回る",
        ),
    )
    return next((Text(en=en, ja=ja) for broken, en, ja in rules if broken), None)


def _counts_up(values: list[Any]) -> bool:
    return all(_TYPES["number"](value) for value in values) and all(
        later == earlier + 1 for earlier, later in pairwise(values)
    )


def _fault(at: str, en: str, ja: str) -> Text:
    return Text(en=f"{at} {en}", ja=f"{at} {ja}")


def _show(value: object) -> str:
    shown = repr(value[0] if isinstance(value, list) and len(value) == 1 else value)
    return shown if len(shown) <= _SHOWN else shown[: _SHOWN - 3] + "..."
