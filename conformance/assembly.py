"""Makes the report of a run from its events, whether they come fresh from the engine or from the disk."""

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from conformance.decision import RULE, criterion_result, decide, group_by_criterion
from conformance.evidence import EvidenceError, RunRecord
from conformance.judges import judge, verdict_of
from conformance.model.criterion import ConnectionPoint, Region
from conformance.model.finding import Finding, Verdict, worst
from conformance.model.report import (
    Asked,
    Attempt,
    CriterionResult,
    CriterionSummary,
    Decision,
    ItemResult,
    Report,
)
from conformance.model.text import Text
from conformance.model.transcript import Transcript

_T = TypeVar("_T")


class Header(Struct, frozen=True, kw_only=True):
    """What is known of a run before its first item."""

    run_id: str
    mode: str
    started: str
    suite: str
    environment: dict[str, str]
    product: dict[str, Any]
    endpoint: dict[str, Any]
    endpoint_digest: str
    edition: str
    catalogue_digest: str
    security_level: int
    regions: tuple[Region, ...]
    points: tuple[ConnectionPoint, ...]
    selection: tuple[str, ...] = ()
    again: str = "mgcc run --endpoint endpoint.yaml --select {item}"
    measured: dict[str, float] = {}


class AskedAt(Struct, frozen=True, kw_only=True):
    """The criteria that one region asks at one connection point."""

    connection_point: ConnectionPoint
    region: Region
    asked: tuple[Asked, ...]


class Plan(Struct, frozen=True, kw_only=True):
    """Every row of the campaign before anything ran, and every criterion asked."""

    rows: tuple[ItemResult, ...]
    asked: tuple[AskedAt, ...]
    catalogue: tuple[CriterionSummary, ...]


class Judged(Struct, frozen=True, kw_only=True):
    """The judgement of one attempt."""

    item: str
    number: int
    verdict: Verdict
    findings: tuple[Finding, ...]
    started: str
    duration_s: float
    trouble: str | None = None


class End(Struct, frozen=True, kw_only=True):
    """The end of a run."""

    ended: str
    complete: bool


class Assembly:
    """Collects the events of one run and makes its report; holds no file."""

    def __init__(self, header: Header, plan: Plan) -> None:
        self.header = header
        self.plan = plan
        self.rows = {row.id: row for row in plan.rows}
        self._attempts: dict[str, list[Attempt]] = {}

    def add(self, judged: Judged, recorded: int | None) -> ItemResult:
        """Add one judged attempt and return its item's row as it now stands; the worst attempt counts.

        `recorded` is the number of the event that holds the attempt's transcript.
        """
        attempts = self._attempts.setdefault(judged.item, [])
        attempts.append(
            Attempt(
                number=judged.number,
                verdict=judged.verdict,
                findings=judged.findings,
                started=judged.started,
                duration_s=judged.duration_s,
                trouble=judged.trouble,
                transcript=recorded,
            )
        )
        verdict = worst(attempt.verdict for attempt in attempts)
        row = msgspec.structs.replace(self.rows[judged.item], verdict=verdict, attempts=tuple(attempts), why=None)
        self.rows[judged.item] = row
        return row

    def report(self, *, ended: str, complete: bool, chain_head: str) -> Report:
        """Return the report of what was added so far; rows without an attempt stay as planned."""
        header = self.header
        items = tuple(self.rows.values())
        criteria, decisions = assess(
            self.plan.asked,
            items,
            security_level=header.security_level,
            partial=bool(header.selection),
            certification=header.mode == "certification",
        )
        return Report(
            run_id=header.run_id,
            mode=header.mode,
            complete=complete,
            started=header.started,
            ended=ended,
            suite=header.suite,
            environment=header.environment,
            product=header.product,
            endpoint=header.endpoint,
            endpoint_digest=header.endpoint_digest,
            edition=header.edition,
            catalogue_digest=header.catalogue_digest,
            chain_head=chain_head,
            security_level=header.security_level,
            regions=header.regions,
            selection=header.selection,
            again=header.again,
            decisions=decisions,
            criteria=criteria,
            items=items,
            catalogue=self.plan.catalogue,
            decision_rule=RULE,
            measured=header.measured,
        )


