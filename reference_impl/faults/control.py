"""Faults in the validation of commanded values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from typing_extensions import override

from reference_impl.faults.fault import fault
from reference_impl.rules.control import ControlRules

if TYPE_CHECKING:
    from reference_impl.order import Order
    from reference_impl.rules.control import Standing


@fault("CTL-03", "IEC 62443-3-3 SR 3.5", "定格を超える指令値を受け入れる。")
class AcceptsSetpointAboveRating(ControlRules):
    """Accepts a value above the rating."""

    @override
    def not_above(self, value: float, highest: float) -> None:
        return


@fault("CTL-03", "IEC 62443-3-3 SR 3.5", "負の指令値を受け入れる。")
class AcceptsNegativeSetpoint(ControlRules):
    """Accepts a value below zero."""

    @override
    def not_negative(self, value: float) -> None:
        return


@fault("CTL-03", "IEC 62443-3-3 SR 3.5", "非数や無限大の指令値を受け入れる。")
class AcceptsNanSetpoint(ControlRules):
    """Accepts a value that is not a number."""

    @override
    def finite(self, value: float) -> None:
        return


@fault("CTL-03", "IEC 62443-3-3 SR 3.5", "文字列の指令値を数値とみなして受け入れる。")
class AcceptsStringSetpoint(ControlRules):
    """Accepts a value that is written as a string."""

    @override
    def number(self, raw: object) -> float:
        if isinstance(raw, str):
            try:
                return float(raw)
            except ValueError:
                return 0.0
        return super().number(raw)


@fault("CTL-03", "IEC 62443-3-3 SR 3.5", "知らない単位をワットとみなして受け入れる。")
class AcceptsUnknownUnit(ControlRules):
    """Takes an unknown unit for watts."""

    @override
    def unit(self, raw: object) -> str:
        return "%" if raw == "%" else "W"


@fault(
    "CTL-03",
    "IEC 62443-3-3 SR 3.5",
    "範囲外の指令を拒否したと答えながら、限界値に丸めて実行する。",
    reason="state-changed",
)
class ClampsAndAppliesRefusedSetpoint(ControlRules):
    """Says that it refuses a value out of range, and applies the nearest one in range."""

    @override
    def after_refusal(self, controls: Standing, order: Order) -> None:
        highest = 100.0 if order.unit == "%" else controls.rated
        clamped = min(max(order.value, 0.0), highest)
        controls.put(msgspec.structs.replace(order, id=f"{order.id}/clamped", value=clamped), "nobody")
