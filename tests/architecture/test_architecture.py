"""The house stands as it was planned: who may import whom, and what no module may do."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[2]
PACKAGES = ("conformance", "reference_impl", "reports")
LONGEST_MODULE = 400

LAYERS: tuple[frozenset[str], ...] = tuple(
    frozenset(layer.split())
    for layer in (
        "conformance.model",
        "conformance.wire conformance.attestation conformance.pki conformance.catalogue conformance.hooks",
        "conformance.tcp conformance.tls_client conformance.judges conformance.decision conformance.evidence",
        "conformance.channel",
        "conformance.probes conformance.assembly",
        "conformance.engine",
        "conformance.preflight conformance.verifying conformance.campaign conformance.reference",
        "conformance.opening",
        "conformance.plugin conformance.proving",
        "conformance.cli",
    )
)
"""From the ground up; a part may use the layers below its own, and what stands in ALLOWED."""

ALLOWED: dict[str, set[str]] = {
    "conformance.model": set(),
    "conformance.wire": {"conformance.model"},
    "conformance.attestation": {"conformance.model"},
    "conformance.pki": {"conformance.model"},
    "conformance.catalogue": {"conformance.model"},
    "conformance.hooks": {"conformance.model"},
    "conformance.decision": {"conformance.model"},
    "conformance.evidence": {"conformance.model"},
    "conformance.judges": {"conformance.model", "conformance.wire", "conformance.attestation"},
    "conformance.probes": {
        "conformance.model",
        "conformance.wire",
        "conformance.attestation",
        "conformance.pki",
        "conformance.channel",
        "conformance.tcp",
        "conformance.tls_client",
    },
    "conformance.assembly": {
        "conformance.model",
        "conformance.judges",
        "conformance.decision",
        "conformance.evidence",
    },
    "conformance.verifying": {"conformance.model", "conformance.assembly", "conformance.evidence"},
    "conformance.reference": {"conformance.model", "conformance.pki"},
}
"""Parts that may use less than all layers below them."""


def _modules() -> dict[str, Path]:
    found = {}
    for package in PACKAGES:
        for path in sorted((HOUSE / package).rglob("*.py")):
            parts = list(path.relative_to(HOUSE).with_suffix("").parts)
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = _modules()
TREES = {name: ast.parse(path.read_text("utf-8")) for name, path in MODULES.items()}


def _imports(name: str, *, started_with: bool = False) -> Iterator[str]:
    """Yield the modules of the house that `name` imports; `started_with` leaves out imports inside functions."""
    nodes = TREES[name].body if started_with else ast.walk(TREES[name])
    for node in nodes:
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name}:{node.lineno}: a relative import"
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in MODULES else str(node.module)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def _part(module: str) -> str:
    """The room that a module stands in: `conformance.judges` for `conformance.judges.item`."""
    return ".".join(module.split(".")[:2])


def _graph() -> dict[str, set[str]]:
    graph: dict[str, set[str]] = defaultdict(set)
    for name in MODULES:
        for target in _imports(name):
            if target.split(".")[0] == "conformance" and _part(target) != _part(name):
                graph[_part(name)].add(_part(target))
    return graph


def _layer(part: str) -> int:
    return next(number for number, layer in enumerate(LAYERS) if part in layer)


CONFORMANCE_PARTS = sorted({_part(name) for name in MODULES if name.startswith("conformance.")})


@pytest.mark.parametrize("part", CONFORMANCE_PARTS)
def test_every_part_of_the_suite_has_its_layer(part: str) -> None:
    assert any(part in layer for layer in LAYERS)


@pytest.mark.parametrize("part", CONFORMANCE_PARTS)
def test_no_part_imports_from_its_own_layer_or_above(part: str) -> None:
    upward = {target for target in _graph()[part] if _layer(target) >= _layer(part)}
    assert upward == set()


@pytest.mark.parametrize("part", sorted(set(ALLOWED) & set(CONFORMANCE_PARTS)))
def test_a_part_imports_only_what_the_plan_lets_it(part: str) -> None:
    assert _graph()[part] <= ALLOWED[part]


def test_a_probe_knows_no_judge_and_a_judge_no_network() -> None:
    graph = _graph()
    assert "conformance.judges" not in graph["conformance.probes"]
    network = {"socket", "ssl", "OpenSSL", "requests", "urllib3", "http", "asyncio", "subprocess", "selectors", "time"}
    for name in MODULES:
        if _part(name) in {"conformance.judges", "conformance.decision"}:
            assert {target.split(".")[0] for target in _imports(name)} & network == set(), name


def test_the_model_does_no_input_or_output() -> None:
    outside = {"socket", "os", "io", "pathlib", "subprocess", "yaml", "requests", "OpenSSL", "cryptography", "pytest"}
    for name in MODULES:
        if _part(name) == "conformance.model":
            assert {target.split(".")[0] for target in _imports(name)} & outside == set(), name


@pytest.mark.parametrize(
    ("package", "foreign"),
    [
        ("reference_impl", {"conformance", "reports"}),
        ("conformance", {"reference_impl"}),
        ("reports", {"reference_impl"}),
    ],
)
def test_the_suite_shares_no_code_with_what_it_tests(package: str, foreign: set[str]) -> None:
    for name in MODULES:
        if name.split(".")[0] == package:
            assert {target.split(".")[0] for target in _imports(name)} & foreign == set(), name


def test_reports_know_the_model_and_nothing_else_of_the_suite() -> None:
    for name in MODULES:
        if name.split(".")[0] == "reports":
            parts = {_part(target) for target in _imports(name) if target.startswith("conformance")}
            assert parts <= {"conformance.model"}, name


def test_only_the_command_composes_suite_and_reports() -> None:
    users = {
        _part(name)
        for name in MODULES
        if name.startswith("conformance") and any(target.startswith("reports") for target in _imports(name))
    }
    assert users <= {"conformance.cli"}


@pytest.mark.parametrize("package", PACKAGES)
def test_no_modules_import_each_other_in_a_circle(package: str) -> None:
    graph = {
        name: {target for target in _imports(name, started_with=True) if target in MODULES and target != name}
        for name in MODULES
        if name.split(".")[0] == package
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as circle:
        pytest.fail(f"a circle: {' -> '.join(circle.args[1])}")


def _called(node: ast.AST) -> str:
    return ast.unparse(node.func) if isinstance(node, ast.Call) else ""


@pytest.mark.parametrize("name", MODULES)
def test_no_module_runs_a_shell_or_text_as_code_or_unpickles(name: str) -> None:
    for node in ast.walk(TREES[name]):
        if not isinstance(node, ast.Call):
            continue
        called = _called(node)
        assert called not in {"eval", "exec", "compile", "__import__", "os.system", "os.popen"}, node.lineno
        assert not called.startswith(("pickle.", "marshal.", "shelve.", "dill.")), node.lineno
        assert [word for word in node.keywords if word.arg == "shell"] == [], node.lineno
    assert {target.split(".")[0] for target in _imports(name)} & {"pickle", "marshal", "shelve", "telnetlib"} == set()


@pytest.mark.parametrize("name", MODULES)
def test_yaml_is_loaded_by_the_safe_loader_only(name: str) -> None:
    for node in ast.walk(TREES[name]):
        if not _called(node).startswith("yaml."):
            continue
        assert isinstance(node, ast.Call)
        called = _called(node).removeprefix("yaml.")
        assert called not in {"load_all", "full_load", "unsafe_load", "full_load_all", "unsafe_load_all"}, node.lineno
        if called in {"load", "scan", "parse", "compose"}:
            loaders = [ast.unparse(word.value) for word in node.keywords if word.arg == "Loader"]
            assert loaders in (["yaml.CSafeLoader"], ["yaml.SafeLoader"]), node.lineno


@pytest.mark.parametrize("name", MODULES)
def test_every_module_says_in_its_first_line_why_it_exists(name: str) -> None:
    told = ast.get_docstring(TREES[name])
    assert told
    assert len(told.splitlines()[0]) > 10


@pytest.mark.parametrize("name", MODULES)
def test_no_module_is_longer_than_one_can_hold_in_mind(name: str) -> None:
    assert len(MODULES[name].read_text("utf-8").splitlines()) <= LONGEST_MODULE


@pytest.mark.parametrize("name", MODULES)
def test_no_module_is_a_drawer_for_everything(name: str) -> None:
    assert not {"utils", "helpers", "common", "misc"} & set(name.split("."))
