"""Turns a value read from YAML into a type of the model, or says at which places it does not fit and what would."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, TypeVar

import msgspec

from conformance.catalogue.problem import CatalogueError, LintProblem, did_you_mean, error
from conformance.catalogue.yaml_source import Place, Source
from conformance.model.text import Text

T = TypeVar("T")

_MAX_PROBLEMS = 50
_TYPES = {
    "string": ("text", "文字列"),
    "integer": ("a whole number", "整数"),
    "number": ("a number", "数値"),
    "boolean": ("true or false", "true又はfalse"),
    "array": ("a list", "リスト"),
    "object": ("a mapping", "マッピング"),
    "null": ("nothing", "空値"),
}
_LIMITS = {
    "minLength": ("at least {} character", "{}文字以上"),
    "maxLength": ("at most {} characters", "{}文字以内"),
    "minItems": ("at least {} entries", "{}項目以上"),
    "maxItems": ("at most {} entries", "{}項目以内"),
    "minProperties": ("at least {} key", "{}個以上のキー"),
    "minimum": ("{} or more", "{}以上"),
    "maximum": ("{} or less", "{}以下"),
    "exclusiveMinimum": ("more than {}", "{}より大きい値"),
    "exclusiveMaximum": ("less than {}", "{}より小さい値"),
}
_PLACE = re.compile(r"\.([A-Za-z_][A-Za-z0-9_]*)|\[([0-9]+)\]")


def to_model(source: Source, kind: type[T], *, value: Any = None, at: Place = ()) -> T:
    """Return `value` (absent: the whole of `source`) as `kind`; `at` is its place in the source.

    Raises CatalogueError that names every place that does not fit.
    """
    content = source.value if value is None else value
    try:
        return msgspec.convert(content, kind)
    except msgspec.ValidationError as problem:
        raise CatalogueError(*misfits(source, kind, content, at, str(problem))) from None


def misfits(source: Source, kind: Any, value: Any, at: Place, reported: str) -> tuple[LintProblem, ...]:
    """Return why `value`, standing at `at` in `source`, is no `kind`; `reported` is msgspec's own first complaint."""
    found = []
    for place, code, message, advice in _explanations(kind, value):
        whole = (*at, *place)
        found.append(error(source.name, source.line(whole), code, _at(whole, message), advice))
        if len(found) == _MAX_PROBLEMS:
            break
    return tuple(found) or (_fallback(source, at, reported),)


