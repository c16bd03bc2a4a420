"""The pytest plugin: vector files are collected as they are; each planned item is one pytest item."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, cast

import pytest

from conformance.evidence import EvidenceError
from conformance.model.finding import Finding, Verdict
from conformance.model.problem import ProblemError
from conformance.model.text import Language

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import FrameType

    from conformance.campaign import Campaign
    from conformance.catalogue.plan import PlanItem
    from conformance.model.report import Attempt, ItemResult, Report
    from conformance.model.transcript import Transcript
    from conformance.opening import Desk

CAMPAIGN: pytest.StashKey[Campaign] = pytest.StashKey()
DESK: pytest.StashKey[Desk] = pytest.StashKey()
BROKEN: pytest.StashKey[Exception] = pytest.StashKey()
STOPPED: pytest.StashKey[bool] = pytest.StashKey()
OBSERVER: pytest.StashKey[Observer] = pytest.StashKey()
_BROKEN_STATUS = 4
_STOPPING = (signal.SIGINT, signal.SIGTERM)
_PYOPENSSL = str(Path("OpenSSL", "SSL.py"))
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
    """Read what a plain pytest run is about, once an endpoint is named; the product is not touched yet."""
    endpoint = config.getoption("--endpoint")
    if endpoint is None or DESK in config.stash:
        return
    from conformance.opening import Choices, read_desk  # noqa: PLC0415  an idle plugin costs nothing

    choices = Choices(
        endpoint=Path(endpoint),
        lab_hooks=Path(config.getoption("--lab-hooks")) if config.getoption("--lab-hooks") else None,
        out=Path(config.getoption("--run-dir")) if config.getoption("--run-dir") else None,
        allow_physical=config.getoption("--allow-physical"),
    )
    try:
        config.stash[DESK] = read_desk(choices)
    except ProblemError as error:
        raise pytest.UsageError(str(error)) from error


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> VectorFile | None:
    """Collect vector files, once an endpoint is named."""
    if DESK not in parent.config.stash or file_path not in _planned(parent.config):
        return None
    return VectorFile.from_parent(parent, path=file_path)


def _planned(config: pytest.Config) -> dict[Path, list[PlanItem]]:
    if ITEMS not in config.stash:
        grouped: dict[Path, list[PlanItem]] = {}
        for item in config.stash[DESK].items:
            grouped.setdefault(item.file, []).append(item)
        config.stash[ITEMS] = grouped
    return config.stash[ITEMS]


class VectorFile(pytest.File):
    """A file of test vectors."""

    def collect(self) -> Iterable[VectorItem]:
        """Yield one item for each row that the plan has of this file."""
        for planned in _planned(self.config)[self.path]:
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
        if self.config.stash.get(STOPPED, False):
            raise KeyboardInterrupt
        self._label_for_allure()
        if self.planned.why is not None:
            pytest.skip(self.planned.why.in_(_language(self.config)))
        self._begun = time.monotonic()
        try:
            self.transcript = self.campaign.perform(self.planned)
        except EvidenceError as error:
            self._give_up(error)
        if self.transcript.trouble is not None:
            raise SuiteTroubleError(tell(self._conclude(self.transcript).findings, _language(self.config)))

    def _label_for_allure(self) -> None:
        """Tell allure-pytest, where a plain run writes its results, what the suite's own Allure view says, too."""
        if self.config.getoption("allure_report_dir", None) is None:
            return
        import allure  # noqa: PLC0415  an idle plugin costs nothing

        planned, dynamic = self.planned, cast("Any", allure.dynamic)
        dynamic.parameter("region", str(planned.region or "all"))
        labels = [
            ("criterion", planned.criterion),
            ("connection-point", planned.connection_point),
            ("binding", planned.binding.label),
            ("gate", self.config.stash[DESK].catalogue.criteria[planned.criterion].gate),
            *(("clause", clause) for clause in planned.vector.clauses),
        ]
        for name, value in labels:
            dynamic.label(name, str(value))

    def runtest(self) -> None:
        """Judge what was recorded."""
        if self.transcript is None:
            return
        attempt = self._conclude(self.transcript)
        story = tell(attempt.findings, _language(self.config))
        match attempt.verdict:
            case Verdict.FAIL:
                raise NonConformityError(story)
            case Verdict.ERROR:
                raise SuiteTroubleError(story)
            case Verdict.INCONCLUSIVE:
                raise UndecidedError(story)

    def _conclude(self, transcript: Transcript) -> Attempt:
        try:
            row = self.campaign.conclude(self.planned, transcript, time.monotonic() - self._begun)
        except EvidenceError as error:
            self._give_up(error)
        attempt = row.attempts[-1]
        self.user_properties.append(("verdict", attempt.verdict.value))
        observer = self.config.stash.get(OBSERVER, None)
        if observer is not None:
            done, total = self.campaign.progress()
            observer.item_finished(row, done, total)
        return attempt

    def _give_up(self, error: EvidenceError) -> NoReturn:
        """A run that cannot be recorded is no run."""
        self.config.stash[BROKEN] = error
        pytest.exit(error.in_(_language(self.config)), returncode=_BROKEN_STATUS)

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
    return [] if first is None else [planned.id for planned in first.config.stash[DESK].items]


