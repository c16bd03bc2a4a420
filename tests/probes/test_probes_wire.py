"""Modbus, SunSpec, bare TLS, hand-made hellos and ports."""

import contextlib
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from loopback import (
    SERVER_NAME,
    Handler,
    ServerSide,
    TlsHandler,
    answers,
    echo,
    free_port,
    hang,
    http,
    one_byte_at_a_time,
    reset,
    sends,
    tcp_server,
)
from OpenSSL import SSL

from conformance.model.endpoint import Binding, Protocol, ServiceCheck
from conformance.model.operations import (
    ControlSend,
    HelloSend,
    HttpRequest,
    InventoryRead,
    LogRead,
    ModbusRequest,
    PortProbe,
    ServiceRead,
    StateRead,
    Tls,
)
from conformance.model.recipe import ChainRecipe, Issuer
from conformance.model.transcript import Ending, Exchange, Grant, HelloFacts, ServiceAnswer
from conformance.model.vector import Actor
from conformance.probes import ProbeContext, UnsupportedError, measure, perform
from conformance.wire import modbus

BASE = 40000


def bound(protocol: Protocol, port: int, check: ServiceCheck | None = None) -> Binding:
    return Binding(
        protocol=protocol,
        host="127.0.0.1",
        port=port,
        server_name=SERVER_NAME,
        base_register=BASE,
        service_check=check or ServiceCheck(),
    )


def given(exchange: Exchange) -> ServiceAnswer:
    assert exchange.answer is not None
    return exchange.answer


class Registers:
    """A SunSpec device of models 1, 701 and 704, as registers behind a TLS connection."""

    def __init__(self) -> None:
        self.words: dict[int, int] = {}
        self.read_only = False
        at = BASE
        at = self._put(at, [0x5375, 0x6E53])
        common = [*self._texts((16, "maker"), (16, "model"), (8, ""), (8, "1.2"), (16, "SN-9")), 1, 0x8000]
        at = self._model(at, 1, common)
        measured = [0xFFFF] * 153
        measured[8], measured[10], measured[15:17] = 0x10000 - 312, 0x8000, [0, 50_010]
        measured[113:115] = [0xFFFD, 2]
        at = self._model(at, 701, measured)
        self.controls = at
        controls = [0xFFFF] * 57
        controls[12:14], controls[52] = [0, 1000], 0xFFFF
        at = self._model(at, 704, controls)
        self._put(at, [0xFFFF, 0])

    def _put(self, at: int, words: list[int]) -> int:
        self.words.update(enumerate(words, start=at))
        return at + len(words)

    def _model(self, at: int, number: int, body: list[int]) -> int:
        return self._put(at, [number, len(body), *body])

    @staticmethod
    def _texts(*texts: tuple[int, str]) -> list[int]:
        octets = b"".join(text.encode().ljust(2 * size, b"\0") for size, text in texts)
        return [int.from_bytes(octets[at : at + 2], "big") for at in range(0, len(octets), 2)]

    def answer(self, frame: modbus.Frame) -> modbus.Frame:
        first, count = int.from_bytes(frame.data[:2], "big"), int.from_bytes(frame.data[2:4], "big")
        if frame.function == 3 and all(first + each in self.words for each in range(count)):
            words = b"".join(self.words[first + each].to_bytes(2, "big") for each in range(count))
            return msgspec.structs.replace(frame, data=bytes([len(words)]) + words)
        if frame.function == 16 and not self.read_only:
            for each in range(count):
                self.words[first + each] = int.from_bytes(frame.data[5 + 2 * each : 7 + 2 * each], "big")
            return msgspec.structs.replace(frame, data=frame.data[:4])
        code = 2 if frame.function == 3 else 1
        return msgspec.structs.replace(frame, function=frame.function | 0x80, data=bytes([code]))

    def handler(self, tls: SSL.Connection) -> None:
        with contextlib.suppress(SSL.Error):
            while True:
                frame = modbus.read(tls.recv(4096))
                assert isinstance(frame, modbus.Frame)
                tls.sendall(modbus.build(self.answer(frame)))


