"""Makes the home folder of an MMS: per connection point a key and a signing request."""

from __future__ import annotations

import ipaddress
import os
import re
import uuid
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from reference_impl.material import HomeError
from reference_impl.mms import POINTS

DNS_NAME = "mms.mgcc.example"
URN = re.compile(r"urn:uuid:[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def make_home(home: Path, host: str, mms_id: str | None) -> str:
    """Writes key.pem (mode 0600) and csr.pem for each connection point; returns the MMS's identity.

    `host` is an IP address that goes into the request beside the DNS name; `mms_id` a urn:uuid, a new one without.
    Raises HomeError when the folder holds keys already or cannot be written.
    """
    identity = mms_id or f"urn:uuid:{uuid.uuid4()}"
    if not URN.fullmatch(identity):
        raise HomeError(f"--mms-id {identity!r}: expected urn:uuid: and a UUID")
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        raise HomeError(f"--host {host!r}: expected an IP address, such as 127.0.0.1") from None
    try:
        for point in POINTS:
            _make_point(home / point, address, identity)
    except FileExistsError as error:
        raise HomeError(f"{error.filename}: exists already; choose an empty --home or remove it") from None
    except OSError as error:
        raise HomeError(f"{error.filename or home}: {error.strerror}; choose another --home") from None
    return identity


def _make_point(folder: Path, address: ipaddress.IPv4Address | ipaddress.IPv6Address, identity: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    key = ec.generate_private_key(ec.SECP256R1())
    request = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"mgcc reference MMS {folder.name}")]))
        .add_extension(
            x509.SubjectAlternativeName(
                [x509.DNSName(DNS_NAME), x509.IPAddress(address), x509.UniformResourceIdentifier(identity)]
            ),
            critical=False,
        )
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with open(os.open(folder / "key.pem", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:  # noqa: PTH123
        file.write(pem)
    (folder / "csr.pem").write_bytes(request.public_bytes(Encoding.PEM))
