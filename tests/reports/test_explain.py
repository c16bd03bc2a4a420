import pytest

from conformance.model.endpoint import ServiceCheck
from conformance.model.report import CriterionSummary, ItemResult, Report
from conformance.model.text import Language, Text
from conformance.model.transcript import (
    Context,
    Ending,
    Exchange,
    Grant,
    HelloFacts,
    ServiceAnswer,
    Side,
    StepRecord,
    TlsFacts,
    Transcript,
)
from conformance.model.vector import Actor, Behaviour, Step, Vector, VectorStatus
from reports.explain import explain

EXPIRED = "PKI-02/client-leaf-expired@distribution:modbus"
STIMULUS = StepRecord(
    step="1",
    side=Side.STIMULUS,
    operation="service.read",
    actor=Actor.UTILITY,
    parameters={"tls": {"client": {"leaf": {"not_after": "-60s"}}}},
    started_s=0.0,
    binding="modbus",
    exchange=Exchange(
        ending=Ending.CLOSE_NOTIFY,
        duration_s=0.0042,
        tls=TlsFacts(completed=True, version="TLSv1.3", suite="TLS_AES_256_GCM_SHA384", client_serial="2a"),
        answer=ServiceAnswer(grant=Grant.GRANTED, native="HTTP 200", data={"mode": "remote\x1b[2J" + "x" * 5000}),
    ),
)
TWIN = StepRecord(
    step="1",
    side=Side.TWIN,
    operation="hello.send",
    actor=Actor.PEER,
    parameters={},
    started_s=0.01,
    binding="modbus",
    exchange=Exchange(
        ending=Ending.ALERT, duration_s=0.001, hello=HelloFacts(kind="alert", alert="protocol_version"), detail="closed"
    ),
)
UNSUPPORTED = StepRecord(
    step="2",
    side=Side.STIMULUS,
    operation="http.request",
    actor=Actor.PEER,
    parameters={},
    started_s=0.02,
    binding="modbus",
    exchange=Exchange(ending=Ending.LOCAL, duration_s=0.0),
    unsupported="modbus has no http.request",
)


def _transcript() -> Transcript:
    return Transcript(
        item=EXPIRED,
        criterion="PKI-02",
        connection_point="distribution",  # type: ignore[arg-type]
        binding="modbus",
        protocol="modbus",
        vector=Vector(
            id="client-leaf-expired",
            status=VectorStatus.ACTIVE,
            title=Text(en="t", ja="題"),
            behaviour=Behaviour.INVALID,
            clauses=("c",),
            steps=(Step(op="service.read"),),
        ),
        context=Context(service_check=ServiceCheck(path="/"), server_names=(), started="2026-11-23T09:13:11.120Z"),
        steps=(STIMULUS, TWIN, UNSUPPORTED),
    )


@pytest.fixture
def item(report: Report) -> ItemResult:
    return next(one for one in report.items if one.id == EXPIRED)


@pytest.fixture
def summary(report: Report) -> CriterionSummary:
    return next(one for one in report.catalogue if one.id == "PKI-02")


def test_the_story_says_what_was_sent_what_came_back_why_and_how_to_repeat(
    item: ItemResult, summary: CriterionSummary
) -> None:
    story = explain(item, {1: _transcript()}, summary, "mgcc run --endpoint endpoint.yaml --select {item}", Language.EN)
    for piece in (
        "attempt 1 of 2: ✕ Fail",
        "1. stimulus: read the protected service (service.read), as utility, modbus, +0.000 s",
        'sent: {"tls": {"client": {"leaf": {"not_after": "-60s"}}}}',
        "came back: handshake finished, version TLSv1.3, suite TLS_AES_256_GCM_SHA384, serial 2a; the service was",
        "the service was granted, HTTP 200",
        "1. twin (control without the defect): hand-made ClientHello (hello.send)",
        "alert protocol_version; a TLS alert ended it (0.001 s); closed",
        "the binding cannot do this: modbus has no http.request",
        "served despite the defect [served-despite-defect]",
        "expected: the service is refused",
        "attempt 2 of 2: ✓ Pass",
        "the record of this attempt is not at hand",
        "international: RFC 5280 4.1.2.5 (read in the source)",
        "remedy: Leave the check",
        "again: mgcc run --endpoint endpoint.yaml --select PKI-02/client-leaf-expired@distribution:modbus",
    ):
        assert piece in story
    assert "\x1b" not in story
    assert "[... 50" in story, "what was cut says how long it was"


def test_the_story_is_told_in_japanese(item: ItemResult, summary: CriterionSummary) -> None:
    story = explain(item, {1: _transcript()}, summary, "mgcc demo --select {item}", Language.JA)
    assert "試行 1/2: ✕ 不適合" in story
    assert "応答: ハンドシェイク完了" in story
    assert "再実行: mgcc demo --select PKI-02" in story
    assert "expected" not in story


def test_an_item_that_was_not_run_says_why(report: Report) -> None:
    item = next(one for one in report.items if one.id.startswith("AUD-01"))
    story = explain(item, {}, None, "self-test", Language.EN)
    assert "why: needs hook:clock-set" in story
    assert "This item was not run." in story