@pytest.fixture
def device() -> Registers:
    return Registers()


def act(  # one stimulus, for brevity
    server_side: ServerSide, handler: TlsHandler, context: ProbeContext, operation: str, parameters: object
) -> ServiceAnswer:
    with server_side.serve(handler) as port:
        return given(perform(operation, parameters, Actor.UTILITY, bound("modbus", port), context))


def test_the_marker_stands_for_the_service(server_side: ServerSide, context: ProbeContext, device: Registers) -> None:
    answer = act(server_side, device.handler, context, "service.read", ServiceRead())
    assert (answer.grant, answer.native) == (Grant.GRANTED, "Modbus function 03")
    assert answer.data == {"register": BASE, "registers": [0x5375, 0x6E53]}


def test_inventory_is_the_common_model(server_side: ServerSide, context: ProbeContext, device: Registers) -> None:
    answer = act(server_side, device.handler, context, "inventory.read", InventoryRead())
    (found,) = answer.data["devices"]
    assert (found["maker"], found["model"], found["firmware_version"]) == ("maker", "model", "1.2")
    assert (found["id"], found["serial_number"], found["options"]) == ("SN-9", "SN-9", None)


def test_state_is_measured_and_limited_as_the_registers_say(
    server_side: ServerSide, context: ProbeContext, device: Registers
) -> None:
    answer = act(server_side, device.handler, context, "state.read", StateRead())
    assert answer.data == {
        "limits": {"export_limit": None},
        "active_power": {"value": -31200, "unit": "W"},
        "frequency": {"value": 50.01, "unit": "Hz"},
    }


@pytest.mark.parametrize(("value", "unit"), [(60, "%"), (30_000, "W")])
def test_a_limit_is_written_scaled_and_enabled_and_read_back(
    server_side: ServerSide, context: ProbeContext, device: Registers, value: float, unit: str
) -> None:
    control = ControlSend(type="export-limit", value=value, unit=unit)
    answer = act(server_side, device.handler, context, "control.send", control)
    assert (device.words[device.controls + 14], device.words[device.controls + 15]) == (1, 600)
    assert answer.data == {"type": "export-limit", "status": "active", "value": 60.0, "unit": "%"}


def test_an_exception_is_a_denial(server_side: ServerSide, context: ProbeContext, device: Registers) -> None:
    device.read_only = True
    control = ControlSend(type="export-limit", value=1, unit="%")
    answer = act(server_side, device.handler, context, "control.send", control)
    assert (answer.grant, answer.native) == (Grant.DENIED, "Modbus exception 01 (illegal function)")


@pytest.mark.parametrize(
    "control",
    [
        ControlSend(type="setpoint", value=1),
        ControlSend(type="export-limit", value="many"),
        ControlSend(type="export-limit", value=True),
        ControlSend(type="export-limit", value=float("nan"), unit="%"),
        ControlSend(type="export-limit", value=-5, unit="%"),
        ControlSend(type="export-limit", value=1e9, unit="%"),
        ControlSend(type="export-limit", value=1, unit="kW"),
        ControlSend(type="export-limit", value=1, expires="+1h"),
    ],
    ids=["type", "text", "boolean", "nan", "negative", "huge", "unit", "expiry"],
)
def test_what_the_register_cannot_hold_is_unsupported(
    server_side: ServerSide, context: ProbeContext, device: Registers, control: ControlSend
) -> None:
    with server_side.serve(device.handler) as port, pytest.raises(UnsupportedError):
        perform("control.send", control, Actor.UTILITY, bound("modbus", port), context)


