"""An upper tester on a free loopback port that answers hooks as a test says."""

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

Answer = Callable[[socket.socket], None]

_CLOSING = threading.Event()


def says(octets: bytes) -> Answer:
    """Return an answer of `octets`."""
    return lambda connection: connection.sendall(octets)


def drips(connection: socket.socket) -> None:
    """Answer one octet at a time, without end."""
    with contextlib.suppress(OSError):
        for octet in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"a" * 10_000:
            connection.sendall(bytes([octet]))
            if _CLOSING.wait(0.05):
                return


def silent(connection: socket.socket) -> None:
    """Say nothing until the caller is gone."""
    with contextlib.suppress(OSError):
        while connection.recv(1024):
            pass


@contextlib.contextmanager
def upper_tester(answer: Answer) -> Iterator[tuple[str, list[Any]]]:
    """Answer each POST with `answer`; yield the URL, and the list of the bodies received."""
    received: list[Any] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(3)
                read = b""
                with contextlib.suppress(OSError):
                    while b"\r\n\r\n" not in read:
                        read += connection.recv(4096)
                    head, _, body = read.partition(b"\r\n\r\n")
                    length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0] or 0)
                    while len(body) < length:
                        body += connection.recv(4096)
                    received.append((head.split(b"\r\n")[0].decode(), json.loads(body)))
                    answer(connection)

    _CLOSING.clear()
    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/hooks/x", received
    finally:
        _CLOSING.set()
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(3)
