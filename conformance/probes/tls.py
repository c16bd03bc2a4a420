"""tls.handshake: a handshake and nothing more."""

from contextlib import closing

from conformance.model.endpoint import Binding
from conformance.model.operations import TlsHandshake
from conformance.model.transcript import Exchange
from conformance.model.vector import Actor
from conformance.probes.connection import exchange_of, open_tls
from conformance.probes.context import ProbeContext


def perform(
    operation: str, parameters: TlsHandshake, actor: Actor, binding: Binding, context: ProbeContext
) -> Exchange:
    """Shake hands as `actor`, let a late refusal arrive, and return the facts."""
    del operation
    with closing(open_tls(parameters.tls, actor, binding, context)) as channel:
        return exchange_of(channel, context)
