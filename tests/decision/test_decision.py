"""The decision, held to its rule by examples and to its promises by property tests."""

import msgspec
from hypothesis import assume, given
from hypothesis import strategies as st

from conformance.assembly import AskedAt, assess
from conformance.decision import worst_word
from conformance.model.criterion import ConnectionPoint, Gate, Region
from conformance.model.finding import Assurance, Effect, Finding, Reason, Verdict
from conformance.model.report import Asked, Attempt, Decision, ItemResult, Word
from conformance.model.text import Text

POINT, REGION = ConnectionPoint.DISTRIBUTION, Region.JP
RANK = [Word.DO_NOT_CONNECT, Word.NOT_ASSESSED, Word.CONDITIONS, Word.CONNECT]
TITLE = Text(en="title", ja="題")


def asked(criterion: str, gate: Gate = Gate.CONNECT, level: int = 2, *, denied: bool = False) -> Asked:
    return Asked(criterion=criterion, title=TITLE, gate=gate, security_level=level, applies=True, denied=denied)


def item(
    criterion: str, number: int, verdict: Verdict, *, effect: Effect | None = None, status: str = "active"
) -> ItemResult:
    finding = Finding(
        reason=Reason.SERVED_AS_EXPECTED,
        step="1",
        expected=TITLE,
        observed=TITLE,
        effect=effect,
        assurance=Assurance.OBSERVED,
    )
    return ItemResult(
        id=f"{criterion}/case-{number}@distribution:https",
        criterion=criterion,
        vector=f"{criterion}/case-{number}",
        title=TITLE,
        behaviour="invalid",
        status=status,
        clauses=(),
        connection_point=POINT,
        binding="https",
        protocol="https",
        verdict=verdict,
        attempts=(Attempt(number=1, verdict=verdict, findings=(finding,), started="", duration_s=0),),
    )


def decide(criteria: list[Asked], items: list[ItemResult], *, partial: bool = False) -> Decision:
    place = AskedAt(connection_point=POINT, region=REGION, asked=tuple(criteria))
    _, decisions = assess([place], items, security_level=2, partial=partial)
    return decisions[0]


def test_all_pass_is_connect() -> None:
    assert decide([asked("PKI-01")], [item("PKI-01", 1, Verdict.PASS)]).word is Word.CONNECT


def test_a_failed_connect_gate_is_do_not_connect_even_beside_unresolved_ones() -> None:
    criteria = [asked("PKI-01"), asked("PKI-02")]
    decision = decide(criteria, [item("PKI-01", 1, Verdict.FAIL)])
    assert decision.word is Word.DO_NOT_CONNECT
    assert decision.blocking == ("PKI-01",)


def test_an_unresolved_restrict_gate_is_not_assessed() -> None:
    criteria = [asked("PKI-01"), asked("PKI-04", Gate.RESTRICT)]
    decision = decide(criteria, [item("PKI-01", 1, Verdict.PASS), item("PKI-04", 1, Verdict.INCONCLUSIVE)])
    assert decision.word is Word.NOT_ASSESSED
    assert decision.unresolved == ("PKI-04",)


def test_a_failed_restrict_gate_is_a_condition() -> None:
    criteria = [asked("PKI-01"), asked("PKI-04", Gate.RESTRICT)]
    decision = decide(criteria, [item("PKI-01", 1, Verdict.PASS), item("PKI-04", 1, Verdict.FAIL)])
    assert decision.word is Word.CONDITIONS
    assert len(decision.conditions) == 1


def test_a_finding_with_a_condition_makes_a_condition() -> None:
    effect = Effect(kind="condition", text=TITLE)
    assert decide([asked("PKI-01")], [item("PKI-01", 1, Verdict.PASS, effect=effect)]).word is Word.CONDITIONS


def test_a_cap_lowers_the_level_that_may_be_claimed() -> None:
    effect = Effect(kind="cap", text=TITLE, security_level=1)
    decision = decide([asked("TLS-04")], [item("TLS-04", 1, Verdict.PASS, effect=effect)])
    assert decision.capped_security_level == 1


def test_observe_gates_and_levels_above_the_one_aimed_at_never_matter() -> None:
    criteria = [asked("PKI-01"), asked("CTL-13", Gate.OBSERVE), asked("TLS-06", level=3)]
    items = [item("PKI-01", 1, Verdict.PASS), item("CTL-13", 1, Verdict.FAIL), item("TLS-06", 1, Verdict.FAIL)]
    assert decide(criteria, items).word is Word.CONNECT


def test_a_denied_mandatory_criterion_has_failed() -> None:
    assert decide([asked("PKI-01", denied=True)], []).word is Word.DO_NOT_CONNECT


def test_nothing_asked_is_not_assessed() -> None:
    assert decide([], []).word is Word.NOT_ASSESSED


def test_a_partial_run_is_never_a_decision() -> None:
    assert decide([asked("PKI-01")], [item("PKI-01", 1, Verdict.PASS)], partial=True).word is Word.NOT_ASSESSED


def test_drafts_are_shown_but_never_counted() -> None:
    items = [item("PKI-01", 1, Verdict.PASS), item("PKI-01", 2, Verdict.FAIL, status="draft")]
    assert decide([asked("PKI-01")], items).word is Word.CONNECT
    assert decide([asked("PKI-01")], items[1:]).word is Word.NOT_ASSESSED


