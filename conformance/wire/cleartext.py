"""First requests of protocols in cleartext, and whether an answer shows that the protocol is spoken there."""

from collections.abc import Callable

from msgspec import Struct

from conformance.wire import modbus

LARGEST_ANSWER = 1 << 14


class Recognition(Struct, frozen=True, kw_only=True):
    """What answered: `served` if it is the protocol's own good answer, with its native words and status."""

    served: bool
    native: str
    status: int | None = None


class Protocol(Struct, frozen=True, kw_only=True):
    """How one protocol is addressed: its first request, and `recognise`, which returns None to be given more."""

    request: Callable[[str], bytes]
    recognise: Callable[[bytes], Recognition | None]


_MODBUS_ASKED = modbus.Frame(transaction=1, unit=1, function=modbus.READ_HOLDING_REGISTERS, data=b"\0\0\0\1")
# IEC 60870-5-104 5.1 and 5.2: STARTDT act and TESTFR act, and their confirmations.
_IEC104_START, _IEC104_TEST = bytes.fromhex("680407000000"), bytes.fromhex("680443000000")
_IEC104_CONFIRMED = {0x0B: "STARTDT con", 0x83: "TESTFR con"}
# TPKT (RFC 1006 6) with the COTP connection request (ISO 8073 13.3) that opens MMS, and the code of its confirmation.
_MMS_CONNECT = bytes.fromhex("0300001611e00000000100c0010ac1020001c2020001")
_COTP_CONFIRMED, _COTP_DISCONNECT = 0xD0, 0x80
_DNP3_START = b"\x05\x64"
_DNP3_LINK_STATUS, _DNP3_MASTER = 0xC9, 1  # IEEE 1815 9.2.4: from the primary, request link status
_DNP3_OUTSTATIONS = (0xFFFC, 1, 10, 1024)  # self-address, and where outstations commonly stand
_DNP3_HEADER = 10


def recognise_http(data: bytes) -> Recognition | None:
    """An HTTP status line (RFC 9112 4); served is 2xx."""
    if not b"HTTP/".startswith(data[:5]) and not data.startswith(b"HTTP/"):
        return Recognition(served=False, native="no HTTP")
    line, end, _ = data.partition(b"\n")
    if not end:
        return None
    words = line.split()
    status = int(words[1]) if len(words) > 1 and words[1].isdigit() and len(words[1]) == 3 else None  # noqa: PLR2004
    if status is None:
        return Recognition(served=False, native="no HTTP status")
    return Recognition(served=200 <= status < 300, native=f"HTTP {status}", status=status)  # noqa: PLR2004


def recognise_modbus(data: bytes) -> Recognition | None:
    """A Modbus/TCP frame that answers our request, be it with an exception: the server processes cleartext."""
    no = Recognition(served=False, native="no Modbus")
    frame = modbus.read(data)
    if frame is None:
        return None if data[2:4] in {b"", b"\0", b"\0\0"} else no
    if isinstance(frame, modbus.Broken) or frame.function & ~modbus.EXCEPTION_BIT != _MODBUS_ASKED.function:
        return no
    if frame.exception is not None:
        return Recognition(served=True, native=modbus.exception_name(frame.exception))
    return Recognition(served=True, native=f"Modbus function {frame.function:02d}")


def recognise_iec104(data: bytes) -> Recognition | None:
    """An IEC 60870-5-104 APDU (5.1)."""
    if data[:1] not in {b"", b"\x68"}:
        return Recognition(served=False, native="no IEC 60870-5-104")
    if len(data) < len(_IEC104_START):
        return None
    if data[1] < 4:  # noqa: PLR2004  the four control octets
        return Recognition(served=False, native="no IEC 60870-5-104")
    return Recognition(served=True, native=_IEC104_CONFIRMED.get(data[2], "IEC 60870-5-104 APDU"))


def recognise_dnp3(data: bytes) -> Recognition | None:
    """A DNP3 link frame whose header checksum is right (IEEE 1815 9.2)."""
    if not _DNP3_START.startswith(data[:2]) and not data.startswith(_DNP3_START):
        return Recognition(served=False, native="no DNP3")
    if len(data) < _DNP3_HEADER:
        return None
    good = data[8:10] == dnp3_checksum(data[:8])
    return Recognition(served=good, native="DNP3 link frame" if good else "no DNP3")


def recognise_mms(data: bytes) -> Recognition | None:
    """A COTP connection confirm inside TPKT."""
    if data[:1] not in {b"", b"\x03"} or data[1:2] not in {b"", b"\0"}:
        return Recognition(served=False, native="no TPKT")
    if len(data) < 6:  # noqa: PLR2004  TPKT header, COTP length and code
        return None
    code = data[5] & 0xF0
    if code == _COTP_CONFIRMED:
        return Recognition(served=True, native="COTP connection confirm")
    return Recognition(served=False, native="COTP disconnect" if code == _COTP_DISCONNECT else "no COTP confirm")


def dnp3_checksum(data: bytes) -> bytes:
    """Return the DNP3 checksum of `data` as it goes on the wire (IEEE 1815 9.2.4.3)."""
    register = 0
    for octet in data:
        register ^= octet
        for _ in range(8):
            register = (register >> 1) ^ (0xA6BC if register & 1 else 0)
    return (register ^ 0xFFFF).to_bytes(2, "little")


def _dnp3_requests(_: str) -> bytes:
    frames = b""
    for outstation in _DNP3_OUTSTATIONS:
        addresses = outstation.to_bytes(2, "little") + _DNP3_MASTER.to_bytes(2, "little")
        header = _DNP3_START + bytes([5, _DNP3_LINK_STATUS]) + addresses
        frames += header + dnp3_checksum(header)
    return frames


def _http_request(host: str) -> bytes:
    return f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode("ascii", "replace")


PROTOCOLS = {
    "http": Protocol(request=_http_request, recognise=recognise_http),
    "modbus": Protocol(request=lambda _: modbus.build(_MODBUS_ASKED), recognise=recognise_modbus),
    "iec104": Protocol(request=lambda _: _IEC104_TEST + _IEC104_START, recognise=recognise_iec104),
    "dnp3": Protocol(request=_dnp3_requests, recognise=recognise_dnp3),
    "mms": Protocol(request=lambda _: _MMS_CONNECT, recognise=recognise_mms),
}
"""The protocols that port.probe speaks, by the names of the vector language."""
