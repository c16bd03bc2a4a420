"""The sample endpoint files for people load as they stand, and plan what they say."""

from pathlib import Path

import pytest

from conformance.catalogue.endpoint_file import load_endpoint
from conformance.catalogue.load import Catalogue
from conformance.catalogue.plan import Disposition, plan

SAMPLES = Path(__file__).parents[2] / "fixtures" / "endpoints"


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_sample_endpoint_file_loads_and_runs_transport_vectors(path: Path, catalogue: Catalogue) -> None:
    loaded = load_endpoint(path, catalogue.criteria)

    items = plan(catalogue, loaded.endpoint)

    running = {item.criterion for item in items if item.disposition is Disposition.RUN}
    assert {"PKI-01", "PKI-02", "TLS-02", "TLS-03", "TLS-04"} <= running


def test_the_smallest_file_asks_for_nothing_but_the_transport(catalogue: Catalogue) -> None:
    loaded = load_endpoint(SAMPLES / "tls.yaml", catalogue.criteria)

    items = plan(catalogue, loaded.endpoint)

    assert {item.criterion[:3] for item in items if item.disposition is Disposition.RUN} == {"PKI", "TLS"}
