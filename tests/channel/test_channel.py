"""What a channel tells of a connection, peer by peer."""

import contextlib
import socket
import ssl
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from loopback import (
    SERVER_NAME,
    ServerSide,
    answers,
    echo,
    free_port,
    hang,
    reset,
    sends,
    tcp_server,
)
from OpenSSL import SSL

from conformance.channel import Channel
from conformance.model.criterion import ConnectionPoint
from conformance.model.recipe import ChainRecipe, Issuer
from conformance.model.transcript import Ending, TlsFacts
from conformance.model.vector import Actor
from conformance.pki.lab import Lab
from conformance.pki.recipes import Credentials
from conformance.tcp import LARGEST_TOTAL, ChannelClosedError
from conformance.tls_client import TlsClient
from conformance.wire.segments import RECEIVED, SENT, stream

NOW = datetime.now(UTC)


def client(lab: Lab, recipe: ChainRecipe | None = None, **more: object) -> TlsClient:
    issued = Credentials(lab).issue(ConnectionPoint.DISTRIBUTION, Actor.UTILITY, recipe or ChainRecipe(), NOW)
    return TlsClient(
        chain=issued.chain,
        key=issued.key,
        serial_hex=issued.serial_hex,
        **{"server_name": SERVER_NAME, **more},  # type: ignore[arg-type]
    )


def opened(port: int, tls: TlsClient | None = None, deadline_s: float = 5.0) -> Channel:
    return Channel.open("127.0.0.1", port, deadline_s=deadline_s, tls=tls)


def facts(channel: Channel) -> TlsFacts:
    found = channel.tls_facts()
    assert found is not None
    return found


@pytest.mark.parametrize("version", ["tls1.0", "tls1.1", "tls1.2", "tls1.3"])
def test_a_good_client_is_answered_in_every_version(lab: Lab, server_side: ServerSide, version: str) -> None:
    with server_side.serve(echo) as port:
        channel = opened(port, client(lab, versions=(version,)))
        channel.sendall(b"hello")
        assert channel.recv(100) == b"hello"
        channel.close()
    told = facts(channel)
    assert (told.completed, told.version, told.certificate_requested) == (True, version, True)
    assert channel.ending is Ending.OURS
    assert told.extended_master_secret is (None if version == "tls1.3" else True)


def test_the_peers_chain_and_our_serial_are_told(lab: Lab, server_side: ServerSide) -> None:
    tls = client(lab)
    with server_side.serve(echo) as port:
        channel = opened(port, tls)
        chain = channel.peer_chain()
        channel.close()
    assert len(chain) == 2
    assert facts(channel).client_serial == tls.serial_hex


def test_a_refusal_after_a_finished_tls13_handshake_is_an_alert(lab: Lab, server_side: ServerSide) -> None:
    with server_side.serve(echo) as port:
        channel = opened(port, client(lab, ChainRecipe(issued_by=Issuer.FOREIGN), versions=("tls1.3",)))
    told = facts(channel)
    assert not channel.usable
    assert channel.ending is Ending.ALERT
    assert (told.completed, told.after_handshake, told.alert_received) == (True, True, "unknown_ca")


def test_a_refusal_within_a_tls12_handshake_is_an_alert(lab: Lab, server_side: ServerSide) -> None:
    with server_side.serve(echo) as port:
        channel = opened(port, client(lab, ChainRecipe(issued_by=Issuer.FOREIGN), versions=("tls1.2",)))
    told = facts(channel)
    assert (told.completed, told.after_handshake, told.alert_number) == (False, False, 48)


def test_a_missing_client_certificate_is_refused_and_told_as_requested(server_side: ServerSide) -> None:
    with server_side.serve(echo) as port:
        channel = opened(port, TlsClient(server_name=SERVER_NAME))
    assert facts(channel).alert_received == "certificate_required"
    assert facts(channel).certificate_requested is True


def test_a_server_that_asks_for_no_certificate_is_told_as_such(lab: Lab, server_side: ServerSide) -> None:
    with server_side.serve(echo, server_side.context(ask=False)) as port:
        channel = opened(port, client(lab))
        channel.close()
    assert facts(channel).certificate_requested is False


def test_a_bad_server_certificate_does_not_end_the_handshake(lab: Lab, server_side: ServerSide) -> None:
    with server_side.serve(echo) as port:
        channel = opened(
            port, TlsClient(server_name="another.example", versions=("tls1.2",), chain=client(lab).chain[:0])
        )
    assert channel.peer_chain()


@pytest.mark.filterwarnings("error")
def test_a_server_certificate_that_cannot_be_parsed_is_still_told(
    lab: Lab, server_side: ServerSide, tmp_path: Path
) -> None:
    good = x509.load_pem_x509_certificates(server_side.certificate.read_bytes())[0].public_bytes(Encoding.DER)
    future = good.replace(bytes.fromhex("a003020102"), bytes.fromhex("a003020104"), 1)
    pem = ssl.DER_cert_to_PEM_cert(future)
    (tmp_path / "future.pem").write_text(pem)
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.use_certificate_chain_file(str(tmp_path / "future.pem"))
    context.use_privatekey_file(str(server_side.key))
    with server_side.serve(echo, context) as port:
        channel = opened(port, client(lab))
        assert channel.peer_chain() == (future,)
        channel.close()


