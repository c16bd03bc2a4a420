"""One connection: TLS by pyOpenSSL over memory BIOs, or cleartext, owning every byte in both directions."""

import io
import select
import socket
import threading
import time
from collections.abc import Callable
from typing import Any, Literal

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from msgspec import Struct
from OpenSSL import SSL

from conformance.model.transcript import Ending, TlsFacts
from conformance.wire.names import alert_name
from conformance.wire.segments import RECEIVED, SENT, Segment

LARGEST_FLIGHT = 1 << 16
"""Octets that a peer may send before the handshake is finished."""

LARGEST_TOTAL = 4 << 20
"""Octets that a peer may send over one connection."""

SHORTEST_SETTLE_S, LONGEST_SETTLE_S, HANDSHAKES_TO_SETTLE = 0.01, 0.25, 3

_CHUNK = 1 << 16
_VERSIONS = {
    "tls1.0": (SSL.TLS1_VERSION, SSL.OP_NO_TLSv1),
    "tls1.1": (SSL.TLS1_1_VERSION, SSL.OP_NO_TLSv1_1),
    "tls1.2": (SSL.TLS1_2_VERSION, SSL.OP_NO_TLSv1_2),
    "tls1.3": (SSL.TLS1_3_VERSION, SSL.OP_NO_TLSv1_3),
}
_VERSION_NAMES = {number: name for name, (number, _) in _VERSIONS.items()}
_GOOD_VERSIONS = ("tls1.2", "tls1.3")
_SUITES_OF_TLS13 = "TLS_"
_LEVEL = "@SECLEVEL=0"  # complete handshakes judge what the product does, not what this library refuses
_CLOSE_NOTIFY, _NO_RENEGOTIATION, _USER_CANCELED = 0, 100, 90
_NOT_FATAL = frozenset((_CLOSE_NOTIFY, _NO_RENEGOTIATION, _USER_CANCELED))
_UNDECIPHERABLE = ("decryption failed or bad record mac", "record layer failure", "bad record mac")
_READ_ALERT, _WRITE_ALERT = 0x4004, 0x4008
_LOOP = 0x01

PrivateKey = Any  # whatever pyOpenSSL takes; a union of cryptography's key types


class ChannelClosedError(OSError):
    """The connection came to its end in a way that a socket would report as an error; `Channel.ending` says how."""


class TlsClient(Struct, frozen=True, kw_only=True):
    """How the client's side of TLS behaves.

    `chain` in sending order, none for no certificate; `versions` like `tls1.2`, none for 1.2 and 1.3;
    `suites` by OpenSSL's names, none for its default; `server_name` is the SNI, None sends none.
    """

    chain: tuple[x509.Certificate, ...] = ()
    key: PrivateKey = None
    serial_hex: str | None = None
    versions: tuple[str, ...] = ()
    suites: tuple[str, ...] = ()
    server_name: str | None = None
    keylog: Callable[[bytes], None] | None = None


class _Heard:
    """What the library told of one handshake through its callbacks; apart from the channel, so no cycle arises."""

    __slots__ = ("alert_received", "alert_sent", "certificate_requested", "context")

    def __init__(self) -> None:
        self.alert_received: int | None = None
        self.alert_sent: int | None = None
        self.certificate_requested = False

    def info(self, connection: SSL.Connection, where: int, value: int) -> None:
        if where == _READ_ALERT:
            if value & 0xFF != _CLOSE_NOTIFY:
                self.alert_received = value & 0xFF
        elif where == _WRITE_ALERT:
            if value & 0xFF != _CLOSE_NOTIFY:
                self.alert_sent = value & 0xFF
        elif where & _LOOP and connection.get_state_string() == b"SSLv3/TLS read server certificate request":
            self.certificate_requested = True


