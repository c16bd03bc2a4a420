"""Whom the reference MMS does not let in, with which event, and that it says so under the right serial."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given, settings
from hypothesis import strategies as st
from reference_lab import (
    DAY,
    NOW,
    SERVER,
    Ca,
    Client,
    Lab,
    flip_signature,
    make_authority,
    make_ca,
    make_client,
    signed,
)
from reference_server import PREFIX, Running, context, http, modbus, read_to_end

from reference_impl.hello import read_client_hello
from reference_impl.rules.certificates import CertificateRules, Presented
from reference_impl.session import UNREADABLE, subject_name

READ = bytes.fromhex("039c400002")


def events(mms: Running, point: str = "distribution") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while True:
        after = found[-1]["sequence"] if found else 0
        path = f"{PREFIX}/security-events?after={after}"
        page = http(mms.port(point), mms.lab.client("auditor", point), path=path).json["entries"]
        found += page
        if len(page) < 500:
            return found


def last_refusal(mms: Running) -> str:
    return str([event["code"] for event in events(mms) if event["type"] == "authentication"][-1])


def expired(lab: Lab) -> Client:
    return make_client(lab.utility.issuing, start=NOW - 2 * DAY, end=NOW - DAY)


def not_yet_valid(lab: Lab) -> Client:
    return make_client(lab.utility.issuing, start=NOW + DAY, end=NOW + 2 * DAY)


def issued_again(lab: Lab, start: Any, end: Any) -> Client:
    """Under the issuing CA's own key and name, in a certificate with another validity."""
    issuing = make_ca("utility issuing", lab.utility.root, key=lab.utility.issuing.key, start=start, end=end)
    return make_client(issuing)


def expired_intermediate(lab: Lab) -> Client:
    return issued_again(lab, NOW - 9 * DAY, NOW - DAY)


def future_intermediate(lab: Lab) -> Client:
    return issued_again(lab, NOW + DAY, NOW + 9 * DAY)


def foreign(_: Lab) -> Client:
    return make_client(make_authority("rogue").issuing)


def namesake(_: Lab) -> Client:
    other = make_authority("utility")
    return make_client(other.issuing, intermediates=[other.issuing.certificate, other.root.certificate])


def other_point(lab: Lab) -> Client:
    return lab.client("utility", "aggregation")


def bad_leaf_signature(lab: Lab) -> Client:
    client = lab.client("utility")
    return Client(client.key, [flip_signature(client.chain[0]), *client.chain[1:]])


def bad_intermediate_signature(lab: Lab) -> Client:
    client = lab.client("utility")
    return Client(client.key, [client.chain[0], flip_signature(client.chain[1])])


def under_a_leaf(lab: Lab) -> Client:
    """Issued by an end entity that acts as a CA."""
    leaf = lab.client("utility")
    return make_client(Ca(leaf.chain[0], leaf.key), intermediates=leaf.chain)


def unlisted_issuer(lab: Lab) -> Client:
    return make_client(make_ca("utility second issuing", lab.utility.root))


CODE_SIGNING = [ExtendedKeyUsageOID.CODE_SIGNING]
REFUSED: list[tuple[Callable[[Lab], Client], str]] = [
    (expired, "CERT_EXPIRED"),
    (not_yet_valid, "CERT_NOT_YET_VALID"),
    (expired_intermediate, "CERT_EXPIRED"),
    (future_intermediate, "CERT_NOT_YET_VALID"),
    (foreign, "CERT_NOT_TRUSTED"),
    (namesake, "CERT_NOT_TRUSTED"),
    (other_point, "CERT_NOT_TRUSTED"),
    (lambda _: make_client(None), "CERT_NOT_TRUSTED"),
    (bad_leaf_signature, "BAD_CERT"),
    (bad_intermediate_signature, "BAD_CERT"),
    (lambda lab: make_client(lab.utility.retired), "CERT_REVOKED"),
    (unlisted_issuer, "CRL_NOT_ACCESSIBLE"),
    (lambda lab: make_client(lab.utility.issuing, no_eku=True), "CERT_VALIDATION_FAILED"),
    (lambda lab: make_client(lab.utility.issuing, eku=[SERVER]), "CERT_VALIDATION_FAILED"),
    (lambda lab: make_client(lab.utility.issuing, eku=CODE_SIGNING), "CERT_VALIDATION_FAILED"),
    (lambda lab: make_client(lab.utility.issuing, ca=True), "CERT_VALIDATION_FAILED"),
    (lambda lab: make_client(lab.utility.issuing, signature=False), "CERT_VALIDATION_FAILED"),
    (lambda lab: make_client(lab.utility.issuing, dns="stranger.mgcc.example"), "CERT_NOT_CONFIGURED"),
    (lambda lab: make_client(lab.utility.issuing, dns=None, common="utility.mgcc.example"), "CERT_NOT_CONFIGURED"),
    (lambda lab: make_client(lab.utility.issuing, dns="*.mgcc.example"), "CERT_NOT_CONFIGURED"),
    (under_a_leaf, "CERT_NOT_TRUSTED"),
    (lambda lab: lab.revoked, "CERT_REVOKED"),
]


