"""Raw Allure results for the engineers' dashboard: one result per planned item, the worst attempt's status."""

import hashlib
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from allure_commons.logger import AllureFileLogger
from allure_commons.model2 import Label, Parameter, StatusDetails, TestResult, TestStepResult
from allure_commons.types import LabelType, Severity

from conformance.model.criterion import Gate
from conformance.model.finding import Finding, Verdict
from conformance.model.report import Attempt, ItemResult, Report
from conformance.model.text import Text
from reports.mapping import MAPPING
from reports.reading import counts, deciding, gates, trouble
from reports.words import BEHAVIOURS, REASONS, VERDICTS, family

SEVERITIES = {Gate.CONNECT: Severity.BLOCKER, Gate.RESTRICT: Severity.CRITICAL, Gate.OBSERVE: Severity.MINOR}
_FINISHED = "finished"


def write(report: Report, folder: Path) -> None:
    """Write `report` (as `sanitise.cleaned` returns it) into `folder` as raw Allure results. Raises OSError."""
    logger = AllureFileLogger(str(folder))  # type: ignore[no-untyped-call]  # it ships no types
    strictest = gates(report)
    titles = {summary.id: summary.title for summary in report.catalogue}
    for item in report.items:
        title = titles.get(item.criterion, Text(en=item.criterion, ja=item.criterion))
        result = _result(report, item, title, strictest.get(item.criterion, Gate.OBSERVE))
        logger.report_result(result)  # type: ignore[no-untyped-call]  # the same
    (folder / "environment.properties").write_text(_environment(report), encoding="ascii")
    (folder / "executor.json").write_text(_json(_executor(report)), encoding="utf-8")
    (folder / "categories.json").write_text(_json(_categories()), encoding="utf-8")


def identity(item: ItemResult) -> str:
    """Return the item's identity over runs: SHA-256 of its id and region."""
    return hashlib.sha256(f"{item.id}\n{item.region or ''}".encode()).hexdigest()


def _both(text: Text) -> str:
    return text.en if text.en == text.ja else f"{text.en} / {text.ja}"


def _result(report: Report, item: ItemResult, title: Text, gate: Gate) -> TestResult:
    start, stop = _times(report, item)
    return TestResult(
        uuid=str(uuid5(NAMESPACE_URL, f"{report.run_id}\n{item.id}\n{item.region or ''}")),
        historyId=identity(item),
        testCaseId=identity(item),
        fullName=item.id,
        titlePath=[item.criterion[:3], item.criterion],
        name=f"{item.criterion} {_both(item.title)}",
        status=MAPPING[item.verdict].allure,
        statusDetails=StatusDetails(message=_message(item)),
        stage=_FINISHED,
        description=f"`{item.id}`\n\n{_both(title)}",
        labels=list(_labels(item, title, gate)),
        parameters=list(_parameters(item)),
        steps=[_attempt(attempt) for attempt in item.attempts],
        start=start,
        stop=stop,
    )


def _labels(item: ItemResult, title: Text, gate: Gate) -> Iterator[Label]:
    yield Label(LabelType.EPIC, f"{item.criterion[:3]} {_both(family(item.criterion))}")
    yield Label(LabelType.FEATURE, f"{item.criterion} {_both(title)}")
    yield Label(LabelType.STORY, item.vector)
    yield Label(LabelType.PARENT_SUITE, item.connection_point.value)
    yield Label(LabelType.SUITE, item.binding)
    yield Label(LabelType.SUB_SUITE, item.criterion)
    yield Label(LabelType.SEVERITY, SEVERITIES[gate].value)
    yield Label("criterion", item.criterion)
    yield Label("connection-point", item.connection_point.value)
    yield Label("binding", item.binding)
    yield Label("gate", gate.value)
    yield Label("verdict", item.verdict.value)
    yield Label("vector-status", item.status)
    yield Label("behaviour", _both(BEHAVIOURS.get(item.behaviour, Text(en=item.behaviour, ja=item.behaviour))))
    for clause in item.clauses:
        yield Label("clause", clause)


def _parameters(item: ItemResult) -> Iterator[Parameter]:
    yield Parameter("region", item.region.value if item.region else "all")
    yield Parameter("connection point", item.connection_point.value)
    yield Parameter("binding", item.binding)
    if item.row:
        yield Parameter("row", item.row)


