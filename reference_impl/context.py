"""OpenSSL contexts of one connection point, made from its folder and made again when its files change."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from OpenSSL import SSL, crypto

from reference_impl.material import Credential, HomeError, Trust, load_credential, load_trust, stamp
from reference_impl.rules.transport import Demand
from reference_impl.verification import verify_with_rules

if TYPE_CHECKING:
    from reference_impl.events import EventLog
    from reference_impl.rules import Rules

OPTIONS = (
    SSL.OP_NO_COMPRESSION
    | SSL.OP_NO_TICKET
    | SSL.OP_NO_RENEGOTIATION
    | SSL.OP_CIPHER_SERVER_PREFERENCE
    | SSL.OP_SINGLE_ECDH_USE
)


class Secrets:
    """Trust and contexts of a connection point, as its files were when last read whole.

    `own` is the credential in the folder, `credential` the one presented; only a fault makes them differ.
    """

    def __init__(self, folder: Path, rules: Rules, log: EventLog) -> None:
        """Reads the folder; HomeError when a file is missing or unusable."""
        self._folder = folder
        self._rules = rules
        self._log = log
        self._stamp = stamp(folder)
        self._read()

    def _read(self) -> None:
        own = load_credential(self._folder)
        credential = self._rules.own_credential(own)
        trust = self._rules.trusted(load_trust(self._folder), self._folder)
        contexts = {Demand.REQUIRED: self._context(credential, trust, Demand.REQUIRED)}
        self.own: Credential = own
        self.credential: Credential = credential
        self.trust: Trust = trust
        self._contexts = contexts

    def refresh(self) -> None:
        """Reads the folder again if a file changed; what cannot be used is logged, and the old stays in force."""
        found = stamp(self._folder)
        if found == self._stamp:
            return
        self._stamp = found
        try:
            self._read()
        except HomeError as error:
            self._log.configured(f"{error}; the files read before stay in force", "refused")
        else:
            self._log.configured("credential, trust anchors, revocation lists and peers read again", "accepted")

    def context(self, demand: Demand) -> SSL.Context:
        """The context that asks for a client certificate this strongly."""
        if demand not in self._contexts:
            self._contexts[demand] = self._context(self.credential, self.trust, demand)
        return self._contexts[demand]

    def _context(self, credential: Credential, trust: Trust, demand: Demand) -> SSL.Context:
        rules = self._rules
        context = SSL.Context(SSL.TLS_SERVER_METHOD)
        context.set_options(OPTIONS | rules.left_out())
        context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
        context.set_session_id(b"mgcc")
        try:
            context.set_cipher_list(rules.suites().encode())
            context.set_tls13_ciphersuites(rules.tls13_suites().encode())
            context.set_min_proto_version(rules.oldest_version())
            context.use_certificate(credential.leaf)
            context.use_privatekey(credential.key)
            for issuer in credential.chain[1:]:
                context.add_extra_chain_cert(issuer)
        except (SSL.Error, TypeError, ValueError):
            raise HomeError(f"{self._folder}: OpenSSL cannot use this key and certificate; use P-256") from None
        store = context.get_cert_store()
        if store is None:
            raise HomeError("OpenSSL made a context without a certificate store")
        try:
            for anchor in trust.anchors:
                store.add_cert(crypto.X509.from_cryptography(anchor))
                context.add_client_ca(anchor)
            for revocation in trust.revocation:
                store.add_crl(revocation)
        except (SSL.Error, crypto.Error):
            raise HomeError(f"{self._folder}: OpenSSL cannot use the trust anchors or revocation lists") from None
        store.set_flags(crypto.X509StoreFlags.CRL_CHECK | crypto.X509StoreFlags.CRL_CHECK_ALL)
        verify_with_rules(context, demand)
        return context
