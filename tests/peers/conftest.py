"""Fixtures of the tests against real servers of other people."""

import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor

import pytest
from peer_campaign import VerdictsOf, stop_in_order, verdicts_on
from peer_material import Material, make_material
from peer_server import PEERS

from conformance.catalogue.load import Catalogue, load_catalogue


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    """The suite's own catalogue, read once."""
    return load_catalogue()


@pytest.fixture(scope="session")
def material(tmp_path_factory: pytest.TempPathFactory) -> Material:
    """One lab PKI with all server certificates for the whole session."""
    return make_material(tmp_path_factory.mktemp("peers") / "material")


@pytest.fixture(scope="session")
def verdicts_of(request: pytest.FixtureRequest, material: Material) -> Iterator[VerdictsOf]:
    """Return the verdicts of the whole suite on a configuration (`nginx/good`).

    The campaigns of all selected tests run in as many processes as there are processors, one server each.
    """
    wanted = [
        str(item.callspec.params["configuration"])
        for item in request.session.items
        if isinstance(item, pytest.Function) and "verdicts_of" in item.fixturenames
    ]
    context = multiprocessing.get_context("spawn")  # a fork would take over the threads of pytest's plugins
    with ProcessPoolExecutor(os.cpu_count(), context, initializer=stop_in_order) as pool:
        there = [name for name in wanted if PEERS[name.partition("/")[0]].found() is not None]
        campaigns = {name: pool.submit(verdicts_on, name, material.folder) for name in there}
        yield lambda name: campaigns[name].result()
        pool.shutdown(cancel_futures=True)
