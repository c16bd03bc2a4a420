"""Credentials by recipe: what differs, and that nothing else does."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from conformance.model.criterion import ConnectionPoint
from conformance.model.recipe import CertificateRecipe, ChainRecipe, Hash, Issuer, KeyKind, Usage
from conformance.model.vector import Actor
from conformance.pki.errors import RecipeImpossibleError
from conformance.pki.lab import Lab
from conformance.pki.recipes import ClientCredential, Credentials
from conformance.pki.roles import IEC_USER_ROLES, MODBUS_ROLE

NOW = datetime.now(UTC).replace(microsecond=0)
DISTRIBUTION, AGGREGATION = ConnectionPoint.DISTRIBUTION, ConnectionPoint.AGGREGATION


@pytest.fixture
def credentials(lab: Lab) -> Credentials:
    return Credentials(lab)


def issue(
    credentials: Credentials, recipe: ChainRecipe | None = None, actor: Actor = Actor.UTILITY, **leaf: object
) -> ClientCredential:
    recipe = recipe or ChainRecipe(leaf=CertificateRecipe(**leaf))  # type: ignore[arg-type]
    return credentials.issue(DISTRIBUTION, actor, recipe, NOW)


def common_names(credential: ClientCredential) -> list[str]:
    return [str(each.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value) for each in credential.chain]


def extension(certificate: x509.Certificate, oid: x509.ObjectIdentifier) -> bytes:
    value = certificate.extensions.get_extension_for_oid(oid).value
    assert isinstance(value, x509.UnrecognizedExtension)
    return value.value


def test_a_good_leaf_verifies_up_to_the_root(lab: Lab, credentials: Credentials) -> None:
    credential = issue(credentials)
    leaf, issuing = credential.chain
    leaf.verify_directly_issued_by(issuing)
    issuing.verify_directly_issued_by(lab.trust_anchors(DISTRIBUTION)[0])
    assert leaf.public_key() == credential.key.public_key()
    assert credential.serial_hex == format(leaf.serial_number, "x")
    assert (leaf.not_valid_before_utc, leaf.not_valid_after_utc) == (
        NOW - timedelta(hours=1),
        NOW + timedelta(hours=24),
    )


def test_a_good_leaf_says_what_the_lab_agreed(credentials: Credentials) -> None:
    leaf = issue(credentials).chain[0]
    constraints = leaf.extensions.get_extension_for_class(x509.BasicConstraints)
    assert constraints.critical
    assert not constraints.value.ca
    assert leaf.extensions.get_extension_for_class(x509.KeyUsage).value.digital_signature
    usage = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [x509.ExtendedKeyUsageOID.CLIENT_AUTH]
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["utility.mgcc.example"]


@pytest.mark.parametrize(
    ("actor", "integer", "role"),
    [
        (Actor.UTILITY, "0201ff", b"DSO_OPERATOR"),
        (Actor.AGGREGATOR, "0201fe", b"AGGREGATOR_OPERATOR"),
        (Actor.VIEWER, "020100", b"VIEWER"),
        (Actor.AUDITOR, "020105", b"SECAUD"),
        (Actor.ENGINEER, "020102", b"ENGINEER"),
    ],
)
def test_each_actor_carries_its_role_twice(credentials: Credentials, actor: Actor, integer: str, role: bytes) -> None:
    leaf = issue(credentials, actor=actor).chain[0]
    area = b"\x0c\x0cdistribution"
    info = b"\x30\x03" + bytes.fromhex(integer) + area + b"\x02\x01\x01"
    sequence = b"\x30" + bytes([len(info)]) + info
    assert extension(leaf, IEC_USER_ROLES) == b"\x30" + bytes([len(sequence)]) + sequence
    assert extension(leaf, MODBUS_ROLE) == b"\x0c" + bytes([len(role)]) + role


def test_two_roles_stand_in_both_extensions(credentials: Credentials) -> None:
    leaf = issue(credentials, roles=(-1, 5)).chain[0]
    assert b"\x30\x06\x02\x01\xff\x02\x01\x05" in extension(leaf, IEC_USER_ROLES)
    assert extension(leaf, MODBUS_ROLE).endswith(b"DSO_OPERATOR,SECAUD")


def test_no_roles_leave_both_extensions_out(credentials: Credentials) -> None:
    oids = {each.oid for each in issue(credentials, roles=()).chain[0].extensions}
    assert not oids & {IEC_USER_ROLES, MODBUS_ROLE}


def test_the_peer_is_the_rightful_other_side(credentials: Credentials) -> None:
    assert credentials.identity(DISTRIBUTION, Actor.PEER) == "utility.mgcc.example"
    assert credentials.identity(AGGREGATION, Actor.PEER) == "aggregator.mgcc.example"


def test_identities_of_the_endpoint_file_override_the_labs(lab: Lab) -> None:
    credentials = Credentials(lab, {Actor.UTILITY: "dms.example"})
    assert common_names(issue(credentials))[0] == "dms.example"
    assert credentials.identity(DISTRIBUTION, Actor.PEER) == "dms.example"


def test_a_rogue_has_the_peers_name_under_a_ca_nobody_knows(lab: Lab, credentials: Credentials) -> None:
    leaf, issuing = issue(credentials, actor=Actor.ROGUE).chain
    good = issue(credentials).chain[0]
    assert leaf.subject == good.subject
    assert extension(leaf, IEC_USER_ROLES) == extension(good, IEC_USER_ROLES)
    leaf.verify_directly_issued_by(issuing)
    assert issuing.issuer != lab.trust_anchors(DISTRIBUTION)[0].subject


@pytest.mark.parametrize(
    ("issuer", "names"),
    [
        (Issuer.ISSUING, ["Utility Issuing CA"]),
        (Issuer.ROOT, []),
        (Issuer.RETIRED, ["Utility Retired CA"]),
        (Issuer.LAPSED, ["Utility Lapsed CA"]),
        (Issuer.OTHER_POINT, ["Aggregator Issuing CA"]),
        (Issuer.FOREIGN, ["Foreign Issuing CA"]),
        (Issuer.LOOK_ALIKE_ROOT, []),
        (Issuer.LOOK_ALIKE_ISSUING, ["Utility Issuing CA"]),
        (Issuer.ITSELF, []),
        (Issuer.LEAF, ["viewer.mgcc.example", "Utility Issuing CA"]),
    ],
)
def test_each_issuer_sends_its_chain(credentials: Credentials, issuer: Issuer, names: list[str]) -> None:
    credential = issue(credentials, ChainRecipe(issued_by=issuer))
    assert common_names(credential) == ["utility.mgcc.example", *names]
    for below, above in zip(credential.chain, credential.chain[1:], strict=False):
        below.verify_directly_issued_by(above)


def test_all_of_a_chain_ends_in_a_root_and_the_leaf_alone_is_alone(credentials: Credentials) -> None:
    assert common_names(issue(credentials, ChainRecipe(send="all")))[-1] == "Utility Root CA"
    assert len(issue(credentials, ChainRecipe(send="leaf")).chain) == 1


def test_look_alikes_share_names_and_key_identifiers_but_not_the_key(lab: Lab, credentials: Credentials) -> None:
    own = lab.points[DISTRIBUTION]
    leaf, issuing, root = issue(credentials, ChainRecipe(issued_by=Issuer.LOOK_ALIKE_ISSUING, send="all")).chain
    for copy, original in ((issuing, own.issuing), (root, own.root)):
        assert copy.subject == original.certificate.subject
        assert copy.public_key() != original.certificate.public_key()
        copied = copy.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
        assert copied == original.key_identifier
    with pytest.raises(InvalidSignature):
        leaf.verify_directly_issued_by(own.issuing.certificate)


def test_a_self_signed_leaf_is_its_own_issuer(credentials: Credentials) -> None:
    (leaf,) = issue(credentials, ChainRecipe(issued_by=Issuer.ITSELF)).chain
    leaf.verify_directly_issued_by(leaf)


def test_an_issuing_certificate_made_anew_keeps_key_and_name(lab: Lab, credentials: Credentials) -> None:
    recipe = ChainRecipe(issuing=CertificateRecipe(not_after="-60s"))
    leaf, issuing = issue(credentials, recipe).chain
    real = lab.points[DISTRIBUTION].issuing.certificate
    assert (issuing.subject, issuing.public_key()) == (real.subject, real.public_key())
    assert issuing.not_valid_after_utc == NOW - timedelta(seconds=60)
    assert issuing.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    leaf.verify_directly_issued_by(issuing)
    issuing.verify_directly_issued_by(lab.trust_anchors(DISTRIBUTION)[0])


def test_an_issuing_certificate_may_be_made_no_ca(credentials: Credentials) -> None:
    issuing = issue(credentials, ChainRecipe(issuing=CertificateRecipe(ca=False))).chain[1]
    assert not issuing.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_a_revoked_serial_stands_on_the_list_and_a_fresh_one_does_not(lab: Lab, credentials: Credentials) -> None:
    listed = {lab.points[DISTRIBUTION].issuing.revoked_serial(index) for index in range(256)}
    revoked = [issue(credentials, serial="revoked").chain[0].serial_number for _ in range(10)]
    assert set(revoked) <= listed
    assert len(set(revoked)) == 10
    assert issue(credentials).chain[0].serial_number not in listed


def test_an_issuing_certificate_is_revoked_by_the_root(lab: Lab, credentials: Credentials) -> None:
    issuing = issue(credentials, ChainRecipe(issuing=CertificateRecipe(serial="revoked"))).chain[1]
    assert issuing.serial_number in {lab.points[DISTRIBUTION].root.revoked_serial(index) for index in range(256)}


def test_every_credential_has_its_own_serial_of_sixteen_octets(credentials: Credentials) -> None:
    serials = {issue(credentials).chain[0].serial_number for _ in range(50)}
    assert len(serials) == 50
    assert all(120 < serial.bit_length() <= 127 for serial in serials)


@pytest.mark.parametrize("issuer", [Issuer.ISSUING, Issuer.ITSELF])
@pytest.mark.parametrize("key", [KeyKind.P256, KeyKind.RSA2048, KeyKind.ED25519])
def test_a_corrupted_signature_still_parses_and_does_not_verify(
    credentials: Credentials, issuer: Issuer, key: KeyKind
) -> None:
    leaf = CertificateRecipe(signature="corrupted", key=key)
    chain = issue(credentials, ChainRecipe(issued_by=issuer, leaf=leaf)).chain
    with pytest.raises(InvalidSignature):
        chain[0].verify_directly_issued_by(chain[-1])


@pytest.mark.parametrize(
    ("kind", "bits"), [(KeyKind.P384, 384), (KeyKind.P521, 521), (KeyKind.RSA1024, 1024), (KeyKind.RSA3072, 3072)]
)
def test_keys_are_of_the_kind_asked_for(credentials: Credentials, kind: KeyKind, bits: int) -> None:
    key = issue(credentials, key=kind).key
    assert isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey)
    assert key.key_size == bits


@pytest.mark.parametrize(
    ("hash_", "key", "oid"),
    [
        (Hash.SHA1, KeyKind.P256, x509.SignatureAlgorithmOID.ECDSA_WITH_SHA1),
        (Hash.SHA1, KeyKind.RSA2048, x509.SignatureAlgorithmOID.RSA_WITH_SHA1),
        (Hash.MD5, KeyKind.RSA2048, x509.SignatureAlgorithmOID.RSA_WITH_MD5),
        (Hash.SHA384, KeyKind.P256, x509.SignatureAlgorithmOID.ECDSA_WITH_SHA384),
    ],
)
def test_broken_hashes_are_signed_all_the_same(
    credentials: Credentials, hash_: Hash, key: KeyKind, oid: x509.ObjectIdentifier
) -> None:
    recipe = ChainRecipe(issued_by=Issuer.ITSELF, leaf=CertificateRecipe(signature_hash=hash_, key=key))
    (leaf,) = issue(credentials, recipe).chain
    assert leaf.signature_algorithm_oid == oid
    assert leaf.serial_number > 0


@pytest.mark.parametrize(
    "recipe",
    [
        ChainRecipe(leaf=CertificateRecipe(signature_hash=Hash.MD5)),
        ChainRecipe(leaf=CertificateRecipe(path_length=1)),
        ChainRecipe(leaf=CertificateRecipe(key_usage=("flying",))),
        ChainRecipe(leaf=CertificateRecipe(ip_addresses=("not an address",))),
        ChainRecipe(leaf=CertificateRecipe(dns_names=("例え.jp",))),
        ChainRecipe(leaf=CertificateRecipe(not_before="+2d", not_after="+1d")),
        ChainRecipe(leaf=CertificateRecipe(serial="revoked"), issued_by=Issuer.ITSELF),
    ],
    ids=["md5", "path-length", "key-usage", "address", "name", "dates", "self-revoked"],
)
def test_what_cannot_be_made_is_a_named_error(credentials: Credentials, recipe: ChainRecipe) -> None:
    with pytest.raises(RecipeImpossibleError) as raised:
        issue(credentials, recipe)
    assert raised.value.text.ja


@pytest.mark.parametrize(("before", "after"), [(None, "-1y"), ("+1y", None), ("-2d", "-1d")])
def test_a_bound_left_out_gives_way_to_the_one_stated(
    credentials: Credentials, before: str | None, after: str | None
) -> None:
    leaf = issue(credentials, not_before=before, not_after=after).chain[0]
    assert leaf.not_valid_before_utc < leaf.not_valid_after_utc


def test_extensions_left_out_are_left_out(credentials: Credentials) -> None:
    leaf = issue(credentials, dns_names=(), key_usage=(), extended_key_usage=()).chain[0]
    present = {type(each.value) for each in leaf.extensions}
    assert not present & {x509.SubjectAlternativeName, x509.KeyUsage, x509.ExtendedKeyUsage}


def test_other_usages_and_names_are_written_as_asked(credentials: Credentials) -> None:
    leaf = issue(
        credentials,
        common_name="x",
        uris=("urn:x",),
        ip_addresses=("192.0.2.1",),
        extended_key_usage=(Usage.SERVER_AUTH, Usage.ANY),
        ca=True,
        path_length=3,
    ).chain[0]
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == ["urn:x"]
    assert leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.path_length == 3
    assert len(list(leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)) == 2
