"""A campaign: every planned item at one endpoint, performed, recorded, judged and assembled into one report."""

import platform
import secrets
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from conformance.assembly import Assembly, End, Header, Judged, Plan, findings_of
from conformance.catalogue.plan import PlanItem, offers
from conformance.engine import Due, Performance, Stage
from conformance.evidence import EvidenceError, EvidenceWriter, timestamp
from conformance.hooks import call_hook
from conformance.judges import verdict_of
from conformance.judges.outcome import is_served
from conformance.model.criterion import ConnectionPoint, Region
from conformance.model.endpoint import Binding, Endpoint, HookCommand, LabHooks
from conformance.model.operations import ControlSend, HookCall, LogRead, ServiceRead
from conformance.model.report import ItemResult, Report
from conformance.model.transcript import Context, Exchange, StepRecord, Transcript
from conformance.model.vector import Actor, Impact, walk
from conformance.pki.lab import Lab
from conformance.pki.recipes import PEERS, Credentials
from conformance.probes import Measured, ProbeContext, perform

_HANDSHAKES_OF_PATIENCE = 200
_LEAST_PATIENCE_S = 3.0
_LOG_READINGS = 50
_DEFAULT_STATE = "default-state"


class Assignment(Struct, frozen=True, kw_only=True):
    """What a campaign is about: the endpoint, the plan, what was measured, and how it is run."""

    endpoint: Endpoint
    folder: Path
    lab: Lab
    lab_hooks: LabHooks | None
    items: tuple[PlanItem, ...]
    header: Header
    plan: Plan
    measured: dict[str, Measured]
    not_serving: frozenset[str]
    server_trust: dict[ConnectionPoint, tuple[bytes, ...]]
    clock_offset_s: float
    profiles: dict[Region, dict[str, Any]]


