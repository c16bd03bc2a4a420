"""The microgrid behind the reference MMS: a static sample of devices and of one moment's measurements."""

from __future__ import annotations

import hashlib

import msgspec

RATED_POWER = 50_000.0
PROFILE_VERSION = "1.0-draft"


class Quantity(msgspec.Struct, frozen=True, kw_only=True):
    """A rating: number and unit."""

    value: float
    unit: str


class Label(msgspec.Struct, frozen=True, kw_only=True):
    """A security label of a device: scheme (JC-STAR, CRA, UL) and its number."""

    scheme: str
    id: str


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """A device behind the connection point. `aggregated`: under the aggregator's contract (not published)."""

    id: str
    kind: str
    maker: str
    model: str
    serial_number: str
    hardware_version: str
    firmware_version: str
    firmware_digest: str
    ratings: dict[str, Quantity]
    measured_by: str | None
    attests: str
    label: Label | None
    aggregated: bool

    def published(self) -> dict[str, object]:
        """The fields of the profile's inventory."""
        fields: dict[str, object] = msgspec.to_builtins(self)
        del fields["aggregated"]
        return fields


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """What a meter at the connection point reads: W, var, V and A per phase mean, Hz, Wh; positive = into the grid."""

    active_power: float = 31_200.0
    reactive_power: float = 1_250.0
    voltage_line_to_neutral: float = 231.4
    voltage_line_to_line: float = 400.8
    frequency: float = 50.01
    energy_exported: float = 128_450_000.0
    energy_imported: float = 42_118_000.0


def _device(
    identity: str,
    kind: str,
    maker: str,
    model: str,
    *,
    versions: tuple[str, str],
    ratings: dict[str, tuple[float, str]] | None = None,
    measured_by: str | None = "meter-1",
    attests: str = "by-mms",
    label: str | None = None,
    aggregated: bool = True,
) -> Device:
    hardware, firmware = versions
    digest = hashlib.sha256(f"{maker} {model} {firmware}".encode()).hexdigest()
    number = hashlib.sha256(identity.encode()).hexdigest()[:10].upper()
    return Device(
        id=identity,
        kind=kind,
        maker=maker,
        model=model,
        serial_number=number,
        hardware_version=hardware,
        firmware_version=firmware,
        firmware_digest=f"sha-256:{digest}",
        ratings={name: Quantity(value=value, unit=unit) for name, (value, unit) in (ratings or {}).items()},
        measured_by=measured_by,
        attests=attests,
        label=None if label is None else Label(scheme="JC-STAR", id=label),
        aggregated=aggregated,
    )


DEVICES: tuple[Device, ...] = (
    _device(
        "pv-1", "pv", "Hinode Solar", "HS-25T", versions=("C", "4.12.3"),
        ratings={"active_power": (25_000, "W"), "reactive_power": (12_100, "var")}, label="STAR-1-004117",
    ),
    _device(
        "pv-2", "pv", "Hinode Solar", "HS-10T", versions=("B", "4.11.0"),
        ratings={"active_power": (10_000, "W")}, label="STAR-1-004102", aggregated=False,
    ),
    _device(
        "evse-1", "ev-charger", "Nagare Mobility", "NM-22AC", versions=("2.1", "1.8.6"),
        ratings={"active_power": (22_000, "W"), "current": (32, "A")}, label="STAR-1-006630",
    ),
    _device(
        "v2h-1", "ev-charger-discharger", "Nagare Mobility", "NM-6V2H", versions=("1.4", "3.0.2"),
        ratings={"active_power": (6_000, "W")}, label="STAR-1-006702",
    ),
    _device(
        "battery-1", "battery", "Kuroshio Energy", "KE-40S", versions=("E2", "7.3.1"),
        ratings={"active_power": (20_000, "W"), "energy": (40_000, "Wh")}, attests="self", label="STAR-1-003981",
    ),
    _device(
        "heatpump-1", "heat-pump", "Yukimi Thermal", "YT-370", versions=("A", "2.20.4"),
        ratings={"active_power": (4_500, "W")}, attests="cannot", label="STAR-1-005544",
    ),
    _device(
        "dms-1", "dms", "Shirakaba Systems", "Local DMS", versions=("VM", "9.4.0"), measured_by=None, attests="self",
    ),
    _device(
        "derms-1", "derms", "Shirakaba Systems", "Local DERMS", versions=("VM", "9.4.1"), measured_by=None,
        attests="self",
    ),
    _device(
        "ems-1", "ems", "mgcc", "Reference MMS", versions=("VM", "0.1.0"),
        ratings={"active_power": (RATED_POWER, "W")}, attests="self",
    ),
    _device(
        "meter-1", "meter", "Tsukuba Metering", "TM-3C", versions=("D", "1.0.9"),
        ratings={"voltage": (400, "V"), "current": (120, "A")}, measured_by=None, attests="cannot",
        label="STAR-1-001208",
    ),
)  # fmt: skip
