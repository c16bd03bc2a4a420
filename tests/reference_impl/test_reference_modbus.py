"""The Modbus binding: framing, registers as SunSpec's own model files say, roles, and one state with https."""

from __future__ import annotations

import json
import socket
import struct
from importlib import resources
from typing import Any

import pytest
import sunspec2.modbus.client as sunspec_client
from reference_lab import Client, Lab, make_client
from reference_server import PREFIX, Running, connected, context, exchange, http, modbus, read_to_end

BASE = 40_000
LIMIT_ENABLED, LIMIT = 40_239, 40_240


def read(address: int, count: int) -> bytes:
    return struct.pack(">BHH", 3, address, count)


def write(address: int, *values: int) -> bytes:
    return struct.pack(f">BHHB{len(values)}H", 16, address, len(values), 2 * len(values), *values)


def write_one(address: int, value: int) -> bytes:
    return struct.pack(">BHH", 6, address, value)


def talk(mms: Running, actor: str | Client, *requests: bytes) -> list[bytes]:
    client = mms.lab.client(actor) if isinstance(actor, str) else actor
    return modbus(mms.port(binding="modbus"), client, *requests)


def limit_over_https(mms: Running) -> Any:
    limit = http(mms.port(), mms.lab.client("viewer")).json["limits"]["export_limit"]
    return limit and (limit["value"], limit["unit"])


def points(model: int) -> tuple[int, dict[str, int]]:
    """Length and point offsets of a model, from the files in pysunspec2."""
    text = resources.files("sunspec2").joinpath(f"models/json/model_{model}.json").read_text()
    group = json.loads(text)["group"]
    offset, found = 0, {}
    for part in (group, *group.get("groups", ())):
        prefix = "" if part is group else f"{part['name']}."
        for point in part["points"]:
            found[prefix + point["name"]] = offset
            offset += point["size"]
    return offset - 2, found


def test_the_map_is_the_chain_of_models_with_their_lengths(mms: Running) -> None:
    (head,) = talk(mms, "viewer", read(BASE, 2))
    assert head[2:] == b"SunS"
    address, chain = BASE + 2, []
    while True:
        (answer,) = talk(mms, "viewer", read(address, 2))
        model, length = struct.unpack(">HH", answer[2:])
        if model == 0xFFFF:
            break
        assert length == points(model)[0]
        chain.append(model)
        address += 2 + length
    assert chain == [1, 701, 704]


class Device(sunspec_client.SunSpecModbusClientDevice):  # type: ignore[misc]  # it ships no types
    """pysunspec2's client over mutual TLS: it finds and decodes the models by its own definitions."""

    def __init__(self, stream: socket.socket) -> None:
        super().__init__()
        self.stream = stream

    def read(self, addr: int, count: int) -> bytes:
        out = b""
        while count:
            part = min(count, 125)
            answer = exchange(self.stream, read(addr, part))
            assert answer[0] == 3, answer
            out += answer[2:]
            addr, count = addr + part, count - part
        return out

    def write(self, addr: int, data: bytes) -> None:
        answer = exchange(self.stream, write(addr, *struct.unpack(f">{len(data) // 2}H", data)))
        assert answer[0] == 16, answer


def test_pysunspec2_reads_and_commands_the_mms(mms: Running) -> None:
    with connected(mms.port(binding="modbus"), context(mms.lab.client("utility"))) as stream:
        device = Device(stream)
        device.scan()
        common, measured, controls = device.models[1][0], device.models[701][0], device.models[704][0]
        assert (common.Mn.value, common.Md.value) == ("mgcc", "Reference MMS")
        assert common.Vr.value
        assert measured.W.cvalue == 31_200
        assert measured.Hz.cvalue == pytest.approx(50.01)
        assert measured.LNV.cvalue == pytest.approx(231.4)
        assert measured.TotWhInj.cvalue == 128_450_000
        controls.WMaxLimPctEna.value = 1
        controls.WMaxLimPct.cvalue = 40
        controls.write()
        device.models[701][0].read()
        assert measured.W.cvalue == 20_000
    assert limit_over_https(mms) == (40, "%")
    talk(mms, "utility", write(LIMIT_ENABLED, 0))
    assert limit_over_https(mms) is None


def test_a_limit_set_over_https_is_read_over_modbus(mms: Running) -> None:
    body = {"id": "across", "type": "export-limit", "value": 12_500, "unit": "W"}
    http(mms.port(), mms.lab.client("utility"), "POST", f"{PREFIX}/controls", body)
    assert talk(mms, "viewer", read(LIMIT_ENABLED, 2))[0][2:] == struct.pack(">HH", 1, 25)


