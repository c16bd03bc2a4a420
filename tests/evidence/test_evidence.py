"""The record of a run: whole while it is written, and every change to it found."""

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from conformance.evidence import EVENTS, KEYS, EvidenceError, EvidenceWriter, RunRecord, read_blob
from conformance.model.problem import ProblemError


@pytest.fixture
def run(tmp_path: Path) -> Path:
    writer = EvidenceWriter(tmp_path / "run")
    for number in range(5):
        writer.event("item", {"number": number})
    writer.close()
    return tmp_path / "run"


def lines(run: Path) -> list[bytes]:
    return (run / EVENTS).read_bytes().splitlines(keepends=True)


def rewrite(run: Path, new: list[bytes]) -> None:
    (run / EVENTS).write_bytes(b"".join(new))


def test_events_come_back_in_order_with_the_head_of_their_chain(tmp_path: Path) -> None:
    writer = EvidenceWriter(tmp_path / "run")
    writer.event("a", 1)
    writer.event("b", {"ja": "日本語"})
    writer.close()
    record = RunRecord(tmp_path / "run")
    assert [(event.kind, event.data) for event in record.events()] == [("a", 1), ("b", {"ja": "日本語"})]
    assert record.head == writer.head
    assert not record.torn


def test_an_edited_line_is_found_at_the_next_line(run: Path) -> None:
    all_lines = lines(run)
    all_lines[2] = all_lines[2].replace(b'"number":2', b'"number":9')
    rewrite(run, all_lines)
    with pytest.raises(EvidenceError, match=r"events\.jsonl:4: the chain breaks"):
        list(RunRecord(run).events())


def test_a_dropped_line_is_found(run: Path) -> None:
    all_lines = lines(run)
    del all_lines[1]
    rewrite(run, all_lines)
    with pytest.raises(EvidenceError, match=":2: the chain breaks"):
        list(RunRecord(run).events())


def test_swapped_lines_are_found(run: Path) -> None:
    all_lines = lines(run)
    all_lines[1], all_lines[2] = all_lines[2], all_lines[1]
    rewrite(run, all_lines)
    with pytest.raises(EvidenceError, match=":2: the chain breaks"):
        list(RunRecord(run).events())


def test_garbage_names_its_line(run: Path) -> None:
    rewrite(run, [*lines(run)[:2], b"\xff\xfe not json\n"])
    with pytest.raises(EvidenceError, match=":3: not an event"):
        list(RunRecord(run).events())


def test_a_torn_last_line_is_left_out_and_told(run: Path) -> None:
    all_lines = lines(run)
    rewrite(run, [*all_lines[:4], all_lines[4][:20]])
    record = RunRecord(run)
    assert len(list(record.events())) == 4
    assert record.torn


def test_evidence_is_stored_once_and_checked_when_read(tmp_path: Path) -> None:
    writer = EvidenceWriter(tmp_path / "run")
    digest = writer.keep(b"bytes")
    assert writer.keep(b"bytes") == digest
    writer.close()
    assert read_blob(tmp_path / "run", digest) == b"bytes"
    (tmp_path / "run" / "evidence" / digest).write_bytes(b"other")
    with pytest.raises(EvidenceError, match="not what its name says"):
        read_blob(tmp_path / "run", digest)


def test_key_log_lines_stand_apart_and_are_for_the_owner_only(tmp_path: Path) -> None:
    writer = EvidenceWriter(tmp_path / "run")
    writer.key(b"CLIENT_RANDOM aa bb")
    writer.close()
    path = tmp_path / "run" / KEYS
    assert path.read_bytes() == b"CLIENT_RANDOM aa bb\n"
    assert path.stat().st_mode & 0o777 == 0o600
    assert b"CLIENT_RANDOM" not in (tmp_path / "run" / EVENTS).read_bytes()


def test_a_run_folder_is_never_written_twice(run: Path) -> None:
    with pytest.raises(ProblemError, match="File exists"):
        EvidenceWriter(run)


def test_threads_share_one_chain(tmp_path: Path) -> None:
    writer = EvidenceWriter(tmp_path / "run")
    threads = [threading.Thread(target=lambda: [writer.event("t", n) for n in range(50)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    writer.close()
    assert len(list(RunRecord(tmp_path / "run").events())) == 200


WRITE_FOR_EVER = """
import sys
from pathlib import Path
from conformance.evidence import EvidenceWriter
writer = EvidenceWriter(Path(sys.argv[1]))
print("ready", flush=True)
while True:
    writer.event("item", {"text": "x" * 2000})
"""


def test_a_killed_run_verifies_up_to_where_it_was_killed(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    process = subprocess.Popen([sys.executable, "-c", WRITE_FOR_EVER, str(folder)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    while (folder / EVENTS).stat().st_size < 200_000:
        pass
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert len(list(RunRecord(folder).events())) > 50


FILL_THE_DISK = """
import json, resource, signal, sys
from pathlib import Path
from conformance.evidence import EvidenceError, EvidenceWriter
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
writer = EvidenceWriter(Path(sys.argv[1]))
try:
    for number in range(1000):
        writer.event("item", {"text": "x" * 900})
except EvidenceError as error:
    print(json.dumps({"written": number, "said": str(error)}))
"""


def test_a_disk_that_is_full_leaves_whole_lines(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    done = subprocess.run([sys.executable, "-c", FILL_THE_DISK, str(folder)], capture_output=True, check=True)
    told = json.loads(done.stdout)
    record = RunRecord(folder)
    assert len(list(record.events())) == told["written"] > 3
    assert not record.torn
    assert str(folder) in told["said"]