def spell(place: Place) -> str:
    """Return `place` as a path that a person can read: `vectors[0].title.en`."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in place).lstrip(".")


def _at(place: Place, message: Text) -> Text:
    if not place:
        return message
    return Text(f"`{spell(place)}`: {message.en}", f"`{spell(place)}`: {message.ja}")


def _fallback(source: Source, at: Place, reported: str) -> LintProblem:
    words, _, path = reported.partition(" - at `$")
    place = (*at, *(int(index) if index else name for name, index in _PLACE.findall(path)))
    message = Text(f"does not fit: {words}", f"形式が合わない: {words}")
    advice = Text("compare with the JSON Schema of this file", "このファイルのJSON Schemaと照合すること。")
    return error(source.name, source.line(place), "shape", _at(place, message), advice)


@lru_cache(maxsize=128)
def _validator(kind: Any) -> tuple[Any, dict[str, Any]]:
    import jsonschema_rs  # noqa: PLC0415  only needed when there is something to explain

    from conformance.catalogue.schema import plain_schema  # noqa: PLC0415  the same

    schema = plain_schema(kind)
    return jsonschema_rs.validator_for(schema), schema


def _explanations(kind: Any, value: Any) -> Iterator[tuple[tuple[str | int, ...], str, Text, Text]]:
    validator, schema = _validator(kind)
    try:
        errors = list(validator.iter_errors(value))
    except ValueError:
        return
    for complaint in _leaves(errors):
        yield from _explain(complaint, schema)


def _leaves(errors: list[Any]) -> Iterator[Any]:
    """Yield errors with every `anyOf` replaced by those of the branch that was meant."""
    for complaint in errors:
        branches = getattr(complaint.kind, "context", None)
        if not branches:
            yield complaint
            continue
        depth = len(complaint.instance_path)
        meant = [
            branch
            for branch in branches
            if not any(one.kind.name == "type" and len(one.instance_path) == depth for one in branch)
        ]
        if meant:
            yield from _leaves(max(meant, key=lambda branch: max(len(one.instance_path) for one in branch)))
        else:
            yield from _leaves(branches[0])


def _explain(complaint: Any, schema: dict[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str, Text, Text]]:
    place = tuple(complaint.instance_path)
    kind, facts = complaint.kind.name, complaint.kind.as_dict()
    here = _schema_at(schema, complaint.schema_path[:-1])
    if kind == "additionalProperties":
        known = here.get("properties", {})
        for name in facts["unexpected"]:
            message = Text(f"unknown key `{name}`", f"未知のキー `{name}` がある。")
            yield (*place, name), "unknown-key", message, did_you_mean(name, known)
    elif kind == "required":
        name = facts["property"]
        description = here.get("properties", {}).get(name, {}).get("description", "")
        hint = f": {description}" if description else ""
        message = Text(f"key `{name}` is missing", f"キー `{name}` がない。")
        yield place, "missing-key", message, Text(f"add `{name}`{hint}", f"`{name}` を追加すること。")
    elif kind == "type":
        yield place, "wrong-type", *_wrong_type(complaint.instance, facts["types"])
    elif kind in ("enum", "const"):
        options = [str(option) for option in facts.get("options", here.get("enum", [here.get("const")]))]
        message = Text(
            f"{_short(complaint.instance)} is not known", f"{_short(complaint.instance)} は使えない値である。"
        )
        yield place, "unknown-value", message, did_you_mean(str(complaint.instance), options)
    elif kind == "propertyNames":
        name = str(facts["error"].instance)
        message = Text(f"unknown key `{name}`", f"キー `{name}` は使えない。")
        form = Text(f"names here have the form `{here.get('pattern')}`", f"形式 `{here.get('pattern')}` とすること。")
        yield (*place, name), "unknown-key", message, did_you_mean(name, here["enum"]) if "enum" in here else form
    elif kind == "pattern":
        description = here.get("description", "")
        message = Text(
            f"{_short(complaint.instance)} does not have the form `{here.get('pattern')}`",
            f"{_short(complaint.instance)} が形式 `{here.get('pattern')}` に合わない。",
        )
        yield place, "bad-form", message, Text(description or "follow that form", "この形式に合わせること。")
    else:
        limit = facts.get("limit", "")
        english, japanese = _LIMITS.get(kind, (f"{kind} {limit}", f"{kind} {limit}"))
        message = Text(
            f"{_short(complaint.instance)} is outside its limit", f"{_short(complaint.instance)} は範囲外である。"
        )
        advice = Text(f"write {english.format(limit)}", f"{japanese.format(limit)}とすること。")
        yield place, "out-of-range", message, advice


def _wrong_type(value: Any, types: list[str]) -> tuple[Text, Text]:
    wanted = [_TYPES[name] for name in types if name != "null"] or [_TYPES["null"]]
    english = " or ".join(name[0] for name in wanted)
    japanese = "又は".join(name[1] for name in wanted)
    message = Text(
        f"expected {english}, found {_short(value)}", f"{japanese}であるべきところに {_short(value)} がある。"
    )
    if types == ["string"] and isinstance(value, int | float):
        return message, Text("put it in quotes", "引用符で囲むこと。")
    return message, Text(f"write {english}", f"{japanese}を書くこと。")


def _schema_at(schema: dict[str, Any], path: list[str | int]) -> dict[str, Any]:
    node: Any = schema
    for step in path:
        node = node[step] if isinstance(step, int) or step in node else {}
    return node if isinstance(node, dict) else {}


def _short(value: Any, limit: int = 60) -> str:
    if value is None:
        return "`null`"
    words = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return f"`{words[:limit]}...`" if len(words) > limit else f"`{words}`"
