"""The commands that prepare a laboratory overwrite nothing and keep keys to themselves."""

import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from command import Said
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from conformance.catalogue.endpoint_file import load_endpoint
from conformance.pki.lab import Lab, create_lab


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("laboratory") / "lab"
    create_lab(folder)
    return folder


def request(*names: str) -> bytes:
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    if names:
        san = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
        builder = builder.add_extension(san, critical=True)
    return builder.sign(ec.generate_private_key(ec.SECP256R1()), SHA256()).public_bytes(Encoding.PEM)


def test_init_writes_an_endpoint_file_that_loads(tmp_path: Path, mgcc: Callable[..., Said]) -> None:
    said = mgcc("init", tmp_path / "endpoint.yaml")
    assert said.code == 0
    assert "mgcc pki init" in said.out
    (tmp_path / "lab").mkdir()
    loaded = load_endpoint(tmp_path / "endpoint.yaml")
    assert loaded.endpoint.product.name


@pytest.mark.parametrize("language", ["en", "ja"])
def test_init_overwrites_nothing(language: str, tmp_path: Path, mgcc: Callable[..., Said]) -> None:
    path = tmp_path / "endpoint.yaml"
    path.write_text("mine", encoding="utf-8")
    said = mgcc("--lang", language, "init", path)
    assert said.code == 3
    assert "endpoint.yaml" in said.err
    assert " -> " in said.err
    assert path.read_text("utf-8") == "mine"


def test_init_where_no_file_can_stand_is_told(tmp_path: Path, mgcc: Callable[..., Said]) -> None:
    said = mgcc("init", tmp_path / "no" / "such" / "folder.yaml")
    assert said.code == 3
    assert len(said.err.splitlines()) == 1


def test_pki_init_says_what_the_vendor_installs_and_keeps_keys_private(
    tmp_path: Path, mgcc: Callable[..., Said]
) -> None:
    said = mgcc("pki", "init", tmp_path / "lab")
    assert said.code == 0
    for name in ("install/distribution/trust.pem", "install/aggregation/crl.pem", "peers.yaml", "0600", "pki sign"):
        assert name in said.out
    keys = sorted((tmp_path / "lab").rglob("*.key"))
    assert len(keys) >= 8
    assert {stat.S_IMODE(key.stat().st_mode) for key in keys} == {0o600}
    for path in (tmp_path / "lab" / "install").rglob("*"):
        assert b"PRIVATE KEY" not in (path.read_bytes() if path.is_file() else b"")


@pytest.mark.parametrize("language", ["en", "ja"])
def test_pki_init_overwrites_no_lab(language: str, lab: Path, mgcc: Callable[..., Said]) -> None:
    before = (lab / "utility" / "root.key").read_bytes()
    said = mgcc("--lang", language, "pki", "init", lab)
    assert said.code == 3
    assert str(lab) in said.err
    assert (lab / "utility" / "root.key").read_bytes() == before


@pytest.mark.parametrize("point", ["distribution", "aggregation"])
def test_pki_sign_gives_a_chain_to_the_anchor_of_the_point(
    point: str, lab: Path, tmp_path: Path, mgcc: Callable[..., Said]
) -> None:
    (tmp_path / "product.csr").write_bytes(request("mms.example"))
    said = mgcc("pki", "sign", tmp_path / "product.csr", "--lab", lab, "--point", point)
    assert said.code == 0
    assert "product.crt" in said.out
    leaf, issuing = x509.load_pem_x509_certificates((tmp_path / "product.crt").read_bytes())
    leaf.verify_directly_issued_by(issuing)
    loaded = Lab.load(lab)
    issuing.verify_directly_issued_by(next(a for p in loaded.points if p == point for a in loaded.trust_anchors(p)))


@pytest.mark.parametrize(
    "content",
    [b"", b"junk", b"-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n", b"\xff" * 100],
)
@pytest.mark.parametrize("language", ["en", "ja"])
def test_pki_sign_refuses_what_is_no_request(
    content: bytes, language: str, lab: Path, tmp_path: Path, mgcc: Callable[..., Said]
) -> None:
    (tmp_path / "bad.csr").write_bytes(content)
    said = mgcc("--lang", language, "pki", "sign", tmp_path / "bad.csr", "--lab", lab)
    assert said.code == 3
    assert "Traceback" not in said.err
    assert not (tmp_path / "bad.crt").exists()


def test_pki_sign_refuses_a_request_that_names_nobody(lab: Path, tmp_path: Path, mgcc: Callable[..., Said]) -> None:
    (tmp_path / "nameless.csr").write_bytes(request())
    said = mgcc("pki", "sign", tmp_path / "nameless.csr", "--lab", lab)
    assert said.code == 3
    assert "subjectAltName" in said.err


def test_pki_sign_refuses_a_request_that_another_key_signed(
    lab: Path, tmp_path: Path, mgcc: Callable[..., Said]
) -> None:
    der = bytearray(x509.load_pem_x509_csr(request("mms.example")).public_bytes(Encoding.DER))
    der[-3] ^= 1
    import ssl  # noqa: PLC0415  only for its PEM armour

    pem = ssl.DER_cert_to_PEM_cert(bytes(der)).replace("CERTIFICATE", "CERTIFICATE REQUEST")
    (tmp_path / "forged.csr").write_text(pem)
    said = mgcc("pki", "sign", tmp_path / "forged.csr", "--lab", lab)
    assert said.code == 3
    assert "signature" in said.err


@pytest.mark.parametrize("argv", [("pki", "sign", "x.csr", "--lab", "nowhere"), ("pki", "crl", "--lab", "nowhere")])
@pytest.mark.parametrize("language", ["en", "ja"])
def test_a_lab_that_is_not_there_is_named(argv: tuple[str, ...], language: str, mgcc: Callable[..., Said]) -> None:
    Path("x.csr").write_bytes(request("mms.example"))
    said = mgcc("--lang", language, *argv)
    assert said.code == 3
    assert "nowhere" in said.err
    assert "pki init" in said.err


def test_pki_crl_makes_the_lists_anew_everywhere(lab: Path, mgcc: Callable[..., Said]) -> None:
    before = (lab / "utility" / "crl.pem").read_bytes()
    said = mgcc("pki", "crl", "--lab", lab)
    assert said.code == 0
    after = (lab / "utility" / "crl.pem").read_bytes()
    assert after != before
    assert (lab / "install" / "distribution" / "crl.pem").read_bytes() == after
