"""JSON Schemas of every file that a person writes or a machine reads, generated from the model."""

import copy
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
from msgspec import inspect

from conformance.catalogue.problem import LintProblem, error, shown
from conformance.catalogue.references import REFERENCE_PATTERN
from conformance.model.criterion import Criterion, Edition, Profile
from conformance.model.endpoint import Endpoint, LabHooks
from conformance.model.hooks import HOOKS
from conformance.model.operations import OPERATIONS
from conformance.model.predicates import PREDICATES
from conformance.model.report import Report
from conformance.model.text import Text
from conformance.model.transcript import Transcript
from conformance.model.vector import Actor, VectorFile

Schema = dict[str, Any]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_REFERENCE: Schema = {
    "title": "Reference",
    "description": "${row.x}, ${profile.x}, ${ixit.x} or ${saved.field}",
    "type": "string",
    "pattern": f"^{REFERENCE_PATTERN}$",
}
_TWIN_ACTOR: Schema = {"description": "who acts in the twin", "enum": [actor.value for actor in Actor]}


def schemas() -> dict[str, Schema]:
    """Return every JSON Schema by file name."""
    plain = {
        "criteria": (tuple[Criterion, ...], "Criteria of one family"),
        "profile": (Profile, "Regional profile"),
        "edition": (Edition, "Frozen edition"),
        "endpoint": (Endpoint, "Endpoint file"),
        "hooks": (LabHooks, "The laboratory's hook commands"),
        "report": (Report, "report.json"),
        "transcript": (Transcript, "Transcript of one item"),
    }
    made = {f"{name}.schema.json": _headed(plain_schema(kind), title) for name, (kind, title) in plain.items()}
    for name in ("endpoint.schema.json", "hooks.schema.json"):
        _name_hooks(made[name])
    made["vectors.schema.json"] = _headed(vectors_schema(), "Test vectors of one criterion")
    return dict(sorted(made.items()))


def schema_text(schema: Schema) -> str:
    """Return `schema` as the text of its file."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def write_schemas(folder: Path) -> tuple[Path, ...]:
    """Write every schema into `folder` and return the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, schema in schemas().items():
        path = folder / name
        path.write_text(schema_text(schema), encoding="utf-8")
        written.append(path)
    return tuple(written)


def schema_drift(folder: Path) -> tuple[LintProblem, ...]:
    """Return a problem for each schema in `folder` that is not what the model generates."""
    wanted = schemas()
    advice = Text("run `mgcc vectors schema`", "`mgcc vectors schema` を実行すること。")
    found = []
    for name, schema in wanted.items():
        path = folder / name
        if not path.is_file() or path.read_text(encoding="utf-8") != schema_text(schema):
            message = Text("is not what the model generates", "モデルから生成される内容と一致しない。")
            found.append(error(shown(path), None, "schema-drift", message, advice))
    for path in sorted(folder.glob("*.json")):
        if path.name not in wanted:
            message = Text("is no schema of the suite", "試験スイートのスキーマではない。")
            found.append(error(shown(path), None, "schema-drift", message, Text("delete it", "削除すること。")))
    return tuple(found)


@lru_cache(maxsize=128)
def plain_schema(kind: Any) -> Schema:
    """Return the JSON Schema of `kind` with the names that its mappings allow."""
    schema = msgspec.json.schema(kind)
    _name_keys(schema, inspect.type_info(kind), set())
    return schema


@lru_cache(maxsize=128)
def referable_schema(kind: Any) -> Schema:
    """Return the JSON Schema of `kind` in which every value may be a reference instead."""
    schema = copy.deepcopy(plain_schema(kind))
    for definition in schema["$defs"].values():
        for name, wanted in definition.get("properties", {}).items():
            definition["properties"][name] = _or_reference(wanted)
    schema["$defs"]["Reference"] = _REFERENCE
    return schema


