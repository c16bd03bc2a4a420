"""Coverage, editions, clauses and skeletons."""

from datetime import date

import pytest
from small_desk import CRITERION, UNTESTED, VECTOR, Desk

from conformance.catalogue.clauses import cites
from conformance.catalogue.coverage import CoverageWord, coverage, markdown, table
from conformance.catalogue.editions import ChangeKind, diff, edition_in_force, find_edition, freeze
from conformance.catalogue.problem import CatalogueError, SelectionError
from conformance.catalogue.skeleton import new_vector
from conformance.model.criterion import Certainty, Reference
from conformance.model.text import Language, Text

TITLE = Text("First", "初版")
DAY = date(2026, 11, 23)


def frozen(desk: Desk) -> None:
    freeze(desk.load(), "2026-draft-1", title=TITLE, frozen_on=DAY)


def changes(desk: Desk) -> list[tuple[ChangeKind, str]]:
    catalogue = desk.load()
    found = diff(find_edition(catalogue, "2026-draft-1"), find_edition(catalogue, "working"))
    return [(change.kind, change.subject) for change in found]


@pytest.mark.parametrize(
    ("clause", "document", "place", "cited"),
    [
        ("RFC 5280 4.1.2.5", "RFC 5280", "4.1.2.5", True),
        ("RFC 5280 4.1.2", "RFC 5280", "4.1.2.5", True),
        ("RFC 5280 4.1.2.50", "RFC 5280", "4.1.2.5", False),
        ("RFC 5280", "RFC 5280", "4.1.2.5", False),
        ("RFC 52801 4", "RFC 5280", "", False),
        ("IEC 62351-3 5.6.4.5", "IEC 62351-3:2014+A2", "5.6.4", True),
        ("IEC 62351-30 5.6.4.5", "IEC 62351-3:2014+A2", "5.6.4", False),
        ("JC-STAR S1.1-12", "JC-STAR S1.1", "S1.1-12", True),
        ("JC-STAR S1.1 S1.1-12", "JC-STAR S1.1", "S1.1-12", True),
        ("IEEE 1547 10.2", "IEEE 1547-2018", "10", True),
        ("iec 62443-3-3 SR 1.8 RE 1", "IEC 62443-3-3:2013", "SR 1.8", True),
        ("IEC 62443-3-3 SR 1.80", "IEC 62443-3-3:2013", "SR 1.8", False),
    ],
)
def test_a_clause_cites_a_reference_whose_clause_it_is_or_lies_within(
    clause: str, document: str, place: str, cited: bool
) -> None:
    reference = Reference(document=document, clause=place, certainty=Certainty.MEMORY)
    assert cites(clause, reference) is cited


def test_coverage_counts_cited_references_and_says_untested(desk: Desk) -> None:
    found = coverage(desk.load())
    assert table(found, Language.EN) == [
        ("PKI-02", "Certificate validity period", "tested", "1", "0", "untested 0/1", "-", "-", "tested 1/2"),
        ("PKI-04", "Certificate validity period", "untested", "0", "0", "untested 0/1", "-", "-", "untested 0/2"),
    ]
    assert found.totals["criteria"] == {"tested": 1, "draft": 0, "untested": 1}
    assert found.totals["references_international"] == {"tested": 1, "draft": 0, "untested": 3}
    assert found.criteria[0].regions["international"][0].vectors == ("PKI-02/client-leaf-expired",)


def test_a_draft_covers_nothing(desk: Desk) -> None:
    desk.write("criteria/PKI.yaml", CRITERION.format(id="PKI-02") + UNTESTED)
    desk.changed("status: active", "status: draft")
    (row,) = coverage(desk.load()).criteria
    assert row.word is CoverageWord.DRAFT
    assert row.regions["international"][0].word is CoverageWord.DRAFT


def test_the_coverage_page_speaks_both_languages(desk: Desk) -> None:
    found = coverage(desk.load())
    assert "| PKI-02 | international | RFC 5280 | 4.1.2.5 | tested |" in markdown(found, Language.EN)
    assert "| PKI-04 | jp | JC-STAR S1.1 | S1.1-12 | 未試験 | - |" in markdown(found, Language.JA)


def test_a_frozen_edition_loads_and_nothing_has_changed(desk: Desk) -> None:
    frozen(desk)
    edition = desk.load().editions["2026-draft-1"]
    assert (edition.title, edition.frozen_on) == (TITLE, DAY)
    assert set(edition.criteria) == {"PKI-02", "PKI-04"}
    assert changes(desk) == []
    assert desk.codes() == []


def test_a_run_names_the_edition_only_while_nothing_has_changed(desk: Desk) -> None:
    assert edition_in_force(desk.load()) == "working"
    frozen(desk)
    assert edition_in_force(desk.load()) == "2026-draft-1"
    desk.changed("-60s", "-61s")
    assert edition_in_force(desk.load()) == "working"


def test_an_edition_is_never_overwritten(desk: Desk) -> None:
    frozen(desk)
    with pytest.raises(SelectionError, match="exists already"):
        frozen(desk)


