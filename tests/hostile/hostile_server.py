"""A server on a free loopback port that misbehaves as a script says; always stopped."""

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from msgspec import Struct

from conformance.model.criterion import ConnectionPoint
from conformance.pki.lab import Lab, sign_csr

SERVER_NAME = "mms.mgcc.example"
PATIENCE_S = 4.0
STATE = b'{"mms_id":"urn:uuid:0","limits":{}}'

Script = Callable[[socket.socket, "Stand"], None]


class Stand(Struct, frozen=True, kw_only=True):
    """What a script has at hand: a TLS context of the product, its certificate chain and a place for more."""

    context: ssl.SSLContext
    key: ec.EllipticCurvePrivateKey
    key_path: Path
    folder: Path
    stopping: threading.Event

    def pause(self, seconds: float) -> None:
        """Wait, but not longer than the test; raise OSError then."""
        if self.stopping.wait(seconds):
            raise ConnectionAbortedError

    def other_certificate(self, name: str, pem: bytes) -> ssl.SSLContext:
        """Return a context that presents `pem` in place of the product's chain."""
        path = self.folder / f"{name}.pem"
        path.write_bytes(pem)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path, self.key_path)
        return context


def stand(lab: Lab, folder: Path) -> Stand:
    """Make key and certificate of a product that the lab has signed."""
    key = ec.generate_private_key(ec.SECP256R1())
    names = x509.SubjectAlternativeName([x509.DNSName(SERVER_NAME)])
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).add_extension(names, critical=True)
    csr = request.sign(key, SHA256()).public_bytes(Encoding.PEM)
    sign_csr(lab, ConnectionPoint.DISTRIBUTION, csr, folder / "server.pem")
    key_path = folder / "server.key"
    key_path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", key_path)
    return Stand(context=context, key=key, key_path=key_path, folder=folder, stopping=threading.Event())


@contextlib.contextmanager
def scripted(script: Script, stand: Stand) -> Iterator[int]:
    """Play `script` on each connection, in a thread of its own; yield the port."""
    listener = socket.create_server(("127.0.0.1", 0))
    connections: list[socket.socket] = []
    closing = threading.Event()

    def play(connection: socket.socket) -> None:
        connection.settimeout(PATIENCE_S)
        with contextlib.suppress(OSError, ValueError):
            script(connection, stand)
        with contextlib.suppress(OSError):
            connection.close()

    def accept() -> None:
        while not closing.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connections.append(connection)
            threading.Thread(target=play, args=(connection,), daemon=True).start()

    accepting = threading.Thread(target=accept, daemon=True)
    accepting.start()
    try:
        yield int(listener.getsockname()[1])
    finally:
        closing.set()
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        accepting.join(PATIENCE_S)
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


def reset(connection: socket.socket) -> None:
    """End the connection by a TCP reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def hang(connection: socket.socket) -> None:
    """Take everything, say nothing."""
    while connection.recv(1 << 16):
        pass


def request(connection: socket.socket) -> bytes:
    """Read the head of one HTTP request."""
    read = b""
    while b"\r\n\r\n" not in read:
        piece = connection.recv(1 << 14)
        if not piece:
            raise ConnectionAbortedError
        read += piece
    return read


def over_tls(inner: Script) -> Script:
    """Shake hands as a good product (one that accepts everybody), then play `inner`."""

    def script(connection: socket.socket, stand: Stand) -> None:
        tls = stand.context.wrap_socket(connection, server_side=True)
        try:
            inner(tls, stand)
        finally:
            with contextlib.suppress(OSError):
                tls.close()

    return script


def answering(octets: bytes) -> Script:
    """Answer each request with `octets` and close."""

    def inner(tls: socket.socket, _stand: Stand) -> None:
        request(tls)
        tls.sendall(octets)

    return over_tls(inner)


def endlessly(head: bytes, again: bytes, pause_s: float = 0.0) -> Script:
    """Answer with `head` and then `again` without end, `pause_s` apart."""

    def inner(tls: socket.socket, stand: Stand) -> None:
        request(tls)
        tls.sendall(head)
        while True:
            tls.sendall(again)
            if pause_s:
                stand.pause(pause_s)

    return over_tls(inner)


def http(body: bytes, *headers: str, status: str = "200 OK", kind: str = "application/json") -> bytes:
    """Return an HTTP answer; Content-Length is right unless `headers` says another."""
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", *headers]
    if not any(line.lower().startswith(("content-length", "transfer-encoding")) for line in headers):
        lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body
