"""Faults of the TLS layer that need a responder of their own: it answers an offer that OpenSSL would not take.

Only an offer of nothing but the suites (or the version) in question is answered; all others reach OpenSSL.
"""

from __future__ import annotations

import os
import struct

from cryptography.hazmat.primitives.serialization import Encoding
from typing_extensions import override

from reference_impl.faults.fault import fault
from reference_impl.hello import TLS12, ClientHello
from reference_impl.material import Credential
from reference_impl.rules.transport import Demand, TransportRules

SSL3 = 0x0300
SERVER_HELLO, CERTIFICATE, SERVER_HELLO_DONE = 2, 11, 14


def _message(kind: int, body: bytes) -> bytes:
    return bytes([kind]) + len(body).to_bytes(3, "big") + body


def _listed(body: bytes) -> bytes:
    return len(body).to_bytes(3, "big") + body


def server_flight(version: int, suite: int, credential: Credential | None) -> bytes:
    """ServerHello, Certificate (unless `credential` is None) and ServerHelloDone in one record (RFC 5246 7.3)."""
    hello = struct.pack(">H", version) + os.urandom(32) + b"\0" + struct.pack(">HB", suite, 0)
    messages = _message(SERVER_HELLO, hello)
    if credential is not None:
        chain = b"".join(_listed(certificate.public_bytes(Encoding.DER)) for certificate in credential.chain)
        messages += _message(CERTIFICATE, _listed(chain))
    messages += _message(SERVER_HELLO_DONE, b"")
    return struct.pack(">BHH", 0x16, version, len(messages)) + messages


class Answers(TransportRules):
    """Chooses the first suite of an offer that holds only suites of `family`; `anonymous`: without certificate."""

    family: frozenset[int] = frozenset()
    by_openssl: frozenset[int] = frozenset()
    anonymous = False

    @override
    def answer_to(self, hello: ClientHello, credential: Credential) -> bytes | None:
        offered = frozenset(hello.suites)
        if not offered or not offered <= self.family or offered & self.by_openssl or hello.newest <= SSL3:
            return super().answer_to(hello, credential)
        version = min(hello.newest, TLS12)
        return server_flight(version, hello.suites[0], None if self.anonymous else credential)


@fault("TLS-02", "RFC 7568 3", "SSL 3.0で接続する。", reason="negotiated-forbidden", kind="mimic")
class NegotiatesSsl3(TransportRules):
    """Negotiates SSL 3.0."""

    @override
    def answer_to(self, hello: ClientHello, credential: Credential) -> bytes | None:
        if hello.newest != SSL3 or not hello.suites:
            return super().answer_to(hello, credential)
        return server_flight(SSL3, hello.suites[0], credential)


@fault(
    "TLS-04", "RFC 9325 4.1", "暗号化を行わないNULLの暗号スイートで接続する。",
    reason="negotiated-forbidden",
)  # fmt: skip
class NegotiatesNullSuite(Answers):
    """Negotiates a suite without encryption."""

    by_openssl = frozenset({0xC006})
    family = by_openssl | {0x0001, 0x0002, 0x002C, 0x002D, 0x002E, 0x003B, 0xC001, 0xC00B, 0xC010} | {
        0x00B0, 0x00B1, 0x00B4, 0x00B5, 0x00B8, 0x00B9, 0xC039, 0xC03A, 0xC03B
    }  # fmt: skip

    @override
    def suites(self) -> str:
        return super().suites() + ":ECDHE-ECDSA-NULL-SHA:@SECLEVEL=0"


@fault(
    "TLS-04", "RFC 9325 4.1", "サーバを認証しない匿名の暗号スイートで接続する。",
    reason="negotiated-forbidden",
)  # fmt: skip
class NegotiatesAnonymousSuite(Answers):
    """Negotiates a suite that authenticates nobody."""

    anonymous = True
    by_openssl = frozenset({0xC018, 0xC019})
    family = by_openssl | {
        0x0017, 0x0018, 0x0019, 0x001A, 0x001B, 0x0034, 0x003A, 0x0046, 0x006C, 0x006D, 0x0089, 0x009B, 0x00A6,
        0x00A7, 0x00BF, 0x00C5, 0xC015, 0xC016, 0xC017, 0xC046, 0xC047, 0xC05A, 0xC05B, 0xC084, 0xC085,
    }  # fmt: skip

    @override
    def suites(self) -> str:
        return super().suites() + ":AECDH-AES128-SHA:AECDH-AES256-SHA:@SECLEVEL=0"

    @override
    def client_certificate(self, hello: ClientHello | None) -> Demand:
        """An anonymous handshake has no place for a certificate request (RFC 5246 7.4.4)."""
        anonymous = hello is not None and frozenset(hello.suites) <= self.family
        return Demand.OPTIONAL if anonymous else super().client_certificate(hello)


