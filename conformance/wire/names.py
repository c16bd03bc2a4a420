"""Names and numbers of TLS as IANA registers them, both ways: alerts, versions, groups, signature schemes, suites."""

from conformance.wire.cipher_suites import CIPHER_SUITE_NUMBERS, CIPHER_SUITES

ALERTS = {
    0: "close_notify",
    10: "unexpected_message",
    20: "bad_record_mac",
    21: "decryption_failed",
    22: "record_overflow",
    30: "decompression_failure",
    40: "handshake_failure",
    41: "no_certificate",
    42: "bad_certificate",
    43: "unsupported_certificate",
    44: "certificate_revoked",
    45: "certificate_expired",
    46: "certificate_unknown",
    47: "illegal_parameter",
    48: "unknown_ca",
    49: "access_denied",
    50: "decode_error",
    51: "decrypt_error",
    60: "export_restriction",
    70: "protocol_version",
    71: "insufficient_security",
    80: "internal_error",
    86: "inappropriate_fallback",
    90: "user_canceled",
    100: "no_renegotiation",
    109: "missing_extension",
    110: "unsupported_extension",
    111: "certificate_unobtainable",
    112: "unrecognized_name",
    113: "bad_certificate_status_response",
    114: "bad_certificate_hash_value",
    115: "unknown_psk_identity",
    116: "certificate_required",
    120: "no_application_protocol",
}

VERSIONS = {0x0300: "ssl3", 0x0301: "tls1.0", 0x0302: "tls1.1", 0x0303: "tls1.2", 0x0304: "tls1.3"}
VERSION_NUMBERS = {name: number for number, name in VERSIONS.items()}

GROUPS = {
    0x0001: "sect163k1",
    0x0002: "sect163r1",
    0x0003: "sect163r2",
    0x0004: "sect193r1",
    0x0005: "sect193r2",
    0x0006: "sect233k1",
    0x0007: "sect233r1",
    0x0008: "sect239k1",
    0x0009: "sect283k1",
    0x000A: "sect283r1",
    0x000B: "sect409k1",
    0x000C: "sect409r1",
    0x000D: "sect571k1",
    0x000E: "sect571r1",
    0x000F: "secp160k1",
    0x0010: "secp160r1",
    0x0011: "secp160r2",
    0x0012: "secp192k1",
    0x0013: "secp192r1",
    0x0014: "secp224k1",
    0x0015: "secp224r1",
    0x0016: "secp256k1",
    0x0017: "secp256r1",
    0x0018: "secp384r1",
    0x0019: "secp521r1",
    0x001A: "brainpoolP256r1",
    0x001B: "brainpoolP384r1",
    0x001C: "brainpoolP512r1",
    0x001D: "x25519",
    0x001E: "x448",
    0x0100: "ffdhe2048",
    0x0101: "ffdhe3072",
    0x0102: "ffdhe4096",
    0x0103: "ffdhe6144",
    0x0104: "ffdhe8192",
    0x11EB: "SecP256r1MLKEM768",
    0x11EC: "X25519MLKEM768",
}
GROUP_NUMBERS = {name: number for number, name in GROUPS.items()}

SIGNATURE_SCHEMES = {
    0x0101: "rsa_pkcs1_md5",
    0x0103: "ecdsa_md5",
    0x0201: "rsa_pkcs1_sha1",
    0x0202: "dsa_sha1",
    0x0203: "ecdsa_sha1",
    0x0301: "rsa_pkcs1_sha224",
    0x0303: "ecdsa_sha224",
    0x0401: "rsa_pkcs1_sha256",
    0x0403: "ecdsa_secp256r1_sha256",
    0x0501: "rsa_pkcs1_sha384",
    0x0503: "ecdsa_secp384r1_sha384",
    0x0601: "rsa_pkcs1_sha512",
    0x0603: "ecdsa_secp521r1_sha512",
    0x0804: "rsa_pss_rsae_sha256",
    0x0805: "rsa_pss_rsae_sha384",
    0x0806: "rsa_pss_rsae_sha512",
    0x0807: "ed25519",
    0x0808: "ed448",
    0x0809: "rsa_pss_pss_sha256",
    0x080A: "rsa_pss_pss_sha384",
    0x080B: "rsa_pss_pss_sha512",
}
SIGNATURE_SCHEME_NUMBERS = {name: number for number, name in SIGNATURE_SCHEMES.items()}


class UnknownNameError(ValueError):
    """A suite, group or signature scheme is neither a registered name nor 0xNNNN."""


def alert_name(number: int) -> str:
    """Return the name of an alert description (RFC 8446 6 and its registry); `alert_NNN` if it has none."""
    return ALERTS.get(number, f"alert_{number}")


def version_name(number: int) -> str:
    """Return `tls1.2` and its like for a version number; 0xNNNN if it is none."""
    return VERSIONS.get(number, f"0x{number:04x}")


def suite_name(number: int) -> str:
    """Return the IANA name of a cipher suite; 0xNNNN if it has none."""
    return CIPHER_SUITES.get(number, f"0x{number:04x}")


def group_name(number: int) -> str:
    """Return the IANA name of a group; 0xNNNN if it has none."""
    return GROUPS.get(number, f"0x{number:04x}")


def suite_number(name: str) -> int:
    """Return the number of a cipher suite given by IANA name or 0xNNNN. Raises UnknownNameError."""
    return _number(name, CIPHER_SUITE_NUMBERS, "cipher suite")


def group_number(name: str) -> int:
    """Return the number of a group given by IANA name or 0xNNNN. Raises UnknownNameError."""
    return _number(name, GROUP_NUMBERS, "group")


def signature_scheme_number(name: str) -> int:
    """Return the number of a signature scheme given by IANA name or 0xNNNN. Raises UnknownNameError."""
    return _number(name, SIGNATURE_SCHEME_NUMBERS, "signature scheme")


def _number(name: str, known: dict[str, int], kind: str) -> int:
    if name in known:
        return known[name]
    try:
        number = int(name, 16) if name.lower().startswith("0x") else -1
    except ValueError:
        number = -1
    if not 0 <= number <= 0xFFFF:  # noqa: PLR2004  two octets on the wire
        raise UnknownNameError(f"{name!r} is no {kind}: write its IANA name, or 0x and four hexadecimal digits")
    return number