@pytest.mark.parametrize("scale", [0x8000, 0xFFF6, 99])
def test_a_scale_that_leaves_no_place_is_the_products_fault(
    server_side: ServerSide, context: ProbeContext, device: Registers, scale: int
) -> None:
    device.words[device.controls + 54] = scale
    control = ControlSend(type="export-limit", value=60, unit="%")
    answer = act(server_side, device.handler, context, "control.send", control)
    assert answer.grant is Grant.NONE
    assert "WMaxLimPct_SF" in (answer.malformed or "")


def test_other_services_and_wire_operations_are_unsupported(context: ProbeContext) -> None:
    for operation, parameters, protocol in (
        ("log.read", LogRead(), "modbus"),
        ("http.request", HttpRequest(), "modbus"),
        ("modbus.request", ModbusRequest(), "https"),
        ("state.read", StateRead(), "tls"),
    ):
        with pytest.raises(UnsupportedError, match=operation):
            perform(operation, parameters, Actor.UTILITY, bound(protocol, 1), context)  # type: ignore[arg-type]


def test_a_request_as_written_and_one_that_stands_for_the_service(
    server_side: ServerSide, context: ProbeContext, device: Registers
) -> None:
    written = act(server_side, device.handler, context, "modbus.request", ModbusRequest(function=43, data="0e0100"))
    absent = act(server_side, device.handler, context, "modbus.request", ModbusRequest())
    assert written.native == "Modbus exception 01 (illegal function)"
    assert absent.data == {"function": 3, "data": "0453756e53"}


def test_a_chain_of_models_without_end_is_bounded(server_side: ServerSide, context: ProbeContext) -> None:
    def handler(tls: SSL.Connection) -> None:
        with contextlib.suppress(SSL.Error):
            while True:
                frame = modbus.read(tls.recv(4096))
                assert isinstance(frame, modbus.Frame)
                first = int.from_bytes(frame.data[:2], "big")
                words = b"SunS" if first == BASE else b"\0\x05\0\0"
                tls.sendall(modbus.build(msgspec.structs.replace(frame, data=b"\4" + words)))

    answer = act(server_side, handler, context, "state.read", StateRead())
    assert answer.data == {"limits": {"export_limit": None}}


@pytest.mark.parametrize(
    "octets",
    [
        b"\0\1\0\1\0\3\1\3\0",
        b"\0\1\0\0\xff\xff\1\3\0",
        b"\0\1\0\0\0\3\1\3\4",
        b"\0\1\0",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
    ],
)
@pytest.mark.parametrize("operation", ["service.read", "state.read", "inventory.read"])
def test_a_broken_answer_is_told_and_never_an_exception(
    server_side: ServerSide, context: ProbeContext, octets: bytes, operation: str
) -> None:
    parameters = {"service.read": ServiceRead(), "state.read": StateRead(), "inventory.read": InventoryRead()}[
        operation
    ]
    answer = act(server_side, answers(octets), context, operation, parameters)
    assert answer.malformed


def test_a_modbus_server_that_just_closes_gives_no_answer(server_side: ServerSide, context: ProbeContext) -> None:
    answer = act(server_side, answers(b""), context, "service.read", ServiceRead())
    assert (answer.grant, answer.malformed) == (Grant.NONE, None)


def test_measuring_a_modbus_binding_knows_no_clock(
    server_side: ServerSide, context: ProbeContext, device: Registers
) -> None:
    with server_side.serve(device.handler) as port:
        assert measure(bound("modbus", port), context).clock_offset_s is None


def test_a_bare_endpoint_is_asked_and_read_until_its_pattern(server_side: ServerSide, context: ProbeContext) -> None:
    check = ServiceCheck(send=r"hello\r\n\x00", expect="o\r\n")
    with server_side.serve(echo) as port:
        exchange = perform("service.read", ServiceRead(), Actor.UTILITY, bound("tls", port, check), context)
    assert (given(exchange).grant, given(exchange).data) == (Grant.GRANTED, "hello\r\n\0")
    assert exchange.ending is Ending.OURS


