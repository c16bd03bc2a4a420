"""What a judge says: findings with a reason from a closed list, and verdicts."""

from collections.abc import Iterable
from enum import StrEnum

from msgspec import Struct

from conformance.model.text import Text


class Verdict(StrEnum):
    """The verdict of an item."""

    PASS = "pass"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    ERROR = "error"
    NOT_APPLICABLE = "not-applicable"
    NOT_RUN = "not-run"


_WORST_FIRST = (
    Verdict.FAIL,
    Verdict.ERROR,
    Verdict.INCONCLUSIVE,
    Verdict.NOT_RUN,
    Verdict.PASS,
    Verdict.NOT_APPLICABLE,
)


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the worst of `verdicts`; nothing at all is *not run*."""
    present = set(verdicts)
    return next((verdict for verdict in _WORST_FIRST if verdict in present), Verdict.NOT_RUN)


class Assurance(StrEnum):
    """On what a finding rests."""

    OBSERVED = "observed"
    SIMULATED = "simulated"
    SOFTWARE = "software"
    HARDWARE = "hardware"
    DECLARED = "declared"


class Reason(StrEnum):
    """Why a finding is what it is; a closed list."""

    SERVED_AS_EXPECTED = "served-as-expected"
    REFUSED_BY_TLS = "refused-by-tls"
    REFUSED_BY_APPLICATION = "refused-by-application"
    NEGOTIATED_AS_EXPECTED = "negotiated-as-expected"
    NOT_NEGOTIATED = "not-negotiated"
    DECLARED_LEGACY = "declared-legacy"
    PORT_CLOSED = "port-closed"
    CONTENT_AS_EXPECTED = "content-as-expected"
    STATE_UNCHANGED = "state-unchanged"
    LOGGED = "logged"
    PEER_CERTIFICATE_ACCEPTABLE = "peer-certificate-acceptable"

    SERVED_DESPITE_DEFECT = "served-despite-defect"
    REFUSED_ALTHOUGH_VALID = "refused-although-valid"
    REFUSED_ANOTHER_WAY = "refused-another-way"
    NEGOTIATED_FORBIDDEN = "negotiated-forbidden"
    NOT_NEGOTIATED_ALTHOUGH_REQUIRED = "not-negotiated-although-required"
    CLEARTEXT_SERVICE = "cleartext-service"
    CONTENT_WRONG = "content-wrong"
    STATE_CHANGED = "state-changed"
    NOT_LOGGED = "not-logged"
    PEER_CERTIFICATE_UNACCEPTABLE = "peer-certificate-unacceptable"

    TWIN_NOT_SERVED = "twin-not-served"
    NO_ANSWER = "no-answer"
    CONNECTION_LOST = "connection-lost"
    UNREACHABLE = "unreachable"
    PRECONDITION_NOT_MET = "precondition-not-met"
    CLOCK_UNCERTAIN = "clock-uncertain"
    HOOK_FAILED = "hook-failed"

    SUITE_TROUBLE = "suite-trouble"
    DENIED_BY_ICS = "denied-by-ics"

    @property
    def verdict(self) -> Verdict:
        """The verdict that this reason carries."""
        return _VERDICTS[self]


_PASS = (
    Reason.SERVED_AS_EXPECTED,
    Reason.REFUSED_BY_TLS,
    Reason.REFUSED_BY_APPLICATION,
    Reason.NEGOTIATED_AS_EXPECTED,
    Reason.NOT_NEGOTIATED,
    Reason.DECLARED_LEGACY,
    Reason.PORT_CLOSED,
    Reason.CONTENT_AS_EXPECTED,
    Reason.STATE_UNCHANGED,
    Reason.LOGGED,
    Reason.PEER_CERTIFICATE_ACCEPTABLE,
)
_INCONCLUSIVE = (
    Reason.TWIN_NOT_SERVED,
    Reason.NO_ANSWER,
    Reason.CONNECTION_LOST,
    Reason.UNREACHABLE,
    Reason.PRECONDITION_NOT_MET,
    Reason.CLOCK_UNCERTAIN,
    Reason.HOOK_FAILED,
)
_VERDICTS = (
    dict.fromkeys(Reason, Verdict.FAIL)
    | dict.fromkeys(_PASS, Verdict.PASS)
    | dict.fromkeys(_INCONCLUSIVE, Verdict.INCONCLUSIVE)
    | {Reason.SUITE_TROUBLE: Verdict.ERROR}
)


class Effect(Struct, frozen=True, kw_only=True):
    """What a passing finding still does to the decision: a condition, or a cap on the level that may be claimed."""

    kind: str
    text: Text
    security_level: int | None = None


class Finding(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One statement of a judge: what was expected, what was observed, and why that matters."""

    reason: Reason
    step: str
    expected: Text
    observed: Text
    clause: str = ""
    assurance: Assurance = Assurance.OBSERVED
    effect: Effect | None = None

    @property
    def verdict(self) -> Verdict:
        """The verdict of the finding's reason."""
        return self.reason.verdict
