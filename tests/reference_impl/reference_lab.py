"""A small PKI and home folder for the tests of the reference MMS, written apart from the suite's own."""

from __future__ import annotations

import datetime as dt
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from reference_impl.home import make_home

IEC_USER_ROLES = x509.ObjectIdentifier("1.2.840.10070.8.1")
MODBUS_ROLE = x509.ObjectIdentifier("1.3.6.1.4.1.50316.802.1")
NOW = dt.datetime.now(dt.UTC).replace(microsecond=0)
DAY = dt.timedelta(days=1)
CLIENT, SERVER = ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH
ROLES = {"utility": -1, "aggregator": -2, "viewer": 0, "auditor": 5, "engineer": 2}
NAMES = {-1: "DSO_OPERATOR", -2: "AGGREGATOR_OPERATOR", 0: "VIEWER", 5: "SECAUD", 2: "ENGINEER"}

Key = ec.EllipticCurvePrivateKey


def new_key() -> Key:
    return ec.generate_private_key(ec.SECP256R1())


def name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def der(tag: int, content: bytes) -> bytes:
    """A short DER element."""
    return bytes([tag, len(content)]) + content


def role_info(number: int) -> bytes:
    """UserRoleInfo of IEC 62351-8 with one role, area `*`, revision 1."""
    roles = der(0x30, der(0x02, number.to_bytes(1, "big", signed=True)))
    return der(0x30, roles + der(0x0C, b"*") + der(0x02, b"\x01"))


def flip_signature(certificate: x509.Certificate) -> x509.Certificate:
    der = bytearray(certificate.public_bytes(Encoding.DER))
    der[-3] ^= 1
    return x509.load_der_x509_certificate(bytes(der))


def signed(tbs: bytes, issuer: Ca) -> x509.Certificate:
    """A certificate around whatever is to be signed: the builders of libraries are too careful for some tests."""
    algorithm = bytes.fromhex("300a06082a8648ce3d040302")
    signature = issuer.key.sign(tbs, ec.ECDSA(hashes.SHA256()))
    body = tbs + algorithm + der(0x03, b"\0" + signature)
    return x509.load_der_x509_certificate(b"\x30\x82" + len(body).to_bytes(2, "big") + body)


@dataclass
class Ca:
    """A CA; `chain` holds what it sends below a leaf (itself, unless it is a root)."""

    certificate: x509.Certificate
    key: Key
    revoked: list[int] = field(default_factory=list)

    def crl(self, *, last: dt.datetime = NOW - DAY, until: dt.datetime = NOW + DAY) -> bytes:
        builder = x509.CertificateRevocationListBuilder(self.certificate.subject, last, until)
        for serial in self.revoked:
            entry = x509.RevokedCertificateBuilder(serial, NOW - DAY).build()
            builder = builder.add_revoked_certificate(entry)
        builder = builder.add_extension(x509.CRLNumber(1), critical=False).add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False
        )
        return builder.sign(self.key, hashes.SHA256()).public_bytes(Encoding.PEM)


