"""The story of one item: what was sent, what came back, why the verdict, and how to repeat it."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from conformance.model.finding import Finding, Verdict
from conformance.model.operations import OPERATIONS
from conformance.model.report import Attempt, CriterionSummary, ItemResult
from conformance.model.text import Language, Text
from conformance.model.transcript import Exchange, Grant, HelloFacts, ServiceAnswer, StepRecord, TlsFacts, Transcript
from reports.reading import again, clauses
from reports.sanitise import visible
from reports.words import (
    BEHAVIOURS,
    CERTAINTIES,
    ENDINGS,
    POINTS,
    POINTS_MEAN,
    REASONS,
    REGIONS,
    SIDES,
    VERDICT_SYMBOLS,
    VERDICTS,
)

_WHERE = Text(en="where", ja="場所")
_WHAT = Text(en="requirement", ja="要求事項")
_WHY = Text(en="why", ja="理由")
_ATTEMPT = Text(en="attempt {number} of {total}", ja="試行 {number}/{total}")
_SENT = Text(en="sent", ja="送信")
_CAME = Text(en="came back", ja="応答")
_AS = Text(en="as {actor}", ja="{actor}として")
_VERDICT = Text(en="verdict", ja="判定")
_EXPECTED = Text(en="expected", ja="期待")
_OBSERVED = Text(en="observed", ja="観測")
_CLAUSE = Text(en="clause", ja="条項")
_CLAUSES = Text(en="clauses of the criterion", ja="基準の条項")
_REMEDY = Text(en="remedy", ja="処置")
_AGAIN = Text(en="again", ja="再実行")
_TROUBLE = Text(en="trouble in the test system", ja="試験系の異常")
_NO_RECORD = Text(en="the record of this attempt is not at hand", ja="この試行の記録は手元にない")
_NEVER = Text(en="This item was not run.", ja="この試験項目は実施していない。")
_UNSUPPORTED = Text(en="the binding cannot do this: {why}", ja="このバインディングでは実行できない: {why}")
_GRANTS = {
    Grant.GRANTED: Text(en="the service was granted", ja="サービスが許可された"),
    Grant.DENIED: Text(en="the service was denied", ja="サービスが拒否された"),
    Grant.NONE: Text(en="neither granted nor denied", ja="許可も拒否もされていない"),
}
_HANDSHAKE = {
    True: Text(en="handshake finished", ja="ハンドシェイク完了"),
    False: Text(en="handshake not finished", ja="ハンドシェイク未完了"),
}
_PARAMETERS = 600


def explain(
    item: ItemResult,
    transcripts: Mapping[int, Transcript],
    summary: CriterionSummary | None,
    command: str,
    language: Language,
) -> str:
    """Return the story of `item` as plain lines.

    `transcripts` are by attempt number and may be incomplete; `summary` is the criterion's entry in the report's
    catalogue; `command` is the report's `again`, which repeats one item.
    """
    lines = _lines(item, transcripts, summary, command, language)
    return "\n".join(visible(line) for line in lines) + "\n"


def _lines(
    item: ItemResult,
    transcripts: Mapping[int, Transcript],
    summary: CriterionSummary | None,
    command: str,
    language: Language,
) -> Iterator[str]:
    yield item.id
    yield f"{item.criterion} {summary.title.in_(language)}" if summary else item.criterion
    behaviour = BEHAVIOURS.get(item.behaviour)
    kind = f" ({behaviour.in_(language)})" if behaviour else ""
    yield f"{item.title.in_(language)}{kind}"
    yield _pair(_VERDICT, f"{VERDICT_SYMBOLS[item.verdict]} {VERDICTS[item.verdict].in_(language)}", language)
    yield _pair(_WHERE, _place(item, language), language)
    if summary:
        yield _pair(_WHAT, summary.statement.in_(language), language)
    if item.why:
        yield _pair(_WHY, item.why.in_(language), language)
    if not item.attempts:
        yield _NEVER.in_(language)
    for attempt in item.attempts:
        yield ""
        yield from _attempt(attempt, len(item.attempts), transcripts.get(attempt.number), language)
    yield ""
    yield _pair(_CLAUSE, ", ".join(item.clauses), language)
    if summary:
        yield from _references(summary, language)
        if item.verdict is Verdict.FAIL:
            yield _pair(_REMEDY, summary.remedy.in_(language), language)
    yield _pair(_AGAIN, again(command, item.id), language)


def _pair(label: Text, text: str, language: Language, indent: int = 0) -> str:
    return f"{' ' * indent}{label.in_(language)}: {text}"


def _place(item: ItemResult, language: Language) -> str:
    point = f"{POINTS[item.connection_point].in_(language)} ({POINTS_MEAN[item.connection_point].in_(language)})"
    region = (REGIONS[item.region].in_(language),) if item.region else ()
    return ", ".join((point, item.binding, *region, *((item.row,) if item.row else ())))


def _references(summary: CriterionSummary, language: Language) -> Iterator[str]:
    certain = {kind.value: words for kind, words in CERTAINTIES.items()}
    rows = clauses(summary)
    if rows:
        yield f"{_CLAUSES.in_(language)}:"
    for one in rows:
        words = certain.get(one.certainty)
        yield f"  {one.scope}: {one.document} {one.clause} ({words.in_(language) if words else one.certainty})"


def _attempt(attempt: Attempt, total: int, transcript: Transcript | None, language: Language) -> Iterator[str]:
    head = _ATTEMPT.format(number=attempt.number, total=total).in_(language)
    word = f"{VERDICT_SYMBOLS[attempt.verdict]} {VERDICTS[attempt.verdict].in_(language)}"
    yield f"{head}: {word} ({attempt.started}, {attempt.duration_s:.3f} s)"
    if transcript:
        for step in transcript.steps:
            yield from _step(step, language)
    else:
        yield f"  {_NO_RECORD.in_(language)}"
    for finding in attempt.findings:
        yield from _finding(finding, language)
    if attempt.trouble:
        yield _pair(_TROUBLE, attempt.trouble, language, 2)


def _step(step: StepRecord, language: Language) -> Iterator[str]:
    operation = OPERATIONS.get(step.operation)
    name = f"{operation.title.in_(language)} ({step.operation})" if operation else step.operation
    actor = _AS.format(actor=step.actor).in_(language)
    yield f"  {step.step}. {SIDES[step.side].in_(language)}: {name}, {actor}, {step.binding}, +{step.started_s:.3f} s"
    if step.unsupported:
        yield f"    {_UNSUPPORTED.format(why=step.unsupported).in_(language)}"
        return
    yield _pair(_SENT, _compact(step.parameters) if step.parameters else "-", language, 4)
    parts = [part for part in _exchange(step.exchange, language) if part]
    yield _pair(_CAME, "; ".join(parts), language, 4)


def _exchange(exchange: Exchange, language: Language) -> Iterator[str]:
    if exchange.tls:
        yield ", ".join(_tls(exchange.tls, language))
    if exchange.hello:
        yield ", ".join(_hello(exchange.hello))
    if exchange.answer:
        yield ", ".join(_answer(exchange.answer, language))
    yield f"{ENDINGS[exchange.ending].in_(language)} ({exchange.duration_s:.3f} s)"
    yield exchange.detail


def _tls(facts: TlsFacts, language: Language) -> Iterator[str]:
    yield _HANDSHAKE[facts.completed].in_(language)
    yield from _named(version=facts.version, suite=facts.suite, group=facts.group)
    if facts.alert_received:
        number = "" if facts.alert_number is None else f" ({facts.alert_number})"
        yield f"alert {facts.alert_received}{number}"
    yield from _named(serial=facts.client_serial, error=facts.local_error)


def _hello(facts: HelloFacts) -> Iterator[str]:
    yield facts.kind
    yield from _named(version=facts.version, suite=facts.suite, group=facts.group)
    if facts.alert:
        yield f"alert {facts.alert}"


def _answer(answer: ServiceAnswer, language: Language) -> Iterator[str]:
    yield _GRANTS[answer.grant].in_(language)
    yield answer.native
    yield from _named(reason=answer.reason, malformed=answer.malformed)
    if answer.data is not None:
        yield _compact(answer.data)


def _named(**facts: str | None) -> Sequence[str]:
    return [f"{name} {fact}" for name, fact in facts.items() if fact]


def _compact(value: Any) -> str:
    """Return `value` as short JSON; what is cut off says how long it was."""
    text = json.dumps(msgspec.to_builtins(value), ensure_ascii=False)
    return text if len(text) <= _PARAMETERS else f"{text[:_PARAMETERS]} [... {len(text)}]"


def _finding(finding: Finding, language: Language) -> Iterator[str]:
    word = f"{VERDICT_SYMBOLS[finding.verdict]} {VERDICTS[finding.verdict].in_(language)}"
    yield f"  {word} ({finding.step}): {REASONS[finding.reason].in_(language)} [{finding.reason}]"
    yield _pair(_EXPECTED, finding.expected.in_(language), language, 4)
    yield _pair(_OBSERVED, finding.observed.in_(language), language, 4)
    if finding.clause:
        yield _pair(_CLAUSE, finding.clause, language, 4)
