"""Checks a stored run against itself: every piece of evidence there and unaltered, and the report its own."""

from pathlib import Path

import msgspec

from conformance.assembly import read_run
from conformance.evidence import EvidenceError, RunRecord, read_blob
from conformance.model.report import Report
from conformance.model.text import Text


def differences(folder: Path) -> list[str] | None:
    """Return what in `folder` is not as its record says; an empty list is good, None a run without a report.

    Raises EvidenceError where the chain breaks, a piece of evidence is missing or altered, or `report.json` is none.
    """
    made, transcripts = read_run(RunRecord(folder))
    for attempts in transcripts.values():
        for transcript in attempts.values():
            for step in transcript.steps:
                exchange = step.exchange
                kept = [exchange.records, exchange.answer.body if exchange.answer else None]
                kept += list(exchange.tls.peer_chain) if exchange.tls else []
                for digest in filter(None, kept):
                    read_blob(folder, digest)
    path = folder / "report.json"
    if not path.is_file():
        return None
    try:
        stored = msgspec.json.decode(path.read_bytes(), type=Report)
    except msgspec.MsgspecError as error:
        raise EvidenceError(
            Text(en=f"{path}: no report ({error})", ja=f"{path}: 報告として読めません（{error}）")
        ) from error
    return [
        name
        for name in made.__struct_fields__
        if msgspec.json.encode(getattr(made, name), order="sorted")
        != msgspec.json.encode(getattr(stored, name), order="sorted")
    ]
