"""The operations of the vector language and the parameters each of them takes."""

from enum import StrEnum
from typing import Annotated, Literal

from msgspec import Meta, Struct

from conformance.model.duration import Duration
from conformance.model.recipe import ChainRecipe
from conformance.model.text import Text


class Height(StrEnum):
    """Service operations say what; wire operations are for what only one layer knows."""

    SERVICE = "service"
    WIRE = "wire"


class _Parameters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    pass


class Tls(_Parameters, frozen=True):
    """How the suite's TLS client behaves; absent means well."""

    client: Annotated[
        ChainRecipe | Literal["none"],
        Meta(description="the client's chain: a recipe, or `none` for no certificate"),
    ] = ChainRecipe()
    versions: Annotated[
        tuple[Annotated[str, Meta(pattern=r"^tls1\.[0-3]$")], ...], Meta(description="versions offered")
    ] = ()
    suites: Annotated[tuple[str, ...], Meta(description="OpenSSL names of the suites offered")] = ()
    server_name: Annotated[str | None, Meta(description="SNI; `none` sends no SNI")] = None


class Transport(StrEnum):
    """Whether the operation travels inside TLS."""

    TLS = "tls"
    CLEARTEXT = "cleartext"


class OverTls(_Parameters, frozen=True):
    """Parameters of every operation that travels over the binding's connection."""

    tls: Annotated[Tls, Meta(description="how the suite's TLS client behaves")] = Tls()
    transport: Annotated[Transport, Meta(description="tls, or cleartext on the same port")] = Transport.TLS


class ServiceRead(OverTls, frozen=True):
    """service.read: the protected service that the endpoint file's service check names."""


class StateRead(OverTls, frozen=True):
    """state.read: grid state, limits and active power at the connection point."""


class InventoryRead(OverTls, frozen=True):
    """inventory.read: every device behind the connection point."""


class MeasurementRead(OverTls, frozen=True):
    """measurement.read: one of the decision data."""

    kind: Annotated[
        str, Meta(pattern="^(generation-mix|supply-demand|congestion|voltage|trading)$", description="which data")
    ] = "generation-mix"


class ControlSend(OverTls, frozen=True, kw_only=True):
    """control.send: one control of the connection profile."""

    type: Annotated[str, Meta(pattern="^[a-z]+(-[a-z]+)*$", description="export-limit, import-limit, setpoint ...")]
    value: Annotated[float | int | str | None, Meta(description="number; text only to see it refused")]
    unit: Annotated[str, Meta(description="W or % of rated power")] = "W"
    id: Annotated[str | None, Meta(description="absent: a new id for each stimulus")] = None
    start: Annotated[Duration | None, Meta(description="relative to now")] = None
    expires: Annotated[Duration | None, Meta(description="relative to now")] = None
    targets: Annotated[tuple[str, ...], Meta(description="device ids; none: the whole connection point")] = ()


class LogRead(OverTls, frozen=True):
    """log.read: the security-event log of the connection point."""

    since_start: Annotated[bool, Meta(description="only entries written since the item began")] = True


class HeartbeatSend(OverTls, frozen=True):
    """heartbeat.send: the controller's heartbeat."""

    counter: Annotated[int | None, Meta(description="absent: one more than the last")] = None


class Attest(OverTls, frozen=True):
    """attest: one challenge for remote attestation evidence (RFC 9334)."""

    binding: Annotated[str, Meta(pattern="^(B1|B2)$", description="key binding or channel binding")] = "B1"
    nonce_octets: Annotated[int, Meta(ge=0, le=128, description="octets of the challenge")] = 32


class TlsHandshake(_Parameters, frozen=True):
    """tls.handshake: a handshake and nothing more; the peer's chain and parameters are recorded."""

    tls: Annotated[Tls, Meta(description="how the suite's TLS client behaves")] = Tls()


class HelloSend(_Parameters, frozen=True):
    """hello.send: one hand-made ClientHello; the first flight of the answer is recorded."""

    version: Annotated[
        Annotated[str, Meta(pattern=r"^(ssl3|tls1\.[0-3])$")] | None,
        Meta(description="highest version offered; absent: 1.2 with suites given, else 1.3 and 1.2"),
    ] = None
    suites: Annotated[
        tuple[str, ...], Meta(description="IANA names or 0xNNNN; absent: today's recommended suites")
    ] = ()
    groups: Annotated[tuple[str, ...], Meta(description="IANA names or 0xNNNN")] = ()
    signature_schemes: Annotated[tuple[str, ...], Meta(description="IANA names or 0xNNNN")] = ()
    fallback_scsv: Annotated[bool, Meta(description="adds TLS_FALLBACK_SCSV (RFC 7507)")] = False
    compression: Annotated[tuple[int, ...], Meta(description="compression methods offered")] = (0,)


