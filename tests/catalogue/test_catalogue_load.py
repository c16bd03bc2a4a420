"""Loading the catalogue and explaining what does not fit the model."""

from pathlib import Path

import pytest
from small_desk import CRITERION, HEAD, VECTOR, Desk

from conformance.catalogue.load import default_root, find_criterion, load_catalogue, load_criteria
from conformance.catalogue.problem import CatalogueError, SelectionError
from conformance.model.criterion import Region


def complaints(desk: Desk) -> list[tuple[str, str]]:
    with pytest.raises(CatalogueError) as caught:
        desk.load()
    return [(problem.code, problem.in_("en").split(": ", 1)[1]) for problem in caught.value.problems]


def test_everything_is_found_by_its_id(desk: Desk) -> None:
    catalogue = desk.load()
    assert set(catalogue.criteria) == {"PKI-02", "PKI-04"}
    entry = catalogue.vectors["PKI-02/client-leaf-expired"]
    assert (entry.criterion, entry.line) == ("PKI-02", 3)
    assert entry.path == desk.root / "PKI" / "PKI-02_validity.yaml"
    assert catalogue.profiles[Region.JP].values[0].value == 1000
    assert catalogue.editions == {}


def test_the_digest_heeds_content_and_not_layout(desk: Desk) -> None:
    before = desk.load().digest()
    desk.vectors("  # a comment\n", VECTOR)
    assert desk.load().digest() == before
    desk.changed("-60s", "-61s")
    assert desk.load().digest() != before


def test_all_misfits_of_a_file_are_told_at_once(desk: Desk) -> None:
    desk.changed(
        "    behaviour: invalid\n    clauses: [RFC 5280 4.1.2.5]\n", "    behavour: invalid\n    clauses: [10]\n"
    )
    told = dict(complaints(desk))
    assert set(told) == {"missing-key", "unknown-key", "wrong-type"}
    assert "did you mean `behaviour`?" in told["unknown-key"]
    assert "put it in quotes" in told["wrong-type"]


def test_a_misfit_names_its_line(desk: Desk) -> None:
    desk.changed("status: active", "status: activ")
    with pytest.raises(CatalogueError, match=r"PKI-02_validity\.yaml:4: \[unknown-value\].*did you mean `active`"):
        desk.load()


def test_a_wrong_shape_is_told(desk: Desk) -> None:
    desk.write("PKI/PKI-02_validity.yaml", "- a\n- b\n")
    assert complaints(desk)[0][0] == "wrong-type"


def test_an_id_is_used_once(desk: Desk) -> None:
    desk.vectors(VECTOR, VECTOR)
    assert [code for code, _ in complaints(desk)] == ["duplicate-id"]


def test_a_criterion_id_is_used_once(desk: Desk) -> None:
    desk.write("criteria/PKI.yaml", CRITERION.format(id="PKI-02") * 2)
    assert [code for code, _ in complaints(desk)] == ["duplicate-id"]


def test_a_criterion_stands_in_its_family(desk: Desk) -> None:
    desk.write("criteria/TLS.yaml", CRITERION.format(id="PKI-07"))
    assert [code for code, _ in complaints(desk)] == ["wrong-file"]


def test_a_stray_file_is_told(desk: Desk) -> None:
    desk.write("PKI/PKI-04_notes.yml", HEAD + VECTOR)
    assert [code for code, _ in complaints(desk)] == ["stray-file"]


def test_a_folder_without_criteria_is_no_catalogue(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="no-catalogue"):
        load_catalogue(tmp_path)


def test_an_unknown_criterion_gets_the_nearest(desk: Desk) -> None:
    with pytest.raises(SelectionError, match="did you mean `PKI-04`"):
        find_criterion(desk.load().criteria, "PKI-44")


def test_the_suite_own_criteria_load() -> None:
    assert len(load_criteria()) == 119
    assert default_root().name == "test_vectors"


def test_dates_in_profiles_are_checked(desk: Desk) -> None:
    path = desk.root / "profiles" / "jp.yaml"
    override = (
        "\n  - criterion: PKI-02\n    cure_by: soon\n    reason: {en: a, ja: あ}\n"
        "    reference: {document: RFC 5280, certainty: memory}\n"
    )
    path.write_text(path.read_text().replace("overrides: []", f"overrides:{override}"))
    assert complaints(desk)[0][0] == "shape"
