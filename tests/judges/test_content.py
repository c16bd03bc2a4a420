"""Answers are judged place by place, and state by comparison."""

from collections.abc import Callable
from typing import Any

import pytest
from exchanges import FORBIDDEN, SERVED, stimulus
from hypothesis import given
from hypothesis import strategies as st

from conformance.judges.place import find
from conformance.model.finding import Finding, Reason
from conformance.model.transcript import Ending, Exchange, Grant, ServiceAnswer

Judge = Callable[..., tuple[Finding, ...]]


def answer(data: Any) -> Exchange:
    good = ServiceAnswer(grant=Grant.GRANTED, native="HTTP 200", status=200, data=data)
    return Exchange(ending=Ending.OURS, duration_s=0.01, answer=good)


INVENTORY = {"devices": [{"id": "pv-1", "kind": "pv", "power": 5.0}, {"id": "bat-1", "kind": "battery", "power": 3}]}


@pytest.mark.parametrize(
    ("statement", "holds"),
    [
        ({"at": "devices[].id", "present": True}, True),
        ({"at": "devices[].maker", "present": True}, False),
        ({"at": "devices[].id", "unique": True}, True),
        ({"at": "devices[].kind", "includes": ["pv", "battery"]}, True),
        ({"at": "devices[].kind", "includes": ["dms"]}, False),
        ({"at": "devices[].kind", "one_of": ["pv", "battery"]}, True),
        ({"at": "devices[].power", "type": "number"}, True),
        ({"at": "devices[].power", "at_most": 4}, False),
        ({"at": "devices[0].id", "equals": "pv-1"}, True),
        ({"at": "devices[].id", "matches": "[a-z]+-[0-9]"}, True),
        ({"at": "devices[].id", "matches": "pv.*"}, False),
        ({"at": "nothing.here", "present": False}, True),
        ({"at": "nothing.here", "equals": 1}, False),
    ],
)
def test_a_statement_holds_or_not(judged: Judge, statement: dict[str, Any], holds: bool) -> None:
    steps = [{"op": "inventory.read", "expect": {"content": {"all_of": [statement]}}}]
    reason = judged(steps, [stimulus(answer(INVENTORY), operation="inventory.read")])[0].reason
    assert reason is (Reason.CONTENT_AS_EXPECTED if holds else Reason.CONTENT_WRONG)


def test_a_repeated_id_is_named(judged: Judge) -> None:
    twice = {"devices": [{"id": "pv-1"}, {"id": "pv-1"}]}
    steps = [{"op": "inventory.read", "expect": {"content": {"all_of": [{"at": "devices[].id", "unique": True}]}}}]
    finding = judged(steps, [stimulus(answer(twice), operation="inventory.read")])[0]
    assert "'pv-1'" in finding.observed.en
    assert "'pv-1'" in finding.observed.ja


@pytest.mark.parametrize(("numbers", "holds"), [([1, 2, 3], True), ([1, 3], False), ([2, 1], False), ([7], True)])
def test_sequence_numbers_without_gaps(judged: Judge, numbers: list[int], holds: bool) -> None:
    data = {"entries": [{"sequence": number} for number in numbers]}
    statement = {"at": "entries[].sequence", "increases_by_one": True}
    steps = [{"op": "log.read", "expect": {"content": {"all_of": [statement]}}}]
    reason = judged(steps, [stimulus(answer(data), operation="log.read")])[0].reason
    assert (reason is Reason.CONTENT_AS_EXPECTED) is holds


STATE = [
    {"op": "state.read", "save": "before"},
    {"op": "state.read", "expect": {"unchanged": {"since": "before", "at": "limits.export_limit.value"}}},
]


@pytest.mark.parametrize(("after", "reason"), [(3, Reason.STATE_UNCHANGED), (4, Reason.STATE_CHANGED)])
def test_a_state_that_must_not_change(judged: Judge, after: int, reason: Reason) -> None:
    records = [
        stimulus(answer({"limits": {"export_limit": {"value": value}}}), step, "state.read")
        for step, value in (("1", 3), ("2", after))
    ]
    assert judged(STATE, records)[-1].reason is reason


def test_a_refused_answer_has_no_content(judged: Judge) -> None:
    steps = [{"op": "inventory.read", "expect": {"content": {"all_of": [{"at": "devices", "present": True}]}}}]
    finding = judged(steps, [stimulus(FORBIDDEN, operation="inventory.read")])[0]
    assert finding.reason is Reason.REFUSED_ALTHOUGH_VALID


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=10,
)


@given(JSON, st.sampled_from(["a", "a.b", "a[].b", "a[0]", "a[][1].c"]))
def test_no_answer_is_too_odd_to_look_into(data: Any, path: str) -> None:
    assert isinstance(find(data, path), list)


def test_the_declared_answer_is_served(judged: Judge) -> None:
    assert (
        judged([{"op": "service.read", "expect": "served"}], [stimulus(SERVED)])[0].reason is Reason.SERVED_AS_EXPECTED
    )
