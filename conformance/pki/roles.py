"""Roles in certificates: IEC 62351-8 IECUserRoles and the role of Modbus/TCP Security, as DER."""

from collections.abc import Sequence

from cryptography import x509
from cryptography.hazmat import asn1

IEC_USER_ROLES = x509.ObjectIdentifier("1.2.840.10070.8.1")
"""IEC 62351-8: the extension IECUserRoles."""

MODBUS_ROLE = x509.ObjectIdentifier("1.3.6.1.4.1.50316.802.1")
"""Modbus/TCP Security: the extension that carries one role as UTF8String."""

ROLE_NAMES = {
    -2: "AGGREGATOR_OPERATOR",
    -1: "DSO_OPERATOR",
    0: "VIEWER",
    1: "OPERATOR",
    2: "ENGINEER",
    3: "INSTALLER",
    4: "SECADM",
    5: "SECAUD",
    6: "RBACMNT",
}


@asn1.sequence
class _UserRoleInfo:
    user_role: list[int]
    area_of_responsibility: str
    revision: int


@asn1.sequence
class _UserRoles:
    """A SEQUENCE OF with one element has the encoding of a SEQUENCE with one component (X.690 8.9, 8.10)."""

    info: _UserRoleInfo


def role_extensions(roles: Sequence[int], area: str) -> tuple[x509.UnrecognizedExtension, ...]:
    """Return both role extensions for the IEC 62351-8 role numbers `roles` in the area `area`; none for no roles.

    Two roles are written "A,B" in the Modbus extension, which is no known role; an unknown number is `ROLE_n`.
    """
    if not roles:
        return ()
    info = _UserRoleInfo(user_role=list(roles), area_of_responsibility=area, revision=1)
    names = ",".join(ROLE_NAMES.get(role, f"ROLE_{role}") for role in roles)
    return (
        x509.UnrecognizedExtension(IEC_USER_ROLES, asn1.encode_der(_UserRoles(info=info))),
        x509.UnrecognizedExtension(MODBUS_ROLE, asn1.encode_der(names)),
    )
