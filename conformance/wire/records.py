"""TLS record headers, walked within bounds (RFC 8446 5.1)."""

from collections.abc import Iterator
from enum import IntEnum

from msgspec import Struct

HEADER = 5
LARGEST_PAYLOAD = (1 << 14) + 2048
"""Octets of the largest protected record of any version (RFC 5246 6.2.3)."""


class ContentType(IntEnum):
    """Content types of records."""

    CHANGE_CIPHER_SPEC = 20
    ALERT = 21
    HANDSHAKE = 22
    APPLICATION_DATA = 23
    HEARTBEAT = 24


_KNOWN = frozenset(ContentType)
_MAJOR = 3


class Record(Struct, frozen=True, kw_only=True):
    """One record: content type, version as it stands there, and what is at hand of the payload."""

    content_type: int
    version: int
    payload: bytes
    complete: bool


def is_record_header(data: bytes) -> bool:
    """Return whether `data` begins as a TLS record can; a shorter piece counts as long as nothing speaks against it."""
    if len(data) > 0 and data[0] not in _KNOWN:
        return False
    if len(data) > 1 and data[1] != _MAJOR:
        return False
    return len(data) < HEADER or int.from_bytes(data[3:5], "big") <= LARGEST_PAYLOAD


def walk(data: bytes) -> Iterator[Record]:
    """Yield the records that `data` begins with, the last one perhaps incomplete; stops at what is no record."""
    at = 0
    while len(data) - at >= HEADER and is_record_header(data[at : at + HEADER]):
        length = int.from_bytes(data[at + 3 : at + 5], "big")
        payload = data[at + HEADER : at + HEADER + length]
        version = int.from_bytes(data[at + 1 : at + 3], "big")
        yield Record(content_type=data[at], version=version, payload=payload, complete=len(payload) == length)
        at += HEADER + length
