"""Service operations over HTTPS, and HTTP requests as written."""

import contextlib
import json
import threading
from collections.abc import Callable, Iterator

import msgspec
import pytest
from loopback import SERVER_NAME, ServerSide, answers, free_port, hang, http, one_byte_at_a_time, sends, tcp_server
from OpenSSL import SSL

from conformance.model.endpoint import Binding, ServiceCheck
from conformance.model.operations import (
    Attest,
    ControlSend,
    HeartbeatSend,
    HttpRequest,
    InventoryRead,
    LogRead,
    MeasurementRead,
    ServiceRead,
    StateRead,
    Tls,
    TlsHandshake,
    Transport,
)
from conformance.model.recipe import CertificateRecipe, ChainRecipe
from conformance.model.transcript import Ending, Exchange, Grant, ServiceAnswer
from conformance.model.vector import Actor
from conformance.pki.errors import RecipeImpossibleError
from conformance.probes import ProbeContext, UnsupportedError, measure, perform
from conformance.wire import segments

GOOD = http("200 OK", b'{"mms_id": "x"}', "Content-Type: application/json")


def bound(port: int, **more: object) -> Binding:
    check = more.pop("service_check", ServiceCheck(path="/mgcc/v1/"))
    return Binding(
        protocol="https",
        host="127.0.0.1",
        port=port,
        server_name=SERVER_NAME,
        service_check=check,  # type: ignore[arg-type]
        **more,  # type: ignore[arg-type]
    )


def given(exchange: Exchange) -> ServiceAnswer:
    assert exchange.answer is not None
    return exchange.answer


@contextlib.contextmanager
def recorder(server_side: ServerSide, reply: Callable[[bytes], bytes]) -> Iterator[tuple[int, list[bytes]]]:
    """Serve HTTP over TLS; yield the port and the requests heard."""
    heard: list[bytes] = []
    lock = threading.Lock()

    def handler(tls: SSL.Connection) -> None:
        request = tls.recv(65536)
        head, _, body = request.partition(b"\r\n\r\n")
        expected = next(
            (int(each[15:]) for each in head.split(b"\r\n") if each.lower().startswith(b"content-length")), 0
        )
        while len(body) < expected:
            body += tls.recv(65536)
        with lock:
            heard.append(head + b"\r\n\r\n" + body)
        tls.sendall(reply(request))
        tls.shutdown()
        with contextlib.suppress(SSL.Error):
            tls.recv(1)

    with server_side.serve(handler) as port:
        yield port, heard


def test_a_served_service_is_granted_with_its_data(server_side: ServerSide, context: ProbeContext) -> None:
    with server_side.serve(answers(GOOD)) as port:
        exchange = perform("service.read", ServiceRead(), Actor.UTILITY, bound(port), context)
    answer = given(exchange)
    assert (answer.grant, answer.native, answer.status, answer.data) == (
        Grant.GRANTED,
        "HTTP 200 OK",
        200,
        {"mms_id": "x"},
    )
    assert exchange.ending is Ending.OURS
    assert exchange.tls is not None
    assert len(exchange.tls.peer_chain) == 2
    assert exchange.tls.client_serial


def test_the_bytes_and_the_peers_certificates_are_kept(
    server_side: ServerSide, context: ProbeContext, evidence: dict[str, bytes]
) -> None:
    with server_side.serve(answers(GOOD)) as port:
        exchange = perform("service.read", ServiceRead(), Actor.UTILITY, bound(port), context)
    assert exchange.records is not None
    assert segments.stream(segments.decode(evidence[exchange.records]), ">")[:1] == b"\x16"
    assert exchange.tls is not None
    assert all(evidence[digest][:1] == b"\x30" for digest in exchange.tls.peer_chain)
    assert given(exchange).body is not None


