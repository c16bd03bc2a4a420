"""What lies in the folder of a connection point: key, certificate, trust anchors, revocation lists, peers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

KEY, CERTIFICATE, TRUST, REVOCATION, PEERS = "key.pem", "cert.pem", "trust.pem", "crl.pem", "peers.yaml"
FILES = (KEY, CERTIFICATE, TRUST, REVOCATION, PEERS)
LARGEST_FILE = 4 * 1024 * 1024
DEEPEST = 4


class HomeError(Exception):
    """A file in the home folder is missing or unusable; the message says which, why and what to do."""


@dataclass(frozen=True)
class Credential:
    """A private key and the chain that goes with it, leaf first."""

    key: EllipticCurvePrivateKey | RSAPrivateKey
    chain: tuple[x509.Certificate, ...]

    @property
    def leaf(self) -> x509.Certificate:
        """The MMS's own certificate."""
        return self.chain[0]


@dataclass(frozen=True)
class Trust:
    """Who is trusted at a connection point: anchors, revocation lists, names of the configured peers in lowercase."""

    anchors: tuple[x509.Certificate, ...]
    revocation: tuple[x509.CertificateRevocationList, ...]
    peers: frozenset[str]


def read(path: Path, remedy: str) -> bytes:
    """The content of a file that is there and not too large; HomeError otherwise."""
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise HomeError(f"{path}: larger than {LARGEST_FILE} bytes; {remedy}")
        return path.read_bytes()
    except OSError as error:
        raise HomeError(f"{path}: {error.strerror or error}; {remedy}") from None


def load_credential(folder: Path) -> Credential:
    """Key and chain of a connection point; HomeError when they cannot be read or do not belong together."""
    key_file, chain_file = folder / KEY, folder / CERTIFICATE
    key_pem = read(key_file, "run `python -m reference_impl init` first")
    chain_pem = read(chain_file, f"have {folder / 'csr.pem'} signed and put leaf and issuing certificate here")
    try:
        key: object = load_pem_private_key(key_pem, None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, (EllipticCurvePrivateKey, RSAPrivateKey)):
        raise HomeError(f"{key_file}: not an unencrypted EC or RSA private key in PEM; make one with `init`")
    try:
        chain = tuple(x509.load_pem_x509_certificates(chain_pem))
        public = chain[0].public_key()
    except ValueError:
        raise HomeError(f"{chain_file}: no certificate in PEM; put the signed certificate here") from None
    shape = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if key.public_key().public_bytes(*shape) != public.public_bytes(*shape):
        raise HomeError(f"{chain_file}: the first certificate is not for {key_file}; have {folder / 'csr.pem'} signed")
    return Credential(key=key, chain=chain)


def load_trust(folder: Path) -> Trust:
    """Anchors, revocation lists and peers of a connection point; HomeError when one cannot be read."""
    remedy = "copy it from the lab folder, install/<connection point>"
    trust_file, crl_file, peers_file = folder / TRUST, folder / REVOCATION, folder / PEERS
    try:
        anchors = tuple(x509.load_pem_x509_certificates(read(trust_file, remedy)))
    except ValueError:
        raise HomeError(f"{trust_file}: no certificate in PEM; {remedy}") from None
    return Trust(
        anchors=anchors,
        revocation=_revocation(crl_file, read(crl_file, remedy), remedy),
        peers=_peers(peers_file, read(peers_file, remedy), remedy),
    )


def _revocation(path: Path, pem: bytes, remedy: str) -> tuple[x509.CertificateRevocationList, ...]:
    end = b"-----END X509 CRL-----"
    blocks = [block + end for block in pem.split(end)[:-1]]
    try:
        lists = tuple(x509.load_pem_x509_crl(block) for block in blocks)
    except ValueError:
        lists = ()
    if not lists:
        raise HomeError(f"{path}: no revocation list in PEM; {remedy}")
    return lists


def _peers(path: Path, content: bytes, remedy: str) -> frozenset[str]:
    try:
        text = content.decode()
        _check_shape(text)
        found = yaml.load(text, Loader=yaml.CSafeLoader)
    except (yaml.YAMLError, ValueError):
        raise HomeError(f"{path}: not plain YAML in UTF-8; {remedy}") from None
    peers = found.get("peers") if isinstance(found, dict) else None
    if not isinstance(peers, list) or not all(isinstance(peer, str) and "*" not in peer for peer in peers):
        raise HomeError(f"{path}: expected `peers:` with a list of DNS names, no wildcards; {remedy}")
    return frozenset(peer.lower() for peer in peers)


def _check_shape(text: str) -> None:
    """ValueError for deep nesting, which overflows the stack of libyaml's composer, and for aliases, which explode."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST or isinstance(event, yaml.AliasEvent):
            raise ValueError("nested too deeply, or an alias")


def stamp(folder: Path) -> tuple[tuple[int, int, int], ...]:
    """Changes whenever a file of the folder does; a missing file counts as a change."""
    found = []
    for name in FILES:
        try:
            status = (folder / name).stat()
            found.append((status.st_mtime_ns, status.st_size, status.st_ino))
        except OSError:
            found.append((0, 0, 0))
    return tuple(found)
