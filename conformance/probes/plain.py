"""service.read over a bare TLS endpoint: the text of the service check, and what comes back."""

import re
from contextlib import closing

from conformance.channel import Channel
from conformance.model.endpoint import Binding
from conformance.model.operations import OverTls
from conformance.model.transcript import Exchange, Grant, ServiceAnswer
from conformance.model.vector import Actor
from conformance.probes.connection import exchange_of, open_for
from conformance.probes.context import ProbeContext, UnsupportedError

LARGEST_ANSWER = 1 << 16
_CHUNK = 1 << 14


def perform(operation: str, parameters: OverTls, actor: Actor, binding: Binding, context: ProbeContext) -> Exchange:
    """Send the check's text as `actor` and read until its pattern is found, the peer is done, or the time is up.

    Any octets in answer count as granted; what they must say is for a judge. Raises UnsupportedError for other
    operations and for a check whose text or pattern cannot be read.
    """
    if operation != "service.read":
        raise UnsupportedError(operation, binding.label)
    try:
        asked = (binding.service_check.send or "").encode("latin-1", "backslashreplace").decode("unicode_escape")
        wanted = re.compile(binding.service_check.expect or ".", re.DOTALL)
        octets = asked.encode("latin-1")
    except (UnicodeError, re.error) as error:
        raise UnsupportedError(operation, binding.label, f"service_check: {error}") from error
    with closing(open_for(parameters, actor, binding, context)) as channel:
        answer = _ask(channel, octets, wanted, context) if channel.usable else None
        return exchange_of(channel, context, answer=answer)


def _ask(channel: Channel, octets: bytes, wanted: re.Pattern[str], context: ProbeContext) -> ServiceAnswer:
    content = b""
    try:
        if octets:
            channel.sendall(octets)
        while len(content) < LARGEST_ANSWER and not wanted.search(content.decode("utf-8", "replace")):
            piece = channel.recv(_CHUNK)
            if not piece:
                break
            content += piece
    except OSError:
        pass  # how the connection ended is in the channel
    if not content:
        return ServiceAnswer(grant=Grant.NONE, native="")
    return ServiceAnswer(
        grant=Grant.GRANTED,
        native=f"{len(content)} octets",
        data=content.decode("utf-8", "replace"),
        body=context.keep(content, "application/octet-stream"),
    )
