"""Decisions about a client's certificate chain: each check of path validation on its own."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from reference_impl import x509_errors as err
from reference_impl.session import dns_names


@dataclass(frozen=True)
class Defect:
    """Why a chain is refused: IEC 62351-3 event code, X509_V_ERR number (it chooses the alert), words for the log."""

    code: str
    error: int
    detail: str


@dataclass(frozen=True)
class Presented:
    """A client's chain as OpenSSL built it, leaf first, and what OpenSSL found wrong at which depth (0 = leaf)."""

    chain: tuple[x509.Certificate, ...]
    errors: frozenset[tuple[int, int]]
    peers: frozenset[str]
    anchors: tuple[x509.Certificate, ...]

    @property
    def leaf(self) -> x509.Certificate:
        """The end-entity certificate."""
        return self.chain[0]

    @property
    def self_signed(self) -> bool:
        """The client stands alone: no issuer but itself."""
        return len(self.chain) == 1 and self.leaf.issuer == self.leaf.subject

    @functools.cached_property
    def anchored(self) -> bool:
        """The chain ends in a trust anchor of this connection point."""
        return not self.found(err.NOT_ANCHORED)

    def found(self, numbers: Iterable[int], *, leaf: bool = True, issuers: bool = True) -> bool:
        """Whether OpenSSL reported one of these errors for the leaf, or for a certificate above it."""
        return any(number in numbers and (leaf if depth == 0 else issuers) for depth, number in self.errors)


Check = Callable[[Presented], Defect | None]