def _waiting(session: pytest.Session) -> list[PlanItem]:
    from conformance.campaign import waiting  # noqa: PLC0415  an idle plugin costs nothing

    return waiting(item.planned for item in session.items if isinstance(item, VectorItem))


@pytest.hookimpl(wrapper=True)
def pytest_runtestloop(session: pytest.Session) -> Iterator[None]:
    """Open the campaign, and close its record however the run ends; a termination signal is an interrupt."""
    config = session.config
    if DESK not in config.stash or config.option.collectonly or not session.items:
        return (yield)
    campaign = _opened(config)
    before = [signal.signal(number, _stopper(config)) for number in _STOPPING]
    complete = False
    try:
        for item in _waiting(session):
            campaign.arm(item)
        result = yield
        complete = not (session.shouldstop or session.shouldfail or config.stash.get(STOPPED, False))
    finally:
        for number, handler in zip(_STOPPING, before, strict=True):
            signal.signal(number, handler)
        _finish(config, campaign, complete=complete)
    return result


def _stopper(config: pytest.Config) -> Callable[[int, FrameType | None], None]:
    """Return a signal handler: an interrupt at once, or at the next item where the TLS library would swallow it."""

    def stop(_number: int, frame: FrameType | None) -> None:
        config.stash[STOPPED] = True
        if not _is_called_back(frame):
            raise KeyboardInterrupt

    return stop


def _is_called_back(frame: FrameType | None) -> bool:
    """Whether `frame` runs within a callback of pyOpenSSL, out of which nothing can be raised."""
    while frame is not None:
        if frame.f_code.co_name == "wrapper" and frame.f_code.co_filename.endswith(_PYOPENSSL):
            return True
        frame = frame.f_back
    return False


def _opened(config: pytest.Config) -> Campaign:
    if CAMPAIGN not in config.stash:
        from conformance.opening import check, open_campaign  # noqa: PLC0415

        desk = config.stash[DESK]
        try:
            config.stash[CAMPAIGN] = open_campaign(desk, check(desk))
        except ProblemError as error:
            raise pytest.UsageError(str(error)) from error
    return config.stash[CAMPAIGN]


def _finish(config: pytest.Config, campaign: Campaign, *, complete: bool) -> None:
    try:
        report = campaign.finish(complete=complete)
    except (EvidenceError, OSError) as error:
        config.stash.setdefault(BROKEN, error)
        said = error.in_(_language(config)) if isinstance(error, EvidenceError) else str(error)
        pytest.exit(said, returncode=_BROKEN_STATUS)
    observer = config.stash.get(OBSERVER, None)
    if observer is not None:
        observer.run_finished(report, campaign.evidence.folder)
