"""The security-event log of a connection point: a ring in memory, numbered without gaps, one line each on stderr."""

from __future__ import annotations

import contextlib
import os
import select
import time
from collections import deque
from typing import TYPE_CHECKING

import msgspec

from reference_impl.session import Session, serial_of, subject_name

if TYPE_CHECKING:
    from cryptography import x509

    from reference_impl.rules import Rules

CAPACITY = 4096
LONGEST_TEXT = 256
LONGEST_LINE = 2048
STDERR = 2

ALARMS = frozenset(
    {
        "BAD_CERT",
        "CERT_EXPIRED",
        "CERT_NOT_CONFIGURED",
        "CERT_NOT_TRUSTED",
        "CERT_NOT_YET_VALID",
        "CERT_REQUIRED",
        "CERT_REVOKED",
        "CERT_VALIDATION_FAILED",
        "UNSECURE_COMMUNICATION",
    }
)
NOTICES = frozenset({"SESSION_ESTABLISHED", "ACCESS_GRANTED", "CONTROL_ACCEPTED", "CONFIGURATION_CHANGED"})


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One entry. `serial` is that of the client certificate in lowercase hexadecimal, null without one."""

    sequence: int
    time: str
    connection_point: str
    binding: str
    source: str
    category: str
    code: str
    type: str
    severity: str
    subject: str | None
    serial: str | None
    object: str
    result: str
    detail: str


def write_line(text: str) -> None:
    """Writes a line to stderr, or leaves it out when nobody drains the pipe: a log must not stop the MMS."""
    poller = select.poll()
    poller.register(STDERR, select.POLLOUT)
    with contextlib.suppress(OSError):
        if poller.poll(0):
            os.write(STDERR, text.encode(errors="backslashreplace")[:LONGEST_LINE] + b"\n")


class EventLog:
    """Keeps the newest entries. What is kept and how is the rules' decision."""

    def __init__(self, point: str, rules: Rules) -> None:
        self._point = point
        self._rules = rules
        self._entries: deque[Event] = deque(maxlen=CAPACITY)
        self._last = 0

    def entries(self, after: int, limit: int) -> list[Event]:
        """At most `limit` entries with a sequence number above `after`, oldest first."""
        newer = [event for event in self._entries if event.sequence > after] if after < self._last else []
        return newer[:limit]

    def refused_peer(
        self, *, binding: str, source: str, code: str, certificate: x509.Certificate | None, detail: str
    ) -> None:
        """A connection that was not let in, with its IEC 62351-3 event code."""
        if self._rules.keeps_authentication_failure():
            self._append(
                binding=binding,
                source=source,
                certificate=certificate,
                category="security",
                code=code,
                kind="authentication",
                result="refused",
                detail=detail,
            )

    def established(self, session: Session, detail: str) -> None:
        """A secure session with a verified peer."""
        if self._rules.keeps_access():
            self._of(session, category="security", code="SESSION_ESTABLISHED", kind="session", detail=detail)

    def granted(self, session: Session, target: str) -> None:
        """A request that was served."""
        if self._rules.keeps_access():
            self._of(session, category="access", code="ACCESS_GRANTED", kind="authorisation", target=target)

    def denied(self, session: Session, target: str, detail: str) -> None:
        """A request refused for lack of rights, or because nothing here answers to it."""
        if self._rules.keeps_denial():
            self._of(
                session,
                category="access",
                code="ACCESS_DENIED",
                kind="authorisation",
                target=target,
                detail=detail,
                result="refused",
            )

    def commanded(self, session: Session, target: str, detail: str) -> None:
        """A control that took effect, or was withdrawn."""
        if self._rules.keeps_control():
            self._of(session, category="control", code="CONTROL_ACCEPTED", kind="control", target=target, detail=detail)

    def control_refused(self, session: Session, target: str, detail: str) -> None:
        """A control that an entitled operator sent and that was refused."""
        if self._rules.keeps_control():
            self._of(
                session,
                category="control",
                code="CONTROL_REFUSED",
                kind="control",
                target=target,
                detail=detail,
                result="refused",
            )

    def configured(self, what: str, result: str) -> None:
        """Trust anchors, revocation lists, peers or the own certificate were read again."""
        self._append(
            source="local",
            category="configuration",
            code="CONFIGURATION_CHANGED",
            kind="configuration",
            result=result,
            detail=what,
        )

    def _of(
        self,
        session: Session,
        *,
        category: str,
        code: str,
        kind: str,
        target: str = "",
        detail: str = "",
        result: str = "accepted",
    ) -> None:
        self._append(
            binding=session.binding,
            source=session.source,
            certificate=session.certificate,
            category=category,
            code=code,
            kind=kind,
            target=target,
            result=result,
            detail=detail,
        )

    def _append(
        self,
        *,
        source: str,
        category: str,
        code: str,
        kind: str,
        result: str,
        detail: str,
        binding: str = "",
        target: str = "",
        certificate: x509.Certificate | None = None,
    ) -> None:
        subject = None if certificate is None else subject_name(certificate)
        serial = serial_of(certificate)
        severity = "alarm" if code in ALARMS else "notice" if code in NOTICES else "warning"
        self._last = self._rules.next_sequence(self._last)
        event = Event(
            sequence=self._last,
            time=self._rules.timestamp(time.time()),
            connection_point=self._point,
            binding=binding,
            source=source,
            category=category,
            code=code,
            type=kind,
            severity=severity,
            subject=self._rules.logged_subject(subject),
            serial=serial,
            object=target[:LONGEST_TEXT],
            result=result,
            detail=detail[:LONGEST_TEXT],
        )
        self._entries.append(event)
        write_line(
            f"{event.time} {self._point} {severity} {code} {result} source={source} subject={event.subject!r}"
            f" serial={serial} object={event.object!r} {event.detail!r}"
        )
