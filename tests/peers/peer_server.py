"""Starts and stops one real server of somebody else in the foreground, with a configuration made for one test."""

import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from peer_material import MMS_ID, Material

CONFIGURATIONS = Path(__file__).parent / "configurations"
STATE = {
    "mms_id": MMS_ID,
    "connection_point": "distribution",
    "grid": "grid-connected",
    "mode": "remote",
    "limits": {"export_limit": None, "import_limit": None},
}
"""The protected document."""

_READY_WITHIN_S = 10.0
_STOPPED_WITHIN_S = 5.0
_TRIES = 3


class PeerNotStartedError(Exception):
    """The server did not begin to accept connections; the message holds what it wrote."""


@dataclass(frozen=True)
class Peer:
    """A kind of server: its program, its good configuration, and how it is run in the foreground."""

    name: str
    program: str
    configuration: str
    arguments: tuple[str, ...]

    def found(self) -> str | None:
        """Return the program's path, None where it is not installed; Debian keeps nginx out of users' PATH."""
        return shutil.which(self.program, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/bin")

    def path(self) -> str:
        """Return the program's path; skip the test without it, or fail where MGCC_REQUIRE_PEERS=1 wants every peer."""
        found = self.found()
        if found is None:
            sentence = f"{self.name} is not installed (Debian package {self.name})"
            if os.environ.get("MGCC_REQUIRE_PEERS") == "1":
                pytest.fail(f"{sentence}, and MGCC_REQUIRE_PEERS=1 wants every peer")
            pytest.skip(sentence)
        return found

    def good_configuration(self) -> str:
        """Return the text of the checked-in good configuration."""
        return (CONFIGURATIONS / self.configuration).read_text(encoding="utf-8")


NGINX = Peer("nginx", "nginx", "nginx.conf", ("-p", "{folder}/", "-e", "stderr", "-c", "{file}"))
CADDY = Peer("caddy", "caddy", "Caddyfile", ("run", "--adapter", "caddyfile", "--config", "{file}"))
PEERS = {peer.name: peer for peer in (NGINX, CADDY)}


@dataclass(frozen=True)
class Running:
    """A server on loopback: `port` with TLS, `cleartext` where one configuration adds HTTP, `closed` nobody's."""

    pid: int
    port: int
    cleartext: int
    closed: int


@contextmanager
def running(peer: Peer, configuration: str, material: Material) -> Iterator[Running]:
    """Run `peer` with the text of a configuration; stop it in the end. Raises PeerNotStartedError."""
    program = peer.path()
    with tempfile.TemporaryDirectory(prefix="mgcc-peer-") as name:
        folder = Path(name)
        process, server = _started(peer, program, configuration, material, folder)
        try:
            yield server
        finally:
            _stop(process)


def free_ports(count: int) -> tuple[int, ...]:
    """Return `count` different TCP ports on which nothing listens."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return tuple(each.getsockname()[1] for each in sockets)
    finally:
        for each in sockets:
            each.close()


def _started(
    peer: Peer, program: str, configuration: str, material: Material, folder: Path
) -> tuple[subprocess.Popen[bytes], Running]:
    trouble = ""
    for _ in range(_TRIES):  # somebody else may take a free port before the server does
        port, cleartext, closed = free_ports(3)
        file = folder / peer.configuration
        file.write_text(_filled_in(configuration, material, {"port": str(port), "cleartext": str(cleartext)}))
        log = folder / "stderr.log"
        arguments = [each.format(folder=folder, file=file) for each in peer.arguments]
        process = _spawn([program, *arguments], folder, log)
        if _accepts(process, port):
            return process, Running(process.pid, port, cleartext, closed)
        _stop(process)
        trouble = log.read_text(errors="replace").strip()
        if "already in use" not in trouble:
            break
    raise PeerNotStartedError(f"{peer.name} did not start: {trouble or 'it wrote nothing'}")


def _filled_in(configuration: str, material: Material, ports: Mapping[str, str]) -> str:
    values = {
        "certificates": str(material.folder / "certificates"),
        "trust": str(material.folder / "trust"),
        "crl": str(material.folder / "crl"),
        "state": json.dumps(STATE),
        **ports,
    }
    for word, value in values.items():
        configuration = configuration.replace("{{" + word + "}}", value)
    return configuration


def _spawn(command: Sequence[str], folder: Path, log: Path) -> subprocess.Popen[bytes]:
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "LC_ALL": "C.UTF-8"}
    environment |= {"XDG_CONFIG_HOME": str(folder / "config"), "XDG_DATA_HOME": str(folder / "data")}
    with log.open("wb") as sink:
        return subprocess.Popen(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink
        )


def _accepts(process: subprocess.Popen[bytes], port: int) -> bool:
    deadline = time.monotonic() + _READY_WITHIN_S
    while process.poll() is None and time.monotonic() < deadline:
        with socket.socket() as probe:
            probe.settimeout(1)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return process.poll() is None
        time.sleep(0.01)
    return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(_STOPPED_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
