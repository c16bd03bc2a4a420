"""The endpoint file: what the supplier claims (ICS) and how to reach it (IXIT); nothing secret."""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from conformance.model.criterion import ConnectionPoint, Region
from conformance.model.vector import Actor

Protocol = Literal["https", "modbus", "tls"]
Port = Annotated[int, Meta(ge=1, le=65535)]


class _Part(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    pass


class Product(_Part, frozen=True, kw_only=True):
    """Identity of the item under test."""

    name: Annotated[str, Meta(min_length=1, max_length=200, description="product name")]
    version: Annotated[str, Meta(min_length=1, max_length=100, description="version of the release under test")]
    supplier: Annotated[str, Meta(max_length=200, description="who makes it")] = ""
    serial_number: Annotated[str, Meta(max_length=100, description="serial number of the unit")] = ""
    image_sha256: Annotated[
        Annotated[str, Meta(pattern="^[0-9a-f]{64}$")] | None, Meta(description="SHA-256 of the firmware image")
    ] = None


class ServiceCheck(_Part, frozen=True, kw_only=True):
    """What *served* means: the request that stands for the protected service, and its good answer."""

    path: Annotated[str | None, Meta(description="https: path read with GET")] = None
    status: Annotated[int, Meta(ge=100, le=599, description="https: status of the good answer")] = 200
    body_has: Annotated[tuple[str, ...], Meta(description="https: top-level fields of the good JSON answer")] = ()
    body_contains: Annotated[str | None, Meta(description="https: text that the good answer contains")] = None
    send: Annotated[str | None, Meta(description="tls: text sent (escapes as in Python: \\r\\n, \\x00)")] = None
    expect: Annotated[str | None, Meta(description="tls: regular expression that the answer matches")] = None
    register: Annotated[
        Annotated[int, Meta(ge=0, le=65535)] | None, Meta(description="modbus: first holding register read")
    ] = None
    count: Annotated[int, Meta(ge=1, le=125, description="modbus: number of registers")] = 2


class Binding(_Part, frozen=True, kw_only=True):
    """One protocol at one connection point."""

    protocol: Annotated[Protocol, Meta(description="https, modbus (SunSpec over TLS) or tls")]
    name: Annotated[
        Annotated[str, Meta(pattern="^[a-z][a-z0-9]*$")] | None,
        Meta(description="in item ids; absent: the protocol"),
    ] = None
    role: Annotated[Literal["server", "client"], Meta(description="which side the product is")] = "server"
    host: Annotated[str, Meta(min_length=1, max_length=255, description="name or address")]
    port: Port
    server_name: Annotated[str | None, Meta(description="name in its certificate; absent: host")] = None
    prefix: Annotated[str, Meta(pattern="^(/[^ ]*)?$", description="https: prefix of the profile")] = "/mgcc/v1"
    unit_id: Annotated[int, Meta(ge=0, le=255, description="modbus: unit identifier")] = 1
    base_register: Annotated[int, Meta(ge=0, le=65535, description="modbus: where SunS stands")] = 40000
    services: Annotated[
        tuple[str, ...], Meta(description="service operations offered; absent: those the protocol's profile defines")
    ] = ()
    service_check: ServiceCheck

    @property
    def label(self) -> str:
        """The binding's name in item ids."""
        return self.name or self.protocol


class Point(_Part, frozen=True, kw_only=True):
    """One connection point of the product."""

    bindings: Annotated[tuple[Binding, ...], Meta(min_length=1)]
    server_trust: Annotated[
        str | None, Meta(description="PEM file that verifies the product's certificate; absent: the lab's CA")
    ] = None
    cleartext_ports: Annotated[
        dict[str, Port], Meta(description="where a laboratory moved a well-known port: {'502': 10502}")
    ] = {}


class Ics(_Part, frozen=True, kw_only=True):
    """What the supplier claims: families or criteria supported, and criteria denied."""

    supports: Annotated[tuple[str, ...], Meta(description="criteria (PKI-02) or families (PKI)")]
    denies: Annotated[tuple[str, ...], Meta(description="criteria or families that are not implemented")] = ()


class HookUrl(_Part, frozen=True, kw_only=True):
    """A hook of the product, called by POST with its arguments as JSON."""

    url: Annotated[str, Meta(pattern="^https?://", description="where to POST")]
    deadline_s: Annotated[float, Meta(gt=0, le=3600, description="until it must have answered")] = 30


class Declared(_Part, frozen=True, kw_only=True):
    """Times and tolerances that the supplier declares."""

    response_s: Annotated[float, Meta(gt=0, le=3600, description="longest time to an answer")] = 5
    clock_tolerance_s: Annotated[float, Meta(ge=0, le=600, description="accuracy of the product's clock")] = 2
    legacy_suites: Annotated[
        tuple[str, ...], Meta(description="IANA names of legacy suites kept for old peers; they cap the level")
    ] = ()
    power_tolerance_percent: Annotated[float, Meta(ge=0, le=100)] = 2


class Envelope(_Part, frozen=True, kw_only=True):
    """Safe operating envelope: controls stay within it."""

    export_limit_W: Annotated[  # noqa: N815  the unit symbol is a capital letter
        tuple[float, float], Meta(description="lowest and highest export limit that may be commanded")
    ] = (0, 0)


class Endpoint(_Part, frozen=True, kw_only=True):
    """The endpoint file."""

    mgcc: Annotated[Literal[1], Meta(description="version of this format")] = 1
    product: Product
    regions: Annotated[tuple[Region, ...], Meta(min_length=1, description="regions the decision is asked for")]
    security_level: Annotated[int, Meta(ge=1, le=4, description="IEC 62443 security level aimed at")] = 2
    rated_power_W: Annotated[  # noqa: N815  the unit symbol is a capital letter
        Annotated[float, Meta(gt=0)] | None, Meta(description="rated power of the microgrid")
    ] = None
    plant: Annotated[
        Literal["real", "simulated"], Meta(description="what the controls act on; a real plant needs --allow-physical")
    ] = "real"
    device_kinds: Annotated[tuple[str, ...], Meta(description="kinds of device behind the connection points")] = ()
    lab: Annotated[str, Meta(description="lab PKI folder, relative to this file")] = "lab"
    connection_points: Annotated[dict[ConnectionPoint, Point], Meta(min_length=1)]
    ics: Ics | None = None
    declared: Declared = Declared()
    envelope: Envelope | None = None
    hooks: dict[str, HookUrl] = {}
    identities: Annotated[dict[Actor, str], Meta(description="dNSName of an actor where it is not the lab's")] = {}


class HookCommand(_Part, frozen=True, kw_only=True):
    """A hook that the laboratory runs itself: an argument list, never a shell line."""

    argv: Annotated[tuple[str, ...], Meta(min_length=1, description="program and arguments; {name} is filled in")]
    deadline_s: Annotated[float, Meta(gt=0, le=3600)] = 30


class LabHooks(_Part, frozen=True, kw_only=True):
    """The laboratory's file of hook commands."""

    mgcc_hooks: Literal[1]
    hooks: dict[str, HookCommand]


JsonObject = dict[str, Any]
