"""Recorded bytes as a tree of fields that a person can read; scapy does the reading, and is imported only here."""

import logging
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any, Literal

from conformance.wire import modbus as modbus_frames
from conformance.wire import segments
from conformance.wire.records import ContentType, is_record_header, walk

LARGEST = 1 << 16
MOST_LINES = 400
_LONGEST_LINE = 200
_LONGEST_TEXT = 4096


def tls(octets: bytes) -> tuple[str, ...]:
    """Return the fields of the handshake and alert records that `octets` begin with, one a line, indented.

    At most 64 KiB are read and 400 lines returned; what cannot be read is said in a line. Never raises.
    """
    clear = []
    for record in walk(octets[:LARGEST]):
        if record.content_type == ContentType.APPLICATION_DATA or not record.complete:
            break
        if record.content_type == ContentType.CHANGE_CIPHER_SPEC:
            break
        head = bytes([record.content_type]) + record.version.to_bytes(2, "big") + len(record.payload).to_bytes(2, "big")
        clear.append(head + record.payload)
    return _lines(_tls_layer, clear)


def modbus(octets: bytes, direction: Literal[">", "<"]) -> tuple[str, ...]:
    """Return the fields of the Modbus/TCP frame in `octets`; `>` was sent by the client, `<` by the server."""
    return _lines(_modbus_request if direction == ">" else _modbus_response, [octets[:LARGEST]] if octets else [])


def connection(evidence: bytes) -> tuple[str, ...]:
    """Return what went over a connection, from the evidence that a probe kept of it: both directions as trees.

    TLS is read as far as it is in clear, Modbus/TCP as such, anything else as text. Never raises.
    """
    try:
        pieces = segments.decode(evidence)
    except segments.SegmentsUnreadableError as error:
        return (f"not readable: {error}"[:_LONGEST_LINE],)
    lines: list[str] = []
    for direction, who in ((segments.SENT, "sent"), (segments.RECEIVED, "received")):
        octets = segments.stream(pieces, direction)
        lines.append(f"{who}: {len(octets)} octets")
        lines.extend(_readable(octets, direction))
    return tuple(lines)


def _readable(octets: bytes, direction: Literal[">", "<"]) -> tuple[str, ...]:
    if not octets:
        return ()
    if is_record_header(octets[:5]):
        return tls(octets)
    if isinstance(modbus_frames.read(octets), modbus_frames.Frame):
        return modbus(octets, direction)
    text = octets[:_LONGEST_TEXT].decode("utf-8", "backslashreplace")
    shown = "".join(each if each.isprintable() or each == "\n" else "." for each in text)
    return tuple(line[:_LONGEST_LINE] for line in shown.splitlines())


def _lines(layer: Callable[[], Any], pieces: list[bytes]) -> tuple[str, ...]:
    if not pieces:
        return ("no readable record",)
    found: list[str] = []
    try:
        read = layer()
        for piece in pieces:
            found.extend(_tree(read(piece)))
            if len(found) >= MOST_LINES:
                return (*found[:MOST_LINES], "...")
    except Exception as error:  # noqa: BLE001  bytes of a hostile peer; scapy promises nothing
        found.append(f"not readable further: {type(error).__name__}: {error}"[:_LONGEST_LINE])
    return tuple(found)


def _tree(packet: Any) -> Iterator[str]:
    for line in packet.show(dump=True).splitlines():
        if line.strip():
            yield line.rstrip()[:_LONGEST_LINE]


def _tls_layer() -> Any:
    return _scapy("scapy.layers.tls.record").TLS


def _modbus_request() -> Any:
    return _scapy("scapy.contrib.modbus").ModbusADURequest


def _modbus_response() -> Any:
    return _scapy("scapy.contrib.modbus").ModbusADUResponse


def _scapy(module: str) -> Any:
    logging.getLogger("scapy").setLevel(logging.ERROR)  # it greets with warnings about the machine it runs on
    return import_module(module)
