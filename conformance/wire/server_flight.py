"""The first flight of a TLS server, read within bounds: what it chose, its alert, or that it is no TLS at all."""

from collections.abc import Iterator

from msgspec import Struct

from conformance.model.transcript import HelloFacts
from conformance.wire.names import alert_name, group_name, suite_name, version_name
from conformance.wire.records import ContentType, is_record_header, walk

LARGEST = 1 << 16
"""Octets of a flight that are looked at."""

_SERVER_HELLO, _SERVER_KEY_EXCHANGE, _SERVER_HELLO_DONE = 2, 12, 14
_SUPPORTED_VERSIONS, _KEY_SHARE = 43, 51
_NAMED_CURVE = 3
_WARNING = 1
_ALERT_LENGTH = 2
_TLS13 = 0x0304
_RETRY = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")
"""The random of a HelloRetryRequest (RFC 8446 4.1.3)."""

NOTHING = HelloFacts(kind="nothing")
GARBAGE = HelloFacts(kind="garbage")
OTHER = HelloFacts(kind="other")


class _Hello(Struct, frozen=True, kw_only=True):
    version: int
    suite: int
    group: int | None
    retry: bool


def read(data: bytes, *, final: bool = False) -> HelloFacts | None:
    """Return what the flight `data` says, or None if more of it must come before anything can be said.

    Kinds: `server-hello`, `hello-retry-request`, `alert`, `garbage` (no TLS), `other` (TLS, but none of these), and
    `nothing` for no octets. `final` says that nothing more comes; then the answer is never None. Never raises.
    Below TLS 1.3 the group stands in ServerKeyExchange, so that is waited for where the suite has one; a group of
    Diffie-Hellman without a name is `dh` and its bits.
    """
    data = data[:LARGEST]
    final = final or len(data) == LARGEST
    if not data:
        return NOTHING if final else None
    if not is_record_header(data[:5]):
        return GARBAGE
    handshake, alert, ended = _collect(data)
    messages = list(_messages(handshake))
    if messages:
        return _from_hello(messages, final=final or ended) if messages[0][0] == _SERVER_HELLO else OTHER
    if alert is not None:
        return HelloFacts(kind="alert", alert=alert_name(alert), alert_number=alert)
    if ended or final:
        return OTHER if ended or handshake else GARBAGE
    return None


def _collect(data: bytes) -> tuple[bytes, int | None, bool]:
    """Return the handshake octets in clear, the alert that ended them if any, and whether they have ended."""
    handshake = b""
    consumed = 0
    for record in walk(data):
        consumed += 5 + len(record.payload)
        if record.content_type == ContentType.HANDSHAKE:
            handshake += record.payload
        elif record.content_type == ContentType.ALERT:
            if len(record.payload) == _ALERT_LENGTH and record.complete:
                if record.payload[0] == _WARNING and record.payload[1] != 0:
                    continue
                return handshake, record.payload[1], True
            if record.complete:
                return handshake, None, True
        elif record.complete:
            return handshake, None, True
    return handshake, None, not is_record_header(data[consumed : consumed + 5])


def _messages(handshake: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while len(handshake) - at >= 4:  # noqa: PLR2004  type and three octets of length
        length = int.from_bytes(handshake[at + 1 : at + 4], "big")
        body = handshake[at + 4 : at + 4 + length]
        if len(body) < length:
            return
        yield handshake[at], body
        at += 4 + length


def _from_hello(messages: list[tuple[int, bytes]], *, final: bool) -> HelloFacts | None:
    hello = _server_hello(messages[0][1])
    if hello is None:
        return OTHER
    group = None if hello.group is None else group_name(hello.group)
    if hello.version < _TLS13 and not hello.retry:
        exchange = next((body for kind, body in messages if kind == _SERVER_KEY_EXCHANGE), None)
        done = any(kind == _SERVER_HELLO_DONE for kind, _ in messages)
        if exchange is None and not done and not final:
            return None
        group = None if exchange is None else _exchange_group(exchange, suite_name(hello.suite))
    return HelloFacts(
        kind="hello-retry-request" if hello.retry else "server-hello",
        version=version_name(hello.version),
        suite=suite_name(hello.suite),
        suite_number=hello.suite,
        group=group,
    )


def _server_hello(body: bytes) -> _Hello | None:
    """Return what a ServerHello says (RFC 8446 4.1.3, RFC 5246 7.4.1.3), None if it is too short to say it."""
    if len(body) < 35:  # noqa: PLR2004  version, random, length of the session id
        return None
    version, retry = int.from_bytes(body[:2], "big"), body[2:34] == _RETRY
    at = 35 + body[34]
    if len(body) < at + 3:
        return None
    suite = int.from_bytes(body[at : at + 2], "big")
    group = None
    for number, content in _extensions(body[at + 3 :]):
        if number == _SUPPORTED_VERSIONS and len(content) == 2:  # noqa: PLR2004  one version
            version = int.from_bytes(content, "big")
        elif number == _KEY_SHARE and len(content) >= 2:  # noqa: PLR2004  the group stands first
            group = int.from_bytes(content[:2], "big")
    return _Hello(version=version, suite=suite, group=group, retry=retry)


def _extensions(data: bytes) -> Iterator[tuple[int, bytes]]:
    at, end = 2, 2 + int.from_bytes(data[:2], "big")
    while at + 4 <= min(end, len(data)):
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        yield int.from_bytes(data[at : at + 2], "big"), data[at + 4 : at + 4 + length]
        at += 4 + length


def _exchange_group(body: bytes, suite: str) -> str | None:
    """Return the group of a ServerKeyExchange (RFC 8422 5.4; RFC 5246 7.4.3), as far as it can be told."""
    if "ECDH" in suite:
        return group_name(int.from_bytes(body[1:3], "big")) if body[:1] == bytes([_NAMED_CURVE]) else None
    if "_DH" in suite and "PSK" not in suite and len(body) > 2:  # noqa: PLR2004  the prime behind its length
        length = int.from_bytes(body[:2], "big")
        return f"dh{int.from_bytes(body[2 : 2 + length], 'big').bit_length()}"
    return None
