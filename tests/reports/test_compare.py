import msgspec
import pytest
from report_sample import SERVED, attempt, sample

from conformance.model.finding import Reason, Verdict
from conformance.model.report import ItemResult, Report
from conformance.model.text import Language
from reports.compare import compare, render

EXPIRED = "PKI-02/client-leaf-expired@distribution:https"


def _with(report: Report, **changes: ItemResult) -> Report:
    return msgspec.structs.replace(report, items=tuple(changes.get(item.id, item) for item in report.items))


def _item(report: Report, name: str) -> ItemResult:
    return next(item for item in report.items if item.id == name)


def _as(item: ItemResult, verdict: Verdict, reason: Reason) -> ItemResult:
    finding = msgspec.structs.replace(SERVED, reason=reason)
    return msgspec.structs.replace(item, verdict=verdict, attempts=(attempt(1, verdict, finding),))


def test_a_run_does_not_differ_from_itself(report: Report) -> None:
    comparison = compare(report, report)
    assert comparison.comparable
    assert comparison.unchanged == len(report.items)
    assert "nothing changed" in render(comparison, Language.EN)
    assert "変化なし" in render(comparison, Language.JA)


def test_fixed_and_newly_failing_are_told_apart(report: Report) -> None:
    fixed = _with(report, **{EXPIRED: _as(_item(report, EXPIRED), Verdict.PASS, Reason.REFUSED_BY_TLS)})
    assert [change.item for change in compare(report, fixed).fixed] == [EXPIRED]
    (change,) = compare(fixed, report).newly_failing
    assert (change.before, change.after) == (Verdict.PASS, Verdict.FAIL)
    assert change.reasons_after == (Reason.SERVED_DESPITE_DEFECT,)


@pytest.mark.parametrize("verdict", [Verdict.NOT_RUN, Verdict.INCONCLUSIVE, Verdict.ERROR, Verdict.NOT_APPLICABLE])
def test_a_failure_that_is_only_gone_is_not_fixed(report: Report, verdict: Verdict) -> None:
    gone = _with(report, **{EXPIRED: msgspec.structs.replace(_item(report, EXPIRED), verdict=verdict, attempts=())})
    comparison = compare(report, gone)
    assert comparison.fixed == ()
    assert [change.item for change in comparison.changed_verdict] == [EXPIRED]


def test_the_same_verdict_for_another_reason_is_shown(report: Report) -> None:
    other = _with(report, **{EXPIRED: _as(_item(report, EXPIRED), Verdict.FAIL, Reason.REFUSED_ANOTHER_WAY)})
    (change,) = compare(report, other).changed_reason
    assert change.reasons_before == (Reason.SERVED_DESPITE_DEFECT,)
    text = render(compare(report, other), Language.EN)
    assert "(served despite the defect) -> ✕ Fail (refused, but not as the clause says)" in text


def test_items_that_only_one_run_has_are_listed(report: Report) -> None:
    shorter = sample(items=report.items[1:])
    assert compare(report, shorter).only_before == (report.items[0].id,)
    assert compare(shorter, report).only_after == (report.items[0].id,)


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"suite": "0.2.0"}, "!!! ATTENTION: the two runs differ in the test suite: 0.1.0 -> 0.2.0"),
        (
            {"edition": "2027"},
            "!!! ATTENTION: the two runs differ in the edition of the criteria: 2026-draft-1 -> 2027",
        ),
        ({"product": {"name": "Other"}}, "!!! ATTENTION: the two runs differ in the item under test: "),
    ],
)
def test_runs_of_different_things_are_called_out_loudly_and_first(
    report: Report, changes: dict[str, object], line: str
) -> None:
    comparison = compare(report, sample(**changes))
    assert not comparison.comparable
    assert render(comparison, Language.EN).splitlines()[1].startswith(line)
    assert "注意：二つの実行は" in render(comparison, Language.JA)


def test_a_changed_decision_is_shown_and_json_has_the_same(report: Report, calm: Report) -> None:
    comparison = compare(report, calm)
    assert "decision Distribution JP: Do not connect -> Not assessed" in render(comparison, Language.EN)
    value = msgspec.json.decode(msgspec.json.encode(comparison))
    assert value["decisions"][0]["after"] == "not-assessed"
    assert value["only_before"] == list(comparison.only_before)
