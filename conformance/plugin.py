"""The pytest plugin: vector files are collected as they are; each planned item is one pytest item."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from conformance.model.finding import Finding, Verdict
from conformance.model.text import Language

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from conformance.campaign import Campaign
    from conformance.catalogue.plan import PlanItem
    from conformance.model.report import ItemResult, Report
    from conformance.model.transcript import Transcript

CAMPAIGN: pytest.StashKey[Campaign] = pytest.StashKey()
OBSERVER: pytest.StashKey[Observer] = pytest.StashKey()
ITEMS: pytest.StashKey[dict[Path, list[PlanItem]]] = pytest.StashKey()


class Observer:
    """Is told of each item as it ends; `mgcc run` draws progress with it."""

    def item_finished(self, row: ItemResult, done: int, total: int) -> None:
        """One item has ended."""

    def run_finished(self, report: Report, folder: Path) -> None:
        """The record is whole and the report is written."""


class NonConformityError(AssertionError):
    """The product did not behave as the criterion asks; pytest calls it a failure."""


class UndecidedError(Exception):
    """It could not be told; neither a pass nor a non-conformity."""


class SuiteTroubleError(Exception):
    """The suite itself got into trouble; never the product's fault."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of a plain `pytest test_vectors/PKI --endpoint endpoint.yaml`."""
    group = parser.getgroup("mgcc", "conformance of a microgrid management system")
    group.addoption("--endpoint", metavar="FILE", help="endpoint file of the product under test")
    group.addoption("--lab-hooks", metavar="FILE", help="the laboratory's own file of hook commands")
    group.addoption("--run-dir", metavar="DIR", help="folder for the record of the run (default: runs/RUN-ID)")
    group.addoption("--allow-physical", action="store_true", help="also run items that act on the plant")
    group.addoption("--lang", choices=[*Language], default=None, help="language of messages")


def pytest_configure(config: pytest.Config) -> None:
    """Open the campaign of a plain pytest run, once an endpoint is named."""
    endpoint = config.getoption("--endpoint")
    if endpoint is None or CAMPAIGN in config.stash:
        return
    from conformance.catalogue.problem import CatalogueError, SelectionError  # noqa: PLC0415
    from conformance.model.problem import ProblemError  # noqa: PLC0415
    from conformance.opening import Choices, check, open_campaign, read_desk  # noqa: PLC0415
    from conformance.pki.errors import LabError  # noqa: PLC0415

    choices = Choices(
        endpoint=Path(endpoint),
        lab_hooks=Path(config.getoption("--lab-hooks")) if config.getoption("--lab-hooks") else None,
        out=Path(config.getoption("--run-dir")) if config.getoption("--run-dir") else None,
        allow_physical=config.getoption("--allow-physical"),
    )
    try:
        desk = read_desk(choices)
        config.stash[CAMPAIGN] = open_campaign(desk, check(desk))
    except (CatalogueError, SelectionError, LabError, ProblemError) as error:
        raise pytest.UsageError(str(error)) from error


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> VectorFile | None:
    """Collect vector files, once an endpoint is named."""
    campaign = parent.config.stash.get(CAMPAIGN, None)
    if campaign is None or file_path.suffix != ".yaml":
        return None
    planned = _planned(parent.config, campaign)
    if file_path not in planned:
        return None
    return VectorFile.from_parent(parent, path=file_path)


def _planned(config: pytest.Config, campaign: Campaign) -> dict[Path, list[PlanItem]]:
    if ITEMS not in config.stash:
        grouped: dict[Path, list[PlanItem]] = {}
        for item in campaign.assignment.items:
            grouped.setdefault(item.file, []).append(item)
        config.stash[ITEMS] = grouped
    return config.stash[ITEMS]


class VectorFile(pytest.File):
    """A file of test vectors."""

    def collect(self) -> Iterable[VectorItem]:
        """Yield one item for each row that the plan has of this file."""
        campaign = self.config.stash[CAMPAIGN]
        for planned in _planned(self.config, campaign)[self.path]:
            yield VectorItem.from_parent(self, name=planned.id, planned=planned)


