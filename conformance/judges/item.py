"""Judges one item: each step's expectation, then its twin's; the worst finding is the verdict."""

from collections.abc import Callable
from typing import Any

import msgspec

from conformance.judges import negotiation
from conformance.judges.certificate import certificate_faults
from conformance.judges.content import content_faults, unchanged_fault
from conformance.judges.log import log_fault
from conformance.judges.outcome import Outcome, describe, outcome
from conformance.model.finding import Effect, Finding, Reason, Verdict, worst
from conformance.model.operations import OPERATIONS, Height
from conformance.model.predicates import (
    PREDICATES,
    Content,
    Logged,
    Negotiated,
    NotNegotiated,
    PeerCertificate,
    Refused,
    Unchanged,
)
from conformance.model.text import Text
from conformance.model.transcript import Context, Side, StepRecord, Transcript
from conformance.model.vector import Step, walk


def judge(transcript: Transcript) -> tuple[Finding, ...]:
    """Return the findings of an item, from its transcript alone."""
    if transcript.trouble is not None:
        trouble = Text(en=transcript.trouble, ja=transcript.trouble)
        return (_trouble(trouble),)
    bench = _Bench(transcript)
    findings = [finding for record in transcript.steps for finding in bench.judge(record)]
    return tuple(findings) or (_trouble(Text(en="nothing was observed", ja="観測結果がない")),)


def verdict_of(findings: tuple[Finding, ...]) -> Verdict:
    """Return the verdict of an item: that of its worst finding."""
    return worst(finding.verdict for finding in findings)


def _trouble(observed: Text) -> Finding:
    expected = Text(en="the suite performs the item", ja="試験系が項目を実施する")
    return Finding(reason=Reason.SUITE_TROUBLE, step="", expected=expected, observed=observed)


class _Bench:
    """The judge's bench: the transcript, and its steps by place and by saved name."""

    def __init__(self, transcript: Transcript) -> None:
        self.context: Context = transcript.context
        self.clause = "; ".join(transcript.vector.clauses)
        self.steps = dict(walk(transcript.vector.steps))
        self.saved = {
            self.steps[record.step].save: record
            for record in transcript.steps
            if record.side is Side.STIMULUS and self.steps[record.step].save
        }

    def judge(self, record: StepRecord) -> list[Finding]:
        step = self.steps[record.step]
        if record.unsupported is not None:
            return [self._unsupported(record, record.unsupported)]
        if record.side is Side.TWIN:
            return [self._twin(record, step)]
        if step.expect is None:
            return self._preparation(record)
        expectations = {step.expect: {}} if isinstance(step.expect, str) else step.expect
        return [
            _PREDICATES[name](self, record, msgspec.convert(arguments or {}, PREDICATES[name].arguments))
            for name, arguments in expectations.items()
        ]

    def finding(self, record: StepRecord, reason: Reason, expected: Text, observed: Text) -> Finding:
        return Finding(
            reason=reason,
            step=f"{record.step}{' twin' if record.side is Side.TWIN else ''}",
            expected=expected,
            observed=observed,
            clause=self.clause,
        )

    def _unsupported(self, record: StepRecord, why: str) -> Finding:
        expected = Text(en="this binding can carry the stimulus", ja="このバインディングで刺激を送出できる")
        return self.finding(record, Reason.PRECONDITION_NOT_MET, expected, Text(en=why, ja=why))

    def _preparation(self, record: StepRecord) -> list[Finding]:
        if OPERATIONS[record.operation].height is Height.WIRE:
            return []
        result = outcome(record, self.context.service_check)
        if result is Outcome.SERVED:
            return []
        expected = Text(en="this preparation succeeds", ja="この準備手順が成功する")
        reason = Reason.HOOK_FAILED if record.operation == "hook.call" else Reason.PRECONDITION_NOT_MET
        return [self.finding(record, reason, expected, describe(record.exchange, result))]

    def _twin(self, record: StepRecord, step: Step) -> Finding:
        names = [step.expect] if isinstance(step.expect, str) else list(step.expect or {})
        if "not-negotiated" in names:
            expected = Text(en="the same offer without the defect is taken up", ja="欠陥のない同じ提案が選択される")
            taken = negotiation.negotiated(record.exchange)
            reason = Reason.NEGOTIATED_AS_EXPECTED if taken else Reason.TWIN_NOT_SERVED
            return self.finding(record, reason, expected, negotiation.describe(record.exchange))
        result = outcome(record, self.context.service_check)
        if names == ["served"]:
            expected = Text(en="the twin is refused", ja="対となる刺激は拒否される")
            reason = _refusal_reason(result) if result.refused else Reason.SERVED_DESPITE_DEFECT
            return self.finding(record, reason, expected, describe(record.exchange, result))
        expected = Text(en="the same without the defect is served", ja="欠陥のない同じ刺激には応答する")
        reason = Reason.SERVED_AS_EXPECTED if result is Outcome.SERVED else Reason.TWIN_NOT_SERVED
        return self.finding(record, reason, expected, describe(record.exchange, result))


