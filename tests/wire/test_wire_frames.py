"""Frames, problem documents and first requests: read within bounds, never with an exception."""

import json
import sys

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.wire import cleartext, dissect, json_text, modbus, problem, segments, sunspec
from conformance.wire.segments import Segment


@given(st.integers(0, 0xFFFF), st.integers(0, 255), st.integers(0, 255), st.binary(max_size=252))
def test_a_modbus_frame_reads_back_as_built(transaction: int, unit: int, function: int, data: bytes) -> None:
    frame = modbus.Frame(transaction=transaction, unit=unit, function=function, data=data)
    assert modbus.read(modbus.build(frame)) == frame
    assert modbus.read(modbus.build(frame)[:-1]) is None


@given(st.binary(max_size=400))
def test_reading_modbus_never_raises(data: bytes) -> None:
    modbus.read(data)


@pytest.mark.parametrize("header", ["00010001000601", "00010000000001", "0001000000ff01"])
def test_what_is_no_modbus_is_told(header: str) -> None:
    assert isinstance(modbus.read(bytes.fromhex(header)), modbus.Broken)


@given(st.sampled_from(sorted(cleartext.PROTOCOLS)), st.binary(max_size=100))
def test_recognising_cleartext_never_raises(name: str, data: bytes) -> None:
    cleartext.PROTOCOLS[name].recognise(data)


@given(st.sampled_from(sorted(cleartext.PROTOCOLS)), st.binary(min_size=300, max_size=400))
def test_noise_is_recognised_as_nothing_or_needs_more(name: str, data: bytes) -> None:
    if name in {"http", "modbus"}:
        found = cleartext.PROTOCOLS[name].recognise(b"\xff" + data)
        assert found is None or not found.served


@pytest.mark.parametrize(
    ("name", "answer", "native"),
    [
        ("http", b"HTTP/1.1 200 OK\r\n", "HTTP 200"),
        ("modbus", bytes.fromhex("00010000000501030204d2"), "Modbus function 03"),
        ("modbus", bytes.fromhex("000100000003018302"), "Modbus exception 02 (illegal data address)"),
        ("iec104", bytes.fromhex("68040b000000"), "STARTDT con"),
        ("iec104", bytes.fromhex("680483000000"), "TESTFR con"),
        ("mms", bytes.fromhex("0300001611d00001000200c0010ac1020001c2020001"), "COTP connection confirm"),
    ],
)
def test_a_service_in_cleartext_is_recognised(name: str, answer: bytes, native: str) -> None:
    protocol = cleartext.PROTOCOLS[name]
    assert protocol.recognise(answer[:2]) is None
    found = protocol.recognise(answer)
    assert found is not None
    assert (found.served, found.native) == (True, native)


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("http", b"HTTP/1.1 400 Bad Request\r\n"),
        ("http", b"HTTP/1.1 301 Moved\r\n"),
        ("http", b"SSH-2.0-x\r\n"),
        ("modbus", b"\x15\x03\x03\x00\x02\x02\x46\x00"),
        ("iec104", b"\x15\x03\x03\x00\x02\x02\x46"),
        ("dnp3", b"\x05\x64" + b"\0" * 8),
        ("mms", b"\x15\x03\x03\x00\x02\x02\x46"),
        ("mms", bytes.fromhex("03000009048000000100")),
    ],
)
def test_anything_else_is_no_service(name: str, answer: bytes) -> None:
    found = cleartext.PROTOCOLS[name].recognise(answer)
    assert found is not None
    assert not found.served


def test_a_dnp3_frame_is_known_by_its_checksum() -> None:
    assert cleartext.dnp3_checksum(bytes.fromhex("056405c001000004")) == bytes.fromhex("e921")
    header = bytes.fromhex("0564050b01000a00")
    found = cleartext.recognise_dnp3(header + cleartext.dnp3_checksum(header))
    assert found is not None
    assert found.served


@pytest.mark.parametrize("name", sorted(cleartext.PROTOCOLS))
def test_every_protocol_has_a_first_request(name: str) -> None:
    assert cleartext.PROTOCOLS[name].request("host")


@given(st.binary(max_size=200))
def test_reading_json_never_raises(text: bytes) -> None:
    json_text.read(text)


