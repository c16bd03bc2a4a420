"""The closing lines of a run for people: what is open, the decisions in a table, and what to do next."""

from collections.abc import Iterator
from pathlib import Path
from shlex import quote

from msgspec import Struct
from rich.cells import cell_len

from conformance.model.finding import Verdict
from conformance.model.report import Decision, Report, Word
from conformance.model.text import Language, Text
from reports.reading import (
    by_binding,
    counts,
    criteria_counts,
    deciding,
    in_plain_words,
    not_run_items,
    overall,
    to_fix,
    trouble,
    unanswered,
)
from reports.words import (
    DECISION_SYMBOLS,
    DECISIONS,
    EXIT_CODES,
    GATES,
    POINTS,
    REASONS,
    VERDICT_SYMBOLS,
    VERDICTS,
)

DECISION_STYLES = {
    Word.CONNECT: "bold green",
    Word.CONDITIONS: "bold yellow",
    Word.NOT_ASSESSED: "bold",
    Word.DO_NOT_CONNECT: "bold red",
}
_LISTED = 8

_ITEMS = Text(en="items: {counts}", ja="試験項目: {counts}")
_FAILED = Text(en="what to fix first", ja="最初に直すべき事項")
_FAILED_LINE = Text(
    en="{id} {title} ({gate}, items failed: {number})", ja="{id} {title}（{gate}、不適合項目 {number}件）"
)
_UNTOLD = Text(en="could not be told", ja="判定できなかった試験項目")
_ASIDE = Text(en="not run, not applicable", ja="未実施・対象外の試験項目")
_ASIDE_LINE = Text(en="items: {number}. {why}", ja="{number}件: {why}")
_UNANSWERED = Text(en="mandatory criteria without an answer", ja="未評価の必須基準")
_UNANSWERED_LINE = Text(en="criteria: {number}. {why} ({ids})", ja="{number}件: {why}（{ids}）")
_DECISION = Text(en="decision", ja="接続可否の判定")
_POINT = Text(en="connection point", ja="接続点")
_REGION = Text(en="region", ja="地域")
_COUNTS = Text(en="mandatory criteria", ja="必須基準")
_PARTIAL = Text(en=" (partial)", ja="（一部）")
_CAPPED = Text(en=", claimed level at most SL{level}", ja="、主張できるレベルは最大SL{level}")
_CONDITION = Text(en="condition", ja="条件")
_INCOMPLETE = Text(
    en="The run was interrupted: the report is marked incomplete, and what did not run counts as not run.",
    ja="実行は中断された。報告書は未完了と記され、実施しなかった項目は未実施として扱う。",
)
_FOLDER = Text(en="run folder", ja="実行フォルダ")
_NEXT = Text(en="next", ja="次の手順")
_PAGE = Text(en="open {page} in a browser", ja="{page} をブラウザで開く")
_EXPLAIN = Text(en="why one item failed: {command}", ja="不適合の経緯を見る: {command}")
_RERUN = Text(en="after a change: {command}", ja="修正後の再実行: {command}")
_UNTRIED = Text(en="what is asked and not yet tested: {command}", ja="未整備の基準の一覧: {command}")
_SELF_CHECK_FAILED = Text(en="an item did not give its expected verdict", ja="期待した結果にならなかった項目がある")
_SELECTION_PASSED = Text(
    en="every item that ran gave its expected verdict", ja="実施した全項目が期待どおりの結果となった"
)
_UNTESTED = Text(en="no test vector yet", ja="試験ベクトルが未整備")
_EXIT = Text(en="exit {code}: {meaning}", ja="終了コード {code}: {meaning}")
_UNKNOWN_CODE = Text(en="not a code of this command", ja="このコマンドの終了コードではない")
_MORE = Text(en="and {number} more", ja="ほか{number}件")


class Said(Struct, frozen=True, kw_only=True):
    """One thing to print: a lead that stands in the margin, the text beside it, and its style."""

    text: str
    lead: str = ""
    style: str = ""
    table: bool = False


def closing(report: Report, folder: Path | None, exit_code: int, language: Language) -> Iterator[Said]:
    """Return the lines that end a run whose record is `report`; `folder` is None where nothing was kept."""
    yield Said(text="-" * 78, style="dim", table=True)
    yield Said(text=_ITEMS.format(counts=_counted(counts(report.items), language)).in_(language))
    if not report.complete:
        yield Said(text=_INCOMPLETE.in_(language), style="bold yellow")
    yield from _to_fix(report, language)
    yield from _untold(report, language)
    yield from _aside(report, language)
    yield from _unanswered(report, language)
    yield Said(text="")
    yield Said(text=_DECISION.in_(language), style="bold")
    yield from _table(report, language)
    yield Said(text=in_plain_words(report).in_(language), lead="  ")
    yield Said(text="")
    yield from _next(report, folder, language)
    meaning = EXIT_CODES.get(exit_code, _UNKNOWN_CODE)
    if exit_code == 0 and (report.selection or report.mode == "demo"):
        meaning = _SELECTION_PASSED
    if exit_code == 1 and report.mode == "demo":
        meaning = _SELF_CHECK_FAILED
    yield Said(text=_EXIT.format(code=exit_code, meaning=meaning.in_(language)).in_(language), style="bold")


def _counted(numbers: dict[Verdict, int], language: Language) -> str:
    shown = ((verdict, numbers.get(verdict, 0)) for verdict in Verdict)
    return " · ".join(
        f"{VERDICT_SYMBOLS[verdict]} {VERDICTS[verdict].in_(language)} {number}" for verdict, number in shown if number
    )


