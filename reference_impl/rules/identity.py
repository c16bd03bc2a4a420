"""Decisions about who acts: the role that a session's certificate gives its holder."""

from __future__ import annotations

from collections.abc import Mapping

from reference_impl.problem import Problem
from reference_impl.roles import Role, known_role
from reference_impl.session import Session, Subject, serial_of, subject_name

NO_ROLE = "the certificate must carry exactly one role that is known here"


class IdentityRules:
    """IEC 62351-8: the role stands in the certificate, it is one, and it is known."""

    def subject(self, session: Session, path: str, headers: Mapping[str, str]) -> Subject:  # noqa: ARG002 - faults look
        """Who a request acts for; `path` and `headers` of the request prove nothing.

        Raises Problem 403 `unauthenticated` without a certificate, `unknown-role` without exactly one known role.
        """
        if session.certificate is None:
            raise Problem(403, "unauthenticated", "a client certificate is required")
        role = self.role(session.presented_roles)
        return Subject(name=subject_name(session.certificate), serial=serial_of(session.certificate), role=role)

    def role(self, presented: list[int | str]) -> Role:
        """The one known role among those presented; Problem 403 `unknown-role` otherwise."""
        if not presented:
            return self.without_role()
        if len(presented) > 1:
            return self.several_roles(presented)
        known = known_role(presented[0])
        return self.unknown_role(presented[0]) if known is None else known

    def without_role(self) -> Role:
        """No role extension: no access."""
        raise Problem(403, "unknown-role", NO_ROLE)

    def several_roles(self, presented: list[int | str]) -> Role:  # noqa: ARG002 - a fault looks
        """More than one role: no access."""
        raise Problem(403, "unknown-role", NO_ROLE)

    def unknown_role(self, presented: int | str) -> Role:  # noqa: ARG002 - a fault looks
        """A role that is not known here: no access."""
        raise Problem(403, "unknown-role", NO_ROLE)
