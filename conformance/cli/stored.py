"""The commands that work on stored runs, without the product: report, explain, rejudge, verify, compare, sanitise."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.cli.columns import write_json
from conformance.cli.exit_codes import ExitCode, of_run
from conformance.cli.language import bilingual_commands
from conformance.model.problem import ProblemError
from conformance.model.text import Language, Text

if TYPE_CHECKING:
    from conformance.assembly import Transcripts
    from conformance.model.report import Report
    from conformance.model.transcript import Transcript

_SANITISED = Text(
    en="{folder}: {rewritten} files cleaned, {removed} removed, {left} not Allure's and left as they are",
    ja="{folder}: {rewritten}件を浄化、{removed}件を削除、Allure以外の{left}件はそのまま",
)
_FRAMES = Text(
    en="on the wire: attempt {attempt}, step {step} ({side}), {operation}",
    ja="通信内容: 試行{attempt}、手順{step}（{side}）、{operation}",
)
_REJUDGED = Text(
    en="rejudged {items} items of run {run} offline: {changed} verdicts changed",
    ja="実行 {run} の{items}項目をオフラインで再判定しました: 変化した判定 {changed}件",
)
_CHANGED = Text(en="{item}: was {before}, is {after}", ja="{item}: {before} から {after} へ")
_VERIFIED = Text(
    en="{folder}: {events} events, chain whole, report.json is what the record makes (head {head})",
    ja="{folder}: イベント{events}件、連鎖は完全、report.jsonは記録から再構成したものと一致（先頭ハッシュ {head}）",
)
_TORN = Text(
    en="{folder}: the record is whole up to a torn last line; the run was cut off there",
    ja="{folder}: 記録は途切れた最終行の手前まで完全です。実行はそこで中断しました",
)
_CUT_OFF = Text(
    en="{folder}: {events} events, chain and evidence are whole, but the run was cut off before its report; "
    "`mgcc report {folder}` makes views of what is there",
    ja="{folder}: イベント{events}件、連鎖と証拠は完全ですが、実行は報告の前に中断しています。"
    "`mgcc report {folder}` で残された記録の報告を作成できます",
)
_DIFFERS = Text(
    en="{folder}: report.json is not what the record makes: {what}",
    ja="{folder}: report.jsonが記録から再構成したものと一致しません: {what}",
)


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `report`, `explain`, `rejudge`, `verify`, `sanitise` and `compare`."""
    command = bilingual_commands(commands)
    report = command("report", help="write views of a stored run")
    report.add_argument("folder", type=Path, metavar="DIR")
    report.add_argument("--format", default="html,junit,allure", help="html,junit,allure")
    report.add_argument("--out", type=Path, metavar="DIR", help="where to (default: the run folder)")
    report.set_defaults(run=_report)
    explain = command("explain", help="tell the story of one item of a stored run")
    explain.add_argument("item")
    explain.add_argument("--of", type=Path, required=True, metavar="DIR", help="run folder")
    explain.add_argument("--frames", action="store_true", help="show what went over the wire, field by field")
    explain.set_defaults(run=_explain)
    rejudge = command("rejudge", help="judge the stored transcripts again, without the product")
    rejudge.add_argument("folder", type=Path, metavar="DIR")
    rejudge.add_argument("--json", metavar="FILE", help="write the new report to FILE; `-` for standard output")
    rejudge.set_defaults(run=_rejudge)
    verify = command("verify", help="check that a stored run is whole and its report is its own")
    verify.add_argument("folder", type=Path, metavar="DIR")
    verify.set_defaults(run=_verify)
    sanitise = command("sanitise", help="remove machine, user, process and paths from raw Allure results")
    sanitise.add_argument("folder", type=Path, metavar="DIR", help="the --alluredir of a plain pytest run")
    sanitise.set_defaults(run=_sanitise)
    compare = command("compare", help="what changed between two stored runs")
    compare.add_argument("before", type=Path, metavar="A")
    compare.add_argument("after", type=Path, metavar="B")
    compare.add_argument("--json", metavar="FILE", help="write the comparison to FILE; `-` for standard output")
    compare.set_defaults(run=_compare)


def _read(folder: Path, *, rejudge: bool = False) -> "tuple[Report, Transcripts]":
    from conformance.assembly import read_run  # noqa: PLC0415  each command loads what it needs
    from conformance.evidence import RunRecord  # noqa: PLC0415

    return read_run(RunRecord(folder), rejudge=rejudge)


def _report(arguments: argparse.Namespace, language: Language) -> int:
    from conformance.cli.performing import formats_of  # noqa: PLC0415
    from reports.write import ViewNotWrittenError, write_views  # noqa: PLC0415

    formats = formats_of(arguments.format)
    report, _ = _read(arguments.folder)
    try:
        written = write_views(report, arguments.out or arguments.folder, formats, language)
    except ViewNotWrittenError as error:
        raise ProblemError(error.text) from error
    for path in written:
        print(path)
    return ExitCode.CONNECT


