"""Every fault serves the good client still, and departs from the profile where it says; the faultless MMS does not."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from reference_lab import CLIENT, DAY, NOW, SERVER, Client, Lab, flip_signature, make_authority, make_ca, make_client
from reference_server import (
    PREFIX,
    Reply,
    Running,
    connected,
    context,
    free_port,
    hosted,
    http,
    modbus,
    parse,
    read_to_end,
)

from reference_impl.faults import all_faults

READ = bytes.fromhex("039c400002")
REQUEST = b"GET /mgcc/v1/state HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
Deviation = Callable[[Running], bool]
DEVIATIONS: dict[str, Deviation] = {}


def deviation(identity: str) -> Callable[[Deviation], Deviation]:
    """The function below is True when the MMS has this fault."""

    def note(function: Deviation) -> Deviation:
        DEVIATIONS[identity] = function
        return function

    return note


def answer(
    mms: Running, client: Client | None, *request: Any, point: str = "distribution", **options: Any
) -> Reply | None:
    """The answer of the https binding, or None when TLS refuses."""
    with contextlib.suppress(OSError):
        return http(mms.port(point), client, *request, **options)
    return None


def serves(mms: Running, client: Client | None, *request: Any, **options: Any) -> bool:
    reply = answer(mms, client, *request, **options)
    return reply is not None and reply.status in {200, 201}


def presents(identity: str, recipe: Callable[[Lab], Client | None]) -> None:
    """The fault lets this client in."""
    DEVIATIONS[identity] = lambda mms: serves(mms, recipe(mms.lab))


def issued_again(lab: Lab, start: Any, end: Any) -> Client:
    return make_client(make_ca("utility issuing", lab.utility.root, key=lab.utility.issuing.key, start=start, end=end))


def namesake(_: Lab) -> Client:
    other = make_authority("utility")
    return make_client(other.issuing, intermediates=[other.issuing.certificate, other.root.certificate])


def flipped(lab: Lab, position: int) -> Client:
    client = lab.client("utility")
    return Client(client.key, [flip_signature(c) if i == position else c for i, c in enumerate(client.chain)])


presents("accepts-foreign-ca", lambda _: make_client(make_authority("rogue").issuing))
presents("accepts-ca-with-the-right-name", namesake)
presents("accepts-self-signed-client", lambda _: make_client(None))
presents("accepts-other-points-ca", lambda lab: lab.client("utility", "aggregation"))
presents("ignores-leaf-signature", lambda lab: flipped(lab, 0))
presents("ignores-intermediate-signature", lambda lab: flipped(lab, 1))
presents(
    "accepts-expired-client-certificate",
    lambda lab: make_client(lab.utility.issuing, start=NOW - 2 * DAY, end=NOW - DAY),
)
presents(
    "accepts-not-yet-valid-client-certificate",
    lambda lab: make_client(lab.utility.issuing, start=NOW + DAY, end=NOW + 2 * DAY),
)
presents("accepts-expired-intermediate", lambda lab: issued_again(lab, NOW - 9 * DAY, NOW - DAY))
presents("accepts-not-yet-valid-intermediate", lambda lab: issued_again(lab, NOW + DAY, NOW + 9 * DAY))
presents("ignores-revoked-leaf", lambda lab: lab.revoked)
presents("ignores-revoked-intermediate", lambda lab: make_client(lab.utility.retired))
presents("accepts-server-auth-eku", lambda lab: make_client(lab.utility.issuing, eku=[SERVER]))
presents("accepts-missing-eku", lambda lab: make_client(lab.utility.issuing, no_eku=True))
presents("accepts-any-eku", lambda lab: make_client(lab.utility.issuing, eku=[ExtendedKeyUsageOID.CODE_SIGNING]))
presents("accepts-ca-as-leaf", lambda lab: make_client(lab.utility.issuing, ca=True))
presents("accepts-key-usage-without-digital-signature", lambda lab: make_client(lab.utility.issuing, signature=False))
presents("accepts-any-san", lambda lab: make_client(lab.utility.issuing, dns="stranger.example"))
presents(
    "falls-back-to-common-name", lambda lab: make_client(lab.utility.issuing, dns=None, common="utility.mgcc.example")
)
presents("matches-wildcard-san", lambda lab: make_client(lab.utility.issuing, dns="*.mgcc.example"))
presents("does-not-request-client-certificate", lambda _: None)
presents("makes-client-certificate-optional", lambda _: None)
presents("serves-state-without-credential", lambda _: None)
presents("accepts-missing-role", lambda lab: make_client(lab.utility.issuing, None))
presents("accepts-two-roles", lambda lab: make_client(lab.utility.issuing, (-1, 0)))
presents("accepts-unknown-role", lambda lab: make_client(lab.utility.issuing, 77))


@deviation("accepts-stale-crl")
def _(mms: Running) -> bool:
    stale = mms.lab.utility.crls(last=NOW - 3 * DAY, until=NOW - DAY)
    (mms.lab.home / "distribution" / "crl.pem").write_bytes(stale)
    return serves(mms, mms.lab.client("utility"))


def presented(mms: Running) -> x509.Certificate:
    with connected(mms.port(), context(mms.lab.client("utility"))) as stream:
        der = stream.getpeercert(binary_form=True)
    assert der
    return x509.load_der_x509_certificate(der)


def presented_names(mms: Running) -> list[str]:
    names = presented(mms).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return names.get_values_for_type(x509.DNSName)


@deviation("presents-expired-certificate")
def _(mms: Running) -> bool:
    return presented(mms).not_valid_after_utc < NOW


@deviation("presents-certificate-without-server-auth")
def _(mms: Running) -> bool:
    return list(presented(mms).extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == [CLIENT]


@deviation("presents-wrong-name")
def _(mms: Running) -> bool:
    return presented_names(mms) == ["another.mgcc.example"]


@deviation("presents-name-in-cn-only")
def _(mms: Running) -> bool:
    (common,) = presented(mms).subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return presented_names(mms) == [] and common.value == "mms.mgcc.example"


def cleartext(port: int, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as stream:
        stream.sendall(request)
        stream.shutdown(socket.SHUT_WR)
        return read_to_end(stream)


@deviation("serves-cleartext-http")
def _(mms: Running) -> bool:
    return b"mms_id" in cleartext(mms.port(), REQUEST)


@deviation("serves-cleartext-modbus")
def _(mms: Running) -> bool:
    return b"SunS" in cleartext(mms.port(binding="modbus"), struct.pack(">HHHB", 1, 0, 6, 1) + READ)


@deviation("opens-cleartext-port")
def _(mms: Running) -> bool:
    with contextlib.suppress(ConnectionRefusedError):
        return parse(cleartext(mms.cleartext_port, REQUEST)).status == 200
    return False


def hello(version: int, *suites: int) -> bytes:
    body = struct.pack(">H", version) + bytes(32) + b"\0" + struct.pack(f">H{len(suites)}H", 2 * len(suites), *suites)
    body += b"\1\0"
    message = b"\1" + len(body).to_bytes(3, "big") + body
    return struct.pack(">BHH", 22, min(version, 0x0301), len(message)) + message


def chosen(mms: Running, version: int, *suites: int) -> tuple[int, int] | None:
    """Version and suite of the ServerHello, or None."""
    with socket.create_connection(("127.0.0.1", mms.port()), timeout=5) as stream:
        stream.sendall(hello(version, *suites))
        stream.shutdown(socket.SHUT_WR)
        flight = read_to_end(stream)
    if len(flight) < 44 or flight[0] != 22 or flight[5] != 2:
        return None
    at = 44 + flight[43]
    return int.from_bytes(flight[9:11], "big"), int.from_bytes(flight[at : at + 2], "big")


def negotiates(identity: str, version: int, *suites: int) -> None:
    """The fault takes each of these offers, made alone."""
    DEVIATIONS[identity] = lambda mms: all(chosen(mms, version, suite) == (version, suite) for suite in suites)


negotiates("negotiates-ssl3", 0x0300, 0x002F, 0x000A)
negotiates("negotiates-null-suite", 0x0303, 0x003B, 0x0002)
negotiates("negotiates-export-suite", 0x0301, 0x0003, 0x0008, 0x0014)
negotiates("negotiates-rc4", 0x0303, 0x0005, 0xC011, 0xC007)
negotiates("negotiates-3des", 0x0303, 0x000A, 0xC012)
negotiates("negotiates-des", 0x0302, 0x0009)
negotiates("negotiates-static-rsa", 0x0303, 0x009C, 0x002F)
negotiates("negotiates-static-dh", 0x0303, 0x00A0, 0xC02D)


def handshakes(mms: Running, version: ssl.TLSVersion, suites: str) -> bool:
    """A whole handshake with the good client under one version, with these suites."""
    client = mms.lab.client("utility")
    tls = context(client)
    tls.set_ciphers(f"{suites}:@SECLEVEL=0")
    with (
        pytest.warns(DeprecationWarning, match="TLSv1")
        if version < ssl.TLSVersion.TLSv1_2
        else contextlib.nullcontext()
    ):
        tls.minimum_version = tls.maximum_version = version
    with contextlib.suppress(OSError), connected(mms.port(), tls) as stream:
        stream.sendall(REQUEST)
        return bool(read_to_end(stream))
    return False


@deviation("negotiates-tls10")
def _(mms: Running) -> bool:
    return handshakes(mms, ssl.TLSVersion.TLSv1, "ECDHE-ECDSA-AES128-SHA")


@deviation("negotiates-tls11")
def _(mms: Running) -> bool:
    return handshakes(mms, ssl.TLSVersion.TLSv1_1, "ECDHE-ECDSA-AES128-SHA")


@deviation("negotiates-anonymous-suite")
def _(mms: Running) -> bool:
    mimicked = chosen(mms, 0x0303, 0x0034) == (0x0303, 0x0034)
    return mimicked and handshakes(mms, ssl.TLSVersion.TLSv1_2, "AECDH-AES128-SHA")


@deviation("requires-client-certificate-only-on-tls13")
def _(mms: Running) -> bool:
    tls = context(None)
    tls.maximum_version = ssl.TLSVersion.TLSv1_2
    return serves(mms, None, tls=tls) and not serves(mms, None)


def read_as(mms: Running, actor: str, path: str, method: str = "GET", body: Any = None) -> Reply:
    reply = answer(mms, mms.lab.client(actor), method, PREFIX + path, body)
    assert reply is not None
    return reply


@deviation("trusts-identity-header")
def _(mms: Running) -> bool:
    header = {"X-Client-Role": "DSO_OPERATOR"}
    forged = serves(mms, mms.lab.client("viewer"), "GET", f"{PREFIX}/inventory", headers=header)
    return forged and serves(mms, None, headers=header) and not serves(mms, None)


@deviation("serves-inventory-without-credential")
def _(mms: Running) -> bool:
    return serves(mms, None, "GET", f"{PREFIX}/inventory") and not serves(mms, None)


@deviation("serves-events-to-everyone")
def _(mms: Running) -> bool:
    return read_as(mms, "viewer", "/security-events").status == 200


def commands(mms: Running, actor: str, point: str = "distribution", **changes: Any) -> bool:
    order = {"id": "try", "type": "export-limit", "value": 50, "unit": "%"} | changes
    return serves(mms, mms.lab.client(actor, point), "POST", f"{PREFIX}/controls", order, point=point)


@deviation("ignores-role-on-control")
def _(mms: Running) -> bool:
    return commands(mms, "engineer")


@deviation("lets-viewer-control")
def _(mms: Running) -> bool:
    return commands(mms, "viewer") and not commands(mms, "engineer")


@deviation("lets-aggregator-set-export-limit")
def _(mms: Running) -> bool:
    return commands(mms, "aggregator") and commands(mms, "aggregator", "aggregation")


def modbus_as(mms: Running, actor: str, pdu: bytes) -> bytes:
    return modbus(mms.port(binding="modbus"), mms.lab.client(actor), pdu)[0]


@deviation("modbus-ignores-role")
def _(mms: Running) -> bool:
    return modbus_as(mms, "viewer", struct.pack(">BHH", 6, 40_240, 10))[0] == 6


@deviation("answers-unknown-path")
def _(mms: Running) -> bool:
    return read_as(mms, "viewer", "/nothing").status == 200


@deviation("allows-unknown-method")
def _(mms: Running) -> bool:
    return all(read_as(mms, "viewer", "/state", method).status == 200 for method in ("TRACE", "DELETE", "BREW"))


@deviation("answers-unknown-modbus-function")
def _(mms: Running) -> bool:
    return all(modbus_as(mms, "viewer", bytes([function, 0]))[0] == function for function in (17, 43))


@deviation("resolves-dot-segments")
def _(mms: Running) -> bool:
    paths = ("/state/../inventory", "/state/%2e%2e/security-events")
    return all(read_as(mms, "viewer", path).status == 200 for path in paths)


def devices(mms: Running) -> list[Any]:
    return list(read_as(mms, "utility", "/inventory").json["devices"])


@deviation("inventory-omits-firmware-version")
def _(mms: Running) -> bool:
    return not any("firmware_version" in device for device in devices(mms))


@deviation("inventory-duplicates-id")
def _(mms: Running) -> bool:
    return len({device["id"] for device in devices(mms)}) < len(devices(mms))


@deviation("inventory-omits-derms")
def _(mms: Running) -> bool:
    return "derms" not in {device["kind"] for device in devices(mms)}


@deviation("accepts-setpoint-above-rating")
def _(mms: Running) -> bool:
    over = commands(mms, "utility", value=60_000, unit="W") and not commands(mms, "utility", value=-1, id="low")
    return over and modbus_as(mms, "utility", struct.pack(">BHHBHH", 16, 40_239, 2, 4, 1, 150))[0] == 16


@deviation("accepts-negative-setpoint")
def _(mms: Running) -> bool:
    return commands(mms, "utility", value=-1)


@deviation("accepts-nan-setpoint")
def _(mms: Running) -> bool:
    return commands(mms, "utility", value=float("nan")) and read_as(mms, "viewer", "/state").status == 200


@deviation("accepts-string-setpoint")
def _(mms: Running) -> bool:
    return commands(mms, "utility", value="50")


@deviation("accepts-unknown-unit")
def _(mms: Running) -> bool:
    return commands(mms, "utility", unit="kW")


@deviation("clamps-and-applies-refused-setpoint")
def _(mms: Running) -> bool:
    refused = not commands(mms, "utility", value=200)
    limit = read_as(mms, "viewer", "/state").json["limits"]["export_limit"]
    return refused and limit is not None and limit["value"] == 100


def entries(mms: Running) -> list[dict[str, Any]]:
    """The log, after one of each: refused peer, served request, denied request, control."""
    answer(mms, make_client(mms.lab.utility.issuing, eku=[SERVER]))
    read_as(mms, "viewer", "/state")
    read_as(mms, "viewer", "/inventory")
    commands(mms, "utility")
    return list(read_as(mms, "auditor", "/security-events").json["entries"])


def lacks(identity: str, *codes: str) -> None:
    """The fault leaves these events out of the log, and no others."""
    all_codes = {"CERT_VALIDATION_FAILED", "ACCESS_GRANTED", "SESSION_ESTABLISHED", "ACCESS_DENIED", "CONTROL_ACCEPTED"}
    DEVIATIONS[identity] = lambda mms: {entry["code"] for entry in entries(mms)} == all_codes - set(codes)


lacks("does-not-log-authentication-failure", "CERT_VALIDATION_FAILED")
lacks("does-not-log-access", "ACCESS_GRANTED", "SESSION_ESTABLISHED")
lacks("does-not-log-access-denied", "ACCESS_DENIED")
lacks("does-not-log-control", "CONTROL_ACCEPTED")


@deviation("logs-without-subject")
def _(mms: Running) -> bool:
    return all(entry["subject"] is None and entry["serial"] for entry in entries(mms))


@deviation("logs-without-time-zone")
def _(mms: Running) -> bool:
    return not any(entry["time"].endswith("Z") for entry in entries(mms))


@deviation("loses-sequence-numbers")
def _(mms: Running) -> bool:
    return any(b["sequence"] != a["sequence"] + 1 for a, b in pairwise(entries(mms)))


def test_every_fault_has_its_deviation_here() -> None:
    assert set(DEVIATIONS) == {fault.id for fault in all_faults()}


@pytest.mark.parametrize("identity", [fault.id for fault in all_faults()])
def test_a_fault_serves_the_good_client_and_departs_where_it_says(lab: Lab, tmp_path: Path, identity: str) -> None:
    port = free_port()
    with hosted(lab.copy(tmp_path / "faulty"), identity, cleartext_port=port) as mms:
        for point in ("distribution", "aggregation"):
            for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
                client = mms.lab.client("utility", point)
                tls = context(client)
                tls.minimum_version = tls.maximum_version = version
                assert serves(mms, client, point=point, tls=tls)
        assert modbus_as(mms, "utility", READ) == b"\x03\x04SunS"
        assert read_as(mms, "auditor", "/security-events").status == 200
        assert DEVIATIONS[identity](mms), "the fault does not show"
    with hosted(lab.copy(tmp_path / "faultless"), cleartext_port=port) as mms:
        assert not DEVIATIONS[identity](mms), "the faultless MMS shows it too"


def test_faults_combine(own_lab: Lab) -> None:
    both = "accepts-missing-eku", "lets-viewer-control"
    with hosted(own_lab, *both) as mms:
        assert all(DEVIATIONS[identity](mms) for identity in both)
