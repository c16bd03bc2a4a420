"""JUnit XML for build servers, from the report: one testcase per planned item, the true verdict as a property."""

from collections.abc import Iterable, Iterator
from xml.etree import ElementTree as ET

from conformance.model.criterion import ConnectionPoint
from conformance.model.finding import Verdict
from conformance.model.report import ItemResult, Report
from conformance.model.text import Language
from reports.mapping import MAPPING
from reports.reading import again, counts, deciding, gates, overall, trouble
from reports.sanitise import visible
from reports.words import REASONS, VERDICTS


def render(report: Report, language: Language = Language.EN) -> bytes:
    """Return `report` (as `sanitise.cleaned` returns it) as JUnit XML in UTF-8; its prose is in `language`."""
    root = ET.Element("testsuites", {"name": "mgcc", **_totals(report.items)})
    strictest = gates(report)
    for place in _places(report.items):
        items = [item for item in report.items if (item.connection_point, item.binding) == place]
        point, binding = place
        suite = ET.SubElement(
            root,
            "testsuite",
            {
                "name": f"mgcc.{point}.{binding}",
                "timestamp": report.started.removesuffix("Z").split("+")[0],
                **_totals(items),
            },
        )
        _properties(suite, _suite_properties(report, point, binding))
        for item in items:
            gate = strictest.get(item.criterion)
            _case(suite, report, item, gate.value if gate else "", language)
    ET.indent(root, " ")
    document: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return document + b"\n"


def _places(items: Iterable[ItemResult]) -> Iterator[tuple[ConnectionPoint, str]]:
    yield from dict.fromkeys((item.connection_point, item.binding) for item in items)


def _totals(items: Iterable[ItemResult]) -> dict[str, str]:
    items = tuple(items)
    elements = [MAPPING[item.verdict].junit for item in items]
    return {
        "tests": str(len(items)),
        "failures": str(elements.count("failure")),
        "errors": str(elements.count("error")),
        "skipped": str(elements.count("skipped")),
        "time": f"{sum(map(_seconds, items)):.3f}",
    }


def _seconds(item: ItemResult) -> float:
    return sum(attempt.duration_s for attempt in item.attempts)


def _suite_properties(report: Report, point: ConnectionPoint, binding: str) -> Iterator[tuple[str, str]]:
    yield "run", report.run_id
    yield "mode", report.mode
    yield "complete", str(report.complete).lower()
    yield "product", f"{report.product.get('name', '')} {report.product.get('version', '')}".strip()
    yield "suite", report.suite
    yield "edition", report.edition
    yield "catalogue", report.catalogue_digest
    yield "ics", report.endpoint_digest
    yield "security-level", str(report.security_level)
    yield "connection-point", point.value
    yield "binding", binding
    for row in overall(report):
        if row.connection_point is point:
            yield f"decision.{row.region}", row.word.value
    for verdict, number in counts(report.items).items():
        yield f"run.items.{verdict}", str(number)


def _item_properties(item: ItemResult, gate: str) -> Iterator[tuple[str, str]]:
    yield "criterion", item.criterion
    yield "verdict", item.verdict.value
    yield "connection-point", item.connection_point.value
    yield "binding", item.binding
    yield "region", item.region.value if item.region else "all"
    yield "gate", gate
    yield "behaviour", item.behaviour
    yield "vector-status", item.status
    yield "attempts", str(len(item.attempts))
    for clause in item.clauses:
        yield "clause", clause
    reasons = (finding.reason.value for attempt in item.attempts for finding in attempt.findings)
    for reason in dict.fromkeys(reasons):
        yield "reason", reason
    for attempt in item.attempts:
        if attempt.transcript is not None:
            yield "transcript", str(attempt.transcript)


def _case(suite: ET.Element, report: Report, item: ItemResult, gate: str, language: Language) -> None:
    case = ET.SubElement(
        suite,
        "testcase",
        classname=f"mgcc.{item.connection_point}.{item.binding}.{item.criterion}",
        name=visible(item.id),
        time=f"{_seconds(item):.3f}",
    )
    _properties(case, _item_properties(item, gate))
    element = MAPPING[item.verdict].junit
    if element == "skipped":
        ET.SubElement(case, element, message=_message(item, language))
    elif element:
        outcome = ET.SubElement(case, element, type=item.verdict.value, message=_message(item, language))
        outcome.text = "\n".join(map(visible, _story(report, item, language)))


def _message(item: ItemResult, language: Language) -> str:
    finding = deciding(item)
    parts = [VERDICTS[item.verdict].in_(language)]
    if finding:
        parts.append(REASONS[finding.reason].in_(language))
    if item.why:
        parts.append(item.why.in_(language))
    return visible(": ".join(parts))


def _story(report: Report, item: ItemResult, language: Language) -> Iterator[str]:
    yield item.title.in_(language)
    for attempt in item.attempts:
        yield f"attempt {attempt.number}: {attempt.verdict}"
        for finding in attempt.findings:
            if finding.verdict is Verdict.PASS:
                continue
            yield f"  {finding.reason} ({finding.step})"
            yield f"    expected: {finding.expected.in_(language)}"
            yield f"    observed: {finding.observed.in_(language)}"
            if finding.clause:
                yield f"    clause: {finding.clause}"
    broke = trouble(item)
    if broke:
        yield f"trouble: {broke}"
    yield f"again: {again(report.again, item.id)}"


def _properties(parent: ET.Element, properties: Iterable[tuple[str, str]]) -> None:
    holder = ET.SubElement(parent, "properties")
    for name, value in properties:
        ET.SubElement(holder, "property", name=name, value=visible(value))
