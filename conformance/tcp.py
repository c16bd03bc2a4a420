"""One TCP connection under one deadline, recording every byte in both directions and how it came to its end."""

import select
import socket
import threading
import time
from typing import Any

from conformance.model.transcript import Ending
from conformance.wire.segments import RECEIVED, SENT, Segment

LARGEST_TOTAL = 4 << 20
"""Octets that a peer may send over one connection."""

_CHUNK = 1 << 16
_SHORTEST_WAIT_S = 0.001


class ChannelClosedError(OSError):
    """The connection came to its end in a way that a socket would report as an error; `ending` says how."""


class Tcp:
    """A TCP connection. Nothing here waits past the deadline, `deadline_s` seconds after it was made.

    `ending` is None while it is alive; `limit` is how many octets the peer may have sent before that is a flood.
    """

    def __init__(self, deadline_s: float) -> None:
        self._began = time.monotonic()
        self._until = self._began + deadline_s
        self._socket: socket.socket | None = None
        self._poll = select.poll()
        self._received = 0
        self.operation_s: float | None = None
        self.limit = LARGEST_TOTAL
        self.segments: list[Segment] = []
        self.ending: Ending | None = None
        self.detail = ""
        self.connected = False
        self.at_end = False
        self.connect_s = 0.0

    @property
    def elapsed_s(self) -> float:
        """Seconds since the connection was begun."""
        return time.monotonic() - self._began

    @property
    def remaining_s(self) -> float:
        """Seconds until the deadline; not below 0."""
        return max(0.0, self._until - time.monotonic())

    @property
    def descriptor(self) -> int:
        """The file descriptor; -1 if there is no connection."""
        return -1 if self._socket is None else self._socket.fileno()

    def connect(self, host: str, port: int) -> None:
        """Connect to the first address of `host` that answers; otherwise the ending is *unreachable*."""
        for family, kind, protocol, _, address in self._resolve(host, port):
            plain = socket.socket(family, kind, protocol)
            plain.settimeout(max(_SHORTEST_WAIT_S, self.remaining_s))
            try:
                plain.connect(address)
            except OSError as error:
                plain.close()
                self.detail = error.strerror or "no answer to the connection request"
            else:
                plain.setblocking(False)
                plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._poll.register(plain, select.POLLIN)
                self._socket, self.connected, self.detail = plain, True, ""
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
        faults = [f"{host}: the name was not resolved in time"]

        def look_up() -> None:
            try:
                found.extend(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
            except (OSError, UnicodeError) as error:
                faults.append(f"{host}: {getattr(error, 'strerror', None) or error}")

        thread = threading.Thread(target=look_up, daemon=True)
        thread.start()
        thread.join(self.remaining_s)
        self.detail = faults[-1]
        return list(found)

    def ready(self, seconds: float) -> bool:
        """Wait up to `seconds`, not past the deadline, for something to read, and return whether there is."""
        return self._socket is not None and bool(self._poll.poll(min(seconds, self.remaining_s) * 1000))

    def receive(self) -> bytes | None:
        """Wait for bytes of the peer and return them; b"" at its end (`at_end`); None when the connection ended."""
        if self.ending is not None or self._socket is None:
            return None
        if self.at_end:
            return b""
        try:
            data = self._read()
        except OSError as error:
            self.end(Ending.RESET, error.strerror or str(error))
            return None
        if data is None:
            self.end(Ending.TIMEOUT, "no answer in time")
        elif not data:
            self.at_end = True
        else:
            self.segments.append(Segment(self.elapsed_s, RECEIVED, data))
            self._received += len(data)
            if self._received > self.limit:
                self.end(Ending.FLOOD, f"the peer sent more than {self.limit} octets")
                data = None
            elif time.monotonic() > self._until:
                self.end(Ending.TIMEOUT, "the answer did not come to an end in time")
                data = None
        return data

    def _read(self) -> bytes | None:
        assert self._socket is not None  # noqa: S101  the caller looked
        try:
            return self._socket.recv(_CHUNK)
        except BlockingIOError:
            if not self.ready(self._patience_s()):
                return None
        try:
            return self._socket.recv(_CHUNK)
        except BlockingIOError:
            return None

    def send(self, data: bytes) -> None:
        """Send all of `data`. Raises TimeoutError when the peer takes no more, ChannelClosedError when it is gone."""
        if self._socket is None:
            raise self.error()
        self.segments.append(Segment(self.elapsed_s, SENT, data))
        view = memoryview(data)
        while view:
            try:
                view = view[self._socket.send(view) :]
            except BlockingIOError:
                if not select.select([], [self._socket], [], self._patience_s())[1]:
                    self.end(Ending.TIMEOUT, "the peer takes no more bytes")
                    raise self.error() from None
            except OSError as error:
                raise ChannelClosedError(error.strerror or str(error)) from error

    def end(self, ending: Ending, detail: str = "") -> None:
        """Note that the connection ended so, unless it had ended before."""
        if self.ending is None:
            self.ending, self.detail = ending, detail

    def error(self) -> OSError:
        """Return what a socket would raise for the way the connection ended."""
        if self.ending is Ending.TIMEOUT:
            return TimeoutError(self.detail)
        return ChannelClosedError(f"{self.ending or 'not connected'}: {self.detail}")

    def close(self) -> None:
        """Close the socket."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _patience_s(self) -> float:
        return self.remaining_s if self.operation_s is None else min(self.remaining_s, self.operation_s)
