"""Refusal means that the protected service was not given; a twin binds it to its reason."""

from collections.abc import Callable

import pytest
from exchanges import ALERT, CLOSED, CUT, FORBIDDEN, GONE, SERVED, SILENT, UNDECIPHERABLE, stimulus, twin

from conformance.judges import verdict_of
from conformance.model.finding import Finding, Reason, Verdict
from conformance.model.transcript import Ending, Exchange, Grant, ServiceAnswer

Judge = Callable[..., tuple[Finding, ...]]
REFUSED = [{"op": "service.read", "expect": "refused", "twin": {}}]


@pytest.mark.parametrize(
    ("exchange", "reason"),
    [
        (ALERT, Reason.REFUSED_BY_TLS),
        (CUT, Reason.REFUSED_BY_TLS),
        (UNDECIPHERABLE, Reason.REFUSED_BY_TLS),
        (FORBIDDEN, Reason.REFUSED_BY_APPLICATION),
        (CLOSED, Reason.REFUSED_BY_APPLICATION),
        (SERVED, Reason.SERVED_DESPITE_DEFECT),
        (SILENT, Reason.NO_ANSWER),
        (GONE, Reason.UNREACHABLE),
    ],
)
def test_each_way_to_answer_a_defect_has_its_reason(judged: Judge, exchange: Exchange, reason: Reason) -> None:
    findings = judged(REFUSED, [stimulus(exchange), twin(SERVED)])
    assert [finding.reason for finding in findings] == [reason, Reason.SERVED_AS_EXPECTED]


def test_a_refusal_without_a_served_twin_proves_nothing(judged: Judge) -> None:
    findings = judged(REFUSED, [stimulus(ALERT), twin(FORBIDDEN)])
    assert verdict_of(findings) is Verdict.INCONCLUSIVE
    assert findings[1].reason is Reason.TWIN_NOT_SERVED


def test_a_served_defect_is_a_failure_whatever_the_twin_did(judged: Judge) -> None:
    assert verdict_of(judged(REFUSED, [stimulus(SERVED), twin(GONE)])) is Verdict.FAIL


def test_another_page_than_the_declared_one_is_not_the_protected_service(judged: Judge) -> None:
    login = Exchange(
        ending=Ending.OURS,
        duration_s=0.01,
        answer=ServiceAnswer(grant=Grant.GRANTED, native="HTTP 200", status=200, data={"login": "please"}),
    )
    findings = judged(REFUSED, [stimulus(login), twin(SERVED)])
    assert findings[0].reason is Reason.REFUSED_BY_APPLICATION


def test_a_valid_stimulus_that_is_refused_is_a_failure(judged: Judge) -> None:
    findings = judged([{"op": "service.read", "expect": "served"}], [stimulus(ALERT)])
    assert findings[0].reason is Reason.REFUSED_ALTHOUGH_VALID
    assert "certificate_expired (45)" in findings[0].observed.en
    assert "certificate_expired (45)" in findings[0].observed.ja


def test_an_alert_is_judged_only_where_the_vector_names_it(judged: Judge) -> None:
    named = [{"op": "service.read", "expect": {"refused": {"alerts": ["bad_certificate"]}}}]
    assert judged(named, [stimulus(ALERT)])[0].reason is Reason.REFUSED_ANOTHER_WAY
    assert judged(REFUSED[:1], [stimulus(ALERT)])[0].verdict is Verdict.PASS


def test_a_preparation_that_is_not_served_makes_the_item_inconclusive(judged: Judge) -> None:
    steps = [{"op": "state.read"}, {"op": "service.read", "expect": "served"}]
    findings = judged(steps, [stimulus(FORBIDDEN, "1", "state.read"), stimulus(SERVED, "2")])
    assert findings[0].reason is Reason.PRECONDITION_NOT_MET
    assert verdict_of(findings) is Verdict.INCONCLUSIVE


def test_no_observation_at_all_is_our_own_trouble(judged: Judge) -> None:
    assert verdict_of(judged(REFUSED, [])) is Verdict.ERROR
