"""Controls of a connection point: what was commanded, which of it is active, and what a repeated id means."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from reference_impl.order import Order
from reference_impl.problem import Problem

if TYPE_CHECKING:
    from reference_impl.rules import Rules

MOST_CONTROLS = 1024


class Control(msgspec.Struct, kw_only=True):
    """An accepted order, and how it stands. `ended` is the status that ended it early."""

    order: Order
    issuer: str
    received_at: float
    ended: str | None = None

    def status(self, now: float) -> str:
        """The profile's status at a time in seconds since the epoch."""
        if self.ended:
            return self.ended
        if self.order.start and now < self.order.start.timestamp():
            return "received"
        if self.order.expires and now >= self.order.expires.timestamp():
            return "expired"
        return "active"

    def watts(self, rated: float) -> float:
        """The commanded value in W."""
        return self.order.value * rated / 100 if self.order.unit == "%" else self.order.value


class Controls:
    """Every control of one connection point. A refused order leaves all of it as it was."""

    def __init__(self, rated: float, rules: Rules, clock: Callable[[], float] = time.time) -> None:
        self.rated = rated
        self._rules = rules
        self._clock = clock
        self._by_id: dict[str, Control] = {}

    def submit(self, order: Order, issuer: str) -> Control:
        """Accepts an order, or acknowledges it again when this id and content are known.

        Raises Problem: 422 `out-of-range`, 422 `stale` (it has expired), 409 `conflict` (same id, other content),
        429 `rate-limited` (too many controls stand at once).
        """
        self.check(order)
        known = self._by_id.get(order.id)
        now = self._clock()
        if known is not None and (known.order != order or known.issuer != issuer):
            raise Problem(409, "conflict", "this id stands for another control")
        if order.expires and order.expires.timestamp() <= now:
            raise Problem(422, "stale", "the control has expired")
        return known or self.put(order, issuer)

    def put(self, order: Order, issuer: str) -> Control:
        """Makes an order stand; one that takes effect at once supersedes those of its type that are active."""
        now = self._clock()
        self._make_room(now)
        control = Control(order=order, issuer=issuer, received_at=now)
        if control.status(now) == "active":
            self._end(order.type, "superseded", now)
        self._by_id[order.id] = control
        return control

    def get(self, identity: str, issuer: str) -> Control:
        """The control with this id; Problem 404 when there is none, 403 when somebody else issued it."""
        control = self._by_id.get(identity)
        if control is None:
            raise Problem(404, "not-found", "no such control")
        if control.issuer != issuer:
            raise Problem(403, "forbidden", "another operator issued this control")
        return control

    def cancel(self, identity: str, issuer: str) -> Control:
        """Ends a control before its time; one that has ended stays as it is."""
        control = self.get(identity, issuer)
        if control.status(self._clock()) in {"received", "active"}:
            control.ended = "cancelled"
        return control

    def release(self, control_type: str) -> None:
        """Ends what is active of a type."""
        self._end(control_type, "cancelled", self._clock())

    def active(self, control_type: str) -> Control | None:
        """The control of a type that holds now; of several, the one that started last."""
        now = self._clock()
        standing = [c for c in self._by_id.values() if c.order.type == control_type and c.status(now) == "active"]
        return max(standing, key=_started, default=None)

    def status(self, control: Control) -> str:
        """The status now; one that a later start has overtaken is superseded."""
        status = control.status(self._clock())
        if status == "active" and self.active(control.order.type) is not control:
            return "superseded"
        return status

    def check(self, order: Order) -> None:
        """Problem 400 or 422 when the value is no number within the ratings; nothing changes."""
        try:
            self._rules.finite(order.value)
            self._rules.not_negative(order.value)
            self._rules.not_above(order.value, 100.0 if order.unit == "%" else self.rated)
        except Problem:
            self._rules.after_refusal(self, order)
            raise

    def _end(self, control_type: str, status: str, now: float) -> None:
        for control in self._by_id.values():
            if control.order.type == control_type and control.status(now) == "active":
                control.ended = status

    def _make_room(self, now: float) -> None:
        if len(self._by_id) < MOST_CONTROLS:
            return
        for identity, control in self._by_id.items():
            if control.status(now) not in {"received", "active"}:
                del self._by_id[identity]
                return
        raise Problem(429, "rate-limited", "too many controls stand at once")


def _started(control: Control) -> float:
    start = control.order.start
    return max(control.received_at, start.timestamp() if start else -math.inf)