def test_a_limit_is_written_register_by_register(mms: Running) -> None:
    talk(mms, "utility", write_one(LIMIT_ENABLED, 0))
    assert talk(mms, "utility", write_one(LIMIT, 70)) == [write_one(LIMIT, 70)]
    assert limit_over_https(mms) is None
    talk(mms, "utility", write_one(LIMIT_ENABLED, 1))
    assert limit_over_https(mms) == (70, "%")
    talk(mms, "utility", write_one(LIMIT, 65))
    assert limit_over_https(mms) == (65, "%")


@pytest.mark.parametrize(
    "request_pdu", [write(LIMIT_ENABLED, 1, 101), write_one(LIMIT, 65_535), write(LIMIT_ENABLED, 2)]
)
def test_a_bad_value_is_refused_and_changes_nothing(mms: Running, request_pdu: bytes) -> None:
    talk(mms, "utility", write(LIMIT_ENABLED, 1, 50))
    assert talk(mms, "utility", request_pdu) == [bytes([request_pdu[0] | 0x80, 3])]
    assert limit_over_https(mms) == (50, "%")
    assert talk(mms, "utility", read(LIMIT_ENABLED, 2))[0][2:] == struct.pack(">HH", 1, 50)


@pytest.mark.parametrize("actor", ["viewer", "aggregator", "auditor", "engineer"])
def test_only_the_utility_writes_and_every_role_reads(mms: Running, actor: str) -> None:
    answers = talk(mms, actor, read(BASE, 2), write_one(LIMIT, 1), write(LIMIT_ENABLED, 1, 1))
    assert answers == [b"\x03\x04SunS", b"\x86\x01", b"\x90\x01"]


@pytest.mark.parametrize("roles", [None, (-1, 0), 77])
def test_no_role_two_roles_and_an_unknown_role_get_exception_01(mms: Running, lab: Lab, roles: Any) -> None:
    assert talk(mms, make_client(lab.utility.issuing, roles), read(BASE, 2)) == [b"\x83\x01"]


@pytest.mark.parametrize(
    ("request_pdu", "answer"),
    [
        (bytes([43, 14, 1, 0]), bytes([43 | 0x80, 1])),
        (bytes([17]), bytes([17 | 0x80, 1])),
        (read(BASE - 1, 1), b"\x83\x02"),
        (read(40_294, 1), b"\x83\x02"),
        (read(40_293, 2), b"\x83\x02"),
        (read(BASE, 0), b"\x83\x03"),
        (read(BASE, 126), b"\x83\x03"),
        (b"\x03\x9c\x40", b"\x83\x03"),
        (write_one(BASE, 1), b"\x86\x02"),
        (write(LIMIT, 1, 2), b"\x90\x02"),
        (struct.pack(">BHHBH", 16, LIMIT, 2, 4, 1), b"\x90\x03"),
        (struct.pack(">BHH", 16, LIMIT, 1), b"\x90\x03"),
        (struct.pack(">BHHB", 16, LIMIT, 0, 0), b"\x90\x03"),
    ],
)
def test_what_is_not_served_is_an_exception(mms: Running, request_pdu: bytes, answer: bytes) -> None:
    assert talk(mms, "utility", request_pdu) == [answer]


@pytest.mark.parametrize(
    "frame", [struct.pack(">HHHBB", 1, 1, 6, 1, 3), struct.pack(">HHHBB", 1, 0, 255, 1, 3), b"\0" * 8]
)
def test_what_is_no_modbus_frame_ends_the_connection(mms: Running, frame: bytes) -> None:
    with connected(mms.port(binding="modbus"), context(mms.lab.client("viewer"))) as stream:
        stream.sendall(frame)
        assert read_to_end(stream) == b""


def test_another_unit_is_not_here(mms: Running) -> None:
    with connected(mms.port(binding="modbus"), context(mms.lab.client("viewer"))) as stream:
        stream.sendall(struct.pack(">HHHB", 9, 0, 6, 2) + read(BASE, 2))
        assert stream.recv(100) == struct.pack(">HHHB", 9, 0, 3, 2) + b"\x83\x0b"


def test_frames_may_come_in_pieces_and_in_one(mms: Running) -> None:
    frame = struct.pack(">HHHB", 1, 0, 6, 1) + read(BASE, 2)
    with connected(mms.port(binding="modbus"), context(mms.lab.client("viewer"))) as stream:
        for byte in frame:
            stream.sendall(bytes([byte]))
        stream.sendall(frame + frame)
        received = b""
        while len(received) < 3 * 13:
            received += stream.recv(100)
        assert received.count(b"SunS") == 3