@pytest.mark.parametrize(
    ("operation", "parameters", "line"),
    [
        ("service.read", ServiceRead(), b"GET /check HTTP/1.1"),
        ("state.read", StateRead(), b"GET /p/state HTTP/1.1"),
        ("inventory.read", InventoryRead(), b"GET /p/inventory HTTP/1.1"),
        ("measurement.read", MeasurementRead(kind="voltage"), b"GET /p/measurements/voltage HTTP/1.1"),
        ("control.send", ControlSend(type="export-limit", value=1), b"POST /p/controls HTTP/1.1"),
        ("heartbeat.send", HeartbeatSend(counter=7), b"POST /p/heartbeat HTTP/1.1"),
        ("log.read", LogRead(), b"GET /p/security-events?after=0&limit=500 HTTP/1.1"),
        ("http.request", HttpRequest(method="BREW", path="{prefix}/a b"), b"BREW /p/a b HTTP/1.1"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_operation_has_its_request(
    server_side: ServerSide, context: ProbeContext, operation: str, parameters: object, line: bytes
) -> None:
    with recorder(server_side, lambda _: GOOD) as (port, heard):
        binding = bound(port, prefix="/p", service_check=ServiceCheck(path="/check"))
        perform(operation, parameters, Actor.UTILITY, binding, context)
    assert heard[0].split(b"\r\n")[0] == line
    assert f"Host: {SERVER_NAME}:{port}".encode() in heard[0]


def test_a_control_carries_its_dates_and_a_fresh_id(server_side: ServerSide, context: ProbeContext) -> None:
    control = ControlSend(type="export-limit", value=40, unit="%", start="+1m", expires="+1h", targets=("pv-1",))
    with recorder(server_side, lambda _: GOOD) as (port, heard):
        perform("control.send", control, Actor.UTILITY, bound(port), context)
    body = json.loads(heard[0].partition(b"\r\n\r\n")[2])
    assert (body["id"], body["value"], body["unit"], body["targets"]) == ("item-1", 40, "%", ["pv-1"])
    assert body["start"].endswith("Z")
    assert body["start"] < body["expires"]


def test_headers_and_body_go_as_written(server_side: ServerSide, context: ProbeContext) -> None:
    request = HttpRequest(method="POST", headers={"content-length": "3", "X-A": "b"}, body="{}x")
    with recorder(server_side, lambda _: GOOD) as (port, heard):
        perform("http.request", request, Actor.UTILITY, bound(port), context)
    assert b"content-length: 3" in heard[0]
    assert b"Content-Length" not in heard[0]
    assert heard[0].endswith(b"\r\n\r\n{}x")


def test_the_environment_has_no_part_in_it(
    server_side: ServerSide, context: ProbeContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nonexistent")
    with server_side.serve(answers(GOOD)) as port:
        exchange = perform("service.read", ServiceRead(), Actor.UTILITY, bound(port), context)
    assert given(exchange).grant is Grant.GRANTED


def test_a_redirect_is_not_followed(server_side: ServerSide, context: ProbeContext) -> None:
    with recorder(server_side, lambda _: http("302 Found", b"", "Location: /elsewhere")) as (port, heard):
        exchange = perform("service.read", ServiceRead(), Actor.UTILITY, bound(port), context)
    assert (given(exchange).grant, given(exchange).status, len(heard)) == (Grant.DENIED, 302, 1)


def test_a_problem_document_gives_its_reason(server_side: ServerSide, context: ProbeContext) -> None:
    body = b'{"type": "about:blank", "reason": "unknown-role"}'
    with server_side.serve(answers(http("403 Forbidden", body, "Content-Type: application/problem+json"))) as port:
        answer = given(perform("service.read", ServiceRead(), Actor.UTILITY, bound(port), context))
    assert (answer.grant, answer.native, answer.reason) == (Grant.DENIED, "HTTP 403 Forbidden", "unknown-role")


@pytest.mark.parametrize("body", [b'{"a": 1, "a": 2}', b'{"a": NaN}', b'{"a"'])
def test_malformed_json_is_told(server_side: ServerSide, context: ProbeContext, body: bytes) -> None:
    with server_side.serve(answers(http("200 OK", body, "Content-Type: application/json"))) as port:
        answer = given(perform("service.read", ServiceRead(), Actor.UTILITY, bound(port), context))
    assert answer.malformed
    assert answer.grant is Grant.GRANTED


def test_a_body_that_is_no_json_is_text(server_side: ServerSide, context: ProbeContext) -> None:
    with server_side.serve(answers(http("200 OK", b"<p>hi", "Content-Type: text/html"))) as port:
        answer = given(perform("service.read", ServiceRead(), Actor.UTILITY, bound(port), context))
    assert answer.data == "<p>hi"


@pytest.mark.parametrize("operation", ["service.read", "http.request"])
@pytest.mark.parametrize(
    "octets",
    [
        b"\x00\x01 nonsense\r\n\r\n",
        b"HTTP/1.1 2000 Odd\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort",
        b"HTTP/1.1 200",
    ],
    ids=["noise", "status", "many-headers", "long-header", "chunks", "short-body", "cut-off"],
)
def test_an_answer_that_is_no_http_is_never_an_exception(
    server_side: ServerSide, context: ProbeContext, operation: str, octets: bytes
) -> None:
    parameters = ServiceRead() if operation == "service.read" else HttpRequest()
    with server_side.serve(answers(octets)) as port:
        answer = given(perform(operation, parameters, Actor.UTILITY, bound(port), context))
    assert answer.grant is Grant.NONE or answer.malformed


def test_an_endless_body_is_cut(server_side: ServerSide, context: ProbeContext) -> None:
    def handler(tls: SSL.Connection) -> None:
        tls.recv(65536)
        tls.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            tls.sendall(b"x" * 16384)

    with server_side.serve(handler) as port:
        exchange = perform("service.read", ServiceRead(), Actor.UTILITY, bound(port), context)
    assert exchange.ending is Ending.FLOOD
    assert given(exchange).malformed


def test_silence_after_the_request_is_a_timeout(server_side: ServerSide, context: ProbeContext) -> None:
    def handler(tls: SSL.Connection) -> None:
        with contextlib.suppress(SSL.Error):
            while True:
                tls.recv(65536)

    with server_side.serve(handler) as port:
        short = msgspec.structs.replace(context, deadline_s=0.3)
        exchange = perform("service.read", ServiceRead(), Actor.UTILITY, bound(port), short)
    assert exchange.ending is Ending.TIMEOUT
    assert given(exchange).grant is Grant.NONE


def test_a_refusal_by_tls_has_no_answer(server_side: ServerSide, context: ProbeContext) -> None:
    with server_side.serve(answers(GOOD)) as port:
        rogue = perform("service.read", ServiceRead(), Actor.ROGUE, bound(port), context)
        nobody = perform("service.read", ServiceRead(tls=Tls(client="none")), Actor.UTILITY, bound(port), context)
    assert (rogue.ending, rogue.answer) == (Ending.ALERT, None)
    assert nobody.tls is not None
    assert (nobody.tls.alert_received, nobody.tls.client_serial) == ("certificate_required", None)


def test_nobody_listening_is_unreachable(context: ProbeContext) -> None:
    exchange = perform("service.read", ServiceRead(), Actor.UTILITY, bound(free_port()), context)
    assert (exchange.connected, exchange.ending, exchange.tls, exchange.answer) == (
        False,
        Ending.UNREACHABLE,
        None,
        None,
    )


def test_cleartext_on_the_same_port_goes_without_tls(context: ProbeContext) -> None:
    with tcp_server(sends(GOOD)) as port:
        exchange = perform(
            "service.read", ServiceRead(transport=Transport.CLEARTEXT), Actor.UTILITY, bound(port), context
        )
    assert exchange.tls is None
    assert given(exchange).grant is Grant.GRANTED


def test_an_answer_one_octet_at_a_time_is_read_whole(context: ProbeContext) -> None:
    with tcp_server(one_byte_at_a_time(lambda _: GOOD)) as port:
        exchange = perform(
            "service.read", ServiceRead(transport=Transport.CLEARTEXT), Actor.UTILITY, bound(port), context
        )
    assert given(exchange).data == {"mms_id": "x"}


def test_a_log_of_many_pages_is_read_whole(server_side: ServerSide, context: ProbeContext) -> None:
    entries = [{"sequence": number} for number in range(1, 1203)]

    def reply(request: bytes) -> bytes:
        after = int(request.split(b"after=")[1].split(b"&")[0])
        body = json.dumps({"entries": entries[after : after + 500], "next": 0}).encode()
        return http("200 OK", body, "Content-Type: application/json")

    with recorder(server_side, reply) as (port, heard):
        exchange = perform("log.read", LogRead(), Actor.AUDITOR, bound(port), context)
    assert given(exchange).data["entries"] == entries
    assert len(heard) == 3


def test_the_log_is_read_from_where_the_item_began(server_side: ServerSide, context: ProbeContext) -> None:
    since = msgspec.structs.replace(context, log_after=41)
    with recorder(server_side, lambda _: http("200 OK", b'{"entries": []}')) as (port, heard):
        perform("log.read", LogRead(), Actor.AUDITOR, bound(port), since)
        perform("log.read", LogRead(since_start=False), Actor.AUDITOR, bound(port), since)
    assert b"after=41&" in heard[0]
    assert b"after=0&" in heard[1]


def test_what_a_binding_does_not_know_is_a_named_error(context: ProbeContext) -> None:
    with pytest.raises(UnsupportedError, match="attest"):
        perform("attest", Attest(), Actor.UTILITY, bound(1), context)


def test_a_credential_that_cannot_be_made_is_our_own_trouble(context: ProbeContext) -> None:
    recipe = ChainRecipe(leaf=CertificateRecipe(path_length=1))
    with pytest.raises(RecipeImpossibleError):
        perform("tls.handshake", TlsHandshake(tls=Tls(client=recipe)), Actor.UTILITY, bound(1), context)


def test_a_measurement_tells_times_and_the_clock(server_side: ServerSide, context: ProbeContext) -> None:
    late = http("200 OK", b"{}", "Date: Mon, 05 Jan 2015 00:00:00 GMT")
    with server_side.serve(answers(late)) as port:
        found = measure(bound(port), context)
    assert found.rtt_s > 0
    assert found.handshake_s > 0
    assert found.clock_offset_s is not None
    assert found.clock_offset_s < -1e8


def test_a_clock_that_shows_now_has_no_offset_and_none_shown_is_unknown(
    server_side: ServerSide, context: ProbeContext
) -> None:
    with server_side.serve(answers(http("200 OK", b"{}", "Date: nonsense"))) as port:
        assert measure(bound(port), context).clock_offset_s is None


def test_measuring_what_is_not_there_is_an_os_error(context: ProbeContext) -> None:
    with pytest.raises(OSError, match="refused"):
        measure(bound(free_port()), context)


def test_a_handshake_alone_tells_the_session(server_side: ServerSide, context: ProbeContext) -> None:
    with server_side.serve(answers(b"")) as port:
        exchange = perform("tls.handshake", TlsHandshake(), Actor.PEER, bound(port), context)
    assert exchange.tls is not None
    assert (exchange.tls.completed, exchange.tls.version, exchange.ending) == (True, "tls1.3", Ending.OURS)


def test_a_hanging_peer_costs_no_more_than_the_deadline(context: ProbeContext) -> None:
    short = msgspec.structs.replace(context, deadline_s=0.2)
    with tcp_server(hang) as port:
        exchange = perform("tls.handshake", TlsHandshake(), Actor.PEER, bound(port), short)
    assert exchange.ending is Ending.TIMEOUT
