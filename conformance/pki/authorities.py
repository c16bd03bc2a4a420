"""Certification authorities: what one is, and the three of a connection point made anew."""

import secrets
from datetime import datetime, timedelta

from cryptography import x509
from msgspec import Struct

from conformance.model.recipe import KeyKind
from conformance.pki.certificates import Contents, PrivateKey, Signer, fresh_serial, key_identifier, make, name, new_key

REVOKED_BLOCK = 256
"""Serials of each CA that stand on its revocation list from the beginning."""

CA_USAGE = ("keyCertSign", "cRLSign")
_BACKDATING = timedelta(days=1)


class Authority(Struct, frozen=True, kw_only=True):
    """One CA: certificate, key, and the 14 octets with which its pre-revoked serials begin."""

    certificate: x509.Certificate
    key: PrivateKey
    revoked_prefix: bytes

    @property
    def key_identifier(self) -> bytes:
        """The subject key identifier of its certificate."""
        return self.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest

    @property
    def signer(self) -> Signer:
        """This CA as the signer of a certificate."""
        return Signer(name=self.certificate.subject, key=self.key, key_identifier=self.key_identifier)

    def revoked_serial(self, index: int) -> int:
        """Return the pre-revoked serial number `index` (0 to 255, then from the beginning)."""
        return int.from_bytes(self.revoked_prefix + (index % REVOKED_BLOCK).to_bytes(2, "big"), "big")


class PointAuthorities(Struct, frozen=True, kw_only=True):
    """The CAs of one connection point.

    `retired` is an issuing CA that the root revoked; `lapsed` one whose own revocation list is out of date.
    """

    root: Authority
    issuing: Authority
    retired: Authority
    lapsed: Authority


def new_root(title: str, now: datetime, days: int) -> Authority:
    """Return a new self-signed root CA, valid for `days` from `now`."""
    return _new_authority(f"{title} Root CA", None, now, days, None)


def new_point_authorities(title: str, now: datetime, *, root_days: int, issuing_days: int) -> PointAuthorities:
    """Return a new root with an issuing, a retired and a lapsed CA below it, valid from `now`."""
    root = new_root(title, now, root_days)
    issuing = _new_authority(f"{title} Issuing CA", root, now, issuing_days, 0)
    retired = _new_authority(f"{title} Retired CA", root, now, issuing_days, 0)
    lapsed = _new_authority(f"{title} Lapsed CA", root, now, issuing_days, 0)
    return PointAuthorities(root=root, issuing=issuing, retired=retired, lapsed=lapsed)


def _new_authority(
    common_name: str, parent: Authority | None, now: datetime, days: int, path_length: int | None
) -> Authority:
    key = new_key(KeyKind.P256)
    subject = name(common_name)
    contents = Contents(
        subject=subject,
        public_key=key.public_key(),
        serial=fresh_serial(),
        not_before=now - _BACKDATING,
        not_after=now + timedelta(days=days),
        is_ca=True,
        path_length=path_length,
        key_usage=CA_USAGE,
        subject_key_identifier=key_identifier(key.public_key()),
    )
    signer = parent.signer if parent else Signer(name=subject, key=key, key_identifier=None)
    prefix = bytes([secrets.randbelow(0x3F) + 1]) + secrets.token_bytes(13)
    return Authority(certificate=make(contents, signer), key=key, revoked_prefix=prefix)