@given(st.recursive(st.none() | st.booleans() | st.integers(-(2**62), 2**62) | st.text(), st.lists))
def test_good_json_reads_as_it_is(value: object) -> None:
    assert json_text.read(json.dumps(value).encode()) == (value, None)


def test_whole_surrogate_pairs_and_sixty_four_levels_are_good_json() -> None:
    assert json_text.read(rb'["\ud83d\ude00"]') == (["\U0001f600"], None)
    assert json_text.read(b"[" * 64 + b"]" * 64)[1] is None


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (b'{"a": 1, "a": 2}', "twice"),
        (b'{"a": NaN}', "NaN"),
        (b"[-Infinity]", "Infinity"),
        (b"[1e999]", "finite"),
        (b"\xff", "no JSON"),
        (b"", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b"1" * 10_000, "no JSON"),
        (b"1" * 30, "64 bits"),
        (b"[" * 65 + b"]" * 65, "deeper"),
        (b'["\\ud800", {"\\uDC00": 1}]', "surrogate"),
    ],
)
def test_malformed_json_is_told(text: bytes, word: str) -> None:
    value, fault = json_text.read(text)
    assert fault is not None
    assert word in fault
    assert len(fault) <= 200
    assert value in (None, {"a": 2}, {"a": None}, [None], float("1" * 30), ["\ufffd", {"\ufffd": 1}])
    msgspec.json.encode(value)


def test_a_problem_document_gives_its_reason() -> None:
    assert problem.reason("application/problem+json; charset=utf-8", {"reason": "forbidden"}) == "forbidden"
    assert problem.reason("application/json", {"reason": "forbidden"}) is None
    assert problem.reason("application/problem+json", {"reason": 3}) is None
    assert problem.reason("application/problem+json", [1]) is None


@given(st.sampled_from([1, 701, 704, 9]), st.binary(max_size=400))
def test_reading_models_never_raises(model: int, registers: bytes) -> None:
    sunspec.values(model, registers)


@given(st.lists(st.tuples(st.floats(0, 1e6), st.sampled_from("<>"), st.binary(max_size=50))))
def test_segments_read_back_as_kept(pieces: list[tuple[float, str, bytes]]) -> None:
    made = [Segment(round(offset, 6), direction, octets) for offset, direction, octets in pieces]  # type: ignore[arg-type]
    assert list(segments.decode(segments.encode(made))) == made


@given(st.binary(max_size=100))
def test_evidence_that_is_none_is_a_named_error(evidence: bytes) -> None:
    try:
        segments.decode(evidence)
    except segments.SegmentsUnreadableError:
        return


def test_scapy_is_not_imported_until_something_is_dissected() -> None:
    assert "conformance.wire.dissect" in sys.modules
    assert not any(name.startswith("scapy") for name in vars(dissect))


def test_a_recorded_modbus_exchange_is_readable() -> None:
    asked = modbus.Frame(transaction=1, unit=1, function=3, data=b"\x9c\x40\0\x02")
    evidence = segments.encode([Segment(0.1, ">", modbus.build(asked)), Segment(0.2, "<", b"GET / \x01\n")])
    lines = "\n".join(dissect.connection(evidence))
    assert "Read Holding Registers" in lines
    assert "quantity  = 0x2" in lines
    assert "received: 8 octets\nGET / ." in lines


def test_a_recorded_hello_is_readable() -> None:
    hello = bytes.fromhex("160301002d0100002903035a" + "11" * 31 + "000002c02b0100")
    lines = dissect.tls(hello)
    assert any("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256" in line for line in lines)


@pytest.mark.parametrize(
    "octets",
    [b"", b"\x16", b"\x16\x03\x01\x00\x05\x01\xff\xff\xff\xff", b"\x16\x03\x03\x00\x01\x0b" * 2000, b"\xff" * 99],
)
def test_dissecting_garbage_never_raises_and_is_bounded(octets: bytes) -> None:
    assert len(dissect.tls(octets)) <= dissect.MOST_LINES + 1
    assert dissect.modbus(octets, "<")
    assert dissect.connection(segments.encode([Segment(0, "<", octets)]))
    assert dissect.connection(octets)
