"""Performs a campaign for a command: pytest runs it, the console tells of it, the views are written."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from msgspec import Struct

from conformance.cli.columns import write_json
from conformance.cli.exit_codes import ExitCode
from conformance.evidence import EvidenceError
from conformance.model.problem import ProblemError, SuiteBrokenError
from conformance.model.text import Language, Text

if TYPE_CHECKING:
    from conformance.campaign import Campaign
    from conformance.model.report import ItemResult, Report
    from conformance.opening import Choices, Desk
    from conformance.preflight import Preflight
    from reports.terminal import Console, RunFacts

FORMATS = ("html", "junit", "allure")

_PYTEST_OPTIONS = (
    "--config-file=/dev/null",
    "--rootdir=/",
    *(f"-pno:{name}" for name in (
        "terminal", "logging", "capture", "cacheprovider", "warnings", "doctest", "junitxml", "faulthandler",
        "unraisableexception", "threadexception", "pastebin", "stepwise", "debugging", "unittest", "legacypath",
        "recwarn", "monkeypatch", "tmpdir", "setuponly", "setupplan", "subtests", "skipping",
    )),
)  # fmt: skip


class Telling(Struct, frozen=True, kw_only=True):
    """How people are told of a run: language, whether passed items are shown, views, and the report as JSON."""

    language: Language
    verbose: bool = False
    formats: tuple[str, ...] = FORMATS
    json: str | None = None

    @property
    def stream(self) -> TextIO:
        """Where people read: standard error when standard output is the report's."""
        return sys.stderr if self.json == "-" else sys.stdout


def formats_of(written: str) -> tuple[str, ...]:
    """Return the views named in `written`, separated by commas; `none` is none. Raises ProblemError."""
    formats = tuple(name.strip() for name in written.split(",") if name.strip() not in {"", "none"})
    for name in formats:
        if name not in FORMATS:
            known = ", ".join(FORMATS)
            raise ProblemError(
                Text(en=f"unknown format {name} -> known: {known}", ja=f"未知の形式 {name} -> 使用できる形式: {known}")
            )
    return formats


def perform(chosen: "Choices", telling: Telling, *, exit_code: Callable[["Report"], int]) -> int:
    """Run the suite as `chosen` and return the exit code that `exit_code` computes from the report.

    Raises ProblemError before anything was judged, SuiteBrokenError or EvidenceError when the suite broke.
    """
    from conformance.opening import check, open_campaign, read_desk  # noqa: PLC0415  each command loads what it needs
    from reports.terminal import Console  # noqa: PLC0415
    from reports.write import ViewNotWrittenError, write_views  # noqa: PLC0415

    _can_be_written(telling.json)
    desk = read_desk(chosen)
    checked = check(desk)
    if checked.failed:
        print_preflight(checked, telling.language, sys.stderr)
        return ExitCode.BAD_INPUT
    campaign = open_campaign(desk, checked)
    with Console(telling.stream, telling.language, verbose=telling.verbose) as console:
        try:
            console.run_started(_facts(desk, checked, campaign))
            report = _through_pytest(desk, campaign, console, telling.language)
        except KeyboardInterrupt:
            report = campaign.finish(complete=False)
        try:
            write_views(report, campaign.evidence.folder, telling.formats, telling.language)
            if telling.json:
                write_json(report, telling.json)
        except ViewNotWrittenError as error:
            raise SuiteBrokenError(error.text.in_(telling.language)) from error
        except OSError as error:
            raise SuiteBrokenError(str(error)) from error
        code = exit_code(report)
        console.run_finished(report, campaign.evidence.folder, code)
    return code


def _can_be_written(where: str | None) -> None:
    if where not in {None, "-"} and not Path(str(where)).absolute().parent.is_dir():
        raise ProblemError(
            Text(
                en=f"--json {where}: there is no such folder -> name a file in a folder that exists",
                ja=f"--json {where}: フォルダがありません -> 既存のフォルダのファイルを指定してください",
            )
        )


