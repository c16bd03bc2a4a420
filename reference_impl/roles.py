"""Roles of IEC 62351-8 and how a certificate carries them."""

from __future__ import annotations

import enum

from cryptography import x509
from cryptography.hazmat import asn1

IEC_USER_ROLES = x509.ObjectIdentifier("1.2.840.10070.8.1")
MODBUS_ROLE = x509.ObjectIdentifier("1.3.6.1.4.1.50316.802.1")
SEQUENCE = b"\x30"


class Role(enum.IntEnum):
    """Pre-defined roles of IEC 62351-8, and two private ones for the operators on the other side."""

    VIEWER = 0
    OPERATOR = 1
    ENGINEER = 2
    INSTALLER = 3
    SECADM = 4
    SECAUD = 5
    RBACMNT = 6
    DSO_OPERATOR = -1
    AGGREGATOR_OPERATOR = -2


@asn1.sequence
class UserRoleInfo:
    """One entry of IECUserRoles: the roles, the area of responsibility and the revision of the role definitions."""

    user_role: list[int]
    area_of_responsibility: str
    revision: int


@asn1.sequence
class _Wrapped:
    """A SEQUENCE around IECUserRoles: the decoder takes a SEQUENCE OF only as a field."""

    infos: list[UserRoleInfo]


def _extension(certificate: x509.Certificate, oid: x509.ObjectIdentifier) -> bytes | None:
    for extension in certificate.extensions:
        if extension.oid == oid and isinstance(extension.value, x509.UnrecognizedExtension):
            return extension.value.value
    return None


def iec_user_roles(certificate: x509.Certificate) -> list[int]:
    """Every role number in the IECUserRoles extension, in order; empty without the extension (IEC 62351-8).

    Raises ValueError when the extension is no valid DER.
    """
    der = _extension(certificate, IEC_USER_ROLES)
    if der is None:
        return []
    wrapped = asn1.decode_der(_Wrapped, SEQUENCE + asn1.encode_der(der)[1:])
    return [number for info in wrapped.infos for number in info.user_role]


def modbus_role(certificate: x509.Certificate) -> str | None:
    """The text of the Modbus/TCP Security role extension, or None without it.

    Raises ValueError when the extension is no valid DER.
    """
    der = _extension(certificate, MODBUS_ROLE)
    return None if der is None else asn1.decode_der(str, der)


def known_role(presented: int | str) -> Role | None:
    """The role with this number or exactly this name."""
    if isinstance(presented, str):
        return Role.__members__.get(presented)
    return next((role for role in Role if role.value == presented), None)
