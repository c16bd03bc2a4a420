"""Decisions about access: which role may do what, at which connection point. Whatever is not named here is refused."""

from __future__ import annotations

from dataclasses import dataclass

from reference_impl.problem import Problem
from reference_impl.roles import Role

PREFIX = "/mgcc/v1"
ANYONE = frozenset(Role)
OPERATORS = frozenset({Role.DSO_OPERATOR, Role.AGGREGATOR_OPERATOR})
AUDITORS = frozenset({Role.SECAUD})

RESOURCES: dict[str, dict[str, frozenset[Role]]] = {
    "/": {"GET": ANYONE},
    "/state": {"GET": ANYONE},
    "/inventory": {"GET": OPERATORS | AUDITORS},
    "/controls": {"POST": OPERATORS},
    "/controls/{id}": {"GET": OPERATORS, "DELETE": OPERATORS},
    "/security-events": {"GET": AUDITORS},
}

COMMANDERS: dict[tuple[str, str], frozenset[Role]] = {
    ("distribution", "export-limit"): frozenset({Role.DSO_OPERATOR}),
    ("distribution", "import-limit"): frozenset({Role.DSO_OPERATOR}),
    ("distribution", "setpoint"): frozenset({Role.DSO_OPERATOR}),
    ("aggregation", "setpoint"): OPERATORS,
}
CONTROL_TYPES = ("export-limit", "import-limit", "setpoint")

READ_HOLDING, WRITE_SINGLE, WRITE_MULTIPLE = 3, 6, 16


@dataclass(frozen=True)
class Route:
    """Where a request goes: the resource of the table above, and the id where the resource has one."""

    resource: str
    method: str
    id: str = ""


class AccessRules:
    """Least privilege per object (IEC 62443-3-3 SR 2.1), deny by default (SR 5.2 RE 1)."""

    def route(self, method: str, path: str) -> Route:
        """The resource that a request means, letter by letter; Problem 404 or 405 `not-found` where there is none."""
        resource, identity = resource_of(path)
        if resource is None:
            return self.unknown_path(method)
        if method not in RESOURCES[resource]:
            return self.unknown_method(resource, identity)
        return Route(resource, method, identity)

    def unknown_path(self, method: str) -> Route:  # noqa: ARG002 - a fault looks
        """A path that is not in the table does not exist."""
        raise Problem(404, "not-found", "no such resource")

    def unknown_method(self, resource: str, identity: str) -> Route:  # noqa: ARG002 - a fault looks
        """A method that is not in the table is not allowed (RFC 9110 15.5.6)."""
        raise Problem(405, "not-found", "no such method here", allow=", ".join(sorted(RESOURCES[resource])))

    def readers(self, resource: str, method: str) -> frozenset[Role]:
        """The roles that may use a method of a resource."""
        return RESOURCES[resource][method]

    def commanders(self, point: str, control: str) -> frozenset[Role]:
        """The roles that may command this type of control at this connection point."""
        return COMMANDERS.get((point, control), frozenset())

    def may_use(self, role: Role, point: str, route: Route) -> bool:
        """Whether a role may use a resource at all; which controls it may command is asked per type."""
        if route.resource == "/controls":
            return any(role in self.commanders(point, control) for control in CONTROL_TYPES)
        return role in self.readers(route.resource, route.method)

    def modbus_function(self, function: int) -> bool:
        """Whether a Modbus function code is served: read, and write one or several holding registers."""
        return function in {READ_HOLDING, WRITE_SINGLE, WRITE_MULTIPLE}

    def may_write_registers(self, role: Role, point: str) -> bool:
        """Whether a role may write the limit of model 704 (Modbus/TCP Security, role-based authorisation)."""
        return role in self.commanders(point, "export-limit")


def resource_of(path: str) -> tuple[str | None, str]:
    """The resource with exactly this path, and the id in it; (None, "") where there is none."""
    if path == PREFIX:
        return "/", ""
    relative = path.removeprefix(PREFIX)
    if relative == path:
        return None, ""
    if relative in RESOURCES and "{" not in relative:
        return relative, ""
    parent, _, identity = relative.rpartition("/")
    if parent == "/controls" and identity and identity not in {".", ".."}:
        return "/controls/{id}", identity
    return None, ""