def print_preflight(checked: "Preflight", language: Language, stream: TextIO) -> None:
    """Print every check with its grade, and what to do where it is not as it should be."""
    signs = {"ok": "✓", "warning": "!", "failed": "✗"}
    for one in checked.checks:
        print(f"{signs[one.grade]} {one.title.in_(language)}: {one.found.in_(language)}", file=stream)
        if one.remedy is not None:
            print(f"    -> {one.remedy.in_(language)}", file=stream)


def _facts(desk: "Desk", checked: "Preflight", campaign: "Campaign") -> "RunFacts":
    from reports.terminal import RunFacts  # noqa: PLC0415

    header = campaign.assignment.header
    product = desk.endpoint.product
    return RunFacts(
        suite=header.environment["mgcc"],
        edition=header.edition,
        catalogue_digest=header.catalogue_digest,
        mode=header.mode,
        product=f"{product.name} {product.version}",
        security_level=header.security_level,
        regions=header.regions,
        places=tuple(
            f"{point} {binding.label} {binding.host}:{binding.port}"
            for point in desk.points
            for binding in desk.endpoint.connection_points[point].bindings
        ),
        planned=len(desk.items),
        to_run=campaign.progress()[1],
        preflight=(sum(1 for one in checked.checks if one.grade == "ok"), len(checked.checks)),
        clock_offset_s=checked.clock_offset_s,
        again=header.again,
        remedies={name: criterion.remedy for name, criterion in desk.catalogue.criteria.items()},
    )


def _through_pytest(desk: "Desk", campaign: "Campaign", console: "Console", language: Language) -> "Report":
    """Let pytest run the items of `campaign`; return the report, also of an interrupted run."""
    import pytest  # noqa: PLC0415

    from conformance import plugin  # noqa: PLC0415

    files = dict.fromkeys(str(item.file) for item in campaign.assignment.items)
    bridge = _Bridge(desk, campaign, console)
    with _only_our_plugins():
        status = pytest.main([*_PYTEST_OPTIONS, f"--lang={language}", *files], plugins=[plugin, bridge])
    console.close()
    broken = bridge.config.stash.get(plugin.BROKEN, None) if bridge.config is not None else None
    if isinstance(broken, EvidenceError):
        raise broken
    if broken is not None:
        raise _not_written(broken, campaign.evidence.folder, language) from broken
    if bridge.report is None:
        campaign.finish(complete=False)
        raise SuiteBrokenError(f"pytest ended with status {int(status)} before the first item")
    return bridge.report


def _not_written(error: Exception, folder: Path, language: Language) -> SuiteBrokenError:
    said = Text(
        en=f"report.json could not be written ({error}); the record is whole. Make room, then `mgcc rejudge {folder}`.",
        ja=f"report.jsonを書き込めません（{error}）。記録は完全です。"
        f"空き容量を確保して `mgcc rejudge {folder}` を実行してください。",
    )
    return SuiteBrokenError(said.in_(language))


class _Bridge:
    """Hands the campaign to the pytest plugin, and its progress to the console."""

    def __init__(self, desk: "Desk", campaign: "Campaign", console: Any) -> None:
        self.desk = desk
        self.campaign = campaign
        self.console = console
        self.report: Report | None = None
        self.config: Any = None

    def pytest_configure(self, config: Any) -> None:
        from conformance.plugin import CAMPAIGN, DESK, OBSERVER  # noqa: PLC0415

        self.config = config
        config.stash[DESK] = self.desk
        config.stash[CAMPAIGN] = self.campaign
        config.stash[OBSERVER] = self

    def item_finished(self, row: "ItemResult", done: int, total: int) -> None:
        self.console.item_finished(row, done, total)

    def run_finished(self, report: "Report", _folder: Path) -> None:
        self.report = report


@contextmanager
def _only_our_plugins() -> Iterator[None]:
    name = "PYTEST_DISABLE_PLUGIN_AUTOLOAD"
    before = os.environ.get(name)
    os.environ[name] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before
