"""The lab PKI folder: made, loaded and checked, its revocation lists made anew, a product's request signed."""

import secrets
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal, Self

import msgspec
import yaml
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from msgspec import Meta, Struct

from conformance.model.criterion import ConnectionPoint
from conformance.model.recipe import Usage
from conformance.model.text import Text
from conformance.model.vector import Actor
from conformance.pki.authorities import REVOKED_BLOCK, Authority, PointAuthorities, new_point_authorities, new_root
from conformance.pki.certificates import Contents, PrivateKey, fresh_serial, key_identifier, make
from conformance.pki.errors import CsrRefusedError, LabExistsError, LabExpiredError
from conformance.pki.files import certificates_pem, key_pem, read, revocation_lists, unusable, write
from conformance.pki.revocation import revocation_list

CA_FOLDERS = {ConnectionPoint.DISTRIBUTION: "utility", ConnectionPoint.AGGREGATION: "aggregator"}
IDENTITIES = {
    Actor.UTILITY: "utility.mgcc.example",
    Actor.AGGREGATOR: "aggregator.mgcc.example",
    Actor.VIEWER: "viewer.mgcc.example",
    Actor.AUDITOR: "auditor.mgcc.example",
    Actor.ENGINEER: "engineer.mgcc.example",
}
"""dNSName of each actor where the endpoint file says nothing else."""

_SINGLE = ("manufacturer", "attestation")
_TIERS = ("root", "issuing", "retired", "lapsed")
_LISTED = ("root", "issuing", "retired")
_LAPSED = timedelta(days=2)
_BACKDATING = timedelta(hours=1)
_DEEPEST = 8

Prefix = Annotated[str, Meta(pattern="^[0-9a-f]{28}$")]


class Validity(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """For how long what the lab signs is valid, in days."""

    root_days: int = 3650
    issuing_days: int = 1825
    product_days: int = 365
    revocation_list_days: int = 30


class LabFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`lab.yaml`."""

    mgcc_lab: Literal[1] = 1
    created: str
    serial_prefix: dict[str, dict[str, Prefix]]
    revoked_serials: int = REVOKED_BLOCK
    identities: dict[Actor, str]
    validity: Validity = Validity()


class Lab(Struct, frozen=True, kw_only=True):
    """A loaded lab PKI."""

    folder: Path
    points: dict[ConnectionPoint, PointAuthorities]
    identities: dict[Actor, str]
    validity: Validity

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Return the lab PKI in `folder`. Raises LabUnusableError: file missing, unreadable, or key of another CA."""
        file = _lab_file(folder / "lab.yaml")
        points = {}
        for point, ca_folder in CA_FOLDERS.items():
            prefixes = file.serial_prefix.get(ca_folder, {})
            loaded = {tier: _authority(folder / ca_folder, tier, prefixes.get(tier)) for tier in _TIERS}
            points[point] = PointAuthorities(**loaded)
        return cls(folder=folder, points=points, identities=IDENTITIES | file.identities, validity=file.validity)

    def trust_anchors(self, point: ConnectionPoint) -> tuple[x509.Certificate, ...]:
        """Return what verifies the certificates that this lab signs for products at `point`."""
        return (self.points[point].root.certificate,)

    def install_folder(self, point: ConnectionPoint) -> Path:
        """Return the folder whose files the vendor installs in the product for `point`."""
        return self.folder / "install" / point.value

    def check_current(self, now: datetime) -> None:
        """Raise LabExpiredError where a CA or a revocation list of the lab is not valid at `now` (aware)."""
        for point, authorities in self.points.items():
            ca_folder = self.folder / CA_FOLDERS[point]
            for tier in _TIERS:
                certificate: x509.Certificate = getattr(authorities, tier).certificate
                start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
                if not start <= now <= end:
                    raise _expired(ca_folder / f"{tier}.crt", start, end, now)
            path = ca_folder / "crl.pem"
            lists = {each.issuer: each for each in revocation_lists(path)}
            for tier in _LISTED:
                each = lists.get(getattr(authorities, tier).certificate.subject)
                if each is None:
                    raise unusable(path, f"the revocation list of {tier}.crt is missing")
                list_end = each.next_update_utc or now
                if not each.last_update_utc <= now <= list_end:
                    raise _expired(path, each.last_update_utc, list_end, now)


def create_lab(folder: Path, now: datetime | None = None) -> Lab:
    """Make a new lab PKI in `folder` and return it; it appears whole or not at all.

    Raises LabExistsError if `folder` holds anything, LabUnusableError if it cannot be written.
    """
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise LabExistsError(
                Text(
                    en=f"{folder} already exists and is not empty. Name a new folder, or remove this one yourself.",
                    ja=f"{folder} は既に存在し、空ではありません。"
                    "新しいフォルダを指定するか、不要であれば削除してください。",
                )
            )
        building = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}")
        building.mkdir(parents=True)
        try:
            _fill(building, now or datetime.now(UTC))
            building.rename(folder)
        finally:
            shutil.rmtree(building, ignore_errors=True)
    except OSError as error:
        raise unusable(folder, error.strerror or str(error)) from error
    return Lab.load(folder)


