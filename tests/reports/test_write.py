import errno
import json
import re
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from report_sample import SECRET, sample

from conformance.model.finding import Verdict
from conformance.model.report import Report
from conformance.model.text import Language
from reports.mapping import MAPPING
from reports.reading import counts
from reports.sanitise import Machine
from reports.write import NAMES, UnknownFormatError, ViewNotWrittenError, write_views


def _everything(folder: Path) -> dict[str, str]:
    return {str(path): path.read_text(encoding="utf-8") for path in folder.rglob("*") if path.is_file()}


def test_each_format_becomes_its_file_and_nothing_else_is_left(report: Report, tmp_path: Path) -> None:
    paths = write_views(report, tmp_path)
    assert [path.name for path in paths] == list(NAMES.values())
    assert {path.name for path in tmp_path.iterdir()} == set(NAMES.values())


@pytest.mark.parametrize("language", list(Language))
def test_no_output_tells_of_the_machine_or_a_secret(
    report: Report, tmp_path: Path, planted: Machine, language: Language
) -> None:
    write_views(report, tmp_path, language=language)
    texts = _everything(tmp_path)
    assert len(texts) == len(report.items) + 5
    for name, text in texts.items():
        for leak in (SECRET, *planted.hosts, *planted.users, "/home/", "hostname"):
            assert leak not in text, (name, leak)
    assert any("FileNotFoundError: [path]/issuing.key" in text for text in texts.values()), (
        "and the story is still told"
    )


def test_all_views_count_alike(report: Report, tmp_path: Path) -> None:
    write_views(report, tmp_path)
    expected = {verdict: number for verdict, number in counts(report.items).items() if number}
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    rows = re.findall(r'<details class="item"[^>]*>\s*<summary>\s*<span class="verdict v-([a-z-]+)">', page)
    cases = ET.parse(tmp_path / "junit.xml").iter("testcase")  # noqa: S314  our own document
    properties = [
        one.attrib["value"] for case in cases for one in case.iter("property") if one.attrib["name"] == "verdict"
    ]
    results = [json.loads(path.read_text()) for path in (tmp_path / "allure-results").glob("*-result.json")]
    labels = [one["value"] for result in results for one in result["labels"] if one["name"] == "verdict"]
    for found in (rows, properties, labels):
        assert {verdict: found.count(verdict) for verdict in expected} == expected
        assert len(found) == len(report.items)
    assert set(expected) == set(Verdict) == set(MAPPING)


def test_writing_again_replaces_and_leaves_the_master_record_alone(report: Report, tmp_path: Path) -> None:
    master = tmp_path / "report.json"
    master.write_bytes(b'{"format": "mgcc-report/1"}')
    before = master.read_bytes()
    write_views(report, tmp_path)
    write_views(sample(items=report.items[:3]), tmp_path)
    assert master.read_bytes() == before
    assert len(list((tmp_path / "allure-results").glob("*-result.json"))) == 3
    assert {path.name for path in tmp_path.iterdir()} == {*NAMES.values(), "report.json"}


@contextmanager
def _no_file_larger_than(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("name", list(NAMES))
def test_a_disk_that_refuses_is_one_clear_error_and_the_older_view_stays(
    report: Report, tmp_path: Path, name: str
) -> None:
    (tmp_path / "report.json").write_bytes(b"{}")
    (path,) = write_views(sample(items=report.items[:1]), tmp_path, (name,))
    before = _everything(tmp_path)
    with _no_file_larger_than(1000), pytest.raises(ViewNotWrittenError, match=r"report\.json is as it was") as caught:
        write_views(report, tmp_path, (name,))
    assert caught.value.errno == errno.EFBIG
    assert str(path) in caught.value.text.en
    assert "report.jsonは変更されていない" in caught.value.text.ja
    assert _everything(tmp_path) == before
    assert {one.name for one in tmp_path.iterdir()} == {"report.json", NAMES[name]}


def test_a_folder_that_is_a_file_is_one_clear_error(report: Report, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ViewNotWrittenError, match="could not be written"):
        write_views(report, tmp_path / "file", ("junit",))


def test_an_unknown_format_is_refused_before_anything_is_written(report: Report, tmp_path: Path) -> None:
    with pytest.raises(UnknownFormatError, match="unknown report format odt; known are html, junit, allure"):
        write_views(report, tmp_path, ("html", "odt"))
    assert list(tmp_path.iterdir()) == []
