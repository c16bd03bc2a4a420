"""The servers and their configurations are what the tables say they are, seen by a client that is not the suite."""

import ssl
from collections.abc import Iterator
from contextlib import AbstractContextManager

import peer_client as client
import pytest
from expectation_table import load_table
from peer_material import Material
from peer_server import CADDY, NGINX, PEERS, Peer, PeerNotStartedError, Running, running

from conformance.model.recipe import ChainRecipe

CONFIGURATIONS = [f"{name}/{configuration}" for name in PEERS for configuration in ("good", *load_table(name).bad)]
IN_TWO = {
    "nginx/tls-1.0-and-1.1",  # OpenSSL 3 wants suites of that time and security level 0 with them
    "nginx/tls-1.1",  # the same
    "nginx/client-certificate-unverified",  # a revocation list would refuse what it cannot look up
    "nginx/wrong-ca-trusted",  # trust anchor and revocation list come from one folder
    "nginx/both-cas-trusted",  # the same
} | {name for name in CONFIGURATIONS if name.startswith("nginx/certificate-")}  # one file for each kind of key
REFUSED = (client.REFUSED_BY_TLS, 400)


@pytest.fixture(params=PEERS, scope="module")
def good(request: pytest.FixtureRequest, material: Material) -> Iterator[tuple[Peer, Running]]:
    peer = PEERS[request.param]
    with running(peer, peer.good_configuration(), material) as server:
        yield peer, server


def _running(configuration: str, material: Material) -> AbstractContextManager[Running]:
    name, _, which = configuration.partition("/")
    peer = PEERS[name]
    return running(peer, load_table(name).configuration(which, peer.good_configuration()), material)


def test_the_good_configuration_serves_the_rightful_peer(good: tuple[Peer, Running], material: Material) -> None:
    assert client.status(good[1].port, material, client.GOOD) == 200


@pytest.mark.parametrize("recipe", [None, client.FOREIGN, client.OTHER_POINT, client.EXPIRED])
def test_the_good_configuration_refuses_others(
    good: tuple[Peer, Running], material: Material, recipe: ChainRecipe | None
) -> None:
    assert client.status(good[1].port, material, recipe) in REFUSED


def test_only_nginx_knows_a_revocation_list(good: tuple[Peer, Running], material: Material) -> None:
    expected = {"nginx": 400, "caddy": 200}

    assert client.status(good[1].port, material, client.REVOKED) == expected[good[0].name]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "TRACE", "ACTUATE"])
def test_the_good_configuration_knows_no_other_method(
    good: tuple[Peer, Running], material: Material, method: str
) -> None:
    assert client.status(good[1].port, material, client.GOOD, method=method) in (404, 405)


@pytest.mark.parametrize("path", ["/", "/mgcc/v1/", "/mgcc/v1/state/more", "/mgcc/v1/state/../inventory"])
def test_the_good_configuration_knows_no_other_path(good: tuple[Peer, Running], material: Material, path: str) -> None:
    assert client.status(good[1].port, material, client.GOOD, path=path) == 404


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_the_good_configuration_speaks_both_modern_versions(
    good: tuple[Peer, Running], material: Material, version: ssl.TLSVersion
) -> None:
    context = client.client_context(material)
    context.minimum_version = context.maximum_version = version

    assert client.status(good[1].port, material, client.GOOD, context=context) == 200


@pytest.mark.parametrize("configuration", CONFIGURATIONS)
def test_a_server_starts_with_each_configuration(configuration: str, material: Material) -> None:
    with _running(configuration, material) as server:
        assert server.pid


@pytest.mark.parametrize("configuration", [name for name in CONFIGURATIONS if not name.endswith("/good")])
def test_a_bad_configuration_differs_from_the_good_one_in_one_directive_or_in_two_that_belong_together(
    configuration: str,
) -> None:
    name, _, bad = configuration.partition("/")
    pairs = load_table(name).bad[bad].replace

    assert len(pairs) == (2 if configuration in IN_TWO else 1)


@pytest.mark.parametrize(
    ("configuration", "recipe"),
    [
        ("nginx/client-certificate-off", None),
        ("nginx/client-certificate-optional", None),
        ("nginx/client-certificate-unverified", client.FOREIGN),
        ("nginx/no-revocation-list", client.REVOKED),
        ("nginx/both-cas-trusted", client.OTHER_POINT),
        ("caddy/client-certificate-off", None),
        ("caddy/client-certificate-optional", None),
        ("caddy/client-certificate-requested", client.EXPIRED),
        ("caddy/client-certificate-unverified", client.FOREIGN),
        ("caddy/wrong-ca-trusted", client.OTHER_POINT),
        ("caddy/both-cas-trusted", client.OTHER_POINT),
    ],
)
def test_a_bad_configuration_serves_whom_it_should_not(
    configuration: str, recipe: ChainRecipe | None, material: Material
) -> None:
    with _running(configuration, material) as server:
        assert client.status(server.port, material, recipe) == 200


@pytest.mark.parametrize("suites", ["null", "anonymous", "static-rsa"])
def test_a_weak_suite_is_there_to_be_found(suites: str, material: Material) -> None:
    context = client.client_context(material)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers({"null": "eNULL", "anonymous": "aNULL", "static-rsa": "kRSA"}[suites] + ":@SECLEVEL=0")
    if suites == "anonymous":
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE

    with _running(f"nginx/{suites}-suites", material) as server:
        assert client.status(server.port, material, client.GOOD, context=context) != client.REFUSED_BY_TLS


@pytest.mark.parametrize("name", PEERS)
def test_the_cleartext_port_serves(name: str, material: Material) -> None:
    with _running(f"{name}/cleartext-port", material) as server:
        assert client.cleartext_status(server.cleartext) == 200


def test_nginx_can_serve_cleartext_on_its_tls_port(material: Material) -> None:
    with _running("nginx/cleartext-same-port", material) as server:
        assert client.cleartext_status(server.port) == 200


@pytest.mark.parametrize("peer", [NGINX, CADDY], ids=lambda peer: peer.name)
def test_a_configuration_that_the_server_refuses_is_told_with_its_own_words(peer: Peer, material: Material) -> None:
    broken = {"nginx": "no_such_directive on;", "caddy": "localhost:{{port}} {\n\tno_such_directive\n}\n"}[peer.name]

    with pytest.raises(PeerNotStartedError, match="no_such_directive"), running(peer, broken, material):
        pass


def test_a_missing_server_is_a_skip_unless_every_peer_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    missing = Peer("nobody", "no-such-program", "nginx.conf", ())
    monkeypatch.delenv("MGCC_REQUIRE_PEERS", raising=False)
    with pytest.raises(pytest.skip.Exception, match="not installed"):
        missing.path()

    monkeypatch.setenv("MGCC_REQUIRE_PEERS", "1")
    with pytest.raises(pytest.fail.Exception, match="not installed"):
        missing.path()
