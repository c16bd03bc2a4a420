"""Decisions of the TLS layer: versions, suites, who must show a certificate, and what the MMS shows itself."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import TYPE_CHECKING

from OpenSSL import SSL

if TYPE_CHECKING:
    from reference_impl.hello import ClientHello
    from reference_impl.material import Credential, Trust


class Demand(enum.IntEnum):
    """How strongly a client certificate is asked for; the values are OpenSSL's verify modes."""

    NONE = SSL.VERIFY_NONE
    OPTIONAL = SSL.VERIFY_PEER
    REQUIRED = SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT


class TransportRules:
    """IEC 62351-3 and RFC 9325: TLS 1.2 or later, both sides authenticated, forward secrecy and AEAD only."""

    def oldest_version(self) -> int:
        """The lowest protocol version that is negotiated."""
        return SSL.TLS1_2_VERSION

    def left_out(self) -> int:
        """OpenSSL options that leave out single versions above the oldest one."""
        return 0

    def suites(self) -> str:
        """The suites of TLS 1.2 and below, in OpenSSL's notation, best first (RFC 9325 4.2)."""
        return (
            "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:"
            "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384"
        )

    def tls13_suites(self) -> str:
        """The suites of TLS 1.3: the three that IEC 62351-3:2023 makes mandatory."""
        return "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_AES_128_CCM_SHA256"

    def client_certificate(self, hello: ClientHello | None) -> Demand:  # noqa: ARG002 - a fault looks at the hello
        """Whether the client has to show a certificate (IEC 62351-3 5.6.3)."""
        return Demand.REQUIRED

    def own_credential(self, credential: Credential) -> Credential:
        """The key and the chain that the MMS presents."""
        return credential

    def trusted(self, trust: Trust, folder: Path) -> Trust:  # noqa: ARG002 - a fault looks into another folder
        """Whom a connection point trusts: what its own folder says, and nobody else."""
        return trust

    def cleartext(self, binding: str, first: bytes) -> bool:  # noqa: ARG002 - a fault looks at both
        """Whether a connection that does not begin with TLS is served all the same (IEC 62351-3 5.7)."""
        return False

    def cleartext_listener(self) -> bool:
        """Whether the MMS listens on one more port, without TLS."""
        return False

    def answer_to(self, hello: ClientHello, credential: Credential) -> bytes | None:  # noqa: ARG002 - mimics look
        """Raw records sent in place of a handshake; None lets OpenSSL negotiate."""
        return None
