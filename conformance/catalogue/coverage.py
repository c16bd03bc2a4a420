"""The honest coverage matrix: criterion x vector x clause x region, in the words tested, draft, untested."""

from collections import Counter
from collections.abc import Iterable, Sequence
from enum import StrEnum

from msgspec import Struct

from conformance.catalogue.clauses import cites
from conformance.catalogue.load import Catalogue, VectorEntry
from conformance.model.criterion import Criterion, CriterionStatus, Gate, Reference
from conformance.model.text import Language, Text
from conformance.model.vector import Behaviour, VectorStatus

COLUMNS = ("jp", "us", "eu", "international")
HEADS = ("criterion", "title", "state", "active", "draft", "JP", "US", "EU", "international")
HEADS_JA = ("基準", "題名", "状態", "有効", "草案", "JP", "US", "EU", "国際")
CLAUSE_HEADS = ("criterion", "region", "document", "clause", "state", "vectors")


class CoverageWord(StrEnum):
    """How far something is covered; a draft never counts."""

    TESTED = "tested"
    DRAFT = "draft"
    UNTESTED = "untested"

    def in_(self, language: Language) -> str:
        """Return the word in `language`."""
        return _JAPANESE[self] if language is Language.JA else self.value


_JAPANESE = {CoverageWord.TESTED: "試験済", CoverageWord.DRAFT: "草案", CoverageWord.UNTESTED: "未試験"}


class ClauseCoverage(Struct, frozen=True, kw_only=True):
    """One reference of a criterion and the vectors whose clauses cite it."""

    document: str
    clause: str
    word: CoverageWord
    vectors: tuple[str, ...]


class VectorCoverage(Struct, frozen=True, kw_only=True):
    """One vector of a criterion."""

    id: str
    status: VectorStatus
    behaviour: Behaviour
    clauses: tuple[str, ...]


class CriterionCoverage(Struct, frozen=True, kw_only=True):
    """One row of the matrix."""

    id: str
    title: Text
    gate: Gate
    security_level: int
    word: CoverageWord
    untested: Text | None
    vectors: tuple[VectorCoverage, ...]
    regions: dict[str, tuple[ClauseCoverage, ...]]


class Coverage(Struct, frozen=True, kw_only=True):
    """The whole matrix with its totals; `totals` counts criteria, vectors and references by word."""

    criteria: tuple[CriterionCoverage, ...]
    totals: dict[str, dict[str, int]]


def coverage(catalogue: Catalogue) -> Coverage:
    """Return the coverage of `catalogue`; retired criteria and withdrawn vectors are left out."""
    rows = tuple(
        _row(catalogue.criteria[name], catalogue.vectors_by_criterion.get(name, ()))
        for name in sorted(catalogue.criteria)
        if catalogue.criteria[name].status is CriterionStatus.ACTIVE
    )
    vectors = Counter(vector.status.value for row in rows for vector in row.vectors)
    behaviours = Counter(
        vector.behaviour.value for row in rows for vector in row.vectors if vector.status is VectorStatus.ACTIVE
    )
    totals = {
        "criteria": _counted(row.word for row in rows),
        "vectors": dict(sorted(vectors.items())),
        "active_vectors": dict(sorted(behaviours.items())),
        **{
            f"references_{column}": _counted(clause.word for row in rows for clause in row.regions[column])
            for column in COLUMNS
        },
    }
    return Coverage(criteria=rows, totals=totals)


def markdown(found: Coverage, language: Language) -> str:
    """Return the matrix as a Markdown page in `language`."""
    japanese = language is Language.JA
    heads = heads_in(language)
    lines = ["# 網羅性" if japanese else "# Coverage", ""]
    lines += [_line(heads), _line(["---"] * len(heads))]
    lines += [_line(row) for row in table(found, language)]
    lines += ["", "## 条項" if japanese else "## Clauses", ""]
    clause_heads = ("基準", "地域", "文書", "条項", "状態", "ベクトル") if japanese else CLAUSE_HEADS
    lines += [_line(clause_heads), _line(["---"] * len(clause_heads))]
    for row in found.criteria:
        for column, clauses in row.regions.items():
            for one in clauses:
                cited = ", ".join(one.vectors) or "-"
                lines.append(_line((row.id, column, one.document, one.clause, one.word.in_(language), cited)))
    lines += ["", "## 合計" if japanese else "## Totals", ""]
    lines += [f"- {name}: {_spell(counts)}" for name, counts in found.totals.items()]
    return "\n".join(lines) + "\n"


def heads_in(language: Language) -> tuple[str, ...]:
    """Return the heads of the matrix in `language`."""
    return HEADS_JA if language is Language.JA else HEADS


def table(found: Coverage, language: Language) -> list[tuple[str, ...]]:
    """Return one row of cells for each criterion, under HEADS; a region's cell is `tested 2/5` (cited of all)."""
    return [
        (
            row.id,
            row.title.in_(language),
            row.word.in_(language),
            str(sum(vector.status is VectorStatus.ACTIVE for vector in row.vectors)),
            str(sum(vector.status is VectorStatus.DRAFT for vector in row.vectors)),
            *(_cell(row.regions[column], language) for column in COLUMNS),
        )
        for row in found.criteria
    ]


def _row(criterion: Criterion, entries: Sequence[VectorEntry]) -> CriterionCoverage:
    shown = [entry for entry in entries if entry.vector.status is not VectorStatus.WITHDRAWN]
    references = criterion.references
    return CriterionCoverage(
        id=criterion.id,
        title=criterion.title,
        gate=criterion.gate,
        security_level=criterion.security_level,
        word=_word([entry.vector.status for entry in shown]),
        untested=criterion.untested,
        vectors=tuple(
            VectorCoverage(
                id=entry.id,
                status=entry.vector.status,
                behaviour=entry.vector.behaviour,
                clauses=entry.vector.clauses,
            )
            for entry in shown
        ),
        regions={
            column: tuple(_clause(reference, shown) for reference in getattr(references, column)) for column in COLUMNS
        },
    )


def _clause(reference: Reference, entries: Sequence[VectorEntry]) -> ClauseCoverage:
    citing = [entry for entry in entries if any(cites(clause, reference) for clause in entry.vector.clauses)]
    return ClauseCoverage(
        document=reference.document,
        clause=reference.clause,
        word=_word([entry.vector.status for entry in citing]),
        vectors=tuple(entry.id for entry in citing),
    )


def _word(statuses: Sequence[VectorStatus]) -> CoverageWord:
    if VectorStatus.ACTIVE in statuses:
        return CoverageWord.TESTED
    return CoverageWord.DRAFT if VectorStatus.DRAFT in statuses else CoverageWord.UNTESTED


def _cell(clauses: Sequence[ClauseCoverage], language: Language) -> str:
    if not clauses:
        return "-"
    words = {one.word for one in clauses}
    word = next(word for word in CoverageWord if word in words)
    cited = sum(one.word is CoverageWord.TESTED for one in clauses)
    return f"{word.in_(language)} {cited}/{len(clauses)}"


def _counted(words: Iterable[CoverageWord]) -> dict[str, int]:
    counts = Counter(words)
    return {word.value: counts[word] for word in CoverageWord}


def _spell(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items())


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