def assess(
    asked: Iterable[AskedAt],
    items: Sequence[ItemResult],
    *,
    security_level: int,
    partial: bool = False,
    certification: bool = False,
) -> tuple[tuple[CriterionResult, ...], tuple[Decision, ...]]:
    """Return all criteria's results and all decisions: one per point, region and binding, and one over all bindings.

    `items` has a row for every planned item, whether it ran or not.
    """
    criteria: list[CriterionResult] = []
    decisions: list[Decision] = []
    for place in asked:
        here = [
            item
            for item in items
            if item.connection_point is place.connection_point and item.region in {None, place.region}
        ]
        bindings = list(dict.fromkeys(item.binding for item in here))
        covered = {item.criterion for item in here if item.verdict is not Verdict.NOT_APPLICABLE}
        scopes: list[str | None] = [None, *bindings] if len(bindings) > 1 else [None]
        for scope in scopes:
            scoped = [item for item in here if scope is None or item.binding == scope]
            grouped = group_by_criterion(scoped)
            results = [
                criterion_result(
                    one,
                    grouped.get(one.criterion, []),
                    point=place.connection_point,
                    region=place.region,
                    security_level=security_level,
                    binding=scope,
                    count_simulated=not certification,
                )
                for one in place.asked
                if scope is None or one.criterion not in covered or _is_shown(grouped.get(one.criterion, []))
            ]
            criteria.extend(results)
            decisions.append(
                decide(
                    results,
                    scoped,
                    point=place.connection_point,
                    region=place.region,
                    security_level=security_level,
                    binding=scope,
                    partial=partial,
                )
            )
    return tuple(criteria), tuple(decisions)


def _is_shown(items: Sequence[ItemResult]) -> bool:
    """A criterion that only another binding of the point can show is not asked of this binding."""
    return any(item.verdict is not Verdict.NOT_APPLICABLE for item in items)


Transcripts = dict[str, dict[int, Transcript]]
"""Transcripts by item and number of the attempt."""


def read_run(record: RunRecord, *, rejudge: bool = False) -> tuple[Report, Transcripts]:
    """Return the report that the stored events make, and the transcripts of all attempts.

    With `rejudge`, every transcript is judged again by today's judges instead of taking the stored verdicts.
    A run that was killed yields a report with `complete` false. Raises EvidenceError if the record does not hold.
    """
    assembly: Assembly | None = None
    header: Header | None = None
    transcripts: Transcripts = {}
    recorded: dict[str, int] = {}
    end = End(ended="", complete=False)
    last = ""
    for event in record.events():
        last = event.time
        if event.kind == "run":
            header = _convert(event.data, Header)
        elif event.kind == "plan" and header is not None:
            assembly = Assembly(header, _convert(event.data, Plan))
        elif event.kind == "transcript":
            transcript = _convert(event.data, Transcript)
            attempts = transcripts.setdefault(transcript.item, {})
            attempts[len(attempts) + 1] = transcript
            recorded[transcript.item] = event.seq
        elif event.kind == "judged" and assembly is not None:
            judged = _convert(event.data, Judged)
            if judged.item not in assembly.rows:
                raise EvidenceError(
                    Text(
                        en=f"{record.folder}: event {event.seq} judges an item that the plan does not have",
                        ja=f"{record.folder}: イベント {event.seq} は計画にない項目を判定しています",
                    )
                )
            assembly.add(_again(judged, transcripts) if rejudge else judged, recorded.get(judged.item))
        elif event.kind == "end":
            end = _convert(event.data, End)
    if assembly is None:
        raise EvidenceError(
            Text(
                en=f"{record.folder}: the run ended before its plan was written; nothing was judged",
                ja=f"{record.folder}: 計画を記録する前に実行が終了しており、判定はありません",
            )
        )
    report = assembly.report(ended=end.ended or last, complete=end.complete and not record.torn, chain_head=record.head)
    return report, transcripts


def _again(judged: Judged, transcripts: Transcripts) -> Judged:
    transcript = transcripts.get(judged.item, {}).get(judged.number)
    if transcript is None:
        return judged
    findings = findings_of(transcript)
    return msgspec.structs.replace(judged, findings=findings, verdict=verdict_of(findings))


def findings_of(transcript: Transcript) -> tuple[Finding, ...]:
    """Judge a transcript; one that nobody can judge is the suite's trouble, never the product's fault."""
    try:
        return judge(transcript)
    except Exception as error:  # noqa: BLE001  whatever breaks in a judge
        trouble = f"{type(error).__name__}: {error}"
        return judge(msgspec.structs.replace(transcript, steps=(), trouble=trouble))


def _convert(data: Any, kind: type[_T]) -> _T:
    try:
        return msgspec.convert(data, kind, strict=False)
    except msgspec.ValidationError as error:
        raise EvidenceError(
            Text(
                en=f"an event {kind.__name__} of the record does not have its shape: {error}",
                ja=f"記録のイベント {kind.__name__} の形式が正しくありません: {error}",
            )
        ) from error
