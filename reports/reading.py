"""What several views read from a report: counts, the deciding finding, what to fix, what is open, how to repeat."""

import shlex
from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from conformance.model.criterion import ConnectionPoint, Gate, Region
from conformance.model.finding import Finding, Verdict
from conformance.model.report import Attempt, CriterionResult, CriterionSummary, Decision, ItemResult, Report, Word
from conformance.model.text import Text

_GATES = (Gate.CONNECT, Gate.RESTRICT, Gate.OBSERVE)
_UNKNOWN_WHY = Text(en="no reason was recorded", ja="理由は記録されていない")


class Clause(Struct, frozen=True, kw_only=True):
    """One reference of a criterion, and whose it is."""

    scope: str
    document: str
    clause: str
    certainty: str


class Fix(Struct, frozen=True, kw_only=True):
    """One failed criterion: why it matters, which items show it, and what to change."""

    criterion: str
    title: Text
    gate: Gate
    statement: Text | None
    remedy: Text | None
    clauses: tuple[Clause, ...]
    items: tuple[ItemResult, ...]
    causes: tuple[Text, ...]


class Open(Struct, frozen=True, kw_only=True):
    """Criteria that have no answer for one and the same reason."""

    why: Text
    criteria: tuple[str, ...]


def counts(items: Iterable[ItemResult]) -> dict[Verdict, int]:
    """Return how many of `items` have each verdict; every verdict is named."""
    found = dict.fromkeys(Verdict, 0)
    for item in items:
        found[item.verdict] += 1
    return found


def _binds(row: CriterionResult) -> bool:
    """Return whether `row` has a say in the decision."""
    return row.mandatory and row.gate is not Gate.OBSERVE


def criteria_counts(report: Report, decision: Decision) -> dict[Verdict, int]:
    """Return how many of the criteria that `decision` rests on have each verdict; every verdict is named."""
    found = dict.fromkeys(Verdict, 0)
    place = (decision.connection_point, decision.region, decision.binding)
    for row in report.criteria:
        if _binds(row) and (row.connection_point, row.region, row.binding) == place:
            found[row.verdict] += 1
    return found


def deciding_attempt(item: ItemResult) -> Attempt | None:
    """Return the first attempt that has the item's verdict, which is the worst of all attempts."""
    return next((attempt for attempt in item.attempts if attempt.verdict is item.verdict), None)


def deciding(item: ItemResult) -> Finding | None:
    """Return the first finding that carries the item's verdict."""
    findings = (finding for attempt in item.attempts for finding in attempt.findings)
    return next((finding for finding in findings if finding.verdict is item.verdict), None)


def trouble(item: ItemResult) -> str | None:
    """Return what broke in the test system during the deciding attempt."""
    attempt = deciding_attempt(item)
    return attempt.trouble if attempt else None


def again(command: str, item: str) -> str:
    """Return the command that runs just `item` again: the report's `again` with its `{item}` filled in."""
    return command.replace("{item}", shlex.quote(item))


def gates(report: Report) -> dict[str, Gate]:
    """Return the strictest gate of every criterion asked."""
    found: dict[str, Gate] = {}
    for row in report.criteria:
        known = found.get(row.criterion, Gate.OBSERVE)
        found[row.criterion] = min(known, row.gate, key=_GATES.index)
    return found


def clauses(summary: CriterionSummary | None) -> tuple[Clause, ...]:
    """Return a criterion's references as rows: international first, then region by region."""
    references: dict[str, Any] = summary.references if summary else {}
    return tuple(
        Clause(
            scope=scope,
            document=str(entry.get("document", "")),
            clause=str(entry.get("clause", "")),
            certainty=str(entry.get("certainty", "memory")),
        )
        for scope in ("international", "jp", "us", "eu")
        for entry in references.get(scope, ())
    )


def overall(report: Report) -> tuple[Decision, ...]:
    """Return one decision per connection point and region: over all bindings where there is such a row."""
    whole = {(row.connection_point, row.region) for row in report.decisions if row.binding is None}
    return tuple(
        row for row in report.decisions if row.binding is None or (row.connection_point, row.region) not in whole
    )


def by_binding(report: Report, whole: Decision) -> tuple[Decision, ...]:
    """Return the decisions of the single bindings below `whole`, where there are several."""
    if whole.binding is not None:
        return ()
    rows = tuple(
        row
        for row in report.decisions
        if row.binding and (row.connection_point, row.region) == (whole.connection_point, whole.region)
    )
    return rows if len(rows) > 1 else ()


def results(report: Report) -> dict[tuple[str, ConnectionPoint, Region], CriterionResult]:
    """Return the result of each criterion at each point in each region, over all bindings where there is one."""
    found: dict[tuple[str, ConnectionPoint, Region], CriterionResult] = {}
    for row in sorted(report.criteria, key=lambda row: row.binding is not None):
        found.setdefault((row.criterion, row.connection_point, row.region), row)
    return found