def _explain(arguments: argparse.Namespace, language: Language) -> int:
    from conformance.catalogue.problem import did_you_mean  # noqa: PLC0415
    from reports.explain import explain  # noqa: PLC0415

    report, transcripts = _read(arguments.of)
    item = next((item for item in report.items if item.id == arguments.item), None)
    if item is None:
        advice = did_you_mean(arguments.item, [item.id for item in report.items])
        raise ProblemError(
            Text(
                en=f"run {report.run_id} has no item `{arguments.item}` -> {advice.en}",
                ja=f"実行 {report.run_id} に項目 `{arguments.item}` はありません -> {advice.ja}",
            )
        )
    summary = next((one for one in report.catalogue if one.id == item.criterion), None)
    attempts = transcripts.get(item.id, {})
    sys.stdout.write(explain(item, attempts, summary, report.again, language))
    if arguments.frames:
        for number, transcript in attempts.items():
            _print_frames(arguments.of, number, transcript, language)
    return ExitCode.CONNECT


def _print_frames(folder: Path, number: int, transcript: "Transcript", language: Language) -> None:
    from conformance.evidence import read_blob  # noqa: PLC0415
    from conformance.wire.dissect import connection  # noqa: PLC0415  scapy costs half a second
    from reports.sanitise import visible  # noqa: PLC0415

    for step in transcript.steps:
        if step.exchange.records is not None:
            said = _FRAMES.format(attempt=number, step=step.step, side=step.side, operation=step.operation)
            print(f"\n{said.in_(language)}")
            for line in connection(read_blob(folder, step.exchange.records)):
                print(f"  {visible(line)}")


def _rejudge(arguments: argparse.Namespace, language: Language) -> int:
    from reports.terminal import Console  # noqa: PLC0415

    before, _ = _read(arguments.folder)
    after, _ = _read(arguments.folder, rejudge=True)
    verdicts = {item.id: item.verdict for item in before.items}
    changed = [item for item in after.items if item.verdict != verdicts[item.id]]
    stream = sys.stderr if arguments.json == "-" else sys.stdout
    judged = sum(1 for item in after.items if item.attempts)
    said = _REJUDGED.format(items=judged, run=after.run_id, changed=len(changed))
    print(said.in_(language), file=stream)
    for item in changed:
        line = _CHANGED.format(item=item.id, before=verdicts[item.id], after=item.verdict)
        print(line.in_(language), file=stream)
    if arguments.json:
        write_json(after, arguments.json)
    code = of_run(after)
    with Console(stream, language) as console:
        console.run_finished(after, None, code)
    return code


def _verify(arguments: argparse.Namespace, language: Language) -> int:
    from conformance.evidence import EvidenceError, RunRecord  # noqa: PLC0415
    from conformance.verifying import differences  # noqa: PLC0415

    folder: Path = arguments.folder
    record = RunRecord(folder)
    try:
        events = sum(1 for _ in record.events())
        what = differences(folder)
    except EvidenceError as error:
        print(error.in_(language), file=sys.stderr)
        return ExitCode.REFUSED
    if record.torn:
        print(_TORN.format(folder=folder).in_(language), file=sys.stderr)
        return ExitCode.REFUSED
    if what is None:
        print(_CUT_OFF.format(folder=folder, events=events).in_(language), file=sys.stderr)
        return ExitCode.REFUSED
    if what:
        print(_DIFFERS.format(folder=folder, what="; ".join(what)).in_(language), file=sys.stderr)
        return ExitCode.REFUSED
    print(_VERIFIED.format(folder=folder, events=events, head=record.head[:16]).in_(language))
    return ExitCode.CONNECT


def _sanitise(arguments: argparse.Namespace, language: Language) -> int:
    from reports.allure_raw import sanitise  # noqa: PLC0415

    if not arguments.folder.is_dir():
        raise ProblemError(
            Text(
                en=f"{arguments.folder}: no folder -> name the --alluredir of a pytest run",
                ja=f"{arguments.folder}: フォルダがありません -> pytestの--alluredirを指定してください",
            )
        )
    done = sanitise(arguments.folder)
    counts = {"rewritten": done.rewritten, "removed": len(done.removed), "left": len(done.left)}
    print(_SANITISED.format(folder=arguments.folder, **counts).in_(language))
    return ExitCode.CONNECT


def _compare(arguments: argparse.Namespace, language: Language) -> int:
    from reports.compare import compare, render  # noqa: PLC0415

    comparison = compare(_read(arguments.before)[0], _read(arguments.after)[0])
    stream = sys.stderr if arguments.json == "-" else sys.stdout
    stream.write(render(comparison, language))
    if arguments.json:
        write_json(comparison, arguments.json)
    return ExitCode.NON_CONFORMITY if comparison.newly_failing else ExitCode.CONNECT