def test_a_bare_endpoint_that_closes_gives_no_answer(server_side: ServerSide, context: ProbeContext) -> None:
    check = ServiceCheck(send="hello", expect="hello")
    with server_side.serve(answers(b"")) as port:
        exchange = perform("service.read", ServiceRead(), Actor.UTILITY, bound("tls", port, check), context)
    assert (given(exchange).grant, exchange.ending) == (Grant.NONE, Ending.CLOSE_NOTIFY)


@pytest.mark.parametrize("check", [ServiceCheck(expect="("), ServiceCheck(send="\\x0")])
def test_a_check_that_cannot_be_read_is_a_named_error(context: ProbeContext, check: ServiceCheck) -> None:
    with pytest.raises(UnsupportedError, match="service_check"):
        perform("service.read", ServiceRead(), Actor.UTILITY, bound("tls", 1, check), context)


def hello(port: int, context: ProbeContext, **asked: object) -> tuple[Exchange, HelloFacts | None]:
    parameters = HelloSend(**asked)  # type: ignore[arg-type]
    exchange = perform("hello.send", parameters, Actor.PEER, bound("tls", port), context)
    return exchange, exchange.hello


@pytest.mark.parametrize("version", ["tls1.0", "tls1.1", "tls1.2", "tls1.3"])
def test_a_hello_is_taken_up_in_the_version_offered(
    server_side: ServerSide, context: ProbeContext, version: str
) -> None:
    with server_side.serve(echo) as port:
        exchange, facts = hello(port, context, version=version)
    assert facts is not None
    assert (facts.kind, facts.version, exchange.ending) == ("server-hello", version, Ending.OURS)
    assert facts.group in {"x25519", "secp256r1"}


def test_a_suite_nobody_has_is_answered_by_an_alert(server_side: ServerSide, context: ProbeContext) -> None:
    with server_side.serve(echo) as port:
        exchange, facts = hello(port, context, suites=("TLS_RSA_EXPORT_WITH_RC4_40_MD5",))
    assert facts is not None
    assert (facts.kind, facts.alert, exchange.ending) == ("alert", "handshake_failure", Ending.ALERT)


def test_a_group_is_asked_for_by_a_retry(server_side: ServerSide, context: ProbeContext) -> None:
    with server_side.serve(echo) as port:
        facts = hello(port, context, version="tls1.3", groups=("secp384r1",))[1]
    assert facts is not None
    assert (facts.kind, facts.group) == ("hello-retry-request", "secp384r1")


def _reset_after_reading(connection: socket.socket) -> None:
    connection.recv(65536)
    reset(connection)


@pytest.mark.parametrize(
    ("handler", "kind", "ending"),
    [
        (sends(b"HTTP/1.1 400\r\n\r\n"), "garbage", Ending.OURS),
        (sends(b""), "nothing", Ending.FIN),
        (_reset_after_reading, "nothing", Ending.RESET),
        (hang, "nothing", Ending.TIMEOUT),
        (one_byte_at_a_time(lambda _: b"\x15\x03\x01\x00\x02\x02\x46"), "alert", Ending.ALERT),
    ],
    ids=["garbage", "close", "reset", "hang", "slow"],
)
def test_other_reactions_to_a_hello_are_told_apart(
    context: ProbeContext, handler: Handler, kind: str, ending: Ending
) -> None:
    with tcp_server(handler) as port:
        exchange, facts = hello(port, msgspec.structs.replace(context, deadline_s=0.5))
    assert facts is not None
    assert (facts.kind, exchange.ending) == (kind, ending)


def test_a_hello_to_nobody_is_unreachable(context: ProbeContext) -> None:
    exchange, facts = hello(free_port(), context)
    assert (exchange.connected, facts) == (False, None)