def to_fix(report: Report) -> tuple[Fix, ...]:
    """Return the failed criteria, blockers first, each with the items that failed and what to change."""
    summaries = {summary.id: summary for summary in report.catalogue}
    failed: dict[str, list[ItemResult]] = {}
    causes: dict[str, dict[Text, None]] = {}
    titles: dict[str, Text] = {}
    for item in report.items:
        if item.verdict is Verdict.FAIL and item.status == "active":
            failed.setdefault(item.criterion, []).append(item)
    for row in results(report).values():
        if row.failed:
            failed.setdefault(row.criterion, [])
            titles[row.criterion] = row.title
            if row.why:
                causes.setdefault(row.criterion, {})[row.why] = None
    strictest = gates(report)
    fixes = []
    for criterion, items in failed.items():
        summary = summaries.get(criterion)
        fallback = titles.get(criterion) or Text(en=criterion, ja=criterion)
        fixes.append(
            Fix(
                criterion=criterion,
                title=summary.title if summary else fallback,
                gate=strictest.get(criterion, Gate.OBSERVE),
                statement=summary.statement if summary else None,
                remedy=summary.remedy if summary else None,
                clauses=clauses(summary),
                items=tuple(items),
                causes=tuple(causes.get(criterion, ())),
            )
        )
    return tuple(sorted(fixes, key=lambda fix: (_GATES.index(fix.gate), fix.criterion)))


def unanswered(report: Report) -> tuple[Open, ...]:
    """Return the mandatory criteria that were not run, grouped by why, most criteria first."""
    reasons = {item.id: item.why for item in report.items if item.verdict is Verdict.NOT_RUN and item.why}
    groups: dict[Text, dict[str, None]] = {}
    for row in results(report).values():
        if _binds(row) and row.verdict is Verdict.NOT_RUN:
            of_items = (reasons[item] for item in row.items if item in reasons)
            groups.setdefault(row.why or next(of_items, _UNKNOWN_WHY), {})[row.criterion] = None
    rows = (Open(why=why, criteria=tuple(sorted(criteria))) for why, criteria in groups.items())
    return tuple(sorted(rows, key=lambda group: (-len(group.criteria), group.criteria)))


def not_run_items(report: Report) -> tuple[tuple[Text, tuple[ItemResult, ...]], ...]:
    """Return the items that were not run or do not apply, grouped by why, most items first."""
    groups: dict[Text, list[ItemResult]] = {}
    for item in report.items:
        if item.verdict in {Verdict.NOT_RUN, Verdict.NOT_APPLICABLE}:
            groups.setdefault(item.why or _UNKNOWN_WHY, []).append(item)
    return tuple(sorted(((why, tuple(items)) for why, items in groups.items()), key=lambda row: -len(row[1])))


def in_plain_words(report: Report) -> Text:
    """Return one sentence that tells a newcomer what the decisions rest on."""
    words = {decision.word for decision in report.decisions}
    failing = counts(item for item in report.items if item.status == "active")[Verdict.FAIL]
    if Word.DO_NOT_CONNECT in words:
        return Text(
            en="A criterion on which connection depends failed: see what to fix first.",
            ja="接続の可否を左右する基準に不適合がある。最初に直すべき事項を参照のこと。",
        )
    if any(decision.partial for decision in report.decisions):
        return Text(
            en="Only part of the items was selected for this run, so no decision can be given, whatever the verdicts.",
            ja="この実行では一部の試験項目だけを選択したため、その判定結果にかかわらず、接続可否は判定できない。",
        )
    if Word.NOT_ASSESSED in words:
        return _not_assessed(report, failing)
    if Word.CONDITIONS in words:
        return Text(
            en="Every mandatory criterion has an answer; connection is possible under the conditions listed.",
            ja="必須基準はすべて評価済みである。列挙した条件の下で接続できる。",
        )
    return Text(
        en="Every mandatory criterion has an answer and none stands in the way of connection.",
        ja="必須基準はすべて評価済みであり、接続を妨げるものはない。",
    )


def _not_assessed(report: Report, failing: int) -> Text:
    mandatory = {row.criterion for row in report.criteria if _binds(row)}
    undecided = [decision for decision in report.decisions if decision.word is Word.NOT_ASSESSED]
    unresolved = {criterion for decision in undecided for criterion in decision.unresolved}
    unresolved = unresolved or {row.criterion for row in report.criteria if _binds(row) and row.unresolved}
    untested = unresolved - {item.criterion for item in report.items}
    start = (
        Text(en="Nothing that was run failed, and yet", ja="実施した試験項目に不適合はないが、")
        if not failing
        else Text(en=f"Some items failed ({failing}), and", ja=f"試験項目{failing}件が不適合であり、さらに")
    )
    return Text(
        en=f"{start.en} a decision is Not assessed: {len(unresolved)} of the {len(mandatory)} mandatory criteria "
        f"have no answer yet ({len(untested)} of them have no test so far), and an open question never counts as "
        "a yes.",
        ja=f"{start.ja}必須基準{len(mandatory)}件のうち{len(unresolved)}件がまだ評価できていない"
        f"（うち{len(untested)}件は試験が未整備）ため、「未評価」の判定がある。評価できていないことを適合とはみなさない。",
    )
