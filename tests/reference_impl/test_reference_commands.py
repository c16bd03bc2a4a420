"""The commands init, serve and faults: what they print, and how they refuse bad input."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import stat
from pathlib import Path

import pytest
from cryptography import x509
from reference_lab import Lab
from reference_server import command, http, serving


def test_init_makes_a_key_of_its_own_for_each_point_and_a_request_for_it(tmp_path: Path) -> None:
    identity = "urn:uuid:12345678-1234-4234-8234-123456789abc"
    done = command("init", "--home", str(tmp_path / "home"), "--mms-id", identity)
    assert done.returncode == 0, done.stderr
    keys = set()
    for point in ("distribution", "aggregation"):
        folder = tmp_path / "home" / point
        assert stat.S_IMODE((folder / "key.pem").stat().st_mode) == 0o600
        request = x509.load_pem_x509_csr((folder / "csr.pem").read_bytes())
        assert request.is_signature_valid
        names = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert names.get_values_for_type(x509.DNSName) == ["mms.mgcc.example"]
        assert names.get_values_for_type(x509.UniformResourceIdentifier) == [identity]
        assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]
        usage = request.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        assert list(usage) == [x509.oid.ExtendedKeyUsageOID.SERVER_AUTH]
        keys.add((folder / "key.pem").read_bytes())
    assert len(keys) == 2


def test_init_does_not_overwrite_keys(tmp_path: Path) -> None:
    assert command("init", "--home", str(tmp_path)).returncode == 0
    again = command("init", "--home", str(tmp_path))
    assert (again.returncode, again.stderr.count("\n")) == (3, 1)


@pytest.mark.parametrize("arguments", [["--mms-id", "urn:uuid:1"], ["--host", "localhost"]])
def test_init_says_what_it_expects(tmp_path: Path, arguments: list[str]) -> None:
    done = command("init", "--home", str(tmp_path), *arguments)
    assert (done.returncode, done.stderr.count("\n")) == (3, 1)
    assert "expected" in done.stderr


def consecutive_ports() -> int:
    """The first of three free ports in a row."""
    for first in range(42_000 + os.getpid() % 1000 * 10, 60_000, 3):
        with contextlib.ExitStack() as stack:
            try:
                for offset in range(3):
                    stack.enter_context(socket.create_server(("127.0.0.1", first + offset)))
            except OSError:
                continue
            return first
    raise AssertionError("no three free ports")


def test_serve_announces_its_three_listeners_in_order(lab: Lab) -> None:
    first = consecutive_ports()
    with serving(lab, "--port", str(first), "--fault", "accepts-stale-crl") as mms:
        assert mms.ready["ready"] is True
        assert mms.ready["mms_id"] == lab.mms_id
        assert mms.ready["faults"] == ["accepts-stale-crl"]
        assert [(x["connection_point"], x["binding"], x["port"]) for x in mms.ready["listeners"]] == [
            ("distribution", "https", first),
            ("distribution", "modbus", first + 1),
            ("aggregation", "https", first + 2),
        ]
        assert http(first, lab.client("utility")).status == 200


def test_serve_refuses_an_unknown_fault_and_proposes_near_ones(lab: Lab) -> None:
    done = command("serve", "--home", str(lab.home), "--fault", "ignores-revoked-laef")
    assert (done.returncode, done.stderr.count("\n"), done.stdout) == (3, 1, "")
    assert "ignores-revoked-leaf" in done.stderr


@pytest.mark.parametrize("name", ["key.pem", "cert.pem", "trust.pem", "crl.pem", "peers.yaml"])
@pytest.mark.parametrize("content", [None, b"", b"nonsense"])
def test_serve_names_the_file_that_it_cannot_use(own_lab: Lab, name: str, content: bytes | None) -> None:
    path = own_lab.home / "aggregation" / name
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    done = command("serve", "--home", str(own_lab.home))
    assert (done.returncode, done.stderr.count("\n"), done.stdout) == (3, 1, "")
    assert str(path) in done.stderr


def test_serve_refuses_a_certificate_for_another_key(own_lab: Lab) -> None:
    home = own_lab.home
    (home / "distribution" / "cert.pem").write_bytes((home / "aggregation" / "cert.pem").read_bytes())
    done = command("serve", "--home", str(home))
    assert (done.returncode, done.stderr.count("\n")) == (3, 1)
    assert "not for" in done.stderr


def test_serve_says_when_a_port_is_taken_or_impossible(lab: Lab) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = command("serve", "--home", str(lab.home), "--port", str(taken.getsockname()[1]))
    assert (done.returncode, done.stderr.count("\n")) == (3, 1)
    assert "cannot listen" in done.stderr
    assert command("serve", "--home", str(lab.home), "--port", "65534").returncode == 3


def test_faults_are_listed_in_both_languages() -> None:
    done = command("faults", "--json")
    listed = json.loads(done.stdout)
    assert done.returncode == 0
    assert len(listed) >= 70
    assert len({fault["id"] for fault in listed}) == len(listed)
    for fault in listed:
        assert fault["title"]["en"].endswith(".")
        assert fault["title"]["ja"].endswith("。")
        assert fault["clause"]
        assert fault["kind"] in {"fault", "mimic"}
        assert fault["criterion"] not in fault["also_affects"]
    assert command("faults").stdout.count("\n") == len(listed)
