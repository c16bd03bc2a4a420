"""Checks what is the laboratory's before anything is judged; what the product presents is judged, not checked here."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from conformance.judges.outcome import is_served
from conformance.model.criterion import ConnectionPoint
from conformance.model.endpoint import Binding, Endpoint, ServiceCheck
from conformance.model.operations import ServiceRead
from conformance.model.problem import ProblemError
from conformance.model.text import Text
from conformance.model.transcript import Exchange
from conformance.pki.errors import LabError
from conformance.pki.lab import Lab
from conformance.pki.recipes import PEERS
from conformance.probes import Measured, ProbeContext, measure, perform

CLOCK_LIMIT_S = 300.0


class Grade(StrEnum):
    """How a preflight check came out."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


class Check(Struct, frozen=True, kw_only=True):
    """One thing looked at, what was found, and what to do if it is not as it should be."""

    grade: Grade
    title: Text
    found: Text
    remedy: Text | None = None


class Preflight(Struct, frozen=True, kw_only=True):
    """All checks, and what was measured on the way: seconds by `point:binding`, and the product's clock.

    `not_serving` names the bindings (`point:binding`) that refuse the rightful peer before anything was tried.
    """

    checks: tuple[Check, ...]
    measured: dict[str, Measured]
    not_serving: frozenset[str] = frozenset()
    clock_offset_s: float

    @property
    def failed(self) -> tuple[Check, ...]:
        """The checks that forbid a run."""
        return tuple(check for check in self.checks if check.grade is Grade.FAILED)

    def demand(self) -> None:
        """Raise ProblemError with every failed check, if there is one."""
        if self.failed:
            raise ProblemError(
                Text(
                    en="\n".join(_line(c.title.en, c.found.en, c.remedy.en if c.remedy else "") for c in self.failed),
                    ja="\n".join(_line(c.title.ja, c.found.ja, c.remedy.ja if c.remedy else "") for c in self.failed),
                )
            )


def _line(title: str, found: str, remedy: str) -> str:
    return f"{title}: {found}" + (f" -> {remedy}" if remedy else "")


def preflight(
    endpoint: Endpoint,
    lab: Lab,
    points: Sequence[ConnectionPoint],
    context: Callable[[ConnectionPoint], ProbeContext],
    now: datetime,
) -> Preflight:
    """Return what stands between this laboratory and a run at `points`; `now` is aware. Raises nothing of its own."""
    checks = [_lab(lab, now)]
    measured: dict[str, Measured] = {}
    not_serving: set[str] = set()
    places = [
        (point, binding)
        for point in points
        for binding in endpoint.connection_points[point].bindings
        if binding.role == "server"
    ]
    with ThreadPoolExecutor(max_workers=max(1, len(places))) as pool:
        looks = pool.map(lambda place: _look(place[0], place[1], context(place[0])), places)
        for (point, binding), (found, here) in zip(places, looks, strict=True):
            checks.extend(found)
            if any(check.grade is Grade.WARNING for check in found):
                not_serving.add(f"{point}:{binding.label}")
            if here is not None:
                measured[f"{point}:{binding.label}"] = here
    offset, clock = _clock(list(measured.values()))
    checks.extend(clock)
    return Preflight(checks=tuple(checks), measured=measured, not_serving=frozenset(not_serving), clock_offset_s=offset)


def _lab(lab: Lab, now: datetime) -> Check:
    title = Text(en="lab PKI", ja="試験用PKI")
    try:
        lab.check_current(now)
    except LabError as error:
        return Check(grade=Grade.FAILED, title=title, found=error.text)
    return Check(grade=Grade.OK, title=title, found=Text(en="keys match, valid now", ja="鍵が一致し、有効期間内"))


def _look(point: ConnectionPoint, binding: Binding, context: ProbeContext) -> tuple[list[Check], Measured | None]:
    title = Text(
        en=f"{point} {binding.label} at {binding.host}:{binding.port}",
        ja=f"{point} {binding.label}（{binding.host}:{binding.port}）",
    )
    try:
        here = measure(binding, context)
    except OSError as error:
        return [_unreachable(title, error)], None
    exchange = perform("service.read", ServiceRead(), PEERS[point], binding, context)
    return list(_service(title, exchange, binding.service_check)), here


def _unreachable(title: Text, error: OSError) -> Check:
    why = error.strerror or str(error)
    return Check(
        grade=Grade.FAILED,
        title=title,
        found=Text(en=f"cannot be reached ({why})", ja=f"接続できません（{why}）"),
        remedy=Text(
            en="start the product, check host and port in the endpoint file, and any firewall between",
            ja="製品を起動し、エンドポイントファイルのhostとport、途中のファイアウォールを確認してください",
        ),
    )


def _service(title: Text, exchange: Exchange, check: ServiceCheck) -> Iterator[Check]:
    if is_served(exchange, check):
        yield Check(grade=Grade.OK, title=title, found=Text(en="reachable, serves", ja="接続でき、応答する"))
        return
    answer = exchange.answer
    alert = exchange.tls.alert_received if exchange.tls is not None else None
    native = (answer.native if answer is not None else "") or alert or str(exchange.ending)
    yield Check(
        grade=Grade.WARNING,
        title=title,
        found=Text(
            en=f"reachable, but the rightful peer is not served ({native})",
            ja=f"接続できるが、正当な相手に応答しない（{native}）",
        ),
        remedy=Text(
            en="install the files of lab/install in the product and check the service check; "
            "until then most items are inconclusive",
            ja="lab/installのファイルを製品に導入し、サービス確認の設定を確認してください。"
            "それまでは大半の項目が判定不能になります",
        ),
    )


def _clock(measured: Sequence[Measured]) -> tuple[float, list[Check]]:
    offsets = [one.clock_offset_s for one in measured if one.clock_offset_s is not None]
    title = Text(en="clocks", ja="時計")
    if not offsets:
        found = Text(en="the product shows no clock", ja="製品の時刻を確認できない")
        return 0.0, [Check(grade=Grade.OK, title=title, found=found)]
    offset = max(offsets, key=abs)
    found = Text(en=f"the product's differs by {offset:+.1f} s", ja=f"製品との差は {offset:+.1f} 秒")
    if abs(offset) <= CLOCK_LIMIT_S:
        return offset, [Check(grade=Grade.OK, title=title, found=found)]
    remedy = Text(
        en=f"set both clocks; dates in certificates cannot be judged beyond {CLOCK_LIMIT_S:.0f} s",
        ja=f"双方の時計を合わせてください。{CLOCK_LIMIT_S:.0f}秒を超えると証明書の日時を判定できません",
    )
    return offset, [Check(grade=Grade.FAILED, title=title, found=found, remedy=remedy)]
