"""One laboratory, one whole run of it, and one reference that keeps serving, for all end-to-end tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from laboratory import Laboratory, Whole, laboratory, mgcc


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Laboratory:
    """Lab PKI and reference home; the reference does not serve yet."""
    return laboratory(tmp_path_factory.mktemp("laboratory"))


@pytest.fixture(scope="session")
def whole(lab: Laboratory) -> Whole:
    """The whole suite against the faultless reference, which is gone when a test looks at the run."""
    folder = lab.folder / "whole"
    with lab.serving("whole-endpoint") as endpoint:
        said = mgcc("run", "--endpoint", endpoint.name, "--out", folder, cwd=lab.folder)
    return Whole(folder=folder, endpoint=endpoint, said=said)


@pytest.fixture(scope="session")
def endpoint(lab: Laboratory) -> Iterator[Path]:
    """The endpoint file of a faultless reference that serves until the session ends."""
    with lab.serving("endpoint") as path:
        yield path
