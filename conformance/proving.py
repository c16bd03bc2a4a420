"""Proves that the tests can fail: each fault of the reference against the vectors that claim to detect it."""

import multiprocessing
import random
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import msgspec
from msgspec import Struct

from conformance import reference
from conformance.catalogue.load import Catalogue, load_catalogue
from conformance.catalogue.problem import did_you_mean
from conformance.model.finding import Verdict
from conformance.model.problem import ProblemError
from conformance.model.report import ItemResult, Report
from conformance.model.text import Text
from conformance.model.vector import Detection, VectorStatus
from conformance.opening import Choices, check, open_campaign, read_desk
from conformance.pki.lab import create_lab

SAMPLE = 40


class Fault(Struct, frozen=True, kw_only=True):
    """A fault as the reference describes it; `reason` is the finding's that must catch it."""

    id: str
    title: Text
    clause: str
    criterion: str
    reason: str
    also_affects: tuple[str, ...] = ()
    kind: str = "fault"


class Claim(Struct, frozen=True, kw_only=True):
    """A vector (and row) that claims a fault; `caught` names the items that did catch it for the declared reason."""

    vector: str
    row: str | None
    caught: tuple[str, ...]
    instead: tuple[str, ...] = ()


class Row(Struct, frozen=True, kw_only=True):
    """One fault's line of the matrix. `strays` are items of foreign criteria that did not pass."""

    fault: Fault
    claims: tuple[Claim, ...]
    strays: tuple[str, ...]
    performed: int
    seconds: float
    trouble: str | None = None

    @property
    def killed(self) -> bool:
        """Whether every claim caught the fault, nobody else's criterion was touched, and there is a claim."""
        return bool(self.claims) and all(claim.caught for claim in self.claims) and not self.strays and not self.trouble


class Matrix(Struct, frozen=True, kw_only=True):
    """The kill matrix, and what the faultless reference did not pass."""

    rows: tuple[Row, ...]
    baseline: tuple[str, ...]
    baseline_performed: int
    unknown_claims: tuple[str, ...]
    seconds: float

    @property
    def holds(self) -> bool:
        """Whether the tests are proven: a clean baseline, every fault killed, no claim on a fault nobody has."""
        return not self.baseline and not self.unknown_claims and all(row.killed for row in self.rows)


class _Bench(Struct, frozen=True, kw_only=True):
    home: Path
    lab: Path
    folder: Path


def prove(
    selection: Sequence[str] = (),
    *,
    full: bool = False,
    seed: int = 1,
    jobs: int = 2,
    progress: Callable[[str, int, int], None] = lambda *_: None,
) -> Matrix:
    """Return the kill matrix of the faults in `selection` (all if empty), `jobs` faults at a time.

    Each fault meets its claimants and a sample of other items drawn with `seed`; with `full`, every item. Raises
    ProblemError for an unknown fault or a reference that does not start.
    """
    begun = time.monotonic()
    catalogue = load_catalogue()
    known = {fault.id: fault for fault in msgspec.convert(reference.list_faults(), list[Fault])}
    faults = _chosen(known, selection)
    claims = _claims(catalogue)
    with tempfile.TemporaryDirectory(prefix="mgcc-prove-") as temporary:
        bench = _Bench(home=Path(temporary) / "home", lab=Path(temporary) / "lab", folder=Path(temporary))
        reference.prepare(create_lab(bench.lab), bench.home)
        baseline = _perform(bench, None, ())
        progress("-", 0, len(faults))
        everything = [item.id for item in baseline.items if item.attempts]
        work = [
            (bench, fault, tuple(claims.get(fault.id, ())), _others(everything, claims, fault, seed, full=full))
            for fault in faults
        ]
        rows = []
        context = multiprocessing.get_context("forkserver")
        with ProcessPoolExecutor(max_workers=max(1, jobs), mp_context=context) as pool:
            for row in pool.map(_row, work):
                rows.append(row)
                progress(row.fault.id, len(rows), len(faults))
    return Matrix(
        rows=tuple(rows),
        baseline=tuple(item.id for item in _counted(baseline) if item.verdict is not Verdict.PASS),
        baseline_performed=len(everything),
        unknown_claims=tuple(sorted(set(claims) - set(known))),
        seconds=round(time.monotonic() - begun, 3),
    )


