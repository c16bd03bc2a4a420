"""Refusals that a peer is told about: RFC 9457 problem details with a closed list of reasons."""

from __future__ import annotations

from typing import Literal

Reason = Literal[
    "unauthenticated",
    "forbidden",
    "unknown-role",
    "not-found",
    "malformed",
    "out-of-range",
    "stale",
    "conflict",
    "too-large",
    "rate-limited",
]


class Problem(Exception):  # noqa: N818 - the field's word (RFC 9457)
    """A request is refused: `status` for HTTP, `reason` from the profile, `detail` for people, extra HTTP headers."""

    def __init__(self, status: int, reason: Reason, detail: str, *, allow: str | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.reason = reason
        self.detail = detail
        self.allow = allow
