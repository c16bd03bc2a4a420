"""No peer stops the suite, breaks it, fills its disk, or is called good because it is mad."""

import resource
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
from hostile_peers import MODBUS, WITH_TLS, WITHOUT_TLS
from hostile_server import SERVER_NAME, Script, Stand, scripted, stand
from msgspec import Struct

from conformance.catalogue.load import Catalogue, load_catalogue
from conformance.model.finding import Verdict
from conformance.model.report import Report
from conformance.opening import Choices, check, open_campaign, read_desk
from conformance.pki.lab import create_lab
from conformance.preflight import Preflight
from conformance.verifying import differences

AT_ONCE = 12
SOON_S = 60.0
LARGEST_RECORD = 96 << 20
MOST_MEMORY_KIB = 900 << 10

REFUSED = "PKI-02/client-leaf-expired@distribution:{}#a-day-ago"
SERVED = "PKI-02/client-leaf-short-lived@distribution:{}"
CLEARTEXT = "TLS-01/service-in-cleartext@distribution:{}"
OFFER = "TLS-04/offer-rc4@distribution:{}#rsa-rc4-128-md5"
OWN_CERTIFICATE = (
    "PKI-02/own-chain-in-validity@distribution:{}",
    "PKI-02/own-chain-to-anchor@distribution:{}",
    "PKI-08/own-name-in-san@distribution:{}",
    "PKI-06/own-certificate-server-auth@distribution:{}",
)
HTTPS = (
    "INV-01/inventory-identifies-devices@distribution:{}",
    "AUD-01/expired-certificate-logged@distribution:{}",
    "AUD-01/cleartext-attempt-logged@distribution:{}",
    "AUD-01/entry-sequence-without-gaps@distribution:{}",
    "ZTA-07/unknown-path@distribution:{}#no-such-resource",
    "CTL-03/refused-export-limit-leaves-state@distribution:{}",
)
OVER_MODBUS = (
    "CTL-03/export-limit-within-range@distribution:{}",
    "CTL-03/export-limit-above-rating@distribution:{}#double",
    "ZTA-01/state-with-credential@distribution:{}",
    "ZTA-07/unknown-modbus-function@distribution:{}#read-coils",
)
ENDPOINT = """\
mgcc: 1
product: {{name: Hostile, version: "1"}}
regions: [jp]
plant: simulated
rated_power_W: 50000
lab: lab
declared: {{response_s: 0.25}}
ics: {{supports: [PKI, TLS, ZTA, INV, CTL, AUD]}}
connection_points:
  distribution:
    bindings:
      - {{protocol: {protocol}, host: 127.0.0.1, port: {port}, server_name: {name}, service_check: {check}}}
"""
CHECKS = {
    "https": "{path: /mgcc/v1/state, body_has: [mms_id, limits]}",
    "modbus": "{register: 40000, count: 2}",
}


class Met(Struct, frozen=True, kw_only=True):
    """What became of a campaign against one hostile peer."""

    report: Report
    folder: Path
    seconds: float

    def verdict(self, item: str) -> Verdict:
        return next(row.verdict for row in self.report.items if row.id == item)


def meet(script: Script, protocol: str, name: str, hostile: Stand, catalogue: Catalogue) -> Met:
    path, out = hostile.folder / f"{name}.yaml", hostile.folder / name
    items = [REFUSED, SERVED, CLEARTEXT, OFFER, *OWN_CERTIFICATE, *(HTTPS if protocol == "https" else OVER_MODBUS)]
    begun = time.monotonic()
    with scripted(script, hostile) as port:
        endpoint = ENDPOINT.format(protocol=protocol, port=port, name=SERVER_NAME, check=CHECKS[protocol])
        path.write_text(endpoint, encoding="utf-8")
        selection = tuple(item.format(protocol) for item in items)
        desk = read_desk(Choices(endpoint=path, out=out, selection=selection), catalogue)
        check(desk)
        campaign = open_campaign(desk, Preflight(checks=(), measured={}, clock_offset_s=0.0))
        report = campaign.run_all()
    return Met(report=report, folder=out, seconds=time.monotonic() - begun)


@pytest.fixture(scope="module")
def met(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Future[Met]]]:
    """The campaigns against all peers, several at once: most of their time is waiting."""
    folder = tmp_path_factory.mktemp("hostile")
    hostile = stand(create_lab(folder / "lab"), folder)
    catalogue = load_catalogue()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        started = {
            name: pool.submit(meet, script, protocol, name, hostile, catalogue)
            for protocol, table in (("https", WITHOUT_TLS | WITH_TLS), ("modbus", MODBUS))
            for name, script in table.items()
        }
        yield started
        hostile.stopping.set()


EVERYBODY = [*WITHOUT_TLS, *WITH_TLS, *MODBUS]


@pytest.mark.parametrize("peer", EVERYBODY)
def test_the_suite_never_breaks_over_a_hostile_peer(peer: str, met: dict[str, Future[Met]]) -> None:
    report = met[peer].result().report
    troubles = {row.id: row.attempts[-1].trouble for row in report.items if row.verdict is Verdict.ERROR}
    assert troubles == {}
    assert all(row.attempts for row in report.items)


@pytest.mark.parametrize("peer", EVERYBODY)
def test_a_hostile_peer_is_never_said_to_refuse_what_its_twin_does_not_get(
    peer: str, met: dict[str, Future[Met]]
) -> None:
    one = met[peer].result()
    protocol = "modbus" if peer in MODBUS else "https"
    assert one.verdict(REFUSED.format(protocol)) is not Verdict.PASS


@pytest.mark.parametrize("peer", WITHOUT_TLS)
def test_a_peer_without_a_handshake_passes_nothing_but_what_its_first_flight_shows(
    peer: str, met: dict[str, Future[Met]]
) -> None:
    passed = {row.id for row in met[peer].result().report.items if row.verdict is Verdict.PASS}
    in_the_first_flight = {OFFER, *OWN_CERTIFICATE}
    assert passed <= {item.format("https") for item in in_the_first_flight}


@pytest.mark.parametrize("peer", [peer for peer in WITHOUT_TLS if peer != "sends-a-huge-chain"])
def test_silence_and_garbage_are_no_non_conformity_of_a_refusal(peer: str, met: dict[str, Future[Met]]) -> None:
    assert met[peer].result().verdict(REFUSED.format("https")) is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("peer", EVERYBODY)
def test_the_record_of_a_hostile_peer_is_whole_and_bounded(peer: str, met: dict[str, Future[Met]]) -> None:
    one = met[peer].result()
    assert differences(one.folder) == []
    assert sum(path.stat().st_size for path in one.folder.rglob("*") if path.is_file()) < LARGEST_RECORD
    assert one.seconds < SOON_S


def test_a_long_log_is_no_non_conformity(met: dict[str, Future[Met]]) -> None:
    report = met["log-is-long"].result().report
    logged = {row.id: row.verdict for row in report.items if row.vector == "AUD-01/cleartext-attempt-logged"}
    assert Verdict.FAIL not in logged.values()


def test_no_peer_makes_the_suite_take_memory_without_bound(met: dict[str, Future[Met]]) -> None:
    for future in met.values():
        future.exception()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < MOST_MEMORY_KIB
