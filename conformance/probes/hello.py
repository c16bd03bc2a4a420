"""hello.send: one hand-made ClientHello and the first flight of the answer."""

from contextlib import closing

from conformance.channel import Channel
from conformance.model.endpoint import Binding
from conformance.model.operations import HelloSend
from conformance.model.transcript import Ending, Exchange, HelloFacts
from conformance.model.vector import Actor
from conformance.probes.connection import exchange_of, server_name
from conformance.probes.context import ProbeContext
from conformance.wire import client_hello, server_flight

_CHUNK = 1 << 14


def perform(operation: str, parameters: HelloSend, actor: Actor, binding: Binding, context: ProbeContext) -> Exchange:
    """Send the ClientHello of `parameters`, read until the answer is clear, and return the facts.

    A ClientHello is nobody's: `actor` does not matter. Raises UnknownNameError (a ValueError) for an unknown name.
    """
    del operation, actor
    octets = client_hello.build(parameters, server_name(None, binding))
    with closing(Channel.open(binding.host, binding.port, deadline_s=context.deadline_s)) as channel:
        hello = _ask(channel, octets) if channel.usable else None
        return exchange_of(channel, context, hello=hello)


def _ask(channel: Channel, octets: bytes) -> HelloFacts | None:
    data = b""
    facts = None
    try:
        channel.sendall(octets)
        while facts is None and (piece := channel.recv(_CHUNK)):
            data += piece
            facts = server_flight.read(data)
    except OSError:
        pass  # how the connection ended is in the channel
    facts = facts or server_flight.read(data, final=True)
    if facts is not None and facts.alert is not None:
        channel.end(Ending.ALERT, facts.alert)
    return facts
