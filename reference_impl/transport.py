"""One TLS connection on asyncio: pyOpenSSL on memory BIOs, bounded in time and size, every refusal with its cause."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, cast

from OpenSSL import SSL

from reference_impl.hello import HANDSHAKE, TLS12, ClientHello, first_record_length, read_client_hello
from reference_impl.session import Session
from reference_impl.verification import Verification

if TYPE_CHECKING:
    from reference_impl.context import Secrets
    from reference_impl.events import EventLog
    from reference_impl.rules import Rules

HANDSHAKE_SECONDS = 10.0
IDLE_SECONDS = 60.0
FAREWELL_SECONDS = 2.0
LARGEST_HANDSHAKE = 128 * 1024
LARGEST_RECORD = 16_640 + 5
CHUNK = 65_536

REASONS = {
    "no shared cipher": "NO_CIPHER",
    "peer did not return a certificate": "CERT_REQUIRED",
    "unsupported protocol": "INSECURE_TLS_VERSION",
    "version too low": "INSECURE_TLS_VERSION",
    "no suitable signature algorithm": "ALGO_NOT_SUPPORTED",
    "ee key too small": "INSUFFICIENT_KEY_LENGTH",
    "excessive message size": "CERT_SIZE_EXCEEDED",
}


class Binding(Protocol):
    """The protocol above: plain bytes in, plain bytes out."""

    finished: bool

    def receive(self, data: bytes) -> bytes:
        """Takes what the peer sent, empty at its end; returns what to send back."""


@dataclass
class Door:
    """What the connections of one listener share; `encrypted` is False only where a rule opens a cleartext port."""

    point: str
    binding: str
    secrets: Secrets
    rules: Rules
    log: EventLog
    serve: Callable[[Session], Binding]
    most_connections: int = 512
    encrypted: bool = True
    connections: set[Connection] = field(default_factory=set)


class Connection(asyncio.Protocol):
    """From the first byte to the last of one peer."""

    _transport: asyncio.Transport

    def __init__(self, door: Door) -> None:
        self._door = door
        self._loop = asyncio.get_running_loop()
        self._hello = bytearray()
        self._received = 0
        self._tls: SSL.Connection | None = None
        self._verification: Verification | None = None
        self._binding: Binding | None = None
        self._offer: ClientHello | None = None
        self._leaving = False
        self._source = ""
        self._deadline = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A peer has connected."""
        self._transport = cast("asyncio.Transport", transport)
        peer = transport.get_extra_info("peername") or ("unknown", 0)
        self._source = f"{peer[0]}:{peer[1]}"
        self._door.connections.add(self)
        if len(self._door.connections) > self._door.most_connections:
            self._refused("HANDSHAKE_FAILED", "too many connections at once")
            self._transport.abort()
            return
        self._extend(HANDSHAKE_SECONDS)
        if not self._door.encrypted:
            self._open_in_clear()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """The connection is gone."""
        if self._timer:
            self._timer.cancel()
        self._door.connections.discard(self)
        if self._received and self._binding is None and not self._leaving:
            self._refused("HANDSHAKE_FAILED", "the peer left during the handshake")
        self._leaving = True

    def pause_writing(self) -> None:
        """The peer does not read what it asked for: do not read more of it."""
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        """The peer reads again."""
        if not self._transport.is_closing():
            self._transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        """Bytes from the peer."""
        if self._leaving:
            return
        self._received += len(data)
        if self._tls is not None:
            self._tls.bio_write(data)
            self._advance()
        elif self._binding is not None:
            self._exchange(data)
        else:
            self._hello += data
            self._begin()

    def abort(self) -> None:
        """Ends the connection at once, for the MMS stops."""
        self._leaving = True
        self._transport.abort()

    def _begin(self) -> None:
        """Looks at the first record: is it TLS, and what does it offer?"""
        first = bytes(self._hello)
        if first[0] != HANDSHAKE:
            if self._door.rules.cleartext(self._door.binding, first):
                self._open_in_clear()
                self._exchange(first)
            else:
                self._refused("UNSECURE_COMMUNICATION", "the connection does not begin with TLS")
                self._leave()
            return
        length = first_record_length(first)
        if length is None or len(first) < min(length, LARGEST_RECORD):
            return
        self._door.secrets.refresh()
        self._offer = read_client_hello(first[:length])
        mimicry = self._offer and self._door.rules.answer_to(self._offer, self._door.secrets.credential)
        if mimicry:
            self._transport.write(mimicry)
            self._leave()
            return
        demand = self._door.rules.client_certificate(self._offer)
        self._tls = SSL.Connection(self._door.secrets.context(demand), None)
        self._tls.set_accept_state()
        self._verification = Verification(self._tls, self._door.secrets.trust, self._door.rules)
        self._tls.bio_write(first)
        self._hello.clear()
        self._advance()

    def _open_in_clear(self) -> None:
        self._binding = self._door.serve(self._session())
        self._extend(IDLE_SECONDS)

    def _session(self) -> Session:
        """The peer as the rules judged it: a certificate that they have not seen counts as none."""
        certificate = self._verification.leaf if self._verification else None
        return Session(self._door.point, self._door.binding, self._source, certificate)

    def _advance(self) -> None:
        """Goes on with the handshake, then hands what arrived to the binding."""
        tls = self._tls
        if tls is None:
            return
        try:
            if self._binding is None and not self._shake_hands(tls):
                return
            while True:
                self._exchange(tls.recv(CHUNK))
                if self._leaving:
                    return
        except SSL.WantReadError:
            self._flush()
        except SSL.ZeroReturnError:
            self._exchange(b"")
            self._leave()
        except SSL.Error:
            self._flush()
            self._leave()

    def _shake_hands(self, tls: SSL.Connection) -> bool:
        """One step of the handshake; True once it is finished and the peer may be served."""
        try:
            tls.do_handshake()
        except SSL.WantReadError:
            self._flush()
            if self._received > LARGEST_HANDSHAKE:
                self._refused("HANDSHAKE_FAILED", f"more than {LARGEST_HANDSHAKE} bytes of handshake")
                self._leave()
            return False
        except SSL.Error as error:
            self._explain(error)
            self._flush()
            self._leave()
            return False
        session = self._session()
        self._binding = self._door.serve(session)
        self._door.log.established(session, f"{tls.get_protocol_version_name()} {tls.get_cipher_name()}")
        self._extend(IDLE_SECONDS)
        return True

    def _exchange(self, data: bytes) -> None:
        """Hands plain bytes to the binding; its answer leaves with the next flush, in as few segments as may be."""
        if self._binding is None:
            return
        answer = self._binding.receive(data)
        if answer:
            self._extend(IDLE_SECONDS)
            if self._tls is None:
                self._transport.write(answer)
            else:
                self._tls.sendall(answer)
        if self._binding.finished:
            self._leave()

    def _flush(self) -> None:
        tls = self._tls
        if tls is None:
            return
        with contextlib.suppress(SSL.WantReadError):
            while len(data := tls.bio_read(CHUNK)) == CHUNK:
                self._transport.write(data)
            self._transport.write(data)

    def _explain(self, error: SSL.Error) -> None:
        """Logs why a handshake failed: the rules' own verdict on the chain, or OpenSSL's reason."""
        seen = self._verification
        if seen is not None and seen.defect is not None:
            self._refused(seen.defect.code, seen.defect.detail)
            return
        reasons = [entry[-1] for entry in error.args[0]] if error.args and isinstance(error.args[0], list) else []
        reason = reasons[0] if reasons else "the peer broke off"
        code = next((REASONS[text] for text in reasons if text in REASONS), "HANDSHAKE_FAILED")
        if self._offer is not None and self._offer.newest < TLS12:
            code = "INSECURE_TLS_VERSION"
        self._refused(code, reason)

    def _refused(self, code: str, detail: str) -> None:
        certificate = self._verification.leaf if self._verification else None
        self._door.log.refused_peer(
            binding=self._door.binding, source=self._source, code=code, certificate=certificate, detail=detail
        )

    def _leave(self) -> None:
        """Says goodbye and lets the peer read it: closing at once would reset what is still on its way."""
        if self._leaving:
            return
        self._leaving = True
        if self._tls is not None and self._binding is not None:
            with contextlib.suppress(SSL.Error):
                self._tls.shutdown()
            self._flush()
        if not self._transport.is_closing() and self._transport.can_write_eof():
            self._transport.write_eof()
        self._extend(FAREWELL_SECONDS)

    def _extend(self, seconds: float) -> None:
        """The connection ends in so many seconds unless extended again."""
        self._deadline = self._loop.time() + seconds
        if self._timer is None or self._timer.when() > self._deadline:
            if self._timer:
                self._timer.cancel()
            self._timer = self._loop.call_at(self._deadline, self._expire)

    def _expire(self) -> None:
        self._timer = None
        if self._loop.time() < self._deadline:
            self._timer = self._loop.call_at(self._deadline, self._expire)
            return
        if self._binding is None and not self._leaving:
            self._refused("HANDSHAKE_FAILED", f"no handshake within {HANDSHAKE_SECONDS:g} s")
            self._leaving = True
        self._transport.abort()
