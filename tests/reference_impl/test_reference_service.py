"""What good clients get from the reference MMS over https, and how it refuses requests of those it let in."""

from __future__ import annotations

import json
import socket
import ssl
from itertools import pairwise
from typing import Any

import pytest
from reference_lab import Lab, make_client
from reference_server import PREFIX, Reply, Running, connected, context, http, parse, read_to_end

POINTS = ["distribution", "aggregation"]


def as_actor(
    mms: Running,
    actor: str,
    path: str,
    method: str = "GET",
    body: Any = None,
    *,
    point: str = "distribution",
    **options: Any,
) -> Reply:
    return http(mms.port(point), mms.lab.client(actor, point), method, PREFIX + path, body, **options)


def order(identity: str, **changes: Any) -> dict[str, Any]:
    return {"id": identity, "type": "export-limit", "value": 60, "unit": "%"} | changes


def export_limit(mms: Running) -> Any:
    limit = as_actor(mms, "viewer", "/state").json["limits"]["export_limit"]
    return limit and (limit["value"], limit["unit"])


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("actor", ["utility", "aggregator", "viewer", "auditor", "engineer"])
def test_every_known_role_reads_the_state_at_both_connection_points(mms: Running, actor: str, point: str) -> None:
    reply = as_actor(mms, actor, "/state", point=point)
    assert reply.status == 200
    assert reply.json["mms_id"] == mms.ready["mms_id"]
    assert reply.json["connection_point"] == point
    assert reply.json["active_power"]["unit"] == "W"


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_both_tls_versions_are_served(mms: Running, version: ssl.TLSVersion) -> None:
    client = mms.lab.client("utility")
    tls = context(client)
    tls.minimum_version = tls.maximum_version = version
    assert http(mms.port(), client, tls=tls).status == 200


def test_a_client_that_checks_the_server_accepts_its_chain_and_name(mms: Running, lab: Lab) -> None:
    client = lab.client("utility")
    tls = context(client)
    tls.load_verify_locations(lab.home / "distribution" / "trust.pem")
    tls.verify_mode = ssl.CERT_REQUIRED
    tls.check_hostname = True
    assert http(mms.port(), client, tls=tls).status == 200


def test_discovery_names_identity_capacity_and_links(mms: Running) -> None:
    for path in ("", "/"):
        found = as_actor(mms, "viewer", path).json
        assert found["mms_id"] == mms.ready["mms_id"]
        assert found["rated_capacity"]["unit"] == "W"
        assert found["links"]["state"] == f"{PREFIX}/state"


def test_the_inventory_holds_every_kind_once_identified(mms: Running) -> None:
    devices = as_actor(mms, "utility", "/inventory").json["devices"]
    kinds = {"pv", "ev-charger", "battery", "heat-pump", "dms", "derms", "ems", "meter"}
    assert kinds <= {device["kind"] for device in devices}
    assert len({device["id"] for device in devices}) == len(devices)
    for device in devices:
        assert all(device[field] for field in ("maker", "model", "hardware_version", "firmware_version"))
        assert device["firmware_digest"].startswith("sha-256:")


def test_an_aggregator_sees_only_devices_under_its_contract(mms: Running) -> None:
    everything = as_actor(mms, "auditor", "/inventory", point="aggregation").json["devices"]
    own = as_actor(mms, "aggregator", "/inventory", point="aggregation").json["devices"]
    assert {d["id"] for d in own} < {d["id"] for d in everything}
    assert {"pv", "ev-charger", "battery", "heat-pump", "dms", "derms", "ems", "meter"} <= {d["kind"] for d in own}


@pytest.mark.parametrize(
    ("actor", "path", "status"),
    [
        ("viewer", "/inventory", 403),
        ("engineer", "/inventory", 403),
        ("auditor", "/inventory", 200),
        ("utility", "/security-events", 403),
        ("viewer", "/security-events", 403),
        ("auditor", "/security-events", 200),
    ],
)
def test_resources_are_shown_to_their_roles_only(mms: Running, actor: str, path: str, status: int) -> None:
    reply = as_actor(mms, actor, path)
    assert reply.status == status
    if status == 403:
        assert reply.headers["content-type"] == "application/problem+json"
        assert reply.json["reason"] == "forbidden"