def reissue_crls(lab: Lab, now: datetime | None = None) -> None:
    """Make all revocation lists of `lab` anew as of `now`, in the CA folders and in install/."""
    for point, authorities in lab.points.items():
        pem = _lists(authorities, now or datetime.now(UTC), lab.validity.revocation_list_days)
        write(lab.folder / CA_FOLDERS[point] / "crl.pem", pem)
        write(lab.install_folder(point) / "crl.pem", pem)


def sign_csr(
    lab: Lab, point: ConnectionPoint, csr_pem: bytes, out: Path, now: datetime | None = None
) -> x509.Certificate:
    """Sign a product's request at `point`; write leaf and issuing chain to `out`, a copy to signed/; return the leaf.

    Copies subject and subjectAltName; serverAuth; one year. Raises CsrRefusedError for a request that cannot be read,
    is not signed by its own key, or names nobody; LabUnusableError if `out` cannot be written.
    """
    now = now or datetime.now(UTC)
    try:
        request = x509.load_pem_x509_csr(csr_pem)
        good = request.is_signature_valid
        names = tuple(request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
        public_key = request.public_key()
    except x509.ExtensionNotFound:
        raise _refused("it names nobody in subjectAltName", "subjectAltNameに名称がありません") from None
    except (ValueError, TypeError) as error:
        raise _refused(f"it cannot be read ({error})", f"読み取れません（{error}）") from error
    if not good:
        raise _refused("its signature does not verify with its own key", "署名が申請者の公開鍵で検証できません")
    issuing = lab.points[point].issuing
    leaf = make(
        Contents(
            subject=request.subject,
            public_key=public_key,  # type: ignore[arg-type]
            serial=fresh_serial(),
            not_before=now - _BACKDATING,
            not_after=now + timedelta(days=lab.validity.product_days),
            alternative_names=names,
            key_usage=("digitalSignature",),
            extended_key_usage=(Usage.SERVER_AUTH,),
            subject_key_identifier=key_identifier(public_key),  # type: ignore[arg-type]
        ),
        issuing.signer,
    )
    chain = certificates_pem(leaf, issuing.certificate)
    write(out, chain)
    write(lab.folder / "signed" / f"{leaf.serial_number:x}.pem", chain)
    return leaf


def _fill(folder: Path, now: datetime) -> None:
    validity = Validity()
    prefixes: dict[str, dict[str, str]] = {}
    for point, ca_folder in CA_FOLDERS.items():
        authorities = new_point_authorities(
            ca_folder.capitalize(), now, root_days=validity.root_days, issuing_days=validity.issuing_days
        )
        for tier in _TIERS:
            authority: Authority = getattr(authorities, tier)
            _write_authority(folder / ca_folder, tier, authority)
            prefixes.setdefault(ca_folder, {})[tier] = authority.revoked_prefix.hex()
        lists = _lists(authorities, now, validity.revocation_list_days)
        write(folder / ca_folder / "crl.pem", lists)
        install = folder / "install" / point.value
        write(install / "trust.pem", certificates_pem(authorities.root.certificate))
        write(install / "crl.pem", lists)
        write(install / "peers.yaml", _yaml({"peers": list(IDENTITIES.values())}))
    for ca_folder in _SINGLE:
        root = new_root(ca_folder.capitalize(), now, validity.root_days)
        _write_authority(folder / ca_folder, "root", root)
        single = revocation_list(root, now, validity.revocation_list_days)
        write(folder / ca_folder / "crl.pem", single.public_bytes(Encoding.PEM))
        prefixes[ca_folder] = {"root": root.revoked_prefix.hex()}
    (folder / "signed").mkdir()
    file = LabFile(created=now.isoformat(timespec="seconds"), serial_prefix=prefixes, identities=IDENTITIES)
    write(folder / "lab.yaml", _yaml(msgspec.to_builtins(file)))


def _lists(authorities: PointAuthorities, now: datetime, days: int) -> bytes:
    lists = (
        revocation_list(authorities.root, now, days, authorities.retired.certificate),
        revocation_list(authorities.issuing, now, days),
        revocation_list(authorities.retired, now, days),
        revocation_list(authorities.lapsed, now - _LAPSED, 1),
    )
    return b"".join(each.public_bytes(Encoding.PEM) for each in lists)


def _write_authority(folder: Path, tier: str, authority: Authority) -> None:
    write(folder / f"{tier}.key", key_pem(authority.key), secret=True)
    write(folder / f"{tier}.crt", certificates_pem(authority.certificate))


def _lab_file(path: Path) -> LabFile:
    text = read(path)
    try:
        _check_shape(text)
        content = yaml.load(text, Loader=yaml.CSafeLoader)
        return msgspec.convert(content, LabFile)
    except (yaml.YAMLError, msgspec.ValidationError, ValueError) as error:
        raise unusable(path, str(error)) from error


def _check_shape(text: bytes) -> None:
    """Look at YAML event by event, for its composer in C recurses without bound. Raises ValueError or YAMLError."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.AliasEvent):
            raise ValueError("aliases have no place here")  # noqa: TRY004  the content is wrong, not a type
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            raise ValueError(f"nested deeper than {_DEEPEST} levels")


def _authority(folder: Path, tier: str, prefix: str | None) -> Authority:
    certificate_path, key_path = folder / f"{tier}.crt", folder / f"{tier}.key"
    try:
        certificate = x509.load_pem_x509_certificate(read(certificate_path))
        certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    except (ValueError, x509.ExtensionNotFound) as error:
        raise unusable(certificate_path, str(error)) from error
    try:
        key: PrivateKey = load_pem_private_key(read(key_path), None)  # type: ignore[assignment]
    except (ValueError, TypeError) as error:
        raise unusable(key_path, str(error)) from error
    if key.public_key() != certificate.public_key():
        raise unusable(key_path, f"this key does not belong to {certificate_path.name}")
    if prefix is None:
        raise unusable(folder.parent / "lab.yaml", f"serial_prefix.{folder.name}.{tier} is missing")
    return Authority(certificate=certificate, key=key, revoked_prefix=bytes.fromhex(prefix))


def _yaml(content: object) -> bytes:
    return yaml.dump(content, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True).encode()


def _expired(path: Path, start: datetime, end: datetime, now: datetime) -> LabExpiredError:
    return LabExpiredError(
        Text(
            en=f"{path} is valid from {start} to {end}, not now ({now}). Check the clock; make revocation lists anew "
            "with `mgcc pki crl` and install them again, or make a new lab PKI with `mgcc pki init`.",
            ja=f"{path} の有効期間は {start} から {end} までで、現在（{now}）は有効ではありません。"
            "時計を確認し、`mgcc pki crl` で失効リストを再発行して製品に再導入するか、"
            "`mgcc pki init` で試験用PKIを作り直してください。",
        )
    )


def _refused(en: str, ja: str) -> CsrRefusedError:
    return CsrRefusedError(
        Text(
            en=f"The certificate signing request is not signed: {en}. Make it again with a subjectAltName "
            "(the names under which the product is reached, and its mms_id as URI).",
            ja=f"証明書署名要求に署名できません: {ja}。"
            "subjectAltName（製品の接続先名およびmms_idのURI）を付けて作り直してください。",
        )
    )
