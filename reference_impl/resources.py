"""The resources of the profile: from a request and its session to an answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

import msgspec

from reference_impl.controls import Control
from reference_impl.mms import ConnectionPoint, Mms, value
from reference_impl.orders import read_order
from reference_impl.problem import Problem
from reference_impl.rules.access import PREFIX
from reference_impl.sample import PROFILE_VERSION

if TYPE_CHECKING:
    from reference_impl.rules.access import Route
    from reference_impl.session import Session, Subject

MOST_ENTRIES = 500
LONGEST_NUMBER = 18
REFUSED_ACCESS = frozenset({"unauthenticated", "forbidden", "unknown-role", "not-found"})


@dataclass(frozen=True)
class Request:
    """An HTTP request: raw target, header names in lowercase."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Answer:
    """An HTTP answer: status, media type, body, value of the Allow header."""

    status: int
    content_type: str
    body: bytes
    allow: str | None = None


def problem_answer(problem: Problem) -> Answer:
    """A refusal as application/problem+json (RFC 9457): nothing of the inside, only reason and remedy."""
    body = {
        "type": f"urn:mgcc:problem:{problem.reason}",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "reason": problem.reason,
        "detail": problem.detail,
    }
    return Answer(problem.status, "application/problem+json", msgspec.json.encode(body), problem.allow)


class Resources:
    """Serves the resources of one connection point."""

    def __init__(self, mms: Mms, point: ConnectionPoint) -> None:
        self._mms = mms
        self._point = point

    def answer(self, request: Request, session: Session) -> Answer:
        """Serves or refuses a request, and logs which."""
        path, _, query = request.target.partition("?")
        log, said = self._point.log, f"{request.method} {path}"
        try:
            subject = self._mms.rules.subject(session, path, request.headers)
            route = self._mms.rules.route(request.method, path)
            if not self._mms.rules.may_use(subject.role, self._point.name, route):
                raise Problem(403, "forbidden", "this role may not do this")  # noqa: TRY301 - all refusals end below
            status, content, command = self._serve(route, subject, request, _query(query, route.resource))
        except Problem as problem:
            if problem.reason in REFUSED_ACCESS:
                log.denied(session, said, problem.detail)
            elif path.startswith(f"{PREFIX}/controls"):
                log.control_refused(session, said, problem.detail)
            else:
                log.denied(session, said, problem.detail)
            return problem_answer(problem)
        if command:
            log.commanded(session, said, command)
        else:
            log.granted(session, said)
        return Answer(status, "application/json", msgspec.json.encode(content))

    def _serve(
        self, route: Route, subject: Subject, request: Request, query: dict[str, int]
    ) -> tuple[int, dict[str, object], str]:
        """Status, content, and what was commanded, if anything."""
        if route.resource == "/controls":
            control = self._command(request, subject)
            return 201, self._control(control), f"{control.order.type} {control.order.value:g} {control.order.unit}"
        if route.method == "DELETE":
            control = self._point.controls.cancel(route.id, subject.name)
            return 200, self._control(control), f"cancelled {control.order.type}"
        contents: dict[str, Callable[[], dict[str, object]]] = {
            "/": self._discovery,
            "/state": lambda: self._mms.state(self._point.name),
            "/inventory": lambda: self._inventory(subject),
            "/security-events": lambda: self._events(query),
            "/controls/{id}": lambda: self._control(self._point.controls.get(route.id, subject.name)),
        }
        return 200, contents[route.resource](), ""

    def _discovery(self) -> dict[str, object]:
        point = self._point.name
        return {
            "mms_id": self._mms.id,
            "profile": PROFILE_VERSION,
            "connection_point": point,
            "bindings": ["https", "modbus"] if point == "distribution" else ["https"],
            "region": "jp",
            "rated_capacity": value(self._mms.rated, "W", "ems-1"),
            "declared": {"clock_tolerance": "PT2S", "control_response": "PT5S", "active_power_tolerance": 0.02},
            "links": {name: f"{PREFIX}/{name}" for name in ("state", "inventory", "controls", "security-events")},
        }

    def _inventory(self, subject: Subject) -> dict[str, object]:
        rules = self._mms.rules
        shown = [device for device in self._mms.devices() if rules.shown(device, subject.role)]
        return {
            "mms_id": self._mms.id,
            "connection_point": self._point.name,
            "devices": [rules.device_fields(device.published()) for device in shown],
        }

    def _events(self, query: dict[str, int]) -> dict[str, object]:
        """Entries after `after`; `next` is the value of `after` that continues."""
        after = query.get("after", 0)
        entries = self._point.log.entries(after, min(query.get("limit", MOST_ENTRIES), MOST_ENTRIES))
        return {"entries": entries, "next": entries[-1].sequence if entries else after}

    def _command(self, request: Request, subject: Subject) -> Control:
        media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media != "application/json":
            raise Problem(415, "malformed", "Content-Type must be application/json")
        order = read_order(request.body, self._mms.rules)
        if subject.role not in self._mms.rules.commanders(self._point.name, order.type):
            raise Problem(403, "forbidden", f"this role may not command {order.type} at this connection point")
        return self._point.controls.submit(order, subject.name)

    def _control(self, control: Control) -> dict[str, object]:
        order = control.order
        return {
            "id": order.id,
            "type": order.type,
            "status": self._point.controls.status(control),
            "value": order.value,
            "unit": order.unit,
            "start": order.start,
            "expires": order.expires,
            "commanded_by": control.issuer,
            "effect": {
                "commanded": value(control.watts(self._mms.rated), "W", "ems-1"),
                "active_power": value(self._mms.active_power(), "W", "meter-1"),
            },
        }


def _query(query: str, resource: str) -> dict[str, int]:
    """The numbers in a query string; only the event log knows any."""
    if not query:
        return {}
    known = {"after", "limit"} if resource == "/security-events" else set()
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=True, max_num_fields=2)
    except ValueError:
        raise Problem(400, "malformed", "the query cannot be read") from None
    found: dict[str, int] = {}
    for name, text in pairs:
        usable = text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER
        if name not in known or name in found or not usable or (name == "limit" and int(text) == 0):
            raise Problem(400, "malformed", "the query has a parameter that is not known here or no number")
        found[name] = int(text)
    return found
