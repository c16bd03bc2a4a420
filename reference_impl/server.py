"""Runs the MMS: one listener per connection point and binding, until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography import x509

from reference_impl.context import Secrets
from reference_impl.https import HttpsBinding
from reference_impl.material import HomeError
from reference_impl.mms import AGGREGATION, DISTRIBUTION, POINTS, Mms
from reference_impl.modbus import ModbusBinding
from reference_impl.resources import Resources
from reference_impl.session import Session
from reference_impl.transport import Binding, Connection, Door

if TYPE_CHECKING:
    from reference_impl.rules import Rules

LISTENERS = ((DISTRIBUTION, "https"), (DISTRIBUTION, "modbus"), (AGGREGATION, "https"))


@dataclass(frozen=True)
class Settings:
    """How to run: home folder, address, first of three consecutive ports (0: free ones), faults, cleartext port.

    `until_stdin_closes`: stop when whoever started it has gone.
    """

    home: Path
    host: str
    port: int
    faults: tuple[str, ...]
    cleartext_port: int
    until_stdin_closes: bool = False


def _door(mms: Mms, name: str, binding: str, secrets: Secrets, *, encrypted: bool = True) -> Door:
    point = mms.points[name]
    resources = Resources(mms, point)

    def serve(session: Session) -> Binding:
        return HttpsBinding(resources, session) if binding == "https" else ModbusBinding(mms, point, session)

    return Door(name, binding, secrets, mms.rules, point.log, serve, encrypted=encrypted)


async def _listen(door: Door, host: str, port: int) -> tuple[asyncio.Server, int]:
    loop = asyncio.get_running_loop()
    try:
        server = await loop.create_server(lambda: Connection(door), host, port, backlog=256)
    except (OSError, OverflowError) as error:
        raise HomeError(f"cannot listen on {host} port {port}: {error}; choose another --host or --port") from None
    return server, server.sockets[0].getsockname()[1]


@contextlib.asynccontextmanager
async def listening(settings: Settings, rules: Rules) -> AsyncIterator[dict[str, object]]:
    """Listens as long as the block runs; gives the announcement of what listens where.

    Raises HomeError when the home folder is unusable or a port is taken.
    """
    mms = Mms("", rules)
    secrets = {name: Secrets(settings.home / name, rules, mms.points[name].log) for name in POINTS}
    mms.id = mms_id(settings.home, secrets[DISTRIBUTION])
    doors, ready = [], []
    async with contextlib.AsyncExitStack() as stack:
        for offset, (name, binding) in enumerate(LISTENERS):
            door = _door(mms, name, binding, secrets[name])
            server, port = await _listen(door, settings.host, settings.port + offset if settings.port else 0)
            stack.callback(server.close)
            doors.append(door)
            ready.append({"connection_point": name, "binding": binding, "host": settings.host, "port": port})
        if rules.cleartext_listener():
            door = _door(mms, DISTRIBUTION, "https", secrets[DISTRIBUTION], encrypted=False)
            doors.append(door)
            stack.callback((await _listen(door, settings.host, settings.cleartext_port))[0].close)
        yield {"ready": True, "pid": os.getpid(), "mms_id": mms.id, "faults": settings.faults, "listeners": ready}
    for door in doors:
        for connection in tuple(door.connections):
            connection.abort()
    await asyncio.sleep(0)


def _ended(stop: asyncio.Event) -> None:
    """Whoever started us is gone once standard input has come to its end."""
    if not os.read(sys.stdin.fileno(), 1):
        asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
        stop.set()


async def serve(settings: Settings, rules: Rules) -> None:
    """Listens, says so on stdout in one line of JSON, and serves until SIGTERM or SIGINT; HomeError as above."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with listening(settings, rules) as announcement:
        sys.stdout.write(json.dumps(announcement) + "\n")
        sys.stdout.flush()
        gc.freeze()
        if settings.until_stdin_closes:
            asyncio.get_running_loop().add_reader(sys.stdin.fileno(), _ended, stop)
        await stop.wait()


def mms_id(home: Path, secrets: Secrets) -> str:
    """The identity of the MMS: the urn:uuid in the subjectAltName of its certificate; HomeError without one."""
    try:
        names = secrets.own.leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        uris = names.get_values_for_type(x509.UniformResourceIdentifier)
    except (x509.ExtensionNotFound, ValueError):
        uris = []
    identity = next((uri for uri in uris if uri.startswith("urn:uuid:")), None)
    if identity is None:
        raise HomeError(
            f"{home / DISTRIBUTION / 'cert.pem'}: no urn:uuid in the subjectAltName; sign the csr.pem as is"
        )
    return identity
