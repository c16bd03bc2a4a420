"""The commands around the bundled reference MMS: demo, serve, faults, prove."""

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.cli.columns import write_json
from conformance.cli.exit_codes import ExitCode
from conformance.cli.language import bilingual_commands
from conformance.model.finding import Verdict
from conformance.model.text import Language, Text

if TYPE_CHECKING:
    from conformance.model.report import Report

_SHOWN = 5
_EXPECTED = {True: {Verdict.PASS}, False: set(Verdict) - {Verdict.ERROR}}
"""By whether an item is active: what a draft finds never counts, but it has to run."""
_WELCOME = Text(
    en="mgcc demo: starts the bundled reference MMS on loopback, runs the whole suite against it, stops it.\n"
    "Folder: {folder}",
    ja="mgcc demo: 同梱の参照MMSをループバックで起動し、試験一式を実施して停止します。\nフォルダ: {folder}",
)
_AS_EXPECTED = Text(
    en="Self-check: every item that ran gave its expected verdict ({passed} pass). The decision above stays what it "
    "honestly is: {untested} of {asked} criteria have no test vector yet.",
    ja="自己点検: 実施した全項目が期待どおりの結果でした（適合{passed}件）。"
    "上の判定は実態どおりです（全{asked}基準のうち{untested}基準には、まだ試験ベクトルがありません）。",
)
_SELECTED = Text(
    en="Self-check: every selected item gave its expected verdict ({passed} pass, {drafts} of them drafts that never "
    "count).",
    ja="自己点検: 選択した全項目が期待どおりの結果でした（適合{passed}件、うち判定に数えない草案{drafts}件）。",
)
_BROKEN = Text(
    en="The reference was broken on purpose ({faults}): {found} of {performed} items found it out.",
    ja="参照MMSを意図的に壊しました（{faults}）: {performed}件中{found}件が検出しました。",
)
_UNEXPECTED = Text(
    en="Self-check: {count} items did not give their expected verdict: {items}",
    ja="自己点検: {count}件が期待した結果になりませんでした: {items}",
)


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `demo`, `serve`, `faults` and `prove`."""
    command = bilingual_commands(commands)
    demo = command("demo", help="run the whole suite against the bundled reference MMS")
    demo.add_argument("--folder", type=Path, help="where to keep everything (default: runs/demo-TIME)")
    demo.add_argument("--select", default="", metavar="IDS", help="families, criteria, vectors or items")
    demo.add_argument("--fault", action="append", default=[], metavar="ID", help="break the reference in this way")
    demo.add_argument("--json", metavar="FILE", help="write the report to FILE; `-` for standard output")
    demo.add_argument("--verbose", action="store_true", help="show passed items, too")
    demo.set_defaults(run=_demo)
    serve = command("serve", help="the reference MMS in the foreground, with an endpoint file for it")
    serve.add_argument("--fault", action="append", default=[], metavar="ID", help="break it in this way")
    serve.add_argument("--port", type=int, default=0, metavar="N", help="first port (default: free ports)")
    serve.add_argument("--folder", type=Path, default=Path("runs/serve"), help="its lab PKI, home and endpoint file")
    serve.set_defaults(run=_serve)
    faults = command("faults", help="the faults of the reference MMS")
    faults.set_defaults(run=_faults)
    prove = command("prove", help="the kill matrix: does each fault fall to the vectors that claim it")
    prove.add_argument("--select", default="", metavar="IDS", help="only these faults (ids, separated by commas)")
    prove.add_argument("--full", action="store_true", help="every fault against every item, not only a sample")
    prove.add_argument("--seed", type=int, default=1, help="of the sample of other items")
    prove.add_argument("--jobs", type=int, default=2, help="faults in parallel")
    prove.add_argument("--json", metavar="FILE", help="write the matrix to FILE; `-` for standard output")
    prove.set_defaults(run=_prove)


def _demo(arguments: argparse.Namespace, language: Language) -> int:
    from conformance import reference  # noqa: PLC0415  each command loads what it needs
    from conformance.catalogue.selection import split_selection  # noqa: PLC0415
    from conformance.cli.performing import Telling, perform  # noqa: PLC0415
    from conformance.opening import Choices  # noqa: PLC0415

    telling = Telling(language=language, verbose=arguments.verbose, json=arguments.json)
    folder: Path = arguments.folder or Path("runs") / f"demo-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    print(_WELCOME.format(folder=folder).in_(language), file=telling.stream)
    lab = _prepared(folder)
    broken = "".join(f" --fault {fault}" for fault in arguments.fault)
    told: list[Text] = []

    def self_check(report: "Report") -> int:
        code, said = _self_check(report, arguments.fault)
        told.append(said)
        return code

    with reference.serving(folder / "home", log=folder / "reference.log", faults=arguments.fault) as announced:
        endpoint = folder / "endpoint.yaml"
        endpoint.write_text(reference.endpoint_text(announced, lab), encoding="utf-8")
        chosen = Choices(
            endpoint=endpoint,
            out=folder / "run",
            selection=split_selection(arguments.select),
            mode="demo",
            again=f"mgcc demo{broken} --select {{item}}",
        )
        code = perform(chosen, telling, exit_code=self_check)
    for said in told:
        print(said.in_(language), file=telling.stream)
    return code


def _prepared(folder: Path) -> Path:
    """Make lab PKI and reference home in `folder`, once; return the lab's path relative to the endpoint file."""
    from conformance import reference  # noqa: PLC0415
    from conformance.pki.lab import create_lab  # noqa: PLC0415

    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "home").exists():
        reference.prepare(create_lab(folder / "lab"), folder / "home")
    return Path("lab")


