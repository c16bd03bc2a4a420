"""Checks one vector: its steps, parameters, expectations, twins, references, rows, timers and needs."""

from collections.abc import Iterator
from typing import Any

import msgspec

from conformance.catalogue.load import VectorEntry
from conformance.catalogue.problem import LintProblem, Severity, did_you_mean, error
from conformance.catalogue.references import (
    IXIT_SAMPLES,
    PEER_SAMPLES,
    SCOPES,
    malformed,
    references,
    resolve,
)
from conformance.catalogue.shape import misfits, spell
from conformance.catalogue.slips import MODAL_TITLE, Slip, argument_slips, hook_slips, modal, need_slips
from conformance.catalogue.twins import twin_differences
from conformance.catalogue.yaml_source import Place
from conformance.model.criterion import AppliesIf
from conformance.model.finding import Reason
from conformance.model.operations import OPERATIONS, Operation
from conformance.model.predicates import PREDICATES
from conformance.model.text import Text
from conformance.model.vector import Actor, Behaviour, Impact, Step, VectorStatus

ProfileValues = dict[str, dict[str, Any]]


def lint_vector(entry: VectorEntry, profiles: ProfileValues, criterion_applies: AppliesIf) -> list[LintProblem]:
    """Return what is wrong with `entry`.

    `profiles` holds each region's values by name; `criterion_applies` are the facts its criterion depends on.
    """
    if entry.vector.status is VectorStatus.WITHDRAWN:
        return []
    return _VectorLint(entry, profiles, criterion_applies).run()


