"""Hand-made hellos and the reading of what answers them."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.model.operations import HelloSend
from conformance.wire import client_hello, records, server_flight
from conformance.wire.names import UnknownNameError, suite_number

RETRY = server_flight._RETRY


def offered(hello: bytes) -> tuple[int, list[int], dict[int, bytes]]:
    """Return version, suites and extensions of a ClientHello."""
    (record,) = records.walk(hello)
    assert record.complete
    body = record.payload[4:]
    at = 34 + 1 + body[34]
    length = int.from_bytes(body[at : at + 2], "big")
    suites = list(struct.unpack(f">{length // 2}H", body[at + 2 : at + 2 + length]))
    at += 2 + length
    at += 1 + body[at]
    extensions = dict(server_flight._extensions(body[at:]))
    return int.from_bytes(body[:2], "big"), suites, extensions


def message(kind: int, body: bytes) -> bytes:
    return bytes([kind]) + len(body).to_bytes(3, "big") + body


def record(content_type: int, payload: bytes) -> bytes:
    return bytes([content_type, 3, 3]) + len(payload).to_bytes(2, "big") + payload


def server_hello(
    version: int = 0x0303, suite: int = 0xC02B, extensions: bytes = b"", random: bytes = b"r" * 32
) -> bytes:
    body = version.to_bytes(2, "big") + random + b"\0" + suite.to_bytes(2, "big") + b"\0"
    return message(2, body + len(extensions).to_bytes(2, "big") + extensions)


def test_nothing_said_offers_13_and_12_with_modern_suites() -> None:
    version, suites, extensions = offered(client_hello.build(HelloSend(), "mms.example"))
    assert version == 0x0303
    assert extensions[43] == b"\x04\x03\x04\x03\x03"
    assert {0x1301, 0xC02B} <= set(suites)
    assert b"mms.example" in extensions[0]
    assert extensions[51][2:4] == b"\x00\x1d"


def test_suites_given_decide_the_version() -> None:
    assert 43 not in offered(client_hello.build(HelloSend(suites=("TLS_RSA_WITH_RC4_128_SHA",)), None))[2]
    assert offered(client_hello.build(HelloSend(suites=("TLS_AES_128_GCM_SHA256",)), None))[2][43] == b"\x02\x03\x04"


def test_an_older_version_offers_what_it_could_take() -> None:
    version, suites, extensions = offered(client_hello.build(HelloSend(version="tls1.0"), None))
    assert version == 0x0301
    assert suite_number("TLS_RSA_WITH_AES_128_CBC_SHA") in suites
    assert 13 not in extensions
    assert 0 not in extensions


def test_sslv3_has_no_extensions_but_the_signalling_suite() -> None:
    hello = client_hello.build(HelloSend(version="ssl3"), "mms.example")
    version, suites, extensions = offered(hello)
    assert (version, hello[:3], extensions) == (0x0300, b"\x16\x03\x00", {})
    assert suites[-1] == 0x00FF


def test_the_fallback_signal_and_numbers_are_offered_as_written() -> None:
    _, suites, _ = offered(client_hello.build(HelloSend(suites=("0x0005",), fallback_scsv=True), None))
    assert suites == [0x0005, 0x5600]


def test_groups_without_a_real_share_leave_it_empty() -> None:
    hello = client_hello.build(HelloSend(version="tls1.3", groups=("secp384r1",)), None)
    extensions = offered(hello)[2]
    assert extensions[10] == b"\x00\x02\x00\x18"
    assert extensions[51] == b"\x00\x00"


@pytest.mark.parametrize(
    "hello", [HelloSend(suites=("TLS_NONE",)), HelloSend(groups=("0x12345",)), HelloSend(signature_schemes=("0xzz",))]
)
def test_an_unknown_name_is_a_named_error(hello: HelloSend) -> None:
    with pytest.raises(UnknownNameError):
        client_hello.build(hello, None)


def test_a_tls13_server_hello_names_version_suite_and_group() -> None:
    extensions = bytes.fromhex("002b00020304" + "00330006001d00020000")
    found = server_flight.read(record(22, server_hello(0x0303, 0x1301, extensions)))
    assert found is not None
    assert (found.kind, found.version, found.suite, found.group) == (
        "server-hello",
        "tls1.3",
        "TLS_AES_128_GCM_SHA256",
        "x25519",
    )


def test_a_retry_names_the_group_it_wants() -> None:
    extensions = bytes.fromhex("002b00020304" + "003300020018")
    found = server_flight.read(record(22, server_hello(0x0303, 0x1302, extensions, RETRY)))
    assert found is not None
    assert (found.kind, found.group) == ("hello-retry-request", "secp384r1")


def test_a_tls12_flight_is_waited_for_until_its_group_is_known() -> None:
    hello = record(22, server_hello())
    assert server_flight.read(hello) is None
    whole = hello + record(22, message(12, b"\x03\x00\x17\x41" + b"p" * 65))
    found = server_flight.read(whole)
    assert found is not None
    assert found.group == "secp256r1"


def test_a_small_diffie_hellman_group_is_measured() -> None:
    prime = b"\x80" + b"\0" * 63
    flight = server_hello(suite=0x0033) + message(12, b"\x00\x40" + prime + b"\x00\x01\x02")
    found = server_flight.read(record(22, flight))
    assert found is not None
    assert found.group == "dh512"


def test_a_flight_cut_off_after_its_hello_still_counts() -> None:
    found = server_flight.read(record(22, server_hello()), final=True)
    assert found is not None
    assert (found.kind, found.group) == ("server-hello", None)


def test_messages_may_be_split_over_records() -> None:
    hello = server_hello() + message(14, b"")
    flight = b"".join(record(22, hello[at : at + 10]) for at in range(0, len(hello), 10))
    found = server_flight.read(flight)
    assert found is not None
    assert found.kind == "server-hello"


def test_a_warning_does_not_end_a_flight_but_an_alert_does() -> None:
    warning = record(21, b"\x01\x70")
    assert server_flight.read(warning) is None
    found = server_flight.read(warning + record(21, b"\x02\x46"))
    assert found is not None
    assert (found.kind, found.alert, found.alert_number) == ("alert", "protocol_version", 70)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", "nothing"),
        (b"HTTP/1.1 400 Bad Request\r\n", "garbage"),
        (b"\x16\x03\x03\xff\xff", "garbage"),
        (b"\x16\x03", "garbage"),
        (record(22, message(1, b"x")), "other"),
        (record(23, b"x" * 20), "other"),
        (record(22, message(2, b"short")), "other"),
    ],
)
def test_other_answers_are_named(data: bytes, kind: str) -> None:
    found = server_flight.read(data, final=True)
    assert found is not None
    assert found.kind == kind


@given(st.binary(max_size=300), st.booleans())
def test_reading_a_flight_never_raises(data: bytes, final: bool) -> None:
    found = server_flight.read(data, final=final)
    assert found is not None or not final


@given(st.binary(max_size=200), st.integers(0, 199))
def test_reading_a_spoilt_flight_never_raises(noise: bytes, at: int) -> None:
    good = record(22, server_hello(extensions=bytes.fromhex("002b00020304")) + message(12, b"\x03\x00\x17"))
    server_flight.read(good[:at] + noise + good[at:], final=True)


@given(st.binary(max_size=300))
def test_walking_records_is_bounded_by_the_bytes(data: bytes) -> None:
    assert sum(5 + len(each.payload) for each in records.walk(data)) <= len(data)
