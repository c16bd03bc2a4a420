"""The exit codes are a table that scripts rely on."""

from collections.abc import Callable
from pathlib import Path

import pytest
from command import Bench, Said

from conformance import reference
from conformance.assembly import read_run
from conformance.cli.exit_codes import ExitCode, of_run
from conformance.evidence import RunRecord
from conformance.model.criterion import ConnectionPoint, Gate, Region
from conformance.model.finding import Verdict
from conformance.model.report import CriterionResult, Decision, ItemResult, Report, Word
from conformance.model.text import Text

WORDS = {
    "C": Word.CONNECT,
    "W": Word.CONDITIONS,
    "N": Word.NOT_ASSESSED,
    "D": Word.DO_NOT_CONNECT,
}
TITLE = Text(en="title", ja="題名")


def decided(
    word: Word, *, point: ConnectionPoint = ConnectionPoint.DISTRIBUTION, binding: str | None = None
) -> Decision:
    return Decision(connection_point=point, region=Region.JP, binding=binding, word=word, security_level=2)


def criterion(gate: Gate, *, failed: bool, mandatory: bool = True, binding: str | None = None) -> CriterionResult:
    return CriterionResult(
        criterion="PKI-02",
        title=TITLE,
        connection_point=ConnectionPoint.DISTRIBUTION,
        region=Region.JP,
        binding=binding,
        gate=gate,
        security_level=2,
        mandatory=mandatory,
        verdict=Verdict.FAIL if failed else Verdict.PASS,
        failed=failed,
        unresolved=False,
    )


def item(verdict: Verdict, status: str = "active") -> ItemResult:
    return ItemResult(
        id=f"PKI-02/{verdict}-{status}@distribution:https",
        criterion="PKI-02",
        vector=f"PKI-02/{verdict}",
        title=TITLE,
        behaviour="valid",
        status=status,
        clauses=("RFC 5280",),
        connection_point=ConnectionPoint.DISTRIBUTION,
        binding="https",
        protocol="https",
        verdict=verdict,
    )


def report(
    *decisions: Decision,
    criteria: tuple[CriterionResult, ...] = (),
    items: tuple[ItemResult, ...] = (),
    selection: tuple[str, ...] = (),
    complete: bool = True,
) -> Report:
    return Report(
        run_id="r",
        mode="self-test",
        complete=complete,
        started="",
        ended="",
        suite="mgcc",
        environment={},
        product={},
        endpoint={},
        endpoint_digest="",
        edition="",
        catalogue_digest="",
        chain_head="",
        security_level=2,
        regions=(Region.JP,),
        selection=selection,
        decisions=decisions,
        criteria=criteria,
        items=items,
        catalogue=(),
        decision_rule=TITLE,
    )


@pytest.mark.parametrize(
    ("words", "failed", "allow", "code"),
    [
        ("C", None, False, ExitCode.CONNECT),
        ("CC", None, False, ExitCode.CONNECT),
        ("C", Gate.OBSERVE, False, ExitCode.CONNECT),
        ("W", Gate.RESTRICT, False, ExitCode.NON_CONFORMITY),
        ("W", Gate.RESTRICT, True, ExitCode.CONNECT),
        ("W", None, True, ExitCode.CONNECT),
        ("CW", Gate.RESTRICT, False, ExitCode.NON_CONFORMITY),
        ("CW", Gate.RESTRICT, True, ExitCode.CONNECT),
        ("CW", None, True, ExitCode.CONNECT),
        ("N", None, False, ExitCode.NOT_ASSESSED),
        ("CN", None, False, ExitCode.NOT_ASSESSED),
        ("WN", None, True, ExitCode.NOT_ASSESSED),
        ("N", Gate.RESTRICT, False, ExitCode.NON_CONFORMITY),
        ("N", Gate.OBSERVE, False, ExitCode.NOT_ASSESSED),
        ("D", Gate.CONNECT, False, ExitCode.NON_CONFORMITY),
        ("CD", Gate.CONNECT, True, ExitCode.NON_CONFORMITY),
        ("ND", Gate.CONNECT, False, ExitCode.NON_CONFORMITY),
        ("", None, False, ExitCode.NOT_ASSESSED),
    ],
)
def test_the_worst_decision_gives_the_code(words: str, failed: Gate | None, allow: bool, code: ExitCode) -> None:
    decisions = [decided(WORDS[letter]) for letter in words]
    criteria = () if failed is None else (criterion(failed, failed=True),)
    assert of_run(report(*decisions, criteria=criteria), allow_conditions=allow) is code


