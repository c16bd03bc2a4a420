"""What is asked: criteria, their references, regional profiles and frozen editions."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Any

from msgspec import Meta, Struct

from conformance.model.text import Text

CRITERION_PATTERN = r"^[A-Z]{3}-[0-9]{2}$"
CriterionId = Annotated[str, Meta(pattern=CRITERION_PATTERN, description="for ever; never reused, never renumbered")]


class ConnectionPoint(StrEnum):
    """Where the question is asked."""

    DISTRIBUTION = "distribution"
    AGGREGATION = "aggregation"


class Region(StrEnum):
    """Whose profile applies."""

    JP = "jp"
    US = "us"
    EU = "eu"


class Gate(StrEnum):
    """What a failed criterion does to the decision."""

    CONNECT = "connect"
    RESTRICT = "restrict"
    OBSERVE = "observe"


class Method(StrEnum):
    """How a criterion is examined."""

    NETWORK = "network"
    ATTESTATION = "attestation"
    DOCUMENT = "document"


class Certainty(StrEnum):
    """How sure we are of a clause: read in the source, read about it, or remembered."""

    VERIFIED = "verified"
    SECONDARY = "secondary"
    MEMORY = "memory"


class CriterionStatus(StrEnum):
    """Whether a criterion is asked today."""

    ACTIVE = "active"
    RETIRED = "retired"


class Reference(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """A clause of a document, with how certain we are of it."""

    document: Annotated[str, Meta(min_length=1, description="name of the document")]
    clause: Annotated[str, Meta(description="clause, section or topic within it")] = ""
    certainty: Annotated[Certainty, Meta(description="verified: read in the source; secondary; memory")]
    note: Annotated[str, Meta(description="what a reader should know")] = ""


class References(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """References of a criterion by region; an empty list means that no direct text was found."""

    jp: tuple[Reference, ...]
    us: tuple[Reference, ...]
    eu: tuple[Reference, ...]
    international: tuple[Reference, ...]


class AppliesIf(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """Facts, not claims, on which a criterion or vector depends; each list means *any of*."""

    bindings: Annotated[tuple[str, ...], Meta(description="protocols of the binding")] = ()
    device_kinds: Annotated[tuple[str, ...], Meta(description="kinds of device behind the connection point")] = ()
    connection_points: Annotated[tuple[ConnectionPoint, ...], Meta(description="connection points")] = ()


class Criterion(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """One candidate criterion for connection."""

    id: CriterionId
    status: Annotated[CriterionStatus, Meta(description="active, or retired")] = CriterionStatus.ACTIVE
    title: Annotated[Text, Meta(description="short, without a modal verb")]
    statement: Annotated[Text, Meta(description="the requirement, with MUST / SHOULD of RFC 2119")]
    connection_points: Annotated[tuple[ConnectionPoint, ...], Meta(min_length=1)]
    applies_if: AppliesIf = AppliesIf()
    security_level: Annotated[int, Meta(ge=1, le=4, description="lowest IEC 62443 SL at which it is mandatory")]
    gate: Gate
    methods: Annotated[tuple[Method, ...], Meta(min_length=1, description="in order of weight")]
    references: References
    negative_stimulus: Annotated[Text, Meta(description="what the tester sends or does")]
    remedy: Annotated[Text, Meta(description="what to configure or change when it fails")]
    untested: Annotated[Text | None, Meta(description="why there is no vector yet")] = None

    @property
    def family(self) -> str:
        """The three letters before the number."""
        return self.id[:3]


class ProfileValue(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A regional value with its clause; vectors refer to it as `${profile.name}`."""

    name: Annotated[str, Meta(pattern=r"^[a-zA-Z][a-zA-Z0-9_]*$", description="carries its unit")]
    value: Any
    unit: str
    applies_to: tuple[CriterionId, ...]
    reference: Reference


class Override(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """What one region asks differently of one criterion, and by which clause."""

    criterion: CriterionId
    gate: Gate | None = None
    security_level: Annotated[int, Meta(ge=1, le=4)] | None = None
    applies_if: AppliesIf | None = None
    cure_by: Annotated[date | None, Meta(description="date by which a condition must be cured")] = None
    reason: Text
    reference: Reference


class Profile(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A region's values and overrides."""

    region: Region
    title: Text
    values: tuple[ProfileValue, ...]
    overrides: tuple[Override, ...]


class FrozenCriterion(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A criterion as an edition asked it."""

    digest: Annotated[str, Meta(description="SHA-256 of the criterion's canonical JSON")]
    gate: Gate
    security_level: int
    vectors: Annotated[dict[str, str], Meta(description="active vectors and their SHA-256")]


class Edition(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A frozen requirement set: what was asked on the day a report was made."""

    id: Annotated[str, Meta(pattern=r"^[0-9]{4}(-[a-z0-9]+)*$")]
    title: Text
    frozen_on: date
    criteria: dict[str, FrozenCriterion]
    profiles: Annotated[dict[Region, str], Meta(description="regional profiles and their SHA-256")]
