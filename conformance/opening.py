"""Opens a campaign: catalogue, endpoint file, plan, preflight and run folder, in that order."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from msgspec import Struct

from conformance.assembly import AskedAt, Header, Plan
from conformance.campaign import Assignment, Campaign, environment, new_run_id
from conformance.catalogue.asked import asked_at
from conformance.catalogue.editions import edition_in_force
from conformance.catalogue.endpoint_file import LoadedEndpoint, load_endpoint, load_hooks
from conformance.catalogue.ics import claims
from conformance.catalogue.load import Catalogue, load_catalogue
from conformance.catalogue.plan import Disposition, PlanItem, plan
from conformance.evidence import timestamp
from conformance.model.criterion import ConnectionPoint, Region
from conformance.model.endpoint import Endpoint, LabHooks
from conformance.model.finding import Verdict
from conformance.model.problem import ProblemError
from conformance.model.report import CriterionSummary, ItemResult
from conformance.model.text import Text
from conformance.pki.lab import Lab
from conformance.pki.recipes import Credentials
from conformance.preflight import Preflight, preflight
from conformance.probes import ProbeContext

_PREFLIGHT_DEADLINE_S = 5.0
_T = TypeVar("_T", bound=str)


class Choices(Struct, frozen=True, kw_only=True):
    """What a person asked for on the command line."""

    endpoint: Path
    out: Path | None = None
    lab_hooks: Path | None = None
    points: tuple[ConnectionPoint, ...] = ()
    regions: tuple[Region, ...] = ()
    selection: tuple[str, ...] = ()
    security_level: int | None = None
    allow_physical: bool = False
    mode: str = "self-test"
    again: str | None = None


class Desk(Struct, frozen=True, kw_only=True):
    """Everything read from files before the network is touched."""

    catalogue: Catalogue
    loaded: LoadedEndpoint
    lab: Lab
    lab_hooks: LabHooks | None
    items: tuple[PlanItem, ...]
    points: tuple[ConnectionPoint, ...]
    regions: tuple[Region, ...]
    choices: Choices

    @property
    def endpoint(self) -> Endpoint:
        """The endpoint file's content."""
        return self.loaded.endpoint


def read_desk(choices: Choices, catalogue: Catalogue | None = None) -> Desk:
    """Read catalogue, endpoint file and lab PKI, and make the plan.

    Raises CatalogueError, SelectionError, LabError or ProblemError, each with place and remedy.
    """
    catalogue = catalogue or load_catalogue()
    loaded = load_endpoint(choices.endpoint, catalogue.criteria)
    endpoint = loaded.endpoint
    points = _narrowed(tuple(endpoint.connection_points), choices.points, "connection point")
    regions = _narrowed(endpoint.regions, choices.regions, "region")
    hooks = load_hooks(choices.lab_hooks) if choices.lab_hooks else None
    items = plan(
        catalogue,
        endpoint,
        choices.selection,
        lab_hooks=hooks.hooks if hooks else (),
        points=points,
        regions=regions,
        allow_physical=choices.allow_physical,
    )
    return Desk(
        catalogue=catalogue,
        loaded=loaded,
        lab=Lab.load(loaded.lab),
        lab_hooks=hooks,
        items=items,
        points=points,
        regions=regions,
        choices=choices,
    )


def check(desk: Desk) -> Preflight:
    """Perform the preflight of `desk`; nothing it does is judged or kept."""
    credentials = Credentials(desk.lab, desk.endpoint.identities)

    def context(point: ConnectionPoint) -> ProbeContext:
        return ProbeContext(
            connection_point=point,
            deadline_s=min(_PREFLIGHT_DEADLINE_S, desk.endpoint.declared.response_s),
            credentials=credentials,
            keep=lambda _content, _media_type: "0" * 64,
            now=lambda: datetime.now(UTC),
            item="preflight",
            rated_power_W=desk.endpoint.rated_power_W,
        )

    return preflight(desk.endpoint, desk.lab, desk.points, context, datetime.now(UTC))


