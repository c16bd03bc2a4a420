"""One lab for all tests that only read it."""

import pytest

from conformance.pki.lab import Lab, create_lab


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    return create_lab(tmp_path_factory.mktemp("pki") / "lab")
