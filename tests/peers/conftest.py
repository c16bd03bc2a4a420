"""Fixtures of the tests against real servers of other people."""

from pathlib import Path

import pytest
from peer_material import Material

from conformance.catalogue.load import Catalogue, load_catalogue


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    """The suite's own catalogue, read once."""
    return load_catalogue()


@pytest.fixture(scope="session")
def material(tmp_path_factory: pytest.TempPathFactory) -> Material:
    """One lab PKI with all server certificates for the whole session."""
    return Material(tmp_path_factory.mktemp("peers") / "material")
