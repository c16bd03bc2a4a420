"""The editors' commands: what they print, how they end, how fast they start."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Mgcc = Callable[..., tuple[int, str, str]]

ENDPOINT = """\
product: {name: Sample, version: "1"}
regions: [jp]
connection_points:
  distribution:
    bindings:
      - {protocol: https, host: 127.0.0.1, port: 40001, service_check: {path: /}}
ics: {supports: [PKI-02]}
"""


def test_criteria_are_listed_in_either_language(mgcc: Mgcc) -> None:
    code, out, err = mgcc("criteria", "list")
    assert (code, err, len(out.splitlines())) == (0, "", 120)
    assert "PKI-02" in out
    code, out, _ = mgcc("criteria", "list", "PKI", "--lang", "ja")
    assert code == 0
    assert "証明書の有効期間" in out
    assert "TLS-01" not in out


def test_json_alone_stands_on_standard_output(mgcc: Mgcc) -> None:
    for words in (("criteria", "list"), ("criteria", "show", "PKI-02"), ("vectors", "coverage"), ("vectors", "lint")):
        code, out, err = mgcc(*words, "--json", "-")
        assert (code, err) == (0, "")
        json.loads(out)


def test_json_goes_to_a_file_too(mgcc: Mgcc, tmp_path: Path) -> None:
    assert mgcc("criteria", "list", "--json", tmp_path / "list.json") == (0, "", "")
    assert len(json.loads((tmp_path / "list.json").read_text())) == 119


def test_a_criterion_is_shown_with_references_and_vectors(mgcc: Mgcc) -> None:
    code, out, _ = mgcc("--lang", "en", "criteria", "show", "PKI-02")
    assert code == 0
    assert "RFC 5280 4.1.2.5 (memory)" in out
    assert "PKI-02/client-leaf-expired" in out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("criteria", "show", "PKI-99"), "there is no criterion `PKI-99`"),
        (("criteria", "list", "PKY"), "did you mean `PKI`"),
        (
            ("plan", "--endpoint", "nowhere.yaml"),
            "nowhere.yaml: [missing] there is no endpoint file -> name it with --endpoint FILE",
        ),
        (("criteria", "list", "--catalogue", "/nowhere"), "holds no folder `criteria`"),
        (("edition", "diff", "2020"), "there is no edition `2020`"),
        (("vectors", "new", "PKI-04"), "is no id of a vector"),
        (("criteria", "list", "--json", "/nowhere/list.json"), "/nowhere/list.json: No such file or directory"),
        (("nonsense",), "invalid choice: 'nonsense'"),
        (("edition", "freeze", "2026", "--date", "soon"), "invalid"),
        ((), "COMMAND"),
    ],
)
def test_bad_input_is_one_line_and_exit_3(mgcc: Mgcc, words: tuple[str, ...], message: str) -> None:
    code, out, err = mgcc(*words)
    assert (code, out) == (3, "")
    assert message in err
    assert err.count("\n") == 1


def test_lint_prints_problems_and_ends_with_3(mgcc: Mgcc, root: Path) -> None:
    path = next((root / "PKI").iterdir())
    path.write_text(path.read_text().replace("not_after: +1d", "not_aftr: +1d", 1))
    code, out, err = mgcc("vectors", "lint", "--catalogue", root)
    assert (code, err) == (3, "")
    assert f"{path.name}:" in out
    assert "did you mean `not_after`?" in out


def test_accepted_translations_stay_accepted(mgcc: Mgcc, root: Path) -> None:
    mgcc("vectors", "lint", "--catalogue", root, "--accept-translations")
    assert (root / "translations.lock").is_file()
    _, out, _ = mgcc("vectors", "lint", "--catalogue", root, "--lang", "ja")
    assert "-translation]" not in out


def test_schemas_are_written_and_checked(mgcc: Mgcc, root: Path) -> None:
    assert mgcc("vectors", "schema", "--catalogue", root)[0] == 0
    assert mgcc("vectors", "schema", "--check", "--catalogue", root) == (0, "", "")
    (root / "schema" / "vectors.schema.json").write_text("{}")
    code, out, _ = mgcc("vectors", "schema", "--check", "--catalogue", root)
    assert code == 3
    assert "run `mgcc vectors schema`" in out


def test_a_new_vector_is_a_draft_without_error(mgcc: Mgcc, root: Path) -> None:
    code, out, _ = mgcc("vectors", "new", "PKI-02/some-slug", "--catalogue", root)
    assert (code, "PKI-02_validity.yaml" in out) == (0, True)
    _, out, _ = mgcc("vectors", "lint", "--catalogue", root)
    assert "some-slug" not in out


@pytest.mark.parametrize("words", [(), ("--format", "markdown"), ("--lang", "ja", "--format", "markdown")])
def test_coverage_says_untested(mgcc: Mgcc, words: tuple[str, ...]) -> None:
    code, out, _ = mgcc("vectors", "coverage", *words)
    assert code == 0
    assert ("未試験" if "ja" in words else "untested") in out


def test_an_edition_is_frozen_only_without_errors_and_then_differs_in_what_changed(mgcc: Mgcc, root: Path) -> None:
    code, _, err = mgcc("edition", "freeze", "2026-draft-9", "--catalogue", root)
    assert (code, "neither-tested-nor-untested" in err) == (3, True)
    for path in (root / "criteria").iterdir():
        if path.name != "PKI.yaml":
            path.unlink()
    for path in (root / "profiles").iterdir():
        path.unlink()
    path = root / "criteria" / "PKI.yaml"
    entries = path.read_text().split("\n- id: ")
    kept = [entry for entry in entries if entry.startswith("PKI-02")]
    path.write_text("- id: " + kept[0])
    assert mgcc("edition", "freeze", "2026-draft-9", "--catalogue", root, "--date", "2026-11-23")[0] == 0
    code, out, _ = mgcc("edition", "diff", "2026-draft-9", "--catalogue", root, "--lang", "ja")
    assert (code, out) == (0, "製品にとっての変更はない。\n")
    path.write_text(path.read_text().replace("gate: connect", "gate: restrict"))
    code, out, _ = mgcc("edition", "diff", "2026-draft-9", "working", "--catalogue", root)
    assert (code, out) == (0, "milder-gate  PKI-02: gate connect -> restrict\n")


def test_the_plan_says_what_runs_and_why_the_rest_does_not(mgcc: Mgcc, tmp_path: Path) -> None:
    path = tmp_path / "endpoint.yaml"
    path.write_text(ENDPOINT.rstrip() + "\nplant: simulated\n")
    code, out, _ = mgcc("plan", "--endpoint", path)
    assert code == 0
    assert "the ICS leaves PKI-01 out" in out
    code, out, _ = mgcc("plan", "--endpoint", path, "--select", "PKI-02", "--json", "-")
    items = json.loads(out)
    assert {item["criterion"] for item in items} == {"PKI-02"}
    assert {item["disposition"] for item in items} == {"run"}
    code, out, err = mgcc("plan", "--endpoint", path, "--select", "PKI-2", "--lang", "ja")
    assert (code, out) == (3, "")
    assert "の誤りではないか" in err


def test_the_locale_decides_unless_the_option_does(mgcc: Mgcc, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "ja_JP.UTF-8")
    assert "クライテリア" in mgcc("criteria", "show", "PKI-99")[2]
    assert "there is no" in mgcc("criteria", "show", "PKI-99", "--lang", "en")[2]
    assert "there is no" in mgcc("--lang", "en", "criteria", "show", "PKI-99")[2]


def started(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False, timeout=60)


def test_listing_criteria_loads_nothing_heavy() -> None:
    code = (
        "import sys; from conformance.cli import main; main(['criteria', 'list']); "
        "heavy = {'scapy', 'requests', 'OpenSSL', 'pytest', 'jsonschema_rs', 'cryptography', 'rich', 'asyncio'}; "
        "sys.exit(str(heavy & set(sys.modules)) if heavy & set(sys.modules) else 0)"
    )
    done = started("-c", code)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_version_is_printed() -> None:
    done = started("-m", "conformance.cli", "--version")
    assert done.returncode == 0
    assert done.stdout.startswith("mgcc ")


def test_a_reader_that_goes_away_causes_no_traceback() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "conformance.cli", "criteria", "list", "--json", "-"],
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        timeout=60,
    )
    os.close(writing)
    assert done.stderr == ""
