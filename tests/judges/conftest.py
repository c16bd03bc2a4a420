"""Judges a small program and the records of its steps, by way of the stored form."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from exchanges import CONTEXT

from conformance.judges import judge
from conformance.model.criterion import ConnectionPoint
from conformance.model.finding import Finding
from conformance.model.transcript import StepRecord, Transcript
from conformance.model.vector import Vector


@pytest.fixture
def judged() -> Callable[..., tuple[Finding, ...]]:
    def judge_steps(steps: list[dict[str, Any]], records: list[StepRecord], **context: Any) -> tuple[Finding, ...]:
        vector = msgspec.convert(
            {
                "id": "case",
                "status": "active",
                "title": {"en": "t", "ja": "題"},
                "behaviour": "invalid",
                "clauses": ["RFC 5280 4.1.2.5"],
                "steps": steps,
            },
            Vector,
        )
        transcript = Transcript(
            item="PKI-02/case@distribution:https",
            criterion="PKI-02",
            connection_point=ConnectionPoint.DISTRIBUTION,
            binding="https",
            protocol="https",
            vector=vector,
            steps=tuple(records),
            context=msgspec.structs.replace(CONTEXT, **context),
        )
        return judge(msgspec.convert(msgspec.json.decode(msgspec.json.encode(transcript)), Transcript))

    return judge_steps