def test_silence_ends_in_a_timeout_within_the_deadline(lab: Lab) -> None:
    with tcp_server(hang) as port:
        channel = opened(port, client(lab), deadline_s=0.2)
        channel.close()
    assert channel.ending is Ending.TIMEOUT
    assert facts(channel).completed is False


def test_nobody_listening_is_unreachable(lab: Lab) -> None:
    channel = opened(free_port(), client(lab))
    assert (channel.connected, channel.ending, channel.tls_facts()) == (False, Ending.UNREACHABLE, None)
    assert "refused" in channel.detail.lower()


def test_a_name_that_does_not_resolve_is_unreachable() -> None:
    channel = Channel.open("no-such-host.invalid", 1, deadline_s=3.0)
    assert (channel.connected, channel.ending) == (False, Ending.UNREACHABLE)
    assert "no-such-host.invalid" in channel.detail


def test_a_name_that_cannot_be_a_name_is_unreachable() -> None:
    channel = Channel.open("a" * 300 + ".example", 1, deadline_s=3.0)
    assert channel.ending is Ending.UNREACHABLE


def test_garbage_instead_of_tls_is_our_own_refusal(lab: Lab) -> None:
    with tcp_server(sends(b"\0" * 200)) as port:
        channel = opened(port, client(lab))
    assert channel.ending is Ending.LOCAL
    assert facts(channel).local_error


