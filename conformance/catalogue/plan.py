"""Expands vectors into the items of a campaign: what runs at this endpoint, and why the rest does not."""

from collections.abc import Collection, Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from conformance.catalogue.asked import left_out
from conformance.catalogue.ics import Claims, claims
from conformance.catalogue.load import Catalogue, VectorEntry
from conformance.catalogue.problem import SelectionError
from conformance.catalogue.references import UnresolvedReferenceError, ixit_values, references, resolve
from conformance.catalogue.regional import effective, why_not_applicable
from conformance.catalogue.selection import pick
from conformance.model.criterion import ConnectionPoint, CriterionStatus, Region
from conformance.model.endpoint import Binding, Endpoint
from conformance.model.operations import OPERATIONS, Height
from conformance.model.text import Text
from conformance.model.vector import Impact, Step, Vector, VectorStatus, walk

_SERVICES = {
    "https": frozenset(name for name, operation in OPERATIONS.items() if operation.height is Height.SERVICE),
    "modbus": frozenset({"service.read", "state.read", "inventory.read", "measurement.read", "control.send"}),
    "tls": frozenset({"service.read"}),
}
_CLOCK_HOOKS = ("clock-set", "clock-scale")
_LATE = (Impact.DISRUPTIVE, Impact.PHYSICAL)
_BOTH = "both"


class Disposition(StrEnum):
    """What becomes of an item."""

    RUN = "run"
    NOT_RUN = "not-run"
    NOT_APPLICABLE = "not-applicable"
    DENIED = "denied"


class PlanItem(Struct, frozen=True, kw_only=True):
    """One vector at one connection point over one binding, in one region and row where it has such.

    In `vector` the references to row, profile and IXIT are filled in; those to `peer` and to saved answers are not.
    """

    id: str
    vector: Vector
    vector_id: str
    criterion: str
    connection_point: ConnectionPoint
    binding: Binding
    region: Region | None = None
    row: str | None = None
    disposition: Disposition
    why: Text | None = None
    entry: VectorEntry

    @property
    def file(self) -> Path:
        """The file its vector stands in."""
        return self.entry.path

    @property
    def line(self) -> int:
        """The line its vector begins at; worked out on demand."""
        return self.entry.line

    @property
    def waits(self) -> bool:
        """Whether it waits for a timer of the product."""
        return any(step.check is not None for step in self.vector.steps)

    @property
    def draft(self) -> bool:
        """Whether it runs and is shown, but never counts."""
        return self.vector.status is VectorStatus.DRAFT


def plan(
    catalogue: Catalogue,
    endpoint: Endpoint,
    selection: Sequence[str] = (),
    *,
    lab_hooks: Collection[str] = (),
    points: Collection[ConnectionPoint] | None = None,
    regions: Collection[Region] | None = None,
    allow_physical: bool = False,
) -> tuple[PlanItem, ...]:
    """Return every item of `catalogue` at `endpoint`, disruptive ones last.

    `selection` keeps families, criteria, whole vectors or whole items only; `lab_hooks` are the names of hooks that the
    laboratory runs itself; `points` and `regions` narrow those of the endpoint. Raises SelectionError.
    """
    planner = _Planner(
        catalogue,
        endpoint,
        hooks=frozenset(endpoint.hooks) | frozenset(lab_hooks),
        regions=tuple(region for region in endpoint.regions if regions is None or region in regions),
        allow_physical=allow_physical,
    )
    there = [point for point in ConnectionPoint if point in endpoint.connection_points]
    wanted = [point for point in there if points is None or point in points]
    try:
        return pick(planner.items(wanted, selection), selection, catalogue)
    except SelectionError:
        return pick(planner.items(wanted), selection, catalogue)  # what to suggest instead is known from all items


def offers(binding: Binding, operation: str) -> bool:
    """Say whether `binding` can carry `operation`; the service check is always there, a hook needs no binding."""
    known = OPERATIONS[operation]
    if known.height is Height.WIRE:
        return not known.bindings or binding.protocol in known.bindings
    if operation in ("service.read", "hook.call"):
        return True
    return operation in (binding.services or _SERVICES[binding.protocol])


def _lateness(item: PlanItem) -> int:
    """Items that wait for a timer come after the others, whose time they share; what disturbs comes last and alone."""
    if item.vector.impact in _LATE:
        return 2
    return int(item.waits)


