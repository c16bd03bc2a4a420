"""A ClientHello made by hand, for offers that no TLS library makes any more (RFC 8446 4.1.2, RFC 5246 7.4.1.2)."""

import secrets
from collections.abc import Iterable

from cryptography.hazmat.primitives.asymmetric import ec, x25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from conformance.model.operations import HelloSend
from conformance.wire.names import VERSION_NUMBERS, group_number, signature_scheme_number, suite_number
from conformance.wire.records import ContentType

_CLIENT_HELLO = 1
_SSL3, _TLS10, _TLS12, _TLS13 = (VERSION_NUMBERS[name] for name in ("ssl3", "tls1.0", "tls1.2", "tls1.3"))
_SCSV_RENEGOTIATION, _SCSV_FALLBACK = 0x00FF, 0x5600  # RFC 5746 3.3, RFC 7507 3
_TLS13_SUITE_PREFIX = 0x13

SUITES_TLS13 = ("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256")
SUITES_TLS12 = (
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_128_CCM",
    "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
    "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384",
)
SUITES_OLDER = (
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
    "TLS_DHE_RSA_WITH_AES_128_CBC_SHA",
    "TLS_DHE_RSA_WITH_AES_256_CBC_SHA",
    "TLS_RSA_WITH_AES_128_CBC_SHA",
    "TLS_RSA_WITH_AES_256_CBC_SHA",
    "TLS_RSA_WITH_3DES_EDE_CBC_SHA",
    "TLS_RSA_WITH_RC4_128_SHA",
)
"""What a version without AEAD can take: enough for a peer that would speak it at all to answer."""

GROUPS = ("x25519", "secp256r1", "secp384r1", "secp521r1", "ffdhe2048", "ffdhe3072")
SIGNATURE_SCHEMES = (
    "ecdsa_secp256r1_sha256",
    "ecdsa_secp384r1_sha384",
    "ecdsa_secp521r1_sha512",
    "ed25519",
    "rsa_pss_rsae_sha256",
    "rsa_pss_rsae_sha384",
    "rsa_pss_rsae_sha512",
    "rsa_pkcs1_sha256",
    "rsa_pkcs1_sha384",
    "rsa_pkcs1_sha512",
)


def build(hello: HelloSend, server_name: str | None) -> bytes:
    """Return the record with the ClientHello that `hello` asks for; random octets and key shares are fresh.

    Without a version it offers 1.3 and 1.2, or what the suites given belong to. TLS 1.3 carries real key shares for
    x25519 and secp256r1 where those groups are offered. Raises UnknownNameError.
    """
    suites = [suite_number(name) for name in hello.suites]
    versions = _versions(hello.version, suites)
    if not suites:
        suites = [suite_number(name) for name in _default_suites(versions)]
    highest = max(versions)
    if highest == _SSL3:
        suites.append(_SCSV_RENEGOTIATION)
    if hello.fallback_scsv:
        suites.append(_SCSV_FALLBACK)
    body = _u16(min(highest, _TLS12)) + secrets.token_bytes(32)
    body += _vector(secrets.token_bytes(32) if highest == _TLS13 else b"", 1)
    body += _vector(b"".join(_u16(suite) for suite in suites), 2)
    body += _vector(bytes(method & 0xFF for method in hello.compression), 1)
    if highest > _SSL3:
        body += _vector(b"".join(_extensions(hello, versions, server_name)), 2)
    message = bytes([_CLIENT_HELLO]) + _vector(body, 3)
    return bytes([ContentType.HANDSHAKE]) + _u16(min(highest, _TLS10)) + _vector(message, 2)


def _versions(asked: str | None, suites: list[int]) -> tuple[int, ...]:
    """Return the versions offered, the highest first; below 1.3 the one number stands for all below it too."""
    newer = any(suite >> 8 == _TLS13_SUITE_PREFIX for suite in suites)
    older = any(suite >> 8 != _TLS13_SUITE_PREFIX for suite in suites)
    if asked is None:
        if not suites:
            return (_TLS13, _TLS12)
        return ((_TLS13,) if newer else ()) + ((_TLS12,) if older else ())
    number = VERSION_NUMBERS[asked]
    return (_TLS13, _TLS12) if number == _TLS13 and older else (number,)


def _default_suites(versions: tuple[int, ...]) -> tuple[str, ...]:
    if max(versions) < _TLS12:
        return SUITES_OLDER
    return (SUITES_TLS13 if _TLS13 in versions else ()) + (SUITES_TLS12 if _TLS12 in versions else ())


def _extensions(hello: HelloSend, versions: tuple[int, ...], server_name: str | None) -> Iterable[bytes]:
    groups = [group_number(name) for name in hello.groups or GROUPS]
    schemes = [signature_scheme_number(name) for name in hello.signature_schemes or SIGNATURE_SCHEMES]
    if server_name:
        host = _vector(server_name.encode("ascii" if server_name.isascii() else "idna"), 2)
        yield _extension(0, _vector(b"\0" + host, 2))  # server_name, RFC 6066 3
    yield _extension(10, _vector(b"".join(map(_u16, groups)), 2))  # supported_groups, RFC 8422 5.1.1, RFC 7919 2
    yield _extension(11, _vector(b"\0", 1))  # ec_point_formats: uncompressed, RFC 8422 5.1.2
    if max(versions) >= _TLS12:
        yield _extension(13, _vector(b"".join(map(_u16, schemes)), 2))  # signature_algorithms, RFC 8446 4.2.3
    yield _extension(23, b"")  # extended_master_secret, RFC 7627 5.1
    yield _extension(0xFF01, b"\0")  # renegotiation_info, RFC 5746 3.2
    if _TLS13 in versions:
        yield _extension(43, _vector(b"".join(map(_u16, versions)), 1))  # supported_versions, RFC 8446 4.2.1
        yield _extension(45, _vector(b"\1", 1))  # psk_key_exchange_modes: psk_dhe_ke, RFC 8446 4.2.9
        yield _extension(51, _vector(b"".join(_key_shares(groups)), 2))  # key_share, RFC 8446 4.2.8


def _key_shares(groups: list[int]) -> Iterable[bytes]:
    x25519_group, p256_group = group_number("x25519"), group_number("secp256r1")
    for group in groups:
        if group == x25519_group:
            share = x25519.X25519PrivateKey.generate().public_key().public_bytes_raw()
        elif group == p256_group:
            public = ec.generate_private_key(ec.SECP256R1()).public_key()
            share = public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        else:
            continue
        yield _u16(group) + _vector(share, 2)


def _u16(number: int) -> bytes:
    return number.to_bytes(2, "big")


def _vector(content: bytes, octets: int) -> bytes:
    """Return `content` behind its length in `octets` octets (RFC 8446 3.4)."""
    return len(content).to_bytes(octets, "big") + content


def _extension(number: int, content: bytes) -> bytes:
    return _u16(number) + _vector(content, 2)
