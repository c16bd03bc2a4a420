"""Shows the kill matrix: as a table for people, and as JSON."""

from typing import Any, TextIO

import msgspec
from rich.console import Console
from rich.table import Table

from conformance.model.text import Language, Text
from conformance.proving import Matrix, Row

_TITLE = Text(en="Kill matrix", ja="キルマトリクス")
_COLUMNS = (
    Text(en="fault", ja="障害"),
    Text(en="criterion", ja="基準"),
    Text(en="claims caught", ja="検出した主張"),
    Text(en="result", ja="結果"),
    Text(en="finding", ja="所見"),
)
_KILLED = Text(en="✓ killed", ja="✓ 検出")
_SURVIVED = Text(en="✗ survived", ja="✗ 見逃し")
_STRAY = Text(en="✗ touches others", ja="✗ 他基準に波及")
_UNCLAIMED = Text(en="✗ nobody claims it", ja="✗ 主張なし")
_TROUBLE = Text(en="✗ did not run", ja="✗ 実施不可")
_SUMMARY = Text(
    en="faultless reference: {passed} of {performed} items pass | "
    "faults killed: {killed} of {faults} | {seconds:.0f} s",
    ja="障害なしの参照MMS: {performed}件中{passed}件適合 | 検出した障害: {faults}件中{killed}件 | {seconds:.0f}秒",
)


def print_matrix(matrix: Matrix, language: Language, stream: TextIO) -> None:
    """Print one line for each fault and, below, everything that keeps the matrix from holding."""
    console = Console(file=stream, highlight=False, markup=False, width=None if stream.isatty() else 160)
    table = Table(title=_TITLE.in_(language))
    for column in _COLUMNS:
        table.add_column(column.in_(language), overflow="fold")
    for row in matrix.rows:
        caught = sum(1 for claim in row.claims if claim.caught)
        table.add_row(
            row.fault.id,
            row.fault.criterion,
            f"{caught}/{len(row.claims)}",
            _result(row).in_(language),
            row.fault.reason,
        )
    console.print(table)
    for line in _complaints(matrix):
        console.print(line)
    console.print(
        _SUMMARY.format(
            passed=matrix.baseline_performed - len(matrix.baseline),
            performed=matrix.baseline_performed,
            killed=sum(1 for row in matrix.rows if row.killed),
            faults=len(matrix.rows),
            seconds=matrix.seconds,
        ).in_(language)
    )


def _result(row: Row) -> Text:
    if row.trouble:
        return _TROUBLE
    if not row.claims:
        return _UNCLAIMED
    if not all(claim.caught for claim in row.claims):
        return _SURVIVED
    return _STRAY if row.strays else _KILLED


def _complaints(matrix: Matrix) -> list[str]:
    lines = [f"faultless reference: {item}" for item in matrix.baseline]
    lines += [f"{fault}: claimed by a vector, but the reference has no such fault" for fault in matrix.unknown_claims]
    for row in matrix.rows:
        if row.trouble:
            lines.append(f"{row.fault.id}: {row.trouble}")
        for claim in row.claims:
            if not claim.caught:
                where = f"#{claim.row}" if claim.row else ""
                lines.append(f"{row.fault.id}: {claim.vector}{where} did not catch it: {'; '.join(claim.instead)}")
        lines += [f"{row.fault.id}: stray {stray}" for stray in row.strays]
    return lines


def as_data(matrix: Matrix) -> dict[str, Any]:
    """Return the matrix as plain data, with `holds` and each fault's `killed`."""
    content: dict[str, Any] = msgspec.to_builtins(matrix)
    content["holds"] = matrix.holds
    for shown, row in zip(content["rows"], matrix.rows, strict=True):
        shown["killed"] = row.killed
    return content
