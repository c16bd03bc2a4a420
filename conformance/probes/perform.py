"""Performs one operation over one binding: finds the probe that knows how."""

from importlib import import_module
from typing import Any

from conformance.model.endpoint import Binding
from conformance.model.transcript import Exchange
from conformance.model.vector import Actor
from conformance.probes.context import Probe, ProbeContext, UnsupportedError

# Probes are imported when first used: requests alone takes a tenth of a second.
_WIRE = {
    "tls.handshake": "conformance.probes.tls",
    "hello.send": "conformance.probes.hello",
    "http.request": "conformance.probes.http_request",
    "modbus.request": "conformance.probes.modbus",
    "port.probe": "conformance.probes.ports",
}
_SERVICES = {
    "https": "conformance.probes.https",
    "modbus": "conformance.probes.sunspec",
    "tls": "conformance.probes.plain",
}
_OF_PROTOCOL = {"http.request": "https", "modbus.request": "modbus"}


def perform(operation: str, parameters: Any, actor: Actor, binding: Binding, context: ProbeContext) -> Exchange:
    """Perform `operation` with its `parameters` struct as `actor` over `binding`; return what happened, facts only.

    Never raises for what the peer does. Raises UnsupportedError where the binding cannot carry the operation,
    RecipeImpossibleError where the credential cannot be made.
    """
    only = _OF_PROTOCOL.get(operation)
    if only is not None and binding.protocol != only:
        raise UnsupportedError(operation, binding.label)
    module = _WIRE.get(operation) or _SERVICES[binding.protocol]
    probe: Probe = import_module(module).perform
    return probe(operation, parameters, actor, binding, context)
