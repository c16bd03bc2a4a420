"""What a start may load: scapy, templates and report libraries only where something asks for them."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance import reference
from conformance.pki.lab import create_lab

ONE_ITEM = "TLS-03/client-with-certificate@distribution:https"
SCRIPT = """
import json, sys
from conformance.cli import main
code = main(sys.argv[2:])
with open(sys.argv[1], "w") as file:
    json.dump({"code": code, "modules": sorted(sys.modules)}, file)
"""


def loaded_by(folder: Path, *argv: str) -> set[str]:
    """The packages at the top that `mgcc ARGV` has loaded when it is done; it has to end with 0."""
    told = folder / "told.json"
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(told), *argv], cwd=folder, capture_output=True, text=True, check=False
    )
    assert told.is_file(), done.stderr
    content = json.loads(told.read_text())
    assert content["code"] == 0, done.stdout + done.stderr
    return {name.partition(".")[0] for name in content["modules"]}


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("imports")
    reference.prepare(create_lab(folder / "lab"), folder / "home")
    with reference.serving(folder / "home", log=folder / "log") as announced:
        path = folder / "endpoint.yaml"
        path.write_text(reference.endpoint_text(announced, Path("lab")), encoding="utf-8")
        yield path


def test_the_list_of_criteria_loads_neither_tls_nor_pytest_nor_reports(tmp_path: Path) -> None:
    loaded = loaded_by(tmp_path, "criteria", "list")
    assert not loaded & {"scapy", "OpenSSL", "cryptography", "requests", "pytest", "jinja2", "reference_impl"}


def test_one_tls_item_without_views_loads_neither_scapy_nor_the_libraries_of_reports(
    endpoint: Path, tmp_path: Path
) -> None:
    options = ("--endpoint", str(endpoint), "--select", ONE_ITEM, "--format", "none", "--out", "run")
    loaded = loaded_by(tmp_path, "run", *options)
    assert not loaded & {"scapy", "jinja2", "allure_commons", "asyncio", "jsonschema_rs", "hypothesis"}


def test_one_tls_item_with_every_view_does_without_scapy(endpoint: Path, tmp_path: Path) -> None:
    options = ("--endpoint", str(endpoint), "--select", ONE_ITEM, "--out", "run")
    assert "scapy" not in loaded_by(tmp_path, "run", *options)
