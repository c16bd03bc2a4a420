"""Faults of roles and rights: who is taken for whom, and what answers that should not."""

from __future__ import annotations

import posixpath
from urllib.parse import unquote

from typing_extensions import override

from reference_impl.faults.fault import fault
from reference_impl.roles import Role, known_role
from reference_impl.rules.access import ANYONE, RESOURCES, AccessRules, Route
from reference_impl.rules.identity import IdentityRules


@fault("ZTA-05", "IEC 62351-8", "役割の拡張がない証明書の保持者を操作者とみなす。")
class AcceptsMissingRole(IdentityRules):
    """Takes the holder of a certificate without a role for an operator."""

    @override
    def without_role(self) -> Role:
        return Role.DSO_OPERATOR


@fault("ZTA-05", "IEC 62351-8", "役割が二つある証明書を、先に知っている役割で受け入れる。")
class AcceptsTwoRoles(IdentityRules):
    """Takes the first known of several roles."""

    @override
    def several_roles(self, presented: list[int | str]) -> Role:
        return next((role for one in presented if (role := known_role(one)) is not None), Role.VIEWER)

    @override
    def unknown_role(self, presented: int | str) -> Role:
        names: list[int | str] = list(str(presented).split(","))
        return self.several_roles(names) if len(names) > 1 else super().unknown_role(presented)


@fault("ZTA-05", "IEC 62351-8", "知らない役割の保持者を操作者とみなす。")
class AcceptsUnknownRole(IdentityRules):
    """Takes the holder of an unknown role for an operator."""

    @override
    def unknown_role(self, presented: int | str) -> Role:
        return super().unknown_role(presented) if "," in str(presented) else Role.DSO_OPERATOR


@fault("ZTA-05", "IEC 62443-3-3 SR 2.1", "セキュリティイベントを、監査者以外の役割にも返す。")
class ServesEventsToEveryone(AccessRules):
    """Shows the security events to every role."""

    @override
    def readers(self, resource: str, method: str) -> frozenset[Role]:
        return ANYONE if resource == "/security-events" else super().readers(resource, method)


@fault("ZTA-05", "IEC 62443-3-3 SR 2.1", "制御指令で役割を確かめない。")
class IgnoresRoleOnControl(AccessRules):
    """Takes controls from every role."""

    @override
    def commanders(self, point: str, control: str) -> frozenset[Role]:
        return ANYONE


@fault("ZTA-05", "IEC 62443-3-3 SR 2.1", "閲覧者の制御指令を受け入れる。")
class LetsViewerControl(AccessRules):
    """Takes controls from a viewer."""

    @override
    def commanders(self, point: str, control: str) -> frozenset[Role]:
        return super().commanders(point, control) | {Role.VIEWER}


@fault("ZTA-05", "IEC 62443-3-3 SR 2.1", "送配電事業者だけが指令できる逆潮流の上限を、アグリゲーターにも許す。")
class LetsAggregatorSetExportLimit(AccessRules):
    """Takes the export limit, which is the utility's, from an aggregator."""

    @override
    def commanders(self, point: str, control: str) -> frozenset[Role]:
        allowed = super().commanders(point, control)
        return allowed | {Role.AGGREGATOR_OPERATOR} if control == "export-limit" else allowed


@fault("ZTA-05", "Modbus/TCP Security R-21", "Modbusの書き込みで役割を確かめない。")
class ModbusIgnoresRole(AccessRules):
    """Lets every role write Modbus registers."""

    @override
    def may_write_registers(self, role: Role, point: str) -> bool:
        return True


@fault("ZTA-07", "IEC 62443-3-3 SR 5.2 RE 1", "存在しないパスに応答する。")
class AnswersUnknownPath(AccessRules):
    """Answers paths that do not exist."""

    @override
    def unknown_path(self, method: str) -> Route:
        return Route("/", "GET")


@fault("ZTA-07", "IEC 62443-3-3 SR 7.7", "定義していないメソッドに応答する。")
class AllowsUnknownMethod(AccessRules):
    """Takes a method that it does not know for a read."""

    @override
    def unknown_method(self, resource: str, identity: str) -> Route:
        return Route(resource, "GET", identity) if "GET" in RESOURCES[resource] else Route("/", "GET")


@fault(
    "ZTA-07",
    "Modbus Application Protocol 7",
    "定義していないModbusのファンクションコードに応答する。",
)
class AnswersUnknownModbusFunction(AccessRules):
    """Answers every Modbus function code."""

    @override
    def modbus_function(self, function: int) -> bool:
        return True


@fault("ZTA-07", "RFC 3986 5.2.4", "認可の判断の後にパスのドットセグメントを解決する。", also=("ZTA-05",))
class ResolvesDotSegments(AccessRules):
    """Resolves dot segments after it has decided about access, so that a public path leads to a protected one."""

    @override
    def route(self, method: str, path: str) -> Route:
        resolved = posixpath.normpath(unquote(path))
        if resolved == path.rstrip("/"):
            return super().route(method, path)
        target = super().route(method, resolved)
        return Route(target.resource, target.method, f"{target.id}..")

    @override
    def may_use(self, role: Role, point: str, route: Route) -> bool:
        return route.id.endswith("..") or super().may_use(role, point, route)
