"""The lab folder: what stands in it, how it is checked, what it signs."""

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from conformance.model.criterion import ConnectionPoint
from conformance.pki.errors import CsrRefusedError, LabExistsError, LabExpiredError, LabUnusableError
from conformance.pki.files import revocation_lists
from conformance.pki.lab import Lab, create_lab, reissue_crls, sign_csr

DISTRIBUTION, AGGREGATION = ConnectionPoint.DISTRIBUTION, ConnectionPoint.AGGREGATION
KEY = ec.generate_private_key(ec.SECP256R1())
NAMES = x509.SubjectAlternativeName(
    [x509.DNSName("mms.mgcc.example"), x509.UniformResourceIdentifier("urn:uuid:1b671a64-40d5-491e-99b0-da01ff1f3341")]
)


def request(names: x509.SubjectAlternativeName | None = NAMES) -> bytes:
    builder = x509.CertificateSigningRequestBuilder()
    builder = builder.subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mms")]))
    if names is not None:
        builder = builder.add_extension(names, critical=False)
    return builder.sign(KEY, SHA256()).public_bytes(Encoding.PEM)


@pytest.fixture
def own(tmp_path: Path) -> Lab:
    return create_lab(tmp_path / "lab")


def test_a_new_lab_holds_the_agreed_files(lab: Lab) -> None:
    tiers = ("root", "issuing", "retired", "lapsed")
    expected = {"lab.yaml"}
    for folder in ("utility", "aggregator"):
        expected |= {f"{folder}/crl.pem", *(f"{folder}/{tier}.{end}" for tier in tiers for end in ("crt", "key"))}
    for folder in ("manufacturer", "attestation"):
        expected |= {f"{folder}/crl.pem", f"{folder}/root.crt", f"{folder}/root.key"}
    for point in ConnectionPoint:
        expected |= {f"install/{point}/{name}" for name in ("trust.pem", "crl.pem", "peers.yaml")}
    assert {str(path.relative_to(lab.folder)) for path in lab.folder.rglob("*") if path.is_file()} == expected
    assert (lab.folder / "signed").is_dir()


def test_keys_are_readable_by_their_owner_alone(lab: Lab) -> None:
    modes = {stat.S_IMODE(path.stat().st_mode) for path in lab.folder.rglob("*.key")}
    assert modes == {0o600}


def test_the_product_gets_the_root_and_the_names_of_its_peers(lab: Lab) -> None:
    install = lab.install_folder(DISTRIBUTION)
    trust = x509.load_pem_x509_certificates((install / "trust.pem").read_bytes())
    assert tuple(trust) == lab.trust_anchors(DISTRIBUTION)
    peers = yaml.safe_load((install / "peers.yaml").read_text())
    assert "utility.mgcc.example" in peers["peers"]


def test_the_roots_list_revokes_the_retired_ca_and_every_list_its_block(lab: Lab) -> None:
    authorities = lab.points[DISTRIBUTION]
    lists = {each.issuer: each for each in revocation_lists(lab.install_folder(DISTRIBUTION) / "crl.pem")}
    for authority in (authorities.root, authorities.issuing, authorities.retired):
        found = lists[authority.certificate.subject]
        assert found.is_signature_valid(authority.key.public_key())  # type: ignore[arg-type]
        assert all(found.get_revoked_certificate_by_serial_number(authority.revoked_serial(i)) for i in (0, 255))
    retired = authorities.retired.certificate.serial_number
    assert lists[authorities.root.certificate.subject].get_revoked_certificate_by_serial_number(retired)


def test_a_list_begins_five_minutes_ago_and_ends_in_thirty_days(own: Lab) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    reissue_crls(own, now)
    found = revocation_lists(own.install_folder(AGGREGATION) / "crl.pem")[0]
    assert found.last_update_utc == now - timedelta(minutes=5)
    assert found.next_update_utc == now + timedelta(days=30)


