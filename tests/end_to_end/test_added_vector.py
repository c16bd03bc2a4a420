"""A vector that an editor adds as data runs over every binding that can carry it, without a line of Python."""

import shutil
from pathlib import Path

import pytest
from laboratory import HOUSE

from conformance.catalogue.lint import lint
from conformance.catalogue.load import load_catalogue
from conformance.catalogue.problem import Severity
from conformance.model.finding import Reason, Verdict
from conformance.opening import Choices, check, open_campaign, read_desk

VECTOR = """\
# yaml-language-server: $schema=../schema/vectors.schema.json
criterion: PKI-07
vectors:
  - id: viewer-with-good-certificate
    status: draft
    title: {en: Viewer with a certificate of the connection point, ja: 接続点の証明書を持つ閲覧者}
    behaviour: valid
    clauses: [RFC 5280 6.1]
    steps:
      - op: service.read
        as: viewer
        expect: served
  - id: viewer-of-yesterday
    status: draft
    title: {en: Viewer whose certificate expired yesterday, ja: 証明書が昨日満了した閲覧者}
    behaviour: invalid
    clauses: [RFC 5280 4.1.2.5]
    matrix:
      short: {until: -1d}
      long: {until: -2d}
    steps:
      - op: state.read
        as: viewer
        with: {tls: {client: {leaf: {not_before: -30d, not_after: "${row.until}"}}}}
        expect: refused
        twin: {tls: {client: {leaf: {not_before: -30d, not_after: +1d}}}}
"""


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    root = Path(shutil.copytree(HOUSE / "test_vectors", tmp_path / "test_vectors"))
    (root / "PKI" / "PKI-07_added.yaml").write_text(VECTOR, encoding="utf-8")
    return root


def test_lint_has_no_error_to_tell_of_it_but_what_a_draft_lacks(desk: Path) -> None:
    here = [problem for problem in lint(desk) if "PKI-07_added" in problem.file]
    assert [problem.code for problem in here if problem.severity is Severity.ERROR] == []


def test_it_runs_over_both_bindings_and_both_points(desk: Path, endpoint: Path, tmp_path: Path) -> None:
    catalogue = load_catalogue(desk)
    selection = ("PKI-07/viewer-with-good-certificate", "PKI-07/viewer-of-yesterday")
    read = read_desk(Choices(endpoint=endpoint, out=tmp_path / "run", selection=selection), catalogue)
    report = open_campaign(read, check(read)).run_all()
    places = {(row.connection_point.value, row.binding) for row in report.items}
    assert places == {("distribution", "https"), ("distribution", "modbus"), ("aggregation", "https")}
    assert len(report.items) == 9
    assert {row.verdict for row in report.items} == {Verdict.PASS}
    reasons = {finding.reason for row in report.items for finding in row.attempts[0].findings}
    assert reasons == {Reason.SERVED_AS_EXPECTED, Reason.REFUSED_BY_TLS}
