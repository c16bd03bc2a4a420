"""Modbus/TCP frames (MODBUS Messaging on TCP/IP 3.1.3), built and read within bounds."""

from msgspec import Struct

HEADER = 7
LARGEST_PDU = 253
EXCEPTION_BIT = 0x80
READ_HOLDING_REGISTERS, WRITE_MULTIPLE_REGISTERS = 3, 16

EXCEPTIONS = {
    1: "illegal function",
    2: "illegal data address",
    3: "illegal data value",
    4: "server device failure",
    5: "acknowledge",
    6: "server device busy",
    8: "memory parity error",
    10: "gateway path unavailable",
    11: "gateway target failed to respond",
}


class Frame(Struct, frozen=True, kw_only=True):
    """One frame: transaction and unit identifiers, function code, and the rest of the PDU."""

    transaction: int
    unit: int
    function: int
    data: bytes

    @property
    def exception(self) -> int | None:
        """The exception code that the frame carries; None if it is a normal answer."""
        return (self.data[0] if self.data else 0) if self.function & EXCEPTION_BIT else None


class Broken(Struct, frozen=True, kw_only=True):
    """Octets that are no Modbus/TCP frame, and why."""

    why: str


def build(frame: Frame) -> bytes:
    """Return `frame` with its MBAP header."""
    pdu = bytes([frame.function]) + frame.data
    length = (1 + len(pdu)).to_bytes(2, "big")
    return frame.transaction.to_bytes(2, "big") + b"\0\0" + length + bytes([frame.unit]) + pdu


def read(data: bytes) -> Frame | Broken | None:
    """Return the frame that `data` begins with, what is wrong with it, or None if more must come. Never raises."""
    if len(data) < HEADER:
        return None
    if data[2:4] != b"\0\0":
        return Broken(why=f"protocol identifier {data[2:4].hex()} instead of 0000")
    length = int.from_bytes(data[4:6], "big")
    if not 2 <= length <= LARGEST_PDU + 1:  # noqa: PLR2004  unit identifier and function code
        return Broken(why=f"length {length} instead of 2 to {LARGEST_PDU + 1}")
    if len(data) < HEADER - 1 + length:
        return None
    return Frame(transaction=int.from_bytes(data[:2], "big"), unit=data[6], function=data[7], data=data[8 : 6 + length])


def exception_name(code: int) -> str:
    """Return what an exception code is called, for people: `Modbus exception 01`."""
    return f"Modbus exception {code:02d}" + (f" ({EXCEPTIONS[code]})" if code in EXCEPTIONS else "")
