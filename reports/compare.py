"""What changed between two runs: newly failing, fixed, judged differently, asked differently."""

from collections.abc import Iterator

from msgspec import Struct

from conformance.model.finding import Reason, Verdict
from conformance.model.report import ItemResult, Report, Word
from conformance.model.text import Language, Text
from reports.reading import overall
from reports.sanitise import visible
from reports.words import DECISIONS, POINTS, REASONS, VERDICT_SYMBOLS, VERDICTS


class Difference(Struct, frozen=True, kw_only=True):
    """Something the two runs do not share, so that their verdicts compare with care."""

    what: Text
    before: str
    after: str


class Change(Struct, frozen=True, kw_only=True):
    """One item that is in both runs with another verdict, or with the same verdict for other reasons."""

    item: str
    title: Text
    before: Verdict
    after: Verdict
    reasons_before: tuple[Reason, ...]
    reasons_after: tuple[Reason, ...]


class DecisionChange(Struct, frozen=True, kw_only=True):
    """A decision that is another one now; None where it was not asked for."""

    place: Text
    before: Word | None
    after: Word | None


class Comparison(Struct, frozen=True, kw_only=True):
    """Everything that changed from run `before` to run `after`; its JSON is `msgspec.json.encode` of it."""

    before: str
    after: str
    comparable: bool
    differences: tuple[Difference, ...]
    decisions: tuple[DecisionChange, ...]
    newly_failing: tuple[Change, ...]
    fixed: tuple[Change, ...]
    changed_verdict: tuple[Change, ...]
    changed_reason: tuple[Change, ...]
    only_before: tuple[str, ...]
    only_after: tuple[str, ...]
    unchanged: int


_DIFFER = {
    "product": Text(en="the item under test", ja="試験品目"),
    "suite": Text(en="the test suite", ja="試験スイート"),
    "edition": Text(en="the edition of the criteria", ja="基準の版"),
    "catalogue_digest": Text(en="the catalogue", ja="カタログ"),
    "endpoint_digest": Text(en="the endpoint file (ICS, IXIT)", ja="エンドポイントファイル（ICS・IXIT）"),
    "security_level": Text(en="the security level aimed at", ja="目標セキュリティレベル"),
    "mode": Text(en="the mode", ja="モード"),
    "selection": Text(en="the selection", ja="選択範囲"),
}
_LOUD = Text(
    en="ATTENTION: the two runs differ in {what}: {before} -> {after}",
    ja="注意：二つの実行は{what}が異なる: {before} -> {after}",
)
_HEAD = Text(en="{before} -> {after}", ja="{before} -> {after}")
_GROUPS = {
    "newly_failing": Text(en="newly failing", ja="新たに不適合となった項目"),
    "fixed": Text(en="fixed", ja="是正された項目"),
    "changed_verdict": Text(en="judged differently", ja="判定が変わった項目"),
    "changed_reason": Text(en="same verdict, other reason", ja="判定は同じで理由が変わった項目"),
}
_ONLY = {
    "only_before": Text(en="only in the first run", ja="最初の実行だけにある項目"),
    "only_after": Text(en="only in the second run", ja="2番目の実行だけにある項目"),
}
_SHOWN = 10
_DECISION = Text(en="decision", ja="接続可否の判定")
_ABSENT = Text(en="not asked", ja="対象外")
_SAME = Text(en="unchanged items: {number}", ja="変化のない項目: {number}件")
_NOTHING = Text(en="nothing changed", ja="変化なし")


def compare(before: Report, after: Report) -> Comparison:
    """Return what changed from `before` to `after`. An item that failed and did not run again is not *fixed*."""
    old = {item.id: item for item in before.items}
    new = {item.id: item for item in after.items}
    groups: dict[str, list[Change]] = {name: [] for name in _GROUPS}
    unchanged = 0
    for name in old.keys() & new.keys():
        kind = _kind(old[name], new[name])
        if kind:
            groups[kind].append(_change(old[name], new[name]))
        else:
            unchanged += 1
    differences = tuple(_differences(before, after))
    return Comparison(
        before=before.run_id,
        after=after.run_id,
        comparable=not differences,
        differences=differences,
        decisions=tuple(_decisions(before, after)),
        newly_failing=_sorted(groups["newly_failing"]),
        fixed=_sorted(groups["fixed"]),
        changed_verdict=_sorted(groups["changed_verdict"]),
        changed_reason=_sorted(groups["changed_reason"]),
        only_before=tuple(sorted(old.keys() - new.keys())),
        only_after=tuple(sorted(new.keys() - old.keys())),
        unchanged=unchanged,
    )


