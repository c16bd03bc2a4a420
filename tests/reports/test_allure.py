import json
from pathlib import Path
from typing import Any

import pytest

from conformance.model.finding import Verdict
from conformance.model.report import Report
from reports.allure import identity, write
from reports.allure_raw import LARGEST_FILE, sanitise
from reports.mapping import MAPPING
from reports.sanitise import Machine, cleaned

Result = dict[str, Any]


@pytest.fixture
def folder(report: Report, tmp_path: Path) -> Path:
    write(cleaned(report), tmp_path / "raw")
    return tmp_path / "raw"


def _results(folder: Path) -> dict[str, Result]:
    found = [json.loads(path.read_text(encoding="utf-8")) for path in folder.glob("*-result.json")]
    return {result["fullName"]: result for result in found}


def _labels(result: Result, name: str) -> list[str]:
    return [label["value"] for label in result["labels"] if label["name"] == name]


def test_every_planned_item_is_one_result_with_the_worst_attempts_status(folder: Path, report: Report) -> None:
    results = _results(folder)
    assert len(list(folder.glob("*-result.json"))) == len(report.items)
    assert {name: result["status"] for name, result in results.items()} == {
        item.id: MAPPING[item.verdict].allure for item in report.items
    }
    assert {name: _labels(result, "verdict") for name, result in results.items()} == {
        item.id: [item.verdict] for item in report.items
    }


def test_a_failed_item_that_passed_later_is_failed_and_shows_both_attempts(folder: Path) -> None:
    result = _results(folder)["PKI-02/client-leaf-expired@distribution:modbus"]
    assert result["status"] == "failed"
    assert [step["status"] for step in result["steps"]] == ["failed", "passed"]
    parameters = {one["name"]: one["value"] for one in result["steps"][0]["steps"][0]["parameters"]}
    assert parameters["expected"].startswith("the service is refused / ")
    assert parameters["reason"] == "served-despite-defect"


def test_region_is_a_parameter_and_three_regions_are_three_results(folder: Path) -> None:
    results = [result for result in _results(folder).values() if _labels(result, "criterion") == ["DAT-02"]]
    regions = {next(one["value"] for one in result["parameters"] if one["name"] == "region") for result in results}
    assert regions == {"jp", "us", "eu"}
    assert len({result["historyId"] for result in results}) == 3


def test_labels_name_criterion_place_gate_and_each_clause(folder: Path) -> None:
    result = _results(folder)["TLS-02/legacy-version@distribution:modbus#ssl3"]
    assert _labels(result, "criterion") == ["TLS-02"]
    assert _labels(result, "connection-point") == ["distribution"]
    assert _labels(result, "binding") == ["modbus"]
    assert _labels(result, "clause") == ["RFC 5280 4.1.2.5", "IEC 62351-3 5.6.4.5"]
    assert _labels(result, "severity") == ["blocker"]
    assert _labels(result, "epic") == ["TLS Transport / トランスポート"]


def test_identity_is_of_the_item_and_the_same_in_every_run(report: Report) -> None:
    identities = [identity(item) for item in report.items]
    assert len(set(identities)) == len(identities)
    assert all(len(one) == 64 for one in identities)


def test_times_are_those_of_the_report(folder: Path) -> None:
    result = _results(folder)["PKI-02/client-leaf-expired@distribution:https"]
    assert result["start"] == 1795425190120
    assert result["stop"] == result["start"] + 13


def test_what_was_not_run_is_there_as_skipped_with_its_reason(folder: Path) -> None:
    result = _results(folder)["AUD-01/refusal-logged@aggregation:https"]
    assert result["status"] == "skipped"
    assert "needs hook:clock-set" in result["statusDetails"]["message"]


def test_nothing_of_the_machine_is_in_the_results(folder: Path, planted: Machine, report: Report) -> None:
    write(cleaned(report, planted), folder.parent / "again")
    for result in _results(folder.parent / "again").values():
        assert not {"host", "thread"} & {label["name"] for label in result["labels"]}
        assert "trace" not in json.dumps(result)


def test_metadata_is_ascii_properties_an_executor_without_address_and_categories(folder: Path) -> None:
    properties = (folder / "environment.properties").read_text(encoding="ascii").splitlines()
    assert "items.fail = 4" in properties
    assert "decision.distribution.jp.modbus = do-not-connect" in properties
    assert "product = Island MMS & S\\u00f6hne 2.1.0" in properties
    assert "hostname" not in "".join(properties)
    executor = json.loads((folder / "executor.json").read_text(encoding="utf-8"))
    assert not any("url" in key.casefold() for key in executor)
    categories = json.loads((folder / "categories.json").read_text(encoding="utf-8"))
    assert len(categories) == len(Verdict) - 1


RAW = {
    "uuid": "1",
    "name": "test_x",
    "status": "failed",
    "statusDetails": {
        "message": "AssertionError: /home/hanako.planted/lab/x.pem on planted-lab-pc\x1b[2J",
        "trace": "def test_x():\n    password = 'in the source'",
    },
    "parameters": [{"name": "key", "value": "'k-planted'", "mode": "masked"}, {"name": "region", "value": "'jp'"}],
    "labels": [
        {"name": "host", "value": "planted-lab-pc"},
        {"name": "thread", "value": "4711-MainThread"},
        {"name": "criterion", "value": "PKI-02"},
    ],
    "attachments": [{"name": "log", "source": "/home/hanako.planted/1-attachment.txt", "type": "text/plain"}],
}


def test_a_raw_folder_is_sanitised_in_place(tmp_path: Path, planted: Machine) -> None:
    (tmp_path / "1-result.json").write_text(json.dumps(RAW), encoding="utf-8")
    (tmp_path / "1-attachment.txt").write_text("open /home/hanako.planted/notes by hanako.planted", encoding="utf-8")
    (tmp_path / "1-attachment.pcap").write_bytes(b"\xd4\xc3\xb2\xa1")
    done = sanitise(tmp_path, planted)
    assert (done.rewritten, done.removed, done.left) == (2, (), ())
    everything = b"".join(path.read_bytes() for path in tmp_path.iterdir()).decode("latin-1")
    for leak in ("planted-lab-pc", "hanako", "4711", "k-planted", "in the source", "\x1b", "/home/"):
        assert leak not in everything
    result = json.loads((tmp_path / "1-result.json").read_text(encoding="utf-8"))
    assert _labels(result, "criterion") == ["PKI-02"]
    assert result["parameters"][1]["value"] == "'jp'"
    assert result["attachments"][0]["source"] == "1-attachment.txt"


def test_what_cannot_be_read_is_taken_out_and_what_is_not_allures_is_left_alone(
    tmp_path: Path, planted: Machine
) -> None:
    (tmp_path / "1-result.json").write_text('{"torn', encoding="utf-8")
    (tmp_path / "2-result.json").write_text("[" * 100_000, encoding="utf-8")
    (tmp_path / "3-attachment.txt").write_bytes(b"\xff\xfe")
    with (tmp_path / "4-attachment.txt").open("wb") as file:
        file.truncate(LARGEST_FILE + 1)
    notes = tmp_path / "notes.txt"
    notes.write_text("of hanako.planted", encoding="utf-8")
    (tmp_path / "5-attachment.txt").symlink_to(notes)
    done = sanitise(tmp_path, planted)
    assert [name for name, _ in done.removed] == [
        "1-result.json",
        "2-result.json",
        "3-attachment.txt",
        "4-attachment.txt",
    ]
    assert done.left == ("5-attachment.txt", "notes.txt")
    assert notes.read_text(encoding="utf-8") == "of hanako.planted"