@fault(
    "TLS-04", "RFC 9325 4.1", "輸出規制時代の弱い暗号スイートで接続する。",
    reason="negotiated-forbidden", kind="mimic",
)  # fmt: skip
class NegotiatesExportSuite(Answers):
    """Negotiates an export-grade suite."""

    family = frozenset(
        {
            0x0003, 0x0006, 0x0008, 0x000B, 0x000E, 0x0011, 0x0014, 0x0017, 0x0019, 0x0026, 0x0027, 0x0028, 0x0029,
            0x002A, 0x002B, 0x0060, 0x0061, 0x0062, 0x0063, 0x0064, 0x0065,
        }
    )  # fmt: skip


@fault(
    "TLS-04", "RFC 7465 2", "RC4の暗号スイートで接続する。",
    reason="negotiated-forbidden", kind="mimic",
)  # fmt: skip
class NegotiatesRc4(Answers):
    """Negotiates RC4."""

    family = frozenset(
        {
            0x0004, 0x0005, 0x0018, 0x0020, 0x0024, 0x0066, 0x008A, 0x008E, 0x0092, 0xC002, 0xC007, 0xC00C, 0xC011,
            0xC016, 0xC033,
        }
    )  # fmt: skip


@fault(
    "TLS-04", "RFC 9325 4.1", "トリプルDESの暗号スイートで接続する。",
    reason="negotiated-forbidden", kind="mimic",
)  # fmt: skip
class Negotiates3Des(Answers):
    """Negotiates triple DES."""

    family = frozenset(
        {
            0x000A, 0x000D, 0x0010, 0x0013, 0x0016, 0x001B, 0x001F, 0x0023, 0x008B, 0x008F, 0x0093, 0xC003, 0xC008,
            0xC00D, 0xC012, 0xC017, 0xC01A, 0xC01B, 0xC01C, 0xC034,
        }
    )  # fmt: skip


@fault(
    "TLS-04", "RFC 9325 4.1", "DESの暗号スイートで接続する。",
    reason="negotiated-forbidden", kind="mimic",
)  # fmt: skip
class NegotiatesDes(Answers):
    """Negotiates single DES."""

    family = frozenset({0x0009, 0x000C, 0x000F, 0x0012, 0x0015, 0x001A, 0x001E, 0x0022})


@fault(
    "TLS-04", "RFC 9325 4.1", "前方秘匿性のない静的RSA鍵交換で接続する。",
    reason="negotiated-forbidden", kind="mimic",
)  # fmt: skip
class NegotiatesStaticRsa(Answers):
    """Negotiates RSA key exchange, without forward secrecy."""

    family = frozenset(
        {
            0x0007, 0x002F, 0x0035, 0x003C, 0x003D, 0x0041, 0x0084, 0x0096, 0x009C, 0x009D, 0x00BA, 0x00C0, 0xC03C,
            0xC03D, 0xC050, 0xC051, 0xC07A, 0xC07B, 0xC09C, 0xC09D, 0xC0A0, 0xC0A1,
        }
    )  # fmt: skip


@fault(
    "TLS-04", "RFC 9325 4.1", "前方秘匿性のない静的DH鍵交換で接続する。",
    reason="negotiated-forbidden", kind="mimic",
)  # fmt: skip
class NegotiatesStaticDh(Answers):
    """Negotiates static Diffie-Hellman, over fields or curves, without forward secrecy."""

    family = frozenset(
        {
            0x0030, 0x0031, 0x0036, 0x0037, 0x003E, 0x003F, 0x0042, 0x0043, 0x0068, 0x0069, 0x0085, 0x0086, 0x0097,
            0x0098, 0x00A0, 0x00A1, 0x00A4, 0x00A5, 0xC004, 0xC005, 0xC00E, 0xC00F, 0xC025, 0xC026, 0xC029, 0xC02A,
            0xC02D, 0xC02E, 0xC031, 0xC032,
        }
    )  # fmt: skip
