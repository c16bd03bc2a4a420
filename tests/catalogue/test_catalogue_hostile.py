"""Whatever a person (or an enemy) writes, the answer is problems with places, never a traceback."""

import contextlib
import random
from pathlib import Path

import pytest
from small_desk import HEAD, VECTOR, Desk
from small_endpoint import ENDPOINT

from conformance.catalogue.endpoint_file import load_endpoint
from conformance.catalogue.load import default_root, load_criteria
from conformance.catalogue.problem import CatalogueError

ODD = (
    "", "[]", "{}", "null", "~", ".nan", "-.inf", "0", "-1", "1e400", "true", "''", "'${'", "'${row.x}'", "'${a.b}'",
    "[[]]", "{a: {}}", "[1, {b: c}]", '"\0"', "9999999999999999999999", "&x y", "*x", "!!str x", "? x", "|", "- x",
    "{as: 1}", "[{at: 1}]", "{hook: [], arguments: 3}", "{tls: 5}", "{tls: {client: 5}}", "𝕏" * 50, "x" * 5000,
)  # fmt: skip
WORDS = (
    "not_after", "-60s", "+1d", "service.read", "hook.call", "http.request", "log.read", "refused", "content", "logged",
    "twin", "with", "expect", "matrix", "steps", "detects", "parallel", "arm", "check", "save", "as", "op", "leaf",
)  # fmt: skip


def mutated(text: str, chance: random.Random) -> str:
    lines = text.splitlines()
    for _ in range(chance.randint(1, 3)):
        index = chance.randrange(len(lines))
        line = lines[index]
        match chance.randrange(6):
            case 0 if ": " in line:
                lines[index] = line.split(": ", 1)[0] + ": " + chance.choice(ODD)
            case 1:
                lines[index] = line.replace(chance.choice(WORDS), chance.choice(WORDS))
            case 2:
                lines.insert(index, lines[chance.randrange(len(lines))])
            case 3:
                del lines[index]
            case 4:
                cut = chance.randrange(len(line) + 1)
                lines[index] = line[:cut] + chance.choice(ODD) + line[cut:]
            case _:
                lines[index] = " " * chance.randrange(4) + line
        if not lines:
            break
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("seed", range(4))
def test_a_spoilt_vector_file_gives_problems_with_places(desk: Desk, seed: int) -> None:
    chance = random.Random(seed)
    samples = [path.read_text(encoding="utf-8") for path in sorted(default_root().glob("*/*-*.yaml"))][:3]
    for _ in range(50):
        text = mutated(chance.choice([HEAD + VECTOR, *samples]), chance)
        desk.write("PKI/PKI-02_validity.yaml", text.encode("utf-8", "replace"))
        for problem in desk.problems():
            assert problem.file
            assert problem.line is None or 1 <= problem.line <= text.count("\n") + 200
            assert "\n" not in problem.in_("en") + problem.in_("ja")


@pytest.mark.parametrize("seed", range(4))
def test_a_spoilt_endpoint_file_loads_or_is_explained(tmp_path: Path, seed: int) -> None:
    chance, criteria = random.Random(seed), load_criteria()
    path = tmp_path / "endpoint.yaml"
    for _ in range(100):
        path.write_text(mutated(ENDPOINT, chance), encoding="utf-8")
        with contextlib.suppress(CatalogueError):
            assert load_endpoint(path, criteria).lab == tmp_path / "lab"


def test_a_hostile_key_neither_floods_nor_commands_the_terminal(desk: Desk) -> None:
    desk.write("PKI/PKI-02_validity.yaml", HEAD + VECTOR + f'    "\\e[2J\\n{"x" * 900}": 1\n')
    (problem,) = desk.problems()
    told = problem.in_("en")
    assert problem.code == "unknown-key"
    assert told.isprintable()
    assert len(told) < 2_000
