"""Trust anchors, revocation lists, peers and the own certificate change while the reference MMS runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from reference_lab import DAY, NOW, Client, Lab, make_authority, make_client
from reference_server import PREFIX, Running, hosted, http


@pytest.fixture
def running(own_lab: Lab) -> Iterator[Running]:
    with hosted(own_lab) as mms:
        yield mms


def served(mms: Running, client: Client) -> bool:
    try:
        return http(mms.port(), client).status == 200
    except OSError:
        return False


def configuration_events(mms: Running) -> list[Any]:
    entries = http(mms.port(), mms.lab.client("auditor"), path=f"{PREFIX}/security-events").json["entries"]
    return [entry for entry in entries if entry["code"] == "CONFIGURATION_CHANGED"]


def test_a_client_is_refused_once_the_list_names_it(running: Running, own_lab: Lab) -> None:
    client = own_lab.client("utility")
    assert served(running, client)
    revoked = own_lab.utility.issuing.revoked
    revoked.append(client.chain[0].serial_number)
    try:
        (own_lab.home / "distribution" / "crl.pem").write_bytes(own_lab.utility.crls())
    finally:
        revoked.pop()
    assert not served(running, client)
    assert served(running, own_lab.client("viewer"))
    assert [entry["result"] for entry in configuration_events(running)] == ["accepted"]


def test_a_list_that_is_out_of_date_lets_nobody_in(running: Running, own_lab: Lab) -> None:
    stale = own_lab.utility.crls(last=NOW - 3 * DAY, until=NOW - DAY)
    (own_lab.home / "distribution" / "crl.pem").write_bytes(stale)
    assert not served(running, own_lab.client("utility"))


def test_another_trust_anchor_takes_effect(running: Running, own_lab: Lab) -> None:
    other = make_authority("successor")
    client = make_client(other.issuing)
    assert not served(running, client)
    folder = own_lab.home / "distribution"
    (folder / "crl.pem").write_bytes(other.crls())
    (folder / "trust.pem").write_bytes(other.root.certificate.public_bytes(Encoding.PEM))
    assert served(running, client)
    assert not served(running, own_lab.client("utility"))


def test_a_peer_that_is_struck_from_the_list_is_refused(running: Running, own_lab: Lab) -> None:
    (own_lab.home / "distribution" / "peers.yaml").write_text("peers: [auditor.mgcc.example]\n")
    assert not served(running, own_lab.client("utility"))
    assert served(running, own_lab.client("auditor"))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("crl.pem", b""),
        ("crl.pem", b"-----BEGIN X509 CRL-----\nnonsense\n-----END X509 CRL-----\n"),
        ("trust.pem", b"nothing"),
        ("peers.yaml", b"peers: utility"),
        ("peers.yaml", b"\xff"),
        ("peers.yaml", b"[" * 100_000),
        ("peers.yaml", b"- " * 100_000),
        ("peers.yaml", b"peers: ['*.mgcc.example']"),
        ("cert.pem", b""),
    ],
)
def test_a_broken_file_leaves_the_old_in_force_and_is_logged(
    running: Running, own_lab: Lab, name: str, content: bytes
) -> None:
    (own_lab.home / "distribution" / name).write_bytes(content)
    assert served(running, own_lab.client("utility"))
    assert not served(running, own_lab.client("utility", "aggregation"))
    (entry,) = configuration_events(running)
    assert entry["result"] == "refused"
    assert name in entry["detail"]
