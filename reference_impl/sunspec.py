"""The SunSpec register map: models 1, 701 and 704 from base register 40000, filled from the MMS."""

from __future__ import annotations

import math
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reference_impl.mms import ConnectionPoint, Mms

BASE = 40_000
COMMON, MEASUREMENT, CONTROLS, END = 40_002, 40_070, 40_225, 40_292
COMMON_LENGTH, MEASUREMENT_LENGTH, CONTROLS_LENGTH = 66, 153, 65
LAST = END + 1
LIMIT_ENABLED = CONTROLS + 14
LIMIT_PERCENT = CONTROLS + 15
WRITABLE = frozenset({LIMIT_ENABLED, LIMIT_PERCENT})

NOT_IMPLEMENTED = {
    "int16": 0x8000, "uint16": 0xFFFF, "enum16": 0xFFFF, "sunssf": 0x8000,
    "int32": 0x8000_0000, "uint32": 0xFFFF_FFFF, "bitfield32": 0xFFFF_FFFF, "uint64": 0xFFFF_FFFF_FFFF_FFFF,
}  # fmt: skip
WIDTH = {"int16": 1, "uint16": 1, "enum16": 1, "sunssf": 1, "int32": 2, "uint32": 2, "bitfield32": 2, "uint64": 4}

MEASUREMENT_TYPES = (
    "enum16 enum16 enum16 enum16 bitfield32 bitfield32 int16 int16 int16 int16 int16 uint16 uint16 uint32"
    " uint64 uint64 uint64 uint64 int16 int16 int16 int16 int16 int16"
    + " int16 int16 int16 int16 int16 uint16 uint16 uint64 uint64 uint64 uint64" * 3
    + " uint16 bitfield32 sunssf sunssf sunssf sunssf sunssf sunssf sunssf sunssf sunssf sunssf"
)
CONTROLS_TYPES = (
    "enum16 enum16 uint32 uint32 enum16 enum16 uint32 uint32 enum16 uint16 uint16 enum16 uint32 uint32"
    " enum16 enum16 int32 int32 int16 int16 enum16 uint32 uint32 enum16 enum16 enum16 int32 int32 int16 int16"
    " enum16 uint32 uint32 uint16 enum16 uint16 enum16 sunssf sunssf sunssf sunssf sunssf sunssf"
    " uint16 enum16 uint16 enum16 uint16 enum16 uint16 enum16"
)


def _text(text: str, registers: int) -> bytes:
    return text.encode()[: 2 * registers].ljust(2 * registers, b"\0")


def _points(types: str, filled: dict[int, int]) -> bytes:
    """The points of a model in order; `filled` maps an offset from the model's start to a number."""
    at, out = 2, bytearray()
    for kind in types.split():
        width = WIDTH[kind]
        number = filled.get(at, NOT_IMPLEMENTED[kind])
        out += (number % (1 << 16 * width)).to_bytes(2 * width, "big")
        at += width
    return bytes(out)


def _common(mms: Mms) -> bytes:
    device = next((d.published() for d in mms.devices() if d.kind == "ems"), {})
    fields = {name: str(content) for name, content in mms.rules.device_fields(device).items()}
    strings = (("maker", 16), ("model", 16), ("", 8), ("firmware_version", 8), ("serial_number", 16))
    texts = b"".join(_text(fields.get(name, ""), registers) for name, registers in strings)
    return struct.pack(">HH", 1, COMMON_LENGTH) + texts + struct.pack(">HH", 1, 0x8000)


def _measurement(mms: Mms) -> bytes:
    moment, watts = mms.moment, mms.active_power()
    apparent = math.hypot(watts, moment.reactive_power)
    filled = {
        2: 2,  # ACType: three phase
        3: 1,  # St: on
        4: 3,  # InvSt: running
        5: 1,  # ConnSt: connected
        6: 0,
        8: 1,  # DERMode: grid following
        10: round(watts / 10),
        11: round(apparent / 10),
        12: round(moment.reactive_power / 10),
        13: round(1000 * watts / apparent),
        14: round(10 * apparent / (math.sqrt(3) * moment.voltage_line_to_line)),
        15: round(10 * moment.voltage_line_to_line),
        16: round(10 * moment.voltage_line_to_neutral),
        17: round(100 * moment.frequency),
        19: round(moment.energy_exported),
        23: round(moment.energy_imported),
        113: -1,
        114: -1,
        115: -2,
        116: 1,
        117: -3,
        118: 1,
        119: 1,
        120: 0,
    }
    return struct.pack(">HH", 701, MEASUREMENT_LENGTH) + _points(MEASUREMENT_TYPES, filled) + _text("", 32)


def _controls(mms: Mms, point: ConnectionPoint) -> bytes:
    control = point.controls.active("export-limit")
    percent = point.register_percent
    if control is not None and math.isfinite(control.order.value):
        percent = int(100 * control.watts(mms.rated) / mms.rated)
    filled = {14: int(control is not None), 15: percent, 54: 0}
    return struct.pack(">HH", 704, CONTROLS_LENGTH) + _points(CONTROLS_TYPES, filled)


def registers(mms: Mms, point: ConnectionPoint) -> bytes:
    """All registers from BASE to LAST, two bytes each (SunSpec Device Information Model Specification)."""
    end = struct.pack(">HH", 0xFFFF, 0)
    return b"SunS" + _common(mms) + _measurement(mms) + _controls(mms, point) + end
