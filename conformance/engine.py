"""Runs one item: performs its stimuli in order, then their twins, and records what happened."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
from msgspec import Struct

from conformance.catalogue.references import resolve
from conformance.model.duration import seconds
from conformance.model.endpoint import Binding
from conformance.model.operations import OPERATIONS
from conformance.model.transcript import Ending, Exchange, Side, StepRecord
from conformance.model.vector import Actor, Step, walk
from conformance.probes.context import UnsupportedError


class Due(Struct, frozen=True):
    """An item waits for its timer; `at_s` is on the monotonic clock, and other items may run meanwhile."""

    at_s: float


class Stage(Struct, frozen=True, kw_only=True):
    """What an item is played on: its binding, the other bindings of the point, and the hands that act.

    `perform(operation, parameters, actor, binding)` returns the exchange; it knows no expectation.
    `offers(binding, operation)` says whether that binding can carry the operation. `peer` has the name and the
    domain of the rightful other side, for `${peer.name}` and `${peer.domain}`.
    """

    binding: Binding
    siblings: tuple[Binding, ...]
    perform: Callable[[str, Any, Actor, Binding], Exchange]
    offers: Callable[[Binding, str], bool]
    started_s: float
    peer: dict[str, str]


class Performance:
    """One attempt at one item. Iterating performs it; the records stand in `records` at any moment."""

    def __init__(self, steps: tuple[Step, ...], stage: Stage) -> None:
        self.records: list[StepRecord] = []
        self._steps = steps
        self._stage = stage
        self._saved: dict[str, dict[str, Any]] = {"peer": stage.peer}
        self._timers: dict[str, float] = {}
        self._lock = threading.Lock()

    def __iter__(self) -> Iterator[Due]:
        """Perform the steps, then the twins of those that have one; yield a Due where a timer is checked."""
        for number, step in enumerate(self._steps, start=1):
            if step.arm is not None:
                self._timers[step.arm.name] = time.monotonic() + seconds(step.arm.wait)
            elif step.check is not None:
                yield Due(at_s=self._timers[step.check])
            elif step.parallel:
                self._together(step.parallel, f"{number}.")
            else:
                self._stimulus(step, str(number))
        for path, step in walk(self._steps):
            if step.twin is not None:
                self._twin(step, path)

    def _together(self, steps: tuple[Step, ...], prefix: str) -> None:
        before = len(self.records)
        with ThreadPoolExecutor(max_workers=len(steps)) as pool:
            paths = (f"{prefix}{number}" for number in range(1, len(steps) + 1))
            started = [pool.submit(self._stimulus, step, path) for step, path in zip(steps, paths, strict=True)]
        for future in started:
            future.result()
        group = sorted(self.records[before:], key=lambda record: [int(part) for part in record.step.split(".")])
        self.records[before:] = group

    def _stimulus(self, step: Step, path: str) -> None:
        record = self._perform(step, step.as_, step.with_, path, Side.STIMULUS)
        if step.save is not None:
            self._saved[step.save] = _fields(record)

    def _twin(self, step: Step, path: str) -> None:
        parameters = dict(step.twin or {})
        actor = Actor(parameters.pop("as", step.as_))
        self._perform(step, actor, parameters, path, Side.TWIN)

    def _perform(self, step: Step, actor: Actor, given: Mapping[str, Any], path: str, side: Side) -> StepRecord:
        operation = step.op or ""
        parameters = resolve(dict(given), self._saved)
        typed = msgspec.convert(parameters, OPERATIONS[operation].parameters)
        binding = self._binding_for(operation)
        begun = time.monotonic()
        unsupported = None
        try:
            exchange = self._stage.perform(operation, typed, actor, binding)
        except UnsupportedError as error:
            unsupported = str(error)
            exchange = Exchange(ending=Ending.LOCAL, duration_s=0.0, connected=False, detail=unsupported)
        record = StepRecord(
            step=path,
            side=side,
            operation=operation,
            actor=actor,
            parameters=parameters,
            started_s=round(begun - self._stage.started_s, 6),
            exchange=exchange,
            binding=binding.label,
            unsupported=unsupported,
        )
        with self._lock:
            self.records.append(record)
        return record

    def _binding_for(self, operation: str) -> Binding:
        """The item's own binding, or for a point-wide operation the first of the point that can carry it."""
        stage = self._stage
        if stage.offers(stage.binding, operation) or not OPERATIONS[operation].point_wide:
            return stage.binding
        return next((other for other in stage.siblings if stage.offers(other, operation)), stage.binding)


def _fields(record: StepRecord) -> dict[str, Any]:
    """What later steps may refer to as `${name.field}`."""
    exchange = record.exchange
    fields: dict[str, Any] = {"started_s": record.started_s}
    if exchange.tls is not None:
        fields["client_serial"] = exchange.tls.client_serial
    if exchange.answer is not None:
        fields["status"] = exchange.answer.status
        fields["data"] = exchange.answer.data
    return fields
