"""What a probe is told about its surroundings, and what it cannot do."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct

from conformance.model.criterion import ConnectionPoint
from conformance.model.endpoint import Binding
from conformance.model.transcript import Exchange
from conformance.model.vector import Actor
from conformance.pki.recipes import Credentials


class UnsupportedError(ValueError):
    """A binding cannot carry this operation, or not with these parameters."""

    def __init__(self, operation: str, binding: str, why: str = "") -> None:
        super().__init__(f"{operation} cannot be carried by the binding {binding}{': ' if why else ''}{why}")
        self.operation = operation
        self.binding = binding
        self.why = why


class ProbeContext(Struct, frozen=True, kw_only=True):
    """The surroundings of one stimulus.

    `deadline_s` bounds the whole exchange; `settle_s` how long to listen after a TLS 1.3 handshake (None: measured).
    `credentials` issues the client's chain; `keep(content, media type)` stores evidence and returns its SHA-256;
    `keylog` takes TLS key-log lines; `now` is the product's time as well as we know it (aware). `item` is a token
    unlike that of any other stimulus, for ids. `log_after` is the sequence number of the last log entry of no interest.
    """

    connection_point: ConnectionPoint
    deadline_s: float
    settle_s: float | None = None
    credentials: Credentials
    keep: Callable[[bytes, str], str]
    keylog: Callable[[bytes], None] | None = None
    now: Callable[[], datetime]
    item: str
    rated_power_W: float | None = None  # noqa: N815  the unit symbol is a capital letter
    cleartext_ports: Mapping[str, int] = {}
    log_after: int = 0


Probe = Callable[[str, Any, Actor, Binding, ProbeContext], Exchange]
"""What performs one operation: its name, its parameters, who acts, over which binding, in which surroundings."""
