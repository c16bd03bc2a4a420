"""Machines read standard output, people standard error; a file or a pipe never sees a control code."""

import json
import os
import pty
import select
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from command import PATIENCE_S, Bench, Said, started

ONE = ("--select", "PKI-02/client-leaf-expired@distribution:https#a-day-ago")


def japanese(text: str) -> bool:
    return any("\u3040" <= sign <= "\u9fff" for sign in text)


@pytest.mark.parametrize("language", ["en", "ja"])
def test_json_on_standard_output_is_pure(language: str, bench: Bench, tmp_path: Path) -> None:
    said = started(
        "--lang", language, "run", "--endpoint", bench.endpoint, *ONE, "--out", tmp_path / "r", "--json", "-"
    )
    assert said.code == 0
    report = json.loads(said.out)
    assert report["items"][0]["verdict"] == "pass"
    assert japanese(said.err) is (language == "ja")
    assert "Traceback" not in said.err


@pytest.mark.parametrize(
    "argv",
    [
        ("criteria", "list", "--json", "-"),
        ("criteria", "show", "PKI-02", "--json", "-"),
        ("vectors", "coverage", "--json", "-"),
        ("vectors", "lint", "--json", "-"),
        ("plan", "--endpoint", "ENDPOINT", "--json", "-"),
        ("rejudge", "RUN", "--json", "-"),
        ("compare", "RUN", "RUN", "--json", "-"),
    ],
    ids=lambda argv: " ".join(argv[:2]),
)
def test_every_command_that_gives_json_gives_nothing_else(
    argv: tuple[str, ...], bench: Bench, run_folder: Path, mgcc: Callable[..., Said]
) -> None:
    named = {"ENDPOINT": str(bench.endpoint), "RUN": str(run_folder)}
    said = mgcc(*(named.get(part, part) for part in argv))
    assert said.code == 0, said.err
    json.loads(said.out)


def test_a_mistake_leaves_standard_output_empty(tmp_path: Path, mgcc: Callable[..., Said]) -> None:
    said = mgcc("run", "--endpoint", tmp_path / "missing.yaml", "--json", "-")
    assert (said.code, said.out) == (3, "")


def test_the_report_in_a_file_is_the_report_of_the_run(bench: Bench, tmp_path: Path, mgcc: Callable[..., Said]) -> None:
    out = tmp_path / "run"
    said = mgcc("run", "--endpoint", bench.endpoint, *ONE, "--out", out, "--json", tmp_path / "copy.json")
    assert said.code == 0
    assert json.loads((tmp_path / "copy.json").read_bytes()) == json.loads((out / "report.json").read_bytes())


def test_a_place_for_the_json_that_is_none_is_told_before_anything_runs(
    bench: Bench, tmp_path: Path, mgcc: Callable[..., Said]
) -> None:
    out = tmp_path / "run"
    said = mgcc("run", "--endpoint", bench.endpoint, *ONE, "--out", out, "--json", tmp_path / "no" / "such" / "x.json")
    assert said.code == 3
    assert not out.exists()
    assert "x.json" in said.err


def test_a_run_folder_that_exists_is_left_alone(bench: Bench, tmp_path: Path, mgcc: Callable[..., Said]) -> None:
    out = tmp_path / "run"
    out.mkdir()
    (out / "mine.txt").write_text("mine")
    for language, words in (("en", "--out"), ("ja", "--out")):
        said = mgcc("--lang", language, "run", "--endpoint", bench.endpoint, *ONE, "--out", out)
        assert said.code == 3
        assert words in said.err
        assert japanese(said.err) is (language == "ja")
    assert [path.name for path in out.iterdir()] == ["mine.txt"]


def test_without_a_terminal_there_are_no_control_codes(bench: Bench, tmp_path: Path) -> None:
    said = started("run", "--endpoint", bench.endpoint, *ONE, "--out", tmp_path / "r", FORCE_COLOR="", TERM="xterm")
    assert said.code == 0
    assert "\x1b" not in said.out + said.err
    assert "\r" not in said.out + said.err


def on_terminal(argv: list[str], **environment: str) -> tuple[int, str]:
    """Run the command with a terminal as its standard output and error; return its code and what it wrote."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "conformance.cli", *argv],
        stdin=subprocess.DEVNULL,
        stdout=slave,
        stderr=slave,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "120", **environment},
    )
    os.close(slave)
    written = b""
    try:
        while select.select([master], [], [], PATIENCE_S)[0]:
            try:
                piece = os.read(master, 1 << 16)
            except OSError:
                break
            if not piece:
                break
            written += piece
        code = process.wait(PATIENCE_S)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        os.close(master)
    return code, written.decode("utf-8", "replace")


def test_no_color_is_respected_on_a_terminal(bench: Bench, tmp_path: Path) -> None:
    argv = ["run", "--endpoint", str(bench.endpoint), *ONE, "--verbose", "--out"]
    plain_code, plain = on_terminal([*argv, str(tmp_path / "plain")], NO_COLOR="1")
    coloured_code, coloured = on_terminal([*argv, str(tmp_path / "coloured")])
    assert (plain_code, coloured_code) == (0, 0)
    assert "\x1b[32m" not in plain
    assert "\x1b[" in coloured


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"LC_ALL": "ja_JP.UTF-8"}, True),
        ({"LC_ALL": "", "LC_MESSAGES": "", "LANG": "ja_JP.UTF-8"}, True),
        ({"LC_ALL": "C.UTF-8", "LANG": "ja_JP.UTF-8"}, False),
        ({"LC_ALL": "en_GB.UTF-8"}, False),
    ],
)
def test_the_locale_gives_the_language(
    environment: dict[str, str], expected: bool, mgcc: Callable[..., Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert japanese(mgcc("criteria", "list", "PKI").out) is expected


@pytest.mark.parametrize("place", ["before", "after"])
def test_the_option_wins_over_the_locale_before_and_after_the_command(
    place: str, mgcc: Callable[..., Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "en_GB.UTF-8")
    command, option = ("criteria", "list", "PKI"), ("--lang", "ja")
    said = mgcc(*option, *command) if place == "before" else mgcc(*command, *option)
    assert japanese(said.out)


def test_a_reader_that_goes_away_is_no_traceback() -> None:
    writing = subprocess.Popen(
        [sys.executable, "-m", "conformance.cli", "criteria", "list"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert writing.stdout is not None
    writing.stdout.close()
    assert writing.stderr is not None
    told = writing.stderr.read()
    writing.stderr.close()
    writing.wait(PATIENCE_S)
    assert b"Traceback" not in told
