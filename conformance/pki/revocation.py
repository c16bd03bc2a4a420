"""Revocation lists of the lab: one per CA, with a block of serials that are revoked before anybody uses them."""

from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from conformance.pki.authorities import REVOKED_BLOCK, Authority

LIST_BACKDATING = timedelta(minutes=5)


def revocation_list(
    authority: Authority, now: datetime, days: int, *also: x509.Certificate
) -> x509.CertificateRevocationList:
    """Return the list of `authority` from `now` for `days`: its block and the certificates `also` (RFC 5280 5)."""
    this_update = (now - LIST_BACKDATING).replace(microsecond=0)
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(authority.certificate.subject)
        .last_update(this_update)
        .next_update(now.replace(microsecond=0) + timedelta(days=days))
        .add_extension(x509.AuthorityKeyIdentifier(authority.key_identifier, None, None), critical=False)
        .add_extension(x509.CRLNumber(int(now.timestamp())), critical=False)
    )
    serials = [authority.revoked_serial(index) for index in range(REVOKED_BLOCK)]
    serials += [certificate.serial_number for certificate in also]
    for serial in serials:
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(this_update)
        builder = builder.add_revoked_certificate(entry.build())
    return builder.sign(authority.key, hashes.SHA256())
