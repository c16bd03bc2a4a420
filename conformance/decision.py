"""Computes the decision: a pure function of the criteria asked, the claims made, and all verdicts."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from conformance.model.criterion import ConnectionPoint, Gate, Region
from conformance.model.finding import Assurance, Effect, Verdict, worst
from conformance.model.report import Asked, CriterionResult, Decision, ItemResult, Word
from conformance.model.text import Text

RULE = Text(
    en=(
        "Per connection point and region, over the criteria mandatory at the security level aimed at: "
        "1. any connect-gate criterion failed: do not connect; 2. else any connect- or restrict-gate criterion "
        "unresolved (inconclusive, test-system error or not run): not assessed; 3. else any restrict-gate criterion "
        "failed, or a finding that carries a condition: connect with conditions; 4. else connect. Observe-gate "
        "criteria never change it."
    ),
    ja=(
        "接続点及び地域ごとに、目標セキュリティレベルで必須となる基準について次の順に判定する。"
        "1. 接続ゲートの基準が一つでも不適合なら接続不可。2. そうでなく、接続又は制限ゲートの基準に未解決"
        "（判定不能・試験系異常・未実施）があれば未評価。3. そうでなく、制限ゲートの基準に不適合があるか、"
        "条件を伴う所見があれば条件付き接続可。4. それ以外は接続可。観察ゲートの基準は判定を変えない。"
    ),
)

_ORDER = (Word.DO_NOT_CONNECT, Word.NOT_ASSESSED, Word.CONDITIONS, Word.CONNECT)
_UNRESOLVED = frozenset({Verdict.INCONCLUSIVE, Verdict.ERROR, Verdict.NOT_RUN})


def worst_word(words: Iterable[Word]) -> Word:
    """Return the worst of several decisions; none at all is *not assessed*."""
    present = set(words)
    return next((word for word in _ORDER if word in present), Word.NOT_ASSESSED)


def criterion_result(
    asked: Asked,
    items: Sequence[ItemResult],
    *,
    point: ConnectionPoint,
    region: Region,
    security_level: int,
    binding: str | None = None,
    count_simulated: bool = True,
) -> CriterionResult:
    """Return what became of one criterion, given every item of it at that point and region.

    Draft items are shown, never counted. A denied criterion has failed (static conformance review, ISO/IEC 9646-5);
    one without any counted item is not run. With `count_simulated` false (certification), simulated evidence
    resolves nothing.
    """
    counted = [item for item in items if item.status == "active"]
    verdicts = [_verdict(item, count_simulated=count_simulated) for item in counted]
    if not asked.applies:
        verdict = Verdict.NOT_APPLICABLE
    elif asked.denied:
        verdict = Verdict.FAIL
    else:
        verdict = worst(verdicts)
        if verdict is Verdict.NOT_APPLICABLE:
            verdict = Verdict.NOT_RUN
    return CriterionResult(
        criterion=asked.criterion,
        title=asked.title,
        connection_point=point,
        region=region,
        binding=binding,
        gate=asked.gate,
        security_level=asked.security_level,
        mandatory=asked.security_level <= security_level,
        verdict=verdict,
        failed=verdict is Verdict.FAIL,
        unresolved=verdict in _UNRESOLVED or (asked.applies and bool(_UNRESOLVED.intersection(verdicts))),
        why=_why(asked, verdict, items),
        items=tuple(item.id for item in items),
        cure_by=asked.cure_by,
    )


def _verdict(item: ItemResult, *, count_simulated: bool) -> Verdict:
    simulated = any(
        finding.assurance is Assurance.SIMULATED for attempt in item.attempts for finding in attempt.findings
    )
    if item.verdict is Verdict.PASS and simulated and not count_simulated:
        return Verdict.NOT_RUN
    return item.verdict


def _why(asked: Asked, verdict: Verdict, items: Sequence[ItemResult]) -> Text | None:
    if verdict is Verdict.NOT_APPLICABLE:
        return Text(en="does not apply to this product", ja="この製品には適用されない")
    if asked.denied:
        return Text(en="the supplier states that it is not implemented", ja="供給者が未実装と申告している")
    if verdict is Verdict.NOT_RUN:
        return asked.why_not_run or next((item.why for item in items if item.why is not None), None)
    return None


def decide(
    results: Sequence[CriterionResult],
    items: Sequence[ItemResult],
    *,
    point: ConnectionPoint,
    region: Region,
    security_level: int,
    binding: str | None = None,
    partial: bool = False,
) -> Decision:
    """Return the decision by RULE from the criteria of one connection point and region.

    `partial` marks a run of selected items, whose decision is always *not assessed*.
    """
    mandatory = [result for result in results if result.mandatory and result.gate is not Gate.OBSERVE]
    blocking = [r.criterion for r in mandatory if r.failed and r.gate is Gate.CONNECT]
    unresolved = [r.criterion for r in mandatory if r.unresolved]
    effects = _effects(items, {result.criterion for result in mandatory})
    conditions = [_condition(r) for r in mandatory if r.failed and r.gate is Gate.RESTRICT]
    conditions += [effect.text for effect in effects if effect.kind == "condition"]
    caps = [e.security_level for e in effects if e.kind == "cap" and e.security_level is not None]
    return Decision(
        connection_point=point,
        region=region,
        binding=binding,
        word=_word(mandatory, blocking, unresolved, conditions, partial=partial),
        security_level=security_level,
        capped_security_level=min(caps, default=None),
        partial=partial,
        blocking=tuple(blocking),
        unresolved=tuple(unresolved),
        conditions=tuple(conditions),
        counts=dict(Counter(item.verdict for item in items if item.status == "active")),
    )


def _word(
    mandatory: Sequence[CriterionResult],
    blocking: Sequence[str],
    unresolved: Sequence[str],
    conditions: Sequence[Text],
    *,
    partial: bool,
) -> Word:
    if partial:
        return Word.NOT_ASSESSED
    if blocking:
        return Word.DO_NOT_CONNECT
    if unresolved or not mandatory:
        return Word.NOT_ASSESSED
    return Word.CONDITIONS if conditions else Word.CONNECT


def _effects(items: Sequence[ItemResult], mandatory: set[str]) -> list[Effect]:
    return [
        finding.effect
        for item in items
        if item.status == "active" and item.criterion in mandatory
        for attempt in item.attempts
        for finding in attempt.findings
        if finding.effect is not None
    ]


def _condition(result: CriterionResult) -> Text:
    until = (
        Text(en=f" by {result.cure_by}", ja=f"（期限 {result.cure_by}）") if result.cure_by else Text(en=" ", ja=" ")
    )
    return Text(
        en=f"{result.criterion} {result.title.en}: cure{until.en}".rstrip(),
        ja=f"{result.criterion} {result.title.ja}: 是正すること{until.ja}".rstrip(),
    )


def group_by_criterion(items: Iterable[ItemResult]) -> Mapping[str, list[ItemResult]]:
    """Return the items by criterion, in their order."""
    grouped: dict[str, list[ItemResult]] = {}
    for item in items:
        grouped.setdefault(item.criterion, []).append(item)
    return grouped
