"""Decisions about the inventory: what of it a role is shown."""

from __future__ import annotations

from reference_impl.roles import Role
from reference_impl.sample import Device


class InventoryRules:
    """IEC 62443-4-2 CR 7.8: every device behind the connection point, with its identity and versions."""

    def inventory(self, devices: tuple[Device, ...]) -> tuple[Device, ...]:
        """The devices that are published."""
        return devices

    def device_fields(self, device: dict[str, object]) -> dict[str, object]:
        """The fields of a device that are published."""
        return device

    def shown(self, device: Device, role: Role) -> bool:
        """Whether a role sees a device: an aggregator its own resources, others all."""
        return role is not Role.AGGREGATOR_OPERATOR or device.aggregated
