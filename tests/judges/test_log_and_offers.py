"""Logs are tied to the attempt they speak of; offers are judged by what the peer chose."""

from collections.abc import Callable
from typing import Any

import pytest
from exchanges import ALERT, CUT, GONE, SILENT, stimulus, twin

from conformance.model.finding import Finding, Reason
from conformance.model.transcript import Ending, Exchange, Grant, HelloFacts, ServiceAnswer

Judge = Callable[..., tuple[Finding, ...]]

LOG = [
    {"op": "service.read", "save": "attempt", "expect": "attempted"},
    {
        "op": "log.read",
        "as": "auditor",
        "expect": {"logged": {"of": "attempt", "codes": ["CERT_EXPIRED"], "fields": ["subject"]}},
    },
]


def log(*entries: dict[str, Any]) -> Exchange:
    good = ServiceAnswer(grant=Grant.GRANTED, native="HTTP 200", status=200, data={"entries": list(entries)})
    return Exchange(ending=Ending.OURS, duration_s=0.01, answer=good)


ENTRY = {
    "code": "CERT_EXPIRED",
    "category": "security",
    "serial": "cd",
    "subject": "CN=x",
    "time": "2026-11-23T10:00:00.005Z",
}


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (ENTRY, Reason.LOGGED),
        (ENTRY | {"serial": "ee"}, Reason.NOT_LOGGED),
        (ENTRY | {"code": "CERT_REVOKED"}, Reason.NOT_LOGGED),
        (ENTRY | {"subject": ""}, Reason.NOT_LOGGED),
    ],
)
def test_an_entry_is_tied_to_the_serial_of_the_attempt(judged: Judge, entry: dict[str, Any], reason: Reason) -> None:
    assert judged(LOG, [stimulus(ALERT), stimulus(log(entry), "2", "log.read")])[-1].reason is reason


@pytest.mark.parametrize(
    ("time", "reason"),
    [
        ("2026-11-23T10:00:01.000Z", Reason.LOGGED),
        ("2026-11-23T11:00:00.000Z", Reason.NOT_LOGGED),
        ("2026-11-23T10:00:01.000", Reason.NOT_LOGGED),
        ("yesterday", Reason.NOT_LOGGED),
    ],
)
def test_without_a_certificate_an_entry_is_tied_by_its_time(judged: Judge, time: str, reason: Reason) -> None:
    entry = ENTRY | {"serial": None, "time": time}
    assert judged(LOG, [stimulus(CUT), stimulus(log(entry), "2", "log.read")])[-1].reason is reason


CHOSEN = Exchange(
    ending=Ending.OURS,
    duration_s=0.01,
    hello=HelloFacts(kind="server-hello", version="tls1.0", suite="TLS_RSA_WITH_RC4_128_SHA", suite_number=5),
)
REFUSED = Exchange(
    ending=Ending.ALERT, duration_s=0.01, hello=HelloFacts(kind="alert", alert="protocol_version", alert_number=70)
)
QUIET = Exchange(ending=Ending.FIN, duration_s=0.01, hello=HelloFacts(kind="nothing"))
OFFER = [{"op": "hello.send", "expect": "not-negotiated", "twin": {}}]


@pytest.mark.parametrize(
    ("exchange", "reason"),
    [
        (CHOSEN, Reason.NEGOTIATED_FORBIDDEN),
        (REFUSED, Reason.NOT_NEGOTIATED),
        (QUIET, Reason.NOT_NEGOTIATED),
        (SILENT, Reason.NO_ANSWER),
        (GONE, Reason.UNREACHABLE),
    ],
)
def test_an_offer_is_taken_up_or_not(judged: Judge, exchange: Exchange, reason: Reason) -> None:
    findings = judged(OFFER, [stimulus(exchange, operation="hello.send"), twin(CHOSEN, operation="hello.send")])
    assert [finding.reason for finding in findings] == [reason, Reason.NEGOTIATED_AS_EXPECTED]


def test_a_good_offer_that_nobody_takes_up_leaves_the_item_open(judged: Judge) -> None:
    findings = judged(OFFER, [stimulus(REFUSED, operation="hello.send"), twin(REFUSED, operation="hello.send")])
    assert findings[1].reason is Reason.TWIN_NOT_SERVED


def test_a_required_version_is_looked_at(judged: Judge) -> None:
    steps = [{"op": "hello.send", "expect": {"negotiated": {"version": "tls1.2"}}}]
    assert (
        judged(steps, [stimulus(CHOSEN, operation="hello.send")])[0].reason is Reason.NOT_NEGOTIATED_ALTHOUGH_REQUIRED
    )


def test_a_closed_port_and_one_that_talks(judged: Judge) -> None:
    steps = [{"op": "port.probe", "with": {"port": 80, "speak": "http"}, "expect": "not-serving"}]
    assert judged(steps, [stimulus(GONE, operation="port.probe")])[0].reason is Reason.PORT_CLOSED
    talks = log()
    assert judged(steps, [stimulus(talks, operation="port.probe")])[0].reason is Reason.CLEARTEXT_SERVICE


LEGACY = [{"op": "hello.send", "expect": {"not-negotiated": {"declared_legacy_caps": 1}}, "twin": {}}]


def test_a_declared_legacy_suite_caps_the_level_instead_of_failing(judged: Judge) -> None:
    records = [stimulus(CHOSEN, operation="hello.send"), twin(CHOSEN, operation="hello.send")]
    finding = judged(LEGACY, records, legacy_suites=("TLS_RSA_WITH_RC4_128_SHA",))[0]
    assert finding.reason is Reason.DECLARED_LEGACY
    assert finding.effect is not None
    assert finding.effect.security_level == 1
    assert judged(LEGACY, records)[0].reason is Reason.NEGOTIATED_FORBIDDEN
