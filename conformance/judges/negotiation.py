"""Judges what a peer chose from an offer: versions, suites, groups."""

from conformance.model.text import Text
from conformance.model.transcript import Ending, Exchange

_SILENT = (Ending.TIMEOUT, Ending.UNREACHABLE)


def negotiated(exchange: Exchange) -> bool | None:
    """Return whether the peer took up the offer; None if it did not react or was not reached."""
    if not exchange.connected:
        return None
    if exchange.hello is not None:
        if exchange.hello.kind in {"server-hello", "hello-retry-request"}:
            return True
        return None if exchange.ending in _SILENT and exchange.hello.alert is None else False
    if exchange.tls is not None and exchange.tls.completed:
        return True
    return None if exchange.ending in _SILENT else False


def chosen_version(exchange: Exchange) -> str | None:
    """Return the protocol version the peer chose, if it chose one."""
    if exchange.hello is not None:
        return exchange.hello.version
    return exchange.tls.version if exchange.tls is not None else None


def chosen_suite(exchange: Exchange) -> str | None:
    """Return the IANA name of the suite the peer chose, if it chose one."""
    facts = exchange.hello or exchange.tls
    return facts.suite if facts is not None else None


def describe(exchange: Exchange) -> Text:
    """Return in both languages what the peer answered to the offer."""
    facts = exchange.hello or exchange.tls
    if negotiated(exchange) and facts is not None:
        chosen = " ".join(part for part in (facts.version, facts.suite, facts.group) if part)
        return Text(en=f"the peer chose {chosen}", ja=f"相手は {chosen} を選択した")
    alert = None
    if exchange.hello is not None:
        alert, number = exchange.hello.alert, exchange.hello.alert_number
    elif exchange.tls is not None:
        alert, number = exchange.tls.alert_received, exchange.tls.alert_number
    if alert is not None:
        return Text(en=f"alert {alert} ({number})", ja=f"アラート {alert} ({number})")
    how = exchange.detail or str(exchange.ending)
    return Text(en=f"no ServerHello ({how})", ja=f"ServerHelloなし（{how}）")
