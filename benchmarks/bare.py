"""The yardstick: the stimuli of items done as barely as can be: cryptography and pyOpenSSL in one loop, no suite."""

import socket
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from msgspec import Struct, convert
from OpenSSL import SSL

from conformance.catalogue.plan import PlanItem
from conformance.catalogue.references import resolve
from conformance.model.operations import ServiceRead, Transport
from conformance.model.recipe import ChainRecipe, Issuer
from conformance.model.vector import Actor, Step
from conformance.pki.lab import Lab
from conformance.pki.recipes import PEERS, Credentials

DEADLINE_S = 10.0
OK = 200
_CHUNK = 1 << 16


class Stimulus(Struct, frozen=True, kw_only=True):
    """One connection: where to, and the certificate to be made anew for it, by `key` and with `chain` above it."""

    host: str
    port: int
    name: str
    path: str
    pattern: x509.Certificate
    chain: tuple[x509.Certificate, ...]
    signing_key: Any


def stimuli_of(item: PlanItem, lab: Lab) -> tuple[Stimulus, ...] | None:
    """Return what `item` does, stimulus and twin, or None where the bare loop cannot do the same.

    It can where each step is one reading of the service with a leaf that the issuing CA of the lab signs.
    """
    if any(step.op != "service.read" or step.save is not None for step in item.vector.steps):
        return None
    name = lab.identities[PEERS[item.connection_point]]
    known = {"peer": {"name": name, "domain": name.partition(".")[2]}}
    found: list[Stimulus] = []
    for step in item.vector.steps:
        for actor, given in _asked(step):
            parameters = convert(resolve(given, known), ServiceRead)
            recipe = parameters.tls.client if isinstance(parameters.tls.client, ChainRecipe) else ChainRecipe()
            if not _plain(parameters, recipe, actor):
                return None
            rightful = PEERS[item.connection_point] if actor is Actor.PEER else actor
            issued = Credentials(lab).issue(item.connection_point, rightful, recipe, datetime.now(UTC))
            found.append(
                Stimulus(
                    host=item.binding.host,
                    port=item.binding.port,
                    name=item.binding.server_name or item.binding.host,
                    path=item.binding.service_check.path or "/",
                    pattern=issued.chain[0],
                    chain=issued.chain[1:],
                    signing_key=lab.points[item.connection_point].issuing.key,
                )
            )
    return tuple(found)


def _asked(step: Step) -> Iterator[tuple[Actor, dict[str, Any]]]:
    yield step.as_, dict(step.with_)
    if step.twin is not None:
        twin = dict(step.twin)
        yield Actor(twin.pop("as", step.as_)), twin


def _plain(parameters: ServiceRead, recipe: ChainRecipe, actor: Actor) -> bool:
    tls, good = parameters.tls, ChainRecipe()
    return (
        parameters.transport is not Transport.CLEARTEXT
        and actor is not Actor.ROGUE
        and isinstance(tls.client, ChainRecipe)
        and not tls.versions
        and not tls.suites
        and tls.server_name is None
        and recipe.issued_by is Issuer.ISSUING
        and recipe.issuing is None
        and recipe.send == good.send
        and recipe.leaf.key == good.leaf.key
        and recipe.leaf.signature == good.leaf.signature
        and recipe.leaf.signature_hash == good.leaf.signature_hash
    )


def perform(stimuli: Sequence[Stimulus]) -> int:
    """Do each of `stimuli` once and return how many were answered with HTTP 200."""
    return sum(_one(stimulus) for stimulus in stimuli)


def _one(stimulus: Stimulus) -> bool:
    key = ec.generate_private_key(ec.SECP256R1())
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_min_proto_version(SSL.TLS1_2_VERSION)
    context.set_cipher_list(b"ALL:@SECLEVEL=0")
    context.use_certificate(_leaf(stimulus, key))
    context.use_privatekey(key)
    for above in stimulus.chain:
        context.add_extra_chain_cert(above)
    tls = SSL.Connection(context, None)
    tls.set_tlsext_host_name(stimulus.name.encode())
    tls.set_connect_state()
    answer = b""
    with socket.create_connection((stimulus.host, stimulus.port), DEADLINE_S) as plain:
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            _until(tls, plain, tls.do_handshake)
            tls.sendall(f"GET {stimulus.path} HTTP/1.1\r\nHost: {stimulus.name}\r\nConnection: close\r\n\r\n".encode())
            while True:
                answer += _until(tls, plain, lambda: tls.recv(_CHUNK))
        except (SSL.Error, OSError):
            pass  # refused, or the orderly end
    return answer.startswith(f"HTTP/1.1 {OK} ".encode())


def _leaf(stimulus: Stimulus, key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    pattern = stimulus.pattern
    builder = x509.CertificateBuilder(
        issuer_name=pattern.issuer,
        subject_name=pattern.subject,
        public_key=key.public_key(),
        serial_number=pattern.serial_number,
        not_valid_before=pattern.not_valid_before_utc,
        not_valid_after=pattern.not_valid_after_utc,
    )
    for extension in pattern.extensions:
        value = extension.value
        if isinstance(value, x509.SubjectKeyIdentifier):
            value = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        builder = builder.add_extension(value, extension.critical)
    return builder.sign(stimulus.signing_key, hashes.SHA256())


def _until(tls: SSL.Connection, plain: socket.socket, step: Any) -> Any:
    while True:
        try:
            done = step()
        except SSL.WantReadError:
            _flush(tls, plain)
        else:
            _flush(tls, plain)
            return done
        data = plain.recv(_CHUNK)
        if data:
            tls.bio_write(data)
        else:
            tls.bio_shutdown()


def _flush(tls: SSL.Connection, plain: socket.socket) -> None:
    try:
        plain.sendall(tls.bio_read(_CHUNK))
    except SSL.WantReadError:
        return
