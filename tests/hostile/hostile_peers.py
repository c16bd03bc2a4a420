"""The table of hostile peers: what each does, and whether its handshake is that of a good product."""

import contextlib
import json
import os
import re
import socket
import ssl
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from hostile_server import (
    SERVER_NAME,
    STATE,
    Script,
    Stand,
    answering,
    endlessly,
    hang,
    http,
    over_tls,
    request,
    reset,
)


def _drop(connection: socket.socket, _stand: Stand) -> None:
    connection.close()


def _reset(connection: socket.socket, _stand: Stand) -> None:
    connection.recv(1)
    reset(connection)


def _hang(connection: socket.socket, _stand: Stand) -> None:
    hang(connection)


def _half_close(connection: socket.socket, _stand: Stand) -> None:
    connection.recv(1 << 14)
    connection.shutdown(socket.SHUT_WR)
    hang(connection)


def _raw(octets: bytes) -> Script:
    def script(connection: socket.socket, _stand: Stand) -> None:
        connection.recv(1 << 14)
        connection.sendall(octets)
        hang(connection)

    return script


def _without_end(octets: bytes, pause_s: float = 0.0) -> Script:
    def script(connection: socket.socket, stand: Stand) -> None:
        while True:
            connection.sendall(octets)
            if pause_s:
                stand.pause(pause_s)

    return script


def _flight(connection: socket.socket, stand: Stand) -> tuple[bytes, ssl.SSLObject, ssl.MemoryBIO, ssl.MemoryBIO]:
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = stand.context.wrap_bio(incoming, outgoing, server_side=True)
    incoming.write(connection.recv(1 << 16))
    with contextlib.suppress(ssl.SSLWantReadError):
        tls.do_handshake()
    return outgoing.read(), tls, incoming, outgoing


def _records(flight: bytes) -> Iterator[bytes]:
    while flight:
        end = 5 + int.from_bytes(flight[3:5], "big")
        yield flight[:end]
        flight = flight[end:]


def _handshake_until(cut: Callable[[bytes], bytes], then: Callable[[socket.socket], None]) -> Script:
    def script(connection: socket.socket, stand: Stand) -> None:
        flight = _flight(connection, stand)[0]
        connection.sendall(cut(flight))
        then(connection)

    return script


def _one_octet_a_record(connection: socket.socket, stand: Stand) -> None:
    flight = _flight(connection, stand)[0]
    for octet in flight:
        connection.sendall(bytes([octet]))
        stand.pause(0.02)


def _swapped(flight: bytes) -> bytes:
    records = list(_records(flight))
    return b"".join([*records[1:], records[0]])


def _flipped(flight: bytes) -> bytes:
    records = list(_records(flight))
    last = bytearray(records[-1])
    last[-1] ^= 1
    return b"".join([*records[:-1], bytes(last)])


def _then_cleartext(tls: socket.socket, _stand: Stand) -> None:
    request(tls)
    os.write(tls.fileno(), http(STATE))
    hang(tls)


def _then_garbage_record(tls: socket.socket, _stand: Stand) -> None:
    request(tls)
    os.write(tls.fileno(), b"\x17\x03\x03\x00\x40" + bytes(64))
    hang(tls)


def _then_reset(tls: socket.socket, _stand: Stand) -> None:
    request(tls)
    tls.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{")
    reset(tls)


def _then_close(tls: socket.socket, _stand: Stand) -> None:
    request(tls)
    os.close(os.dup(tls.fileno()))
    tls.shutdown(socket.SHUT_RDWR)


def _certificates(make: Callable[[Stand], bytes]) -> Script:
    def script(connection: socket.socket, stand: Stand) -> None:
        name = f"{make.__name__}-{connection.fileno()}"
        with stand.other_certificate(name, make(stand)).wrap_socket(connection, server_side=True) as tls:
            request(tls)
            tls.sendall(http(STATE))

    return script


def _certificate(stand: Stand, *extensions: x509.ExtensionType) -> x509.Certificate:
    now = datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, SERVER_NAME)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(stand.key.public_key())
        .serial_number(7)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    return builder.sign(stand.key, SHA256())


def _pem(der: bytes) -> bytes:
    return ssl.DER_cert_to_PEM_cert(der).encode()


def huge_chain(stand: Stand) -> bytes:
    return _certificate(stand).public_bytes(Encoding.PEM) * 400


def long_chain(stand: Stand) -> bytes:
    return _certificate(stand).public_bytes(Encoding.PEM) * 60