def _chosen(known: dict[str, Fault], selection: Sequence[str]) -> list[Fault]:
    for word in selection:
        if word not in known:
            advice = did_you_mean(word, known)
            raise ProblemError(
                Text(
                    en=f"the reference has no fault `{word}` -> {advice.en}",
                    ja=f"参照MMSに障害 `{word}` はありません -> {advice.ja}",
                )
            )
    return [fault for name, fault in known.items() if not selection or name in selection]


class _Claimed(Struct, frozen=True, kw_only=True):
    vector: str
    row: str | None
    reason: str | None = None


def _claims(catalogue: Catalogue) -> dict[str, list[_Claimed]]:
    """Return by fault the active vectors, and rows where the vector has a matrix, that claim to detect it."""
    claims: dict[str, list[_Claimed]] = {}
    for entry in catalogue.vectors.values():
        if entry.vector.status is not VectorStatus.ACTIVE:
            continue
        for detection in entry.vector.detects:
            claim = detection if isinstance(detection, Detection) else Detection(fault=detection)
            rows: Iterable[str | None] = claim.rows or entry.vector.matrix or (None,)
            claims.setdefault(claim.fault, []).extend(
                _Claimed(vector=entry.id, row=row, reason=claim.reason) for row in rows
            )
    return claims


def _others(
    everything: Sequence[str], claims: dict[str, list[_Claimed]], fault: Fault, seed: int, *, full: bool
) -> tuple[str, ...]:
    own = {claim.vector for claim in claims.get(fault.id, ())}
    others = [item for item in everything if item.partition("@")[0] not in own]
    if full or len(others) <= SAMPLE:
        return tuple(others)
    return tuple(random.Random(f"{seed} {fault.id}").sample(others, SAMPLE))  # noqa: S311  a sample, not a secret


def _row(work: tuple[_Bench, Fault, tuple[_Claimed, ...], tuple[str, ...]]) -> Row:
    bench, fault, claimed, others = work
    begun = time.monotonic()
    selection = (*dict.fromkeys(claim.vector for claim in claimed), *others)
    try:
        report = _perform(bench, fault, selection)
    except (ProblemError, OSError) as error:
        return Row(
            fault=fault, claims=_judged(claimed, fault, ()), strays=(), performed=0, seconds=0, trouble=str(error)
        )
    items = list(_counted(report))
    allowed = {fault.criterion, *fault.also_affects}
    return Row(
        fault=fault,
        claims=_judged(claimed, fault, items),
        strays=tuple(
            f"{item.id}: {_why(item)}"
            for item in items
            if item.criterion not in allowed and item.verdict is not Verdict.PASS
        ),
        performed=len(items),
        seconds=round(time.monotonic() - begun, 3),
    )


def _judged(claimed: Iterable[_Claimed], fault: Fault, items: Sequence[ItemResult]) -> tuple[Claim, ...]:
    claims = []
    for claim in claimed:
        reason = claim.reason or fault.reason
        mine = [item for item in items if item.vector == claim.vector and item.row == claim.row]
        caught = [item.id for item in mine if item.verdict is Verdict.FAIL and reason in _reasons(item)]
        instead = [] if caught else [f"{item.id}: {_why(item)}" for item in mine]
        claims.append(Claim(vector=claim.vector, row=claim.row, caught=tuple(caught), instead=tuple(instead)))
    return tuple(claims)


def _counted(report: Report) -> Iterator[ItemResult]:
    return (item for item in report.items if item.attempts and item.status == "active")


def _reasons(item: ItemResult) -> set[str]:
    return {
        finding.reason.value
        for attempt in item.attempts
        for finding in attempt.findings
        if finding.verdict is not Verdict.PASS
    }


def _why(item: ItemResult) -> str:
    return f"{item.verdict} ({', '.join(sorted(_reasons(item))) or 'as expected'})"


def _perform(bench: _Bench, fault: Fault | None, selection: tuple[str, ...]) -> Report:
    name = fault.id if fault is not None else "no-fault"
    endpoint = bench.folder / f"{name}.yaml"
    faults = [fault.id] if fault is not None else []
    with reference.serving(bench.home, log=bench.folder / f"{name}.log", faults=faults) as announced:
        endpoint.write_text(reference.endpoint_text(announced, Path("lab")), encoding="utf-8")
        desk = read_desk(Choices(endpoint=endpoint, out=bench.folder / name, selection=selection))
        return open_campaign(desk, check(desk)).run_all()
