"""One lab and one faultless reference MMS for all tests that only talk to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from reference_lab import Lab, make_lab
from reference_server import Running, hosted


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    return make_lab(tmp_path_factory.mktemp("reference") / "home")


@pytest.fixture
def own_lab(lab: Lab, tmp_path: Path) -> Lab:
    """A home folder that the test may change."""
    return lab.copy(tmp_path / "home")


@pytest.fixture(scope="module")
def mms(lab: Lab) -> Iterator[Running]:
    with hosted(lab) as running:
        yield running
