"""The binding `modbus`: SunSpec over Modbus/TCP Security, framing and three function codes."""

from __future__ import annotations

import itertools
import struct
from typing import TYPE_CHECKING

from reference_impl import sunspec
from reference_impl.order import Order
from reference_impl.problem import Problem
from reference_impl.rules.access import READ_HOLDING, WRITE_MULTIPLE, WRITE_SINGLE

if TYPE_CHECKING:
    from reference_impl.mms import ConnectionPoint, Mms
    from reference_impl.session import Session, Subject

UNIT = 1
HEADER = struct.Struct(">HHHB")
SHORTEST, LONGEST = 2, 254
PAIR = 4
MOST_READ, MOST_WRITTEN = 125, 123
ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE, NO_SUCH_UNIT = 1, 2, 3, 0x0B
ON, OFF = 1, 0


class ModbusException(Exception):  # noqa: N818 - the specification's word
    """A request is answered with an exception code (Modbus Application Protocol 1.1b3, 7)."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class ModbusBinding:
    """One Modbus connection: plain bytes in, plain bytes out. `finished` says that the connection has to end."""

    _numbers = itertools.count(1)

    def __init__(self, mms: Mms, point: ConnectionPoint, session: Session) -> None:
        self._mms = mms
        self._point = point
        self._session = session
        self._data = bytearray()
        self.finished = False

    def receive(self, data: bytes) -> bytes:
        """Takes what the peer sent; returns what to send back. An empty read means that the peer has finished."""
        self._data += data
        self.finished = self.finished or not data
        out = bytearray()
        while not self.finished and len(self._data) >= HEADER.size:
            transaction, protocol, length, unit = HEADER.unpack_from(self._data)
            if protocol != 0 or not SHORTEST <= length <= LONGEST:
                self._point.log.denied(self._session, "modbus", "no Modbus/TCP frame")
                self.finished = True
                break
            if len(self._data) < 6 + length:
                break
            request = bytes(self._data[HEADER.size : 6 + length])
            del self._data[: 6 + length]
            answer = self._answer(unit, request)
            out += HEADER.pack(transaction, 0, len(answer) + 1, unit) + answer
        return bytes(out)

    def _answer(self, unit: int, request: bytes) -> bytes:
        function = request[0]
        said = f"modbus function {function}"
        try:
            return bytes([function]) + self._serve(unit, function, request[1:], said)
        except Problem as problem:
            self._point.log.denied(self._session, said, problem.detail)
            return bytes([function | 0x80, ILLEGAL_FUNCTION])
        except ModbusException as exception:
            self._point.log.denied(self._session, said, f"exception {exception.code}")
            return bytes([function | 0x80, exception.code])

    def _serve(self, unit: int, function: int, fields: bytes, said: str) -> bytes:
        if unit != UNIT:
            raise ModbusException(NO_SUCH_UNIT)
        subject = self._mms.rules.subject(self._session, said, {})
        if not self._mms.rules.modbus_function(function):
            raise Problem(403, "not-found", "no such function")
        if function == READ_HOLDING:
            content = self._read(fields)
            self._point.log.granted(self._session, said)
            return bytes([len(content)]) + content
        if function not in {WRITE_SINGLE, WRITE_MULTIPLE}:
            self._point.log.granted(self._session, said)
            return b"\0"
        if not self._mms.rules.may_write_registers(subject.role, self._point.name):
            raise Problem(403, "forbidden", "this role may not write")
        address, values = _write_single(fields) if function == WRITE_SINGLE else _write_multiple(fields)
        self._write(dict(enumerate(values, address)), subject, said)
        return fields[:4]

    def _read(self, fields: bytes) -> bytes:
        address, count = _pair(fields)
        if not 1 <= count <= MOST_READ:
            raise ModbusException(ILLEGAL_VALUE)
        if not sunspec.BASE <= address <= address + count - 1 <= sunspec.LAST:
            raise ModbusException(ILLEGAL_ADDRESS)
        start = 2 * (address - sunspec.BASE)
        return sunspec.registers(self._mms, self._point)[start : start + 2 * count]

    def _write(self, written: dict[int, int], subject: Subject, said: str) -> None:
        """Writes WMaxLimPct and its enabling, both or one: the export limit in percent of the rated power."""
        if not written.keys() <= sunspec.WRITABLE:
            raise ModbusException(ILLEGAL_ADDRESS)
        controls, log = self._point.controls, self._point.log
        active = controls.active("export-limit")
        enabled = written.get(sunspec.LIMIT_ENABLED, ON if active else OFF)
        percent = written.get(sunspec.LIMIT_PERCENT, self._point.register_percent)
        if enabled not in {ON, OFF}:
            log.control_refused(self._session, said, "WMaxLimPctEna is neither 0 nor 1")
            raise ModbusException(ILLEGAL_VALUE)
        order = Order(id=f"modbus/{next(self._numbers)}", type="export-limit", value=float(percent), unit="%")
        try:
            if enabled == ON:
                controls.submit(order, subject.name)
            else:
                controls.check(order)
                controls.release("export-limit")
        except Problem as problem:
            log.control_refused(self._session, said, problem.detail)
            raise ModbusException(ILLEGAL_VALUE) from None
        self._point.register_percent = percent
        log.commanded(self._session, said, f"export-limit {percent} %" if enabled == ON else "export-limit released")


def _pair(fields: bytes) -> tuple[int, int]:
    if len(fields) != PAIR:
        raise ModbusException(ILLEGAL_VALUE)
    return int.from_bytes(fields[:2], "big"), int.from_bytes(fields[2:], "big")


def _write_single(fields: bytes) -> tuple[int, list[int]]:
    address, number = _pair(fields)
    return address, [number]


def _write_multiple(fields: bytes) -> tuple[int, list[int]]:
    address, count = _pair(fields[:4])
    content = fields[5:]
    if not 1 <= count <= MOST_WRITTEN or len(content) != 2 * count or fields[4] != 2 * count:
        raise ModbusException(ILLEGAL_VALUE)
    return address, [int.from_bytes(content[i : i + 2], "big") for i in range(0, 2 * count, 2)]
