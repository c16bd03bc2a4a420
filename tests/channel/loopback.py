"""Servers on free loopback ports that behave, and misbehave, as a test needs; always stopped."""

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from OpenSSL import SSL

from conformance.model.criterion import ConnectionPoint
from conformance.pki.lab import Lab, sign_csr

PATIENCE_S = 5.0
SERVER_NAME = "mms.mgcc.example"

Handler = Callable[[socket.socket], None]
TlsHandler = Callable[[SSL.Connection], None]


@contextlib.contextmanager
def tcp_server(handler: Handler) -> Iterator[int]:
    """Serve each connection on a thread of its own with `handler`; yield the port."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(PATIENCE_S)
    accepted: list[socket.socket] = []
    stopping = threading.Event()

    def serve(connection: socket.socket) -> None:
        connection.settimeout(PATIENCE_S)
        with contextlib.suppress(OSError, SSL.Error):
            handler(connection)
        with contextlib.suppress(OSError):
            connection.close()

    def accept() -> None:
        while not stopping.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                continue
            accepted.append(connection)
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        stopping.set()
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        thread.join(PATIENCE_S)
        listener.close()
        for connection in accepted:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()


def free_port() -> int:
    """Return a port on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def reset(connection: socket.socket) -> None:
    """Close with a TCP reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def hang(connection: socket.socket) -> None:
    """Say nothing until the client is gone."""
    while connection.recv(65536):
        pass


def sends(octets: bytes) -> Handler:
    """Return a handler that reads once, answers `octets` and closes."""

    def handler(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(octets)

    return handler


def one_byte_at_a_time(inner: Callable[[bytes], bytes]) -> Handler:
    """Return a handler that answers what it read once, one octet per write."""

    def handler(connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for octet in inner(connection.recv(65536)):
            connection.sendall(bytes([octet]))

    return handler


class ServerSide:
    """Key, certificate and trust of a TLS server that the lab has signed."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([x509.DNSName(SERVER_NAME), x509.DNSName("localhost")])
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, SERVER_NAME)])
        builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
        request = builder.add_extension(names, critical=False).sign(key, SHA256())
        self.certificate = folder / "server.pem"
        self.key = folder / "server.key"
        self.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        sign_csr(lab, ConnectionPoint.DISTRIBUTION, request.public_bytes(Encoding.PEM), self.certificate)
        self.trust = lab.install_folder(ConnectionPoint.DISTRIBUTION) / "trust.pem"
        self.crl = lab.install_folder(ConnectionPoint.DISTRIBUTION) / "crl.pem"

    def context(self, *, ask: bool = True, demand: bool = True, tickets: bool = True) -> SSL.Context:
        """Return a server context: `ask` for a client certificate, `demand` a good one."""
        context = SSL.Context(SSL.TLS_SERVER_METHOD)
        context.use_certificate_chain_file(str(self.certificate))
        context.use_privatekey_file(str(self.key))
        context.load_verify_locations(str(self.trust))
        context.set_cipher_list(b"ALL:!aNULL:!eNULL:@SECLEVEL=0")
        context.set_min_proto_version(SSL.TLS1_VERSION)
        if ask:
            mode = SSL.VERIFY_PEER | (SSL.VERIFY_FAIL_IF_NO_PEER_CERT if demand else 0)
            context.set_verify(mode, lambda *told: bool(told[-1]) or not demand)
        context.set_session_id(b"loopback")
        if not tickets:
            context.set_options(SSL.OP_NO_TICKET)
        return context

    @contextlib.contextmanager
    def serve(self, handler: TlsHandler, context: SSL.Context | None = None) -> Iterator[int]:
        """Serve TLS: shake hands, then `handler`; a failed handshake sends its alert and ends."""
        using = context or self.context()

        def one(connection: socket.socket) -> None:
            connection.settimeout(None)
            tls = SSL.Connection(using, connection)
            tls.set_accept_state()
            tls.do_handshake()
            handler(tls)

        with tcp_server(one) as port:
            yield port


def answers(octets: bytes) -> TlsHandler:
    """Return a handler that reads once, answers `octets`, and says goodbye properly."""

    def handler(tls: SSL.Connection) -> None:
        tls.recv(65536)
        tls.sendall(octets)
        tls.shutdown()
        with contextlib.suppress(SSL.Error):
            tls.recv(1)

    return handler


def echo(tls: SSL.Connection) -> None:
    """Send everything back until the client goes."""
    while True:
        tls.sendall(tls.recv(65536))


def http(status: str, body: bytes, *headers: str) -> bytes:
    """Return an HTTP answer with `body` and its length."""
    lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}"]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def slowly(seconds: float, octets: bytes) -> TlsHandler:
    """Return a handler that answers `octets` after `seconds`."""

    def handler(tls: SSL.Connection) -> None:
        tls.recv(65536)
        time.sleep(seconds)
        tls.sendall(octets)

    return handler