@pytest.mark.parametrize("identity", ["first", "../2026", "2026/x", ""])
def test_an_edition_id_begins_with_its_year(desk: Desk, identity: str) -> None:
    with pytest.raises(SelectionError, match="no id of an edition"):
        freeze(desk.load(), identity, title=TITLE, frozen_on=DAY)


def test_an_unknown_edition_gets_the_nearest(desk: Desk) -> None:
    frozen(desk)
    with pytest.raises(SelectionError, match="did you mean `2026-draft-1`"):
        find_edition(desk.load(), "2026-draft-2")


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        ("gate: connect", "gate: restrict", ChangeKind.MILDER_GATE),
        ("security_level: 2", "security_level: 1", ChangeKind.LOWER_LEVEL),
        ("security_level: 2", "security_level: 3", ChangeKind.HIGHER_LEVEL),
        ("expired certificates.", "all expired certificates.", ChangeKind.TEXT),
    ],
)
def test_a_changed_criterion_is_told_by_what_it_means(desk: Desk, old: str, new: str, kind: ChangeKind) -> None:
    frozen(desk)
    path = desk.root / "criteria" / "PKI.yaml"
    path.write_text(path.read_text().replace(old, new, 1))
    assert changes(desk) == [(kind, "PKI-02")]


def test_a_stricter_gate_is_told(desk: Desk) -> None:
    path = desk.root / "criteria" / "PKI.yaml"
    path.write_text(path.read_text().replace("gate: connect", "gate: observe", 1))
    frozen(desk)
    path.write_text(path.read_text().replace("gate: observe", "gate: restrict", 1))
    assert changes(desk) == [(ChangeKind.STRICTER_GATE, "PKI-02")]


def test_added_changed_and_withdrawn_vectors_are_told(desk: Desk) -> None:
    frozen(desk)
    desk.vectors(VECTOR.replace("-60s", "-61s"), VECTOR.replace("client-leaf-expired", "another"))
    assert changes(desk) == [
        (ChangeKind.VECTOR_ADDED, "PKI-02/another"),
        (ChangeKind.VECTOR_CHANGED, "PKI-02/client-leaf-expired"),
    ]
    desk.changed("status: active", "status: withdrawn")
    assert changes(desk) == [(ChangeKind.VECTOR_WITHDRAWN, "PKI-02/client-leaf-expired")]


def test_criteria_and_profiles_that_come_and_go_are_told(desk: Desk) -> None:
    frozen(desk)
    desk.write("criteria/PKI.yaml", CRITERION.format(id="PKI-02") + CRITERION.format(id="PKI-05") + UNTESTED)
    path = desk.root / "profiles" / "jp.yaml"
    path.write_text(path.read_text().replace("1000", "1001"))
    (desk.root / "profiles" / "us.yaml").unlink()
    assert changes(desk) == [
        (ChangeKind.CRITERION_REMOVED, "PKI-04"),
        (ChangeKind.CRITERION_ADDED, "PKI-05"),
        (ChangeKind.PROFILE_CHANGED, "jp"),
        (ChangeKind.PROFILE_REMOVED, "us"),
    ]


def test_a_new_vector_is_a_draft_that_lints(desk: Desk) -> None:
    path = new_vector(desk.load(), "PKI-04/some-slug")
    assert path == desk.root / "PKI" / "PKI-04_certificate_validity_period.yaml"
    assert desk.codes() == []
    assert new_vector(desk.load(), "PKI-04/another-slug") == path
    assert new_vector(desk.load(), "PKI-02/more") == desk.root / "PKI" / "PKI-02_validity.yaml"
    assert desk.codes() == []
    assert list(desk.load().vectors) == [
        "PKI-02/client-leaf-expired", "PKI-02/more", "PKI-04/some-slug", "PKI-04/another-slug",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("identity", "message"),
    [
        ("PKI-04", "no id of a vector"),
        ("PKI-04/Some_Slug", "no id of a vector"),
        ("PKI-04/../x", "no id of a vector"),
        ("PKI-14/some-slug", "no criterion `PKI-14`"),
        ("PKI-02/client-leaf-expired", "exists at"),
    ],
)
def test_a_bad_id_makes_no_vector(desk: Desk, identity: str, message: str) -> None:
    before = sorted(desk.root.rglob("*"))
    with pytest.raises(SelectionError, match=message):
        new_vector(desk.load(), identity)
    assert sorted(desk.root.rglob("*")) == before


def test_a_file_that_would_break_is_left_alone(desk: Desk) -> None:
    path = desk.vectors("  - {id: a, status: draft, title: {en: a b, ja: あ}, behaviour: valid, clauses: [RFC 5280],\n"
                        "     steps: [{op: service.read, expect: served}]}\n")  # fmt: skip
    path.write_text(path.read_text().replace("  - {", "- {"))
    catalogue, before = desk.load(), path.read_bytes()
    with pytest.raises(CatalogueError):
        new_vector(catalogue, "PKI-02/more")
    assert path.read_bytes() == before