@pytest.mark.parametrize("roles", [None, (-1, 0), 77])
def test_no_role_two_roles_and_an_unknown_role_get_nothing(mms: Running, lab: Lab, roles: Any) -> None:
    reply = http(mms.port(), make_client(lab.utility.issuing, roles))
    assert (reply.status, reply.json["reason"]) == (403, "unknown-role")


@pytest.mark.parametrize(
    "path", ["/mgcc/v1/nothing", "/", "/mgcc/v1/state/", "/mgcc/v1/state/../inventory", "/mgcc/v1/%73tate", "/mgcc/v11"]
)
def test_a_path_that_is_not_in_the_profile_does_not_exist(mms: Running, path: str) -> None:
    reply = http(mms.port(), mms.lab.client("utility"), path=path)
    assert (reply.status, reply.json["reason"]) == (404, "not-found")


@pytest.mark.parametrize("method", ["DELETE", "PUT", "TRACE", "BREW"])
def test_a_method_that_is_not_in_the_profile_is_not_allowed(mms: Running, method: str) -> None:
    reply = as_actor(mms, "utility", "/state", method)
    assert (reply.status, reply.headers["allow"]) == (405, "GET")


def test_head_is_not_allowed_and_has_no_body(mms: Running) -> None:
    reply = as_actor(mms, "utility", "/state", "HEAD")
    assert (reply.status, reply.body) == (405, b"")


def test_answers_say_nothing_about_the_software(mms: Running) -> None:
    for path in ("/state", "/nothing"):
        assert "server" not in as_actor(mms, "utility", path).headers


def test_a_limit_is_applied_seen_and_withdrawn(mms: Running) -> None:
    reply = as_actor(mms, "utility", "/controls", "POST", order("limit-1", value=20_000, unit="W"))
    assert reply.status == 201
    found = reply.json
    assert (found["status"], found["commanded_by"]) == ("active", "utility.mgcc.example")
    assert found["effect"]["active_power"]["value"] == 20_000
    assert export_limit(mms) == (20_000, "W")
    assert as_actor(mms, "utility", "/controls/limit-1", "DELETE").json["status"] == "cancelled"
    assert export_limit(mms) is None


def test_a_second_limit_supersedes_the_first(mms: Running) -> None:
    as_actor(mms, "utility", "/controls", "POST", order("first", value=10))
    as_actor(mms, "utility", "/controls", "POST", order("second", value=20))
    assert as_actor(mms, "utility", "/controls/first").json["status"] == "superseded"
    assert export_limit(mms) == (20, "%")


def test_the_same_control_again_is_acknowledged_and_other_content_conflicts(mms: Running) -> None:
    assert as_actor(mms, "utility", "/controls", "POST", order("again")).status == 201
    assert as_actor(mms, "utility", "/controls", "POST", order("again")).status == 201
    reply = as_actor(mms, "utility", "/controls", "POST", order("again", value=61))
    assert (reply.status, reply.json["reason"]) == (409, "conflict")
    assert export_limit(mms) == (60, "%")


def test_a_control_in_the_future_waits_and_one_in_the_past_is_stale(mms: Running) -> None:
    reply = as_actor(mms, "utility", "/controls", "POST", order("later", start="2099-01-01T00:00:00Z"))
    assert (reply.status, reply.json["status"]) == (201, "received")
    reply = as_actor(mms, "utility", "/controls", "POST", order("past", expires="2020-01-01T00:00:00Z"))
    assert (reply.status, reply.json["reason"]) == (422, "stale")


def test_another_operator_does_not_see_or_withdraw_a_control(mms: Running) -> None:
    setpoint = order("mine", type="setpoint", value=1000, unit="W")
    assert as_actor(mms, "aggregator", "/controls", "POST", setpoint, point="aggregation").status == 201
    for method in ("GET", "DELETE"):
        assert as_actor(mms, "utility", "/controls/mine", method, point="aggregation").status == 403