def _refusal_reason(result: Outcome) -> Reason:
    return Reason.REFUSED_BY_TLS if result is Outcome.REFUSED_BY_TLS else Reason.REFUSED_BY_APPLICATION


_UNDECIDED = {
    Outcome.NO_ANSWER: Reason.NO_ANSWER,
    Outcome.LOST: Reason.CONNECTION_LOST,
    Outcome.UNREACHABLE: Reason.UNREACHABLE,
}


def _refused_although_valid(bench: _Bench) -> Reason:
    """A refusal counts against the product only if it served the rightful peer before the run."""
    return Reason.REFUSED_ALTHOUGH_VALID if bench.context.peer_was_served else Reason.PRECONDITION_NOT_MET


def _served(bench: _Bench, record: StepRecord, _arguments: Any) -> Finding:
    result = outcome(record, bench.context.service_check)
    reason = _UNDECIDED.get(result, _refused_although_valid(bench))
    if result is Outcome.SERVED:
        reason = Reason.SERVED_AS_EXPECTED
    return bench.finding(record, reason, PREDICATES["served"].title, describe(record.exchange, result))


def _refused(bench: _Bench, record: StepRecord, arguments: Refused) -> Finding:
    result = outcome(record, bench.context.service_check)
    observed = describe(record.exchange, result)
    expected = PREDICATES["refused"].title
    if result is Outcome.SERVED:
        return bench.finding(record, Reason.SERVED_DESPITE_DEFECT, expected, observed)
    if not result.refused:
        return bench.finding(record, _UNDECIDED[result], expected, observed)
    if not _refused_as_named(record, result, arguments):
        named = ", ".join((*arguments.alerts, *map(str, arguments.status))) or arguments.by
        expected = Text(en=f"the service is refused by {named}", ja=f"サービスが {named} によって拒否される")
        return bench.finding(record, Reason.REFUSED_ANOTHER_WAY, expected, observed)
    return bench.finding(record, _refusal_reason(result), expected, observed)


def _refused_as_named(record: StepRecord, result: Outcome, arguments: Refused) -> bool:
    tls, answer = record.exchange.tls, record.exchange.answer
    by_tls = result is Outcome.REFUSED_BY_TLS
    if arguments.by != "any" and by_tls is not (arguments.by == "tls"):
        return False
    if arguments.alerts and (tls is None or tls.alert_received not in arguments.alerts):
        return False
    return not arguments.status or (answer is not None and answer.status in arguments.status)


def _attempted(bench: _Bench, record: StepRecord, _arguments: Any) -> Finding:
    result = outcome(record, bench.context.service_check)
    reason = Reason.UNREACHABLE if result is Outcome.UNREACHABLE else Reason.CONTENT_AS_EXPECTED
    return bench.finding(record, reason, PREDICATES["attempted"].title, describe(record.exchange, result))


def _negotiated(bench: _Bench, record: StepRecord, arguments: Negotiated) -> Finding:
    taken = negotiation.negotiated(record.exchange)
    observed = negotiation.describe(record.exchange)
    expected = PREDICATES["negotiated"].title
    if arguments.version is not None:
        expected = Text(en=f"{arguments.version} is negotiated", ja=f"{arguments.version} が選択される")
        taken = taken and negotiation.chosen_version(record.exchange) == arguments.version
    if taken is None:
        return bench.finding(record, _no_reaction(record), expected, observed)
    required = Reason.NOT_NEGOTIATED_ALTHOUGH_REQUIRED
    if record.operation == "tls.handshake" and not bench.context.peer_was_served:
        required = Reason.PRECONDITION_NOT_MET
    reason = Reason.NEGOTIATED_AS_EXPECTED if taken else required
    return bench.finding(record, reason, expected, observed)


def _not_negotiated(bench: _Bench, record: StepRecord, arguments: NotNegotiated) -> Finding:
    taken = negotiation.negotiated(record.exchange)
    observed = negotiation.describe(record.exchange)
    expected = PREDICATES["not-negotiated"].title
    if taken is None:
        return bench.finding(record, _no_reaction(record), expected, observed)
    suite, cap = negotiation.chosen_suite(record.exchange), arguments.declared_legacy_caps
    if taken and cap is not None and suite in bench.context.legacy_suites:
        finding = bench.finding(record, Reason.DECLARED_LEGACY, expected, observed)
        return msgspec.structs.replace(finding, effect=_legacy(suite, cap))
    reason = Reason.NEGOTIATED_FORBIDDEN if taken else Reason.NOT_NEGOTIATED
    return bench.finding(record, reason, expected, observed)


def _legacy(suite: str | None, cap: int) -> Effect:
    text = Text(
        en=f"{suite} is a declared legacy suite; no more than SL{cap} can be claimed",
        ja=f"{suite} は申告された旧方式の暗号スイートであり、SL{cap}を超えるレベルは主張できない",
    )
    return Effect(kind="cap", text=text, security_level=cap)


