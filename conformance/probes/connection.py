"""Opening a channel on behalf of an actor, and turning what became of it into an exchange."""

import ipaddress

from msgspec import structs

from conformance.channel import Channel
from conformance.model.endpoint import Binding
from conformance.model.operations import OverTls, Tls, Transport
from conformance.model.recipe import ChainRecipe
from conformance.model.transcript import Ending, Exchange, HelloFacts, ServiceAnswer
from conformance.model.vector import Actor
from conformance.probes.context import ProbeContext
from conformance.tls_client import TlsClient
from conformance.wire import segments

CERTIFICATE_MEDIA_TYPE = "application/pkix-cert"
NO_SNI = "none"
NO_CLIENT = "none"


def open_for(parameters: OverTls, actor: Actor, binding: Binding, context: ProbeContext) -> Channel:
    """Open the connection that `parameters` ask for: TLS with the actor's credential, or cleartext on the same port.

    Raises RecipeImpossibleError where the credential cannot be made; whatever the peer does is in the channel.
    """
    if parameters.transport is Transport.CLEARTEXT:
        return Channel.open(binding.host, binding.port, deadline_s=context.deadline_s)
    return open_tls(parameters.tls, actor, binding, context)


def open_tls(tls: Tls, actor: Actor, binding: Binding, context: ProbeContext) -> Channel:
    """Open a TLS connection as `tls` says with the credential of `actor`; errors as open_for."""
    client = TlsClient(
        versions=tls.versions,
        suites=tls.suites,
        server_name=server_name(tls.server_name, binding),
        keylog=context.keylog,
    )
    if tls.client != NO_CLIENT:
        recipe = tls.client if isinstance(tls.client, ChainRecipe) else ChainRecipe()
        issued = context.credentials.issue(context.connection_point, actor, recipe, context.now())
        client = structs.replace(client, chain=issued.chain, key=issued.key, serial_hex=issued.serial_hex)
    return Channel.open(
        binding.host, binding.port, deadline_s=context.deadline_s, settle_s=context.settle_s, tls=client
    )


def authority(asked: str | None, binding: Binding) -> str:
    """Return the Host field: a client that asks for another server name asks so in both places (RFC 9110 7.2)."""
    host = binding.server_name or binding.host
    if asked is not None:
        host = binding.host if asked == NO_SNI else asked
    return f"[{host}]:{binding.port}" if ":" in host else f"{host}:{binding.port}"


def server_name(asked: str | None, binding: Binding) -> str | None:
    """Return the SNI: what the vector asks, else the binding's name; an address is none (RFC 6066 3)."""
    if asked == NO_SNI:
        return None
    name = asked or binding.server_name or binding.host
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return name
    return None


def exchange_of(
    channel: Channel,
    context: ProbeContext,
    *,
    answer: ServiceAnswer | None = None,
    hello: HelloFacts | None = None,
) -> Exchange:
    """Close `channel` and return the facts of it; keeps the peer's certificates and the bytes as evidence."""
    try:
        chain = tuple(context.keep(der, CERTIFICATE_MEDIA_TYPE) for der in channel.peer_chain())
        facts = channel.tls_facts(chain)
        duration_s = channel.elapsed_s
    finally:
        channel.close()
    kept = context.keep(segments.encode(channel.segments), segments.MEDIA_TYPE) if channel.segments else None
    return Exchange(
        ending=channel.ending or Ending.OURS,
        duration_s=round(duration_s, 6),
        connected=channel.connected,
        tls=facts,
        hello=hello,
        answer=answer,
        records=kept,
        detail=channel.detail,
    )
