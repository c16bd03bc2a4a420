"""A stored run can be told, judged again, verified and compared without the product; a changed one is refused."""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from command import Bench, Said

REFUSED = 5
ITEM = "PKI-02/client-leaf-expired@distribution:https#a-day-ago"


@pytest.mark.parametrize(("language", "word"), [("en", "alert"), ("ja", "アラート")])
def test_explain_tells_the_story_of_one_item(
    language: str, word: str, run_folder: Path, mgcc: Callable[..., Said]
) -> None:
    said = mgcc("--lang", language, "explain", ITEM, "--of", run_folder)
    assert said.code == 0
    assert ITEM in said.out
    assert word in said.out
    assert "RFC 5280 4.1.2.5" in said.out


def test_explain_knows_what_it_does_not_know(run_folder: Path, mgcc: Callable[..., Said]) -> None:
    said = mgcc("explain", ITEM.replace("expired", "expird"), "--of", run_folder)
    assert said.code == 3
    assert "client-leaf-expired" in said.err


@pytest.mark.parametrize("command", ["explain", "rejudge", "verify", "report", "compare", "rerun"])
@pytest.mark.parametrize("language", ["en", "ja"])
def test_a_folder_without_a_run_is_bad_input(
    command: str, language: str, bench: Bench, tmp_path: Path, mgcc: Callable[..., Said]
) -> None:
    nowhere = tmp_path / "nowhere"
    argv: dict[str, tuple[object, ...]] = {
        "explain": (ITEM, "--of", nowhere),
        "compare": (nowhere, nowhere),
        "rerun": ("--failed", nowhere, "--endpoint", bench.endpoint),
    }
    said = mgcc("--lang", language, command, *argv.get(command, (nowhere,)))
    assert said.code == 3
    assert "nowhere" in said.err
    assert any("\u3040" <= sign <= "\u9fff" for sign in said.err) is (language == "ja")


def test_rejudge_gives_the_same_verdicts(run_folder: Path, mgcc: Callable[..., Said]) -> None:
    said = mgcc("rejudge", run_folder, "--json", "-")
    assert said.code == 0
    stored = json.loads((run_folder / "report.json").read_bytes())
    again = json.loads(said.out)
    assert again["items"] == stored["items"]
    assert again["decisions"] == stored["decisions"]


def test_compare_of_a_run_with_itself_finds_nothing_new(run_folder: Path, mgcc: Callable[..., Said]) -> None:
    assert mgcc("compare", run_folder, run_folder).code == 0


def test_rerun_of_a_run_without_failures_has_nothing_to_do(
    bench: Bench, run_folder: Path, mgcc: Callable[..., Said]
) -> None:
    said = mgcc("rerun", "--failed", run_folder, "--endpoint", bench.endpoint)
    assert said.code == 0
    assert not Path("runs").exists()


def test_rerun_takes_up_what_did_not_pass(bench: Bench, tmp_path: Path, mgcc: Callable[..., Said]) -> None:
    elsewhere = bench.changed("no-state.yaml", ("path: /mgcc/v1/state", "path: /mgcc/v1/nowhere"))
    selection = "PKI-02/client-leaf-short-lived,PKI-02/own-chain-in-validity"
    first, second = tmp_path / "first", tmp_path / "second"
    before = mgcc("run", "--endpoint", elsewhere, "--select", selection, "--out", first, "--format", "none")
    after = mgcc("rerun", "--failed", first, "--endpoint", bench.endpoint, "--out", second, "--format", "none")
    assert (before.code, after.code) == (2, 0)
    rows = json.loads((second / "report.json").read_bytes())["items"]
    assert {row["vector"] for row in rows} == {"PKI-02/client-leaf-short-lived"}
    compared = mgcc("compare", second, first)
    assert compared.code == 0
    assert "PKI-02/client-leaf-short-lived" in compared.out


def test_report_makes_the_views_from_the_record_alone(stored: Path, mgcc: Callable[..., Said]) -> None:
    for name in ("report.json", "report.html", "junit.xml"):
        (stored / name).unlink()
    shutil.rmtree(stored / "allure-results")
    said = mgcc("report", stored)
    assert said.code == 0
    assert {"report.html", "junit.xml", "allure-results"} <= {path.name for path in stored.iterdir()}


@pytest.mark.parametrize("language", ["en", "ja"])
def test_a_view_that_nobody_knows_is_bad_input(language: str, stored: Path, mgcc: Callable[..., Said]) -> None:
    said = mgcc("--lang", language, "report", stored, "--format", "pdf")
    assert said.code == 3
    assert "pdf" in said.err
    assert "Traceback" not in said.err


def test_verify_says_that_an_untouched_run_is_whole(run_folder: Path, mgcc: Callable[..., Said]) -> None:
    said = mgcc("verify", run_folder)
    assert said.code == 0
    assert "whole" in said.out


def lines_of(folder: Path) -> list[bytes]:
    return (folder / "events.jsonl").read_bytes().splitlines(keepends=True)


def write(folder: Path, lines: list[bytes]) -> None:
    (folder / "events.jsonl").write_bytes(b"".join(lines))


def edited(folder: Path) -> None:
    lines = lines_of(folder)
    place = next(number for number, line in enumerate(lines) if b'"verdict":"pass"' in line)
    lines[place] = lines[place].replace(b'"verdict":"pass"', b'"verdict":"fail"')
    write(folder, lines)


