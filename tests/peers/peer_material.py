"""Files that a server nobody here wrote needs: its keys and certificates, good and bad, and the lab's CAs."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from conformance.model.criterion import ConnectionPoint
from conformance.model.recipe import KeyKind, Usage
from conformance.pki.certificates import Contents, PrivateKey, fresh_serial, key_identifier, make, name, new_key
from conformance.pki.lab import Lab, create_lab, sign_csr

SERVER_NAME = "mms.mgcc.example"
MMS_ID = "urn:uuid:8d3c6f1e-4f0a-4b7e-9a55-0d6f5b1c2e77"
_DAY = timedelta(days=1)
_NAMES = (x509.DNSName(SERVER_NAME), x509.UniformResourceIdentifier(MMS_ID))
_OTHER_NAMES = (x509.DNSName("other.mgcc.example"), x509.UniformResourceIdentifier(MMS_ID))


@dataclass(frozen=True)
class Material:
    """A lab PKI and, beside it, everything that a configuration may name.

    `certificates/KIND/{ec,rsa}.pem` are chains over the keys `certificates/{ec,rsa}.key`; KIND is good, expired,
    not-yet-valid, wrong-name, common-name-only, client-auth-only, ca or other-point.
    `trust/` (roots) and `crl/` (revocation lists) have utility.pem, aggregator.pem and both.pem.
    """

    folder: Path
    lab: Lab


def open_material(folder: Path) -> Material:
    """Return what make_material made in `folder`."""
    return Material(folder, Lab.load(folder / "lab"))


def make_material(folder: Path) -> Material:
    """Make all files in `folder`, which is made as well."""
    lab = create_lab(folder / "lab")
    for algorithm, kind in (("ec", KeyKind.P256), ("rsa", KeyKind.RSA2048)):
        key = new_key(kind)
        certificates = folder / "certificates"
        _write_key(certificates / f"{algorithm}.key", key)
        _write(certificates / "good" / f"{algorithm}.pem", _signed_as_a_vendor_would(lab, key, folder / "signed.pem"))
        for name_, deviation in _DEVIATIONS.items():
            _write(certificates / name_ / f"{algorithm}.pem", _chain(lab, key, deviation))
    for kind_, file in (("trust", "trust.pem"), ("crl", "crl.pem")):
        utility, aggregator = (lab.install_folder(point).joinpath(file).read_bytes() for point in ConnectionPoint)
        _write(folder / kind_ / "utility.pem", utility)
        _write(folder / kind_ / "aggregator.pem", aggregator)
        _write(folder / kind_ / "both.pem", utility + aggregator)
    return Material(folder, lab)


def _signed_as_a_vendor_would(lab: Lab, key: PrivateKey, out: Path) -> bytes:
    request = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(name(SERVER_NAME))
        .add_extension(x509.SubjectAlternativeName(_NAMES), critical=False)
        .sign(key, hashes.SHA256())
    )
    sign_csr(lab, ConnectionPoint.DISTRIBUTION, request.public_bytes(Encoding.PEM), out)
    return out.read_bytes()


class _Deviation(NamedTuple):
    """What one leaf has otherwise than a good one."""

    common_name: str = SERVER_NAME
    names: tuple[x509.GeneralName, ...] = _NAMES
    not_before: timedelta = -_DAY
    not_after: timedelta = 30 * _DAY
    usage: Usage = Usage.SERVER_AUTH
    is_ca: bool = False
    point: ConnectionPoint = ConnectionPoint.DISTRIBUTION


_DEVIATIONS = {
    "expired": _Deviation(not_before=-30 * _DAY, not_after=-_DAY),
    "not-yet-valid": _Deviation(not_before=_DAY),
    "wrong-name": _Deviation(common_name="other.mgcc.example", names=_OTHER_NAMES),
    "common-name-only": _Deviation(names=()),
    "client-auth-only": _Deviation(usage=Usage.CLIENT_AUTH),
    "ca": _Deviation(is_ca=True),
    "other-point": _Deviation(point=ConnectionPoint.AGGREGATION),
}


def _chain(lab: Lab, key: PrivateKey, deviation: _Deviation) -> bytes:
    issuing = lab.points[deviation.point].issuing
    now = datetime.now(UTC)
    contents = Contents(
        subject=name(deviation.common_name),
        public_key=key.public_key(),
        serial=fresh_serial(),
        not_before=now + deviation.not_before,
        not_after=now + deviation.not_after,
        alternative_names=deviation.names,
        is_ca=deviation.is_ca,
        key_usage=("digitalSignature",),
        extended_key_usage=(deviation.usage,),
        subject_key_identifier=key_identifier(key.public_key()),
    )
    leaf = make(contents, issuing.signer)
    return leaf.public_bytes(Encoding.PEM) + issuing.certificate.public_bytes(Encoding.PEM)


def _write_key(path: Path, key: PrivateKey) -> None:
    _write(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    path.chmod(0o600)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
