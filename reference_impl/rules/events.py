"""Decisions about the security-event log: what is kept, and how it names subject, time and order."""

from __future__ import annotations

from datetime import UTC, datetime


class EventRules:
    """IEC 62443-3-3 SR 2.8 and IEC 62351-14: every event is kept, with time, source, subject, result."""

    def keeps_authentication_failure(self) -> bool:
        """Whether a refused peer is logged."""
        return True

    def keeps_access(self) -> bool:
        """Whether a served request is logged."""
        return True

    def keeps_denial(self) -> bool:
        """Whether a request that was refused for lack of rights, or for an unknown object, is logged."""
        return True

    def keeps_control(self) -> bool:
        """Whether an accepted or refused control is logged."""
        return True

    def logged_subject(self, subject: str | None) -> str | None:
        """The subject as the log names it."""
        return subject

    def timestamp(self, now: float) -> str:
        """A time (seconds since the epoch) as RFC 3339 in UTC with milliseconds."""
        return utc(now)

    def next_sequence(self, last: int) -> int:
        """The number after `last`: no gaps."""
        return last + 1


def utc(now: float) -> str:
    """Seconds since the epoch as RFC 3339 in UTC with milliseconds."""
    return datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
