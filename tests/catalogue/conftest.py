"""A small standards people's desk for the tests of the catalogue."""

from pathlib import Path

import pytest
from small_desk import Desk


@pytest.fixture
def desk(tmp_path: Path) -> None:
    return Desk(tmp_path / "test_vectors")
