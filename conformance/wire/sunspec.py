"""SunSpec models of the connection profile as registers: where their points stand, and what the registers mean.

Register offsets count from the model's identifier, as in the SunSpec Information Model definitions 1, 701 and 704.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from msgspec import Struct

MARKER = b"SunS"
COMMON, MEASUREMENT, CONTROLS, END = 1, 701, 704, 0xFFFF
LIMIT_ENABLED = 1

_NOT_IMPLEMENTED_SCALE = -0x8000
_LARGEST_SCALE = 10


class Kind(StrEnum):
    """Types of points."""

    STRING = "string"
    INT16 = "int16"
    UINT16 = "uint16"
    UINT32 = "uint32"
    ENUM16 = "enum16"
    SCALE = "sunssf"


class Point(Struct, frozen=True):
    """Where a point stands in its model: offset and number of registers, type, and its scale factor's name."""

    offset: int
    size: int
    kind: Kind
    scale: str | None = None


MODELS: Mapping[int, Mapping[str, Point]] = {
    COMMON: {
        "Mn": Point(2, 16, Kind.STRING),
        "Md": Point(18, 16, Kind.STRING),
        "Opt": Point(34, 8, Kind.STRING),
        "Vr": Point(42, 8, Kind.STRING),
        "SN": Point(50, 16, Kind.STRING),
        "DA": Point(66, 1, Kind.UINT16),
    },
    MEASUREMENT: {
        "W": Point(10, 1, Kind.INT16, "W_SF"),
        "Var": Point(12, 1, Kind.INT16, "Var_SF"),
        "LNV": Point(16, 1, Kind.UINT16, "V_SF"),
        "Hz": Point(17, 2, Kind.UINT32, "Hz_SF"),
        "V_SF": Point(114, 1, Kind.SCALE),
        "Hz_SF": Point(115, 1, Kind.SCALE),
        "W_SF": Point(116, 1, Kind.SCALE),
        "Var_SF": Point(119, 1, Kind.SCALE),
    },
    CONTROLS: {
        "WMaxLimPctEna": Point(14, 1, Kind.ENUM16),
        "WMaxLimPct": Point(15, 1, Kind.UINT16, "WMaxLimPct_SF"),
        "WMaxLimPct_SF": Point(54, 1, Kind.SCALE),
    },
}
_ABSENT = {Kind.INT16: -0x8000, Kind.UINT16: 0xFFFF, Kind.UINT32: 0xFFFFFFFF, Kind.ENUM16: 0xFFFF}


def values(model: int, registers: bytes) -> dict[str, Any]:
    """Return the implemented points of `model` by name, scaled; `registers` begin with the model's identifier.

    Points beyond the end of `registers`, or marked as not implemented, are left out. Never raises.
    """
    points = MODELS.get(model, {})
    raw = {name: _raw(point, registers) for name, point in points.items()}
    found: dict[str, Any] = {}
    for name, point in points.items():
        value = raw[name]
        if value is None or point.kind is Kind.SCALE:
            continue
        if point.scale is not None:
            exponent = scale(raw.get(point.scale))
            if exponent is None:
                continue
            value = scaled(value, exponent)
        found[name] = value
    return found


def scale_of(model: int, point: str, registers: bytes) -> int | None:
    """Return the power of ten that applies to `point`; None if it is not implemented or makes no sense."""
    name = MODELS[model][point].scale
    return None if name is None else scale(_raw(MODELS[model][name], registers))


def scale(raw: Any) -> int | None:
    """Return a scale factor's value; None if it is not implemented or beyond -10 to 10."""
    return raw if isinstance(raw, int) and abs(raw) <= _LARGEST_SCALE else None


def scaled(raw: int, exponent: int) -> float | int:
    """Return `raw` times ten to the `exponent`, without the noise of binary fractions."""
    power: int = 10 ** abs(exponent)
    return raw * power if exponent >= 0 else round(raw / power, -exponent)


def _raw(point: Point, registers: bytes) -> Any:
    octets = registers[2 * point.offset : 2 * (point.offset + point.size)]
    if len(octets) < 2 * point.size:
        return None
    if point.kind is Kind.STRING:
        return octets.split(b"\0", 1)[0].decode("utf-8", "replace").strip() or None
    number = int.from_bytes(octets, "big", signed=point.kind in {Kind.INT16, Kind.SCALE})
    if point.kind is Kind.SCALE:
        return None if number == _NOT_IMPLEMENTED_SCALE else number
    return None if number == _ABSENT[point.kind] else number