class HttpRequest(OverTls, frozen=True):
    """http.request: one HTTP request as written."""

    method: Annotated[str, Meta(pattern=r"^[!-~]{1,32}$", description="token of the request line")] = "GET"
    path: Annotated[
        str, Meta(max_length=4096, description="request target as sent; {prefix} is the binding's prefix")
    ] = "{prefix}/"
    headers: Annotated[dict[str, str], Meta(description="added to the usual ones")] = {}
    body: Annotated[Annotated[str, Meta(max_length=65536)] | None, Meta(description="sent as it stands")] = None


class ModbusRequest(OverTls, frozen=True):
    """modbus.request: one Modbus request, MBAP header included."""

    function: Annotated[
        Annotated[int, Meta(ge=0, le=255)] | None,
        Meta(description="function code; absent: reads the registers of the service check"),
    ] = None
    data: Annotated[str, Meta(pattern="^([0-9a-f]{2})*$", description="rest of the PDU, hexadecimal")] = ""
    unit_id: Annotated[Annotated[int, Meta(ge=0, le=255)] | None, Meta(description="absent: the binding's")] = None


class PortProbe(_Parameters, frozen=True):
    """port.probe: opens a TCP port and speaks one cleartext protocol there."""

    port: Annotated[int, Meta(ge=1, le=65535, description="TCP port; `cleartext_ports` of the endpoint file move it")]
    speak: Annotated[str, Meta(pattern="^(http|modbus|iec104|dnp3|mms)$", description="protocol of the first request")]


class HookCall(_Parameters, frozen=True):
    """hook.call: asks the upper tester for one thing and waits until the product is ready again."""

    hook: Annotated[str, Meta(description="name of the hook")]
    arguments: Annotated[dict[str, str | int | float | bool], Meta(description="as the hook's contract says")] = {}


class Operation(Struct, frozen=True, kw_only=True):
    """One operation: what it is called, what it takes, and whether another binding of the point may answer it."""

    name: str
    height: Height
    parameters: type[_Parameters]
    title: Text
    point_wide: bool = False
    bindings: tuple[str, ...] = ()


def _operation(
    name: str, height: Height, parameters: type[_Parameters], en: str, ja: str, *bindings: str, point_wide: bool = False
) -> tuple[str, Operation]:
    operation = Operation(
        name=name,
        height=height,
        parameters=parameters,
        title=Text(en=en, ja=ja),
        point_wide=point_wide,
        bindings=bindings,
    )
    return name, operation


OPERATIONS: dict[str, Operation] = dict(
    (
        _operation(
            "service.read", Height.SERVICE, ServiceRead, "read the protected service", "保護対象サービスの読取り"
        ),
        _operation("state.read", Height.SERVICE, StateRead, "read the state", "状態の読取り"),
        _operation("inventory.read", Height.SERVICE, InventoryRead, "read the inventory", "機器台帳の読取り"),
        _operation("measurement.read", Height.SERVICE, MeasurementRead, "read measurements", "計測値の読取り"),
        _operation("control.send", Height.SERVICE, ControlSend, "send a control", "制御指令の送信"),
        _operation(
            "log.read",
            Height.SERVICE,
            LogRead,
            "read the security-event log",
            "セキュリティイベントログの読取り",
            point_wide=True,
        ),
        _operation("heartbeat.send", Height.SERVICE, HeartbeatSend, "send a heartbeat", "ハートビートの送信"),
        _operation("attest", Height.SERVICE, Attest, "ask for remote attestation", "リモートアテステーションの要求"),
        _operation("tls.handshake", Height.WIRE, TlsHandshake, "TLS handshake", "TLSハンドシェイク"),
        _operation("hello.send", Height.WIRE, HelloSend, "hand-made ClientHello", "手製ClientHelloの送信"),
        _operation("http.request", Height.WIRE, HttpRequest, "HTTP request", "HTTP要求", "https"),
        _operation("modbus.request", Height.WIRE, ModbusRequest, "Modbus request", "Modbus要求", "modbus"),
        _operation(
            "port.probe", Height.WIRE, PortProbe, "cleartext probe of a port", "ポートへの平文接続", point_wide=True
        ),
        _operation(
            "hook.call", Height.SERVICE, HookCall, "ask the upper tester", "上位テスタへの依頼", point_wide=True
        ),
    )
)
