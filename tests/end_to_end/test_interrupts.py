"""However a run ends, what is on the disk is whole up to there, and says so."""

import errno
import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from laboratory import PATIENCE_S, mgcc, mgcc_on_a_small_disk, start

INTERRUPTED, SUITE_BROKE, REFUSED = 130, 4, 5


def events(folder: Path) -> int:
    path = folder / "events.jsonl"
    return path.read_bytes().count(b"\n") if path.exists() else 0


def stopped_after(
    count: int, how: signal.Signals, endpoint: Path, folder: Path, views: str = "none"
) -> subprocess.CompletedProcess[str]:
    """Start a whole run and send it a signal once its record has `count` events."""
    process = start("run", "--endpoint", endpoint, "--out", folder, "--format", views)
    try:
        deadline = time.monotonic() + PATIENCE_S
        while events(folder) < count and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(how)
        out, err = process.communicate(timeout=PATIENCE_S)
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def report_of(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder / "report.json").read_bytes())
    return content


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_keeps_its_record_and_says_that_it_is_incomplete(
    how: signal.Signals, endpoint: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    said = stopped_after(40, how, endpoint, folder, "html")
    assert said.returncode == INTERRUPTED, said.stderr
    assert "Traceback" not in said.stdout + said.stderr
    report = report_of(folder)
    assert report["complete"] is False
    done = [row for row in report["items"] if row.get("attempts")]
    left = [row for row in report["items"] if row["verdict"] == "not-run"]
    assert done
    assert left
    assert "connect" not in {decision["word"] for decision in report["decisions"]}
    assert (folder / "report.html").is_file()
    verified = mgcc("verify", folder)
    assert verified.returncode == 0, verified.stderr
    assert mgcc("rejudge", folder).returncode == INTERRUPTED


CALLBACK = """
import signal, sys
from conformance.tls_client import Heard
true_info, told = Heard.info, []
def info(self, *arguments):
    told.append(1)
    if len(told) == 300:
        signal.raise_signal(signal.SIGINT)
    return true_info(self, *arguments)
Heard.info = info
from conformance.cli import main
sys.exit(main())
"""


def test_an_interrupt_inside_a_callback_of_the_tls_library_is_not_lost(endpoint: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    argv = "run", "--endpoint", endpoint, "--out", folder, "--format", "none", "--select", "PKI,TLS-03"
    said = mgcc(*argv, launcher=CALLBACK)
    assert said.returncode == INTERRUPTED
    assert "Traceback" not in said.stderr
    assert report_of(folder)["complete"] is False


def test_an_interrupt_before_the_first_item_leaves_no_traceback(endpoint: Path, tmp_path: Path) -> None:
    process = start("run", "--endpoint", endpoint, "--out", tmp_path / "run")
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode in {INTERRUPTED, -signal.SIGINT}
    assert "conformance/plugin" not in err


def test_a_killed_run_verifies_and_is_judged_up_to_there(endpoint: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    said = stopped_after(30, signal.SIGKILL, endpoint, folder)
    assert said.returncode == -signal.SIGKILL
    whole = events(folder)
    verified = mgcc("verify", folder)
    assert verified.returncode == REFUSED
    assert "whole" in verified.stderr
    assert "cut off" in verified.stderr
    again = mgcc("rejudge", folder, "--json", "-")
    assert again.returncode == INTERRUPTED
    report = json.loads(again.stdout)
    assert report["complete"] is False
    assert sum(1 for row in report["items"] if row.get("attempts")) == (whole - 2) // 2
    assert mgcc("report", folder, "--format", "junit").returncode == 0


@pytest.mark.parametrize("cut", [1, 2, 500])
def test_a_record_torn_anywhere_in_its_last_line_is_read_up_to_there(cut: int, endpoint: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    item = "PKI-02/client-leaf-short-lived"
    assert mgcc("run", "--endpoint", endpoint, "--select", item, "--out", folder, "--format", "none").returncode == 0
    path = folder / "events.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)[:-1]
    path.write_bytes(b"".join(lines)[:-cut])
    (folder / "report.json").unlink()
    verified = mgcc("verify", folder)
    assert verified.returncode == REFUSED
    assert "cut off" in verified.stderr
    assert mgcc("rejudge", folder).returncode == INTERRUPTED


def sizes_of(folder: Path) -> list[int]:
    return [len(line) for line in (folder / "events.jsonl").read_bytes().splitlines(keepends=True)]


@pytest.fixture(scope="module")
def plan_octets(endpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> int:
    """How many octets header and plan of a whole run take: there a small disk is full within the items."""
    folder = tmp_path_factory.mktemp("plan") / "run"
    stopped_after(3, signal.SIGINT, endpoint, folder)
    return sum(sizes_of(folder)[:2])


@pytest.mark.parametrize("more", [700_000, -2000], ids=["within-the-items", "within-the-plan"])
def test_a_full_disk_ends_the_run_with_a_clear_message_and_a_whole_record(
    more: int, plan_octets: int, endpoint: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    argv = "run", "--endpoint", endpoint, "--out", folder, "--verbose"
    said = mgcc_on_a_small_disk(plan_octets + more, *argv)
    assert said.returncode == SUITE_BROKE, said.stdout[-2000:] + said.stderr
    assert "Traceback" not in said.stdout + said.stderr
    assert "INTERNALERROR" not in said.stdout + said.stderr
    assert os.strerror(errno.EFBIG) in said.stderr or os.strerror(errno.ENOSPC) in said.stderr
    assert len(said.stderr.strip().splitlines()) <= 3
    assert len([line for line in said.stdout.splitlines() if line.startswith("[")]) < 300
    assert not list(folder.glob("*.part"))
    raw = (folder / "events.jsonl").read_bytes()
    assert raw.endswith(b"\n")
    if more > 0:
        again = mgcc("rejudge", folder, "--json", "-")
        assert again.returncode == INTERRUPTED
        assert any(row.get("attempts") for row in json.loads(again.stdout)["items"])
    verified = mgcc("verify", folder)
    assert verified.returncode == REFUSED
    assert "Traceback" not in verified.stderr


@pytest.mark.parametrize("target", ["conformance.campaign.write_report", "reports.write.write_views"])
def test_a_disk_that_fills_up_while_the_report_is_written_is_our_own_trouble(
    target: str,
    endpoint: Path,
    tmp_path: Path,
) -> None:
    launcher = f"""
import errno, os, sys
import {target.rpartition(".")[0]} as place
def full(*_, **__):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "planted/report")
place.{target.rpartition(".")[2]} = full
from conformance.cli import main
sys.exit(main())
"""
    folder = tmp_path / "run"
    argv = "run", "--endpoint", endpoint, "--select", "PKI-02/client-leaf-short-lived", "--out", folder
    said = mgcc(*argv, launcher=launcher)
    assert said.returncode == SUITE_BROKE, said.stderr
    assert "Traceback" not in said.stdout + said.stderr
    assert "INTERNALERROR" not in said.stdout + said.stderr
    assert os.strerror(errno.ENOSPC) in said.stderr
    assert mgcc("rejudge", folder).returncode == 0


def test_an_interrupt_while_an_event_is_written_breaks_no_chain(tmp_path: Path) -> None:
    from conformance.evidence import EvidenceWriter, RunRecord  # noqa: PLC0415  only here

    writer = EvidenceWriter(tmp_path / "run")
    writer.event("run", {"n": 0})
    true_write = writer._write

    def interrupted(*arguments: Any) -> None:
        true_write(*arguments)
        raise KeyboardInterrupt

    writer._write = interrupted  # type: ignore[assignment,method-assign]
    with pytest.raises(KeyboardInterrupt):
        writer.event("judged", {"n": 1})
    writer._write = true_write  # type: ignore[method-assign]
    writer.event("end", {"n": 2})
    writer.close()
    kinds = [event.kind for event in RunRecord(tmp_path / "run").events()]
    assert kinds[0] == "run"
    assert kinds[-1] == "end"
