"""Decisions about commanded values: what a number is, which units and ranges hold, and what a refusal changes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Protocol

from reference_impl.problem import Problem

if TYPE_CHECKING:
    from reference_impl.order import Order

UNITS = ("W", "%")


class Standing(Protocol):
    """The controls that stand at a connection point, as far as a rule may touch them."""

    rated: float

    def put(self, order: Order, issuer: str) -> object:
        """Makes an order stand."""


class ControlRules:
    """IEC 62443-3-3 SR 3.5: values are finite numbers with a unit, within the ratings; else nothing changes."""

    def number(self, raw: object) -> float:
        """A JSON number as a float; Problem 400 `malformed` for everything else."""
        if isinstance(raw, bool) or not isinstance(raw, (int, float)):
            raise Problem(400, "malformed", "value must be a number")
        try:
            return float(raw)
        except OverflowError:
            raise Problem(422, "out-of-range", "value is out of range") from None

    def finite(self, value: float) -> None:
        """NaN and infinities are no values; Problem 400 `malformed`."""
        if not math.isfinite(value):
            raise Problem(400, "malformed", "value must be finite")

    def unit(self, raw: object) -> str:
        """The unit of a value, W or %; Problem 400 `malformed` for others."""
        if not isinstance(raw, str) or raw not in UNITS:
            raise Problem(400, "malformed", "unit must be W or %")
        return raw

    def not_negative(self, value: float) -> None:
        """A limit or set point is not below zero; Problem 422 `out-of-range`."""
        if value < 0:
            raise Problem(422, "out-of-range", "value is below 0")

    def not_above(self, value: float, highest: float) -> None:
        """A limit or set point is not above the rating (or 100 %); Problem 422 `out-of-range`."""
        if value > highest:
            raise Problem(422, "out-of-range", f"value is above {highest:g}")

    def after_refusal(self, controls: Standing, order: Order) -> None:
        """What a refused value changes: nothing."""
