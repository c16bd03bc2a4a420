"""Faults in the validation of the client's chain: each leaves out one check or loosens it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from typing_extensions import override

from reference_impl.faults.fault import fault
from reference_impl.material import Trust, load_trust
from reference_impl.mms import POINTS
from reference_impl.rules.certificates import CertificateRules, Defect, Presented
from reference_impl.rules.transport import TransportRules
from reference_impl.x509_errors import BAD_SIGNATURE, NO_USABLE_CRL, NOT_ANCHORED


@fault(
    "PKI-01", "RFC 5280 6.1.1 (d)", "設定したトラストアンカーに至らない証明書チェーンを受け入れる。", also=("ZTA-01",)
)
class AcceptsForeignCa(CertificateRules):
    """Accepts a chain that ends in no configured trust anchor."""

    @override
    def trust_anchor(self, presented: Presented) -> Defect | None:
        return None


@fault("PKI-01", "RFC 5280 6.1.1 (d)", "トラストアンカーを名称だけで照合し、鍵を確かめない。", also=("ZTA-01",))
class AcceptsCaWithTheRightName(CertificateRules):
    """Takes a CA for the trust anchor because it bears the same subject name."""

    @override
    def judge(self, presented: Presented) -> Defect | None:
        names = {anchor.subject for anchor in presented.anchors}
        by_name = {
            (depth, number)
            for depth, number in presented.errors
            if number in NOT_ANCHORED | BAD_SIGNATURE
            and names & {presented.chain[depth].issuer, presented.chain[depth].subject}
        }
        if by_name:
            by_name |= {(depth, number) for depth, number in presented.errors if number in NO_USABLE_CRL}
        return super().judge(dataclasses.replace(presented, errors=presented.errors - by_name))


@fault("PKI-01", "RFC 5280 6.1.1 (d)", "自己署名のクライアント証明書を受け入れる。")
class AcceptsSelfSignedClient(CertificateRules):
    """Accepts a client certificate that is signed by its own key."""

    @override
    def not_self_signed(self, presented: Presented) -> Defect | None:
        return None


@fault("PKI-01", "IEC 62351-3 5.6.4", "他方の接続点のCAが発行した証明書を受け入れる。")
class AcceptsOtherPointsCa(TransportRules):
    """Trusts at each connection point the CAs of the other one too."""

    @override
    def trusted(self, trust: Trust, folder: Path) -> Trust:
        others = [load_trust(folder.parent / name) for name in POINTS if name != folder.name]
        return Trust(
            anchors=trust.anchors + tuple(anchor for other in others for anchor in other.anchors),
            revocation=trust.revocation + tuple(crl for other in others for crl in other.revocation),
            peers=trust.peers,
        )


@fault("PKI-01", "RFC 5280 6.1.3 (a)(1)", "クライアント証明書の署名を検証しない。")
class IgnoresLeafSignature(CertificateRules):
    """Does not verify the signature on the client certificate."""

    @override
    def leaf_signature(self, presented: Presented) -> Defect | None:
        return None


@fault("PKI-01", "RFC 5280 6.1.3 (a)(1)", "中間CA証明書の署名を検証しない。")
class IgnoresIntermediateSignature(CertificateRules):
    """Does not verify the signature on an intermediate CA certificate."""

    @override
    def issuer_signature(self, presented: Presented) -> Defect | None:
        return None


@fault("PKI-02", "RFC 5280 4.1.2.5", "有効期限の切れたクライアント証明書を受け入れる。")
class AcceptsExpiredClientCertificate(CertificateRules):
    """Accepts a client certificate that has expired."""

    @override
    def leaf_not_expired(self, presented: Presented) -> Defect | None:
        return None


@fault("PKI-02", "RFC 5280 4.1.2.5", "有効期間の始まっていないクライアント証明書を受け入れる。")
class AcceptsNotYetValidClientCertificate(CertificateRules):
    """Accepts a client certificate that is not yet valid."""

    @override
    def leaf_already_valid(self, presented: Presented) -> Defect | None:
        return None


@fault("PKI-02", "RFC 5280 6.1.3 (a)(2)", "有効期限の切れた中間CA証明書を受け入れる。")
class AcceptsExpiredIntermediate(CertificateRules):
    """Accepts an intermediate CA certificate that has expired."""

    @override
    def issuer_not_expired(self, presented: Presented) -> Defect | None:
        return None


@fault("PKI-02", "RFC 5280 6.1.3 (a)(2)", "有効期間の始まっていない中間CA証明書を受け入れる。")
class AcceptsNotYetValidIntermediate(CertificateRules):
    """Accepts an intermediate CA certificate that is not yet valid."""

    @override
    def issuer_already_valid(self, presented: Presented) -> Defect | None:
        return None


@fault("PKI-03", "RFC 5280 6.1.3 (a)(3)", "失効したクライアント証明書を受け入れる。")
class IgnoresRevokedLeaf(CertificateRules):
    """Accepts a client certificate that is on the revocation list."""

    @override
    def leaf_not_revoked(self, presented: Presented) -> Defect | None:
        return None


@fault("PKI-03", "RFC 5280 6.1.3 (a)(3)", "失効した中間CAが発行した証明書を受け入れる。")
class IgnoresRevokedIntermediate(CertificateRules):
    """Accepts a client certificate from an intermediate CA that is on the revocation list."""

    @override
    def issuer_not_revoked(self, presented: Presented) -> Defect | None:
        return None


@fault("PKI-03", "RFC 5280 5.1.2.5", "次回更新日時を過ぎた証明書失効リストを使い続ける。")
class AcceptsStaleCrl(CertificateRules):
    """Goes on with a revocation list that is out of date."""

    @override
    def revocation_list_current(self, presented: Presented) -> Defect | None:
        return None


@fault("PKI-06", "RFC 5280 4.2.1.12", "サーバ認証用の証明書をクライアントの証明書として受け入れる。")
class AcceptsServerAuthEku(CertificateRules):
    """Accepts a server certificate from a client."""

    @override
    def meant_for_clients(self, usages: frozenset[x509.ObjectIdentifier] | None) -> bool:
        return super().meant_for_clients(usages) or ExtendedKeyUsageOID.SERVER_AUTH in (usages or ())


@fault("PKI-06", "RFC 5280 4.2.1.12", "拡張鍵用途のないクライアント証明書を受け入れる。")
class AcceptsMissingEku(CertificateRules):
    """Accepts a client certificate without extended key usage."""

    @override
    def meant_for_clients(self, usages: frozenset[x509.ObjectIdentifier] | None) -> bool:
        return usages is None or super().meant_for_clients(usages)


@fault("PKI-06", "RFC 5280 4.2.1.12", "拡張鍵用途があれば、その値を問わずクライアント証明書を受け入れる。")
class AcceptsAnyEku(CertificateRules):
    """Accepts a client certificate with whatever extended key usage, such as code signing only."""

    @override
    def meant_for_clients(self, usages: frozenset[x509.ObjectIdentifier] | None) -> bool:
        return usages is not None


@fault("PKI-06", "RFC 5280 4.2.1.9", "CA証明書をエンドエンティティの証明書として受け入れる。")
class AcceptsCaAsLeaf(CertificateRules):
    """Accepts a CA certificate as that of a client."""

    @override
    def end_entity(self, presented: Presented) -> Defect | None:
        return None


@fault("PKI-06", "RFC 5280 4.2.1.3", "鍵用途にdigitalSignatureのないクライアント証明書を受け入れる。")
class AcceptsKeyUsageWithoutDigitalSignature(CertificateRules):
    """Accepts a client certificate whose key may not sign."""

    @override
    def key_usage(self, presented: Presented) -> Defect | None:
        return None


@fault("PKI-08", "RFC 9525 6", "正しいCAが発行した証明書であれば、名称を問わず受け入れる。")
class AcceptsAnySan(CertificateRules):
    """Accepts every name that the right CA has certified."""

    @override
    def peer_name(self, presented: Presented) -> Defect | None:
        return None


@fault("PKI-08", "RFC 9525 6.4.4", "subjectAltNameが一致しないとき、コモンネームで照合する。")
class FallsBackToCommonName(CertificateRules):
    """Takes the common name for the peer's identity."""

    @override
    def names_of(self, leaf: x509.Certificate) -> list[str]:
        return super().names_of(leaf) + [str(a.value) for a in leaf.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]


@fault("PKI-08", "RFC 9525 6.3", "ワイルドカードを含む名称を、設定した相手と一致するとみなす。")
class MatchesWildcardSan(CertificateRules):
    """Lets a wildcard in the certificate stand for any configured peer."""

    @override
    def same_name(self, presented: str, configured: str) -> bool:
        wildcard = presented.startswith("*.") and presented[2:].lower() == configured.partition(".")[2]
        return wildcard or super().same_name(presented, configured)