def _to_fix(report: Report, language: Language) -> Iterator[Said]:
    fixes = to_fix(report)
    if fixes:
        yield Said(text=_FAILED.in_(language), style="bold")
    for fix in fixes:
        line = _FAILED_LINE.format(
            id=fix.criterion,
            title=fix.title.in_(language),
            gate=GATES[fix.gate].in_(language),
            number=len(fix.items),
        )
        yield Said(text=line.in_(language), lead=f"  {VERDICT_SYMBOLS[Verdict.FAIL]} ", style="bold red")
        for cause in fix.causes:
            yield Said(text=cause.in_(language), lead="    ", style="dim")


def _untold(report: Report, language: Language) -> Iterator[Said]:
    items = [item for item in report.items if item.verdict in {Verdict.INCONCLUSIVE, Verdict.ERROR}]
    if items:
        yield Said(text=_UNTOLD.in_(language), style="bold")
    for item in items:
        finding = deciding(item)
        cause = trouble(item) or (item.why.in_(language) if item.why else "")
        if finding:
            cause = f"{REASONS[finding.reason].in_(language)}: {finding.observed.in_(language)}"
        yield Said(text=f"{item.id}: {cause}", lead=f"  {VERDICT_SYMBOLS[item.verdict]} ")


def _aside(report: Report, language: Language) -> Iterator[Said]:
    groups = not_run_items(report)
    if groups:
        yield Said(text=_ASIDE.in_(language), style="bold")
    for why, items in groups[:_LISTED]:
        text = _ASIDE_LINE.format(number=len(items), why=why.in_(language)).in_(language)
        yield Said(text=text, lead=f"  {VERDICT_SYMBOLS[items[0].verdict]} ")
    if len(groups) > _LISTED:
        yield Said(
            text=_MORE.format(number=sum(len(items) for _, items in groups[_LISTED:])).in_(language), lead="    "
        )


def _unanswered(report: Report, language: Language) -> Iterator[Said]:
    tested = {item.criterion for item in report.items}
    groups: list[tuple[Text, list[str]]] = []
    untested: list[str] = []
    for group in unanswered(report):
        untested += [criterion for criterion in group.criteria if criterion not in tested]
        open_ones = [criterion for criterion in group.criteria if criterion in tested]
        if open_ones:
            groups.append((group.why, open_ones))
    if untested:
        groups.append((_UNTESTED, untested))
    if groups:
        yield Said(text=_UNANSWERED.in_(language), style="bold")
    for why, criteria in groups:
        ids = ", ".join(criteria[:_LISTED])
        if len(criteria) > _LISTED:
            ids += ", " + _MORE.format(number=len(criteria) - _LISTED).in_(language)
        line = _UNANSWERED_LINE.format(number=len(criteria), why=why.in_(language), ids=ids)
        yield Said(text=line.in_(language), lead=f"  {VERDICT_SYMBOLS[Verdict.NOT_RUN]} ")


def _table(report: Report, language: Language) -> Iterator[Said]:
    rows: list[tuple[Decision, tuple[str, str, str, str]]] = []
    for whole in overall(report):
        rows.append((whole, _row(report, whole, language, below=False)))
        rows.extend((part, _row(report, part, language, below=True)) for part in by_binding(report, whole))
    header = (_POINT.in_(language), _REGION.in_(language), _DECISION.in_(language), _COUNTS.in_(language))
    cells = [header, *(row for _, row in rows)]
    widths = [max(cell_len(row[column]) for row in cells) for column in range(3)]

    def line(row: tuple[str, str, str, str]) -> str:
        padded = (text + " " * (width - cell_len(text)) for text, width in zip(row, widths, strict=False))
        return "  ".join((*padded, row[3])).rstrip()

    yield Said(text=line(header), lead="  ", style="dim", table=True)
    for decision, row in rows:
        yield Said(text=line(row), lead="  ", style=DECISION_STYLES[decision.word], table=True)
        for condition in decision.conditions if decision.binding is None else ():
            yield Said(text=condition.in_(language), lead=f"      {_CONDITION.in_(language)}: ")


def _row(report: Report, decision: Decision, language: Language, *, below: bool) -> tuple[str, str, str, str]:
    point = f"  : {decision.binding}" if below else POINTS[decision.connection_point].in_(language)
    if decision.binding and not below:
        point += f": {decision.binding}"
    word = f"{DECISION_SYMBOLS[decision.word]} {DECISIONS[decision.word].in_(language).upper()}"
    if decision.partial:
        word += _PARTIAL.in_(language)
    if decision.capped_security_level is not None:
        word += _CAPPED.format(level=decision.capped_security_level).in_(language)
    return point, decision.region.upper(), word, _counted(criteria_counts(report, decision), language)


def _next(report: Report, folder: Path | None, language: Language) -> Iterator[Said]:
    if folder is None:
        return
    yield Said(text=str(folder), lead=f"{_FOLDER.in_(language)}  ")
    lead = f"{_NEXT.in_(language)}  "
    page = folder / "report.html"
    steps = [_PAGE.format(page=page)] if page.exists() else []
    failed = [item for item in report.items if item.verdict is Verdict.FAIL]
    where = quote(str(folder))
    if failed:
        steps.append(_EXPLAIN.format(command=f"mgcc explain {quote(failed[0].id)} --of {where}"))
        if report.mode != "demo":
            steps.append(_RERUN.format(command=f"mgcc rerun --failed {where}"))
    elif unanswered(report):
        steps.append(_UNTRIED.format(command="mgcc vectors coverage"))
    for step in steps:
        yield Said(text=step.in_(language), lead=lead)
        lead = " " * cell_len(lead)
