"""Places at which stimulus and twin differ, and references."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.catalogue.references import UnresolvedReferenceError, malformed, references, resolve
from conformance.catalogue.twins import differences, twin_differences

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=10,
)


@pytest.mark.parametrize(
    ("stimulus", "twin", "places"),
    [
        ({"a": {"b": 1}}, {"a": {"b": 2}}, ("a.b",)),
        ({"a": {"b": 1, "c": 2}}, {}, ("a",)),
        ({}, {"a": {"b": 1}}, ("a",)),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 2}}, ("a.b", "a.c")),
        ({"a": [1, 2]}, {"a": [1, 3]}, ("a",)),
        ({"a": "none"}, {"a": {"b": 1}}, ("a",)),
        ({"a": 1}, {"a": True}, ("a",)),
        ({"a": 1}, {"a": 1}, ()),
    ],
)
def test_a_place_is_one_leaf_or_one_branch_on_one_side(stimulus: Any, twin: Any, places: tuple[str, ...]) -> None:
    assert differences(stimulus, twin) == places


def test_the_actor_is_one_place_and_an_empty_twin_is_one_place() -> None:
    assert twin_differences({"a": 1}, "peer", {"a": 1, "as": "viewer"}) == ("as",)
    assert twin_differences({"a": 1, "b": 2}, "peer", {}) == ("with",)
    assert twin_differences({}, "viewer", {"as": "peer"}) == ("as",)
    assert twin_differences({"a": 1}, "viewer", {"as": "peer"}) == ("with", "as")
    assert twin_differences({}, "peer", {}) == ()


@given(VALUES)
def test_nothing_differs_from_itself(value: Any) -> None:
    assert differences(value, value) == ()


def test_a_whole_reference_keeps_its_type_and_one_within_text_is_written_out() -> None:
    scope = {"row": {"port": 80, "names": ["a"]}, "saved": {"data": {"id": "x", "list": [1, 2]}}}
    given_value = {"port": "${row.port}", "text": "p${row.port}-${saved.data.id}", "n": ["${row.names}"], "x": 1}
    assert resolve(given_value, scope) == {"port": 80, "text": "p80-x", "n": [["a"]], "x": 1}
    assert resolve("${saved.data.list.1}", scope) == 2


def test_an_unknown_name_is_told_with_the_nearest() -> None:
    with pytest.raises(UnresolvedReferenceError, match=r"`\$\{row.prt\}` names nothing -> did you mean `port`"):
        resolve("${row.prt}", {"row": {"port": 80}})


def test_partly_leaves_other_names_alone() -> None:
    assert resolve("${row.a} ${later.b}", {"row": {"a": 1}}, partly=True) == "1 ${later.b}"


def test_references_and_malformed_ones_are_found() -> None:
    value = {"a": ["${row.x}", "pre ${peer.name}"], "b": "${oops}", "c": "${row.x"}
    assert list(references(value)) == [("row", "x"), ("peer", "name")]
    assert list(malformed(value)) == ["${oops}", "${row.x"]


@given(VALUES)
def test_values_without_references_stay_as_they_are(value: Any) -> None:
    if not list(references(value)):
        assert resolve(value, {}) == value