class _Planner:
    def __init__(
        self,
        catalogue: Catalogue,
        endpoint: Endpoint,
        *,
        hooks: frozenset[str],
        regions: tuple[Region, ...],
        allow_physical: bool,
    ) -> None:
        self.catalogue = catalogue
        self.endpoint = endpoint
        self.hooks = hooks
        self.regions = regions
        self.allow_physical = allow_physical
        self.claims: Claims = claims(endpoint, catalogue.criteria)
        self.ixit = ixit_values(endpoint)
        self.profiles = {
            region: {value.name: value.value for value in profile.values}
            for region, profile in catalogue.profiles.items()
        }

    def items(self, points: Sequence[ConnectionPoint], selection: Sequence[str] = ()) -> tuple[PlanItem, ...]:
        """Return the items of `points` in the order to run them; only of vectors that `selection` can name."""
        whole = tuple(points) == tuple(ConnectionPoint)
        named = frozenset(word.partition("@")[0] for word in selection)
        found = [item for point in points for item in self.at(point, named, whole=whole)]
        return tuple(sorted(found, key=_lateness))

    def at(self, point: ConnectionPoint, named: frozenset[str], *, whole: bool) -> Iterator[PlanItem]:
        """Yield the items of `point`; `whole` says that both connection points are planned.

        Families, criteria or whole vectors in `named` leave out the vectors of all others; empty, it leaves none out.
        """
        for binding in self.endpoint.connection_points[point].bindings:
            for name in sorted(self.catalogue.vectors_by_criterion):
                criterion = self.catalogue.criteria.get(name)
                if criterion is None or criterion.status is CriterionStatus.RETIRED:
                    continue
                for entry in self.catalogue.vectors_by_criterion[name]:
                    if entry.vector.status is VectorStatus.WITHDRAWN or point not in criterion.connection_points:
                        continue
                    if named and named.isdisjoint((name[:3], name, entry.id)):
                        continue
                    if entry.vector.both_points and whole and point is not ConnectionPoint.DISTRIBUTION:
                        continue
                    yield from self.expand(entry, point, binding)

    def expand(self, entry: VectorEntry, point: ConnectionPoint, binding: Binding) -> Iterator[PlanItem]:
        vector = entry.vector
        where = _BOTH if vector.both_points else point.value
        stem = f"{entry.id}@{where}:{binding.label}{'.client' if binding.role == 'client' else ''}"
        used = {name[0] for name in _references(vector)}
        for region in self.regions if "profile" in used else (None,):
            for row in vector.matrix or (None,):
                identity = stem + (f"+{region}" if region else "") + (f"#{row}" if row else "")
                resolved, trouble = self.resolved(vector, region, row)
                disposition, why = self.disposition(entry, resolved, point, binding, region)
                if disposition is Disposition.RUN and trouble is not None:
                    disposition, why = Disposition.NOT_RUN, trouble
                yield PlanItem(
                    id=identity,
                    vector=resolved,
                    vector_id=entry.id,
                    criterion=entry.criterion,
                    connection_point=point,
                    binding=binding,
                    region=region,
                    row=row,
                    disposition=disposition,
                    why=why,
                    entry=entry,
                )

    def resolved(self, vector: Vector, region: Region | None, row: str | None) -> tuple[Vector, Text | None]:
        """Return `vector` with all that is known filled in, or as it is and why it cannot be."""
        scope: dict[str, Any] = {"ixit": self.ixit, "profile": self.profiles.get(region, {}) if region else {}}
        try:
            if row is not None:
                scope["row"] = resolve(vector.matrix[row], scope, partly=True)
            steps = tuple(_resolved_step(step, scope) for step in vector.steps)
        except UnresolvedReferenceError as problem:
            return vector, _not_declared(problem.reference, region)
        matrix = {} if row is None else {row: scope["row"]}
        return msgspec.structs.replace(vector, steps=steps, matrix=matrix), None

    def disposition(
        self,
        entry: VectorEntry,
        resolved: Vector,
        point: ConnectionPoint,
        binding: Binding,
        region: Region | None,
    ) -> tuple[Disposition, Text | None]:
        why = self.not_applicable(entry, point, binding, region)
        if why is not None:
            return Disposition.NOT_APPLICABLE, why
        if entry.criterion in self.claims.denies:
            return Disposition.DENIED, Text(
                f"the ICS denies {entry.criterion}", f"ICSで {entry.criterion} が非対応と申告されている"
            )
        if entry.criterion not in self.claims.supports:
            return Disposition.NOT_RUN, left_out(entry.criterion)
        why = self.obstacle(resolved, point, binding)
        return (Disposition.RUN, None) if why is None else (Disposition.NOT_RUN, why)

    def not_applicable(
        self, entry: VectorEntry, point: ConnectionPoint, binding: Binding, region: Region | None
    ) -> Text | None:
        """Return why the facts exclude the item: in its region, or in every region where it has none."""
        protocols = frozenset({binding.protocol})
        why = why_not_applicable(entry.vector.applies_if, self.endpoint, point, protocols)
        if why is not None:
            return why
        criterion = self.catalogue.criteria[entry.criterion]
        for asking in (region,) if region is not None else self.regions:
            facts = effective(self.catalogue, criterion, asking).applies_if
            why = why_not_applicable(facts, self.endpoint, point, protocols)
            if why is None:
                return None
        return why

    def obstacle(self, vector: Vector, point: ConnectionPoint, binding: Binding) -> Text | None:
        """Return why `vector` cannot run over `binding`; None if it can."""
        if binding.role == "client":
            return Text(
                "the product is the client here, and the suite cannot listen yet",
                "製品がクライアントとなる接続であり、試験系の待受けは未対応である",
            )
        if vector.both_points and len(self.endpoint.connection_points) < len(ConnectionPoint):
            return Text("both connection points are needed", "両方の接続点が必要である")
        if vector.impact is Impact.PHYSICAL and not self.allow_physical:
            return Text(
                "it acts on the plant; `--allow-physical` was not given",
                "設備が動作する試験であり、--allow-physicalの指定がない",
            )
        if vector.impact is Impact.SIMULATED and self.endpoint.plant == "real" and not self.allow_physical:
            return Text(
                "it commands the plant; the endpoint file does not say `plant: simulated`, and --allow-physical "
                "was not given",
                "設備への指令を含む試験であり、エンドポイントファイルに `plant: simulated` の記載も"
                "--allow-physicalの指定もない",
            )
        siblings = [one for one in self.endpoint.connection_points[point].bindings if one.role == "server"]
        for operation in _operations(vector):
            within = siblings if OPERATIONS[operation].point_wide else [binding]
            if not any(offers(one, operation) for one in within):
                return Text(
                    f"the binding `{binding.label}` does not offer `{operation}`",
                    f"バインディング `{binding.label}` は `{operation}` を提供しない",
                )
        return self.missing_hook(vector)

    def missing_hook(self, vector: Vector) -> Text | None:
        called = [
            f"hook:{step.with_['hook']}"
            for _, step in walk(vector.steps)
            if step.op == "hook.call" and isinstance(step.with_.get("hook"), str)
        ]
        for need in (*vector.needs, *called):
            kind, _, name = need.partition(":")
            choices = _CLOCK_HOOKS if kind == "clock" else (name,)
            if kind != "service" and "${" not in name and not self.hooks.intersection(choices):
                listed = " / ".join(choices)
                return Text(f"needs the hook {listed}", f"フック {listed} が必要である")
        return None


