"""What each verdict is called in the formats of other people, as one table."""

from msgspec import Struct

from conformance.model.finding import Verdict


class Mapped(Struct, frozen=True, kw_only=True):
    """One verdict in every format; None where the format has no place for it."""

    pytest: str
    allure: str
    junit: str | None
    ctrf: str
    oscal_state: str | None
    oscal_reason: str | None
    in_toto: str | None
    earl: str
    ttcn3: str | None


MAPPING: dict[Verdict, Mapped] = {
    Verdict.PASS: Mapped(
        pytest="passed",
        allure="passed",
        junit=None,
        ctrf="passed",
        oscal_state="satisfied",
        oscal_reason="pass",
        in_toto="passedTests",
        earl="passed",
        ttcn3="pass",
    ),
    Verdict.FAIL: Mapped(
        pytest="failed",
        allure="failed",
        junit="failure",
        ctrf="failed",
        oscal_state="not-satisfied",
        oscal_reason="fail",
        in_toto="failedTests",
        earl="failed",
        ttcn3="fail",
    ),
    Verdict.INCONCLUSIVE: Mapped(
        pytest="failed",
        allure="broken",
        junit="failure",
        ctrf="other",
        oscal_state="not-satisfied",
        oscal_reason="inconclusive",
        in_toto="failedTests",
        earl="cantTell",
        ttcn3="inconc",
    ),
    Verdict.ERROR: Mapped(
        pytest="error",
        allure="broken",
        junit="error",
        ctrf="other",
        oscal_state="not-satisfied",
        oscal_reason="error",
        in_toto="failedTests",
        earl="cantTell",
        ttcn3="error",
    ),
    Verdict.NOT_APPLICABLE: Mapped(
        pytest="skipped",
        allure="skipped",
        junit="skipped",
        ctrf="skipped",
        oscal_state=None,
        oscal_reason=None,
        in_toto=None,
        earl="inapplicable",
        ttcn3=None,
    ),
    Verdict.NOT_RUN: Mapped(
        pytest="skipped",
        allure="skipped",
        junit="skipped",
        ctrf="pending",
        oscal_state="not-satisfied",
        oscal_reason="not-run",
        in_toto="failedTests",
        earl="untested",
        ttcn3="none",
    ),
}