class Channel:
    """One connection to a peer, in the clear or inside TLS.

    `open` never raises for what a peer does: `usable` says whether one may send, `ending` how it ended. `send`, `recv`
    and their like then behave as a socket's: b"" at the peer's orderly end, TimeoutError at the deadline,
    ChannelClosedError otherwise. All waiting is bounded by one deadline on the monotonic clock.
    """

    def __init__(self, deadline_s: float) -> None:
        self._began = time.monotonic()
        self._until = self._began + deadline_s
        self._operation_s: float | None = None
        self._socket: socket.socket | None = None
        self._poll = select.poll()
        self._tls: SSL.Connection | None = None
        self._client: TlsClient | None = None
        self._heard = _Heard()
        self._received = 0
        self._early = b""
        self._at_end = False
        self._local_error: str | None = None
        self.segments: list[Segment] = []
        self.ending: Ending | None = None
        self.detail = ""
        self.connected = False
        self.completed = False
        self.connect_s = 0.0
        self.handshake_s = 0.0

    @classmethod
    def open(
        cls, host: str, port: int, *, deadline_s: float, tls: TlsClient | None = None, settle_s: float | None = None
    ) -> "Channel":
        """Connect to `host`:`port` and, with `tls`, finish the handshake and let a TLS 1.3 refusal arrive.

        `settle_s`: how long to listen after a TLS 1.3 handshake with client authentication (its refusal comes after
        our side is finished, RFC 8446 4.4.2.4 and 6.2); None: some measured handshake times, 10 to 250 ms.
        """
        channel = cls(deadline_s)
        channel._connect(host, port)
        if tls is not None and channel.ending is None:
            channel._client = tls
            if channel._handshake(tls):
                channel._settle(settle_s)
        return channel

    @property
    def usable(self) -> bool:
        """Whether something may be sent: connected, handshake finished, and not ended."""
        return self.ending is None and self.connected and (self._client is None or self.completed)

    @property
    def elapsed_s(self) -> float:
        """Seconds since the connection was begun."""
        return time.monotonic() - self._began

    @property
    def remaining_s(self) -> float:
        """Seconds until the deadline; not below 0."""
        return max(0.0, self._until - time.monotonic())

    def peer_chain(self) -> tuple[bytes, ...]:
        """Return the certificates that the peer sent, as DER, in its order."""
        chain = self._tls.get_peer_cert_chain(as_cryptography=True) if self._tls is not None else None
        return tuple(each.public_bytes(Encoding.DER) for each in chain or ())

    def tls_facts(self, peer_chain: tuple[str, ...] = ()) -> TlsFacts | None:
        """Return what is known of the TLS side, with the digests of `peer_chain`; None for cleartext."""
        if self._client is None or not self.connected:
            return None
        heard, connection = self._heard, self._tls
        version = suite = group = None
        extended: bool | None = None
        reused: bool | None = None
        if connection is not None and self.completed:
            number = connection.get_protocol_version()
            version, suite = _VERSION_NAMES.get(number, f"0x{number:04x}"), connection.get_cipher_name()
            group = connection.get_group_name()
            reused = bool(SSL._lib.SSL_session_reused(connection._ssl))  # noqa: SLF001  pyOpenSSL has no public name
            if number < SSL.TLS1_3_VERSION:
                extended = SSL._lib.SSL_get_extms_support(connection._ssl) == 1  # noqa: SLF001  the same
        alert = heard.alert_received
        error = self._local_error
        return TlsFacts(
            completed=self.completed,
            version=version,
            suite=suite,
            group=group,
            certificate_requested=heard.certificate_requested if self.completed or heard.certificate_requested else None,
            alert_received=None if alert is None else alert_name(alert),
            alert_number=alert,
            alert_sent=None if heard.alert_sent is None else alert_name(heard.alert_sent),
            local_error=error,
            undecipherable=error is not None and any(each in error for each in _UNDECIPHERABLE),
            peer_chain=peer_chain,
            client_serial=self._client.serial_hex,
            extended_master_secret=extended,
            session_reused=reused,
            after_handshake=self.completed and (alert is not None or error is not None),
        )

    def sendall(self, data: bytes) -> None:
        """Send all of `data`. Raises TimeoutError at the deadline, ChannelClosedError when the connection ended."""
        self._check()
        if self._tls is None:
            self._send_raw(bytes(data))
            return
        view = memoryview(data)
        while view:
            try:
                sent = self._tls.send(view[:_CHUNK])
            except SSL.WantReadError:
                if not self._fill():
                    raise self._error() from None
                continue
            except SSL.Error as error:
                self._failed(error)
                raise self._error() from error
            view = view[sent:]
            self._flush()
        if self.ending is not None:
            raise self._error()

    def send(self, data: bytes) -> int:
        """Send `data` whole and return its length; errors as sendall."""
        self.sendall(data)
        return len(data)

    def recv(self, size: int) -> bytes:
        """Return up to `size` octets, b"" at the peer's orderly end; errors as sendall."""
        if self._early:
            data, self._early = self._early[:size], self._early[size:]
            return data
        if self._at_end:
            return b""
        self._check()
        while True:
            data = self._take(size)
            if data is not None:
                return data
            if not self._fill() and not self._at_end:
                raise self._error()
            if self._at_end and self._tls is None:
                return b""

    def recv_into(self, buffer: Any) -> int:
        """Fill `buffer` with what `recv` gives and return the count; errors as sendall."""
        view = memoryview(buffer).cast("B")
        data = self.recv(len(view))
        view[: len(data)] = data
        return len(data)

    def makefile(self, mode: str = "rb", *_: object, **__: object) -> io.BufferedReader:
        """Return a buffered reader over `recv`, as http.client asks of a socket. Raises ValueError for other modes."""
        if mode not in {"r", "rb"}:
            raise ValueError(f"a channel is read through a file, not written: {mode!r}")
        return io.BufferedReader(_Reader(self))

    def settimeout(self, seconds: float | None) -> None:
        """Bound each later operation by `seconds`, besides the deadline."""
        self._operation_s = seconds

    def gettimeout(self) -> float | None:
        """Return what `settimeout` set."""
        return self._operation_s

    def fileno(self) -> int:
        """Return the descriptor of the TCP connection; -1 if there is none."""
        return -1 if self._socket is None else self._socket.fileno()

    def end(self, ending: Ending, detail: str = "") -> None:
        """Note that the connection ended so, unless it had ended before."""
        if self.ending is None:
            self.ending, self.detail = ending, detail

    def close(self) -> None:
        """End the connection from our side, with close_notify where TLS is up; harmless when it has ended."""
        if self._socket is None:
            return
        if self.ending is None:
            self.ending = Ending.OURS
            if self._tls is not None and self.completed:
                try:
                    self._tls.shutdown()
                except SSL.Error:
                    self.detail = "close_notify could not be made"
                self._flush()
        self._socket.close()
        self._socket = None

    def _connect(self, host: str, port: int) -> None:
        addresses = self._resolve(host, port)
        for family, kind, protocol, _, address in addresses:
            plain = socket.socket(family, kind, protocol)
            plain.settimeout(max(0.001, self.remaining_s))
            try:
                plain.connect(address)
            except TimeoutError:
                plain.close()
                self.detail = "no answer to the connection request"
            except OSError as error:
                plain.close()
                self.detail = error.strerror or str(error)
            else:
                plain.setblocking(False)
                plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._socket, self.connected, self.detail = plain, True, ""
                self._poll.register(plain, select.POLLIN)
                self.connect_s = self.elapsed_s
                return
        self.ending = Ending.UNREACHABLE

    def _resolve(self, host: str, port: int) -> list[Any]:
        """Return the addresses of `host`; looked up on a thread of its own, for the resolver knows no deadline."""
        try:
            return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
        except (socket.gaierror, UnicodeError):
            pass
        found: list[Any] = []

        def look_up() -> None:
            try:
                found.extend(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
            except (OSError, UnicodeError) as error:
                self.detail = f"{host}: {getattr(error, 'strerror', None) or error}"

        self.detail = f"{host}: the name was not resolved in time"
        thread = threading.Thread(target=look_up, daemon=True)
        thread.start()
        thread.join(self.remaining_s)
        return list(found)

    def _handshake(self, tls: TlsClient) -> bool:
        try:
            connection = SSL.Connection(_context(tls, self._heard), None)
            if tls.server_name:
                connection.set_tlsext_host_name(tls.server_name.encode("idna" if not tls.server_name.isascii() else "ascii"))
        except (SSL.Error, ValueError, UnicodeError) as error:
            self._local_error = _sentence(error)
            self.end(Ending.LOCAL, self._local_error)
            return False
        connection.set_connect_state()
        self._tls = connection
        began = time.monotonic()
        while True:
            try:
                connection.do_handshake()
            except SSL.WantReadError:
                self._flush()
                if not self._fill() and not self._at_end:
                    return False
            except SSL.Error as error:
                self._failed(error)
                return False
            else:
                break
        self._flush()
        self.completed = True
        self.handshake_s = time.monotonic() - began
        return self.ending is None

    def _settle(self, settle_s: float | None) -> None:
        if self._tls is None or self._tls.get_protocol_version() != SSL.TLS1_3_VERSION:
            return
        if not self._heard.certificate_requested:
            return
        if settle_s is None:
            settle_s = min(max(HANDSHAKES_TO_SETTLE * self.handshake_s, SHORTEST_SETTLE_S), LONGEST_SETTLE_S)
        before = self._received
        data = self._take(_CHUNK)
        if data is None and self.ending is None and self._received == before and self._ready(settle_s):
            self._fill()
            data = self._take(_CHUNK)
        self._early = data or b""

    def _ready(self, seconds: float) -> bool:
        return bool(self._poll.poll(max(0.0, min(seconds, self.remaining_s)) * 1000))

    def _take(self, size: int) -> bytes | None:
        """Return application data at hand, b"" at the end, None if more bytes are needed or the connection ended."""
        if self._tls is None:
            data, self._early = self._early[:size], self._early[size:]
            return data or None
        try:
            return self._tls.recv(size)
        except SSL.WantReadError:
            self._flush()
            return None
        except SSL.ZeroReturnError:
            self._at_end = True
            self.end(Ending.CLOSE_NOTIFY)
            return b""
        except SSL.Error as error:
            self._failed(error)
            return b"" if self._at_end and self.ending is Ending.FIN else None

    def _fill(self) -> bool:
        """Wait for bytes of the peer and hand them on; False when there will be none, `ending` then says why."""
        if self._socket is None or self.ending is not None or self._at_end:
            return False
        wait = self.remaining_s if self._operation_s is None else min(self.remaining_s, self._operation_s)
        data = self._recv_raw()
        if data is None:
            if not self._poll.poll(wait * 1000):
                self.end(Ending.TIMEOUT, "no answer in time")
                return False
            data = self._recv_raw()
            if data is None:
                return self.ending is None
        if not data:
            if self.ending is None:
                self._at_end = True
                if self._tls is not None:
                    self._tls.bio_shutdown()
                else:
                    self.end(Ending.FIN)
            return False
        self.segments.append(Segment(self.elapsed_s, RECEIVED, data))
        self._received += len(data)
        if self._received > (LARGEST_TOTAL if self.completed or self._client is None else LARGEST_FLIGHT):
            self.end(Ending.FLOOD, f"the peer sent more than {self._received - len(data)} octets")
            return False
        if time.monotonic() > self._until:
            self.end(Ending.TIMEOUT, "the answer did not come to an end in time")
            return False
        if self._tls is not None:
            self._tls.bio_write(data)
        else:
            self._early += data
        return True

    def _recv_raw(self) -> bytes | None:
        if self._socket is None:
            return b""
        try:
            return self._socket.recv(_CHUNK)
        except BlockingIOError:
            return None
        except OSError as error:
            self.end(Ending.RESET, error.strerror or str(error))
            return b""

    def _flush(self) -> None:
        if self._tls is None:
            return
        try:
            while True:
                self._send_raw(self._tls.bio_read(_CHUNK))
        except SSL.WantReadError:
            return
        except (TimeoutError, ChannelClosedError):
            return

    def _send_raw(self, data: bytes) -> None:
        if self._socket is None:
            raise self._error()
        self.segments.append(Segment(self.elapsed_s, SENT, data))
        view = memoryview(data)
        while view:
            try:
                view = view[self._socket.send(view) :]
            except BlockingIOError:
                if not self._writable():
                    self.end(Ending.TIMEOUT, "the peer takes no more bytes")
                    raise self._error() from None
            except OSError as error:
                self._drain()
                self.end(Ending.RESET, error.strerror or str(error))
                raise self._error() from error

    def _writable(self) -> bool:
        if self._socket is None:
            return False
        wait = self.remaining_s if self._operation_s is None else min(self.remaining_s, self._operation_s)
        return bool(select.select([], [self._socket], [], wait)[1])

    def _drain(self) -> None:
        """After a failed write, let what the peer had still sent speak: often an alert that says why."""
        if self._tls is None or not self._fill():
            return
        self._early += self._take(_CHUNK) or b""

    def _failed(self, error: SSL.Error) -> None:
        """Sort an error of the TLS library: the peer's alert, the peer's end, or our own refusal of what it sent."""
        heard = self._heard
        if heard.alert_received is not None and heard.alert_received not in _NOT_FATAL:
            self.end(Ending.ALERT, alert_name(heard.alert_received))
        elif isinstance(error, SSL.SysCallError):
            self._at_end = True
            self.end(Ending.FIN, "TCP ended without close_notify")
        else:
            self._local_error = _sentence(error)
            self.end(Ending.LOCAL, self._local_error)
        self._flush()

    def _check(self) -> None:
        if self.ending is not None:
            raise self._error()

    def _error(self) -> OSError:
        if self.ending is Ending.TIMEOUT:
            return TimeoutError(self.detail)
        return ChannelClosedError(f"{self.ending or 'not connected'}: {self.detail}")


class SocketFace:
    """A channel as http.client sees a socket; closing it leaves the channel to whoever opened it."""

    def __init__(self, channel: Channel) -> None:
        self.sendall = channel.sendall
        self.send = channel.send
        self.recv = channel.recv
        self.recv_into = channel.recv_into
        self.makefile = channel.makefile
        self.settimeout = channel.settimeout
        self.gettimeout = channel.gettimeout
        self.fileno = channel.fileno

    def close(self) -> None:
        """Do nothing: the probe closes the channel when it has the whole answer."""

    def shutdown(self, how: Literal[0, 1, 2]) -> None:
        """Do nothing, for the same reason."""


class _Reader(io.RawIOBase):
    def __init__(self, channel: Channel) -> None:
        super().__init__()
        self._channel = channel

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._channel.recv_into(buffer)


def _context(tls: TlsClient, heard: _Heard) -> SSL.Context:
    """Return a fresh client context for `tls`. Raises SSL.Error or ValueError for what the library cannot do."""
    versions = tls.versions or _GOOD_VERSIONS
    older = [each for each in tls.suites if not each.startswith(_SUITES_OF_TLS13)]
    newer = [each for each in tls.suites if each.startswith(_SUITES_OF_TLS13)]
    if tls.suites:
        versions = tuple(each for each in versions if (newer if each == "tls1.3" else older))
    if not versions:
        raise ValueError("none of the suites fits the versions offered")
    numbers = [_VERSIONS[each][0] for each in versions]
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_min_proto_version(min(numbers))
    context.set_max_proto_version(max(numbers))
    for each, (_, forbid) in _VERSIONS.items():
        if each not in versions:
            context.set_options(forbid)
    context.set_cipher_list(":".join([*(older or ["DEFAULT"]), _LEVEL]).encode())
    if newer:
        context.set_tls13_ciphersuites(":".join(newer).encode())
    context.set_verify(SSL.VERIFY_NONE)  # judges look at the peer's certificate; the client never turns it away
    context.set_info_callback(heard.info)
    if tls.keylog is not None:
        keylog = tls.keylog
        context.set_keylog_callback(lambda _, line: keylog(line))
    if tls.chain:
        context.use_certificate(tls.chain[0])
        context.use_privatekey(tls.key)
        for each_above in tls.chain[1:]:
            context.add_extra_chain_cert(each_above)
    return context


def _sentence(error: Exception) -> str:
    """Return what a TLS library error says, without its codes."""
    reasons = error.args[0] if error.args and isinstance(error.args[0], list) else None
    if reasons:
        return "; ".join(str(each[-1]) for each in reasons)
    return str(error) or type(error).__name__
