"""Modbus requests over a channel, and the operation modbus.request."""

from contextlib import closing
from typing import Any

from msgspec import Struct

from conformance.channel import Channel
from conformance.model.endpoint import Binding
from conformance.model.operations import ModbusRequest
from conformance.model.transcript import Exchange, Grant, ServiceAnswer
from conformance.model.vector import Actor
from conformance.probes.connection import exchange_of, open_for
from conformance.probes.context import ProbeContext
from conformance.wire import modbus

_CHUNK = 1 << 12
_MEDIA_TYPE = "application/vnd.mgcc.modbus-pdu"


class Reply(Struct, frozen=True, kw_only=True):
    """What came back to one request: a frame, or nothing and perhaps what was wrong with it."""

    frame: modbus.Frame | None = None
    malformed: str | None = None

    @property
    def good(self) -> bytes | None:
        """The data of a normal answer; None for an exception or none."""
        return self.frame.data if self.frame is not None and self.frame.exception is None else None


class Client:
    """Asks one Modbus server over one channel, one request after the other."""

    def __init__(self, channel: Channel, unit: int) -> None:
        self._channel = channel
        self._unit = unit
        self._transaction = 0
        self._rest = b""

    def ask(self, function: int, data: bytes) -> Reply:
        """Send a request and wait for its answer. Never raises; a broken connection is told by the channel."""
        self._transaction = self._transaction % 0xFFFF + 1
        asked = modbus.Frame(transaction=self._transaction, unit=self._unit, function=function, data=data)
        try:
            self._channel.sendall(modbus.build(asked))
            while (found := modbus.read(self._rest)) is None:
                piece = self._channel.recv(_CHUNK)
                if not piece:
                    return Reply(malformed="the frame ended early" if self._rest else None)
                self._rest += piece
        except OSError:
            return Reply()
        if isinstance(found, modbus.Broken):
            return Reply(malformed=found.why)
        self._rest = self._rest[len(modbus.build(found)) :]
        return Reply(frame=found, malformed=_mismatch(asked, found))

    def read_registers(self, first: int, count: int) -> Reply:
        """Read `count` holding registers from `first`; a good reply's data are the registers alone."""
        reply = self.ask(modbus.READ_HOLDING_REGISTERS, first.to_bytes(2, "big") + count.to_bytes(2, "big"))
        if reply.good is None or reply.frame is None:
            return reply
        data = reply.good
        if data[:1] != bytes([2 * count]) or len(data) != 1 + 2 * count:
            return Reply(malformed=f"{len(data) - 1} octets of registers instead of {2 * count}")
        frame = modbus.Frame(
            transaction=reply.frame.transaction, unit=reply.frame.unit, function=reply.frame.function, data=data[1:]
        )
        return Reply(frame=frame, malformed=reply.malformed)

    def write_registers(self, first: int, values: tuple[int, ...]) -> Reply:
        """Write `values` to holding registers from `first`."""
        head = first.to_bytes(2, "big") + len(values).to_bytes(2, "big") + bytes([2 * len(values)])
        return self.ask(modbus.WRITE_MULTIPLE_REGISTERS, head + b"".join(each.to_bytes(2, "big") for each in values))


def _mismatch(asked: modbus.Frame, found: modbus.Frame) -> str | None:
    if found.transaction != asked.transaction:
        return f"transaction {found.transaction} instead of {asked.transaction}"
    if found.function & ~modbus.EXCEPTION_BIT != asked.function & ~modbus.EXCEPTION_BIT:
        return f"function {found.function} in answer to {asked.function}"
    return None


def answer_of(reply: Reply, context: ProbeContext, data: Any = None) -> ServiceAnswer:
    """Return the answer that `reply` is; `data` stands for what a normal one means."""
    frame = reply.frame
    if frame is None:
        return ServiceAnswer(grant=Grant.NONE, native="", malformed=reply.malformed)
    body = context.keep(bytes([frame.function]) + frame.data, _MEDIA_TYPE)
    if frame.exception is not None:
        native = modbus.exception_name(frame.exception)
        return ServiceAnswer(grant=Grant.DENIED, native=native, body=body, malformed=reply.malformed)
    native = f"Modbus function {frame.function:02d}"
    return ServiceAnswer(grant=Grant.GRANTED, native=native, data=data, body=body, malformed=reply.malformed)


def perform(
    operation: str, parameters: ModbusRequest, actor: Actor, binding: Binding, context: ProbeContext
) -> Exchange:
    """Send one Modbus request as `actor`; without a function, read the registers of the service check."""
    del operation
    with closing(open_for(parameters, actor, binding, context)) as channel:
        answer = None
        if channel.usable:
            function, data = parameters.function, bytes.fromhex(parameters.data)
            if function is None:
                first, count = service_registers(binding)
                function = modbus.READ_HOLDING_REGISTERS
                data = first.to_bytes(2, "big") + count.to_bytes(2, "big")
            unit = binding.unit_id if parameters.unit_id is None else parameters.unit_id
            reply = Client(channel, unit).ask(function, data)
            shown = None if reply.frame is None else {"function": reply.frame.function, "data": reply.frame.data.hex()}
            answer = answer_of(reply, context, shown)
        return exchange_of(channel, context, answer=answer)


def service_registers(binding: Binding) -> tuple[int, int]:
    """Return first register and count of the service check: those it names, else where the SunS marker stands."""
    check = binding.service_check
    return (binding.base_register, 2) if check.register is None else (check.register, check.count)
