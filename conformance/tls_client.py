"""The client's side of TLS as a vector asks for it, as a context of pyOpenSSL and what that context hears."""

from collections.abc import Callable
from typing import Any

from cryptography import x509
from msgspec import Struct
from OpenSSL import SSL

VERSIONS = {
    "tls1.0": (SSL.TLS1_VERSION, SSL.OP_NO_TLSv1),
    "tls1.1": (SSL.TLS1_1_VERSION, SSL.OP_NO_TLSv1_1),
    "tls1.2": (SSL.TLS1_2_VERSION, SSL.OP_NO_TLSv1_2),
    "tls1.3": (SSL.TLS1_3_VERSION, SSL.OP_NO_TLSv1_3),
}
"""Number of each version, and the option that forbids it."""

VERSION_NAMES = {number: name for name, (number, _) in VERSIONS.items()}
CLOSE_NOTIFY = 0

_GOOD_VERSIONS = ("tls1.2", "tls1.3")
_GOOD_SUITES = ("ALL", "!aNULL", "!eNULL", "!PSK", "!SRP")  # DEFAULT lacks the CCM_8 that IEEE 2030.5 demands
_LEVEL = "@SECLEVEL=0"  # the suite sees what the product does, not what the suite's own library would refuse
_PREFIX_OF_TLS13_SUITES = "TLS_"
_LOOP, _READ_ALERT, _WRITE_ALERT = 0x01, 0x4004, 0x4008
_CERTIFICATE_REQUEST_READ = b"SSLv3/TLS read server certificate request"


class TlsClient(Struct, frozen=True, kw_only=True):
    """How the client behaves.

    `chain` in sending order, empty for no certificate, with the leaf's `key` (of `cryptography`) and serial;
    `versions` like `tls1.2`, none for 1.2 and 1.3; `suites` by OpenSSL's names, none for its default;
    `server_name` is the SNI, None sends none; `keylog` takes the lines of an NSS key log.
    """

    chain: tuple[x509.Certificate, ...] = ()
    key: Any = None
    serial_hex: str | None = None
    versions: tuple[str, ...] = ()
    suites: tuple[str, ...] = ()
    server_name: str | None = None
    keylog: Callable[[bytes], None] | None = None


class Heard:
    """What the library tells of one handshake through its callbacks."""

    __slots__ = ("alert_received", "alert_sent", "certificate_requested", "raised")

    def __init__(self) -> None:
        self.alert_received: int | None = None
        self.alert_sent: int | None = None
        self.certificate_requested = False
        self.raised: BaseException | None = None

    def info(self, connection: SSL.Connection, where: int, value: int) -> None:
        """Take one call of the library's info callback."""
        if where & _LOOP:
            if connection.get_state_string() == _CERTIFICATE_REQUEST_READ:
                self.certificate_requested = True
        elif where == _READ_ALERT and value & 0xFF != CLOSE_NOTIFY:
            self.alert_received = value & 0xFF
        elif where == _WRITE_ALERT and value & 0xFF != CLOSE_NOTIFY:
            self.alert_sent = value & 0xFF

    def guarded(self, call: Callable[..., object]) -> Callable[..., None]:
        """Return `call` as a callback of the library, which would print and swallow whatever it raises."""

        def callback(*arguments: object) -> None:
            try:
                call(*arguments)
            except BaseException as error:  # noqa: BLE001  an interrupt, too
                self.raised = error

        return callback

    def rethrow(self) -> None:
        """Raise what a callback could not."""
        if self.raised is not None:
            raised, self.raised = self.raised, None
            raise raised


def connection(tls: TlsClient, heard: Heard) -> SSL.Connection:
    """Return a connection over memory BIOs, ready to shake hands as `tls` says, in a context of its own.

    Raises SSL.Error or ValueError for what the library cannot do.
    """
    made = SSL.Connection(_context(tls, heard), None)
    if tls.server_name:
        made.set_tlsext_host_name(tls.server_name.encode("ascii" if tls.server_name.isascii() else "idna"))
    made.set_connect_state()
    return made


def _context(tls: TlsClient, heard: Heard) -> SSL.Context:
    older = [each for each in tls.suites if not each.startswith(_PREFIX_OF_TLS13_SUITES)]
    newer = [each for each in tls.suites if each.startswith(_PREFIX_OF_TLS13_SUITES)]
    versions = tls.versions or _GOOD_VERSIONS
    if tls.suites:
        versions = tuple(each for each in versions if (newer if each == "tls1.3" else older))
    if not versions:
        raise ValueError("none of the suites fits the versions offered")
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    numbers = [VERSIONS[each][0] for each in versions]
    context.set_min_proto_version(min(numbers))
    context.set_max_proto_version(max(numbers))
    for each, (number, forbid) in VERSIONS.items():
        if min(numbers) < number < max(numbers) and each not in versions:
            context.set_options(forbid)
    context.set_cipher_list(":".join([*(older or _GOOD_SUITES), _LEVEL]).encode())
    if newer:
        context.set_tls13_ciphersuites(":".join(newer).encode())
    context.set_verify(SSL.VERIFY_NONE)  # judges look at the peer's certificate; the client never turns it away
    context.set_info_callback(heard.guarded(heard.info))
    if tls.keylog is not None:
        keylog = tls.keylog
        context.set_keylog_callback(heard.guarded(lambda _, line: keylog(line)))
    if tls.chain:
        context.use_certificate(tls.chain[0])
        context.use_privatekey(tls.key)
        for above in tls.chain[1:]:
            context.add_extra_chain_cert(above)
    return context
