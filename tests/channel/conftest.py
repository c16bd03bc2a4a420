"""A lab and a TLS server's side of it, made once."""

from pathlib import Path

import pytest
from loopback import ServerSide

from conformance.pki.lab import Lab, create_lab


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    return create_lab(tmp_path_factory.mktemp("channel") / "lab")


@pytest.fixture(scope="session")
def server_side(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> ServerSide:
    folder: Path = tmp_path_factory.mktemp("server")
    return ServerSide(lab, folder)
