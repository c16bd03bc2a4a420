"""Making one certificate: what it says, who signs it, and the defects that no library would sign by itself."""

import secrets
from datetime import UTC, datetime
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID
from msgspec import Struct

from conformance.model.recipe import Hash, KeyKind, Usage
from conformance.model.text import Text
from conformance.pki.errors import RecipeImpossibleError

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey | ed25519.Ed25519PublicKey

_CURVES: dict[KeyKind, ec.EllipticCurve] = {
    KeyKind.P256: ec.SECP256R1(),
    KeyKind.P384: ec.SECP384R1(),
    KeyKind.P521: ec.SECP521R1(),
}
_RSA_BITS = {KeyKind.RSA1024: 1024, KeyKind.RSA2048: 2048, KeyKind.RSA3072: 3072}
_USAGE_OIDS = {
    Usage.CLIENT_AUTH: ExtendedKeyUsageOID.CLIENT_AUTH,
    Usage.SERVER_AUTH: ExtendedKeyUsageOID.SERVER_AUTH,
    Usage.CODE_SIGNING: ExtendedKeyUsageOID.CODE_SIGNING,
    Usage.EMAIL_PROTECTION: ExtendedKeyUsageOID.EMAIL_PROTECTION,
    Usage.TIME_STAMPING: ExtendedKeyUsageOID.TIME_STAMPING,
    Usage.OCSP_SIGNING: ExtendedKeyUsageOID.OCSP_SIGNING,
    Usage.ANY: ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,
}
_KEY_USAGES = {
    "digitalSignature": "digital_signature",
    "nonRepudiation": "content_commitment",
    "contentCommitment": "content_commitment",
    "keyEncipherment": "key_encipherment",
    "dataEncipherment": "data_encipherment",
    "keyAgreement": "key_agreement",
    "keyCertSign": "key_cert_sign",
    "cRLSign": "crl_sign",
    "encipherOnly": "encipher_only",
    "decipherOnly": "decipher_only",
}
_HASHES: dict[Hash, hashes.SHA256 | hashes.SHA384 | hashes.SHA1 | hashes.MD5] = {
    Hash.SHA256: hashes.SHA256(),
    Hash.SHA384: hashes.SHA384(),
    Hash.SHA1: hashes.SHA1(),  # noqa: S303  a defect that vectors ask for
    Hash.MD5: hashes.MD5(),  # noqa: S303  the same
}
# AlgorithmIdentifiers (RFC 5758 3.2, RFC 4055 5): what the library writes, and what stands there for the broken hashes.
_ECDSA_SHA256 = bytes.fromhex("300a06082a8648ce3d040302")
_ECDSA_BROKEN = {Hash.SHA1: bytes.fromhex("300906072a8648ce3d0401")}
_RSA_SHA256 = bytes.fromhex("300d06092a864886f70d01010b0500")
_RSA_BROKEN = {
    Hash.SHA1: bytes.fromhex("300d06092a864886f70d0101050500"),
    Hash.MD5: bytes.fromhex("300d06092a864886f70d0101040500"),
}
_LONG_FORM = 0x80


class Signer(Struct, frozen=True, kw_only=True):
    """Who signs: the name that stands as issuer, the key, and the key identifier written as authority's."""

    name: x509.Name
    key: PrivateKey
    key_identifier: bytes | None


class Contents(Struct, frozen=True, kw_only=True):
    """What a certificate says; `None` or empty leaves the extension out."""

    subject: x509.Name
    public_key: PublicKey
    serial: int
    not_before: datetime
    not_after: datetime
    alternative_names: tuple[x509.GeneralName, ...] = ()
    is_ca: bool = False
    path_length: int | None = None
    key_usage: tuple[str, ...] = ()
    extended_key_usage: tuple[Usage, ...] = ()
    subject_key_identifier: bytes | None = None
    extra: tuple[x509.UnrecognizedExtension, ...] = ()


def fresh_serial() -> int:
    """Return a positive random serial number of 16 octets (RFC 5280 4.1.2.2)."""
    return secrets.randbits(126) | 1 << 126


def name(common_name: str, unit: str = "") -> x509.Name:
    """Return the subject name of the lab's certificates; `unit` is the organisational unit."""
    attributes = [x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "mgcc lab")]
    if unit:
        attributes.append(x509.NameAttribute(x509.NameOID.ORGANIZATIONAL_UNIT_NAME, unit))
    attributes.append(x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name))
    return x509.Name(attributes)


def new_key(kind: KeyKind) -> PrivateKey:
    """Return a key pair of `kind`: fresh, but for RSA, whose keys are made once in a process (45 ms and more each)."""
    if kind in _CURVES:
        return ec.generate_private_key(_CURVES[kind])
    if kind is KeyKind.ED25519:
        return ed25519.Ed25519PrivateKey.generate()
    return _rsa_key(_RSA_BITS[kind])


