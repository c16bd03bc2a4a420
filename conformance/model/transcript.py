"""The record of one item: everything a judge may know."""

from enum import StrEnum
from typing import Annotated, Any

from msgspec import Meta, Struct, field

from conformance.model.criterion import ConnectionPoint, Region
from conformance.model.endpoint import ServiceCheck
from conformance.model.vector import Actor, Vector

Digest = Annotated[str, Meta(pattern="^[0-9a-f]{64}$", description="SHA-256 of a piece of evidence")]


class _Record(Struct, frozen=True, kw_only=True, omit_defaults=True):
    pass


class Ending(StrEnum):
    """How a connection came to its end, as seen from the suite."""

    OURS = "ours"
    CLOSE_NOTIFY = "close-notify"
    FIN = "fin"
    RESET = "reset"
    ALERT = "alert"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    FLOOD = "flood"
    LOCAL = "local"


class Grant(StrEnum):
    """What a protocol's own answer says, free of any expectation."""

    GRANTED = "granted"
    DENIED = "denied"
    NONE = "none"


class TlsFacts(_Record, frozen=True, kw_only=True):
    """What is known of the TLS side of one connection."""

    completed: bool
    version: str | None = None
    suite: str | None = None
    group: str | None = None
    certificate_requested: bool | None = None
    alert_received: str | None = None
    alert_number: int | None = None
    alert_sent: str | None = None
    local_error: str | None = None
    undecipherable: bool = False
    peer_chain: tuple[Digest, ...] = ()
    client_serial: str | None = None
    extended_master_secret: bool | None = None
    session_reused: bool | None = None
    after_handshake: bool = False


class HelloFacts(_Record, frozen=True, kw_only=True):
    """What answered a hand-made ClientHello."""

    kind: str
    version: str | None = None
    suite: str | None = None
    suite_number: int | None = None
    group: str | None = None
    alert: str | None = None
    alert_number: int | None = None


class ServiceAnswer(_Record, frozen=True, kw_only=True):
    """An application's answer in words that no protocol owns."""

    grant: Grant
    native: str
    status: int | None = None
    reason: str | None = None
    data: Any = None
    body: Digest | None = None
    malformed: str | None = None


class Exchange(_Record, frozen=True, kw_only=True):
    """One stimulus and all that came back; facts only."""

    ending: Ending
    duration_s: float
    connected: bool = True
    tls: TlsFacts | None = None
    hello: HelloFacts | None = None
    answer: ServiceAnswer | None = None
    records: Digest | None = None
    detail: str = ""


class Side(StrEnum):
    """Whether a step's record is of the stimulus or of its twin."""

    STIMULUS = "stimulus"
    TWIN = "twin"


class StepRecord(_Record, frozen=True, kw_only=True):
    """One operation performed: what was asked, on whose behalf, and what happened."""

    step: str
    side: Side
    operation: str
    actor: Actor
    parameters: dict[str, Any]
    started_s: float
    exchange: Exchange
    binding: str
    unsupported: str | None = None


class Certificate(_Record, frozen=True, kw_only=True):
    """A certificate that the judges need, as DER in base64."""

    der: bytes


class Context(Struct, frozen=True, kw_only=True):
    """What was agreed or measured before the item, and is needed to judge it."""

    service_check: ServiceCheck
    server_names: tuple[str, ...]
    identity: str | None = None
    trust_anchors: tuple[bytes, ...] = ()
    peer_certificates: dict[Digest, bytes] = field(default_factory=dict)
    profile: dict[str, Any] = field(default_factory=dict)
    started: str
    peer_was_served: bool = True
    legacy_suites: tuple[str, ...] = ()
    clock_offset_s: float = 0.0
    clock_tolerance_s: float = 2.0
    rated_power_W: float | None = None  # noqa: N815


class Transcript(Struct, frozen=True, kw_only=True):
    """The whole record of one attempt at one item; its defaults are written out, for judges of another day."""

    format: str = "mgcc-transcript/1"
    item: str
    criterion: str
    connection_point: ConnectionPoint
    binding: str
    protocol: str
    region: Region | None = None
    row: str | None = None
    vector: Vector
    context: Context
    steps: tuple[StepRecord, ...]
    trouble: str | None = None
    judge: str = "mgcc-judge/1"
