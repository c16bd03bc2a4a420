"""Lists every criterion that one region asks at one connection point, with what the decision needs to know of it."""

from conformance.catalogue.ics import Claims
from conformance.catalogue.load import Catalogue
from conformance.catalogue.regional import effective, why_not_applicable
from conformance.model.criterion import ConnectionPoint, CriterionStatus, Region
from conformance.model.endpoint import Endpoint
from conformance.model.report import Asked
from conformance.model.text import Text
from conformance.model.vector import VectorStatus


def asked_at(
    catalogue: Catalogue,
    point: ConnectionPoint,
    region: Region,
    endpoint: Endpoint,
    ics: Claims,
    *,
    binding: str | None = None,
) -> tuple[Asked, ...]:
    """Return every active criterion of `point` in the order of its id, with the overrides of `region`.

    `binding` (a label) narrows the facts to one binding; absent, a criterion applies if it does over any of the point.
    `why_not_run` says why nothing can have run: left out of the ICS, or no active vector.
    """
    there = endpoint.connection_points.get(point)
    labels = {one.label: one.protocol for one in there.bindings} if there is not None else {}
    protocols = frozenset(protocol for label, protocol in labels.items() if binding in (None, label))
    asked = []
    for name in sorted(catalogue.criteria):
        criterion = catalogue.criteria[name]
        if criterion.status is CriterionStatus.RETIRED or point not in criterion.connection_points:
            continue
        regional = effective(catalogue, criterion, region)
        asked.append(
            Asked(
                criterion=name,
                title=criterion.title,
                gate=regional.gate,
                security_level=regional.security_level,
                applies=why_not_applicable(regional.applies_if, endpoint, point, protocols) is None,
                denied=name in ics.denies,
                why_not_run=_why_not_run(catalogue, name, ics),
                cure_by=regional.cure_by.isoformat() if regional.cure_by is not None else None,
            )
        )
    return tuple(asked)


def _why_not_run(catalogue: Catalogue, name: str, ics: Claims) -> Text | None:
    entries = catalogue.vectors_by_criterion.get(name, ())
    if not any(entry.vector.status is VectorStatus.ACTIVE for entry in entries):
        untested = catalogue.criteria[name].untested
        return untested or Text("there is no active vector yet", "有効な試験ベクトルがまだない")
    if name not in ics.supports and name not in ics.denies:
        return left_out(name)
    return None


def left_out(name: str) -> Text:
    """Return the words for a criterion that the ICS neither supports nor denies."""
    return Text(f"the ICS leaves {name} out", f"ICSに {name} の記載がない")
