from collections import Counter
from xml.etree import ElementTree as ET

import pytest

from conformance.model.finding import Verdict
from conformance.model.report import Report
from conformance.model.text import Language
from reports.junit import render
from reports.mapping import MAPPING
from reports.sanitise import cleaned


@pytest.fixture
def root(report: Report) -> ET.Element:
    return ET.fromstring(render(cleaned(report)))  # noqa: S314  our own document


def _properties(element: ET.Element) -> list[tuple[str, str]]:
    return [(one.attrib["name"], one.attrib["value"]) for one in element.findall("properties/property")]


def test_every_planned_item_is_one_testcase_with_its_true_verdict(root: ET.Element, report: Report) -> None:
    found = {case.attrib["name"]: dict(_properties(case))["verdict"] for case in root.iter("testcase")}
    assert found == {item.id: item.verdict for item in report.items}


def test_elements_follow_the_mapping_table(root: ET.Element, report: Report) -> None:
    verdicts = {item.id: item.verdict for item in report.items}
    for case in root.iter("testcase"):
        element = [child.tag for child in case if child.tag != "properties"]
        expected = MAPPING[verdicts[case.attrib["name"]]].junit
        assert element == ([expected] if expected else [])


def test_totals_are_those_of_the_cases(root: ET.Element, report: Report) -> None:
    elements = Counter(MAPPING[item.verdict].junit for item in report.items)
    for holder in (root, *root.findall("testsuite")):
        assert int(holder.attrib["tests"]) == len(list(holder.iter("testcase")))
    assert int(root.attrib["failures"]) == elements["failure"] == 5
    assert int(root.attrib["errors"]) == elements["error"] == 1
    assert int(root.attrib["skipped"]) == elements["skipped"] == 3


def test_what_was_skipped_says_why_and_what_failed_says_expected_and_observed(root: ET.Element) -> None:
    cases = {case.attrib["name"]: case for case in root.iter("testcase")}
    skipped = cases["AUD-01/refusal-logged@distribution:https"].find("skipped")
    assert skipped is not None
    assert "needs hook:clock-set" in skipped.attrib["message"]
    failure = cases["PKI-02/client-leaf-expired@distribution:modbus"].find("failure")
    assert failure is not None
    assert failure.text is not None
    assert "expected: the service is refused" in failure.text
    assert "observed: HTTP 200 on GET" in failure.text
    assert "again: mgcc run" in failure.text


def test_properties_name_criterion_point_binding_region_and_each_clause(root: ET.Element) -> None:
    (case,) = [case for case in root.iter("testcase") if case.attrib["name"].endswith("+eu")]
    properties = _properties(case)
    assert [value for name, value in properties if name == "clause"] == ["RFC 5280 4.1.2.5", "IEC 62351-3 5.6.4.5"]
    assert {
        ("criterion", "DAT-02"),
        ("connection-point", "aggregation"),
        ("binding", "https"),
        ("region", "eu"),
        ("gate", "restrict"),
        ("reason", "content-wrong"),
    } <= set(properties)


def test_suites_carry_the_run_and_the_decisions_and_no_hostname(root: ET.Element) -> None:
    suites = root.findall("testsuite")
    assert [suite.attrib["name"] for suite in suites] == [
        "mgcc.distribution.https",
        "mgcc.distribution.modbus",
        "mgcc.aggregation.https",
    ]
    assert ("decision.jp", "do-not-connect") in _properties(suites[0])
    assert ("decision.eu", "connect-with-conditions") in _properties(suites[2])
    assert all("hostname" not in element.attrib for element in root.iter())


def test_characters_that_xml_forbids_are_written_out_even_without_cleaning(report: Report) -> None:
    root = ET.fromstring(render(report))  # noqa: S314  our own document
    text = ET.tostring(root, encoding="unicode")
    assert "\\x1b[2J" in text
    assert "\\ufffe" in text


def test_the_prose_is_in_the_language_asked_for(report: Report) -> None:
    text = render(cleaned(report), Language.JA).decode()
    assert "判定不能" in text
    assert "期限が切れたクライアント証明書" in text
    assert all(f'value="{verdict}"' in text for verdict in Verdict)
