"""The whole suite against the bundled reference: every row, every view, nothing secret, and the same again offline."""

import json
import re
import stat
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from laboratory import HOST, HOUSE, USER, Laboratory, Whole, mgcc

from conformance.catalogue.endpoint_file import load_endpoint
from conformance.catalogue.load import load_catalogue
from conformance.catalogue.plan import plan
from conformance.model.operations import OPERATIONS, Height
from conformance.model.vector import walk


@pytest.fixture(scope="module")
def report(whole: Whole) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((whole.folder / "report.json").read_bytes())
    return content


def test_the_run_says_that_nothing_failed_and_that_much_is_not_assessed(whole: Whole, report: dict[str, Any]) -> None:
    assert whole.said.returncode == 2, whole.said.stderr
    assert report["complete"] is True
    assert {decision["word"] for decision in report["decisions"]} == {"not-assessed"}
    assert "NOT ASSESSED" in whole.said.stdout
    assert "Traceback" not in whole.said.stdout + whole.said.stderr


def test_every_active_item_that_ran_passed(report: dict[str, Any]) -> None:
    ran = [row for row in report["items"] if row.get("attempts") and row["status"] == "active"]
    assert [row["id"] for row in ran if row["verdict"] != "pass"] == []
    assert len(ran) > 300


def test_every_item_of_the_plan_has_its_row_and_every_row_without_a_run_its_reason(
    whole: Whole, report: dict[str, Any]
) -> None:
    catalogue = load_catalogue()
    planned = [item.id for item in plan(catalogue, load_endpoint(whole.endpoint, catalogue.criteria).endpoint)]
    rows = [row["id"] for row in report["items"]]
    assert sorted(rows) == sorted(planned)
    assert len(set(rows)) == len(rows)
    for row in report["items"]:
        assert row.get("attempts") or (row["why"]["en"] and row["why"]["ja"])


def test_ten_service_vectors_ran_unchanged_over_both_bindings(report: dict[str, Any]) -> None:
    catalogue = load_catalogue()
    served: dict[str, set[str]] = {}
    for row in report["items"]:
        if row.get("attempts") and row["verdict"] == "pass" and row["status"] == "active":
            served.setdefault(row["vector"], set()).add(row["binding"])
    both = [vector for vector, bindings in served.items() if bindings >= {"https", "modbus"}]
    service = [
        vector
        for vector in both
        if all(
            OPERATIONS[step.op].height is Height.SERVICE
            for _, step in walk(catalogue.vectors[vector].vector.steps)
            if step.op
        )
    ]
    assert len(service) >= 10
    commanding = [
        vector
        for vector in service
        if any(step.op != "service.read" for _, step in walk(catalogue.vectors[vector].vector.steps))
    ]
    assert len(commanding) >= 5


def test_sixty_pairs_of_criterion_and_defect_and_half_of_them_invalid(report: dict[str, Any]) -> None:
    ran = {
        row["vector"]: row["behaviour"] for row in report["items"] if row.get("attempts") and row["status"] == "active"
    }
    assert len(ran) >= 60
    assert sum(1 for behaviour in ran.values() if behaviour == "invalid") >= len(ran) / 2


def test_the_report_keeps_to_its_schema(report: dict[str, Any]) -> None:
    schema = json.loads((HOUSE / "test_vectors" / "schema" / "report.schema.json").read_bytes())
    errors = [
        f"{error.instance_path}: {error.message}" for error in jsonschema_rs.validator_for(schema).iter_errors(report)
    ]
    assert errors[:3] == []


def test_stored_files_say_of_which_format_and_judge_they_are(whole: Whole, report: dict[str, Any]) -> None:
    assert report["format"] == "mgcc-report/1"
    with (whole.folder / "events.jsonl").open("rb") as log:
        transcript = next(event for event in map(json.loads, log) if event["kind"] == "transcript")["data"]
    assert transcript["format"] == "mgcc-transcript/1"
    assert transcript["judge"].startswith("mgcc-judge/")
    assert "clock_tolerance_s" in transcript["context"]


def test_every_region_point_and_binding_has_its_decision(report: dict[str, Any]) -> None:
    shown = {(one["connection_point"], one["region"], one.get("binding")) for one in report["decisions"]}
    for region in ("jp", "us", "eu"):
        assert {("distribution", region, None), ("aggregation", region, None)} <= shown
        assert {("distribution", region, "https"), ("distribution", region, "modbus")} <= shown


def verdicts(report: dict[str, Any]) -> Counter[str]:
    return Counter(row["verdict"] for row in report["items"])