def probe_port(port: int, speak: str, context: ProbeContext, moved: dict[str, int] | None = None) -> Exchange:
    context = msgspec.structs.replace(context, cleartext_ports=moved or {})
    return perform("port.probe", PortProbe(port=port, speak=speak), Actor.PEER, bound("tls", 1), context)


def test_a_cleartext_service_on_a_moved_port_is_granted(context: ProbeContext) -> None:
    with tcp_server(sends(http("200 OK", b"x"))) as port:
        exchange = probe_port(80, "http", context, {"80": port})
    assert (given(exchange).grant, given(exchange).native) == (Grant.GRANTED, "HTTP 200")


@pytest.mark.parametrize(
    ("speak", "reply"),
    [
        ("modbus", lambda asked: asked[:4] + b"\0\5\1\3\2\0\0"),
        ("iec104", lambda _: bytes.fromhex("68040b000000")),
        ("mms", lambda _: bytes.fromhex("0300001611d00001000200c0010ac1020001c2020001")),
    ],
)
def test_field_protocols_in_cleartext_are_granted(
    context: ProbeContext, speak: str, reply: Callable[[bytes], bytes]
) -> None:
    with tcp_server(one_byte_at_a_time(reply)) as port:
        assert given(probe_port(port, speak, context)).grant is Grant.GRANTED


def test_a_port_that_says_something_else_is_denied(context: ProbeContext) -> None:
    with tcp_server(sends(b"\x15\x03\x03\x00\x02\x02\x46")) as port:
        assert given(probe_port(port, "modbus", context)).grant is Grant.DENIED


def test_a_closed_port_is_unreachable_and_a_silent_one_times_out(context: ProbeContext) -> None:
    assert probe_port(free_port(), "http", context).ending is Ending.UNREACHABLE
    with tcp_server(hang) as port:
        exchange = probe_port(port, "mms", msgspec.structs.replace(context, deadline_s=0.2))
    assert (exchange.ending, given(exchange).grant) == (Ending.TIMEOUT, Grant.NONE)


NGINX = """
daemon off; master_process off; pid {folder}/pid; error_log {folder}/log; worker_processes 1;
events {{}}
http {{
  access_log off; client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
  uwsgi_temp_path {folder}; scgi_temp_path {folder};
  server {{
    listen 127.0.0.1:{port} ssl; ssl_certificate {certificate}; ssl_certificate_key {key};
    ssl_client_certificate {trust}; ssl_crl {crl}; ssl_verify_client on; ssl_verify_depth 3;
    location / {{ default_type application/json; return 200 '{{"mms_id": "x"}}'; }}
  }}
}}
"""


def test_nginx_refuses_in_its_own_way_and_that_is_a_denial(
    server_side: ServerSide, context: ProbeContext, tmp_path: Path, program: Callable[[str], str]
) -> None:
    nginx = program("nginx")
    port = free_port()
    paths = {"certificate": server_side.certificate, "key": server_side.key}
    paths |= {"trust": server_side.trust, "crl": server_side.crl, "folder": tmp_path}
    (tmp_path / "conf").write_text(NGINX.format(port=port, **paths))
    log = str(tmp_path / "log")
    binding = bound("https", port, ServiceCheck(path="/"))
    with subprocess.Popen([nginx, "-e", log, "-c", str(tmp_path / "conf")], stderr=subprocess.DEVNULL) as process:
        try:
            while not (good := perform("service.read", ServiceRead(), Actor.UTILITY, binding, context)).connected:
                assert process.poll() is None, Path(log).read_text()
            itself = ServiceRead(tls=Tls(client=ChainRecipe(issued_by=Issuer.ITSELF)))
            bad = perform("service.read", itself, Actor.UTILITY, binding, context)
        finally:
            process.terminate()
    assert given(good).grant is Grant.GRANTED
    assert (given(bad).grant, given(bad).native) == (Grant.DENIED, "HTTP 400 Bad Request")
    assert bad.tls is not None
    assert bad.tls.completed
