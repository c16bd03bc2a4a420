import contextlib
import io
import os
import pty
import re
import threading
from pathlib import Path
from typing import TextIO

import pytest
from report_sample import sample
from rich.cells import cell_len

from conformance.model.finding import Verdict
from conformance.model.report import Report
from conformance.model.text import Language, Text
from reports.reading import counts, in_plain_words
from reports.terminal import Console, RunFacts
from reports.words import EXIT_CODES, VERDICT_SYMBOLS, VERDICTS


def _facts(report: Report) -> RunFacts:
    return RunFacts(
        suite=report.suite,
        edition=report.edition,
        catalogue_digest=report.catalogue_digest,
        mode=report.mode,
        product="Island MMS 2.1.0",
        security_level=2,
        regions=report.regions,
        places=("distribution:https", "distribution:modbus", "aggregation:https"),
        planned=len(report.items),
        to_run=sum(bool(item.attempts) for item in report.items),
        preflight=(12, 12),
        clock_offset_s=0.018,
        expected_s=140,
        remedies={summary.id: summary.remedy for summary in report.catalogue},
    )


def _tell(stream: TextIO, report: Report, language: Language = Language.EN, exit_code: int = 1) -> None:
    todo = [item for item in report.items if item.attempts]
    with Console(stream, language) as console:
        console.run_started(_facts(report))
        for number, item in enumerate(todo, 1):
            console.item_finished(item, number, len(todo))
        console.run_finished(report, Path("runs/1"), exit_code)


def _plain(report: Report, language: Language = Language.EN, exit_code: int = 1) -> str:
    stream = io.StringIO()
    _tell(stream, report, language, exit_code)
    return stream.getvalue()


def _read_all(descriptor: int, chunks: list[bytes]) -> None:
    """Read until the other side of the terminal is closed, which Linux reports as an error."""
    with contextlib.suppress(OSError):
        while chunk := os.read(descriptor, 65536):
            chunks.append(chunk)


def _on_a_terminal(report: Report, **environment: str) -> str:
    """What a terminal of 80 columns receives."""
    parent, child = pty.openpty()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TERM", "xterm-256color")
        patch.setenv("COLUMNS", "80")
        for name in ("NO_COLOR", "FORCE_COLOR"):
            patch.delenv(name, raising=False)
        for name, value in environment.items():
            patch.setenv(name, value)
        chunks: list[bytes] = []
        reader = threading.Thread(target=_read_all, args=(parent, chunks))
        reader.start()
        with open(child, "w", encoding="utf-8") as stream:  # noqa: PTH123  a descriptor
            _tell(stream, report)
        reader.join(20)
        os.close(parent)
    return b"".join(chunks).decode()


def test_a_file_gets_one_plain_line_per_item_and_no_control_codes(report: Report) -> None:
    text = _plain(report)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", text)
    lines = re.findall(r"^\[ *(\d+)/33\] (\S+)", text, re.MULTILINE)
    assert [name for _, name in lines] == [item.id for item in report.items if item.attempts]
    assert [int(number) for number, _ in lines] == list(range(1, 34))


