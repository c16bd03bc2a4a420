"""The commands that touch a product: preflight, run, rerun."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.cli.exit_codes import ExitCode, of_run
from conformance.cli.language import bilingual_commands
from conformance.cli.performing import FORMATS, Telling, formats_of, perform, print_preflight
from conformance.model.criterion import ConnectionPoint, Region
from conformance.model.text import Language, Text

if TYPE_CHECKING:
    from conformance.opening import Choices


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `preflight`, `run` and `rerun`."""
    command = bilingual_commands(commands)
    preflight = command("preflight", help="check what is the laboratory's, before anything is judged")
    _endpoint_options(preflight)
    preflight.set_defaults(run=_preflight)
    run = command("run", help="run the suite against a product")
    _endpoint_options(run)
    _run_options(run)
    run.add_argument("--select", default="", metavar="IDS", help="families, criteria, vectors or items: PKI,TLS-04/...")
    run.set_defaults(run=_perform)
    rerun = command("rerun", help="run again what did not pass in a stored run; a new record of its own")
    rerun.add_argument("--failed", type=Path, required=True, metavar="DIR", help="run folder")
    _endpoint_options(rerun)
    _run_options(rerun)
    rerun.set_defaults(run=_rerun)


def _endpoint_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--endpoint", type=Path, default=Path("endpoint.yaml"), metavar="FILE")
    parser.add_argument("--lab-hooks", type=Path, metavar="FILE", help="the laboratory's own file of hook commands")
    parser.add_argument("--point", action="append", choices=[*ConnectionPoint], default=[], help="only this point")
    parser.add_argument("--region", action="append", choices=[*Region], default=[], help="only this region")


def _run_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--level", type=int, choices=(1, 2, 3, 4), help="security level aimed at")
    parser.add_argument("--out", type=Path, metavar="DIR", help="run folder (default: runs/RUN-ID)")
    parser.add_argument("--allow-physical", action="store_true", help="also run items that act on the plant")
    parser.add_argument("--allow-conditions", action="store_true", help="exit 0 for connect with conditions, too")
    parser.add_argument(
        "--certification", action="store_true", help="certification mode: simulated evidence counts not"
    )
    parser.add_argument("--format", default=",".join(FORMATS), help="views to write: html,junit,allure or none")
    parser.add_argument("--json", metavar="FILE", help="write the report to FILE; `-` for standard output")
    parser.add_argument("--verbose", action="store_true", help="show passed items, too")


def _preflight(arguments: argparse.Namespace, language: Language) -> int:
    from conformance.opening import check, read_desk  # noqa: PLC0415  each command loads what it needs

    checked = check(read_desk(choices(arguments)))
    print_preflight(checked, language, sys.stdout)
    return ExitCode.BAD_INPUT if checked.failed else ExitCode.CONNECT


def _rerun(arguments: argparse.Namespace, language: Language) -> int:
    from conformance.assembly import read_run  # noqa: PLC0415
    from conformance.evidence import RunRecord  # noqa: PLC0415
    from conformance.model.finding import Verdict  # noqa: PLC0415

    report, _ = read_run(RunRecord(arguments.failed))
    again = {Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.ERROR}
    arguments.select = ",".join(item.id for item in report.items if item.verdict in again)
    if not arguments.select:
        nothing = Text(en="nothing to run again: no item failed", ja="再実行の対象がありません: 不合格の項目はない")
        print(nothing.in_(language))
        return ExitCode.CONNECT
    return _perform(arguments, language)


def choices(arguments: argparse.Namespace) -> "Choices":
    """Return what the arguments ask for."""
    from conformance.catalogue.selection import split_selection  # noqa: PLC0415
    from conformance.opening import Choices  # noqa: PLC0415

    return Choices(
        endpoint=arguments.endpoint,
        lab_hooks=arguments.lab_hooks,
        out=getattr(arguments, "out", None),
        points=tuple(ConnectionPoint(point) for point in arguments.point),
        regions=tuple(Region(region) for region in arguments.region),
        selection=split_selection(getattr(arguments, "select", "")),
        security_level=getattr(arguments, "level", None),
        allow_physical=getattr(arguments, "allow_physical", False),
        mode="certification" if getattr(arguments, "certification", False) else "self-test",
    )


def _perform(arguments: argparse.Namespace, language: Language) -> int:
    telling = Telling(
        language=language,
        verbose=arguments.verbose,
        formats=formats_of(arguments.format),
        json=arguments.json,
    )
    return perform(
        choices(arguments),
        telling,
        exit_code=lambda report: of_run(report, allow_conditions=arguments.allow_conditions),
    )