def test_the_row_of_one_binding_does_not_count_beside_the_row_over_all() -> None:
    decisions = decided(Word.CONNECT), decided(Word.NOT_ASSESSED, binding="modbus")
    assert of_run(report(*decisions)) is ExitCode.CONNECT


def test_an_interrupted_run_says_so_whatever_was_judged() -> None:
    failed = criterion(Gate.CONNECT, failed=True)
    assert of_run(report(decided(Word.DO_NOT_CONNECT), criteria=(failed,), complete=False)) is ExitCode.INTERRUPTED


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [
        ([Verdict.PASS, Verdict.NOT_APPLICABLE], ExitCode.CONNECT),
        ([Verdict.PASS, Verdict.FAIL, Verdict.ERROR], ExitCode.NON_CONFORMITY),
        ([Verdict.PASS, Verdict.ERROR], ExitCode.NOT_ASSESSED),
        ([Verdict.PASS, Verdict.INCONCLUSIVE], ExitCode.NOT_ASSESSED),
        ([Verdict.PASS, Verdict.NOT_RUN], ExitCode.NOT_ASSESSED),
    ],
)
def test_of_a_selection_the_code_speaks_of_its_items(verdicts: list[Verdict], code: ExitCode) -> None:
    items = tuple(item(verdict) for verdict in verdicts)
    assert of_run(report(decided(Word.NOT_ASSESSED), items=items, selection=("PKI",))) is code


def test_a_draft_never_counts() -> None:
    items = item(Verdict.PASS), item(Verdict.FAIL, "draft")
    assert of_run(report(decided(Word.NOT_ASSESSED), items=items, selection=("PKI",))) is ExitCode.CONNECT


def test_0_for_a_selection_that_passed(run_folder: Path) -> None:
    stored, _ = read_run(RunRecord(run_folder))
    assert of_run(stored) is ExitCode.CONNECT


def test_1_for_a_product_that_accepts_an_expired_certificate(
    bench: Bench, tmp_path: Path, mgcc: Callable[..., Said]
) -> None:
    fault = "accepts-expired-client-certificate"
    with reference.serving(bench.folder / "home", log=tmp_path / "log", faults=[fault]) as announced:
        endpoint = bench.folder / "faulty.yaml"
        endpoint.write_text(reference.endpoint_text(announced, Path("lab")), encoding="utf-8")
        arguments = "--select", "PKI-02/client-leaf-expired", "--format", "none", "--out", tmp_path / "run"
        said = mgcc("run", "--endpoint", endpoint, *arguments)
    assert said.code == ExitCode.NON_CONFORMITY
    assert "PKI-02/client-leaf-expired@distribution:https#a-day-ago" in said.out
    assert "expected" in said.out
    assert "observed" in said.out
    assert "RFC 5280 4.1.2.5" in said.out


def test_2_when_it_cannot_be_told(bench: Bench, tmp_path: Path, mgcc: Callable[..., Said]) -> None:
    endpoint = bench.changed("elsewhere.yaml", ("path: /mgcc/v1/state", "path: /mgcc/v1/nowhere"))
    said = mgcc(
        *("run", "--endpoint", endpoint, "--select", "PKI-02/client-leaf-expired@distribution:https"),
        *("--format", "none", "--out", tmp_path / "run"),
    )
    assert said.code == ExitCode.NOT_ASSESSED


def test_3_for_what_cannot_be_parsed(mgcc: Callable[..., Said]) -> None:
    said = mgcc("run", "--no-such-option")
    assert said.code == ExitCode.BAD_INPUT
    assert len(said.err.splitlines()) == 1


def test_4_when_the_suite_breaks(run_folder: Path, mgcc: Callable[..., Said], monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("planted")

    monkeypatch.setattr("conformance.assembly.read_run", broken)
    said = mgcc("rejudge", run_folder)
    assert said.code == ExitCode.SUITE_BROKE
    assert "nothing follows from it for the product" in said.err


def test_5_for_a_record_that_was_altered(stored: Path, mgcc: Callable[..., Said]) -> None:
    (stored / "report.json").unlink()
    assert mgcc("verify", stored).code == ExitCode.REFUSED


def test_130_when_a_person_stops_it(
    run_folder: Path, mgcc: Callable[..., Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("conformance.assembly.read_run", stopped)
    said = mgcc("rejudge", run_folder)
    assert said.code == ExitCode.INTERRUPTED
    assert "Traceback" not in said.err
