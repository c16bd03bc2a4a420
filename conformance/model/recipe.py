"""Recipes of certificates and chains: what a vector asks the lab PKI to issue."""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from conformance.model.duration import Duration


class Issuer(StrEnum):
    """Who signs a client's leaf certificate."""

    ISSUING = "issuing"
    ROOT = "root"
    RETIRED = "retired"
    LAPSED = "lapsed"
    OTHER_POINT = "other-point"
    FOREIGN = "foreign"
    LOOK_ALIKE_ROOT = "look-alike-root"
    LOOK_ALIKE_ISSUING = "look-alike-issuing"
    ITSELF = "itself"
    LEAF = "leaf"


class KeyKind(StrEnum):
    """Kind of key pair."""

    P256 = "p256"
    P384 = "p384"
    P521 = "p521"
    RSA1024 = "rsa1024"
    RSA2048 = "rsa2048"
    RSA3072 = "rsa3072"
    ED25519 = "ed25519"


class Usage(StrEnum):
    """Extended key usages by their RFC 5280 names."""

    CLIENT_AUTH = "clientAuth"
    SERVER_AUTH = "serverAuth"
    CODE_SIGNING = "codeSigning"
    EMAIL_PROTECTION = "emailProtection"
    TIME_STAMPING = "timeStamping"
    OCSP_SIGNING = "OCSPSigning"
    ANY = "anyExtendedKeyUsage"


class Hash(StrEnum):
    """Hash of the issuer's signature."""

    SHA256 = "sha256"
    SHA384 = "sha384"
    SHA1 = "sha1"
    MD5 = "md5"


class CertificateRecipe(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """How one certificate differs from a good one; whatever is absent is good."""

    common_name: Annotated[Annotated[str, Meta(max_length=64)] | None, Meta(description="subject common name")] = None
    dns_names: Annotated[tuple[str, ...] | None, Meta(description="dNSName entries of subjectAltName; [] for none")] = (
        None
    )
    uris: Annotated[tuple[str, ...] | None, Meta(description="URI entries of subjectAltName")] = None
    ip_addresses: Annotated[tuple[str, ...] | None, Meta(description="iPAddress entries of subjectAltName")] = None
    not_before: Annotated[Duration | None, Meta(description="relative to now")] = None
    not_after: Annotated[Duration | None, Meta(description="relative to now")] = None
    key: Annotated[KeyKind, Meta(description="kind of key pair")] = KeyKind.P256
    signature_hash: Annotated[Hash, Meta(description="hash the issuer signs with")] = Hash.SHA256
    signature: Annotated[str, Meta(pattern="^(valid|corrupted)$", description="corrupted: one bit flipped")] = "valid"
    serial: Annotated[
        str, Meta(pattern="^(fresh|revoked)$", description="revoked: on the issuer's revocation list")
    ] = "fresh"
    ca: Annotated[bool | None, Meta(description="basicConstraints cA; absent: as it is right for the place")] = None
    path_length: Annotated[
        Annotated[int, Meta(ge=0)] | None, Meta(description="basicConstraints pathLenConstraint")
    ] = None
    key_usage: Annotated[tuple[str, ...] | None, Meta(description="RFC 5280 names; [] leaves the extension out")] = None
    extended_key_usage: Annotated[tuple[Usage, ...] | None, Meta(description="[] leaves the extension out")] = None
    roles: Annotated[
        tuple[int, ...] | None, Meta(description="IEC 62351-8 role numbers; [] leaves the extension out")
    ] = None


class ChainRecipe(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """How the client's chain differs from a good one: leaf, issuing CA, and what is sent."""

    leaf: Annotated[CertificateRecipe, Meta(description="the client's own certificate")] = CertificateRecipe()
    issued_by: Annotated[Issuer, Meta(description="who signs the leaf")] = Issuer.ISSUING
    issuing: Annotated[
        CertificateRecipe | None,
        Meta(description="the issuing CA's certificate made anew with its real key and name, differing in this"),
    ] = None
    send: Annotated[
        str, Meta(pattern="^(leaf|chain|all)$", description="leaf alone, leaf and CAs below the root, or all")
    ] = "chain"
