"""JSON Schemas: current, and of the same mind as the model."""

from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from conformance.catalogue.load import default_root
from conformance.catalogue.schema import schema_drift, schemas, write_schemas
from conformance.catalogue.yaml_source import read_source
from conformance.model.operations import OPERATIONS
from conformance.model.predicates import PREDICATES


def steps_schema() -> Any:
    return jsonschema_rs.validator_for(schemas()["vectors.schema.json"])


def vector_with(step: dict[str, Any]) -> dict[str, Any]:
    title = {"en": "a", "ja": "あ"}
    vector = {
        "id": "a", "status": "draft", "title": title, "behaviour": "valid", "clauses": ["RFC 5280"], "steps": [step],
    }  # fmt: skip
    return {"criterion": "PKI-02", "vectors": [vector]}


def test_the_checked_in_schemas_are_what_the_model_generates() -> None:
    assert [problem.in_("en") for problem in schema_drift(default_root() / "schema")] == []


def test_drift_is_told_for_each_file(tmp_path: Path) -> None:
    write_schemas(tmp_path)
    assert schema_drift(tmp_path) == ()
    (tmp_path / "edition.schema.json").write_text("{}")
    (tmp_path / "profile.schema.json").unlink()
    (tmp_path / "old.schema.json").write_text("{}")
    assert [problem.file.rsplit("/", 1)[-1] for problem in schema_drift(tmp_path)] == [
        "edition.schema.json", "profile.schema.json", "old.schema.json",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("folder", "schema"),
    [("criteria", "criteria"), ("profiles", "profile"), ("editions", "edition"), ("[A-Z][A-Z][A-Z]", "vectors")],
)
def test_the_suite_own_files_fit_their_schema(folder: str, schema: str) -> None:
    validator = jsonschema_rs.validator_for(schemas()[f"{schema}.schema.json"])
    for path in sorted(default_root().glob(f"{folder}/*.yaml")):
        problems = [
            f"{path.name}: {problem.message[:300]}" for problem in validator.iter_errors(read_source(path).value)
        ]
        assert problems == []


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_every_operation_is_known_with_its_own_parameters(name: str) -> None:
    validator = steps_schema()
    unknown = {"op": name, "with": {"no_such_parameter": 1}}
    assert not validator.is_valid(vector_with(unknown))
    required = {
        "control.send": {"type": "export-limit", "value": 1},
        "port.probe": {"port": 80, "speak": "http"},
        "hook.call": {"hook": "reboot"},
    }.get(name, {})
    assert validator.is_valid(vector_with({"op": name, "with": required}))


@pytest.mark.parametrize("name", sorted(PREDICATES))
def test_every_predicate_is_known(name: str) -> None:
    assert steps_schema().is_valid(vector_with({"op": "service.read", "expect": name}))


@pytest.mark.parametrize(
    ("step", "good"),
    [
        ({"op": "service.read", "expect": {"refused": {"by": "tls"}}}, True),
        ({"op": "service.read", "expect": {"refused": {"by": "nobody"}}}, False),
        ({"op": "service.read", "expect": "refusd"}, False),
        ({"op": "service.read", "twin": {"as": "viewer"}}, True),
        ({"op": "service.read", "twin": {"as": "nobody"}}, False),
        ({"op": "port.probe", "with": {"port": "${row.port}", "speak": "${row.speak}"}}, True),
        ({"op": "port.probe", "with": {"port": "eighty", "speak": "http"}}, False),
        ({"op": "hello.send", "with": {"suites": ["${row.suite}"]}}, True),
        ({"op": "service.read", "with": {"tls": {"client": {"leaf": {"roles": ["${row.role}"]}}}}}, True),
        ({"op": "service.read", "with": {"tls": {"client": "none"}}}, True),
        ({"arm": {"name": "t", "wait": "30s", "clause": "c"}}, True),
        ({"check": "t"}, True),
        ({"op": "service.read", "check": "t"}, False),
        ({"parallel": [{"op": "service.read"}]}, True),
        ({"op": "service.raed"}, False),
    ],
)
def test_the_editor_sees_what_lint_sees(step: dict[str, Any], good: bool) -> None:
    assert steps_schema().is_valid(vector_with(step)) is good


def test_every_key_of_a_vector_is_described() -> None:
    properties = schemas()["vectors.schema.json"]["$defs"]["Vector"]["properties"]
    assert [name for name, schema in properties.items() if not schema.get("description")] == []
