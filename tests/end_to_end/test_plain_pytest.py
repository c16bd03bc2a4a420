"""Vector files are pytest files: the usual options work, through the plugin's entry point."""

import json
import xml.etree.ElementTree as ET
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from laboratory import HOUSE, Laboratory, mgcc, plain_pytest

PKI = HOUSE / "test_vectors" / "PKI"
ALONE = ("-p", "no:cacheprovider", "--rootdir", "/", "-c", "/dev/null")


def test_the_plugin_is_found_by_its_entry_point() -> None:
    assert {point.value for point in entry_points(group="pytest11", name="mgcc")} == {"conformance.plugin"}


def test_a_family_runs_with_the_usual_options(endpoint: Path, tmp_path: Path) -> None:
    done = plain_pytest(
        *(PKI, "--endpoint", endpoint, "-k", "client-leaf-expired", "--run-dir", tmp_path / "run"),
        *("--junitxml", tmp_path / "junit.xml", "--alluredir", tmp_path / "allure", *ALONE),
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    cases = list(ET.parse(tmp_path / "junit.xml").getroot().iter("testcase"))  # noqa: S314  written by pytest
    results = [json.loads(path.read_bytes()) for path in (tmp_path / "allure").glob("*-result.json")]
    report = json.loads((tmp_path / "run" / "report.json").read_bytes())
    ran = [row for row in report["items"] if row.get("attempts")]
    assert len(cases) == len(results) == len(ran) > 3
    assert {row["vector"] for row in ran} == {"PKI-02/client-leaf-expired"}
    properties = {one.get("name") for case in cases for one in case.iter("property")}
    assert {"criterion", "connection-point", "binding", "clause", "verdict"} <= properties
    for result in results:
        labels = {label["name"]: label["value"] for label in result["labels"]}
        assert {"connection-point", "binding", "clause"} <= labels.keys()
        assert (labels["criterion"], labels["gate"]) == ("PKI-02", "connect")
        assert [one["name"] for one in result["parameters"]] == ["region"]
    assert mgcc("sanitise", tmp_path / "allure").returncode == 0
    cleaned = [json.loads(path.read_bytes()) for path in (tmp_path / "allure").glob("*-result.json")]
    assert len(cleaned) == len(results)
    assert not {"host", "thread"} & {label["name"] for result in cleaned for label in result["labels"]}


def test_one_file_can_be_run(endpoint: Path, tmp_path: Path) -> None:
    done = plain_pytest(
        *(PKI / "PKI-06_key_usage.yaml", "--endpoint", endpoint, "--run-dir", tmp_path / "run", *ALONE), cwd=tmp_path
    )
    assert done.returncode == 0, done.stdout
    assert "passed" in done.stdout


def test_a_non_conformity_is_a_failure_told_without_a_traceback_and_x_stops_there(
    lab: Laboratory, tmp_path: Path
) -> None:
    with lab.serving("faulty", "accepts-expired-client-certificate") as endpoint:
        done = plain_pytest(
            *(PKI, "--endpoint", endpoint, "-x", "-k", "client-leaf-expired", "--run-dir", tmp_path / "run"),
            *("--junitxml", tmp_path / "junit.xml", *ALONE),
            cwd=tmp_path,
        )
    assert done.returncode == 1
    assert "[served-despite-defect]" in done.stdout
    assert "Traceback" not in done.stdout
    assert "conformance/plugin.py" not in done.stdout
    root = ET.parse(tmp_path / "junit.xml").getroot()  # noqa: S314  written by pytest
    assert len(list(root.iter("failure"))) == 1
    assert list(root.iter("error")) == []
    report = json.loads((tmp_path / "run" / "report.json").read_bytes())
    assert report["complete"] is False
    assert [row["verdict"] for row in report["items"] if row.get("attempts")].count("fail") == 1


def test_without_an_endpoint_vector_files_are_left_alone(tmp_path: Path) -> None:
    done = plain_pytest(PKI, *ALONE, cwd=tmp_path)
    assert done.returncode == pytest.ExitCode.NO_TESTS_COLLECTED
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    "argv", [("--endpoint", "missing.yaml"), ("--endpoint", "ENDPOINT", "--run-dir", "here")], ids=["file", "run-dir"]
)
def test_a_configuration_mistake_is_a_usage_error_in_one_line(
    argv: tuple[str, ...], endpoint: Path, tmp_path: Path
) -> None:
    (tmp_path / "here").mkdir()
    done = plain_pytest(PKI, *(str(endpoint) if part == "ENDPOINT" else part for part in argv), *ALONE, cwd=tmp_path)
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "Traceback" not in done.stdout + done.stderr
    assert len([line for line in done.stderr.splitlines() if line.startswith("ERROR")]) == 1


def test_only_collecting_touches_no_product_and_leaves_no_run(endpoint: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    done = plain_pytest(PKI, "--endpoint", endpoint, "--collect-only", "-q", "--run-dir", run, *ALONE, cwd=tmp_path)
    assert done.returncode == 0
    assert "PKI-02/client-leaf-expired@distribution:https#a-day-ago" in done.stdout
    assert not run.exists()
