"""Lints the whole catalogue: what no single file can show by its shape alone."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

from conformance.catalogue.clauses import begins_with_document, documents, plain
from conformance.catalogue.lint_vector import ProfileValues, lint_vector
from conformance.catalogue.load import Catalogue, VectorEntry, read_catalogue
from conformance.catalogue.problem import LintProblem, Severity, did_you_mean, error, nearest, shown
from conformance.catalogue.slips import MODAL_TITLE, modal
from conformance.catalogue.translations import lint_translations
from conformance.catalogue.yaml_source import without_collector
from conformance.model.criterion import AppliesIf, CriterionStatus
from conformance.model.operations import OPERATIONS
from conformance.model.text import Text
from conformance.model.vector import VectorStatus, walk


def lint(root: Path | None = None) -> tuple[LintProblem, ...]:
    """Return everything that is wrong under `root` (absent: the suite's own test_vectors), by file and line.

    Raises CatalogueError only if there is no catalogue at all.
    """
    catalogue, misfits = read_catalogue(root)
    found = [*misfits, *lint_catalogue(catalogue, whole=not misfits)]
    return tuple(sorted(found, key=lambda problem: (problem.file, problem.line or 0, problem.code)))


def lint_catalogue(catalogue: Catalogue, *, whole: bool = True) -> list[LintProblem]:
    """Return what is wrong with a loaded catalogue; `whole` says that nothing of it failed to load."""
    with without_collector():
        problems: list[LintProblem] = []
        profiles: ProfileValues = {
            region: {value.name: value.value for value in profile.values}
            for region, profile in catalogue.profiles.items()
        }
        known_documents = tuple({plain(name) for name in documents(catalogue.criteria.values())})
        for entry in catalogue.vectors.values():
            criterion = catalogue.criteria.get(entry.criterion)
            facts = criterion.applies_if if criterion is not None else AppliesIf()
            problems += lint_vector(entry, profiles, facts)
            problems += _clauses(entry, known_documents)
        problems += _files(catalogue)
        if whole:
            problems += _criteria(catalogue)
            problems += _profiles(catalogue)
            problems += _lone_operations(catalogue)
            problems += _vanished(catalogue)
            problems += lint_translations(catalogue)
        return problems


def _clauses(entry: VectorEntry, known: tuple[str, ...]) -> Iterator[LintProblem]:
    if entry.vector.status is VectorStatus.WITHDRAWN:
        return
    for index, clause in enumerate(entry.vector.clauses):
        if begins_with_document(clause, known):
            continue
        line = entry.source.line(("vectors", entry.index, "clauses", index))
        message = Text(f"`{clause}` begins with no document of the criteria", f"`{clause}` の文書名が未知である。")
        close = nearest(plain(clause), known)
        hint = f", such as `{close}`" if close else ""
        advice = Text(
            f"begin with the document's name as the criteria spell it{hint}",
            "クライテリアの表記どおりの文書名で始めること。",
        )
        yield error(entry.file, line, "unknown-clause", message, advice, severity=Severity.WARNING)


def _files(catalogue: Catalogue) -> Iterator[LintProblem]:
    for entry in catalogue.vectors.values():
        if entry.index != 0:
            continue
        wanted = f"{entry.criterion[:3]}/{entry.criterion}_"
        path = Path(entry.file)
        if not f"{path.parent.name}/{path.name}".startswith(wanted):
            message = Text(f"holds vectors of {entry.criterion}", f"{entry.criterion} のベクトルが入っている。")
            advice = Text(f"name it {wanted}<slug>.yaml", f"ファイル名を {wanted}<slug>.yaml とすること。")
            yield error(entry.file, None, "wrong-file", message, advice)
        if entry.criterion not in catalogue.criteria:
            message = Text(f"there is no criterion {entry.criterion}", f"クライテリア {entry.criterion} は存在しない。")
            advice = did_you_mean(entry.criterion, catalogue.criteria)
            yield error(entry.file, entry.source.line(("criterion",)), "unknown-criterion", message, advice)


def _criteria(catalogue: Catalogue) -> Iterator[LintProblem]:
    tested = {entry.criterion for entry in catalogue.vectors.values() if entry.vector.status is VectorStatus.ACTIVE}
    for name, entry in catalogue.criterion_entries.items():
        criterion, file = entry.criterion, entry.source.name
        if modal(criterion.title):
            yield error(file, entry.source.line((entry.index, "title")), "modal-title", *MODAL_TITLE)
        if criterion.status is CriterionStatus.RETIRED:
            continue
        if name in tested and criterion.untested is not None:
            message = Text(
                f"{name} has active vectors and says `untested`", f"{name} は試験されているのに `untested` がある。"
            )
            line = entry.source.line((entry.index, "untested"))
            yield error(
                file, line, "tested-and-untested", message, Text("remove `untested`", "`untested` を削除すること。")
            )
        if name not in tested and criterion.untested is None:
            message = Text(f"{name} has no active vector", f"{name} に有効なベクトルがない。")
            advice = Text(
                "write a vector, or say why there is none: `untested: {en: ..., ja: ...}`",
                "ベクトルを書くか、理由を `untested: {en: ..., ja: ...}` に書くこと。",
            )
            yield error(file, entry.line, "neither-tested-nor-untested", message, advice)


def _profiles(catalogue: Catalogue) -> Iterator[LintProblem]:
    for region, profile in catalogue.profiles.items():
        source = catalogue.profile_sources[region]
        names = Counter(value.name for value in profile.values)
        for index, value in enumerate(profile.values):
            line = source.line(("values", index))
            if names[value.name] > 1:
                message = Text(f"value `{value.name}` stands here twice", f"値 `{value.name}` が重複している。")
                yield error(source.name, line, "duplicate-id", message, Text("rename one", "別の名前とすること。"))
            yield from _known_criteria(catalogue, value.applies_to, source.name, line)
        criteria = Counter(override.criterion for override in profile.overrides)
        for index, override in enumerate(profile.overrides):
            line = source.line(("overrides", index))
            yield from _known_criteria(catalogue, (override.criterion,), source.name, line)
            if criteria[override.criterion] > 1:
                message = Text(
                    f"{override.criterion} is overridden twice", f"{override.criterion} の上書きが重複している。"
                )
                yield error(source.name, line, "duplicate-id", message, Text("merge them", "一つにまとめること。"))
            changes = (override.gate, override.security_level, override.applies_if, override.cure_by)
            if all(change is None for change in changes):
                message = Text(
                    f"override of {override.criterion} changes nothing", f"{override.criterion} の上書きが空である。"
                )
                advice = Text("give gate, security_level, applies_if or cure_by", "変更する項目を書くこと。")
                yield error(source.name, line, "empty-override", message, advice)


def _known_criteria(catalogue: Catalogue, names: tuple[str, ...], file: str, line: int) -> Iterator[LintProblem]:
    for name in names:
        if name not in catalogue.criteria:
            message = Text(f"there is no criterion {name}", f"クライテリア {name} は存在しない。")
            yield error(file, line, "unknown-criterion", message, did_you_mean(name, catalogue.criteria))


def _lone_operations(catalogue: Catalogue) -> Iterator[LintProblem]:
    users: dict[str, list[VectorEntry]] = defaultdict(list)
    for entry in catalogue.vectors.values():
        for name in {step.op for _, step in walk(entry.vector.steps)}:
            if name in OPERATIONS:
                users[name].append(entry)
    for operation, entries in users.items():
        if len(entries) == 1:
            only = entries[0]
            message = Text(f"only {only.id} uses `{operation}`", f"`{operation}` を使うのは {only.id} だけである。")
            advice = Text(
                "such an operation needs a record under docs/decisions",
                "そのような操作には docs/decisions の決定記録が必要である。",
            )
            yield error(only.file, only.line, "lone-operation", message, advice, severity=Severity.NOTE)


def _vanished(catalogue: Catalogue) -> Iterator[LintProblem]:
    """Ids are for ever: what an edition froze must still exist, retired or withdrawn at most."""
    for edition in catalogue.editions.values():
        file = shown(catalogue.root / "editions" / f"{edition.id}.yaml")
        for name, frozen in edition.criteria.items():
            gone = [] if name in catalogue.criteria else [(name, "status: retired")]
            gone += [(vector, "status: withdrawn") for vector in frozen.vectors if vector not in catalogue.vectors]
            for identity, remedy in gone:
                message = Text(
                    f"`{identity}` is frozen here and no longer exists", f"凍結された `{identity}` が存在しない。"
                )
                advice = Text(f"put it back with `{remedy}`", f"`{remedy}` を付けて復元すること。")
                yield error(file, None, "vanished-id", message, advice)