def test_junit_counts_what_the_report_counts(whole: Whole, report: dict[str, Any]) -> None:
    cases = list(ET.parse(whole.folder / "junit.xml").getroot().iter("testcase"))  # noqa: S314  written by us
    counted = verdicts(report)
    assert len(cases) == len(report["items"])
    assert sum(1 for case in cases if case.find("failure") is not None) == counted["fail"]
    skipped = sum(1 for case in cases if case.find("skipped") is not None)
    drafts = [row for row in report["items"] if row["status"] == "draft" and row.get("attempts")]
    assert skipped in {
        counted["not-applicable"] + counted["not-run"],
        counted["not-applicable"] + counted["not-run"] + len(drafts),
    }
    assert len([case for case in cases if case.find("error") is not None]) == counted["error"] + counted["inconclusive"]


def test_allure_counts_what_the_report_counts(whole: Whole, report: dict[str, Any]) -> None:
    results = [json.loads(path.read_bytes()) for path in (whole.folder / "allure-results").glob("*-result.json")]
    attempts = sum(max(1, len(row.get("attempts", ()))) for row in report["items"])
    assert len(results) == attempts
    statuses = Counter(result["status"] for result in results)
    counted = verdicts(report)
    assert statuses["passed"] >= counted["pass"] - sum(1 for row in report["items"] if row["status"] == "draft")
    assert statuses["failed"] == counted["fail"]
    labels = {label["name"] for result in results for label in result["labels"]}
    assert {"criterion", "connection_point", "binding", "clause", "gate"} <= {name.replace("-", "_") for name in labels}


def test_the_page_shows_every_row_and_needs_nothing_from_elsewhere(whole: Whole, report: dict[str, Any]) -> None:
    page = (whole.folder / "report.html").read_text("utf-8")
    missing = [row["id"] for row in report["items"] if row["id"] not in page]
    assert missing[:3] == []
    assert re.findall(r"""(?:src|href)\s*=\s*["']?(?:https?:)?//""", page) == []
    assert "接続" in page


KEY_LOG = (b"CLIENT_RANDOM", b"CLIENT_HANDSHAKE_TRAFFIC_SECRET", b"SERVER_TRAFFIC_SECRET_0", b"EXPORTER_SECRET")


def test_nothing_that_leaves_the_laboratory_is_secret_or_tells_of_its_machines(whole: Whole, lab: Laboratory) -> None:
    telling = [
        b"PRIVATE KEY",
        *KEY_LOG,
        HOST.encode(),
        USER.encode(),
        str(lab.folder).encode(),
        str(HOUSE).encode(),
        str(Path.home() / "x").encode()[:-2] + b"/.",
    ]
    keys = [path.read_bytes() for path in (*lab.folder.rglob("lab/**/*.key"), *lab.folder.rglob("home/*/key.pem"))]
    bodies = [b"".join(key.splitlines()[1:-1])[20:80] for key in keys]
    assert len(bodies) > 5
    for path in whole.folder.rglob("*"):
        if path.is_file() and path.parent.name != "keys":
            content = path.read_bytes()
            found = [words for words in (*telling, *bodies) if words in content]
            assert found == [], path.name


def test_no_view_names_a_process(whole: Whole) -> None:
    for path in (whole.folder / "allure-results").glob("*-result.json"):
        names = {label["name"] for label in json.loads(path.read_bytes())["labels"]}
        assert names & {"host", "thread", "pid", "user"} == set()
    assert 'hostname="' not in (whole.folder / "junit.xml").read_text("utf-8").replace('hostname=""', "")


def test_the_keys_of_the_connections_lie_in_a_file_of_their_own(whole: Whole) -> None:
    keys = whole.folder / "keys"
    assert stat.S_IMODE(keys.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in keys.iterdir()} == {0o600}
    assert any(words in path.read_bytes() for path in keys.iterdir() for words in KEY_LOG)


def test_the_stored_run_verifies_and_is_judged_the_same_without_the_product(
    whole: Whole, report: dict[str, Any], tmp_path: Path
) -> None:
    verified = mgcc("verify", whole.folder)
    assert verified.returncode == 0, verified.stderr
    again = mgcc("rejudge", whole.folder, "--json", tmp_path / "again.json")
    assert again.returncode == whole.said.returncode
    rejudged = json.loads((tmp_path / "again.json").read_bytes())
    assert rejudged["items"] == report["items"]
    assert rejudged["decisions"] == report["decisions"]


def test_a_stored_run_can_be_kept_without_its_keys(whole: Whole, tmp_path: Path) -> None:
    import shutil  # noqa: PLC0415  only this test copies

    bundle = Path(shutil.copytree(whole.folder, tmp_path / "bundle", ignore=shutil.ignore_patterns("keys")))
    assert mgcc("verify", bundle).returncode == 0
