"""A stage without network for the engine: it writes down what it is asked and answers as told."""

import threading
from typing import Any

from conformance.engine import Due, Performance, Stage
from conformance.model.endpoint import Binding, ServiceCheck
from conformance.model.operations import OPERATIONS
from conformance.model.transcript import Ending, Exchange, Grant, ServiceAnswer, StepRecord, TlsFacts
from conformance.model.vector import Actor, Step

CHECK = ServiceCheck(path="/", register=0)
HTTPS = Binding(protocol="https", host="127.0.0.1", port=1, service_check=CHECK)
MODBUS = Binding(protocol="modbus", host="127.0.0.1", port=2, service_check=CHECK)


class Played:
    """Plays steps and keeps every operation as (operation, actor, parameters, binding)."""

    def __init__(self, binding: Binding = HTTPS, *, siblings: tuple[Binding, ...] = (HTTPS, MODBUS)) -> None:
        self.asked: list[tuple[str, Actor, Any, str]] = []
        self.answers: dict[str, Any] = {}
        self.together: threading.Barrier | None = None
        self.stage = Stage(
            binding=binding,
            siblings=siblings,
            perform=self._perform,
            offers=lambda one, operation: operation != "log.read" or one.protocol == "https",
            started_s=0.0,
            peer={"name": "utility.mgcc.example", "domain": "mgcc.example"},
        )

    def _perform(self, operation: str, parameters: Any, actor: Actor, binding: Binding) -> Exchange:
        assert isinstance(parameters, OPERATIONS[operation].parameters)
        if self.together is not None:
            self.together.wait(5)
        self.asked.append((operation, actor, parameters, binding.label))
        answer = self.answers.get(operation)
        if isinstance(answer, Exception):
            raise answer
        return Exchange(
            ending=Ending.OURS,
            duration_s=0.0,
            tls=TlsFacts(completed=True, client_serial=f"{len(self.asked):x}"),
            answer=ServiceAnswer(grant=Grant.GRANTED, native="HTTP 200", status=200, data=answer),
        )

    def play(self, *steps: Step) -> list[StepRecord]:
        """Perform `steps` without waiting; return the records."""
        performance = Performance(steps, self.stage)
        self.dues = [due for due in performance if isinstance(due, Due)]
        return performance.records