def _message(item: ItemResult) -> str:
    lines = [f"[{item.verdict}] {_both(VERDICTS[item.verdict])}"]
    finding = deciding(item)
    if finding:
        lines += [f"reason: {finding.reason} ({_both(REASONS[finding.reason])})", *_said(finding)]
    broke = trouble(item)
    if broke:
        lines.append(f"trouble: {broke}")
    if item.why:
        lines.append(_both(item.why))
    return "\n".join(lines)


def _said(finding: Finding) -> tuple[str, ...]:
    clause = (f"clause: {finding.clause}",) if finding.clause else ()
    return (f"expected: {_both(finding.expected)}", f"observed: {_both(finding.observed)}", *clause)


def _attempt(attempt: Attempt) -> TestStepResult:
    start, stop = _span(attempt)
    evidence = [Parameter("transcript", str(attempt.transcript))] if attempt.transcript is not None else []
    details = StatusDetails(message=attempt.trouble) if attempt.trouble else None
    return TestStepResult(
        name=f"attempt {attempt.number}: {_both(VERDICTS[attempt.verdict])}",
        status=MAPPING[attempt.verdict].allure,
        statusDetails=details,
        stage=_FINISHED,
        parameters=evidence,
        steps=[_finding(finding, start, stop) for finding in attempt.findings],
        start=start,
        stop=stop,
    )


def _finding(finding: Finding, start: int, stop: int) -> TestStepResult:
    return TestStepResult(
        name=f"{finding.step}: {_both(REASONS[finding.reason])}",
        status=MAPPING[finding.verdict].allure,
        statusDetails=StatusDetails(message="\n".join(_said(finding))),
        stage=_FINISHED,
        parameters=[
            Parameter("expected", _both(finding.expected)),
            Parameter("observed", _both(finding.observed)),
            Parameter("reason", finding.reason.value),
            Parameter("assurance", finding.assurance.value),
        ],
        start=start,
        stop=stop,
    )


def _times(report: Report, item: ItemResult) -> tuple[int, int]:
    """Return start and stop of `item` in milliseconds; what never started stands at the start of the run."""
    spans = [_span(attempt) for attempt in item.attempts] or [(_milliseconds(report.started),) * 2]
    return min(start for start, _ in spans), max(stop for _, stop in spans)


def _span(attempt: Attempt) -> tuple[int, int]:
    start = _milliseconds(attempt.started)
    return start, start + round(timedelta(seconds=attempt.duration_s).total_seconds() * 1000)


def _milliseconds(moment: str) -> int:
    try:
        return round(datetime.fromisoformat(moment).timestamp() * 1000)
    except ValueError:
        return 0


def _environment(report: Report) -> str:
    facts = {
        "product": f"{report.product.get('name', '')} {report.product.get('version', '')}".strip(),
        "mode": report.mode,
        "suite": report.suite,
        "edition": report.edition,
        "catalogue": report.catalogue_digest,
        "ics": report.endpoint_digest,
        "security.level": str(report.security_level),
        "regions": ", ".join(report.regions),
        "run": report.run_id,
    }
    facts |= {f"items.{verdict}": str(number) for verdict, number in counts(report.items).items()}
    facts |= {
        f"decision.{row.connection_point}.{row.region}{'.' + row.binding if row.binding else ''}": row.word.value
        for row in report.decisions
    }
    facts |= {f"environment.{name}": text for name, text in sorted(report.environment.items())}
    return "".join(f"{_property(name, key=True)} = {_property(text)}\n" for name, text in facts.items())


def _property(text: str, *, key: bool = False) -> str:
    """Escape `text` for a Java properties file, which is Latin-1 by its definition; we stay within ASCII."""
    text = text.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")
    if key:
        text = text.replace(" ", "\\ ").replace(":", "\\:").replace("=", "\\=")
    units = text.encode("utf-16-be", "surrogatepass")
    codes = (int.from_bytes(units[place : place + 2], "big") for place in range(0, len(units), 2))
    return "".join(chr(code) if 0x20 <= code < 0x7F else f"\\u{code:04x}" for code in codes)  # noqa: PLR2004  ASCII


def _executor(report: Report) -> dict[str, Any]:
    return {"name": "mgcc", "type": "mgcc", "buildName": report.run_id, "reportName": f"mgcc {report.mode}"}


def _categories() -> list[dict[str, Any]]:
    return [
        {
            "name": _both(VERDICTS[verdict]),
            "matchedStatuses": [MAPPING[verdict].allure],
            "messageRegex": rf"(?s)\[{verdict}\].*",
        }
        for verdict in Verdict
        if verdict is not Verdict.PASS
    ]


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1)