class CertificateRules:
    """RFC 5280 6.1 with the additions of IEC 62351-3: every check returns None or the defect that it found."""

    def certificate_checks(self) -> tuple[Check, ...]:
        """All checks, in the order in which the first defect is named."""
        return (
            self.not_self_signed,
            self.trust_anchor,
            self.issuer_signature,
            self.leaf_signature,
            self.leaf_not_expired,
            self.leaf_already_valid,
            self.issuer_not_expired,
            self.issuer_already_valid,
            self.leaf_not_revoked,
            self.issuer_not_revoked,
            self.revocation_list_available,
            self.revocation_list_current,
            self.end_entity,
            self.extended_key_usage,
            self.key_usage,
            self.peer_name,
            self.nothing_else,
        )

    def judge(self, presented: Presented) -> Defect | None:
        """The first defect of the chain, or None when it may come in."""
        defects: Iterator[Defect | None] = (check(presented) for check in self.certificate_checks())
        return next((defect for defect in defects if defect), None)

    def not_self_signed(self, presented: Presented) -> Defect | None:
        """A client that vouches for itself is refused."""
        if presented.self_signed and not presented.anchored:
            return Defect("CERT_NOT_TRUSTED", err.DEPTH_ZERO_SELF_SIGNED_CERT, "self-signed client certificate")
        return None

    def trust_anchor(self, presented: Presented) -> Defect | None:
        """The chain ends in a trust anchor configured for this connection point (RFC 5280 6.1.1 d)."""
        if not presented.anchored and not presented.self_signed:
            return Defect("CERT_NOT_TRUSTED", err.UNABLE_TO_GET_ISSUER_CERT_LOCALLY, "no trust anchor for the chain")
        return None

    def issuer_signature(self, presented: Presented) -> Defect | None:
        """Every CA certificate is signed by the one above it (RFC 5280 6.1.3 a 1)."""
        if presented.found(err.BAD_SIGNATURE, leaf=False):
            return Defect("BAD_CERT", err.CERT_SIGNATURE_FAILURE, "signature of a CA certificate")
        return None

    def leaf_signature(self, presented: Presented) -> Defect | None:
        """The end-entity certificate is signed by its issuer (RFC 5280 6.1.3 a 1)."""
        if presented.found(err.BAD_SIGNATURE, issuers=False):
            return Defect("BAD_CERT", err.CERT_SIGNATURE_FAILURE, "signature of the client certificate")
        return None

    def leaf_not_expired(self, presented: Presented) -> Defect | None:
        """The client certificate has not expired (RFC 5280 4.1.2.5)."""
        if presented.found({err.CERT_HAS_EXPIRED}, issuers=False):
            return Defect("CERT_EXPIRED", err.CERT_HAS_EXPIRED, "client certificate has expired")
        return None

    def leaf_already_valid(self, presented: Presented) -> Defect | None:
        """The client certificate is valid already (RFC 5280 4.1.2.5)."""
        if presented.found({err.CERT_NOT_YET_VALID}, issuers=False):
            return Defect("CERT_NOT_YET_VALID", err.CERT_NOT_YET_VALID, "client certificate is not yet valid")
        return None

    def issuer_not_expired(self, presented: Presented) -> Defect | None:
        """No CA certificate of the chain has expired (RFC 5280 6.1.3 a 2)."""
        if presented.found({err.CERT_HAS_EXPIRED}, leaf=False):
            return Defect("CERT_EXPIRED", err.CERT_HAS_EXPIRED, "a CA certificate has expired")
        return None

    def issuer_already_valid(self, presented: Presented) -> Defect | None:
        """Every CA certificate of the chain is valid already (RFC 5280 6.1.3 a 2)."""
        if presented.found({err.CERT_NOT_YET_VALID}, leaf=False):
            return Defect("CERT_NOT_YET_VALID", err.CERT_NOT_YET_VALID, "a CA certificate is not yet valid")
        return None

    def leaf_not_revoked(self, presented: Presented) -> Defect | None:
        """The client certificate is on no revocation list (RFC 5280 6.1.3 a 3)."""
        if presented.found({err.CERT_REVOKED}, issuers=False):
            return Defect("CERT_REVOKED", err.CERT_REVOKED, "client certificate is revoked")
        return None

    def issuer_not_revoked(self, presented: Presented) -> Defect | None:
        """No CA certificate of the chain is on a revocation list (RFC 5280 6.1.3 a 3)."""
        if presented.found({err.CERT_REVOKED}, leaf=False):
            return Defect("CERT_REVOKED", err.CERT_REVOKED, "a CA certificate is revoked")
        return None

    def revocation_list_available(self, presented: Presented) -> Defect | None:
        """Each issuer below a trust anchor has a genuine revocation list here (RFC 5280 6.3)."""
        if presented.anchored and presented.found(err.NO_USABLE_CRL):
            return Defect("CRL_NOT_ACCESSIBLE", err.UNABLE_TO_GET_CRL, "no revocation list for an issuer")
        return None

    def revocation_list_current(self, presented: Presented) -> Defect | None:
        """The revocation lists are valid now (RFC 5280 5.1.2.5)."""
        if presented.found({err.CRL_HAS_EXPIRED}):
            return Defect("CRL_EXPIRED", err.CRL_HAS_EXPIRED, "a revocation list is out of date")
        if presented.found({err.CRL_NOT_YET_VALID}):
            return Defect("CRL_NOT_YET_VALID", err.CRL_NOT_YET_VALID, "a revocation list is not yet valid")
        return None

    def end_entity(self, presented: Presented) -> Defect | None:
        """A CA certificate is no end entity (RFC 5280 4.2.1.9)."""
        try:
            constraints = presented.leaf.extensions.get_extension_for_class(x509.BasicConstraints).value
        except x509.ExtensionNotFound:
            return None
        if constraints.ca:
            return Defect("CERT_VALIDATION_FAILED", err.INVALID_PURPOSE, "a CA certificate as end entity")
        return None

    def extended_key_usage(self, presented: Presented) -> Defect | None:
        """The certificate is meant for TLS clients, and says so (RFC 5280 4.2.1.12)."""
        if not self.meant_for_clients(extended_key_usages(presented.leaf)):
            return Defect("CERT_VALIDATION_FAILED", err.INVALID_PURPOSE, "extended key usage without clientAuth")
        return None

    def meant_for_clients(self, usages: frozenset[x509.ObjectIdentifier] | None) -> bool:
        """Whether these extended key usages (None: the extension is absent) allow a TLS client."""
        return usages is not None and ExtendedKeyUsageOID.CLIENT_AUTH in usages

    def key_usage(self, presented: Presented) -> Defect | None:
        """The key may sign a handshake (RFC 5280 4.2.1.3)."""
        try:
            usage = presented.leaf.extensions.get_extension_for_class(x509.KeyUsage).value
        except x509.ExtensionNotFound:
            return None
        if not usage.digital_signature:
            return Defect("CERT_VALIDATION_FAILED", err.INVALID_PURPOSE, "key usage without digitalSignature")
        return None

    def peer_name(self, presented: Presented) -> Defect | None:
        """A dNSName of the certificate is a peer configured for this connection point (RFC 9525 6)."""
        names = self.names_of(presented.leaf)
        if any(self.same_name(name, peer) for name in names for peer in presented.peers):
            return None
        return Defect("CERT_NOT_CONFIGURED", err.HOSTNAME_MISMATCH, f"peer {', '.join(names)[:200]!r} not configured")

    def names_of(self, leaf: x509.Certificate) -> list[str]:
        """The names that identify a peer: its dNSNames and nothing else (RFC 9525 6.2)."""
        return dns_names(leaf)

    def same_name(self, presented: str, configured: str) -> bool:
        """Whether a presented name is the configured peer: letter by letter, case aside (RFC 9525 6.3)."""
        return presented.lower() == configured

    def nothing_else(self, presented: Presented) -> Defect | None:
        """OpenSSL found nothing that no other check stands for."""
        for depth, number in sorted(presented.errors):
            if number not in err.CHECKED or (number == err.INVALID_PURPOSE and depth > 0):
                code = err.EVENT_CODES.get(number, "CERT_VALIDATION_FAILED")
                return Defect(code, number, f"X509_V_ERR {number} at depth {depth}")
        return None


def extended_key_usages(leaf: x509.Certificate) -> frozenset[x509.ObjectIdentifier] | None:
    """The extended key usages of a certificate, or None where the extension is absent."""
    try:
        return frozenset(leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
    except x509.ExtensionNotFound:
        return None