class _VectorLint:
    def __init__(self, entry: VectorEntry, profiles: ProfileValues, criterion_applies: AppliesIf) -> None:
        self.entry = entry
        self.vector = entry.vector
        self.profiles = profiles
        self.bindings = set(entry.vector.applies_if.bindings or criterion_applies.bindings)
        self.problems: list[LintProblem] = []
        self.used: set[tuple[str, ...]] = set()
        self.saved: set[str] = set()
        self.armed: dict[str, Place] = {}
        self.expects = False
        self.twins = 0
        self.twin_wanted = False

    def run(self) -> list[LintProblem]:
        if modal(self.vector.title):
            self.add(("title",), "modal-title", *MODAL_TITLE)
        for index, step in enumerate(self.vector.steps):
            self.step(step, ("steps", index))
        for name, place in self.armed.items():
            message = Text(f"timer `{name}` is armed and never checked", f"タイマ `{name}` が確認されない。")
            advice = Text(f"add a step `check: {name}`", f"ステップ `check: {name}` を追加すること。")
            self.add(place, "unchecked-timer", message, advice)
        self.matrix()
        self.slips((), need_slips(self.vector.needs))
        self.claims()
        return self.problems

    def add(self, place: Place, code: str, message: Text, advice: Text, *, severity: Severity = Severity.ERROR) -> None:
        where = f"{self.entry.id} {spell(place)}".strip()
        words = Text(f"{where}: {message.en}", f"{where}: {message.ja}")
        line = self.entry.source.line(self.whole(place))
        self.problems.append(error(self.entry.file, line, code, words, advice, severity=severity))

    def slips(self, place: Place, found: Iterator[Slip]) -> None:
        for inner, code, message, advice in found:
            self.add((*place, *inner), code, message, advice)

    def whole(self, place: Place) -> Place:
        return ("vectors", self.entry.index, *place)

    def step(self, step: Step, place: Place, *, inside: bool = False) -> None:
        self.expects = self.expects or step.expect is not None
        kinds = [
            name
            for name, present in (
                ("op", step.op is not None),
                ("parallel", bool(step.parallel)),
                ("arm", step.arm is not None),
                ("check", step.check is not None),
            )
            if present
        ]
        if len(kinds) != 1 or (inside and kinds != ["op"]):
            found = ", ".join(kinds) or "none"
            message = Text(f"a step is one of op, parallel, arm, check; found: {found}", f"ステップの種類: {found}")
            wanted = "only `op`" if inside else "exactly one of them"
            advice = Text(
                f"write {wanted}",
                "`op` だけを書くこと。" if inside else "op, parallel, arm, checkのうち一つだけを書くこと。",
            )
            self.add(place, "step-shape", message, advice)
            return
        if step.op is None and (step.with_ or step.expect is not None or step.twin is not None or step.save):
            message = Text("`with`, `expect`, `twin` and `save` need an `op`", "`op` のないステップに付けられない。")
            self.add(place, "step-shape", message, Text("move them to an operation", "操作のステップに移すこと。"))
        if step.op is not None:
            self.operation(step, step.op, place)
        for index, child in enumerate(step.parallel):
            self.step(child, (*place, "parallel", index), inside=True)
        if step.arm is not None:
            if not step.arm.clause.strip() or step.arm.wait[0] in "+-":
                message = Text(
                    "a wait needs its clause and an unsigned duration", "待ち時間に条項がないか、符号がある。"
                )
                advice = Text(
                    "cite where the duration stands; write 30s, 10m, 1h",
                    "出典の条項を示し、30s, 10m, 1hの形で書くこと。",
                )
                self.add((*place, "arm"), "wait-without-clause", message, advice)
            self.armed[step.arm.name] = (*place, "arm")
        if step.check is not None and self.armed.pop(step.check, None) is None:
            message = Text(f"no timer `{step.check}` is armed before", f"タイマ `{step.check}` が開始されていない。")
            self.add((*place, "check"), "unarmed-timer", message, did_you_mean(step.check, self.armed))

    def operation(self, step: Step, name: str, place: Place) -> None:
        operation = OPERATIONS.get(name)
        if operation is None:
            message = Text(f"unknown operation `{name}`", f"未知の操作 `{name}` である。")
            self.add((*place, "op"), "unknown-operation", message, did_you_mean(name, OPERATIONS))
            return
        if name == "control.send" and self.entry.vector.impact is Impact.NONE:
            message = Text(
                "it commands the plant, and `impact` is none", "設備への指令を含むが `impact` が none である。"
            )
            advice = Text("say `impact: simulated`, or `physical`", "`impact: simulated` 又は `physical` とすること。")
            self.add((*place, "op"), "control-without-impact", message, advice)
        if operation.bindings and not (self.bindings and self.bindings <= set(operation.bindings)):
            only = ", ".join(operation.bindings)
            message = Text(f"`{name}` exists only over {only}", f"`{name}` は {only} にしかない。")
            advice = Text(
                f"say `applies_if: {{bindings: [{only}]}}`, or use a service operation",
                f"`applies_if: {{bindings: [{only}]}}` と書くか、サービス操作を使うこと。",
            )
            self.add((*place, "op"), "binding-bound", message, advice, severity=Severity.WARNING)
        sound = self.values(step.with_, operation.parameters, (*place, "with"))
        if name == "hook.call":
            self.slips(place, hook_slips(step))
        predicates = self.expectation(step, place)
        if step.twin is not None:
            self.twin(step, operation, predicates, place, sound=sound)
        elif predicates and name != "port.probe" and any(PREDICATES[one].twin for one in predicates):
            self.twin_wanted = True
        if step.save is not None:
            if step.save in SCOPES:
                message = Text(f"`{step.save}` is a reserved name", f"`{step.save}` は予約された名前である。")
                self.add((*place, "save"), "reserved-name", message, Text("choose another", "別の名前とすること。"))
            self.saved.add(step.save)

    def expectation(self, step: Step, place: Place) -> list[str]:
        if step.expect is None:
            return []
        whole = {step.expect: None} if isinstance(step.expect, str) else step.expect
        known = []
        for name, arguments in whole.items():
            at = (*place, "expect") if isinstance(step.expect, str) else (*place, "expect", name)
            predicate = PREDICATES.get(name)
            if predicate is None:
                message = Text(f"unknown predicate `{name}`", f"未知の期待 `{name}` である。")
                self.add(at, "unknown-predicate", message, did_you_mean(name, PREDICATES))
                continue
            known.append(name)
            self.values({} if arguments is None else arguments, predicate.arguments, at)
            if isinstance(arguments, dict):
                self.slips(at, argument_slips(name, arguments, self.saved))
        return known

    def twin(self, step: Step, operation: Operation, predicates: list[str], place: Place, *, sound: bool) -> None:
        self.twins += 1
        at = (*place, "twin")
        twin = dict(step.twin or {})
        actor = twin.pop("as", step.as_)
        known_actor = actor in tuple(Actor)
        if not known_actor:
            message = Text(f"there is no actor `{actor}`", f"アクター `{actor}` は存在しない。")
            self.add((*at, "as"), "unknown-value", message, did_you_mean(str(actor), Actor))
        if not any(PREDICATES[name].twin for name in predicates) and (predicates or step.expect is None):
            message = Text("the expectation has no opposite that a twin could show", "対となる期待が定義されていない。")
            advice = Text(
                "expect refused, served, negotiated, not-negotiated or not-serving, or remove the twin",
                "refused, served, negotiated, not-negotiated, not-servingを期待するか、twinを削除すること。",
            )
            self.add(at, "twin-without-opposite", message, advice)
        if not (self.values(twin, operation.parameters, at) and sound and known_actor):
            return
        for row, scope in self.rows(step.with_, twin):
            filled = resolve(step.twin, scope, partly=True)
            places = twin_differences(resolve(step.with_, scope, partly=True), step.as_.value, filled)
            if len(places) != 1:
                named = ", ".join(places) or "-"
                inside = f" (row `{row}`)" if row else ""
                message = Text(
                    f"the twin differs in {len(places)} places instead of one{inside}: {named}",
                    f"twinとの差異が{len(places)}箇所ある（1箇所であること）{inside}: {named}",
                )
                advice = Text(
                    "repeat `with` and change just the defect", "`with` を繰り返し、欠陥の箇所だけを変えること。"
                )
                self.add(at, "twin-differs", message, advice)
                break

    def values(self, value: Any, kind: type[Any], place: Place) -> bool:
        """Check `value` against the model type `kind`, once for each way its references can be filled in."""
        sound = True
        direct = tuple(references(value))
        for text in malformed(value):
            message = Text(f"`{text}` is no reference", f"`{text}` は参照ではない。")
            advice = Text(
                "write ${row.name}, ${profile.name}, ${ixit.name} or ${saved.field}", "${名前.項目}と書くこと。"
            )
            self.add(place, "bad-reference", message, advice)
            sound = False
        if not direct:
            return self.convert(value, kind, place, None) and sound
        uses_rows = any(name[0] == "row" for name in direct)
        names = (*direct, *references(list(self.vector.matrix.values()))) if uses_rows else direct
        self.used.update(names)
        if not self.known(names, place):
            return False
        profiled = [name[1] for name in names if name[0] == "profile"]
        regions = [known for known in self.profiles.values() if all(name in known for name in profiled)]
        for row, scope in self.rows(value):
            with_rows = resolve(value, scope, partly=True)
            for region in regions if profiled else [{}]:
                samples = {"ixit": IXIT_SAMPLES, "profile": region, "peer": PEER_SAMPLES}
                if not self.convert(resolve(with_rows, samples, partly=True), kind, place, row):
                    return False
        return sound

    def convert(self, value: Any, kind: type[Any], place: Place, row: str | None) -> bool:
        try:
            msgspec.convert(value, kind)
        except msgspec.ValidationError as refused:
            if any(True for _ in references(value)) and _fits_with_references(value, kind):
                return True
            for problem in misfits(self.entry.source, kind, value, self.whole(place), str(refused)):
                inside = f" (row `{row}`)" if row else ""
                words = Text(
                    f"{self.entry.id}{inside}: {problem.message.en}", f"{self.entry.id}{inside}: {problem.message.ja}"
                )
                self.problems.append(msgspec.structs.replace(problem, message=words))
            return False
        client = value.get("tls", {}).get("client") if isinstance(value, dict) else None
        if isinstance(client, str) and client != "none" and "${" not in client:
            message = Text(f"`{client}` is no client chain", f"`{client}` はクライアントの証明書チェーンではない。")
            advice = Text(
                "write a recipe, or `none` for no certificate", "レシピ、又は証明書なしを表す `none` を書くこと。"
            )
            self.add((*place, "tls", "client"), "unknown-value", message, advice)
            return False
        return True

    def known(self, names: tuple[tuple[str, ...], ...], place: Place) -> bool:
        good = True
        for scope, *fields in dict.fromkeys(names):
            name = ".".join((scope, *fields))
            rows = ""
            if scope == "row":
                missing = [row for row, values in self.vector.matrix.items() if fields[0] not in values]
                options = {key for values in self.vector.matrix.values() for key in values}
                bad = bool(missing) or not self.vector.matrix
                rows = f" in row `{missing[0]}`" if missing else ""
            elif scope in SCOPES:
                holders = {"profile": tuple(self.profiles.values()), "ixit": (IXIT_SAMPLES,), "peer": (PEER_SAMPLES,)}
                options = {known for values in holders[scope] for known in values}
                bad = fields[0] not in options
            else:
                options = {f"{known}.{fields[0]}" for known in (*SCOPES, *self.saved)}
                bad = scope not in self.saved
            if bad:
                good = False
                message = Text(f"`${{{name}}}` names nothing{rows}", f"`${{{name}}}` の参照先がない。")
                self.add(
                    place, "unknown-reference", message, did_you_mean(fields[0] if scope in SCOPES else name, options)
                )
        return good

    def rows(self, *values: Any) -> Iterator[tuple[str | None, dict[str, Any]]]:
        """Yield the name and scope of each row if `values` refer to rows, else one empty scope."""
        if any(name[0] == "row" for value in values for name in references(value)):
            for name, row in self.vector.matrix.items():
                yield name, {"row": row}
        else:
            yield None, {}

    def matrix(self) -> None:
        rows = self.vector.matrix
        fields = {name[1] for name in self.used if name[0] == "row"}
        if rows and not fields:
            message = Text("no step refers to a row", "行を参照するステップがない。")
            advice = Text(
                "use `${row.name}` in `with` or `expect`, or remove the matrix",
                "`${row.名前}` を使うか、matrixを削除すること。",
            )
            self.add(("matrix",), "unused-matrix", message, advice)
            return
        for row, values in rows.items():
            for key in values.keys() - fields:
                message = Text(f"`{key}` is never referred to", f"`{key}` は参照されない。")
                advice = Text("remove it, or use it", "削除するか、使用すること。")
                self.add(("matrix", row, key), "unused-row-value", message, advice, severity=Severity.WARNING)
        for index, detection in enumerate(self.vector.detects):
            for row in () if isinstance(detection, str) else detection.rows:
                if row not in rows:
                    message = Text(f"there is no row `{row}`", f"行 `{row}` がない。")
                    self.add(("detects", index), "unknown-row", message, did_you_mean(row, rows))
            reason = None if isinstance(detection, str) else detection.reason
            if reason is not None and reason not in tuple(Reason):
                message = Text(f"there is no finding reason `{reason}`", f"所見の理由 `{reason}` は存在しない。")
                self.add(("detects", index), "unknown-reason", message, did_you_mean(reason, Reason))

    def claims(self) -> None:
        if not self.expects:
            message = Text("no step expects anything: it cannot fail", "期待が一つもなく、不合格になり得ない。")
            self.add(
                (), "no-expectation", message, Text("add `expect` to a step", "ステップに `expect` を加えること。")
            )
        if self.vector.behaviour is not Behaviour.INVALID or self.vector.status is not VectorStatus.ACTIVE:
            return
        if not self.vector.detects:
            message = Text(
                "an active invalid vector names no fault", "有効な異常系ベクトルに検出する欠陥の指定がない。"
            )
            advice = Text(
                "add `detects: [fault-id]` (`mgcc faults` lists them), or make it a draft",
                "`detects: [欠陥ID]` を加えるか、draftとすること。",
            )
            self.add((), "no-fault", message, advice)
        if self.twin_wanted and not self.twins:
            message = Text("an active invalid vector has no twin", "有効な異常系ベクトルにtwinがない。")
            advice = Text(
                "add `twin:` with the same `with` minus the defect", "欠陥だけを除いた `with` を `twin:` に書くこと。"
            )
            self.add((), "no-twin", message, advice)


def _fits_with_references(value: Any, kind: Any) -> bool:
    import jsonschema_rs  # noqa: PLC0415  only vectors that refer to saved answers need it

    from conformance.catalogue.schema import referable_schema  # noqa: PLC0415  the same

    return bool(jsonschema_rs.validator_for(referable_schema(kind)).is_valid(value))