@pytest.mark.parametrize(
    ("point", "actor", "kind", "status"),
    [
        ("distribution", "utility", "export-limit", 201),
        ("distribution", "utility", "import-limit", 201),
        ("distribution", "aggregator", "export-limit", 403),
        ("distribution", "viewer", "export-limit", 403),
        ("distribution", "engineer", "export-limit", 403),
        ("aggregation", "aggregator", "setpoint", 201),
        ("aggregation", "utility", "setpoint", 201),
        ("aggregation", "aggregator", "export-limit", 403),
        ("aggregation", "utility", "export-limit", 403),
        ("aggregation", "viewer", "setpoint", 403),
    ],
)
def test_each_type_of_control_has_its_commanders(mms: Running, point: str, actor: str, kind: str, status: int) -> None:
    body = order(f"{point}-{actor}-{kind}", type=kind)
    reply = as_actor(mms, actor, "/controls", "POST", body, point=point)
    assert reply.status == status
    if status == 403:
        assert reply.json["reason"] == "forbidden"


@pytest.mark.parametrize(
    ("changes", "status", "reason"),
    [
        ({"value": 100.5}, 422, "out-of-range"),
        ({"value": 60_000, "unit": "W"}, 422, "out-of-range"),
        ({"value": -1}, 422, "out-of-range"),
        ({"value": 10**400}, 422, "out-of-range"),
        ({"value": "60"}, 400, "malformed"),
        ({"value": True}, 400, "malformed"),
        ({"value": None}, 400, "malformed"),
        ({"value": [60]}, 400, "malformed"),
        ({"value": float("nan")}, 400, "malformed"),
        ({"value": float("inf")}, 400, "malformed"),
        ({"unit": "kW"}, 400, "malformed"),
        ({"type": "volt-var"}, 400, "malformed"),
        ({"id": ""}, 400, "malformed"),
        ({"id": "a/b"}, 400, "malformed"),
        ({"surprise": 1}, 400, "malformed"),
        ({"start": "tomorrow"}, 400, "malformed"),
        ({"start": "2030-02-31T00:00:00Z"}, 400, "malformed"),
        ({"start": "2030-01-02T00:00:00Z", "expires": "2030-01-01T00:00:00Z"}, 400, "malformed"),
    ],
)
def test_a_bad_control_is_refused_and_changes_nothing(
    mms: Running, changes: dict[str, Any], status: int, reason: str
) -> None:
    assert as_actor(mms, "utility", "/controls", "POST", order("kept", value=55)).status == 201
    reply = as_actor(mms, "utility", "/controls", "POST", order("bad", **changes))
    assert (reply.status, reply.json["reason"]) == (status, reason)
    assert export_limit(mms) == (55, "%")


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b"null",
        b"\xff",
        b'{"id":"x","type":"export-limit","value":1,"value":2,"unit":"%"}',
        b'{"id":"x","type":"export-limit","value":1e999,"unit":"%"}',
        b'{"id":"x","type":"export-limit","unit":"%"}',
        b"[" * 8000,
        b'{"id":"x","type":"export-limit","unit":"%","value":' + b"9" * 5000 + b"}",
    ],
)
def test_a_body_that_is_not_strict_json_is_malformed(mms: Running, body: bytes) -> None:
    reply = as_actor(mms, "utility", "/controls", "POST", body)
    assert (reply.status, reply.json["reason"]) == (400, "malformed")


def test_a_body_needs_its_media_type_and_has_a_largest_size(mms: Running) -> None:
    body = json.dumps(order("typed")).encode()
    assert as_actor(mms, "utility", "/controls", "POST", body, headers={"Content-Type": "text/plain"}).status == 415
    reply = as_actor(mms, "utility", "/controls", "POST", b" " * 20_000)
    assert (reply.status, reply.json["reason"]) == (413, "too-large")


def raw(mms: Running, *parts: bytes) -> bytes:
    with connected(mms.port(), context(mms.lab.client("viewer"))) as stream:
        for part in parts:
            stream.sendall(part)
        return read_to_end(stream)


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GARBAGE\r\n\r\n",
        b"GET /mgcc/v1/state HTTP/1.1\r\n\r\n",
        b"GET /mgcc/v1/state HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"GET /mgcc/v1/state HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 20_000,
    ],
)
def test_what_is_not_http_is_answered_once_and_closed(mms: Running, request_bytes: bytes) -> None:
    assert parse(raw(mms, request_bytes)).status in {400, 431}


