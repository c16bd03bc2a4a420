"""Strict reading of YAML."""

import gc
import math
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from conformance.catalogue.problem import CatalogueError
from conformance.catalogue.yaml_source import MAX_BYTES, below, parse, read_source, without_collector
from conformance.model.text import Language


def refused(data: bytes | str) -> tuple[str, int | None]:
    with pytest.raises(CatalogueError) as caught:
        parse(data if isinstance(data, bytes) else data.encode(), "a.yaml")
    (problem,) = caught.value.problems
    assert problem.file == "a.yaml"
    assert problem.message.ja
    assert problem.advice.ja
    assert caught.value.in_(Language.JA).count("\n") == 0
    return problem.code, problem.line


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", "yes"),
        ("on", "on"),
        ("True", True),
        ("~", None),
        ("12", 12),
        ("0x1f", 31),
        ("0o17", 15),
        ("-1.5e3", -1500.0),
        (".5", 0.5),
        ("1_000", "1_000"),
        ("1:30", "1:30"),
        ("2026-11-23", "2026-11-23"),
        ("4.1.2.5", "4.1.2.5"),
        ("-60s", "-60s"),
        ("+1d", "+1d"),
        ("'12'", "12"),
        ("'true'", "true"),
        ("-.inf", -math.inf),
        ("'a & b, *c'", "a & b, *c"),
        ("R&D", "R&D"),
        ("", None),
    ],
)
def test_scalars_are_read_as_editors_read_them(text: str, value: Any) -> None:
    assert parse(f"a: {text}".encode(), "a.yaml").value == {"a": value}


def test_nan_is_a_value() -> None:
    assert math.isnan(parse(b"a: .nan", "a.yaml").value["a"])


def test_keys_are_always_text() -> None:
    assert parse(b"502: 10502\ntrue: x", "a.yaml").value == {"502": 10502, "true": "x"}


def test_a_byte_order_mark_does_no_harm() -> None:
    assert parse(b"\xef\xbb\xbfa: 1", "a.yaml").value == {"a": 1}


def test_ordinary_documents_are_read_as_pyyaml_reads_them() -> None:
    text = "a: [1, two, {b: null}]\nc:\n  - d: 'x: y'\n    e: |\n      lines\n      more\n  - [[]]\nf: {}\n"
    assert parse(text.encode(), "a.yaml").value == yaml.load(text, yaml.CSafeLoader)


@pytest.mark.parametrize(
    ("data", "code", "line"),
    [
        (b"", "empty", None),
        (b"# nothing\n", "empty", None),
        (b"a: 1\nb: \xff\n", "not-utf-8", 2),
        ("a: 1\n".encode("utf-16"), "not-utf-8", 1),
        (b"a: 1\n\tb: 2\n", "not-yaml", 2),
        (b"a: b: c\n", "not-yaml", 1),
        (b"a: 1\nb: \x07\n", "not-yaml", 2),
        (b"a: 1\n---\nb: 2\n", "not-yaml", 2),
        (b"a: *b\n", "not-yaml", 1),
        (b"a: 1\nb: 2\na: 3\n", "duplicate-key", 3),
        (b"x:\n  - {a: 1, 'a': 2}\n", "duplicate-key", 2),
        (b"a: &b 1\n", "anchor", 1),
        (b"&b a: 1\n", "anchor", 1),
        (b"a: [&b 1, *b]\n", "anchor", 1),
        (b"? [a]\n: 1\n", "key-not-text", 1),
        (b"a: !!python/object/apply:os.system [ls]\n", "tag", 1),
        (b"a: !!binary aGk=\n", "tag", 1),
        (b"a: !secret x\n", "tag", 1),
        (b"a: " + b"9" * 5000, "bad-number", 1),
        (b"[" * 200_000, "too-deep", None),
        (b"- " * 200_000, "too-deep", None),
        (b"{a: " * 100_000, "too-deep", None),
    ],
)
def test_what_is_not_plain_yaml_is_refused_with_its_line(data: bytes, code: str, line: int | None) -> None:
    assert refused(data) == (code, line)


def test_an_alias_bomb_is_refused_at_once() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 20)]
    assert refused("\n".join(lines)) == ("anchor", 1)


def test_a_huge_file_is_refused_without_being_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "huge.yaml"
    with path.open("wb") as stream:
        stream.truncate(MAX_BYTES * 1000)
    with pytest.raises(CatalogueError, match="too-large"):
        read_source(path)


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match=r"nothing\.yaml: \[missing\] does not exist -> check the path"):
        read_source(tmp_path / "nothing.yaml")


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="not-a-file"):
        read_source(tmp_path)


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    with pytest.raises(CatalogueError, match="not-a-file"):
        read_source(tmp_path / "pipe.yaml")


def test_lines_are_found_by_place() -> None:
    source = parse(b"a:\n  - b: 1\n    c: {d: 2}\n  - e\n", "a.yaml")
    assert [source.line(place) for place in ((), ("a",), ("a", 0, "c", "d"), ("a", 1), ("a", 1, "gone"), ("z",))] == [
        1, 1, 3, 4, 4, 1,
    ]  # fmt: skip


@pytest.mark.parametrize("written", ["../lab", "/etc", "a/../../b", "", "x\0y"])
def test_a_path_never_climbs_out(tmp_path: Path, written: str) -> None:
    with pytest.raises(CatalogueError, match="path-outside"):
        below(tmp_path, written, "a.yaml")


def test_a_link_never_leads_out(tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "lab").symlink_to(tmp_path)
    with pytest.raises(CatalogueError, match="path-outside"):
        below(inside, "lab", "a.yaml")
    assert below(inside, "real", "a.yaml") == inside / "real"


def test_the_collector_runs_again_afterwards() -> None:
    with without_collector():
        assert not gc.isenabled()
    assert gc.isenabled()
