"""Faults of the TLS layer that OpenSSL itself can be brought to: versions, client certificates, cleartext."""

from __future__ import annotations

from collections.abc import Mapping

from OpenSSL import SSL
from typing_extensions import override

from reference_impl.faults.fault import fault
from reference_impl.hello import TLS13, ClientHello
from reference_impl.roles import Role, known_role
from reference_impl.rules.access import PREFIX
from reference_impl.rules.identity import IdentityRules
from reference_impl.rules.transport import Demand, TransportRules
from reference_impl.session import Session, Subject

LEGACY_SUITES = ":ECDHE-ECDSA-AES128-SHA:ECDHE-RSA-AES128-SHA:@SECLEVEL=0"
EVERY_CHAIN = ("PKI-01", "PKI-02", "PKI-03", "PKI-06", "PKI-08")


def anyone(path: str) -> Subject:
    """A peer without a certificate, taken for whoever may use the resource."""
    role = Role.SECAUD if path == f"{PREFIX}/security-events" else Role.DSO_OPERATOR
    return Subject(name="anyone", serial=None, role=role)


class ServesAnyone(IdentityRules):
    """What goes with every missing certificate: there is no role to ask for, so the peer is served."""

    @override
    def subject(self, session: Session, path: str, headers: Mapping[str, str]) -> Subject:
        return anyone(path) if session.certificate is None else super().subject(session, path, headers)


@fault(
    "TLS-01", "IEC 62351-3 5.7", "TLSのポートで平文のHTTPにも応答する。",
    reason="cleartext-service", also=("ZTA-01", "TLS-03"),
)  # fmt: skip
class ServesCleartextHttp(TransportRules, ServesAnyone):
    """Serves plain HTTP on the TLS port."""

    @override
    def cleartext(self, binding: str, first: bytes) -> bool:
        return binding == "https"


@fault(
    "TLS-01", "IEC 62351-3 5.7", "TLSのポートで平文のModbusにも応答する。",
    reason="cleartext-service", also=("ZTA-01", "TLS-03"),
)  # fmt: skip
class ServesCleartextModbus(TransportRules, ServesAnyone):
    """Serves plain Modbus on the TLS port."""

    @override
    def cleartext(self, binding: str, first: bytes) -> bool:
        return binding == "modbus"


@fault(
    "TLS-01", "IEC 62351-3 5.7", "TLSを使わない別のポートを開く。",
    reason="cleartext-service", also=("ZTA-01", "TLS-03"),
)  # fmt: skip
class OpensCleartextPort(TransportRules, ServesAnyone):
    """Listens on one more port, without TLS."""

    @override
    def cleartext_listener(self) -> bool:
        return True


@fault("TLS-02", "RFC 8996 4", "TLS 1.0で接続する。", reason="negotiated-forbidden")
class NegotiatesTls10(TransportRules):
    """Negotiates TLS 1.0."""

    @override
    def oldest_version(self) -> int:
        return SSL.TLS1_VERSION

    @override
    def left_out(self) -> int:
        return SSL.OP_NO_TLSv1_1

    @override
    def suites(self) -> str:
        return super().suites() + LEGACY_SUITES


@fault("TLS-02", "RFC 8996 5", "TLS 1.1で接続する。", reason="negotiated-forbidden")
class NegotiatesTls11(TransportRules):
    """Negotiates TLS 1.1."""

    @override
    def oldest_version(self) -> int:
        return SSL.TLS1_1_VERSION

    @override
    def suites(self) -> str:
        return super().suites() + LEGACY_SUITES


@fault(
    "TLS-03", "IEC 62351-3 5.6.3", "クライアント証明書を要求しない。",
    also=(*EVERY_CHAIN, "ZTA-01", "ZTA-05", "ZTA-07", "INV-01"),
)  # fmt: skip
class DoesNotRequestClientCertificate(TransportRules, ServesAnyone):
    """Does not ask for a client certificate."""

    @override
    def client_certificate(self, hello: ClientHello | None) -> Demand:
        return Demand.NONE