def make_ca(
    common: str,
    issuer: Ca | None = None,
    *,
    key: Key | None = None,
    start: dt.datetime = NOW - 10 * DAY,
    end: dt.datetime = NOW + 10 * DAY,
) -> Ca:
    key = key or new_key()
    signer = issuer.key if issuer else key
    builder = (
        x509.CertificateBuilder()
        .subject_name(name(common))
        .issuer_name(issuer.certificate.subject if issuer else name(common))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(usage(certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )
    return Ca(builder.sign(signer, hashes.SHA256()), key)


def usage(*, certificates: bool = False, signature: bool = True) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=signature,
        content_commitment=False,
        key_encipherment=not signature,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=certificates,
        crl_sign=certificates,
        encipher_only=False,
        decipher_only=False,
    )


@dataclass
class Client:
    """A client's key and the chain it sends, leaf first."""

    key: Key
    chain: list[x509.Certificate]

    @property
    def serial(self) -> str:
        return format(self.chain[0].serial_number, "x")


def make_client(
    issuer: Ca | None,
    role: int | tuple[int, ...] | None = -1,
    *,
    dns: str | None = "utility.mgcc.example",
    common: str = "client",
    start: dt.datetime = NOW - DAY,
    end: dt.datetime = NOW + DAY,
    eku: list[x509.ObjectIdentifier] | None = None,
    no_eku: bool = False,
    ca: bool = False,
    signature: bool = True,
    intermediates: list[x509.Certificate] | None = None,
) -> Client:
    key = new_key()
    subject = name(common)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(usage(certificates=ca, signature=signature), critical=True)
    )
    if not no_eku:
        builder = builder.add_extension(x509.ExtendedKeyUsage(eku or [CLIENT]), critical=False)
    if dns:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(dns)]), critical=False)
    if issuer:
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key())
        builder = builder.add_extension(identifier, critical=False)
    roles = () if role is None else (role,) if isinstance(role, int) else role
    if roles:
        iec = der(0x30, b"".join(role_info(number) for number in roles))
        text = ",".join(NAMES.get(number, f"ROLE_{number}") for number in roles)
        for oid, content in ((IEC_USER_ROLES, iec), (MODBUS_ROLE, der(0x0C, text.encode()))):
            builder = builder.add_extension(x509.UnrecognizedExtension(oid, content), critical=False)
    leaf = builder.sign(issuer.key if issuer else key, hashes.SHA256())
    if intermediates is None:
        intermediates = [issuer.certificate] if issuer else []
    return Client(key, [leaf, *intermediates])


@dataclass
class Authority:
    """A utility's or an aggregator's root with the issuing CA below it and one that it revoked."""

    root: Ca
    issuing: Ca
    retired: Ca

    def crls(self, **when: dt.datetime) -> bytes:
        return b"".join(ca.crl(**when) for ca in (self.root, self.issuing, self.retired))


def make_authority(common: str) -> Authority:
    root = make_ca(f"{common} root")
    issuing, retired = make_ca(f"{common} issuing", root), make_ca(f"{common} retired", root)
    root.revoked.append(retired.certificate.serial_number)
    return Authority(root, issuing, retired)


@dataclass
class Lab:
    """Both authorities, and a home folder in which the reference can run."""

    home: Path
    mms_id: str
    utility: Authority
    aggregator: Authority
    revoked: Client

    def authority(self, point: str) -> Authority:
        return self.utility if point == "distribution" else self.aggregator

    def client(self, actor: str, point: str = "distribution") -> Client:
        return make_client(self.authority(point).issuing, ROLES[actor], dns=f"{actor}.mgcc.example")

    def install(self, point: str) -> None:
        """Writes trust anchors, revocation lists and peers of a connection point."""
        folder, authority = self.home / point, self.authority(point)
        (folder / "trust.pem").write_bytes(authority.root.certificate.public_bytes(Encoding.PEM))
        (folder / "crl.pem").write_bytes(authority.crls())
        peers = "\n".join(f"  - {actor}.mgcc.example" for actor in ROLES)
        (folder / "peers.yaml").write_text(f"peers:\n{peers}\n")

    def copy(self, home: Path) -> Lab:
        """The same lab with a home folder of its own."""
        shutil.copytree(self.home, home)
        return Lab(home, self.mms_id, self.utility, self.aggregator, self.revoked)


def make_lab(home: Path) -> Lab:
    identity = make_home(home, "127.0.0.1", None)
    utility = make_authority("utility")
    revoked = make_client(utility.issuing)
    utility.issuing.revoked.append(revoked.chain[0].serial_number)
    lab = Lab(home, identity, utility, make_authority("aggregator"), revoked)
    for point in ("distribution", "aggregation"):
        authority = lab.authority(point)
        request = x509.load_pem_x509_csr((home / point / "csr.pem").read_bytes())
        builder = (
            x509.CertificateBuilder()
            .subject_name(request.subject)
            .issuer_name(authority.issuing.certificate.subject)
            .public_key(request.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW - DAY)
            .not_valid_after(NOW + DAY)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(usage(), critical=True)
        )
        for extension in request.extensions:
            builder = builder.add_extension(extension.value, extension.critical)
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.issuing.key.public_key())
        leaf = builder.add_extension(identifier, critical=False).sign(authority.issuing.key, hashes.SHA256())
        chain = leaf, authority.issuing.certificate
        (home / point / "cert.pem").write_bytes(b"".join(c.public_bytes(Encoding.PEM) for c in chain))
        lab.install(point)
    return lab