def test_an_item_that_does_not_apply_resolves_nothing() -> None:
    assert decide([asked("PKI-01")], [item("PKI-01", 1, Verdict.NOT_APPLICABLE)]).word is Word.NOT_ASSESSED


def test_simulated_evidence_does_not_count_in_certification() -> None:
    simulated = msgspec.structs.replace(
        item("PKI-01", 1, Verdict.PASS),
        attempts=(
            Attempt(
                number=1,
                verdict=Verdict.PASS,
                started="",
                duration_s=0,
                findings=(
                    Finding(
                        reason=Reason.SERVED_AS_EXPECTED,
                        step="1",
                        expected=TITLE,
                        observed=TITLE,
                        assurance=Assurance.SIMULATED,
                    ),
                ),
            ),
        ),
    )
    place = AskedAt(connection_point=POINT, region=REGION, asked=(asked("PKI-01"),))
    _, lenient = assess([place], [simulated], security_level=2)
    _, strict = assess([place], [simulated], security_level=2, certification=True)
    assert lenient[0].word is Word.CONNECT
    assert strict[0].word is Word.NOT_ASSESSED


def test_the_worst_binding_counts_at_a_point() -> None:
    bad = msgspec.structs.replace(item("PKI-01", 1, Verdict.FAIL), id="x", binding="modbus")
    place = AskedAt(connection_point=POINT, region=REGION, asked=(asked("PKI-01"),))
    _, decisions = assess([place], [item("PKI-01", 1, Verdict.PASS), bad], security_level=2)
    words = {decision.binding: decision.word for decision in decisions}
    assert words == {None: Word.DO_NOT_CONNECT, "https": Word.CONNECT, "modbus": Word.DO_NOT_CONNECT}


def test_worst_word_of_regions() -> None:
    assert worst_word([Word.CONNECT, Word.NOT_ASSESSED]) is Word.NOT_ASSESSED
    assert worst_word([]) is Word.NOT_ASSESSED


CRITERIA = st.lists(
    st.builds(
        asked,
        st.sampled_from(["PKI-01", "PKI-02", "TLS-01", "AUD-01"]),
        st.sampled_from(Gate),
        st.integers(1, 3),
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda one: one.criterion,
)
EFFECTS = st.sampled_from([None, None, Effect(kind="condition", text=TITLE)])
ITEMS = st.lists(
    st.builds(
        lambda criterion, number, verdict, effect: item(criterion, number, verdict, effect=effect),
        st.sampled_from(["PKI-01", "PKI-02", "TLS-01", "AUD-01"]),
        st.integers(1, 99),
        st.sampled_from(Verdict),
        EFFECTS,
    ),
    max_size=8,
    unique_by=lambda one: one.id,
)


def rank(criteria: list[Asked], items: list[ItemResult]) -> int:
    return RANK.index(decide(criteria, items).word)


WORSE = st.sampled_from([Verdict.FAIL, Verdict.ERROR, Verdict.INCONCLUSIVE, Verdict.NOT_RUN])


@given(CRITERIA, ITEMS.filter(bool), WORSE, st.data())
def test_adding_anything_but_a_pass_never_improves_a_decision(
    criteria: list[Asked], items: list[ItemResult], verdict: Verdict, data: st.DataObject
) -> None:
    extra = item(data.draw(st.sampled_from(items)).criterion, 100, verdict)
    assume(any(one.verdict is not Verdict.NOT_APPLICABLE for one in items if one.criterion == extra.criterion))
    assert rank(criteria, [*items, extra]) <= rank(criteria, items)


@given(CRITERIA, ITEMS.filter(bool), st.data())
def test_not_running_a_case_never_improves_a_decision(
    criteria: list[Asked], items: list[ItemResult], data: st.DataObject
) -> None:
    position = data.draw(st.integers(0, len(items) - 1))
    not_run = msgspec.structs.replace(items[position], verdict=Verdict.NOT_RUN, attempts=())
    without = [*items[:position], not_run, *items[position + 1 :]]
    if items[position].verdict is Verdict.FAIL:
        assert rank(criteria, without) <= max(rank(criteria, items), RANK.index(Word.NOT_ASSESSED))
    else:
        assert rank(criteria, without) <= rank(criteria, items)


@given(CRITERIA, ITEMS, st.data())
def test_denying_a_criterion_never_leads_to_connect(
    criteria: list[Asked], items: list[ItemResult], data: st.DataObject
) -> None:
    position = data.draw(st.integers(0, len(criteria) - 1))
    one = criteria[position]
    assume(one.gate is not Gate.OBSERVE and one.security_level <= 2)
    denied = [*criteria[:position], msgspec.structs.replace(one, denied=True), *criteria[position + 1 :]]
    assert decide(denied, items).word is not Word.CONNECT
    if one.gate is Gate.CONNECT:
        assert decide(denied, items).word is Word.DO_NOT_CONNECT


@given(CRITERIA, ITEMS, st.data())
def test_leaving_a_criterion_out_of_the_ics_never_leads_to_connect(
    criteria: list[Asked], items: list[ItemResult], data: st.DataObject
) -> None:
    one = data.draw(st.sampled_from(criteria))
    assume(one.gate is not Gate.OBSERVE and one.security_level <= 2)
    left_out = [
        msgspec.structs.replace(row, verdict=Verdict.NOT_RUN, attempts=()) if row.criterion == one.criterion else row
        for row in items
    ]
    assert decide(criteria, left_out).word in {Word.NOT_ASSESSED, Word.DO_NOT_CONNECT}
