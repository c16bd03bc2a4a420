"""Reads the first message of a TLS client: the ClientHello, as far as a decision needs it."""

from __future__ import annotations

from dataclasses import dataclass

HANDSHAKE = 0x16
SIGNALLING_SUITES = frozenset({0x00FF, 0x5600})
RECORD_HEADER = 5
SHORTEST_HELLO = 38
TLS12, TLS13 = 0x0303, 0x0304
SUPPORTED_VERSIONS = 43


@dataclass(frozen=True)
class ClientHello:
    """Versions and suites that a client offers, as 16-bit numbers; suites without the two signalling values."""

    versions: tuple[int, ...]
    suites: tuple[int, ...]
    random: bytes

    @property
    def newest(self) -> int:
        """The highest version offered."""
        return max(self.versions)


def _vector(data: bytes, at: int, width: int) -> tuple[bytes, int]:
    start = at + width
    end = start + int.from_bytes(data[at:start], "big")
    if start > len(data) or end > len(data):
        raise ValueError("a length in the ClientHello points past its end")
    return data[start:end], end


def _numbers(data: bytes) -> tuple[int, ...]:
    return tuple(int.from_bytes(data[i : i + 2], "big") for i in range(0, len(data) - 1, 2))


def _supported_versions(extensions: bytes) -> tuple[int, ...]:
    at = 0
    while at + 4 <= len(extensions):
        kind = int.from_bytes(extensions[at : at + 2], "big")
        body, at = _vector(extensions, at + 2, 2)
        if kind == SUPPORTED_VERSIONS:
            return _numbers(_vector(body, 0, 1)[0])
    return ()


def read_client_hello(record: bytes) -> ClientHello | None:
    """The ClientHello in one whole TLS record, or None when the record holds no complete one (RFC 8446 4.1.2)."""
    message = record[RECORD_HEADER:]
    if len(message) < SHORTEST_HELLO or message[0] != 1:
        return None
    try:
        body, _ = _vector(message, 1, 3)
        _, at = _vector(body, 34, 1)
        suites, at = _vector(body, at, 2)
        _, at = _vector(body, at, 1)
        listed = _supported_versions(_vector(body, at, 2)[0]) if at + 2 <= len(body) else ()
    except ValueError:
        return None
    return ClientHello(
        versions=listed or (int.from_bytes(body[:2], "big"),),
        suites=tuple(suite for suite in _numbers(suites) if suite not in SIGNALLING_SUITES),
        random=body[2:34],
    )


def first_record_length(data: bytes) -> int | None:
    """How long the first TLS record is, header included; None until its five header bytes are there."""
    return None if len(data) < RECORD_HEADER else RECORD_HEADER + int.from_bytes(data[3:5], "big")