def _no_reaction(record: StepRecord) -> Reason:
    return Reason.NO_ANSWER if record.exchange.connected else Reason.UNREACHABLE


def _not_serving(bench: _Bench, record: StepRecord, _arguments: Any) -> Finding:
    result = outcome(record, bench.context.service_check)
    reason = Reason.CLEARTEXT_SERVICE if result is Outcome.SERVED else Reason.PORT_CLOSED
    return bench.finding(record, reason, PREDICATES["not-serving"].title, describe(record.exchange, result))


def _content(bench: _Bench, record: StepRecord, arguments: Content) -> Finding:
    result = outcome(record, bench.context.service_check)
    expected = Text(
        en="; ".join(_statement(statement) for statement in arguments.all_of),
        ja="; ".join(_statement(statement) for statement in arguments.all_of),
    )
    if result is not Outcome.SERVED:
        reason = _refused_although_valid(bench) if result.refused else _UNDECIDED[result]
        return bench.finding(record, reason, expected, describe(record.exchange, result))
    faults = content_faults(record, arguments)
    if faults:
        return bench.finding(record, Reason.CONTENT_WRONG, expected, _joined(faults))
    return bench.finding(record, Reason.CONTENT_AS_EXPECTED, expected, Text(en="as expected", ja="期待どおり"))


def _statement(statement: Any) -> str:
    given = msgspec.to_builtins(statement)
    at = given.pop("at")
    return f"{at} " + ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in given.items())


def _unchanged(bench: _Bench, record: StepRecord, arguments: Unchanged) -> Finding:
    expected = Text(en=f"{arguments.at} is unchanged", ja=f"{arguments.at} が変化しない")
    before = bench.saved.get(arguments.since)
    result = outcome(record, bench.context.service_check)
    if before is None or result is not Outcome.SERVED:
        return bench.finding(record, Reason.PRECONDITION_NOT_MET, expected, describe(record.exchange, result))
    fault = unchanged_fault(before, record, arguments)
    if fault is not None:
        return bench.finding(record, Reason.STATE_CHANGED, expected, fault)
    return bench.finding(record, Reason.STATE_UNCHANGED, expected, Text(en="unchanged", ja="変化なし"))


def _logged(bench: _Bench, record: StepRecord, arguments: Logged) -> Finding:
    codes = " / ".join(arguments.codes or arguments.categories) or "any"
    expected = Text(en=f"the log has an entry ({codes})", ja=f"ログに記録がある（{codes}）")
    attempt = bench.saved.get(arguments.of)
    result = outcome(record, bench.context.service_check)
    if attempt is None or result is not Outcome.SERVED:
        return bench.finding(record, Reason.PRECONDITION_NOT_MET, expected, describe(record.exchange, result))
    unread = record.exchange.answer.malformed if record.exchange.answer is not None else None
    if unread is not None:
        observed = Text(en=f"the log was not read whole: {unread}", ja=f"ログ全体を読み取れない: {unread}")
        return bench.finding(record, Reason.PRECONDITION_NOT_MET, expected, observed)
    fault = log_fault(record, attempt, arguments, bench.context)
    if fault is not None:
        return bench.finding(record, Reason.NOT_LOGGED, expected, fault)
    return bench.finding(record, Reason.LOGGED, expected, Text(en="recorded", ja="記録されている"))


def _peer_certificate(bench: _Bench, record: StepRecord, arguments: PeerCertificate) -> Finding:
    checks = ", ".join(arguments.checks)
    expected = Text(en=f"the product's certificate passes: {checks}", ja=f"製品の証明書が次を満たす: {checks}")
    faults = certificate_faults(record, arguments.checks, bench.context)
    if faults is None:
        observed = Text(en="no certificate was presented", ja="証明書が提示されなかった")
        return bench.finding(record, Reason.PRECONDITION_NOT_MET, expected, observed)
    if faults:
        return bench.finding(record, Reason.PEER_CERTIFICATE_UNACCEPTABLE, expected, _joined(faults))
    observed = Text(en="all hold", ja="すべて満たす")
    return bench.finding(record, Reason.PEER_CERTIFICATE_ACCEPTABLE, expected, observed)


def _joined(sentences: list[Text]) -> Text:
    return Text(en="; ".join(s.en for s in sentences), ja="；".join(s.ja for s in sentences))


_PREDICATES: dict[str, Callable[[_Bench, StepRecord, Any], Finding]] = {
    "served": _served,
    "refused": _refused,
    "attempted": _attempted,
    "negotiated": _negotiated,
    "not-negotiated": _not_negotiated,
    "not-serving": _not_serving,
    "content": _content,
    "unchanged": _unchanged,
    "logged": _logged,
    "peer-certificate": _peer_certificate,
}
