"""The judges: pure functions from a transcript to findings."""

from conformance.judges.item import judge, verdict_of

__all__ = ["judge", "verdict_of"]