def open_campaign(desk: Desk, checked: Preflight) -> Campaign:
    """Open the run folder and return the campaign, ready to perform its items. Raises EvidenceError or ProblemError."""
    checked.demand()
    now = datetime.now(UTC)
    run_id = new_run_id(now)
    versions = environment()
    endpoint = desk.endpoint
    header = Header(
        run_id=run_id,
        mode=desk.choices.mode,
        started=timestamp(now),
        suite=versions["mgcc"],
        environment=versions,
        product=msgspec.to_builtins(endpoint.product),
        endpoint=_shown(endpoint),
        endpoint_digest=desk.loaded.digest,
        edition=edition_in_force(desk.catalogue),
        catalogue_digest=desk.catalogue.digest(),
        security_level=desk.choices.security_level or endpoint.security_level,
        regions=desk.regions,
        points=desk.points,
        selection=desk.choices.selection,
        again=desk.choices.again or f"mgcc run --endpoint {desk.choices.endpoint.name} --select {{item}}",
        measured=_measured(checked),
    )
    assignment = Assignment(
        endpoint=endpoint,
        folder=desk.choices.lab_hooks.parent if desk.choices.lab_hooks else desk.loaded.folder,
        lab=desk.lab,
        lab_hooks=desk.lab_hooks,
        items=desk.items,
        header=header,
        plan=_plan(desk),
        measured=checked.measured,
        not_serving=checked.not_serving,
        server_trust={point: _trust(desk, point) for point in desk.points},
        clock_offset_s=checked.clock_offset_s,
        profiles={
            region: {value.name: value.value for value in profile.values}
            for region, profile in desk.catalogue.profiles.items()
        },
    )
    return Campaign(assignment, desk.choices.out or Path("runs") / run_id)


def _plan(desk: Desk) -> Plan:
    catalogue = desk.catalogue
    claimed = claims(desk.endpoint, catalogue.criteria)
    wanted = {item.criterion for item in desk.items}
    partial = bool(desk.choices.selection)
    asked = tuple(
        AskedAt(
            connection_point=point,
            region=region,
            asked=tuple(
                one
                for one in asked_at(catalogue, point, region, desk.endpoint, claimed)
                if not partial or one.criterion in wanted
            ),
        )
        for point in desk.points
        for region in desk.regions
    )
    shown = {one.criterion for place in asked for one in place.asked}
    summaries = tuple(
        CriterionSummary(
            id=criterion.id,
            title=criterion.title,
            statement=criterion.statement,
            remedy=criterion.remedy,
            references=msgspec.to_builtins(criterion.references),
        )
        for criterion in catalogue.criteria.values()
        if criterion.id in shown
    )
    return Plan(rows=tuple(_row(item) for item in desk.items), asked=asked, catalogue=summaries)


def _row(item: PlanItem) -> ItemResult:
    not_applicable = item.disposition is Disposition.NOT_APPLICABLE
    return ItemResult(
        id=item.id,
        criterion=item.criterion,
        vector=item.vector_id,
        title=item.vector.title,
        behaviour=item.vector.behaviour.value,
        status=item.vector.status.value,
        clauses=item.vector.clauses,
        connection_point=item.connection_point,
        binding=item.binding.label,
        protocol=item.binding.protocol,
        region=item.region,
        row=item.row,
        verdict=Verdict.NOT_APPLICABLE if not_applicable else Verdict.NOT_RUN,
        why=item.why or Text(en="the run ended before this item", ja="この項目の前に試験が終了した"),
    )


def _shown(endpoint: Endpoint) -> dict[str, Any]:
    """The endpoint file as the report shows it: everything but the laboratory's own paths."""
    shown: dict[str, Any] = msgspec.to_builtins(endpoint)
    for private in ("lab", "hooks"):
        shown.pop(private, None)
    return shown


def _measured(checked: Preflight) -> dict[str, float]:
    values = {"clock_offset_s": checked.clock_offset_s}
    for place, here in checked.measured.items():
        values[f"{place} rtt_s"] = round(here.rtt_s, 6)
        values[f"{place} handshake_s"] = round(here.handshake_s, 6)
    return values


def _trust(desk: Desk, point: ConnectionPoint) -> tuple[bytes, ...]:
    path = desk.loaded.server_trust.get(point)
    if path is None:
        return tuple(anchor.public_bytes(Encoding.DER) for anchor in desk.lab.trust_anchors(point))
    try:
        anchors = x509.load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError) as error:
        raise ProblemError(
            Text(
                en=f"{path}: the trust anchors cannot be read ({error}) -> name a PEM file in server_trust",
                ja=f"{path}: トラストアンカーを読み取れません（{error}） -> server_trustにPEMを指定してください",
            )
        ) from error
    return tuple(anchor.public_bytes(Encoding.DER) for anchor in anchors)


def _narrowed(declared: Sequence[_T], wanted: Sequence[_T], what: str) -> tuple[_T, ...]:
    unknown = [one for one in wanted if one not in declared]
    if unknown:
        raise ProblemError(
            Text(
                en=f"the endpoint file has no {what} {', '.join(unknown)} -> it has {', '.join(declared)}",
                ja=f"エンドポイントファイルに {', '.join(unknown)} がありません -> 記載は {', '.join(declared)} です",
            )
        )
    return tuple(one for one in declared if not wanted or one in wanted)
