"""Faults in the certificate that the MMS presents.

The key of the CA is not at hand, so an altered certificate bears a foreign signature.
"""

from __future__ import annotations

import datetime as dt

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from typing_extensions import override

from reference_impl.faults.fault import fault
from reference_impl.home import DNS_NAME
from reference_impl.material import Credential
from reference_impl.rules.transport import TransportRules

DAY = dt.timedelta(days=1)


def altered(
    credential: Credential,
    *,
    subject: x509.Name | None = None,
    not_after: dt.datetime | None = None,
    extensions: dict[x509.ObjectIdentifier, x509.ExtensionType] | None = None,
) -> Credential:
    """The same key and chain under a leaf with other fields, signed by a key that lives only here."""
    leaf = credential.leaf
    end = not_after or leaf.not_valid_after_utc
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject or leaf.subject)
        .issuer_name(leaf.issuer)
        .public_key(leaf.public_key())
        .serial_number(leaf.serial_number)
        .not_valid_before(min(leaf.not_valid_before_utc, end - DAY))
        .not_valid_after(end)
    )
    for extension in leaf.extensions:
        builder = builder.add_extension((extensions or {}).get(extension.oid, extension.value), extension.critical)
    signed = builder.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    return Credential(key=credential.key, chain=(signed, *credential.chain[1:]))


def with_names(credential: Credential, dns_name: str | None, subject: x509.Name | None = None) -> Credential:
    """The credential with one dNSName or none, without addresses; its URIs stay."""
    oid = x509.SubjectAlternativeName.oid
    old = credential.leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    names: list[x509.GeneralName] = [
        x509.UniformResourceIdentifier(uri) for uri in old.get_values_for_type(x509.UniformResourceIdentifier)
    ]
    if dns_name:
        names.append(x509.DNSName(dns_name))
    return altered(credential, subject=subject, extensions={oid: x509.SubjectAlternativeName(names)})


@fault(
    "PKI-02",
    "RFC 5280 4.1.2.5",
    "有効期限の切れた自身の証明書を提示する。",
    reason="peer-certificate-unacceptable",
)
class PresentsExpiredCertificate(TransportRules):
    """Presents a certificate that has expired."""

    @override
    def own_credential(self, credential: Credential) -> Credential:
        return altered(credential, not_after=dt.datetime.now(dt.UTC).replace(microsecond=0) - DAY)


@fault(
    "PKI-06",
    "RFC 5280 4.2.1.12",
    "拡張鍵用途にserverAuthのない自身の証明書を提示する。",
    reason="peer-certificate-unacceptable",
    also=("PKI-02",),
)
class PresentsCertificateWithoutServerAuth(TransportRules):
    """Presents a certificate that is not meant for servers."""

    @override
    def own_credential(self, credential: Credential) -> Credential:
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
        return altered(credential, extensions={x509.ExtendedKeyUsage.oid: usage})


@fault(
    "PKI-08",
    "RFC 9525 6.3",
    "自身の名称ではない名称の証明書を提示する。",
    reason="peer-certificate-unacceptable",
    also=("PKI-02",),
)
class PresentsWrongName(TransportRules):
    """Presents a certificate for another host."""

    @override
    def own_credential(self, credential: Credential) -> Credential:
        return with_names(credential, "another.mgcc.example")


@fault(
    "PKI-08",
    "RFC 9525 6.4.4",
    "名称がコモンネームにだけある自身の証明書を提示する。",
    reason="peer-certificate-unacceptable",
    also=("PKI-02",),
)
class PresentsNameInCnOnly(TransportRules):
    """Presents a certificate that names the host in the common name only."""

    @override
    def own_credential(self, credential: Credential) -> Credential:
        return with_names(credential, None, x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, DNS_NAME)]))
