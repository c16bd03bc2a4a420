"""Test vectors: small programs in a typed language that an editor can read aloud."""

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Any

from msgspec import Meta, Struct, field

from conformance.model.criterion import AppliesIf, CriterionId
from conformance.model.duration import Duration
from conformance.model.text import Text

SLUG = r"^[a-z0-9]+(-[a-z0-9]+)*$"
Slug = Annotated[str, Meta(pattern=SLUG, max_length=80)]


class VectorStatus(StrEnum):
    """Drafts run and are shown but never count; withdrawn ones keep their id for ever."""

    DRAFT = "draft"
    ACTIVE = "active"
    WITHDRAWN = "withdrawn"


class Behaviour(StrEnum):
    """ISO/IEC 9646 classes: valid (BV), invalid (BI), timer (TI)."""

    VALID = "valid"
    INVALID = "invalid"
    TIMER = "timer"


class Impact(StrEnum):
    """What a stimulus can do to the product or the plant.

    `simulated` commands the plant and runs only where that is simulated, or with `--allow-physical`; `physical` only
    with `--allow-physical`; `disruptive` runs last and alone.
    """

    NONE = "none"
    SIMULATED = "simulated"
    DISRUPTIVE = "disruptive"
    PHYSICAL = "physical"


class Actor(StrEnum):
    """On whose behalf a step acts: credential and role. `peer` is the rightful other side of the point."""

    PEER = "peer"
    UTILITY = "utility"
    AGGREGATOR = "aggregator"
    VIEWER = "viewer"
    AUDITOR = "auditor"
    ENGINEER = "engineer"
    ROGUE = "rogue"


class Timer(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A wait with its normative duration and clause; other items may run meanwhile."""

    name: Slug
    wait: Annotated[Duration, Meta(description="normative duration")]
    clause: Annotated[str, Meta(description="where the duration stands")]


class Step(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """One step: an operation, several in parallel, a timer armed, or a timer checked."""

    op: Annotated[str | None, Meta(description="operation")] = None
    as_: Annotated[Actor, Meta(description="who acts; the rightful peer unless said")] = field(
        name="as", default=Actor.PEER
    )
    with_: Annotated[dict[str, Any], Meta(description="parameters of the operation")] = field(
        name="with", default_factory=dict
    )
    save: Annotated[Slug | None, Meta(description="name for later `${name.field}`")] = None
    expect: Annotated[
        str | dict[str, Any] | None, Meta(description="a predicate, or predicates with their arguments")
    ] = None
    twin: Annotated[
        dict[str, Any] | None,
        Meta(description="`with` again (and `as`, where the actor is the defect) with exactly one place changed"),
    ] = None
    parallel: Annotated[tuple["Step", ...], Meta(description="steps that start together")] = ()
    arm: Annotated[Timer | None, Meta(description="start a timer")] = None
    check: Annotated[Slug | None, Meta(description="wait for the timer of this name")] = None


def walk(steps: tuple[Step, ...], prefix: str = "") -> Iterator[tuple[str, Step]]:
    """Yield every step with its place: `1`, `2`, and `2.1` within a parallel group."""
    for number, step in enumerate(steps, start=1):
        yield f"{prefix}{number}", step
        yield from walk(step.parallel, f"{prefix}{number}.")


class Detection(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """A fault that only the rows named here detect, or that shows in another way than the fault itself declares."""

    fault: Slug
    rows: Annotated[tuple[Slug, ...], Meta(description="rows that detect it; none: all")] = ()
    reason: Annotated[
        str | None, Meta(description="reason of the finding, where it is not the one that the fault declares")
    ] = None


class Vector(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """One test vector; its whole id is CRITERION/id."""

    id: Annotated[Slug, Meta(description="for ever; whole id is CRITERION/id")]
    status: Annotated[VectorStatus, Meta(description="draft, active or withdrawn")]
    title: Annotated[Text, Meta(description="what is done, without a modal verb")]
    behaviour: Annotated[Behaviour, Meta(description="valid, invalid or timer")]
    clauses: Annotated[tuple[str, ...], Meta(min_length=1, description="documents and clauses")]
    applies_if: Annotated[AppliesIf, Meta(description="facts this vector depends on")] = AppliesIf()
    both_points: Annotated[bool, Meta(description="uses both connection points in one item")] = False
    needs: Annotated[tuple[str, ...], Meta(description="capabilities: hook:NAME, service:OPERATION, clock")] = ()
    impact: Annotated[Impact, Meta(description="what it can do to the product")] = Impact.NONE
    matrix: Annotated[dict[Slug, dict[str, Any]], Meta(description="named rows; steps refer to `${row.name}`")] = field(
        default_factory=dict
    )
    steps: Annotated[tuple[Step, ...], Meta(min_length=1, description="the program")]
    detects: Annotated[tuple[Slug | Detection, ...], Meta(description="faults of the reference it detects")] = ()


class VectorFile(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The vectors of one criterion."""

    criterion: CriterionId
    vectors: Annotated[tuple[Vector, ...], Meta(min_length=1)]
