"""Runs the whole suite against one running server and returns the verdict of every item."""

import signal
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

from expectation_table import load_table, observed
from peer_material import SERVER_NAME, Material, open_material
from peer_server import PEERS, Running, running

from conformance.catalogue.load import Catalogue, load_catalogue
from conformance.model.report import Report
from conformance.opening import Choices, check, open_campaign, read_desk

VerdictsOf = Callable[[str], dict[str, str]]
"""Returns the verdict of every item on a configuration (`nginx/good`)."""

_ENDPOINT = """\
# A fronted product: a web server with mutual TLS before one protected document.
mgcc: 1
product: {{name: {name}, version: as packaged}}
regions: [jp, us, eu]
lab: lab
ics: {{supports: [PKI, TLS, ZTA]}}
connection_points:
  distribution:
    # The laboratory's own well-known ports are no business of this product: only where `http` may be is moved to it.
    cleartext_ports: {{"80": {cleartext}, "102": {closed}, "502": {closed}, "2404": {closed}, "20000": {closed}}}
    bindings:
      - protocol: https
        host: 127.0.0.1
        port: {port}
        server_name: {server_name}
        services: [service.read, state.read]
        service_check: {{path: /mgcc/v1/state, body_has: [mms_id, limits]}}
"""


def run_suite(name: str, server: Running, material: Material, out: Path, catalogue: Catalogue) -> Report:
    """Return the report of a campaign over every planned item at `server`; its run folder is `out`."""
    endpoint = material.folder / f"{out.name}.yaml"
    endpoint.write_text(
        _ENDPOINT.format(
            name=name,
            port=server.port,
            cleartext=server.cleartext,
            closed=server.closed,
            server_name=SERVER_NAME,
        ),
        encoding="utf-8",
    )
    desk = read_desk(Choices(endpoint=endpoint, out=out), catalogue)
    return open_campaign(desk, check(desk)).run_all()


def stop_in_order() -> None:
    """Let this process stop its server also when it is told to end (a broken pool ends all of its processes)."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))


def verdicts_on(configuration: str, folder: Path) -> dict[str, str]:
    """Return `verdict` or `verdict: reason` of every item on `SERVER/NAME`, with the material in `folder`."""
    server, _, name = configuration.partition("/")
    peer, material = PEERS[server], open_material(folder)
    text = load_table(server).configuration(name, peer.good_configuration())
    with running(peer, text, material) as here:
        report = run_suite(server, here, material, folder / configuration.replace("/", "-"), _catalogue())
    return {item.id: observed(item) for item in report.items}


@cache
def _catalogue() -> Catalogue:
    return load_catalogue()
