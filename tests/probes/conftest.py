"""A lab, a TLS server's side of it, and a context for probes."""

import hashlib
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "channel"))

from loopback import ServerSide

from conformance.model.criterion import ConnectionPoint
from conformance.pki.lab import Lab, create_lab
from conformance.pki.recipes import Credentials
from conformance.probes import ProbeContext


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    return create_lab(tmp_path_factory.mktemp("probes") / "lab")


@pytest.fixture(scope="session")
def server_side(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> ServerSide:
    return ServerSide(lab, tmp_path_factory.mktemp("server"))


@pytest.fixture
def evidence() -> dict[str, bytes]:
    """What was kept, by digest."""
    return {}


@pytest.fixture
def context(lab: Lab, evidence: dict[str, bytes]) -> ProbeContext:
    return ProbeContext(
        connection_point=ConnectionPoint.DISTRIBUTION,
        deadline_s=5.0,
        credentials=Credentials(lab),
        keep=keeper(evidence),
        now=lambda: datetime.now(UTC),
        item="item-1",
        rated_power_W=50_000.0,
    )


def keeper(evidence: dict[str, bytes]) -> Callable[[bytes, str], str]:
    def keep(content: bytes, _media_type: str) -> str:
        digest = hashlib.sha256(content).hexdigest()
        evidence[digest] = content
        return digest

    return keep
