"""Reading and writing the files of a lab PKI: bounded, whole or not at all, secrets for their owner alone."""

import contextlib
import os
import secrets
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from conformance.model.text import Text
from conformance.pki.certificates import PrivateKey
from conformance.pki.errors import LabUnusableError

_LARGEST = 1 << 20
_SECRET, _PUBLIC = 0o600, 0o644


def read(path: Path) -> bytes:
    """Return the content of `path`. Raises LabUnusableError: missing, unreadable, or larger than 1 MiB."""
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
    except OSError as error:
        raise unusable(path, error.strerror or str(error)) from error
    if len(content) > _LARGEST:
        raise unusable(path, "it is larger than 1 MiB")
    return content


def write(path: Path, content: bytes, *, secret: bool = False) -> None:
    """Write `path` so that a reader sees the old file or the new one. Raises LabUnusableError."""
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _SECRET if secret else _PUBLIC)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        part.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink()
        raise unusable(path, error.strerror or str(error)) from error


def certificates_pem(*certificates: x509.Certificate) -> bytes:
    """Return `certificates` as one PEM text."""
    return b"".join(certificate.public_bytes(Encoding.PEM) for certificate in certificates)


def key_pem(key: PrivateKey) -> bytes:
    """Return `key` as PKCS #8 in PEM, not encrypted."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def revocation_lists(path: Path) -> list[x509.CertificateRevocationList]:
    """Return the revocation lists in `path`. Raises LabUnusableError."""
    end = b"-----END X509 CRL-----"
    parts = [part + end for part in read(path).split(end) if part.strip()]
    try:
        return [x509.load_pem_x509_crl(part) for part in parts]
    except ValueError as error:
        raise unusable(path, str(error)) from error


def unusable(path: Path, why: str) -> LabUnusableError:
    """Return the error that `path` cannot be used because of `why`."""
    return LabUnusableError(
        Text(
            en=f"{path}: {why}. Repair or restore the file, or make a new lab PKI with `mgcc pki init`.",
            ja=f"{path}: {why}。ファイルを修復するか、`mgcc pki init` で試験用PKIを作り直してください。",
        )
    )
