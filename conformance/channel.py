"""One connection: cleartext, or TLS by pyOpenSSL over memory BIOs; it owns every record and looks like a socket."""

import io
import time
from typing import Any

from OpenSSL import SSL, crypto

from conformance.model.transcript import Ending, TlsFacts
from conformance.tcp import LARGEST_TOTAL, ChannelClosedError, Tcp
from conformance.tls_client import VERSION_NAMES, Heard, TlsClient, connection
from conformance.wire.names import alert_name
from conformance.wire.segments import Segment

LARGEST_FLIGHT = 1 << 16
"""Octets that a peer may send before the handshake is finished."""

SHORTEST_SETTLE_S, LONGEST_SETTLE_S, HANDSHAKES_TO_SETTLE = 0.01, 0.25, 3

_CHUNK = 1 << 16
_NO_RENEGOTIATION, _USER_CANCELED = 100, 90  # warnings that end nothing (RFC 5246 7.2.2, RFC 8446 6.1)
_UNDECIPHERABLE = ("decryption failed or bad record mac", "record layer failure", "bad record mac")
_LIBRARY: Any = vars(SSL)["_lib"]  # pyOpenSSL has no public name for two facts of a session


class Channel:
    """One connection to a peer.

    `open` never raises for what a peer does: `usable` says whether one may send, `ending` how it ended. Reading and
    writing then behave as a socket's: b"" at the peer's orderly end, TimeoutError at the deadline, ChannelClosedError
    otherwise. All waiting is bounded by one deadline on the monotonic clock.
    """

    def __init__(self, deadline_s: float) -> None:
        self._tcp = Tcp(deadline_s)
        self._tls: SSL.Connection | None = None
        self._client: TlsClient | None = None
        self._heard = Heard()
        self._early = b""
        self._over = False
        self._local_error: str | None = None
        self.completed = False
        self.handshake_s = 0.0

    @classmethod
    def open(
        cls, host: str, port: int, *, deadline_s: float, tls: TlsClient | None = None, settle_s: float | None = None
    ) -> "Channel":
        """Connect to `host`:`port` and, with `tls`, finish the handshake and let a TLS 1.3 refusal arrive.

        `settle_s`: how long to listen after a TLS 1.3 handshake with client authentication (a refusal comes after our
        side has finished, RFC 8446 4.4.2.4); None: some measured handshake times, 10 to 250 ms.
        """
        channel = cls(deadline_s)
        channel._tcp.connect(host, port)
        if tls is not None:
            channel._client = tls
            if channel.connected and channel._handshake(tls):
                channel._settle(settle_s)
        if not channel.usable:
            channel.close()
        return channel

    @property
    def connected(self) -> bool:
        """Whether the TCP connection came about."""
        return self._tcp.connected

    @property
    def connect_s(self) -> float:
        """Seconds until it did: one round trip."""
        return self._tcp.connect_s

    @property
    def ending(self) -> Ending | None:
        """How the connection ended; None while it is alive."""
        return self._tcp.ending

    @property
    def detail(self) -> str:
        """What there is to say of the ending."""
        return self._tcp.detail

    @property
    def segments(self) -> list[Segment]:
        """Every byte that went over the connection, in order."""
        return self._tcp.segments

    @property
    def elapsed_s(self) -> float:
        """Seconds since the connection was begun."""
        return self._tcp.elapsed_s

    @property
    def usable(self) -> bool:
        """Whether something may be sent: connected, handshake finished, and not ended."""
        return self.ending is None and self.connected and (self._client is None or self.completed)

    @property
    def at_end(self) -> bool:
        """Whether a reader has met the peer's orderly end."""
        return self._over

    def peer_chain(self) -> tuple[bytes, ...]:
        """Return the certificates that the peer sent, as DER, in its order."""
        chain = self._tls.get_peer_cert_chain() if self._tls is not None else None
        # pyOpenSSL's own objects: nothing of a hostile certificate is parsed here.
        return tuple(crypto.dump_certificate(crypto.FILETYPE_ASN1, each) for each in chain or ())

    def tls_facts(self, peer_chain: tuple[str, ...] = ()) -> TlsFacts | None:
        """Return what is known of the TLS side, with the digests `peer_chain`; None for cleartext or no connection."""
        if self._client is None or not self.connected:
            return None
        heard, error = self._heard, self._local_error
        return TlsFacts(
            completed=self.completed,
            certificate_requested=heard.certificate_requested or (False if self.completed else None),
            alert_received=None if heard.alert_received is None else alert_name(heard.alert_received),
            alert_number=heard.alert_received,
            alert_sent=None if heard.alert_sent is None else alert_name(heard.alert_sent),
            local_error=error,
            undecipherable=error is not None and any(each in error for each in _UNDECIPHERABLE),
            peer_chain=peer_chain,
            client_serial=self._client.serial_hex,
            after_handshake=self.completed and (heard.alert_received is not None or error is not None),
            **self._session_facts(),
        )

    def _session_facts(self) -> dict[str, Any]:
        if self._tls is None or not self.completed:
            return {}
        number, raw = self._tls.get_protocol_version(), vars(self._tls)["_ssl"]
        older = number < SSL.TLS1_3_VERSION  # TLS 1.3 binds its secrets to the whole handshake anyway (RFC 8446 D)
        return {
            "version": VERSION_NAMES.get(number, f"0x{number:04x}"),
            "suite": self._tls.get_cipher_name(),
            "group": self._tls.get_group_name(),
            "extended_master_secret": _LIBRARY.SSL_get_extms_support(raw) == 1 if older else None,
            "session_reused": bool(_LIBRARY.SSL_session_reused(raw)),
        }

    def sendall(self, data: bytes) -> None:
        """Send all of `data`. Raises TimeoutError at the deadline, ChannelClosedError when the connection ended."""
        self._listen_first()
        view = memoryview(data)
        while view:
            if self.ending is not None:
                raise self._tcp.error()
            if self._tls is None:
                self._send_raw(bytes(view))
                return
            try:
                view = view[self._tls.send(view[:_CHUNK]) :]
            except SSL.WantReadError:
                self._fill()
            except SSL.Error as error:
                self._failed(error)
            else:
                self._flush()
        if self.ending is not None:
            raise self._tcp.error()

    def send(self, data: bytes) -> int:
        """Send `data` whole and return its length; errors as sendall."""
        self.sendall(data)
        return len(data)

    def recv(self, size: int) -> bytes:
        """Return up to `size` octets, b"" at the peer's orderly end; errors as sendall."""
        while True:
            data = self._take(size)
            if data is not None:
                return data
            if self.ending is not None:
                raise self._tcp.error()
            self._fill()

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
        """Bound each later wait by `seconds`, besides the deadline."""
        self._tcp.operation_s = seconds

    def gettimeout(self) -> float | None:
        """Return what `settimeout` set."""
        return self._tcp.operation_s

    def fileno(self) -> int:
        """Return the descriptor of the TCP connection; -1 if there is none."""
        return self._tcp.descriptor

    def end(self, ending: Ending, detail: str = "") -> None:
        """Note that the connection ended so, unless it had ended before."""
        self._tcp.end(ending, detail)

    def close(self) -> None:
        """End the connection from our side, with close_notify where TLS is up; harmless when it has ended."""
        if self.ending is None and self.connected:
            if self._tls is not None and self.completed:
                try:
                    self._tls.shutdown()
                except SSL.Error as error:
                    self._local_error = _sentence(error)
                self._flush()
            self._tcp.end(Ending.OURS)
        self._tcp.close()

    def _handshake(self, tls: TlsClient) -> bool:
        self._tcp.limit = LARGEST_FLIGHT
        try:
            self._tls = connection(tls, self._heard)
        except (SSL.Error, ValueError) as error:
            self._failed(error)
            return False
        began = time.monotonic()
        while self.ending is None and not self.completed:
            try:
                self._tls.do_handshake()
                self.completed = True
            except SSL.WantReadError:
                self._flush()
                self._fill()
            except SSL.Error as error:
                self._failed(error)
        self._heard.rethrow()
        self._flush()
        self.handshake_s = time.monotonic() - began
        self._tcp.limit = LARGEST_TOTAL
        return self.ending is None

    def _settle(self, settle_s: float | None) -> None:
        """Let a refusal of our certificate arrive before anything is sent: a TCP reset would overtake its alert."""
        if self._tls is None or self._tls.get_protocol_version() != SSL.TLS1_3_VERSION:
            return
        if not self._heard.certificate_requested:
            return
        if settle_s is None:
            settle_s = min(max(HANDSHAKES_TO_SETTLE * self.handshake_s, SHORTEST_SETTLE_S), LONGEST_SETTLE_S)
        if self._tcp.ready(settle_s):
            self._fill()
        self._early = self._take(_CHUNK) or b""

    def _listen_first(self) -> None:
        """Before writing, take in what the peer has sent meanwhile."""
        if self._tls is not None and self.ending is None and self._tcp.ready(0):
            self._fill()
            self._early += self._take(_CHUNK) or b""

    def _take(self, size: int) -> bytes | None:
        """Return data at hand, b"" at the peer's end, None if more must be read first or the connection ended."""
        if self._early:
            data, self._early = self._early[:size], self._early[size:]
            return data
        if self._over:
            return b""
        if self._tls is None or not self.completed:
            return None
        try:
            return self._tls.recv(size)
        except SSL.WantReadError:
            self._flush()
        except SSL.ZeroReturnError:
            self._over = True
            self._tcp.end(Ending.CLOSE_NOTIFY)
        except SSL.Error as error:
            self._failed(error)
        return b"" if self._over else None

    def _fill(self) -> None:
        """Wait for bytes of the peer and hand them on; when none come, the ending says why, or it is the peer's end."""
        data = self._tcp.receive()
        if data is None:
            return
        if self._tls is None:
            self._early += data
            if not data:
                self._over = True
                self._tcp.end(Ending.FIN)
        elif data:
            self._tls.bio_write(data)
        else:
            self._tls.bio_shutdown()

    def _flush(self) -> None:
        """Send what the library has to say; a peer that is gone shows when reading."""
        if self._tls is None:
            return
        try:
            while True:
                self._send_raw(self._tls.bio_read(_CHUNK))
        except (SSL.WantReadError, TimeoutError, ChannelClosedError):
            return

    def _send_raw(self, data: bytes) -> None:
        try:
            self._tcp.send(data)
        except ChannelClosedError as error:
            self._fill()  # the peer's last words, often an alert, may still lie in the buffer
            if self._tls is None or self.completed:
                self._early += self._take(_CHUNK) or b""
                self._tcp.end(Ending.RESET, str(error))
            raise

    def _failed(self, error: Exception) -> None:
        """Sort an error of the TLS library: the peer's alert, the peer's end, or our own refusal."""
        alert = self._heard.alert_received
        if alert is not None and alert not in {_NO_RENEGOTIATION, _USER_CANCELED}:
            self._tcp.end(Ending.ALERT, alert_name(alert))
        elif isinstance(error, SSL.SysCallError):
            self._over = True
            self._tcp.end(Ending.FIN, "TCP ended without close_notify")
        else:
            self._local_error = _sentence(error)
            self._tcp.end(Ending.LOCAL, self._local_error)
            self._flush()


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

    def shutdown(self, how: int) -> None:
        """Do nothing, for the same reason."""


class _Reader(io.RawIOBase):
    def __init__(self, channel: Channel) -> None:
        super().__init__()
        self._channel = channel

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._channel.recv_into(buffer)


def _sentence(error: Exception) -> str:
    """Return what a TLS library error says, without its codes."""
    reasons = error.args[0] if error.args and isinstance(error.args[0], list) else None
    if reasons:
        return "; ".join(str(each[-1]) for each in reasons)
    return str(error) or type(error).__name__