def test_the_lapsed_cas_list_alone_is_out_of_date(lab: Lab) -> None:
    now = datetime.now(UTC)
    lists = revocation_lists(lab.install_folder(DISTRIBUTION) / "crl.pem")
    stale = [each.issuer for each in lists if each.next_update_utc is not None and each.next_update_utc < now]
    assert stale == [lab.points[DISTRIBUTION].lapsed.certificate.subject]


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "note").write_text("mine")
    with pytest.raises(LabExistsError) as raised:
        create_lab(tmp_path)
    assert str(tmp_path) in raised.value.text.en
    assert str(tmp_path) in raised.value.text.ja
    assert [path.name for path in tmp_path.iterdir()] == ["note"]


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    assert create_lab(tmp_path).folder == tmp_path


@pytest.mark.parametrize(
    "name", ["lab.yaml", "utility/root.crt", "utility/issuing.key", "aggregator/retired.crt"], ids=str
)
def test_a_missing_file_is_named(own: Lab, name: str) -> None:
    (own.folder / name).unlink()
    with pytest.raises(LabUnusableError, match=name):
        Lab.load(own.folder)


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe\0", b"- a\n- b\n", b"[" * 200_000, b"a: &a [*a]", b"x" * ((1 << 20) + 1)]
)
@pytest.mark.parametrize("name", ["lab.yaml", "utility/root.crt", "utility/root.key"])
def test_a_spoilt_file_is_named(own: Lab, name: str, content: bytes) -> None:
    (own.folder / name).write_bytes(content)
    with pytest.raises(LabUnusableError, match=name):
        Lab.load(own.folder)


def test_a_key_of_another_ca_is_named(own: Lab) -> None:
    key = own.folder / "utility" / "issuing.key"
    key.write_bytes((own.folder / "aggregator" / "issuing.key").read_bytes())
    with pytest.raises(LabUnusableError, match=r"does not belong to issuing\.crt"):
        Lab.load(own.folder)


def test_an_unknown_word_in_lab_yaml_is_named(own: Lab) -> None:
    path = own.folder / "lab.yaml"
    path.write_text(path.read_text() + "colour: blue\n")
    with pytest.raises(LabUnusableError, match="colour"):
        Lab.load(own.folder)


def test_a_lab_is_current_until_its_lists_end(lab: Lab) -> None:
    now = datetime.now(UTC)
    lab.check_current(now)
    with pytest.raises(LabExpiredError, match=r"crl\.pem"):
        lab.check_current(now + timedelta(days=31))
    with pytest.raises(LabExpiredError, match=r"root\.crt"):
        lab.check_current(now - timedelta(days=2))


def test_a_signed_product_gets_its_names_and_the_issuing_chain(lab: Lab, tmp_path: Path) -> None:
    out = tmp_path / "cert.pem"
    leaf = sign_csr(lab, DISTRIBUTION, request(), out)
    written = x509.load_pem_x509_certificates(out.read_bytes())
    assert written == [leaf, lab.points[DISTRIBUTION].issuing.certificate]
    leaf.verify_directly_issued_by(written[1])
    assert leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value == NAMES
    usage = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [x509.ExtendedKeyUsageOID.SERVER_AUTH]
    assert timedelta(days=364) < leaf.not_valid_after_utc - datetime.now(UTC) <= timedelta(days=365)


def test_a_request_without_names_is_refused(lab: Lab, tmp_path: Path) -> None:
    with pytest.raises(CsrRefusedError, match="subjectAltName"):
        sign_csr(lab, DISTRIBUTION, request(None), tmp_path / "cert.pem")


def test_a_request_with_a_forged_signature_is_refused(lab: Lab, tmp_path: Path) -> None:
    der = x509.load_pem_x509_csr(request()).public_bytes(Encoding.DER)
    forged = x509.load_der_x509_csr(der[:-1] + bytes([der[-1] ^ 1])).public_bytes(Encoding.PEM)
    with pytest.raises(CsrRefusedError, match="signature"):
        sign_csr(lab, DISTRIBUTION, forged, tmp_path / "cert.pem")


@pytest.mark.parametrize("content", [b"", b"nonsense", b"-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n"])
def test_a_request_that_is_none_is_refused(lab: Lab, tmp_path: Path, content: bytes) -> None:
    with pytest.raises(CsrRefusedError):
        sign_csr(lab, DISTRIBUTION, content, tmp_path / "cert.pem")


def test_a_place_that_cannot_be_written_is_named(lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LabUnusableError, match="file"):
        sign_csr(lab, DISTRIBUTION, request(), tmp_path / "file" / "cert.pem")
