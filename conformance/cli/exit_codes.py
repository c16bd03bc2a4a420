"""What the exit code of a run says, computed from its report."""

from enum import IntEnum

from conformance.model.criterion import Gate
from conformance.model.finding import Verdict
from conformance.model.report import Report, Word


class ExitCode(IntEnum):
    """Exit codes of the command; a table in the README, and a test."""

    CONNECT = 0
    NON_CONFORMITY = 1
    NOT_ASSESSED = 2
    BAD_INPUT = 3
    SUITE_BROKE = 4
    REFUSED = 5
    INTERRUPTED = 130


def of_run(report: Report, *, allow_conditions: bool = False) -> ExitCode:
    """Return the exit code of a run: of its decisions, or of the selected items where it was a selection.

    With several connection points and regions the worst counts.
    """
    if not report.complete:
        return ExitCode.INTERRUPTED
    if report.selection:
        return _of_items(report)
    whole = [decision for decision in report.decisions if decision.binding is None]
    words = {decision.word for decision in whole}
    failed = any(
        result.failed and result.mandatory and result.gate is not Gate.OBSERVE
        for result in report.criteria
        if result.binding is None
    )
    if Word.DO_NOT_CONNECT in words:
        return ExitCode.NON_CONFORMITY
    if Word.NOT_ASSESSED in words or not words:
        return ExitCode.NON_CONFORMITY if failed else ExitCode.NOT_ASSESSED
    if Word.CONDITIONS in words and not allow_conditions:
        return ExitCode.NON_CONFORMITY
    return ExitCode.CONNECT


def _of_items(report: Report) -> ExitCode:
    verdicts = {item.verdict for item in report.items if item.status == "active"}
    if Verdict.FAIL in verdicts:
        return ExitCode.NON_CONFORMITY
    if verdicts & {Verdict.INCONCLUSIVE, Verdict.ERROR, Verdict.NOT_RUN}:
        return ExitCode.NOT_ASSESSED
    return ExitCode.CONNECT