def test_plain_http_instead_of_tls_is_our_own_refusal(lab: Lab) -> None:
    with tcp_server(sends(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as port:
        channel = opened(port, client(lab))
    assert channel.ending is Ending.LOCAL


def test_a_close_during_the_handshake_is_a_fin(lab: Lab) -> None:
    with tcp_server(sends(b"")) as port:
        channel = opened(port, client(lab))
    assert channel.ending is Ending.FIN


def test_a_reset_during_the_handshake_is_a_reset(lab: Lab) -> None:
    def handler(connection: socket.socket) -> None:
        connection.recv(65536)
        reset(connection)

    with tcp_server(handler) as port:
        channel = opened(port, client(lab))
    assert channel.ending is Ending.RESET


def test_a_flood_during_the_handshake_is_bounded(lab: Lab) -> None:
    record = b"\x16\x03\x03\x40\x00" + b"\x0b\x7f\xff\xff" + b"\0" * (16384 - 4)

    def handler(connection: socket.socket) -> None:
        connection.recv(65536)
        while True:
            connection.sendall(record)

    with tcp_server(handler) as port:
        channel = opened(port, client(lab))
        channel.close()
    assert channel.ending in {Ending.FLOOD, Ending.LOCAL}
    assert len(stream(channel.segments, RECEIVED)) < 1 << 18


def test_a_flood_after_the_handshake_is_bounded(lab: Lab, server_side: ServerSide) -> None:
    def handler(tls: SSL.Connection) -> None:
        while True:
            tls.sendall(b"x" * 16384)

    with server_side.serve(handler) as port:
        channel = opened(port, client(lab))
        with contextlib.suppress(ChannelClosedError):
            while channel.recv(1 << 16):
                pass
        channel.close()
    assert channel.ending is Ending.FLOOD
    assert len(stream(channel.segments, RECEIVED)) <= LARGEST_TOTAL + (1 << 16)


def test_a_proper_goodbye_and_a_bare_fin_are_told_apart(lab: Lab, server_side: ServerSide) -> None:
    def rude(tls: SSL.Connection) -> None:
        tls.recv(100)
        tls.sendall(b"bye")

    endings = []
    for handler in (answers(b"bye"), rude):
        with server_side.serve(handler) as port:
            channel = opened(port, client(lab))
            channel.sendall(b"?")
            assert channel.recv(100) == b"bye"
            assert channel.recv(100) == b""
            assert channel.recv(100) == b""
            endings.append(channel.ending)
            channel.close()
    assert endings == [Ending.CLOSE_NOTIFY, Ending.FIN]


def test_a_silent_close_right_after_a_tls13_handshake_is_a_fin(lab: Lab, server_side: ServerSide) -> None:
    with server_side.serve(lambda _: None) as port:
        channel = opened(port, client(lab))
        with contextlib.suppress(OSError):
            channel.sendall(b"?")
            channel.recv(100)
        channel.close()
    assert channel.ending in {Ending.FIN, Ending.RESET}


def test_a_record_nobody_can_decipher_is_told(lab: Lab, server_side: ServerSide) -> None:
    def handler(tls: SSL.Connection) -> None:
        raw: socket.socket = tls._socket
        raw.sendall(b"\x17\x03\x03\x00\x20" + b"\x5a" * 32)
        with contextlib.suppress(SSL.Error):
            tls.recv(10)

    with server_side.serve(handler, server_side.context(tickets=False)) as port:
        channel = opened(port, client(lab, versions=("tls1.2",)))
        with pytest.raises(ChannelClosedError):
            channel.recv(10)
        channel.close()
    assert facts(channel).undecipherable
    assert facts(channel).alert_sent == "bad_record_mac"


def test_a_suite_the_library_lacks_is_our_own_trouble(lab: Lab, server_side: ServerSide) -> None:
    with server_side.serve(echo) as port:
        channel = opened(port, client(lab, suites=("RC4-MD5",)))
        channel.close()
    assert channel.ending is Ending.LOCAL
    assert facts(channel).local_error == "no cipher match"


def test_only_the_suites_asked_for_are_offered(lab: Lab, server_side: ServerSide) -> None:
    with server_side.serve(echo) as port:
        channel = opened(port, client(lab, suites=("ECDHE-ECDSA-AES128-CCM8",)))
        channel.close()
        newer = opened(port, client(lab, suites=("TLS_CHACHA20_POLY1305_SHA256",)))
        newer.close()
    assert (facts(channel).version, facts(channel).suite) == ("tls1.2", "ECDHE-ECDSA-AES128-CCM8")
    assert (facts(newer).version, facts(newer).suite) == ("tls1.3", "TLS_CHACHA20_POLY1305_SHA256")


def test_suites_of_no_offered_version_are_our_own_trouble(lab: Lab, server_side: ServerSide) -> None:
    with server_side.serve(echo) as port:
        channel = opened(port, client(lab, suites=("TLS_AES_128_GCM_SHA256",), versions=("tls1.2",)))
    assert channel.ending is Ending.LOCAL


def test_every_octet_in_both_directions_is_kept(lab: Lab, server_side: ServerSide) -> None:
    with server_side.serve(echo) as port:
        channel = opened(port, client(lab))
        channel.sendall(b"x" * 100_000)
        received = b""
        while len(received) < 100_000:
            received += channel.recv(1 << 16)
        channel.close()
    assert stream(channel.segments, SENT)[:1] == b"\x16"
    assert stream(channel.segments, RECEIVED)[:1] == b"\x16"
    assert len(stream(channel.segments, SENT)) > 100_000
    offsets = [each.offset_s for each in channel.segments]
    assert offsets == sorted(offsets)


def test_the_key_log_opens_the_recorded_session(lab: Lab, server_side: ServerSide) -> None:
    lines: list[bytes] = []
    with server_side.serve(echo) as port:
        opened(port, client(lab, keylog=lines.append)).close()
    assert any(line.startswith(b"CLIENT_TRAFFIC_SECRET_0 ") for line in lines)


def test_cleartext_goes_over_the_same_face() -> None:
    with tcp_server(sends(b"plain")) as port:
        channel = opened(port)
        channel.sendall(b"?")
        assert channel.makefile("rb").read() == b"plain"
        channel.close()
    assert channel.ending is Ending.FIN
    assert channel.tls_facts() is None


def test_a_bare_channel_is_not_written_through_a_file() -> None:
    with tcp_server(hang) as port:
        channel = opened(port)
        with pytest.raises(ValueError, match="read through a file"):
            channel.makefile("wb")
        channel.close()


def test_sni_is_what_was_asked_or_absent(lab: Lab, server_side: ServerSide) -> None:
    heard: list[bytes | None] = []
    context = server_side.context()
    context.set_tlsext_servername_callback(lambda connection: heard.append(connection.get_servername()))
    with server_side.serve(echo, context) as port:
        opened(port, client(lab)).close()
        opened(port, TlsClient(server_name=None)).close()
    assert heard == [SERVER_NAME.encode(), None]


def test_openssl_s_server_is_understood(lab: Lab, server_side: ServerSide, program: Callable[[str], str]) -> None:
    port = free_port()
    argv = [
        program("openssl"),
        "s_server",
        "-accept",
        str(port),
        "-cert",
        str(server_side.certificate),
        "-quiet",
        "-rev",
    ]
    argv += ["-cert_chain", str(server_side.certificate), "-key", str(server_side.key)]
    argv += ["-Verify", "3", "-verify_return_error", "-CAfile", str(server_side.trust)]
    process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.PIPE)
    try:
        while not (tried := opened(port)).connected:
            assert process.poll() is None
        tried.close()
        channel = opened(port, client(lab))
        channel.sendall(b"abc\n")
        assert channel.recv(100) == b"cba\n"
        channel.close()
        refused = opened(port, client(lab, ChainRecipe(issued_by=Issuer.ITSELF)))
    finally:
        process.kill()
        process.wait()
        if process.stdin is not None:
            process.stdin.close()
    assert refused.ending is Ending.ALERT
