"""The master record of a run, `report.json`: every view is made from it, none is parsed back."""

from enum import StrEnum
from typing import Any

from msgspec import Struct, field

from conformance.model.criterion import ConnectionPoint, Gate, Region
from conformance.model.finding import Finding, Verdict
from conformance.model.text import Text

FORMAT = "mgcc-report/1"


class _Part(Struct, frozen=True, kw_only=True, omit_defaults=True):
    pass


class Word(StrEnum):
    """The decision at a connection point, worst last."""

    CONNECT = "connect"
    CONDITIONS = "connect-with-conditions"
    NOT_ASSESSED = "not-assessed"
    DO_NOT_CONNECT = "do-not-connect"


class Attempt(_Part, frozen=True, kw_only=True):
    """One attempt at an item; none is ever dropped."""

    number: int
    verdict: Verdict
    findings: tuple[Finding, ...]
    started: str
    duration_s: float
    transcript: int | None = None
    trouble: str | None = None


class ItemResult(_Part, frozen=True, kw_only=True):
    """One row of the campaign table: every planned item has one."""

    id: str
    criterion: str
    vector: str
    title: Text
    behaviour: str
    status: str
    clauses: tuple[str, ...]
    connection_point: ConnectionPoint
    binding: str
    protocol: str
    region: Region | None = None
    row: str | None = None
    verdict: Verdict
    why: Text | None = None
    attempts: tuple[Attempt, ...] = ()


class Asked(_Part, frozen=True, kw_only=True):
    """One criterion as one region asks it at one connection point, after the overrides of its profile."""

    criterion: str
    title: Text
    gate: Gate
    security_level: int
    applies: bool
    denied: bool
    why_not_run: Text | None = None
    cure_by: str | None = None


class CriterionResult(_Part, frozen=True, kw_only=True):
    """What became of one criterion at one connection point in one region, over one binding or all (`binding` None)."""

    criterion: str
    title: Text
    connection_point: ConnectionPoint
    region: Region
    binding: str | None = None
    gate: Gate
    security_level: int
    mandatory: bool
    verdict: Verdict
    failed: bool
    unresolved: bool
    why: Text | None = None
    items: tuple[str, ...] = ()
    cure_by: str | None = None


class Decision(_Part, frozen=True, kw_only=True):
    """The computed answer at one connection point in one region, over one binding or all (`binding` None)."""

    connection_point: ConnectionPoint
    region: Region
    binding: str | None = None
    word: Word
    security_level: int
    capped_security_level: int | None = None
    partial: bool = False
    blocking: tuple[str, ...] = ()
    unresolved: tuple[str, ...] = ()
    conditions: tuple[Text, ...] = ()
    counts: dict[Verdict, int] = field(default_factory=dict)


class CriterionSummary(_Part, frozen=True, kw_only=True):
    """What a reader of the report needs of each criterion asked."""

    id: str
    title: Text
    statement: Text
    remedy: Text
    references: dict[str, Any]


class Report(Struct, frozen=True, kw_only=True):
    """`report.json`; its defaults are written out, so that a stored report says what it is."""

    format: str = FORMAT
    run_id: str
    mode: str
    complete: bool
    started: str
    ended: str
    suite: str
    environment: dict[str, str]
    product: dict[str, Any]
    endpoint: dict[str, Any]
    endpoint_digest: str
    edition: str
    catalogue_digest: str
    chain_head: str
    security_level: int
    regions: tuple[Region, ...]
    selection: tuple[str, ...] = ()
    again: str = "mgcc run --endpoint endpoint.yaml --select {item}"
    decisions: tuple[Decision, ...]
    criteria: tuple[CriterionResult, ...]
    items: tuple[ItemResult, ...]
    catalogue: tuple[CriterionSummary, ...]
    decision_rule: Text
    measured: dict[str, float] = field(default_factory=dict)
