"""The sample endpoint files for people load as they stand, plan what they say, and judge a real server."""

from pathlib import Path

import pytest
from peer_material import Material
from peer_server import NGINX, running

from conformance.catalogue.endpoint_file import load_endpoint
from conformance.catalogue.load import Catalogue
from conformance.catalogue.plan import Disposition, plan
from conformance.model.finding import Verdict
from conformance.opening import Choices, check, open_campaign, read_desk

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


@pytest.mark.parametrize("sample", ["https-nginx", "tls"])
def test_a_sample_endpoint_file_judges_a_real_server_once_its_address_is_filled_in(
    sample: str, material: Material, catalogue: Catalogue
) -> None:
    with running(NGINX, NGINX.good_configuration(), material) as server:
        text = (SAMPLES / f"{sample}.yaml").read_text(encoding="utf-8")
        text = text.replace("192.0.2.10", "127.0.0.1").replace("'GET / HTTP", "'GET /mgcc/v1/state HTTP")
        for port in ("port: 443", "port: 8443"):
            text = text.replace(f"{port}\n", f"port: {server.port}\n")
        endpoint = material.folder / f"sample-{sample}.yaml"
        endpoint.write_text(text, encoding="utf-8")
        choices = Choices(endpoint=endpoint, out=material.folder / f"sample-{sample}", selection=("PKI-01", "TLS-03"))
        desk = read_desk(choices, catalogue)

        report = open_campaign(desk, check(desk)).run_all()

    assert {item.verdict for item in report.items} <= {Verdict.PASS, Verdict.NOT_APPLICABLE, Verdict.NOT_RUN}
    assert sum(item.verdict is Verdict.PASS for item in report.items) >= 20