class VectorItem(pytest.Item):
    """One planned item: `setup` stimulates and records, `runtest` only judges."""

    def __init__(self, *, planned: PlanItem, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.planned = planned
        self.transcript: Transcript | None = None
        self._begun = 0.0
        vector = planned.vector
        self.user_properties += [
            ("criterion", planned.criterion),
            ("connection-point", planned.connection_point.value),
            ("binding", planned.binding.label),
            *[("clause", clause) for clause in vector.clauses],
        ]

    @property
    def campaign(self) -> Campaign:
        """The campaign this item belongs to."""
        return self.config.stash[CAMPAIGN]

    def setup(self) -> None:
        """Perform the stimuli and record them; our own trouble is a pytest error."""
        if self.planned.why is not None:
            pytest.skip(self.planned.why.in_(_language(self.config)))
        self._begun = time.monotonic()
        self.transcript = self.campaign.perform(self.planned)

    def runtest(self) -> None:
        """Judge what was recorded."""
        if self.transcript is None:
            return
        row = self.campaign.conclude(self.planned, self.transcript, time.monotonic() - self._begun)
        self.user_properties.append(("verdict", row.verdict.value))
        observer = self.config.stash.get(OBSERVER, None)
        if observer is not None:
            done, total = self.campaign.progress()
            observer.item_finished(row, done, total)
        findings = row.attempts[-1].findings
        story = tell(findings, _language(self.config))
        match row.attempts[-1].verdict:
            case Verdict.FAIL:
                raise NonConformityError(story)
            case Verdict.ERROR:
                raise SuiteTroubleError(story)
            case Verdict.INCONCLUSIVE:
                raise UndecidedError(story)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Show the findings instead of a traceback."""
        if isinstance(excinfo.value, NonConformityError | UndecidedError | SuiteTroubleError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Point at the vector's file and, where pytest itself reports (`mgcc run` does not let it), at its line."""
        shown = self.config.pluginmanager.has_plugin("terminalreporter")
        return self.path, self.planned.line - 1 if shown else None, self.name


def tell(findings: Iterable[Finding], language: Language) -> str:
    """Return the findings that are no pass, as expected / observed / clause lines."""
    words = ("期待", "観測", "根拠") if language is Language.JA else ("expected", "observed", "clause")
    lines: list[str] = []
    for finding in findings:
        if finding.verdict is Verdict.PASS:
            continue
        lines.append(f"[{finding.reason}] {finding.step}".rstrip())
        lines.append(f"    {words[0]}  {finding.expected.in_(language)}")
        lines.append(f"    {words[1]}  {finding.observed.in_(language)}")
        if finding.clause:
            lines.append(f"    {words[2]}  {finding.clause}")
    return "\n".join(lines)


def _language(config: pytest.Config) -> Language:
    return Language(config.getoption("--lang") or Language.EN)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep to the order of the plan: what disturbs the product comes last."""
    order = {planned: number for number, planned in enumerate(_orders(items))}
    items.sort(key=lambda item: order.get(item.planned.id, 0) if isinstance(item, VectorItem) else -1)


def _orders(items: list[pytest.Item]) -> list[str]:
    first = next((item for item in items if isinstance(item, VectorItem)), None)
    return [] if first is None else [planned.id for planned in first.campaign.assignment.items]


def _waiting(session: pytest.Session) -> list[PlanItem]:
    from conformance.campaign import waiting  # noqa: PLC0415  an idle plugin costs nothing

    return waiting(item.planned for item in session.items if isinstance(item, VectorItem))


@pytest.hookimpl(wrapper=True)
def pytest_runtestloop(session: pytest.Session) -> Iterator[None]:
    """Close the record however the run ends; a termination signal is an interrupt."""
    campaign = session.config.stash.get(CAMPAIGN, None)
    if campaign is None:
        return (yield)
    before = signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    complete = False
    try:
        for item in _waiting(session):
            campaign.arm(item)
        result = yield
        complete = not session.shouldstop and not session.shouldfail
    finally:
        signal.signal(signal.SIGTERM, before)
        report = campaign.finish(complete=complete)
        observer = session.config.stash.get(OBSERVER, None)
        if observer is not None:
            observer.run_finished(report, campaign.evidence.folder)
    return result