class Campaign:
    """Performs items one by one and keeps the record of all; the only writer of its run folder."""

    def __init__(self, assignment: Assignment, run_folder: Path) -> None:
        """Open the run folder and write down the header and the plan. Raises ProblemError or EvidenceError."""
        self.assignment = assignment
        self.assembly = Assembly(assignment.header, assignment.plan)
        self.evidence = EvidenceWriter(run_folder)
        self._credentials = Credentials(assignment.lab, assignment.endpoint.identities)
        self._attempts: dict[str, int] = {}
        self._to_run = sum(1 for item in assignment.items if item.why is None)
        self._armed: dict[str, _Attempt] = {}
        self._stimuli = 0
        self._commanded = False
        self._log_read: dict[ConnectionPoint, int] = {}
        self.evidence.event("run", assignment.header)
        self.evidence.event("plan", assignment.plan)

    def arm(self, item: PlanItem) -> None:
        """Perform `item` up to its first timer, so that other items run while it waits. Raises EvidenceError."""
        attempt = self._attempt(item)
        attempt.due = attempt.advance()
        self._armed[item.id] = attempt

    def perform(self, item: PlanItem, wait: Callable[[Due], None] | None = None) -> Transcript:
        """Perform one item, or the rest of an armed one, and return its transcript.

        There is a transcript also when the suite got into trouble. Raises EvidenceError.
        """
        attempt = self._armed.pop(item.id, None) or self._attempt(item)
        while (due := attempt.due or attempt.advance()) is not None:
            attempt.due = None
            (wait or _sleep)(due)
        return self._transcript(item, attempt.begun, attempt.performance.records, attempt.trouble)

    def _catch_up(self, item: PlanItem) -> None:
        """Before the first item of a point that reads the log: read past what stands there, without keeping it."""
        reads = any(step.op == "log.read" for _, step in walk(item.vector.steps))
        able = (one for one in (item.binding, *self._siblings(item)) if offers(one, "log.read"))
        binding = next(able, None)
        if item.connection_point in self._log_read or not reads or binding is None:
            return
        context = msgspec.structs.replace(self._context(item, binding), keep=lambda *_: "0" * 64, keylog=None)
        for _ in range(_LOG_READINGS):
            before = self._log_read.get(item.connection_point, 0)
            context = msgspec.structs.replace(context, log_after=before)
            exchange = perform("log.read", LogRead(), Actor.AUDITOR, binding, context)
            self._remember(item.connection_point, exchange)
            malformed = exchange.answer is not None and exchange.answer.malformed is not None
            if not malformed or self._log_read[item.connection_point] == before:
                break

    def _attempt(self, item: PlanItem) -> "_Attempt":
        self._catch_up(item)
        stage = Stage(
            binding=item.binding,
            siblings=self._siblings(item),
            perform=lambda operation, parameters, actor, binding: self._act(
                item, operation, parameters, actor, binding
            ),
            offers=offers,
            started_s=time.monotonic(),
            peer=self._peer(item.connection_point),
        )
        return _Attempt(Performance(item.vector.steps, stage))

    def conclude(self, item: PlanItem, transcript: Transcript, duration_s: float) -> ItemResult:
        """Record a transcript, judge it, and return the item's row as it now stands."""
        number = self._attempts.get(item.id, 0) + 1
        self._attempts[item.id] = number
        try:
            event = self.evidence.event("transcript", transcript)
        except (UnicodeError, msgspec.MsgspecError, TypeError) as error:
            trouble = f"{type(error).__name__}: {error}".encode("ascii", "backslashreplace").decode()
            transcript = msgspec.structs.replace(transcript, steps=(), trouble=trouble)
            event = self.evidence.event("transcript", transcript)
        findings = findings_of(transcript)
        judged = Judged(
            item=item.id,
            number=number,
            verdict=verdict_of(findings),
            findings=findings,
            started=transcript.context.started,
            duration_s=round(duration_s, 6),
            trouble=transcript.trouble,
        )
        self.evidence.event("judged", judged)
        return self.assembly.add(judged, event)

    def run(self, item: PlanItem) -> ItemResult:
        """Perform and judge one item."""
        begun = time.monotonic()
        transcript = self.perform(item)
        return self.conclude(item, transcript, time.monotonic() - begun)

    def run_all(self) -> Report:
        """Perform and judge every item that the plan lets run, and finish; for runs without pytest."""
        complete = False
        try:
            for item in waiting(self.assignment.items):
                self.arm(item)
            for item in self.assignment.items:
                if item.why is None:
                    self.run(item)
            complete = True
        finally:
            report = self.finish(complete=complete)
        return report

    def progress(self) -> tuple[int, int]:
        """Return how many items have been performed, and how many are to be."""
        return len(self._attempts), self._to_run

    def finish(self, *, complete: bool) -> Report:
        """Write the end of the run and `report.json`; return the report. Raises EvidenceError or OSError."""
        self._restore_default_state()
        end = End(ended=timestamp(), complete=complete)
        self.evidence.event("end", end)
        self.evidence.close()
        report = self.assembly.report(ended=end.ended, complete=complete, chain_head=self.evidence.head)
        write_report(report, self.evidence.folder)
        return report

    def _restore_default_state(self) -> None:
        """Once the plant was commanded: ask the upper tester, where there is one, for the default state."""
        if self._commanded and _DEFAULT_STATE in {*self.assignment.endpoint.hooks, *self._hook_commands()}:
            self.evidence.event("default-state", self._hook(HookCall(hook=_DEFAULT_STATE), lambda: True))

    def _act(self, item: PlanItem, operation: str, parameters: Any, actor: Actor, binding: Binding) -> Exchange:
        context = self._context(item, binding)
        if isinstance(parameters, HookCall):
            actor = PEERS[item.connection_point]
            return self._hook(
                parameters,
                lambda: is_served(
                    perform("service.read", ServiceRead(), actor, binding, context), binding.service_check
                ),
            )
        self._commanded |= isinstance(parameters, ControlSend)
        if actor is Actor.PEER:
            actor = PEERS[item.connection_point]
        exchange = perform(operation, parameters, actor, binding, context)
        if isinstance(parameters, LogRead):
            self._remember(item.connection_point, exchange)
        return exchange

    def _remember(self, point: ConnectionPoint, exchange: Exchange) -> None:
        """Keep the number of the last log entry seen, so that the next reading begins after it."""
        data = exchange.answer.data if exchange.answer is not None else None
        entries = data.get("entries") if isinstance(data, dict) else None
        numbers = [entry.get("sequence") for entry in entries or () if isinstance(entry, dict)]
        self._log_read[point] = max(
            [self._log_read.get(point, 0), *[number for number in numbers if isinstance(number, int)]]
        )

    def _hook(self, call: HookCall, serving: Callable[[], bool]) -> Exchange:
        return call_hook(
            call.hook,
            call.arguments,
            urls=self.assignment.endpoint.hooks,
            commands=self._hook_commands(),
            folder=self.assignment.folder,
            serving=serving,
        )

    def _hook_commands(self) -> Mapping[str, HookCommand]:
        return self.assignment.lab_hooks.hooks if self.assignment.lab_hooks else {}

    def _context(self, item: PlanItem, binding: Binding) -> ProbeContext:
        assignment = self.assignment
        measured = assignment.measured.get(f"{item.connection_point}:{binding.label}")
        declared = assignment.endpoint.declared.response_s
        deadline_s = declared
        if measured is not None:
            deadline_s = min(declared, max(_LEAST_PATIENCE_S, _HANDSHAKES_OF_PATIENCE * measured.handshake_s))
        self._stimuli += 1
        return ProbeContext(
            connection_point=item.connection_point,
            deadline_s=deadline_s,
            settle_s=None,
            credentials=self._credentials,
            keep=lambda content, _media_type: self.evidence.keep(content),
            keylog=self.evidence.key,
            now=lambda: datetime.now(UTC) + timedelta(seconds=assignment.clock_offset_s),
            item=f"{assignment.header.run_id}-{self._stimuli}",
            log_after=self._log_read.get(item.connection_point, 0),
            rated_power_W=assignment.endpoint.rated_power_W,
            cleartext_ports=assignment.endpoint.connection_points[item.connection_point].cleartext_ports,
        )

    def _siblings(self, item: PlanItem) -> tuple[Binding, ...]:
        return self.assignment.endpoint.connection_points[item.connection_point].bindings

    def _peer(self, point: ConnectionPoint) -> dict[str, str]:
        actor = PEERS[point]
        name = self.assignment.endpoint.identities.get(actor) or self.assignment.lab.identities[actor]
        return {"name": name, "domain": name.partition(".")[2]}

    def _transcript(
        self, item: PlanItem, begun: datetime, records: Sequence[StepRecord], trouble: str | None
    ) -> Transcript:
        assignment = self.assignment
        endpoint, binding = assignment.endpoint, item.binding
        context = Context(
            service_check=binding.service_check,
            server_names=(binding.server_name or binding.host,),
            trust_anchors=assignment.server_trust[item.connection_point] if _looks_at_chain(item) else (),
            peer_certificates=self._peer_certificates(item, records),
            profile=assignment.profiles.get(item.region, {}) if item.region else {},
            started=timestamp(begun),
            peer_was_served=f"{item.connection_point}:{binding.label}" not in assignment.not_serving,
            legacy_suites=endpoint.declared.legacy_suites,
            clock_offset_s=assignment.clock_offset_s,
            clock_tolerance_s=endpoint.declared.clock_tolerance_s,
            rated_power_W=endpoint.rated_power_W,
        )
        return Transcript(
            item=item.id,
            criterion=item.criterion,
            connection_point=item.connection_point,
            binding=binding.label,
            protocol=binding.protocol,
            region=item.region,
            row=item.row,
            vector=item.vector,
            context=context,
            steps=tuple(records),
            trouble=trouble,
        )

    def _peer_certificates(self, item: PlanItem, records: Sequence[StepRecord]) -> dict[str, bytes]:
        if not _looks_at_chain(item):
            return {}
        chains = [record.exchange.tls.peer_chain for record in records if record.exchange.tls is not None]
        return {digest: self.evidence.read(digest) for chain in chains for digest in chain}