@fault(
    "TLS-03", "IEC 62351-3 5.6.3", "クライアント証明書がなくても接続を続ける。",
    also=("ZTA-01", "INV-01"),
)  # fmt: skip
class MakesClientCertificateOptional(TransportRules, ServesAnyone):
    """Asks for a client certificate and goes on without one."""

    @override
    def client_certificate(self, hello: ClientHello | None) -> Demand:
        return Demand.OPTIONAL


@fault(
    "TLS-03", "IEC 62351-3 5.6.3", "TLS 1.2ではクライアント証明書がなくても接続を続ける。",
    also=("ZTA-01", "INV-01"),
)  # fmt: skip
class RequiresClientCertificateOnlyOnTls13(TransportRules, ServesAnyone):
    """Insists on a client certificate under TLS 1.3 only."""

    @override
    def client_certificate(self, hello: ClientHello | None) -> Demand:
        return Demand.REQUIRED if hello is None or hello.newest >= TLS13 else Demand.OPTIONAL


IDENTITY_HEADERS = frozenset(
    {
        "x-client-role",
        "x-role",
        "x-user-role",
        "x-remote-role",
        "x-ssl-client-role",
        "x-client-cert",
        "x-client-dn",
        "x-client-verify",
        "x-forwarded-client-cert",
        "x-forwarded-user",
        "x-remote-user",
        "x-ssl-cert",
        "x-ssl-client-cert",
        "x-ssl-client-dn",
        "x-ssl-client-s-dn",
        "x-ssl-client-verify",
        "ssl-client-cert",
        "client-cert",
    }
)


@fault(
    "ZTA-01", "NIST SP 800-207 tenet 6", "証明書の代わりに、プロキシが付けるはずのHTTPヘッダを信じる。",
    also=("ZTA-05", "TLS-03"),
)  # fmt: skip
class TrustsIdentityHeader(TransportRules, IdentityRules):
    """Believes an HTTP header that a proxy should have set instead of the certificate."""

    @override
    def client_certificate(self, hello: ClientHello | None) -> Demand:
        return Demand.OPTIONAL

    @override
    def subject(self, session: Session, path: str, headers: Mapping[str, str]) -> Subject:
        claims = [text for name, text in headers.items() if name in IDENTITY_HEADERS]
        if not claims:
            return super().subject(session, path, headers)
        role = next((role for claim in claims if (role := known_role(claim)) is not None), Role.DSO_OPERATOR)
        return Subject(name="header", serial=None, role=role)


@fault(
    "ZTA-01", "IEC 62443-3-3 SR 1.2", "クライアント証明書のない相手に状態を返す。",
    also=("TLS-03",),
)  # fmt: skip
class ServesStateWithoutCredential(TransportRules, IdentityRules):
    """Serves the state to a peer without a certificate."""

    @override
    def client_certificate(self, hello: ClientHello | None) -> Demand:
        return Demand.OPTIONAL

    @override
    def subject(self, session: Session, path: str, headers: Mapping[str, str]) -> Subject:
        open_to_all = session.certificate is None and path == f"{PREFIX}/state"
        return anyone(path) if open_to_all else super().subject(session, path, headers)


@fault(
    "INV-01", "IEC 62443-3-3 SR 1.2", "クライアント証明書のない相手に機器台帳を返す。",
    also=("ZTA-01", "TLS-03"),
)  # fmt: skip
class ServesInventoryWithoutCredential(TransportRules, IdentityRules):
    """Serves the inventory to a peer without a certificate."""

    @override
    def client_certificate(self, hello: ClientHello | None) -> Demand:
        return Demand.OPTIONAL

    @override
    def subject(self, session: Session, path: str, headers: Mapping[str, str]) -> Subject:
        open_to_all = session.certificate is None and path == f"{PREFIX}/inventory"
        return anyone(path) if open_to_all else super().subject(session, path, headers)
