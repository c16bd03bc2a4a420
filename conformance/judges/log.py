"""Judges a security-event log: is there an entry for what an earlier step did."""

from datetime import datetime, timedelta
from typing import Any

from conformance.model.predicates import Logged
from conformance.model.text import Text
from conformance.model.transcript import Context, StepRecord


def log_fault(reading: StepRecord, attempt: StepRecord, expected: Logged, context: Context) -> Text | None:
    """Return a sentence if no entry of the log read by `reading` is about `attempt`, else None.

    An entry is about the attempt if it names the serial of the attempt's client certificate; where the attempt
    carried none, if it was written while the attempt lasted, within the agreed clock tolerance.
    """
    answer = reading.exchange.answer
    entries = answer.data.get("entries") if answer is not None and isinstance(answer.data, dict) else None
    if not isinstance(entries, list):
        return Text(en="the log cannot be read", ja="ログを読み取れない")
    about = [entry for entry in entries if isinstance(entry, dict) and _is_about(entry, attempt, context)]
    if not about:
        return Text(
            en=f"none of {len(entries)} entries is about this attempt",
            ja=f"{len(entries)}件のどの記録もこの試行に対応しない",
        )
    fitting = [entry for entry in about if _fits(entry, expected)]
    if not fitting:
        seen = ", ".join(sorted({f"{entry.get('category')}/{entry.get('code')}" for entry in about}))
        return Text(en=f"the entries say {seen}", ja=f"記録の内容は {seen} である")
    empty = [name for name in expected.fields if all(entry.get(name) in (None, "") for entry in fitting)]
    if empty:
        return Text(
            en=f"the entry lacks {', '.join(empty)}",
            ja=f"記録に {', '.join(empty)} がない",
        )
    return None


def _fits(entry: dict[str, Any], expected: Logged) -> bool:
    return (
        (not expected.codes or entry.get("code") in expected.codes)
        and (not expected.categories or entry.get("category") in expected.categories)
        and (expected.result is None or entry.get("result") == expected.result)
    )


def _is_about(entry: dict[str, Any], attempt: StepRecord, context: Context) -> bool:
    tls = attempt.exchange.tls
    if tls is not None and tls.client_serial is not None:
        return bool(entry.get("serial") == tls.client_serial)
    return _written_during(entry.get("time"), attempt, context)


def _written_during(written: object, attempt: StepRecord, context: Context) -> bool:
    try:
        moment = datetime.fromisoformat(str(written))
        run = datetime.fromisoformat(context.started)
    except ValueError:
        return False
    if moment.tzinfo is None:
        return False
    begin = run + timedelta(seconds=attempt.started_s + context.clock_offset_s)
    tolerance = timedelta(seconds=context.clock_tolerance_s)
    return begin - tolerance <= moment <= begin + timedelta(seconds=attempt.exchange.duration_s) + tolerance