class _Attempt:
    """One attempt under way: its performance, the timer it waits for, and what broke."""

    def __init__(self, performance: Performance) -> None:
        self.begun = datetime.now(UTC)
        self.performance = performance
        self.due: Due | None = None
        self.trouble: str | None = None
        self._rest = iter(performance)

    def advance(self) -> Due | None:
        """Perform up to the next timer and return it; None at the end. Raises EvidenceError."""
        try:
            return next(self._rest, None)
        except EvidenceError:
            raise
        except Exception as error:  # noqa: BLE001  whatever breaks in the suite is never the product's fault
            self.trouble = f"{type(error).__name__}: {error}"
            return None


def waiting(items: Iterable[PlanItem]) -> list[PlanItem]:
    """Return the items that wait for a timer and may share that time with others."""
    return [
        item
        for item in items
        if item.why is None and item.vector.impact in {Impact.NONE, Impact.SIMULATED} and item.waits
    ]


def _looks_at_chain(item: PlanItem) -> bool:
    return any(isinstance(step.expect, dict) and "peer-certificate" in step.expect for step in item.vector.steps)


def _sleep(due: Due) -> None:
    time.sleep(max(0.0, due.at_s - time.monotonic()))


def write_report(report: Report, folder: Path) -> None:
    """Write `report.json` whole or not at all. Raises OSError."""
    path = folder / "report.json"
    building = path.with_suffix(".json.part")
    try:
        building.write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=1))
        building.replace(path)
    finally:
        building.unlink(missing_ok=True)


def environment() -> dict[str, str]:
    """Return versions that matter to a reader of the report, and nothing that names a host or a user."""
    from OpenSSL import SSL  # noqa: PLC0415  the start of other commands does not pay for it

    return {
        "mgcc": version("mgcc"),
        "python": platform.python_version(),
        "openssl": SSL.SSLeay_version(SSL.SSLEAY_VERSION).decode(),
        "pyOpenSSL": version("pyOpenSSL"),
        "cryptography": version("cryptography"),
    }


def new_run_id(now: datetime) -> str:
    """Return an id that sorts by time: `20261123T101500Z-1a2b3c`."""
    return f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