def _references(vector: Vector) -> Iterator[tuple[str, ...]]:
    yield from references(list(vector.matrix.values()))
    for _, step in walk(vector.steps):
        yield from references([step.with_, step.expect, step.twin])


def _operations(vector: Vector) -> Iterator[str]:
    for need in vector.needs:
        kind, _, name = need.partition(":")
        if kind == "service" and name in OPERATIONS:
            yield name
    for _, step in walk(vector.steps):
        if step.op in OPERATIONS:
            yield step.op


def _resolved_step(step: Step, scope: dict[str, Any]) -> Step:
    def fill(value: Any) -> Any:
        return resolve(resolve(value, {"row": scope.get("row", {})}, partly=True), scope, partly=True)

    return msgspec.structs.replace(
        step,
        with_=fill(step.with_),
        expect=fill(step.expect),
        twin=fill(step.twin),
        parallel=tuple(_resolved_step(child, scope) for child in step.parallel),
    )


def _not_declared(reference: str, region: Region | None) -> Text:
    if region is not None and reference.startswith("${profile."):
        return Text(
            f"the profile of {region} gives no `{reference}`", f"地域 {region} のプロファイルに `{reference}` がない"
        )
    return Text(
        f"the endpoint file does not declare `{reference}`", f"エンドポイントファイルに `{reference}` の申告がない"
    )
