"""Faults of the inventory: devices or fields that are missing or wrong."""

from __future__ import annotations

import msgspec
from typing_extensions import override

from reference_impl.faults.fault import fault
from reference_impl.rules.inventory import InventoryRules
from reference_impl.sample import Device


@fault("INV-01", "IEC 62443-4-2 CR 7.8", "機器台帳にファームウェアの版がない。", reason="content-wrong")
class InventoryOmitsFirmwareVersion(InventoryRules):
    """Leaves the firmware versions out of the inventory."""

    @override
    def device_fields(self, device: dict[str, object]) -> dict[str, object]:
        return {name: content for name, content in device.items() if name != "firmware_version"}


@fault("INV-01", "IEC 62443-4-2 CR 7.8", "機器台帳で二つの機器が同じ識別子をもつ。", reason="content-wrong")
class InventoryDuplicatesId(InventoryRules):
    """Gives two devices of the inventory the same id."""

    @override
    def inventory(self, devices: tuple[Device, ...]) -> tuple[Device, ...]:
        first, *others = devices
        battery = next(device for device in others if device.kind == "battery")
        return tuple(msgspec.structs.replace(d, id=first.id) if d is battery else d for d in devices)


@fault("INV-01", "IEC 62443-4-2 CR 7.8", "機器台帳に構内のDERMSがない。", reason="content-wrong")
class InventoryOmitsDerms(InventoryRules):
    """Leaves the local DERMS out of the inventory."""

    @override
    def inventory(self, devices: tuple[Device, ...]) -> tuple[Device, ...]:
        return tuple(device for device in devices if device.kind != "derms")
