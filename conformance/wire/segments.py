"""The bytes of one connection in order, each piece with its time and direction: the form in which they are kept."""

from collections.abc import Iterable
from typing import Literal

import msgspec
from msgspec import Struct

MEDIA_TYPE = "application/vnd.mgcc.segments+json"
"""Of the evidence that `encode` makes."""

SENT: Literal[">"] = ">"
RECEIVED: Literal["<"] = "<"


class Segment(Struct, frozen=True, array_like=True):
    """Bytes as one system call gave or took them: seconds since the connection was begun, direction, bytes."""

    offset_s: float
    direction: Literal[">", "<"]
    octets: bytes


class SegmentsUnreadableError(ValueError):
    """Bytes are not what `encode` wrote."""


_DECODER = msgspec.json.Decoder(tuple[Segment, ...])
_ENCODER = msgspec.json.Encoder()


def encode(segments: Iterable[Segment]) -> bytes:
    """Return `segments` as evidence: a JSON list of `[seconds, direction, base64]`."""
    return _ENCODER.encode([Segment(round(each.offset_s, 6), each.direction, each.octets) for each in segments])


def decode(evidence: bytes) -> tuple[Segment, ...]:
    """Return the segments in `evidence`. Raises SegmentsUnreadableError."""
    try:
        return _DECODER.decode(evidence)
    except (msgspec.ValidationError, msgspec.DecodeError, UnicodeError) as error:
        raise SegmentsUnreadableError(str(error)) from error


def stream(segments: Iterable[Segment], direction: Literal[">", "<"]) -> bytes:
    """Return all bytes that went in `direction`, joined."""
    return b"".join(each.octets for each in segments if each.direction == direction)
