"""Measures a binding before a run: round trip, handshake, and the product's clock where it shows one."""

from msgspec import Struct

from conformance.channel import Channel
from conformance.model.endpoint import Binding
from conformance.model.operations import HttpRequest, ServiceRead
from conformance.model.vector import Actor
from conformance.probes.connection import open_for
from conformance.probes.context import ProbeContext
from conformance.probes.http_request import octets, send

_HALF_SECOND = 0.5


class Measured(Struct, frozen=True, kw_only=True):
    """Seconds for a TCP connection, for a TLS handshake, and by which the product's clock is ahead of `context.now`.

    The clock is known from the Date header (RFC 9110 6.6.1), so to half a second; None if there is none.
    """

    rtt_s: float
    handshake_s: float
    clock_offset_s: float | None = None


def measure(binding: Binding, context: ProbeContext) -> Measured:
    """Connect once as the rightful peer. Raises OSError if no connection comes about."""
    channel = open_for(ServiceRead(), Actor.PEER, binding, context)
    try:
        if not channel.connected:
            raise ConnectionError(channel.detail or str(channel.ending))
        offset = _offset(channel, binding, context) if binding.protocol == "https" and channel.usable else None
        handshake_s = channel.handshake_s or channel.elapsed_s
        return Measured(rtt_s=channel.connect_s, handshake_s=handshake_s, clock_offset_s=offset)
    finally:
        channel.close()


def _offset(channel: Channel, binding: Binding, context: ProbeContext) -> float | None:
    path = binding.service_check.path or "{prefix}/"
    before_s = context.now().timestamp()
    date_s = send(channel, "GET", octets(HttpRequest(path=path), binding), context).date_s
    after_s = context.now().timestamp()
    if date_s is None:
        return None
    if int(before_s) <= date_s <= after_s:
        return 0.0
    return round(date_s + _HALF_SECOND - (before_s + after_s) / 2, 3)
