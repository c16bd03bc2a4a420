"""Judges the certificate that the product itself presents."""

import warnings
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from ipaddress import ip_address
from itertools import pairwise

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.oid import ExtendedKeyUsageOID

from conformance.model.text import Text
from conformance.model.transcript import Context, StepRecord

_UNREADABLE = (
    ValueError,
    TypeError,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
    UnsupportedAlgorithm,
)


def certificate_faults(record: StepRecord, checks: Sequence[str], context: Context) -> list[Text] | None:
    """Return one sentence for each of `checks` that the presented chain does not pass; None if none was seen."""
    tls = record.exchange.tls
    if tls is None or not tls.peer_chain:
        return None
    try:
        with warnings.catch_warnings():
            # cryptography warns of what it will refuse one day (RFC 5280 4.1.2.2); the product is judged, not our logs.
            warnings.simplefilter("ignore", CryptographyDeprecationWarning)
            chain = [x509.load_der_x509_certificate(context.peer_certificates[digest]) for digest in tls.peer_chain]
            anchors = [x509.load_der_x509_certificate(anchor) for anchor in context.trust_anchors]
            faults = [_CHECKS[check](chain, anchors, context) for check in checks]
    except _UNREADABLE as error:
        return [Text(en=f"the certificate cannot be read: {error}", ja=f"証明書を読み取れない: {error}")]
    return [fault for fault in faults if fault is not None]


_Chain = list[x509.Certificate]


def _validity(chain: _Chain, _anchors: _Chain, context: Context) -> Text | None:
    now = datetime.fromisoformat(context.started)
    tolerance = timedelta(seconds=context.clock_tolerance_s)
    for depth, certificate in enumerate(chain):
        if now - tolerance > certificate.not_valid_after_utc or now + tolerance < certificate.not_valid_before_utc:
            begin, end = certificate.not_valid_before_utc.isoformat(), certificate.not_valid_after_utc.isoformat()
            return Text(
                en=f"certificate {depth} of the chain is valid from {begin} to {end} only",
                ja=f"チェーンの{depth}番目の証明書の有効期間は {begin} から {end} まで",
            )
    return None


def _trust(chain: _Chain, anchors: _Chain, _context: Context) -> Text | None:
    for subject, issuer in pairwise(chain):
        if not _issued(subject, issuer):
            return Text(
                en=f"{subject.subject.rfc4514_string()!r} is not issued by the next certificate of the chain",
                ja=f"{subject.subject.rfc4514_string()!r} はチェーンの次の証明書によって発行されていない",
            )
    last = chain[-1]
    if any(last == anchor or _issued(last, anchor) for anchor in anchors):
        return None
    return Text(
        en=f"the chain ends at {last.issuer.rfc4514_string()!r}, which is no agreed trust anchor",
        ja=f"チェーンの終端 {last.issuer.rfc4514_string()!r} は合意されたトラストアンカーではない",
    )


def _issued(subject: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        subject.verify_directly_issued_by(issuer)
    except (*_UNREADABLE, InvalidSignature):
        return False
    return True


def _names(certificate: x509.Certificate) -> x509.SubjectAlternativeName | None:
    try:
        return certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return None


def _name_in_san(chain: _Chain, _anchors: _Chain, context: Context) -> Text | None:
    san = _names(chain[0])
    names = [name.lower() for name in san.get_values_for_type(x509.DNSName)] if san else []
    addresses = san.get_values_for_type(x509.IPAddress) if san else []
    for wanted in context.server_names:
        if wanted.lower() in names or _wildcard(wanted.lower(), names) or _address(wanted) in addresses:
            return None
    shown = ", ".join([*names, *map(str, addresses)]) or "-"
    return Text(
        en=f"subjectAltName holds {shown}, none of {', '.join(context.server_names)}",
        ja=f"subjectAltName は {shown} であり、{', '.join(context.server_names)} のいずれも含まない",
    )


def _wildcard(wanted: str, names: list[str]) -> bool:
    _, _, parent = wanted.partition(".")
    return bool(parent) and f"*.{parent}" in names


def _address(wanted: str) -> object:
    try:
        return ip_address(wanted)
    except ValueError:
        return None


def _no_common_name_only(chain: _Chain, _anchors: _Chain, _context: Context) -> Text | None:
    san = _names(chain[0])
    if san is not None and (san.get_values_for_type(x509.DNSName) or san.get_values_for_type(x509.IPAddress)):
        return None
    return Text(en="it names itself in the common name only", ja="名称がコモンネームにしか記載されていない")


def _server_auth(chain: _Chain, _anchors: _Chain, _context: Context) -> Text | None:
    try:
        usages = chain[0].extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return Text(en="it has no extended key usage", ja="拡張鍵用途がない")
    if ExtendedKeyUsageOID.SERVER_AUTH in usages:
        return None
    return Text(en="its extended key usage lacks serverAuth", ja="拡張鍵用途に serverAuth がない")


def _not_a_ca(chain: _Chain, _anchors: _Chain, _context: Context) -> Text | None:
    try:
        constraints = chain[0].extensions.get_extension_for_class(x509.BasicConstraints).value
    except x509.ExtensionNotFound:
        return None
    if not constraints.ca:
        return None
    return Text(en="it is a CA certificate", ja="CA証明書である")


def _identity_uri(chain: _Chain, _anchors: _Chain, context: Context) -> Text | None:
    san = _names(chain[0])
    uris = san.get_values_for_type(x509.UniformResourceIdentifier) if san else []
    identities = [uri for uri in uris if uri.startswith("urn:uuid:")]
    if len(identities) == 1 and context.identity in {None, identities[0]}:
        return None
    return Text(
        en=f"its URI names are {', '.join(uris) or '-'}; one urn:uuid: of the product is needed",
        ja=f"URI名は {', '.join(uris) or '-'} であり、製品の urn:uuid: が一つ必要である",
    )


_CHECKS: dict[str, Callable[[_Chain, _Chain, Context], Text | None]] = {
    "validity": _validity,
    "trust": _trust,
    "name-in-san": _name_in_san,
    "no-common-name-only": _no_common_name_only,
    "server-auth": _server_auth,
    "not-a-ca": _not_a_ca,
    "identity-uri": _identity_uri,
}
