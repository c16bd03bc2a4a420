"""Service operations over SunSpec Modbus: models found by walking their chain, meant in the profile's words."""

import math
from collections.abc import Mapping
from contextlib import closing
from typing import Any

from msgspec import Struct

from conformance.model.endpoint import Binding
from conformance.model.operations import ControlSend, OverTls
from conformance.model.transcript import Exchange, ServiceAnswer
from conformance.model.vector import Actor
from conformance.probes.connection import exchange_of, open_for
from conformance.probes.context import ProbeContext, UnsupportedError
from conformance.probes.modbus import Client, Reply, answer_of, service_registers
from conformance.wire import sunspec

_MOST_MODELS = 64
_MOST_REGISTERS_AT_ONCE = 125
_LAST_REGISTER = 0xFFFF
_EXPORT_LIMIT = "export-limit"
_READS = {
    "inventory.read": (sunspec.COMMON,),
    "state.read": (sunspec.MEASUREMENT, sunspec.CONTROLS),
    "measurement.read": (sunspec.MEASUREMENT, sunspec.CONTROLS),
}
_QUANTITIES = {
    "W": ("active_power", "W"),
    "Var": ("reactive_power", "var"),
    "LNV": ("voltage", "V"),
    "Hz": ("frequency", "Hz"),
}


class _Model(Struct, frozen=True, kw_only=True):
    """One model as it was read: where it stands, and its registers from the identifier on."""

    number: int
    first: int
    registers: bytes


class _Walk(Struct, frozen=True, kw_only=True):
    """The models found, and the last reply: the one that stopped the walk if not all were found."""

    models: tuple[_Model, ...]
    last: Reply


def perform(operation: str, parameters: OverTls, actor: Actor, binding: Binding, context: ProbeContext) -> Exchange:
    """Perform one service operation as `actor`. Raises UnsupportedError for what SunSpec has no place for."""
    raw = _limit(operation, parameters, binding, context) if isinstance(parameters, ControlSend) else None
    if operation not in {"service.read", "control.send", *_READS}:
        raise UnsupportedError(operation, binding.label)
    with closing(open_for(parameters, actor, binding, context)) as channel:
        answer = None
        if channel.usable:
            client = Client(channel, binding.unit_id)
            if operation == "service.read":
                answer = _service(client, binding, context)
            elif isinstance(parameters, ControlSend) and raw is not None:
                answer = _send(client, parameters, raw, binding, context)
            else:
                answer = _read(client, _READS[operation], binding, context)
        return exchange_of(channel, context, answer=answer)


def _service(client: Client, binding: Binding, context: ProbeContext) -> ServiceAnswer:
    first, count = service_registers(binding)
    reply = client.read_registers(first, count)
    octets = reply.good or b""
    registers = [int.from_bytes(octets[at : at + 2], "big") for at in range(0, len(octets), 2)]
    return answer_of(reply, context, {"register": first, "registers": registers})


def _read(client: Client, wanted: tuple[int, ...], binding: Binding, context: ProbeContext) -> ServiceAnswer:
    walk = _walk(client, binding.base_register, wanted)
    if walk.last.good is None or walk.last.malformed is not None:
        return answer_of(walk.last, context)
    common = [each for each in walk.models if each.number == sunspec.COMMON]
    if wanted == (sunspec.COMMON,):
        data: dict[str, Any] = {"devices": [_device(sunspec.values(each.number, each.registers)) for each in common]}
    else:
        data = _state({each.number: sunspec.values(each.number, each.registers) for each in walk.models})
    return answer_of(walk.last, context, data)


def _walk(client: Client, base: int, wanted: tuple[int, ...]) -> _Walk:
    """Walk the chain of models from `base` and read those wanted; ends at the end marker or at what is none."""
    reply = client.read_registers(base, 2)
    if reply.good != sunspec.MARKER:
        why = None if reply.good is None else "no SunS marker at the base register"
        return _Walk(models=(), last=Reply(frame=reply.frame, malformed=reply.malformed or why))
    models: list[_Model] = []
    at = base + 2
    for _ in range(_MOST_MODELS):
        if at + 1 > _LAST_REGISTER:
            break
        reply = client.read_registers(at, 2)
        if reply.good is None:
            return _Walk(models=tuple(models), last=reply)
        number, length = int.from_bytes(reply.good[:2], "big"), int.from_bytes(reply.good[2:], "big")
        if number == sunspec.END or at + 1 + length > _LAST_REGISTER:
            break
        if number in wanted:
            reply, body = _body(client, at + 2, length, reply)
            if body is None:
                return _Walk(models=tuple(models), last=reply)
            head = number.to_bytes(2, "big") + length.to_bytes(2, "big")
            models.append(_Model(number=number, first=at, registers=head + body))
        at += 2 + length
    return _Walk(models=tuple(models), last=reply)