def vectors_schema() -> Schema:
    """Return the schema of a vector file in which each operation completes its own parameters and twin."""
    schema = copy.deepcopy(plain_schema(VectorFile))
    definitions: Schema = schema["$defs"]
    common = definitions["Step"]["properties"]
    definitions["Expect"] = _expect_schema(definitions)
    steps = []
    for operation in OPERATIONS.values():
        name = operation.parameters.__name__
        definitions.update(referable_schema(operation.parameters)["$defs"])
        twin = copy.deepcopy(definitions[name])
        twin["title"], twin["description"] = f"{name}Twin", common["twin"]["description"]
        twin["properties"]["as"] = _TWIN_ACTOR
        twin.pop("required", None)
        definitions[f"{name}Twin"] = twin
        title = f"{operation.title.en} / {operation.title.ja}"
        required = ["op", "with"] if definitions[name].get("required") else ["op"]
        steps.append(
            _closed(
                f"{operation.name}: {title}",
                {
                    "op": {"const": operation.name, "description": title},
                    "as": common["as"],
                    "with": {"$ref": f"#/$defs/{name}"},
                    "save": common["save"],
                    "expect": {"$ref": "#/$defs/Expect"},
                    "twin": {"$ref": f"#/$defs/{name}Twin"},
                },
                required,
            )
        )
    steps.extend(
        _closed(str(common[name]["description"]), {name: _not_null(common[name])}, [name])
        for name in ("parallel", "arm", "check")
    )
    definitions["Step"] = {
        "title": "Step",
        "description": definitions["Step"]["description"],
        "type": "object",
        "properties": {"op": {"enum": list(OPERATIONS), "description": common["op"]["description"]}},
        "anyOf": steps,
    }
    return schema


def _expect_schema(definitions: Schema) -> Schema:
    arguments = {}
    for predicate in PREDICATES.values():
        definitions.update(referable_schema(predicate.arguments)["$defs"])
        arguments[predicate.name] = {
            "description": f"{predicate.title.en} / {predicate.title.ja}",
            "$ref": f"#/$defs/{predicate.arguments.__name__}",
        }
    return {
        "description": "a predicate, or predicates with their arguments",
        "anyOf": [
            {"enum": list(PREDICATES)},
            {"type": "object", "properties": arguments, "additionalProperties": False, "minProperties": 1},
        ],
    }


def _closed(title: str, properties: Schema, required: list[str]) -> Schema:
    return {
        "title": title,
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def _not_null(schema: Schema) -> Schema:
    branches = [branch for branch in schema.get("anyOf", ()) if branch != {"type": "null"}]
    if len(branches) != 1:
        return schema
    return {"description": schema.get("description", ""), **branches[0]}


def _or_reference(wanted: Schema) -> Schema:
    """Return `wanted` with a reference allowed in its place, and in place of each entry within it."""
    about: Schema = {key: wanted[key] for key in ("description", "default") if key in wanted}
    bare = {key: value for key, value in wanted.items() if key not in about}
    branches = bare["anyOf"] if set(bare) == {"anyOf"} else [bare]
    return {**about, "anyOf": [*(_or_references_inside(branch) for branch in branches), {"$ref": "#/$defs/Reference"}]}


def _or_references_inside(branch: Schema) -> Schema:
    inside = {key: branch[key] for key in ("items", "additionalProperties") if isinstance(branch.get(key), dict)}
    return branch | {key: _or_reference(entry) for key, entry in inside.items() if entry}


def _headed(schema: Schema, title: str) -> Schema:
    return {"$schema": _DIALECT, "title": f"mgcc: {title}", **schema}


def _name_hooks(schema: Schema) -> None:
    for definition in schema["$defs"].values():
        hooks = definition.get("properties", {}).get("hooks")
        if hooks is not None:
            hooks["propertyNames"] = {"enum": list(HOOKS)}
            hooks["description"] = "; ".join(f"{hook.name}: {hook.title.en}" for hook in HOOKS.values())


def _name_keys(schema: Schema, info: Any, seen: set[str]) -> None:
    """Add `propertyNames` where a struct's mapping is keyed by an enumeration; msgspec leaves it out."""
    if isinstance(info, inspect.StructType):
        name = info.cls.__name__
        if name in seen:
            return
        seen.add(name)
        properties = schema["$defs"][name]["properties"]
        for field in info.fields:
            key = _enum_key(field.type)
            if key is not None:
                properties[field.encode_name]["propertyNames"] = {"enum": key}
    for attribute in ("type", "item_type", "value_type"):
        inner = getattr(info, attribute, None)
        if inner is not None:
            _name_keys(schema, inner, seen)
    for attribute in ("fields", "types", "item_types"):
        for inner in getattr(info, attribute, ()):
            _name_keys(schema, inner, seen)


def _enum_key(info: Any) -> list[str] | None:
    while isinstance(info, inspect.Metadata):
        info = info.type
    if isinstance(info, inspect.DictType) and isinstance(info.key_type, inspect.EnumType):
        return [member.value for member in info.key_type.cls]
    return None
