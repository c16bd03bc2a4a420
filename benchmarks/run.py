"""Runs every benchmark and prints goal, aim, measured and whether it holds; it measures, it does not judge: exit 0.

Run: python benchmarks/run.py [--pairs 5] [--json]
"""

import argparse
import contextlib
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import catalogue
import items
import msgspec
import start
from laboratory import Laboratory, laboratory
from measuring import Row

from conformance.catalogue.lint import lint
from conformance.catalogue.load import load_catalogue
from conformance.evidence import EvidenceError
from conformance.model.problem import ProblemError, SuiteBrokenError

_TROUBLE = (OSError, RuntimeError, ProblemError, SuiteBrokenError, EvidenceError)
_FEW, _MANY = 1_000, 10_000


def main() -> None:
    """Measure, and print a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=5, help="pairs of measurements of which the median is taken")
    parser.add_argument("--json", action="store_true", help="print JSON instead of the table")
    arguments = parser.parse_args()
    rows, limit = _measured(max(1, arguments.pairs))
    if arguments.json:
        shown = [{**msgspec.to_builtins(row), "holds": row.holds} for row in rows]
        sys.stdout.write(msgspec.json.encode({"rows": shown, "limited_by": limit}).decode() + "\n")
        return
    width = max(len(row.goal) for row in rows)
    sys.stdout.write(f"{'goal':{width}}  {'aim':>7}  measured  holds?\n")
    for row in rows:
        aim = "" if row.aim is None else f"{row.aim:.4g}"
        measured = "" if row.measured is None else f"{row.measured:.2f}"
        sys.stdout.write(f"{row.goal:{width}}  {aim:>7}  {measured:>8}  {row.holds}  {row.detail}".rstrip() + "\n")
    sys.stdout.write(f"\nWhat limits it now: {limit}\n")


def _measured(pairs: int) -> tuple[list[Row], str]:
    rows: list[Row] = []
    limit = "not known, for the whole run was skipped."
    with contextlib.ExitStack() as stack:
        place: Laboratory | None = None
        with _skipping(rows, "items and start-up at the bundled reference"):
            place = stack.enter_context(laboratory())
        if place is not None:
            with _skipping(rows, "start-up"):
                rows += start.rows(place, pairs)
            with _skipping(rows, "items"):
                found, whole = items.rows(place, pairs)
                rows += found
                limit = _sentence(whole)
    with _skipping(rows, "catalogue"):
        rows += _of_catalogue(pairs)
    return rows, limit


@contextlib.contextmanager
def _skipping(rows: list[Row], what: str) -> Iterator[None]:
    """Turn trouble into a row that says why there is no figure."""
    try:
        yield
    except _TROUBLE as error:
        rows.append(Row(goal=what, detail=f"{type(error).__name__}: {error}".splitlines()[0]))


def _of_catalogue(pairs: int) -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="mgcc-bench-") as name:
        few, many = Path(name) / "few", Path(name) / "many"
        catalogue.write_catalogue(few, _FEW)
        catalogue.write_catalogue(many, _MANY)
        load_catalogue(few)
        lint(few)
        loading = catalogue.ratio(load_catalogue, catalogue.bare, few, pairs)
        linting = catalogue.ratio(lint, catalogue.bare, few, pairs)
        growth_of_load = catalogue.cpu_s(load_catalogue, many) / catalogue.cpu_s(load_catalogue, few)
        growth_of_lint = catalogue.cpu_s(lint, many) / catalogue.cpu_s(lint, few)
    return [
        Row(goal=f"load {_FEW:,} vectors / CSafeLoader alone, CPU", aim=1.3, measured=loading),
        Row(goal=f"lint {_FEW:,} vectors / CSafeLoader alone, CPU", aim=3.0, measured=linting),
        Row(goal=f"load {_MANY:,} / {_FEW:,} vectors, CPU", aim=11.0, measured=growth_of_load),
        Row(goal=f"lint {_MANY:,} / {_FEW:,} vectors, CPU", aim=11.0, measured=growth_of_lint),
    ]


def _sentence(whole: items.Whole) -> str:
    told = f"a whole run ({whole.items} items, {whole.stimuli} stimuli) takes {whole.wall_s:.1f} s"
    if whole.suite is None:
        return f"{told}; this system does not tell where it goes."
    listed = ", ".join(f"{share:.0%} {name}" for name, share in whole.shares.items())
    each = 1000 * whole.suite.cpu_s / max(1, whole.stimuli)
    return (
        f"{told}, of it {listed}; the suite spends {each:.1f} ms of CPU on a stimulus, "
        "one after the other, for an endpoint is tested serially."
    )


if __name__ == "__main__":
    main()