def _body(client: Client, first: int, length: int, reply: Reply) -> tuple[Reply, bytes | None]:
    body = b""
    while len(body) < 2 * length:
        at = len(body) // 2
        reply = client.read_registers(first + at, min(_MOST_REGISTERS_AT_ONCE, length - at))
        if reply.good is None:
            return reply, None
        body += reply.good
    return reply, body


def _device(points: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": points.get("SN"),
        "maker": points.get("Mn"),
        "model": points.get("Md"),
        "options": points.get("Opt"),
        "firmware_version": points.get("Vr"),
        "serial_number": points.get("SN"),
    }


def _state(points: Mapping[int, Mapping[str, Any]]) -> dict[str, Any]:
    state: dict[str, Any] = {"limits": {"export_limit": _export_limit(points.get(sunspec.CONTROLS, {}))}}
    measured = points.get(sunspec.MEASUREMENT, {})
    for name, (quantity, unit) in _QUANTITIES.items():
        if name in measured:
            state[quantity] = {"value": measured[name], "unit": unit}
    return state


def _export_limit(points: Mapping[str, Any]) -> dict[str, Any] | None:
    if points.get("WMaxLimPctEna") != sunspec.LIMIT_ENABLED or "WMaxLimPct" not in points:
        return None
    return {"value": points["WMaxLimPct"], "unit": "%"}


def _limit(operation: str, parameters: ControlSend, binding: Binding, context: ProbeContext) -> float:
    """Return the export limit that is asked for, in percent of rated power. Raises UnsupportedError."""
    value = parameters.value
    if parameters.type != _EXPORT_LIMIT:
        raise UnsupportedError(operation, binding.label, f"model 704 as profiled here has no {parameters.type}")
    if parameters.start is not None or parameters.expires is not None or parameters.targets:
        raise UnsupportedError(operation, binding.label, "a limit here has no start, end or target")
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise UnsupportedError(operation, binding.label, "a register holds finite numbers only")
    if parameters.unit == "%":
        percent = float(value)
    elif parameters.unit == "W" and context.rated_power_W is not None:
        percent = 100 * float(value) / context.rated_power_W
    else:
        raise UnsupportedError(operation, binding.label, "percent, or watts and rated_power_W, are needed")
    if not 0 <= percent <= _LAST_REGISTER:
        raise UnsupportedError(operation, binding.label, f"a register cannot hold {percent} %")
    return percent


def _send(
    client: Client, parameters: ControlSend, percent: float, binding: Binding, context: ProbeContext
) -> ServiceAnswer:
    """Write the limit with its enable register and read it back; `data` is what stands there then."""
    walk = _walk(client, binding.base_register, (sunspec.CONTROLS,))
    if not walk.models:
        last = walk.last
        why = None if last.good is None else "the product has no model 704"
        return answer_of(Reply(frame=last.frame, malformed=last.malformed or why), context)
    model = walk.models[0]
    exponent = sunspec.scale_of(sunspec.CONTROLS, "WMaxLimPct", model.registers)
    raw = _LAST_REGISTER + 1 if exponent is None else round(percent / 10**exponent)
    if raw > _LAST_REGISTER:
        return answer_of(Reply(malformed=f"WMaxLimPct_SF {exponent} leaves no place for {percent} %"), context)
    first = model.first + sunspec.MODELS[sunspec.CONTROLS]["WMaxLimPctEna"].offset
    written = client.write_registers(first, (sunspec.LIMIT_ENABLED, raw))
    if written.good is None:
        return answer_of(written, context)
    again, body = _body(client, model.first + 2, len(model.registers) // 2 - 2, written)
    limit = None
    if body is not None:
        limit = _export_limit(sunspec.values(sunspec.CONTROLS, model.registers[:4] + body))
    data = {"type": parameters.type, "status": "active" if limit else "refused", **(limit or {})}
    return answer_of(written, context, data if again.good is not None else None)
