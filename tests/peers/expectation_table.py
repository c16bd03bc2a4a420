"""Reads the checked-in tables: configurations of a server and the verdict of every item on each of them."""

from pathlib import Path
from typing import Annotated

import msgspec
import yaml
from msgspec import Meta, Struct

from conformance.model.finding import Reason, Verdict
from conformance.model.report import ItemResult

EXPECTATIONS = Path(__file__).parent / "expectations"


class Outcome(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A verdict, its finding's reason (none where nothing ran), why that is right, and the items that have it."""

    verdict: Verdict
    reason: Reason | None = None
    why: Annotated[str, Meta(min_length=20)]
    items: Annotated[tuple[str, ...], Meta(min_length=1)]


class Replacement(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One directive of the good configuration, and what stands there instead."""

    good: Annotated[str, Meta(min_length=1)]
    bad: str


class Bad(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A configuration that differs from the good one in one thing, and the items that therefore differ."""

    defect: Annotated[str, Meta(min_length=10)]
    replace: Annotated[tuple[Replacement, ...], Meta(min_length=1)]
    changes: tuple[Outcome, ...]


class Good(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The good configuration: items that pass, and genuine shortcomings of the server or of the product."""

    passes: tuple[str, ...]
    otherwise: tuple[Outcome, ...]


class Table(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The table of one server."""

    server: str
    good: Good
    bad: dict[str, Bad]

    def configuration(self, name: str, good: str) -> str:
        """Return the text of configuration `name`. Raises ValueError: a directive is not exactly once in `good`."""
        for replacement in self.bad[name].replace if name in self.bad else ():
            if good.count(replacement.good) != 1:
                raise ValueError(f"{self.server}/{name}: not exactly once in the good one: {replacement.good!r}")
            good = good.replace(replacement.good, replacement.bad)
        return good

    def expected(self, name: str) -> dict[str, str]:
        """Return `verdict` or `verdict: reason` of every item on configuration `name`."""
        whole = dict.fromkeys(self.good.passes, str(Verdict.PASS)) | _rows(self.good.otherwise)
        return whole | _rows(self.bad[name].changes) if name in self.bad else whole

    def check(self) -> None:
        """Raise ValueError: an item twice in one list, unknown to the good configuration, or changed into the same."""
        good = self.expected("good")
        self._refuse_twice("good", [*self.good.passes, *_items(self.good.otherwise)])
        for name, bad in self.bad.items():
            items = _items(bad.changes)
            self._refuse_twice(name, items)
            changed = self.expected(name)
            unknown = [item for item in items if item not in good]
            same = [item for item in items if item in good and good[item] == changed[item]]
            if unknown or same:
                raise ValueError(
                    f"{self.server}/{name}: not an item of the good one: {unknown}; changes nothing: {same}"
                )

    def _refuse_twice(self, name: str, items: list[str]) -> None:
        twice = sorted({item for item in items if items.count(item) > 1})
        if twice:
            raise ValueError(f"{self.server}/{name}: listed twice: {twice}")


def load_table(server: str) -> Table:
    """Return the checked-in table of `server`. Raises msgspec.ValidationError, or ValueError as Table.check."""
    content = yaml.load((EXPECTATIONS / f"{server}.yaml").read_bytes(), Loader=yaml.CSafeLoader)
    table = msgspec.convert(content, Table)
    table.check()
    return table


def observed(item: ItemResult) -> str:
    """Return `verdict` or `verdict: reason` of an item that was run."""
    findings = [finding for attempt in item.attempts for finding in attempt.findings if finding.verdict is item.verdict]
    if item.verdict is Verdict.PASS or not findings:
        return str(item.verdict)
    return f"{item.verdict}: {findings[0].reason}"


def differences(expected: dict[str, str], seen: dict[str, str]) -> list[str]:
    """Return one line for each item on which table and run do not agree, both ways."""
    return [
        f"{item}: expected {expected.get(item, 'no such item')}, observed {seen.get(item, 'no such item')}"
        for item in sorted(expected | seen)
        if expected.get(item) != seen.get(item)
    ]


def _rows(outcomes: tuple[Outcome, ...]) -> dict[str, str]:
    return {
        item: f"{outcome.verdict}: {outcome.reason}" if outcome.reason else str(outcome.verdict)
        for outcome in outcomes
        for item in outcome.items
    }


def _items(outcomes: tuple[Outcome, ...]) -> list[str]:
    return [item for outcome in outcomes for item in outcome.items]
