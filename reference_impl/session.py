"""Who is on a connection: the session, and the subject that a request acts for."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from cryptography import x509

from reference_impl.roles import Role, iec_user_roles, modbus_role

UNREADABLE = (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType, x509.InvalidVersion)


def subject_name(certificate: x509.Certificate) -> str:
    """The first dNSName of the certificate, or its distinguished name where it has none."""
    try:
        names = dns_names(certificate)
    except UNREADABLE:
        names = []
    return names[0] if names else certificate.subject.rfc4514_string()


def dns_names(certificate: x509.Certificate) -> list[str]:
    """The dNSNames of the subjectAltName extension (RFC 5280 4.2.1.6); one of UNREADABLE when it is none."""
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return []
    return extension.value.get_values_for_type(x509.DNSName)


def serial_of(certificate: x509.Certificate | None) -> str | None:
    """The serial number in lowercase hexadecimal, as the security-event log shows it."""
    return None if certificate is None else format(certificate.serial_number, "x")


@dataclass(frozen=True)
class Session:
    """One connection whose peer was let in: where it came from and what it proved."""

    point: str
    binding: str
    source: str
    certificate: x509.Certificate | None

    @functools.cached_property
    def presented_roles(self) -> list[int | str]:
        """Roles in the certificate, in the notation of the binding: numbers for https, names for Modbus.

        An extension that cannot be decoded counts as one role that nobody knows.
        """
        if self.certificate is None:
            return []
        try:
            if self.binding == "modbus":
                name = modbus_role(self.certificate)
                return [] if name is None else [name]
            return list(iec_user_roles(self.certificate))
        except UNREADABLE:
            return ["undecodable"]


@dataclass(frozen=True)
class Subject:
    """Who a request acts for."""

    name: str
    serial: str | None
    role: Role
