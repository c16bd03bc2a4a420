"""Faults of the security-event log: what it leaves out, and what its entries lack."""

from __future__ import annotations

from datetime import datetime, timedelta

from typing_extensions import override

from reference_impl.faults.fault import fault
from reference_impl.rules.events import EventRules, utc


@fault("AUD-01", "IEC 62443-3-3 SR 2.8", "認証の失敗を記録しない。", reason="not-logged")
class DoesNotLogAuthenticationFailure(EventRules):
    """Does not log that a peer was refused."""

    @override
    def keeps_authentication_failure(self) -> bool:
        return False


@fault("AUD-01", "IEC 62443-3-3 SR 2.8", "許可したアクセスを記録しない。", reason="not-logged")
class DoesNotLogAccess(EventRules):
    """Does not log sessions and served requests."""

    @override
    def keeps_access(self) -> bool:
        return False


@fault("AUD-01", "IEC 62443-3-3 SR 2.8", "拒否したアクセスを記録しない。", reason="not-logged")
class DoesNotLogAccessDenied(EventRules):
    """Does not log that a request was denied."""

    @override
    def keeps_denial(self) -> bool:
        return False


@fault("AUD-01", "IEC 62443-3-3 SR 2.8", "制御指令を記録しない。", reason="not-logged")
class DoesNotLogControl(EventRules):
    """Does not log controls."""

    @override
    def keeps_control(self) -> bool:
        return False


@fault("AUD-01", "IEC 62443-3-3 SR 2.8", "だれの行為かを記録しない。", reason="content-wrong")
class LogsWithoutSubject(EventRules):
    """Does not log who acted."""

    @override
    def logged_subject(self, subject: str | None) -> str | None:
        return None


@fault("AUD-01", "IEC 62443-3-3 SR 2.11", "時刻を時差の表示のない地方時で記録する。", reason="content-wrong")
class LogsWithoutTimeZone(EventRules):
    """Logs local time without saying which."""

    @override
    def timestamp(self, now: float) -> str:
        local = datetime.fromisoformat(utc(now)) + timedelta(hours=9)
        return local.replace(tzinfo=None).isoformat(timespec="milliseconds")


@fault("AUD-01", "IEC 62351-14", "記録の通し番号に欠番がある。", reason="content-wrong")
class LosesSequenceNumbers(EventRules):
    """Leaves gaps in the sequence numbers of the log."""

    @override
    def next_sequence(self, last: int) -> int:
        return last + 2
