"""Starts and stops the bundled reference MMS: a subprocess known only through an endpoint file."""

import contextlib
import json
import selectors
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

from conformance.model.criterion import ConnectionPoint
from conformance.model.problem import ProblemError
from conformance.model.text import Text
from conformance.pki.lab import Lab, sign_csr

READY_WITHIN_S = 20.0
_STOP_WITHIN_S = 5.0
_COMMAND = (sys.executable, "-m", "reference_impl")
RATED_POWER_W = 50_000
CLEARTEXT_PORTS = ("80", "102", "502", "2404", "20000")
"""Well-known ports that are moved to free ones, so that no other program of the machine answers for the reference."""
_KINDS = ["pv", "ev-charger", "ev-charger-discharger", "battery", "heat-pump", "load", "dms", "derms", "ems"]


def prepare(lab: Lab, home: Path) -> None:
    """Make the reference's home: its keys, the lab's signature on its requests, and what a vendor installs."""
    done = subprocess.run([*_COMMAND, "init", "--home", str(home)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise _trouble(done.stderr.strip() or f"exit status {done.returncode}")
    for point in ConnectionPoint:
        folder = home / point.value
        sign_csr(lab, point, (folder / "csr.pem").read_bytes(), folder / "cert.pem")
        for name in ("trust.pem", "crl.pem", "peers.yaml"):
            shutil.copy(lab.install_folder(point) / name, folder / name)


@contextlib.contextmanager
def serving(
    home: Path, *, log: Path, faults: Iterable[str] = (), options: Iterable[str] = ()
) -> Iterator[dict[str, Any]]:
    """Serve the reference from `home` while the context lasts; yields its announcement (listeners, faults).

    Its log goes to the file `log`. Raises ProblemError if it does not start.
    """
    process, announced = start(home, faults=faults, options=options, log=log)
    try:
        yield announced
    finally:
        stop(process)


def start(
    home: Path, *, faults: Iterable[str], options: Iterable[str], log: Path | None
) -> tuple[subprocess.Popen[bytes], dict[str, Any]]:
    """Start the reference and return its process and announcement; without `log` it speaks on our standard error.

    Raises ProblemError if it does not start; nothing is left running then.
    """
    cleartext = free_ports(len(CLEARTEXT_PORTS))
    argv = [*_COMMAND, "serve", "--home", str(home), "--cleartext-port", str(cleartext[0]), "--until-stdin-closes"]
    argv += options
    for fault in faults:
        argv += ["--fault", fault]
    with contextlib.ExitStack() as files:
        errors = files.enter_context(log.open("wb")) if log is not None else None
        process = subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, start_new_session=True
        )
    try:
        announced = _announcement(process, log)
    except BaseException:
        stop(process)
        raise
    announced["cleartext_ports"] = dict(zip(CLEARTEXT_PORTS, cleartext, strict=True))
    return process, announced


def stop(process: subprocess.Popen[bytes]) -> None:
    """Stop the reference, gently and then firmly."""
    process.terminate()
    try:
        process.wait(_STOP_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()


def _announcement(process: subprocess.Popen[bytes], log: Path | None) -> dict[str, Any]:
    stdout = process.stdout
    if stdout is None:
        raise _trouble("no standard output")
    deadline = time.monotonic() + READY_WITHIN_S
    with selectors.DefaultSelector() as selector:
        selector.register(stdout, selectors.EVENT_READ)
        if not selector.select(max(0.0, deadline - time.monotonic())):
            raise _trouble(f"not ready within {READY_WITHIN_S:.0f} s")
    line = stdout.readline()
    if not line:
        process.wait(_STOP_WITHIN_S)
        said = log.read_text("utf-8", "replace").strip()[-500:] if log is not None else ""
        raise _trouble(said or f"exit status {process.returncode}")
    announced: dict[str, Any] = json.loads(line)
    return announced


def endpoint_text(announced: dict[str, Any], lab: Path, *, regions: Iterable[str] = ("jp", "us", "eu")) -> str:
    """Return the endpoint file of a running reference."""
    points: dict[str, dict[str, Any]] = {}
    for listener in announced["listeners"]:
        binding: dict[str, Any] = {
            "protocol": listener["binding"],
            "host": listener["host"],
            "port": listener["port"],
            "server_name": "mms.mgcc.example",
        }
        if listener["binding"] == "https":
            binding["service_check"] = {"path": "/mgcc/v1/state", "status": 200, "body_has": ["mms_id", "limits"]}
        else:
            binding["service_check"] = {"register": 40000, "count": 2}
        point = points.setdefault(
            listener["connection_point"], {"cleartext_ports": dict(announced["cleartext_ports"]), "bindings": []}
        )
        point["bindings"].append(binding)
    content = {
        "mgcc": 1,
        "product": {"name": "mgcc reference MMS", "version": "0.1.0", "supplier": "mgcc"},
        "regions": list(regions),
        "security_level": 2,
        "rated_power_W": RATED_POWER_W,
        "plant": "simulated",
        "device_kinds": _KINDS,
        "lab": str(lab),
        "connection_points": points,
        "ics": {"supports": ["PKI", "TLS", "ZTA", "INV", "CTL", "AUD"]},
        "envelope": {"export_limit_W": [0, RATED_POWER_W]},
    }
    head = "# yaml-language-server: $schema=../test_vectors/schema/endpoint.schema.json\n"
    return head + yaml.dump(content, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True)


def free_ports(number: int) -> list[int]:
    """Return TCP ports of loopback that nobody listens on."""
    with contextlib.ExitStack() as sockets:
        bound = [sockets.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(number)]
        return [one.getsockname()[1] for one in bound]


def list_faults() -> list[dict[str, Any]]:
    """Return the reference's faults as it describes them. Raises ProblemError if it cannot."""
    done = subprocess.run([*_COMMAND, "faults", "--json"], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise _trouble(done.stderr.strip() or f"exit status {done.returncode}")
    faults: list[dict[str, Any]] = json.loads(done.stdout)
    return faults


def _trouble(what: str) -> ProblemError:
    return ProblemError(
        Text(
            en=f"The bundled reference MMS does not start: {what}",
            ja=f"同梱の参照MMSを起動できません: {what}",
        )
    )
