"""What a region asks of a criterion after its profile's override, and whether the facts make it apply."""

from datetime import date

from msgspec import Struct

from conformance.catalogue.load import Catalogue
from conformance.model.criterion import AppliesIf, ConnectionPoint, Criterion, Gate, Region
from conformance.model.endpoint import Endpoint
from conformance.model.text import Text


class Effective(Struct, frozen=True, kw_only=True):
    """A criterion as one region asks it."""

    criterion: Criterion
    gate: Gate
    security_level: int
    applies_if: AppliesIf
    cure_by: date | None = None


def effective(catalogue: Catalogue, criterion: Criterion, region: Region) -> Effective:
    """Return `criterion` with the override of `region`, if its profile has one."""
    profile = catalogue.profiles.get(region)
    override = next(
        (one for one in profile.overrides if one.criterion == criterion.id) if profile is not None else iter(()), None
    )
    if override is None:
        return Effective(
            criterion=criterion,
            gate=criterion.gate,
            security_level=criterion.security_level,
            applies_if=criterion.applies_if,
        )
    return Effective(
        criterion=criterion,
        gate=override.gate if override.gate is not None else criterion.gate,
        security_level=override.security_level if override.security_level is not None else criterion.security_level,
        applies_if=override.applies_if if override.applies_if is not None else criterion.applies_if,
        cure_by=override.cure_by,
    )


def why_not_applicable(
    facts: AppliesIf, endpoint: Endpoint, point: ConnectionPoint, protocols: frozenset[str]
) -> Text | None:
    """Return why `facts` exclude a binding of one of `protocols` at `point`; None if they do not.

    An endpoint file that declares no device kinds leaves that fact open, and what is open does not excuse.
    """
    if facts.connection_points and point not in facts.connection_points:
        return Text(
            f"asked only at {_listed(facts.connection_points)}", f"接続点 {_listed(facts.connection_points)} に限る"
        )
    if facts.bindings and not protocols.intersection(facts.bindings):
        return Text(f"asked only over {_listed(facts.bindings)}", f"プロトコル {_listed(facts.bindings)} に限る")
    kinds = endpoint.device_kinds
    if facts.device_kinds and kinds and not set(kinds).intersection(facts.device_kinds):
        listed = _listed(facts.device_kinds)
        return Text(
            f"no device of kind {listed} behind the connection point", f"機器種別 {listed} が接続点の背後にない"
        )
    return None


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names)