def render(comparison: Comparison, language: Language) -> str:
    """Return `comparison` as plain lines for people; what makes the runs differ comes first and loud."""
    return "\n".join(visible(line) for line in _lines(comparison, language)) + "\n"


def _lines(comparison: Comparison, language: Language) -> Iterator[str]:
    yield _HEAD.format(before=comparison.before, after=comparison.after).in_(language)
    for one in comparison.differences:
        text = _LOUD.format(what=one.what.in_(language), before=one.before or "-", after=one.after or "-")
        yield f"!!! {text.in_(language)}"
    for decision in comparison.decisions:
        words = (
            DECISIONS[word].in_(language) if word else _ABSENT.in_(language)
            for word in (decision.before, decision.after)
        )
        yield f"{_DECISION.in_(language)} {decision.place.in_(language)}: {' -> '.join(words)}"
    quiet = not (comparison.differences or comparison.decisions)
    for name, title in _GROUPS.items():
        changes: tuple[Change, ...] = getattr(comparison, name)
        if changes:
            quiet = False
            yield f"{title.in_(language)}: {len(changes)}"
        for change in changes:
            yield from _change_lines(change, language)
    for name, title in _ONLY.items():
        ids: tuple[str, ...] = getattr(comparison, name)
        if ids:
            quiet = False
            yield f"{title.in_(language)}: {len(ids)}"
        yield from (f"  {one}" for one in ids[:_SHOWN])
        if len(ids) > _SHOWN:
            yield f"  (+{len(ids) - _SHOWN})"
    if quiet:
        yield _NOTHING.in_(language)
    yield _SAME.format(number=comparison.unchanged).in_(language)


def _change_lines(change: Change, language: Language) -> Iterator[str]:
    before, after = (
        f"{VERDICT_SYMBOLS[verdict]} {VERDICTS[verdict].in_(language)}" for verdict in (change.before, change.after)
    )
    yield f"  {change.item} {change.title.in_(language)}".replace("\n", " ")
    reasons = [
        ", ".join(REASONS[reason].in_(language) for reason in several) or "-"
        for several in (change.reasons_before, change.reasons_after)
    ]
    yield f"    {before} ({reasons[0]}) -> {after} ({reasons[1]})"


def _kind(old: ItemResult, new: ItemResult) -> str | None:
    if old.verdict is new.verdict:
        return None if set(_reasons(old)) == set(_reasons(new)) else "changed_reason"
    if new.verdict is Verdict.FAIL:
        return "newly_failing"
    if old.verdict is Verdict.FAIL and new.verdict is Verdict.PASS:
        return "fixed"
    return "changed_verdict"


def _change(old: ItemResult, new: ItemResult) -> Change:
    return Change(
        item=new.id,
        title=new.title,
        before=old.verdict,
        after=new.verdict,
        reasons_before=_reasons(old),
        reasons_after=_reasons(new),
    )


def _reasons(item: ItemResult) -> tuple[Reason, ...]:
    """Return the reasons that carry the item's verdict, each once."""
    findings = (finding for attempt in item.attempts for finding in attempt.findings)
    return tuple(dict.fromkeys(finding.reason for finding in findings if finding.verdict is item.verdict))


def _sorted(changes: list[Change]) -> tuple[Change, ...]:
    return tuple(sorted(changes, key=lambda change: change.item))


def _differences(before: Report, after: Report) -> Iterator[Difference]:
    for name, what in _DIFFER.items():
        values = [_value(report, name) for report in (before, after)]
        if values[0] != values[1]:
            yield Difference(what=what, before=values[0], after=values[1])


def _value(report: Report, name: str) -> str:
    if name == "product":
        keys = ("name", "version", "supplier", "serial_number", "image_sha256")
        return " ".join(str(report.product[key]) for key in keys if report.product.get(key))
    if name == "selection":
        more = len(report.selection) - _SHOWN
        return ", ".join(report.selection[:_SHOWN]) + (f" (+{more})" if more > 0 else "")
    return str(getattr(report, name))


def _decisions(before: Report, after: Report) -> Iterator[DecisionChange]:
    old, new = ({(row.connection_point, row.region): row.word for row in overall(report)} for report in (before, after))
    for place in dict.fromkeys((*old, *new)):
        if old.get(place) is not new.get(place):
            point, region = place
            label = Text(en=f"{POINTS[point].en} {region.upper()}", ja=f"{POINTS[point].ja} {region.upper()}")
            yield DecisionChange(place=label, before=old.get(place), after=new.get(place))
