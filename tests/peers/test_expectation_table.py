"""The tables themselves: complete, without contradiction, and compared both ways."""

import pytest
from expectation_table import Bad, Good, Outcome, Replacement, Table, differences, load_table
from peer_server import PEERS

from conformance.model.finding import Reason, Verdict

SENTENCE = "a sentence that says why this is right"


def test_a_difference_is_told_in_both_directions() -> None:
    expected = {"A": "pass", "B": "fail: served-despite-defect", "C": "pass"}
    seen = {"A": "pass", "B": "pass", "D": "pass"}

    assert differences(expected, seen) == [
        "B: expected fail: served-despite-defect, observed pass",
        "C: expected pass, observed no such item",
        "D: expected no such item, observed pass",
    ]


def test_a_bad_configuration_changes_its_listed_items_only() -> None:
    table = _table(Outcome(verdict=Verdict.FAIL, reason=Reason.CLEARTEXT_SERVICE, why=SENTENCE, items=("B",)))

    assert table.expected("bad") == {"A": "pass", "B": "fail: cleartext-service"}


@pytest.mark.parametrize("items", [("B", "B"), ("A", "C")])
def test_an_item_listed_twice_or_unknown_is_refused(items: tuple[str, ...]) -> None:
    table = _table(Outcome(verdict=Verdict.FAIL, reason=Reason.CLEARTEXT_SERVICE, why=SENTENCE, items=items))

    with pytest.raises(ValueError, match=r"twice|not an item"):
        table.check()


def test_a_change_that_changes_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="changes nothing"):
        _table(Outcome(verdict=Verdict.PASS, why=SENTENCE, items=("B",))).check()


def test_a_directive_that_is_not_in_the_good_configuration_is_refused() -> None:
    with pytest.raises(ValueError, match="not exactly once"):
        _table().configuration("bad", "listen 1;")


@pytest.mark.parametrize("server", PEERS)
def test_a_server_has_at_least_eight_bad_configurations_and_each_is_found(server: str) -> None:
    bad = load_table(server).bad

    assert len(bad) >= 8
    assert not [name for name, one in bad.items() if not any(each.verdict is Verdict.FAIL for each in one.changes)]


def _table(*changes: Outcome) -> Table:
    bad = Bad(defect="something is wrong", replace=(Replacement(good="tls on;", bad=""),), changes=changes)
    return Table(server="nobody", good=Good(passes=("A", "B"), otherwise=()), bad={"bad": bad})
