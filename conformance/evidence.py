"""The record of a run on disk: a hash-chained event log and content-addressed evidence; one writer."""

import errno
import hashlib
import os
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import msgspec

from conformance.model.problem import ProblemError
from conformance.model.text import Text
from conformance.model.transcript import Digest

EVENTS = "events.jsonl"
BLOBS = "evidence"
KEYS = "keys/tls-keylog.txt"
GENESIS = "0" * 64

_encode = msgspec.json.Encoder(order="deterministic").encode


class EvidenceError(ProblemError):
    """The record of a run does not hold what it says; names file and line."""


class DiskRefusedError(EvidenceError):
    """The record of a run can be written no further; what stands is whole."""

    def __init__(self, folder: Path, why: str) -> None:
        super().__init__(
            Text(
                en=f"{folder}: the record can be written no further ({why}). What stands is whole: make room, then "
                f"`mgcc rejudge {folder}`, or run again into another folder.",
                ja=f"{folder}: これ以上記録できません（{why}）。ここまでの記録は完全です。"
                f"空き容量を確保して `mgcc rejudge {folder}` を実行するか、別のフォルダで再実施してください。",
            )
        )


class _State(NamedTuple):
    """How far the log is accounted for; replaced at once, so that an interrupt leaves the old or the new one."""

    head: str = GENESIS
    seq: int = 0
    octets: int = 0


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the log. `prev` is the SHA-256 of the line before, without its newline."""

    seq: int
    time: str
    kind: str
    data: Any
    prev: str


def timestamp(moment: datetime | None = None) -> str:
    """Return `moment` (now if absent) as RFC 3339 UTC with milliseconds."""
    return (moment or datetime.now(UTC)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class EvidenceWriter:
    """Appends events and keeps blobs; safe to call from several threads, with one file descriptor behind it.

    Each event is one `write` of one line, so that a killed run leaves whole lines and at most one torn end.
    """

    def __init__(self, folder: Path) -> None:
        """Create `folder` and its log. Raises ProblemError if it exists already or cannot be written."""
        try:
            folder.mkdir(parents=True, exist_ok=False)
            (folder / BLOBS).mkdir()
            (folder / KEYS).parent.mkdir(mode=0o700)
            self._log: BinaryIO = (folder / EVENTS).open("xb", buffering=0)
        except OSError as error:
            raise ProblemError(
                Text(
                    en=f"{folder}: no run can be recorded here ({error.strerror}) -> name a new folder with --out",
                    ja=f"{folder}: 実行を記録できません（{error.strerror}） -> --outで新しいフォルダを指定してください",
                )
            ) from error
        self.folder = folder
        self._state = _State()
        self._kept: set[str] = set()
        self._keys: BinaryIO | None = None
        self._lock = threading.Lock()

    @property
    def head(self) -> str:
        """The SHA-256 of the last event."""
        return self._state.head

    def event(self, kind: str, data: Any) -> int:
        """Append one event and return its number. Raises DiskRefusedError when the disk refuses it."""
        with self._lock:
            state = self._state
            event = Event(seq=state.seq, time=timestamp(), kind=kind, data=data, prev=state.head)
            line = _encode(event)
            if self._log.tell() != state.octets:
                # An interrupt came between a line and its account: the line never was.
                self._log.truncate(state.octets)
                self._log.seek(state.octets)
            self._write(self._log, line + b"\n")
            self._state = _State(hashlib.sha256(line).hexdigest(), state.seq + 1, state.octets + len(line) + 1)
            return event.seq

    def keep(self, content: bytes) -> Digest:
        """Store `content` under its SHA-256 and return that digest; the same content is stored once."""
        digest = hashlib.sha256(content).hexdigest()
        with self._lock:
            if digest not in self._kept:
                try:
                    (self.folder / BLOBS / digest).write_bytes(content)
                except OSError as error:
                    raise DiskRefusedError(self.folder, str(error.strerror)) from error
                self._kept.add(digest)
        return digest

    def read(self, digest: Digest) -> bytes:
        """Return what was kept under `digest` in this run. Raises EvidenceError if it is gone."""
        return read_blob(self.folder, digest)

    def key(self, line: bytes) -> None:
        """Append one TLS key-log line to its own file (mode 0600), outside the chain. Raises DiskRefusedError."""
        with self._lock:
            if self._keys is None:
                descriptor = os.open(self.folder / KEYS, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
                self._keys = os.fdopen(descriptor, "ab", buffering=0)
            self._write(self._keys, line.rstrip(b"\n") + b"\n")

    def close(self) -> None:
        """Bring the log to the disk and close it; closing twice is harmless."""
        with self._lock:
            for file in (self._log, self._keys):
                if file is not None and not file.closed:
                    os.fsync(file.fileno())
                    file.close()

    def _write(self, file: BinaryIO, line: bytes) -> None:
        whole = file.tell()
        try:
            complete = file.write(line) == len(line)
            trouble = os.strerror(errno.ENOSPC)
        except OSError as error:
            complete, trouble = False, str(error.strerror)
        if not complete:
            file.truncate(whole)
            file.seek(whole)
            raise DiskRefusedError(self.folder, trouble)


class RunRecord:
    """A stored run, read back: its events in order, checked against their chain."""

    def __init__(self, folder: Path) -> None:
        """Open the run in `folder`. Raises ProblemError if there is none."""
        if not (folder / EVENTS).is_file():
            inside = next(iter(sorted(folder.glob(f"*/{EVENTS}"))), None)
            advice = Text(en="name a run folder", ja="実行フォルダを指定してください")
            if inside is not None:
                advice = Text(en=f"did you mean {inside.parent}?", ja=f"{inside.parent} の誤りではありませんか")
            raise ProblemError(
                Text(
                    en=f"{folder}: no run here ({EVENTS} is missing) -> {advice.en}",
                    ja=f"{folder}: 実行記録がありません（{EVENTS} がない） -> {advice.ja}",
                )
            )
        self.folder = folder
        self.torn = False
        self.head = GENESIS

    def events(self) -> Iterator[Event]:
        """Yield the events, each verified against the one before.

        A last line without its newline is what a killed run leaves: it is left out and `torn` is set.
        Raises EvidenceError with the line number where the chain breaks.
        """
        decoder = msgspec.json.Decoder(Event)
        head = GENESIS
        with (self.folder / EVENTS).open("rb") as log:
            for number, line in enumerate(log, start=1):
                if not line.endswith(b"\n"):
                    self.torn = True
                    break
                try:
                    event = decoder.decode(line)
                except msgspec.DecodeError as error:
                    raise EvidenceError(
                        Text(
                            en=f"{self.folder / EVENTS}:{number}: not an event ({error})",
                            ja=f"{self.folder / EVENTS}:{number}: イベントとして読めません（{error}）",
                        )
                    ) from error
                if event.prev != head or event.seq != number - 1:
                    raise EvidenceError(
                        Text(
                            en=f"{self.folder / EVENTS}:{number}: the chain breaks here; "
                            "a line was changed, dropped or moved",
                            ja=f"{self.folder / EVENTS}:{number}: ここで連鎖が切れています。"
                            "行の変更、削除又は移動がありました",
                        )
                    )
                head = hashlib.sha256(line[:-1]).hexdigest()
                self.head = head
                yield event


def read_blob(folder: Path, digest: Digest) -> bytes:
    """Return the evidence of that digest from a run's folder. Raises EvidenceError if it is missing or altered."""
    path = folder / BLOBS / digest
    try:
        content = path.read_bytes()
    except OSError as error:
        raise EvidenceError(
            Text(en=f"{path}: {error.strerror}", ja=f"{path}: 証拠を読み取れません（{error.strerror}）")
        ) from error
    if hashlib.sha256(content).hexdigest() != digest:
        raise EvidenceError(
            Text(en=f"{path}: its content is not what its name says", ja=f"{path}: 内容が名前のハッシュと一致しません")
        )
    return content
