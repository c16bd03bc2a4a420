"""Starts the reference MMS as its users do, and speaks to it with the standard library's TLS (another OpenSSL)."""

from __future__ import annotations

import asyncio
import contextlib
import json
import selectors
import signal
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from reference_lab import Client, Lab

from reference_impl.faults import rules_with
from reference_impl.server import Settings, listening

ROOT = Path(__file__).parents[2]
PREFIX = "/mgcc/v1"


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    """A command that ends by itself."""
    run = [sys.executable, "-m", "reference_impl", *arguments]
    return subprocess.run(run, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)


@dataclass
class Running:
    """A reference MMS that serves, with what it announced."""

    ready: dict[str, Any]
    lab: Lab
    cleartext_port: int = 0

    def port(self, point: str = "distribution", binding: str = "https") -> int:
        for listener in self.ready["listeners"]:
            if (listener["connection_point"], listener["binding"]) == (point, binding):
                return int(listener["port"])
        raise KeyError(point, binding)


@contextlib.contextmanager
def hosted(lab: Lab, *faults: str, cleartext_port: int = 0) -> Iterator[Running]:
    """Serves on a thread of this process until the block ends: quick enough to try every fault."""
    settings = Settings(home=lab.home, host="127.0.0.1", port=0, faults=faults, cleartext_port=cleartext_port)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        server = listening(settings, rules_with(faults))
        ready = asyncio.run_coroutine_threadsafe(server.__aenter__(), loop).result(20)
        try:
            yield Running(ready, lab, cleartext_port)
        finally:
            asyncio.run_coroutine_threadsafe(server.__aexit__(None, None, None), loop).result(20)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(20)
        loop.close()


@contextlib.contextmanager
def serving(lab: Lab, *arguments: str) -> Iterator[Running]:
    """Serves until the block ends; the MMS must then stop cleanly."""
    run = [sys.executable, "-m", "reference_impl", "serve", "--home", str(lab.home), *arguments]
    with subprocess.Popen(run, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        try:
            assert process.stdout is not None
            with selectors.DefaultSelector() as selector:
                selector.register(process.stdout, selectors.EVENT_READ)
                assert selector.select(20), "the reference did not announce its listeners"
            line = process.stdout.readline()
            assert line, f"the reference ended with {process.wait(5)}"
            yield Running(json.loads(line), lab)
            process.send_signal(signal.SIGTERM)
            assert process.wait(10) == 0
        finally:
            if process.poll() is None:
                process.kill()


def context(client: Client | None) -> ssl.SSLContext:
    """A client that shows `client` and judges nothing."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    if client:
        with tempfile.NamedTemporaryFile("wb") as file:
            file.write(client.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
            file.write(b"".join(c.public_bytes(Encoding.PEM) for c in client.chain))
            file.flush()
            made.load_cert_chain(file.name)
    return made


@contextlib.contextmanager
def connected(port: int, tls: ssl.SSLContext) -> Iterator[ssl.SSLSocket]:
    with (
        socket.create_connection(("127.0.0.1", port), timeout=10) as raw,
        tls.wrap_socket(raw, server_hostname="mms.mgcc.example") as stream,
    ):
        yield stream


def read_to_end(stream: socket.socket) -> bytes:
    out = b""
    while data := stream.recv(65_536):
        out += data
    return out


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def parse(raw: bytes) -> Reply:
    head, _, body = raw.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {key.lower(): content.strip() for key, _, content in (line.partition(":") for line in lines)}
    return Reply(int(first.split()[1]), headers, body)


def http(
    port: int,
    client: Client | None,
    method: str = "GET",
    path: str = f"{PREFIX}/state",
    body: bytes | dict[str, Any] | None = None,
    *,
    headers: dict[str, str] | None = None,
    tls: ssl.SSLContext | None = None,
) -> Reply:
    """One request on a connection of its own. Raises OSError (ssl.SSLError is one) when TLS refuses."""
    content = json.dumps(body).encode() if isinstance(body, dict) else body or b""
    fields = {"Host": "mms.mgcc.example", "Connection": "close", "Content-Length": str(len(content))}
    if content:
        fields["Content-Type"] = "application/json"
    fields |= headers or {}
    lines = "".join(f"{key}: {text}\r\n" for key, text in fields.items())
    with connected(port, tls or context(client)) as stream:
        stream.sendall(f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode() + content)
        raw = read_to_end(stream)
    if not raw:
        raise ConnectionError("closed without an answer")
    return parse(raw)


def modbus(port: int, client: Client | None, *requests: bytes, tls: ssl.SSLContext | None = None) -> list[bytes]:
    """Sends PDUs to unit 1 on one connection; returns the PDUs of the answers. Raises OSError when refused."""
    with connected(port, tls or context(client)) as stream:
        return [exchange(stream, pdu) for pdu in requests]


def exchange(stream: socket.socket, pdu: bytes) -> bytes:
    stream.sendall(struct.pack(">HHHB", 7, 0, len(pdu) + 1, 1) + pdu)
    reader = b""
    while len(reader) < 6 or len(reader) < 6 + int.from_bytes(reader[4:6], "big"):
        data = stream.recv(4096)
        if not data:
            raise ConnectionError("closed without an answer")
        reader += data
    return reader[7:]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