@pytest.mark.parametrize(("recipe", "code"), REFUSED)
def test_a_bad_chain_is_refused_by_tls_on_both_bindings_and_logged(
    mms: Running, lab: Lab, recipe: Callable[[Lab], Client], code: str
) -> None:
    client = recipe(lab)
    with pytest.raises(OSError, match=r"alert|closed|reset"):
        http(mms.port(), client)
    with pytest.raises(OSError, match=r"alert|closed|reset"):
        modbus(mms.port(binding="modbus"), client, READ)
    mine = [event for event in events(mms) if event["serial"] == client.serial]
    assert [(e["code"], e["binding"], e["result"]) for e in mine] == [
        (code, "https", "refused"),
        (code, "modbus", "refused"),
    ]
    assert all(event["category"] == "security" and event["severity"] in {"alarm", "warning"} for event in mine)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("binding", ["https", "modbus"])
def test_without_a_client_certificate_nothing_is_served(mms: Running, binding: str, version: ssl.TLSVersion) -> None:
    tls = context(None)
    tls.minimum_version = tls.maximum_version = version
    ask = http if binding == "https" else lambda port, client, tls: modbus(port, client, READ, tls=tls)
    with pytest.raises(OSError, match=r"alert|closed|reset"):
        ask(mms.port(binding=binding), None, tls=tls)
    assert last_refusal(mms) == "CERT_REQUIRED"


def test_the_alert_names_the_defect(mms: Running, lab: Lab) -> None:
    expected = {
        "certificate expired": expired(lab),
        "certificate revoked": make_client(lab.utility.retired),
        "unknown ca": foreign(lab),
        "unsupported certificate": make_client(lab.utility.issuing, eku=[SERVER]),
    }
    for words, client in expected.items():
        with pytest.raises(ssl.SSLError, match=words):
            http(mms.port(), client)


@pytest.mark.parametrize("binding", ["https", "modbus"])
@pytest.mark.parametrize("first", [b"GET /mgcc/v1/state HTTP/1.1\r\nHost: x\r\n\r\n", b"\0\1\0\0\0\6\1\3\x9c\x40\0\2"])
def test_cleartext_is_not_answered(mms: Running, binding: str, first: bytes) -> None:
    with socket.create_connection(("127.0.0.1", mms.port(binding=binding)), timeout=5) as stream:
        stream.sendall(first)
        assert read_to_end(stream) == b""
    assert last_refusal(mms) == "UNSECURE_COMMUNICATION"


@pytest.mark.parametrize(
    ("version", "code"),
    [(ssl.TLSVersion.TLSv1, "INSECURE_TLS_VERSION"), (ssl.TLSVersion.TLSv1_1, "INSECURE_TLS_VERSION")],
)
def test_old_versions_are_refused_and_logged(mms: Running, version: ssl.TLSVersion, code: str) -> None:
    tls = context(mms.lab.client("utility"))
    tls.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        tls.minimum_version = tls.maximum_version = version
    with pytest.raises(OSError, match=r"alert|protocol|reset"):
        http(mms.port(), None, tls=tls)
    assert last_refusal(mms) == code


def test_a_suite_that_is_not_on_offer_is_logged(mms: Running) -> None:
    tls = context(mms.lab.client("utility"))
    tls.maximum_version = ssl.TLSVersion.TLSv1_2
    tls.set_ciphers("AES128-SHA:@SECLEVEL=0")
    with pytest.raises(ssl.SSLError):
        http(mms.port(), None, tls=tls)
    assert last_refusal(mms) == "NO_CIPHER"


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x16",
        b"\x16\x03\x01\x00\x02\x01\x00",
        b"\x16\x03\x01\xff\xff" + b"\0" * 20_000,
        b"\x16\x03\x01\x00\x30" + b"\1" * 48,
    ],
)
def test_garbage_is_refused_and_the_next_client_served(mms: Running, garbage: bytes) -> None:
    with socket.create_connection(("127.0.0.1", mms.port()), timeout=5) as stream:
        stream.sendall(garbage)
        stream.shutdown(socket.SHUT_WR)
        read_to_end(stream)
    assert http(mms.port(), mms.lab.client("viewer")).status == 200


def test_events_stay_with_their_connection_point(mms: Running, lab: Lab) -> None:
    client = lab.client("viewer", "aggregation")
    http(mms.port("aggregation"), client)
    assert client.serial in {event["serial"] for event in events(mms, "aggregation")}
    assert client.serial not in {event["serial"] for event in events(mms)}


def test_a_certificate_with_an_extension_twice_is_unreadable_and_still_has_a_name_for_the_log(lab: Lab) -> None:
    tbs = lab.client("utility").chain[0].tbs_certificate_bytes.replace(b"\x55\x1d\x25", b"\x55\x1d\x11")
    leaf = signed(tbs, lab.utility.issuing)
    presented = Presented((leaf,), frozenset(), frozenset({"utility.mgcc.example"}), ())
    with pytest.raises(UNREADABLE):
        CertificateRules().judge(presented)
    assert subject_name(leaf) == "CN=client"


@settings(max_examples=300, deadline=None)
@given(
    st.binary(max_size=300)
    | st.builds(lambda tail: b"\x16\x03\x01\x00\x90\x01\0\0\x8c\x03\x03" + tail, st.binary(max_size=150))
)
def test_reading_a_client_hello_never_fails(record: bytes) -> None:
    hello = read_client_hello(record)
    assert hello is None or hello.newest >= 0
