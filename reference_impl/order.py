"""What an operator asks for."""

from __future__ import annotations

from datetime import datetime

import msgspec


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """One control as commanded; `start` and `expires` with time zone, None: at once, without end."""

    id: str
    type: str
    value: float
    unit: str
    start: datetime | None = None
    expires: datetime | None = None