def _self_check(report: "Report", faults: Sequence[str]) -> tuple[int, Text]:
    """Return 0 when every item that ran gave its expected verdict, and what to say of it.

    A reference that was broken on purpose is found out by items that fail; that is told, with 1.
    """
    if not report.complete:
        return ExitCode.INTERRUPTED, Text(en="Self-check: interrupted.", ja="自己点検: 中断されました。")
    ran = [item for item in report.items if item.attempts]
    drafts = sum(1 for item in ran if item.status != "active")
    unexpected = [item.id for item in ran if item.verdict not in _EXPECTED[item.status == "active"]]
    if faults:
        found = sum(1 for item in ran if item.verdict is Verdict.FAIL)
        code = ExitCode.NON_CONFORMITY if unexpected else ExitCode.CONNECT
        return code, _BROKEN.format(faults=", ".join(faults), found=found, performed=len(ran))
    if unexpected:
        shown = ", ".join(unexpected[:_SHOWN]) + (" ..." if len(unexpected) > _SHOWN else "")
        return ExitCode.NON_CONFORMITY, _UNEXPECTED.format(count=len(unexpected), items=shown)
    asked = {result.criterion for result in report.criteria}
    tested = {item.criterion for item in ran}
    counts = {"passed": len(ran), "drafts": drafts, "untested": len(asked - tested), "asked": len(asked)}
    return ExitCode.CONNECT, (_AS_EXPECTED if not report.selection else _SELECTED).format(**counts)


def _serve(arguments: argparse.Namespace, language: Language) -> int:
    from conformance import reference  # noqa: PLC0415

    lab = _prepared(arguments.folder)
    endpoint = arguments.folder / "endpoint.yaml"
    process, announced = reference.start(
        arguments.folder / "home", faults=arguments.fault, options=["--port", str(arguments.port)], log=None
    )
    try:
        endpoint.write_text(reference.endpoint_text(announced, lab), encoding="utf-8")
        for listener in announced["listeners"]:
            print("{connection_point} {binding}: {host}:{port}".format(**listener))
        said = Text(
            en=f"Run the suite against it: mgcc run --endpoint {endpoint}\nCtrl-C stops it.",
            ja=f"試験の実施: mgcc run --endpoint {endpoint}\nCtrl-Cで停止します。",
        )
        print(said.in_(language), flush=True)
        return process.wait()
    except KeyboardInterrupt:
        return ExitCode.CONNECT
    finally:
        reference.stop(process)


def _faults(_arguments: argparse.Namespace, language: Language) -> int:
    from conformance import reference  # noqa: PLC0415

    for fault in reference.list_faults():
        print(f"{fault['id']:44} {fault['criterion']}  {fault['title'][language]}")
    return ExitCode.CONNECT


def _prove(arguments: argparse.Namespace, language: Language) -> int:
    from conformance.catalogue.selection import split_selection  # noqa: PLC0415
    from conformance.cli.kill_matrix import as_data, print_matrix  # noqa: PLC0415
    from conformance.proving import prove  # noqa: PLC0415

    stream = sys.stderr if arguments.json == "-" else sys.stdout
    matrix = prove(
        split_selection(arguments.select),
        full=arguments.full,
        seed=arguments.seed,
        jobs=arguments.jobs,
        progress=lambda fault, done, total: print(f"[{done:>3}/{total}] {fault}", file=stream, flush=True),
    )
    print_matrix(matrix, language, stream)
    if arguments.json:
        write_json(as_data(matrix), arguments.json)
    return ExitCode.CONNECT if matrix.holds else ExitCode.NON_CONFORMITY