def dropped(folder: Path) -> None:
    write(folder, [line for number, line in enumerate(lines_of(folder)) if number != 4])


def dropped_at_the_end(folder: Path) -> None:
    write(folder, lines_of(folder)[:-1])


def swapped(folder: Path) -> None:
    lines = lines_of(folder)
    lines[4], lines[6] = lines[6], lines[4]
    write(folder, lines)


def doubled(folder: Path) -> None:
    lines = lines_of(folder)
    write(folder, [*lines, lines[-1]])


def torn(folder: Path) -> None:
    path = folder / "events.jsonl"
    path.write_bytes(path.read_bytes()[:-20])


def junk_line(folder: Path) -> None:
    write(folder, [*lines_of(folder)[:3], b"\xff\xfe no json\n"])


def emptied(folder: Path) -> None:
    write(folder, [])


def evidence_altered(folder: Path) -> None:
    path = max((folder / "evidence").iterdir())
    path.write_bytes(path.read_bytes() + b"x")


def evidence_gone(folder: Path) -> None:
    next((folder / "evidence").iterdir()).unlink()


def report_edited(folder: Path) -> None:
    path = folder / "report.json"
    path.write_bytes(path.read_bytes().replace(b'"verdict": "pass"', b'"verdict": "fail"', 1))


def report_decision_edited(folder: Path) -> None:
    path = folder / "report.json"
    path.write_bytes(path.read_bytes().replace(b'"word": "not-assessed"', b'"word": "connect"'))


def report_no_json(folder: Path) -> None:
    (folder / "report.json").write_bytes(b"\xff{")


def report_gone(folder: Path) -> None:
    (folder / "report.json").unlink()


def report_of_another_run(folder: Path) -> None:
    report = json.loads((folder / "report.json").read_bytes())
    report["run_id"] = "20200101T000000Z-abcdef"
    (folder / "report.json").write_text(json.dumps(report))


@pytest.mark.parametrize(
    "spoil",
    [
        edited,
        dropped,
        dropped_at_the_end,
        swapped,
        doubled,
        torn,
        junk_line,
        emptied,
        evidence_altered,
        evidence_gone,
        report_edited,
        report_decision_edited,
        report_no_json,
        report_gone,
        report_of_another_run,
    ],
)
def test_verify_refuses_a_run_that_was_altered(
    spoil: Callable[[Path], None], stored: Path, mgcc: Callable[..., Said]
) -> None:
    spoil(stored)
    for language in ("en", "ja"):
        said = mgcc("--lang", language, "verify", stored)
        assert said.code == REFUSED
        assert "Traceback" not in said.err
        assert stored.name in said.err
        assert said.out == ""


def rechained(lines: list[bytes]) -> Iterator[bytes]:
    """Give a changed log a chain that holds again, as a forger would."""
    head = "0" * 64
    for number, line in enumerate(lines):
        forged = msgspec.json.encode(json.loads(line) | {"prev": head, "seq": number}, order="deterministic")
        head = hashlib.sha256(forged).hexdigest()
        yield forged + b"\n"


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("judged", {"item": "PKI-99/nobody@distribution:https"}),
        ("judged", {"verdict": "splendid"}),
        ("transcript", {"steps": 5}),
        ("transcript", {"item": "PKI-99/nobody@distribution:https"}),
        ("plan", {"rows": []}),
        ("run", {"regions": ["mars"]}),
        ("end", {"complete": "perhaps"}),
    ],
)
@pytest.mark.parametrize("command", ["verify", "rejudge", "report"])
def test_a_forged_record_is_a_message_and_no_traceback(
    command: str, kind: str, change: dict[str, object], stored: Path, mgcc: Callable[..., Said]
) -> None:
    lines = []
    changed = False
    for line in lines_of(stored):
        event = json.loads(line)
        if event["kind"] == kind and not changed:
            event["data"] |= change
            changed = True
        lines.append(json.dumps(event).encode())
    write(stored, list(rechained(lines)))
    said = mgcc(command, stored)
    assert "Traceback" not in said.err
    if command == "verify":
        assert said.code == REFUSED


def test_a_forged_transcript_that_no_judge_understands_is_no_traceback(stored: Path, mgcc: Callable[..., Said]) -> None:
    lines = []
    for line in lines_of(stored):
        event = json.loads(line)
        if event["kind"] == "transcript":
            event["data"]["vector"]["steps"][0] |= {"expect": {"no-such-predicate": {}}}
            for step in event["data"]["steps"]:
                step["step"] = "77"
        lines.append(json.dumps(event).encode())
    write(stored, list(rechained(lines)))
    assert "Traceback" not in mgcc("rejudge", stored).err


def test_explain_shows_what_went_over_the_wire_field_by_field(stored: Path, mgcc: Callable[..., Said]) -> None:
    rows = json.loads((stored / "report.json").read_bytes())["items"]
    item = next(row["id"] for row in rows if row.get("attempts"))
    plain, framed = (mgcc("explain", item, "--of", stored, *options) for options in ((), ("--frames",)))
    assert (plain.code, framed.code) == (0, 0)
    assert framed.out.startswith(plain.out)
    assert "client_hello" in framed.out
    assert "client_hello" not in plain.out
