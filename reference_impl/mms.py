"""The microgrid management system itself: identity, devices, and per connection point its controls and its log."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reference_impl.controls import Controls
from reference_impl.events import EventLog
from reference_impl.rules.events import utc
from reference_impl.sample import DEVICES, RATED_POWER, Device, Moment

if TYPE_CHECKING:
    from reference_impl.rules import Rules

DISTRIBUTION, AGGREGATION = "distribution", "aggregation"
POINTS = (DISTRIBUTION, AGGREGATION)


def value(number: float | None, unit: str, source: str, quality: str = "good") -> dict[str, object]:
    """A value as the profile writes it: number, unit, quality, time, source device."""
    return {"value": number, "unit": unit, "quality": quality, "time": utc(time.time()), "source": source}


@dataclass
class ConnectionPoint:
    """What belongs to one connection point alone."""

    name: str
    controls: Controls
    log: EventLog
    register_percent: int = 100


class Mms:
    """One MMS with its connection points. Bindings read and command it; they keep nothing themselves."""

    def __init__(self, mms_id: str, rules: Rules) -> None:
        self.id = mms_id
        self.rules = rules
        self.rated = RATED_POWER
        self.moment = Moment()
        self.points = {
            name: ConnectionPoint(name, Controls(RATED_POWER, rules), EventLog(name, rules)) for name in POINTS
        }

    def devices(self) -> tuple[Device, ...]:
        """The devices that the inventory publishes."""
        return self.rules.inventory(DEVICES)

    def limit(self, point: str, control_type: str) -> dict[str, object] | None:
        """The active control of a type at a connection point as a value, in the unit it was commanded in."""
        control = self.points[point].controls.active(control_type)
        return None if control is None else value(control.order.value, control.order.unit, "ems-1")

    def active_power(self) -> float:
        """Active power at the connection point in W: the set point if there is one, below every export limit."""
        setpoints = [self.points[name].controls.active("setpoint") for name in POINTS]
        limits = [self.points[name].controls.active("export-limit") for name in POINTS]
        wanted = next((c.watts(self.rated) for c in setpoints if c), self.moment.active_power)
        return min([wanted, *(c.watts(self.rated) for c in limits if c)])

    def state(self, point: str) -> dict[str, object]:
        """The profile's `/state` of a connection point."""
        return {
            "mms_id": self.id,
            "connection_point": point,
            "grid": "grid-connected",
            "mode": "remote",
            "limits": {
                "export_limit": self.limit(point, "export-limit"),
                "import_limit": self.limit(point, "import-limit"),
                "setpoint": self.limit(point, "setpoint"),
            },
            "active_power": value(self.active_power(), "W", "meter-1"),
            "alarms": [],
            "time": utc(time.time()),
        }