def test_force_color_does_not_put_codes_into_a_file(report: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b" not in _plain(report)


def test_a_failure_tells_its_story(report: Report) -> None:
    text = _plain(report)
    story = text[text.index("[25/33]") : text.index("[26/33]")].splitlines()
    assert story[0].endswith("✕ FAIL 0.01 s")
    assert [line.split()[0] for line in story[1:]] == ["expected", "observed", "clause", "remedy", "again"]
    assert story[5].endswith("mgcc run --endpoint endpoint.yaml --select PKI-02/client-leaf-expired@distribution:https")


def test_what_could_not_be_told_is_no_non_conformity(report: Report) -> None:
    text = _plain(report)
    assert "? INCONCLUSIVE" in text
    assert "! TEST-SYSTEM ERROR" in text
    assert "ZTA-01/no-role@distribution:https: the control stimulus was not served" in text
    assert "items: 2. needs hook:clock-set" in text


def test_the_table_has_every_decision_with_symbol_and_word(report: Report) -> None:
    text = _plain(report)
    table = text[text.index("\ndecision\n") :]
    assert len(re.findall(r"^  (?:Distribution|Aggregation) ", table, re.MULTILINE)) == 6
    assert len(re.findall(r"^    : (?:https|modbus) ", table, re.MULTILINE)) == 6
    for words in ("✕ DO NOT CONNECT", "□ NOT ASSESSED", "✓ CONNECT", "△ CONNECT WITH CONDITIONS"):
        assert words in table
    assert "condition: DAT-02: cure the voltage unit by 2027-03-31" in table
    assert "claimed level at most SL1" in table


def test_the_closing_counts_are_those_of_the_report(report: Report) -> None:
    line = next(line for line in _plain(report).splitlines() if line.startswith("items: "))
    for verdict, number in counts(report.items).items():
        assert f"{VERDICT_SYMBOLS[verdict]} {VERDICTS[verdict].en} {number}" in line


@pytest.mark.parametrize("code", sorted(EXIT_CODES))
def test_the_exit_code_is_explained_last(report: Report, code: int) -> None:
    assert _plain(report, exit_code=code).splitlines()[-1] == f"exit {code}: {EXIT_CODES[code].en}"


def test_a_newcomer_is_told_why_a_run_without_failure_is_not_assessed(calm: Report) -> None:
    text = _plain(calm, exit_code=0)
    assert in_plain_words(calm).en in text
    assert "no test vector yet" in text
    assert "✕" not in text


def test_japanese_columns_line_up_by_width_not_by_length(report: Report) -> None:
    text = _plain(report, Language.JA)
    rows = [
        line for line in text.splitlines() if re.match(r" +(?:接続点|配電系統側|アグリゲーション側|: https) ", line)
    ]
    columns = {cell_len(line[: re.search(r" (?:JP|US|EU|地域) ", line).start()]) for line in rows}  # type: ignore[union-attr]
    assert len(rows) == 10
    assert len(columns) == 1
    assert "終了コード 1: 不適合が1件以上ある" in text
    assert "expected" not in text


def test_hostile_text_cannot_steer_the_terminal(report: Report) -> None:
    text = _plain(report)
    assert "\\x1b[2J\\x1b]0;owned\\x07" in text
    assert "[bold red]markup[/]" in text


def test_a_terminal_gets_progress_and_only_what_is_not_a_pass(report: Report) -> None:
    text = _on_a_terminal(report)
    assert "\x1b[" in text
    assert "✕ FAIL" in text
    assert "✓ PASS" not in text
    assert "\x1b[?25h" in text, "the cursor is shown again"
    assert "\x1b[2J" not in text


def test_no_color_takes_the_colours_off_a_terminal(report: Report) -> None:
    colours = re.compile(r"\x1b\[(?:\d+;)*(?:3[0-7]|9[0-7]|38;5;\d+)m")
    assert colours.search(_on_a_terminal(report))
    assert not colours.search(_on_a_terminal(report, NO_COLOR="1"))


def test_a_dumb_terminal_gets_plain_lines(report: Report) -> None:
    text = _on_a_terminal(report, TERM="dumb")
    assert "\x1b" not in text
    assert "✓ PASS" in text


def test_a_stream_that_knows_no_unicode_gets_words_and_no_error(report: Report) -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    _tell(stream, report, Language.JA)
    stream.flush()
    assert b"PKI-02/client-leaf-expired" in raw.getvalue()


def test_an_interrupted_run_and_a_run_without_folder_are_told() -> None:
    stream = io.StringIO()
    with Console(stream) as console:
        console.say(Text(en="stopping", ja="停止中"))
        console.run_finished(sample(complete=False), None, 130)
    text = stream.getvalue()
    assert text.startswith("stopping\n")
    assert "The run was interrupted" in text
    assert "run folder" not in text
    assert counts(())[Verdict.FAIL] == 0
