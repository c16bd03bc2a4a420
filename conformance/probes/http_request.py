"""http.request: one HTTP request byte for byte as written, and the answer within bounds."""

from contextlib import closing
from email.utils import parsedate_to_datetime
from http.client import HTTPException, HTTPResponse
from typing import Any

from msgspec import Struct

from conformance.channel import Channel, SocketFace
from conformance.model.endpoint import Binding
from conformance.model.operations import HttpRequest
from conformance.model.transcript import Exchange, ServiceAnswer
from conformance.model.vector import Actor
from conformance.probes.connection import authority, exchange_of, open_for
from conformance.probes.context import ProbeContext
from conformance.probes.http_answer import CUT_OFF, LARGEST_BODY, answer, bounded, no_answer


class Answered(Struct, frozen=True, kw_only=True):
    """An HTTP answer, and the time it says it was made (seconds since 1970), if it says so."""

    answer: ServiceAnswer
    date_s: float | None = None


def perform(operation: str, parameters: HttpRequest, actor: Actor, binding: Binding, context: ProbeContext) -> Exchange:
    """Send the request of `parameters` as `actor` and return the facts."""
    del operation
    with closing(open_for(parameters, actor, binding, context)) as channel:
        given = None
        if channel.usable:
            given = send(channel, parameters.method, octets(parameters, binding), context).answer
        return exchange_of(channel, context, answer=given)


def octets(parameters: HttpRequest, binding: Binding) -> bytes:
    """Return the request: method, target and headers as written (RFC 9112 3), `{prefix}` filled in."""
    body = None if parameters.body is None else parameters.body.encode()
    headers = {"Host": authority(parameters.tls.server_name, binding), "Accept": "application/json"}
    if body is not None:
        headers |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
    headers["Connection"] = "close"
    written = {name.lower() for name in parameters.headers}
    headers = {name: value for name, value in headers.items() if name.lower() not in written} | parameters.headers
    target = parameters.path.replace("{prefix}", binding.prefix.rstrip("/"))
    lines = [f"{parameters.method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "surrogateescape") + (body or b"")


def send(channel: Channel, method: str, request: bytes, context: ProbeContext) -> Answered:
    """Send `request` over `channel` and read the answer to a request of `method`."""
    face: Any = SocketFace(channel)
    try:
        channel.sendall(request)
        response = HTTPResponse(face, method=method)
        response.begin()
        if channel.at_end:
            return Answered(answer=no_answer(CUT_OFF))
        content = response.read(LARGEST_BODY + 1)
    except (HTTPException, OSError, ValueError) as error:
        return Answered(answer=no_answer("" if channel.ending is not None else f"no HTTP answer: {error}"[:200]))
    kind = response.getheader("Content-Type") or ""
    given = answer(response.status, response.reason, kind, bounded(content, response.length, channel), context.keep)
    return Answered(answer=given, date_s=_date_s(response.getheader("Date")))


def _date_s(header: str | None) -> float | None:
    try:
        return parsedate_to_datetime(header).timestamp() if header else None
    except (ValueError, TypeError, OverflowError):
        return None