@cache
def _rsa_key(bits: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def key_identifier(public_key: PublicKey) -> bytes:
    """Return the key identifier of `public_key` (RFC 5280 4.2.1.2, method 1)."""
    return x509.SubjectKeyIdentifier.from_public_key(public_key).digest


def make(contents: Contents, signer: Signer, hash_: Hash = Hash.SHA256, *, corrupted: bool = False) -> x509.Certificate:
    """Return the certificate that says `contents`, signed by `signer`; `corrupted` flips one bit of the signature.

    Raises RecipeImpossibleError where the contents or the hash cannot be encoded.
    """
    broken = hash_ in (Hash.SHA1, Hash.MD5)
    algorithm = None if isinstance(signer.key, ed25519.Ed25519PrivateKey) else _HASHES[Hash.SHA256 if broken else hash_]
    try:
        certificate = _builder(contents, signer).sign(signer.key, algorithm)  # type: ignore[arg-type]
    except (ValueError, TypeError) as error:
        raise _impossible(str(error)) from error
    if not (broken or corrupted):
        return certificate
    der = _signed_anew(certificate, signer.key, hash_) if broken else certificate.public_bytes(Encoding.DER)
    if corrupted:
        der = der[:-1] + bytes([der[-1] ^ 1])
    return x509.load_der_x509_certificate(der)


def _builder(contents: Contents, signer: Signer) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder(
        issuer_name=signer.name,
        subject_name=contents.subject,
        public_key=contents.public_key,
        serial_number=contents.serial,
        not_valid_before=contents.not_before.astimezone(UTC).replace(microsecond=0),
        not_valid_after=contents.not_after.astimezone(UTC).replace(microsecond=0),
    ).add_extension(x509.BasicConstraints(ca=contents.is_ca, path_length=contents.path_length), critical=True)
    if contents.key_usage:
        builder = builder.add_extension(_key_usage(contents.key_usage), critical=True)
    if contents.extended_key_usage:
        oids = [_USAGE_OIDS[usage] for usage in contents.extended_key_usage]
        builder = builder.add_extension(x509.ExtendedKeyUsage(oids), critical=False)
    if contents.alternative_names:
        critical = not list(contents.subject)
        builder = builder.add_extension(x509.SubjectAlternativeName(contents.alternative_names), critical=critical)
    if contents.subject_key_identifier is not None:
        builder = builder.add_extension(x509.SubjectKeyIdentifier(contents.subject_key_identifier), critical=False)
    if signer.key_identifier is not None:
        authority = x509.AuthorityKeyIdentifier(signer.key_identifier, None, None)
        builder = builder.add_extension(authority, critical=False)
    for extension in contents.extra:
        builder = builder.add_extension(extension, critical=False)
    return builder


def _key_usage(names: tuple[str, ...]) -> x509.KeyUsage:
    unknown = [each for each in names if each not in _KEY_USAGES]
    if unknown:
        raise _impossible(f"key usage {unknown[0]!r}; known: {', '.join(_KEY_USAGES)}")
    asked = {_KEY_USAGES[each] for each in names}
    return x509.KeyUsage(**{each: each in asked for each in _KEY_USAGES.values()})


def _signed_anew(certificate: x509.Certificate, key: PrivateKey, hash_: Hash) -> bytes:
    """Return `certificate` signed with a broken hash, which the library refuses to do: algorithm and signature anew."""
    if isinstance(key, ec.EllipticCurvePrivateKey) and hash_ in _ECDSA_BROKEN:
        old, new = _ECDSA_SHA256, _ECDSA_BROKEN[hash_]
    elif isinstance(key, rsa.RSAPrivateKey) and hash_ in _RSA_BROKEN:
        old, new = _RSA_SHA256, _RSA_BROKEN[hash_]
    else:
        raise _impossible(f"{hash_} with the issuer's key: no signature algorithm of X.509 combines them")
    body = certificate.tbs_certificate_bytes
    start = 2 if body[1] < _LONG_FORM else 2 + (body[1] & ~_LONG_FORM)
    to_sign = _tlv(0x30, body[start:].replace(old, new, 1))
    if isinstance(key, rsa.RSAPrivateKey):
        signature = key.sign(to_sign, padding.PKCS1v15(), _HASHES[hash_])
    else:
        signature = key.sign(to_sign, ec.ECDSA(_HASHES[hash_]))
    return _tlv(0x30, to_sign + new + _tlv(0x03, b"\0" + signature))


def _tlv(tag: int, value: bytes) -> bytes:
    length = len(value)
    if length < _LONG_FORM:
        return bytes([tag, length]) + value
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([tag, _LONG_FORM | len(octets)]) + octets + value


def _impossible(what: str) -> RecipeImpossibleError:
    return RecipeImpossibleError(
        Text(
            en=f"This certificate cannot be made: {what}. Change the recipe.",
            ja=f"この証明書は作成できません: {what}。レシピを修正してください。",
        )
    )
