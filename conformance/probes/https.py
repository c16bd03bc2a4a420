"""Service operations over the profile's HTTPS binding: requests, on connections that are our own channels."""

import json
from contextlib import closing
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit

import requests
from msgspec import structs
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.exceptions import HTTPError

from conformance.channel import Channel, SocketFace
from conformance.model.duration import delta
from conformance.model.endpoint import Binding
from conformance.model.operations import (
    ControlSend,
    HeartbeatSend,
    LogRead,
    MeasurementRead,
    OverTls,
    Transport,
)
from conformance.model.transcript import Exchange, ServiceAnswer
from conformance.model.vector import Actor
from conformance.probes.connection import authority, exchange_of, open_for
from conformance.probes.context import ProbeContext, UnsupportedError
from conformance.probes.http_answer import CUT_OFF, LARGEST_BODY, answer, bounded, no_answer

LOG_PAGE = 500
_MOST_LOG_PAGES = 20
_HEADERS = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "mgcc", "Connection": "close"}


class _Connection(HTTPConnection):
    """An HTTP connection over a channel that is open already."""

    def __init__(self, *args: Any, channel: Channel, **options: Any) -> None:
        super().__init__(*args, **options)
        self._channel = channel

    def connect(self) -> None:
        self.sock = SocketFace(self._channel)


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _Adapter(HTTPAdapter):
    """Sends a prepared request over one channel; proxies, environment and trust stores have no part in it."""

    def __init__(self, channel: Channel, binding: Binding) -> None:
        super().__init__(pool_connections=1, pool_maxsize=1)
        self.channel = channel
        self._pool = _Pool(binding.server_name or binding.host, binding.port, maxsize=1, channel=channel)

    def get_connection_with_tls_context(self, *_: Any, **__: Any) -> _Pool:
        return self._pool

    def cert_verify(self, *_: Any) -> None:
        """Do nothing: the channel speaks TLS, and judges look at certificates."""


def perform(operation: str, parameters: OverTls, actor: Actor, binding: Binding, context: ProbeContext) -> Exchange:
    """Perform one service operation as `actor`. Raises UnsupportedError for one that the binding does not know."""
    if isinstance(parameters, LogRead):
        return _read_log(parameters, actor, binding, context)
    method, path, body = _request(operation, parameters, binding, context)
    return _exchange(method, path, body, parameters, actor=actor, binding=binding, context=context)


def _request(
    operation: str, parameters: OverTls, binding: Binding, context: ProbeContext
) -> tuple[str, str, dict[str, Any] | None]:
    prefix = binding.prefix.rstrip("/")
    if operation == "service.read":
        return "GET", binding.service_check.path or f"{prefix}/", None
    if operation == "state.read":
        return "GET", f"{prefix}/state", None
    if operation == "inventory.read":
        return "GET", f"{prefix}/inventory", None
    if isinstance(parameters, MeasurementRead):
        return "GET", f"{prefix}/measurements/{parameters.kind}", None
    if isinstance(parameters, ControlSend):
        return "POST", f"{prefix}/controls", _control(parameters, context)
    if isinstance(parameters, HeartbeatSend):
        counter = int(context.now().timestamp()) if parameters.counter is None else parameters.counter
        return "POST", f"{prefix}/heartbeat", {"counter": counter}
    raise UnsupportedError(operation, binding.label)


def _control(parameters: ControlSend, context: ProbeContext) -> dict[str, Any]:
    body: dict[str, Any] = {
        "id": parameters.id or context.item,
        "type": parameters.type,
        "value": parameters.value,
        "unit": parameters.unit,
    }
    for name, moment in (("start", parameters.start), ("expires", parameters.expires)):
        if moment is not None:
            at = context.now() + delta(moment)
            body[name] = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if parameters.targets:
        body["targets"] = list(parameters.targets)
    return body


def _read_log(parameters: LogRead, actor: Actor, binding: Binding, context: ProbeContext) -> Exchange:
    """Read the log page by page, each over its own connection; the exchange is the last page's, with all entries."""
    after = context.log_after if parameters.since_start else 0
    entries: list[Any] = []
    complete = False
    for _ in range(_MOST_LOG_PAGES):
        path = f"{binding.prefix.rstrip('/')}/security-events?after={after}&limit={LOG_PAGE}"
        exchange = _exchange("GET", path, None, parameters, actor=actor, binding=binding, context=context)
        page = exchange.answer.data if exchange.answer is not None else None
        if not isinstance(page, dict) or not isinstance(page.get("entries"), list):
            return exchange
        entries.extend(page["entries"])
        last = page["entries"][-1] if len(page["entries"]) == LOG_PAGE else None
        reached = last.get("sequence") if isinstance(last, dict) else None
        if not isinstance(reached, int) or reached <= after:
            complete = True
            break
        after = reached
    return _with_entries(exchange, entries, complete=complete)


def _with_entries(exchange: Exchange, entries: list[Any], *, complete: bool) -> Exchange:
    if exchange.answer is None:
        return exchange
    merged = structs.replace(exchange.answer, data={**exchange.answer.data, "entries": entries})
    if not complete:
        merged = structs.replace(merged, malformed=f"the log goes on after {_MOST_LOG_PAGES} pages")
    return structs.replace(exchange, answer=merged)


def _exchange(
    method: str,
    path: str,
    body: dict[str, Any] | None,
    parameters: OverTls,
    *,
    actor: Actor,
    binding: Binding,
    context: ProbeContext,
) -> Exchange:
    with closing(open_for(parameters, actor, binding, context)) as channel:
        given = None
        if channel.usable:
            scheme = "http" if parameters.transport is Transport.CLEARTEXT else "https"
            url = f"{scheme}://{authority(parameters.tls.server_name, binding)}{path}"
            given = _send(method, url, body, _Adapter(channel, binding), context)
        return exchange_of(channel, context, answer=given)


def _send(
    method: str, url: str, body: dict[str, Any] | None, adapter: _Adapter, context: ProbeContext
) -> ServiceAnswer:
    headers = _HEADERS if body is None else _HEADERS | {"Content-Type": "application/json"}
    # Not requests' own JSON: a number that is not finite has to reach the product, as a hostile peer would send it.
    content = None if body is None else json.dumps(body, allow_nan=True).encode()
    request = requests.Request(method, url, headers=headers | {"Host": urlsplit(url).netloc}, data=content).prepare()
    channel = adapter.channel
    try:
        response = adapter.send(request, stream=True)
        if channel.at_end:
            return no_answer(CUT_OFF)
        received = response.raw.read(LARGEST_BODY + 1, decode_content=False)
    except (requests.RequestException, HTTPError, HTTPException, OSError) as error:
        return no_answer("" if channel.ending is not None else f"no HTTP answer: {error}"[:200])
    return answer(
        response.status_code,
        response.reason or "",
        response.headers.get("Content-Type", ""),
        bounded(received, response.raw.length_remaining, channel),
        context.keep,
    )
