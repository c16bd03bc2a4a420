"""Exchanges as probes report them, and records made of them."""

from conformance.model.endpoint import ServiceCheck
from conformance.model.transcript import (
    Context,
    Ending,
    Exchange,
    Grant,
    ServiceAnswer,
    Side,
    StepRecord,
    TlsFacts,
)
from conformance.model.vector import Actor

CHECK = ServiceCheck(path="/state", status=200, body_has=("mms_id",))
CONTEXT = Context(service_check=CHECK, server_names=("mms.mgcc.example",), started="2026-11-23T10:00:00.000Z")

TLS = TlsFacts(completed=True, version="tls1.3", client_serial="ab")
SERVED = Exchange(
    ending=Ending.OURS,
    duration_s=0.01,
    tls=TLS,
    answer=ServiceAnswer(grant=Grant.GRANTED, native="HTTP 200", status=200, data={"mms_id": "urn:uuid:x"}),
)
FORBIDDEN = Exchange(
    ending=Ending.OURS,
    duration_s=0.01,
    tls=TLS,
    answer=ServiceAnswer(grant=Grant.DENIED, native="HTTP 403", status=403),
)
ALERT = Exchange(
    ending=Ending.ALERT,
    duration_s=0.01,
    tls=TlsFacts(completed=False, alert_received="certificate_expired", alert_number=45, client_serial="cd"),
)
CLOSED = Exchange(ending=Ending.FIN, duration_s=0.01, tls=TLS)
CUT = Exchange(ending=Ending.RESET, duration_s=0.01, tls=TlsFacts(completed=False))
SILENT = Exchange(ending=Ending.TIMEOUT, duration_s=2.0, tls=TlsFacts(completed=False))
GONE = Exchange(ending=Ending.UNREACHABLE, duration_s=0.0, connected=False, detail="connection refused")
UNDECIPHERABLE = Exchange(ending=Ending.FIN, duration_s=0.01, tls=TlsFacts(completed=True, undecipherable=True))


def stimulus(exchange: Exchange, step: str = "1", operation: str = "service.read") -> StepRecord:
    return record(exchange, step, operation, Side.STIMULUS)


def twin(exchange: Exchange, step: str = "1", operation: str = "service.read") -> StepRecord:
    return record(exchange, step, operation, Side.TWIN)


def record(exchange: Exchange, step: str, operation: str, side: Side) -> StepRecord:
    return StepRecord(
        step=step,
        side=side,
        operation=operation,
        actor=Actor.PEER,
        parameters={},
        started_s=0.0,
        exchange=exchange,
        binding="https",
    )