def version_of_the_future(stand: Stand) -> bytes:
    der = _certificate(stand, x509.OCSPNoCheck()).public_bytes(Encoding.DER)
    return _pem(der.replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x09", 1))


def negative_serial(stand: Stand) -> bytes:
    der = _certificate(stand, x509.OCSPNoCheck()).public_bytes(Encoding.DER)
    return _pem(der.replace(b"\x02\x01\x07", b"\x02\x01\xf7", 1))


def broken_alternative_name(stand: Stand) -> bytes:
    return _certificate(
        stand,
        x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.17"), b"\x30\x03\x82\x01\xff"),
        x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.37"), b"\x04\x00"),
    ).public_bytes(Encoding.PEM)


def strange_alternative_name(stand: Stand) -> bytes:
    x400 = b"\x30\x04\xa3\x02\x30\x00"
    return _certificate(stand, x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.17"), x400)).public_bytes(
        Encoding.PEM
    )


def extension_twice(stand: Stand) -> bytes:
    first = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.17"), b"\x30\x00")
    second = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.16"), b"\x30\x00")
    der = _certificate(stand, first, second).public_bytes(Encoding.DER)
    return _pem(der.replace(b"\x06\x03\x55\x1d\x10", b"\x06\x03\x55\x1d\x11", 1))


def _json(text: str) -> Script:
    return answering(http(text.encode()))


def _log(page: Callable[[int], list[object]]) -> Script:
    """Serve state and everything else well, and a log whose entries after N are `page(N)`."""

    def inner(tls: socket.socket, _stand: Stand) -> None:
        target = request(tls).split(b" ", 2)[1].decode()
        if "security-events" not in target:
            tls.sendall(http(STATE))
            return
        found = re.search(r"after=(-?\d+)", target)
        tls.sendall(http(json.dumps({"entries": page(int(found[1]) if found else 0)}).encode()))

    return over_tls(inner)


def _entry(sequence: object, **more: object) -> dict[str, object]:
    return {"sequence": sequence, "time": "2026-01-01T00:00:00Z", "category": "security", "code": "X"} | more


LONG_LOG = 40_000


def _long_log(after: int) -> list[object]:
    """Entries of the past in pages of 500, and behind them always one more of this moment about cleartext."""
    if after < LONG_LOG:
        return [_entry(after + number) for number in range(1, 501)]
    now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    told = {"code": "UNSECURE_COMMUNICATION", "source": "mms", "type": "warning", "result": "refused", "time": now}
    return [_entry(after + 1) | told]


_DEEP = "[" * 900 + "]" * 900
_GOOD_MEMBERS = '"mms_id":"urn:uuid:0","limits":{}'
_COMPRESSED = zlib.compress(b"\0" * (64 << 20), 9)

WITHOUT_TLS: dict[str, Script] = {
    "hangs-after-accept": _hang,
    "closes-at-once": _drop,
    "resets-at-the-first-octet": _reset,
    "half-closes": _half_close,
    "answers-garbage": _raw(bytes(range(256)) * 8),
    "answers-ssh": _raw(b"SSH-2.0-OpenSSH_9.7\r\n"),
    "answers-http-in-cleartext": _raw(http(STATE)),
    "says-one-octet-at-a-time": _without_end(b"\x16", 0.05),
    "sends-garbage-without-end": _without_end(b"\xaa" * 65536),
    "sends-empty-records-without-end": _without_end(b"\x16\x03\x03\x00\x00" * 512),
    "sends-warning-alerts-without-end": _without_end(b"\x15\x03\x03\x00\x02\x01\x5a" * 512),
    "claims-a-record-of-64-kib": _raw(b"\x16\x03\x03\xff\xff" + bytes(1000)),
    "claims-a-handshake-of-16-mib": _without_end(b"\x16\x03\x03\x40\x00\x02\xff\xff\xff" + bytes(16380)),
    "stops-after-server-hello": _handshake_until(lambda flight: next(_records(flight)), hang),
    "stops-within-its-flight": _handshake_until(lambda flight: flight[:-60], hang),
    "resets-within-its-flight": _handshake_until(lambda flight: flight[:-60], reset),
    "closes-after-its-flight": _handshake_until(lambda flight: flight, lambda connection: connection.close()),
    "stops-after-its-flight": _handshake_until(lambda flight: flight, hang),
    "swaps-its-records": _handshake_until(_swapped, hang),
    "breaks-its-last-record": _handshake_until(_flipped, hang),
    "shakes-hands-octet-by-octet": _one_octet_a_record,
    "sends-a-huge-chain": _certificates(huge_chain),
}
"""Peers that never come to a good handshake."""

WITH_TLS: dict[str, Script] = {
    "sends-a-long-chain": _certificates(long_chain),
    "certificate-of-a-future-version": _certificates(version_of_the_future),
    "certificate-with-negative-serial": _certificates(negative_serial),
    "certificate-with-broken-extensions": _certificates(broken_alternative_name),
    "certificate-with-a-strange-name": _certificates(strange_alternative_name),
    "certificate-with-an-extension-twice": _certificates(extension_twice),
    "hangs-after-the-handshake": over_tls(lambda tls, _stand: hang(tls)),
    "cleartext-after-tls": over_tls(_then_cleartext),
    "garbage-record-after-tls": over_tls(_then_garbage_record),
    "resets-within-the-body": over_tls(_then_reset),
    "closes-without-an-answer": over_tls(_then_close),
    "endless-header": endlessly(b"HTTP/1.1 200 OK\r\n", b"X-Filler: " + b"a" * 1000 + b"\r\n"),
    "endless-header-line": endlessly(b"HTTP/1.1 200 OK\r\nX: ", b"a" * 16000),
    "endless-interim-answers": endlessly(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100),
    "endless-body": endlessly(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n", b"[" * 16000),
    "endless-chunks": endlessly(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"10\r\n" + b" " * 16 + b"\r\n",
    ),
    "chunk-size-without-end": endlessly(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"0" * 16000),
    "drips-its-body": endlessly(http(b"", "Content-Length: 10000"), b"{", 0.05),
    "no-http-at-all": answering(b"220 smtp.example ESMTP\r\n"),
    "http-0.9": answering(STATE),
    "wrong-body": answering(http(b'{"something":"else"}')),
    "empty-body": answering(http(b"")),
    "no-content": answering(http(b"", status="204 No Content")),
    "not-utf-8": answering(http(b'{"mms_id":"\xff\xfe","limits":{}}')),
    "nan": _json('{"mms_id":NaN,"limits":Infinity}'),
    "member-twice": _json(f'{{{_GOOD_MEMBERS},"limits":{{}}}}'),
    "lone-surrogate": _json('{"mms_id":"\\ud800","limits":{}}'),
    "lone-surrogate-as-name": _json(f'{{{_GOOD_MEMBERS},"\\udfff":1}}'),
    "huge-integer": _json(f'{{"mms_id":1{"0" * 4000},"limits":{{}}}}'),
    "integer-beyond-conversion": _json(f'{{"mms_id":1{"0" * 9000},"limits":{{}}}}'),
    "huge-exponent": _json('{"mms_id":1e999999,"limits":{}}'),
    "deep": _json(f'{{"mms_id":{_DEEP},"limits":{{}}}}'),
    "too-deep": _json("[" * 100_000),
    "large-body": _json('{"mms_id":"' + "a" * (2 << 20) + '","limits":{}}'),
    "length-too-long": answering(http(STATE, "Content-Length: 100000")),
    "length-too-short": answering(http(STATE, "Content-Length: 5")),
    "length-negative": answering(http(STATE, "Content-Length: -1")),
    "length-no-number": answering(http(STATE, "Content-Length: many")),
    "length-twice": answering(http(STATE, "Content-Length: 3", "Content-Length: 35")),
    "redirect-elsewhere": answering(http(b"", "Location: http://127.0.0.1:9/", status="302 Found")),
    "redirect-to-itself": answering(http(b"", "Location: /mgcc/v1/state", status="307 Temporary Redirect")),
    "compressed-bomb": answering(http(_COMPRESSED, "Content-Encoding: deflate")),
    "false-compression": answering(http(b"no gzip", "Content-Encoding: gzip, br, x-unknown")),
    "control-signs-in-the-phrase": answering(http(STATE, status="200 \x1b[2J\x1b]0;owned\x07")),
    "date-out-of-range": answering(http(b"{}", "Date: Fri, 99 Foo 99999999999 25:61:61 +9999")),
    "status-999": answering(http(STATE, status="999 What")),
    "status-without-end": answering(b"HTTP/1.1 " + b"2" * 5000 + b"\r\n\r\n"),
    "content-type-strange": answering(http(STATE, kind="application/json; charset=\xff\x00utf-7")),
    "log-without-end": _log(lambda after: [_entry(after + number) for number in range(1, 501)]),
    "log-of-a-million-on-one-page": _log(lambda _after: [{"sequence": n} for n in range(60_000)]),
    "log-is-long": _log(_long_log),
    "log-goes-back": _log(lambda after: [_entry(after - number) for number in range(500)]),
    "log-stands-still": _log(lambda after: [_entry(after)] * 500),
    "log-with-strange-entries": _log(
        lambda _after: [None, 1, "x", [], _entry([1]), _entry({"a": 1}), _entry(1 << 200), _entry(True), _entry(1.5)]
    ),
    "log-with-strange-fields": _log(
        lambda _after: [_entry(n, time=t, code=[c], category={}, serial=5) for n, (t, c) in enumerate(_STRANGE_TIMES)]
    ),
    "log-with-surrogates": _log(lambda _after: [_entry(1, subject="\ud800")]),
}
"""Peers whose handshake is good and whose service is not."""

_STRANGE_TIMES: tuple[tuple[object, object], ...] = (
    ("0001-01-01T00:00:00+23:59", 1),
    ("9999-12-31T23:59:59.999999-23:59", None),
    ("2026-01-01", {}),
    ("", "x"),
    (12345, "y"),
    ([], "z"),
    ("2026-01-01T00:00:00", "naive"),
)


def _frame(answer: Callable[[int, int], bytes]) -> Script:
    """Answer each Modbus request (first register, count) with the frame after the transaction identifier."""

    def inner(tls: socket.socket, _stand: Stand) -> None:
        while True:
            asked = tls.recv(1 << 12)
            if len(asked) < 12:
                return
            first, count = int.from_bytes(asked[8:10], "big"), int.from_bytes(asked[10:12], "big")
            tls.sendall(asked[:2] + answer(first, count))

    return over_tls(inner)


def _registers(read: Callable[[int], int]) -> Script:
    def answer(first: int, count: int) -> bytes:
        data = b"".join(read(first + at).to_bytes(2, "big") for at in range(count))
        return b"\0\0" + (3 + len(data)).to_bytes(2, "big") + b"\x01\x03" + bytes([len(data) & 0xFF]) + data

    return _frame(answer)


def _chain(length: int) -> Callable[[int], int]:
    """The marker, and then models 777 of `length` registers without end."""

    def read(register: int) -> int:
        if register in {40000, 40001}:
            return 0x5375 if register == 40000 else 0x6E53
        place = (register - 40002) % (2 + length)
        return 777 if place == 0 else length if place == 1 else 0

    return read


MODBUS: dict[str, Script] = {
    "modbus-hangs": over_tls(lambda tls, _stand: hang(tls)),
    "modbus-length-lies-long": _frame(lambda _f, _c: b"\0\0\xff\xff\x01\x03" + bytes(300)),
    "modbus-length-lies-short": _frame(lambda _f, _c: b"\0\0\0\0\x01\x03"),
    "modbus-other-protocol": _frame(lambda _f, _c: b"\0\x07\0\x05\x01\x03\x02\0\0"),
    "modbus-count-lies": _frame(lambda _f, _c: b"\0\0\0\x05\x01\x03\xfe\0\0"),
    "modbus-other-function": _frame(lambda _f, _c: b"\0\0\0\x05\x01\x04\x02\0\0"),
    "modbus-empty-exception": _frame(lambda _f, _c: b"\0\0\0\x02\x01\x83"),
    "modbus-unknown-exception": _frame(lambda _f, _c: b"\0\0\0\x03\x01\x83\xff"),
    "modbus-acknowledges-for-ever": _frame(lambda _f, _c: b"\0\0\0\x03\x01\x83\x05"),
    "modbus-answers-without-end": over_tls(lambda tls, _stand: _flood(tls, b"\0\1\0\0\0\3\1\x83\2" * 1000)),
    "modbus-drips": over_tls(lambda tls, stand: _drip(tls, stand, b"\0\1\0\0\0\xf0\1\3")),
    "modbus-models-without-end": _registers(_chain(3)),
    "modbus-models-without-length": _registers(_chain(0)),
    "modbus-model-longer-than-the-map": _registers(lambda r: {40000: 0x5375, 40001: 0x6E53, 40002: 701}.get(r, 0xFFFF)),
    "modbus-no-marker": _registers(lambda _r: 0),
    "modbus-all-ones": _registers(lambda r: {40000: 0x5375, 40001: 0x6E53}.get(r, 0xFFFF)),
    "modbus-model-704-of-one-register": _registers(
        lambda r: {40000: 0x5375, 40001: 0x6E53, 40002: 704, 40003: 1}.get(r, 0xFFFF)
    ),
    "modbus-speaks-http": over_tls(lambda tls, _stand: _flood(tls, http(STATE))),
}
"""Peers of the Modbus binding; their handshake is good."""


def _flood(tls: socket.socket, octets: bytes) -> None:
    tls.recv(1)
    while True:
        tls.sendall(octets)


def _drip(tls: socket.socket, stand: Stand, octets: bytes) -> None:
    tls.recv(1)
    for octet in octets:
        tls.sendall(bytes([octet]))
        stand.pause(0.03)
    hang(tls)
