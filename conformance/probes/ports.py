"""port.probe: opens a TCP port of the product and speaks one cleartext protocol there."""

from contextlib import closing

from msgspec import structs

from conformance.channel import Channel
from conformance.model.endpoint import Binding
from conformance.model.operations import PortProbe, ServiceRead, Transport
from conformance.model.transcript import Exchange, Grant, ServiceAnswer
from conformance.model.vector import Actor
from conformance.probes.connection import exchange_of
from conformance.probes.context import ProbeContext
from conformance.wire.cleartext import LARGEST_ANSWER, PROTOCOLS, Protocol, Recognition

_CHUNK = 1 << 12


def perform(operation: str, parameters: PortProbe, actor: Actor, binding: Binding, context: ProbeContext) -> Exchange:
    """Speak `parameters.speak` on the port (moved as the endpoint file says); granted is the protocol's own answer."""
    del operation, actor
    port = context.cleartext_ports.get(str(parameters.port), parameters.port)
    if parameters.speak == "http" and binding.protocol == "https":
        # A web server that answers there serves something; what counts is the protected service.
        from conformance.probes import https  # noqa: PLC0415  requests is loaded where it is used

        there = structs.replace(binding, port=port)
        cleartext = ServiceRead(transport=Transport.CLEARTEXT)
        return https.perform("service.read", cleartext, Actor.PEER, there, context)
    with closing(Channel.open(binding.host, port, deadline_s=context.deadline_s)) as channel:
        answer = _ask(channel, PROTOCOLS[parameters.speak], binding.host, context) if channel.usable else None
        return exchange_of(channel, context, answer=answer)


def _ask(channel: Channel, protocol: Protocol, host: str, context: ProbeContext) -> ServiceAnswer:
    content, found = b"", None
    try:
        channel.sendall(protocol.request(host))
        while found is None and len(content) < LARGEST_ANSWER and (piece := channel.recv(_CHUNK)):
            content += piece
            found = protocol.recognise(content)
    except OSError:
        pass  # how the connection ended is in the channel
    if not content:
        return ServiceAnswer(grant=Grant.NONE, native="")
    found = found or Recognition(served=False, native="an unfinished answer")
    return ServiceAnswer(
        grant=Grant.GRANTED if found.served else Grant.DENIED,
        native=found.native,
        status=found.status,
        body=context.keep(content, "application/octet-stream"),
    )
