"""Reads an exchange: was the protected service given, and if not, who refused it and how."""

import re
from enum import Enum, auto

from conformance.model.endpoint import ServiceCheck
from conformance.model.text import Text
from conformance.model.transcript import Ending, Exchange, Grant, ServiceAnswer, StepRecord, TlsFacts

_CLOSED = (Ending.CLOSE_NOTIFY, Ending.FIN, Ending.RESET, Ending.ALERT)


class Outcome(Enum):
    """What one stimulus led to, told apart as people need it."""

    SERVED = auto()
    REFUSED_BY_TLS = auto()
    REFUSED_BY_APPLICATION = auto()
    NO_ANSWER = auto()
    LOST = auto()
    UNREACHABLE = auto()

    @property
    def refused(self) -> bool:
        """Whether the service was refused, by whichever layer."""
        return self in {Outcome.REFUSED_BY_TLS, Outcome.REFUSED_BY_APPLICATION}


def outcome(record: StepRecord, check: ServiceCheck) -> Outcome:
    """Return what the stimulus of `record` led to.

    *Served* means the answer that the endpoint file's service check declares; for operations other than the
    service check's own, an answer that the protocol itself calls good.
    """
    exchange = record.exchange
    if not exchange.connected:
        return Outcome.UNREACHABLE
    answer = exchange.answer
    if answer is not None and answer.grant is not Grant.NONE:
        given = answer.grant is Grant.GRANTED and (not _is_checked(record, check) or as_declared(answer, check))
        return Outcome.SERVED if given else Outcome.REFUSED_BY_APPLICATION
    tls = exchange.tls
    if record.operation == "tls.handshake" and tls is not None and tls.completed and tls.alert_received is None:
        return Outcome.SERVED
    if exchange.ending in {Ending.TIMEOUT, Ending.UNREACHABLE}:
        return Outcome.NO_ANSWER
    if tls is not None and _refused_by_tls(tls, exchange.ending):
        return Outcome.REFUSED_BY_TLS
    return Outcome.REFUSED_BY_APPLICATION if exchange.ending in _CLOSED else Outcome.LOST


def is_served(exchange: Exchange, check: ServiceCheck) -> bool:
    """Return whether a service check was answered with the good answer that the endpoint file declares."""
    answer = exchange.answer
    return answer is not None and answer.grant is Grant.GRANTED and as_declared(answer, check)


def _is_checked(record: StepRecord, check: ServiceCheck) -> bool:
    """Whether the endpoint file says what the good answer to this operation is."""
    in_cleartext = record.operation == "port.probe" and record.parameters.get("speak") == "http"
    return record.operation == "service.read" or (in_cleartext and check.path is not None)


def _refused_by_tls(tls: TlsFacts, ending: Ending) -> bool:
    if tls.alert_received is not None or tls.undecipherable:
        return True
    return not tls.completed and ending in _CLOSED


def as_declared(answer: ServiceAnswer, check: ServiceCheck) -> bool:
    """Return whether a good answer is the one that the endpoint file declares."""
    if answer.malformed is not None or (answer.status is not None and answer.status != check.status):
        return False
    data = answer.data
    if check.body_has and not (isinstance(data, dict) and all(name in data for name in check.body_has)):
        return False
    if check.body_contains is not None and check.body_contains not in _text(data):
        return False
    return check.expect is None or re.search(check.expect, _text(data), re.DOTALL) is not None


def _text(data: object) -> str:
    if isinstance(data, dict) and isinstance(data.get("text"), str):
        return str(data["text"])
    return data if isinstance(data, str) else ""


def describe(exchange: Exchange, result: Outcome) -> Text:
    """Return in both languages what was observed, with the protocol's own words."""
    tls, answer = exchange.tls, exchange.answer
    native = answer.native if answer is not None and answer.native else ""
    if result is Outcome.SERVED:
        return Text(en=f"the service was given ({native})", ja=f"サービスが提供された（{native}）")
    if result is Outcome.REFUSED_BY_TLS and tls is not None:
        return _tls_refusal(tls, exchange.ending)
    if result is Outcome.REFUSED_BY_APPLICATION:
        if native:
            return Text(en=f"refused by the application: {native}", ja=f"アプリケーションが拒否: {native}")
        return Text(
            en=f"the connection was closed without an answer ({exchange.ending})",
            ja=f"応答なしに接続が閉じられた（{exchange.ending}）",
        )
    return _undecided(exchange, result)


def _undecided(exchange: Exchange, result: Outcome) -> Text:
    if result is Outcome.UNREACHABLE:
        return Text(en=f"no connection ({exchange.detail})", ja=f"接続できない（{exchange.detail}）")
    if result is Outcome.NO_ANSWER:
        seconds = f"{exchange.duration_s:.1f}"
        return Text(en=f"no answer within {seconds} s", ja=f"{seconds}秒以内に応答がない")
    how = exchange.detail or exchange.ending
    return Text(en=f"the connection was lost on our side ({how})", ja=f"試験系側で接続が失われた（{how}）")


def _tls_refusal(tls: TlsFacts, ending: Ending) -> Text:
    if tls.alert_received is not None:
        alert = f"{tls.alert_received} ({tls.alert_number})"
        return Text(en=f"refused by TLS: alert {alert}", ja=f"TLSが拒否: アラート {alert}")
    if tls.undecipherable:
        return Text(en="refused by TLS: a record nobody can decipher", ja="TLSが拒否: 復号できないレコード")
    return Text(
        en=f"refused by TLS: the handshake was not completed ({ending})",
        ja=f"TLSが拒否: ハンドシェイクが完了しなかった（{ending}）",
    )