def test_a_connection_carries_several_requests(mms: Running) -> None:
    request = b"GET /mgcc/v1/state HTTP/1.1\r\nHost: x\r\n\r\n"
    last = b"GET /mgcc/v1/state HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    assert raw(mms, request + request, last).count(b"HTTP/1.1 200") == 3


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_session_is_not_resumed(mms: Running, version: ssl.TLSVersion) -> None:
    tls = context(mms.lab.client("viewer"))
    tls.minimum_version = tls.maximum_version = version
    session = None
    for _ in range(2):
        raw_socket = socket.create_connection(("127.0.0.1", mms.port()), timeout=10)
        with raw_socket, tls.wrap_socket(raw_socket, session=session) as stream:
            stream.sendall(b"GET /mgcc/v1/state HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert b" 200 " in read_to_end(stream)
            assert not stream.session_reused
            session = stream.session


@pytest.mark.parametrize("suites", ["AES128-SHA", "ECDHE-ECDSA-AES128-SHA", "DHE-RSA-AES128-GCM-SHA256"])
def test_other_suites_than_ephemeral_authenticated_ones_are_refused(mms: Running, suites: str) -> None:
    client = mms.lab.client("viewer")
    tls = context(client)
    tls.maximum_version = ssl.TLSVersion.TLSv1_2
    tls.set_ciphers(f"{suites}:@SECLEVEL=0")
    with pytest.raises(ssl.SSLError):
        http(mms.port(), client, tls=tls)


def test_the_log_has_no_gaps_and_pages(mms: Running) -> None:
    for _ in range(3):
        as_actor(mms, "viewer", "/state")
    entries: list[dict[str, Any]] = []
    after = 0
    while page := as_actor(mms, "auditor", f"/security-events?after={after}&limit=4").json["entries"]:
        assert len(page) <= 4
        entries += page
        after = page[-1]["sequence"]
        if len(entries) > 40:
            break
    assert entries[0]["sequence"] == 1
    assert all(b["sequence"] == a["sequence"] + 1 for a, b in pairwise(entries))
    assert all(entry["time"].endswith("Z") for entry in entries)


@pytest.mark.parametrize("query", ["after=-1", "after=x", "limit=0", "other=1", "after=1&after=2", "after=" + "9" * 30])
def test_a_query_that_is_not_known_is_malformed(mms: Running, query: str) -> None:
    assert as_actor(mms, "auditor", f"/security-events?{query}").status == 400


@pytest.mark.parametrize(
    ("actor", "method", "path", "changes", "code"),
    [
        ("viewer", "GET", "/state", None, "ACCESS_GRANTED"),
        ("viewer", "GET", "/inventory", None, "ACCESS_DENIED"),
        ("viewer", "GET", "/nothing", None, "ACCESS_DENIED"),
        ("viewer", "PUT", "/state", None, "ACCESS_DENIED"),
        ("viewer", "POST", "/controls", {}, "ACCESS_DENIED"),
        ("utility", "POST", "/controls", {}, "CONTROL_ACCEPTED"),
        ("utility", "POST", "/controls", {"value": 200}, "CONTROL_REFUSED"),
        ("utility", "POST", "/controls", {"unit": "kW"}, "CONTROL_REFUSED"),
    ],
)
def test_every_request_leaves_its_event_under_the_serial_of_the_client(
    mms: Running,
    *,
    actor: str,
    method: str,
    path: str,
    changes: dict[str, Any] | None,
    code: str,
) -> None:
    client = mms.lab.client(actor)
    body = None if changes is None else order("logged", **changes)
    http(mms.port(), client, method, PREFIX + path, body)
    after = 0
    mine = []
    while page := as_actor(mms, "auditor", f"/security-events?after={after}").json["entries"]:
        mine += [entry for entry in page if entry["serial"] == client.serial]
        after = page[-1]["sequence"]
        if len(page) < 500:
            break
    assert [entry["code"] for entry in mine] == ["SESSION_ESTABLISHED", code]
    assert {entry["subject"] for entry in mine} == {f"{actor}.mgcc.example"}
    assert all(entry["source"].startswith("127.0.0.1:") for entry in mine)
