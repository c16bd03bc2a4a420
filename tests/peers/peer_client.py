"""A client that shares nothing with the suite's own: the standard library's TLS, one HTTP request, the status."""

import http.client
import socket
import ssl
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from peer_material import SERVER_NAME, Material

from conformance.model.criterion import ConnectionPoint
from conformance.model.recipe import CertificateRecipe, ChainRecipe, Issuer
from conformance.model.vector import Actor
from conformance.pki.recipes import Credentials

GOOD = ChainRecipe()
FOREIGN = ChainRecipe(issued_by=Issuer.FOREIGN)
OTHER_POINT = ChainRecipe(issued_by=Issuer.OTHER_POINT)
REVOKED = ChainRecipe(leaf=CertificateRecipe(serial="revoked"))
EXPIRED = ChainRecipe(leaf=CertificateRecipe(not_after="-1d"))
PATH = "/mgcc/v1/state"
REFUSED_BY_TLS = 0
"""Stands for the HTTP status where none came."""


def status(
    port: int,
    material: Material,
    recipe: ChainRecipe | None,
    *,
    method: str = "GET",
    path: str = PATH,
    context: ssl.SSLContext | None = None,
) -> int:
    """Return the HTTP status of one request with the credential of `recipe` (None: without), or REFUSED_BY_TLS."""
    context = context or client_context(material)
    if recipe is not None:
        _load(context, material, recipe)
    try:
        with (
            socket.create_connection(("127.0.0.1", port), 5) as plain,
            context.wrap_socket(plain, server_hostname=SERVER_NAME) as secure,
        ):
            return _asked(secure, method, path)
    except (ssl.SSLError, ConnectionError):
        return REFUSED_BY_TLS


def cleartext_status(port: int) -> int:
    """Return the HTTP status of one request in cleartext."""
    with socket.create_connection(("127.0.0.1", port), 5) as plain:
        return _asked(plain, "GET", PATH)


def client_context(material: Material) -> ssl.SSLContext:
    """Return a context that verifies the server against the utility's root and its name."""
    return ssl.create_default_context(cafile=str(material.folder / "trust" / "utility.pem"))


def _asked(face: socket.socket, method: str, path: str) -> int:
    face.sendall(f"{method} {path} HTTP/1.1\r\nHost: {SERVER_NAME}\r\nConnection: close\r\n\r\n".encode())
    response = http.client.HTTPResponse(face, method=method)
    response.begin()
    with response:
        response.read()
        return response.status


def _load(context: ssl.SSLContext, material: Material, recipe: ChainRecipe) -> None:
    issued = Credentials(material.lab).issue(ConnectionPoint.DISTRIBUTION, Actor.UTILITY, recipe, datetime.now(UTC))
    key = issued.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "client.pem"
        file.touch(mode=0o600)
        file.write_bytes(key + b"".join(each.public_bytes(Encoding.PEM) for each in issued.chain))
        context.load_cert_chain(file)
