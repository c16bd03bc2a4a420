"""Loads the catalogue: criteria, vectors, regional profiles and frozen editions; or, for speed, only the criteria."""

import hashlib
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from conformance.catalogue.problem import CatalogueError, LintProblem, SelectionError, did_you_mean, error, shown
from conformance.catalogue.shape import to_model
from conformance.catalogue.yaml_source import Source, read_source, without_collector
from conformance.model.criterion import Criterion, Edition, Profile, Region
from conformance.model.text import Text
from conformance.model.vector import Vector, VectorFile

RESERVED = frozenset({"criteria", "profiles", "editions", "schema"})


class VectorEntry(Struct, frozen=True, kw_only=True, dict=True):
    """A vector with its whole id and where it stands."""

    criterion: str
    vector: Vector
    source: Source
    path: Path
    index: int

    @cached_property
    def id(self) -> str:
        """The whole id: CRITERION/id."""
        return f"{self.criterion}/{self.vector.id}"

    @property
    def file(self) -> str:
        """The file it stands in, as people read it."""
        return self.source.name

    @property
    def line(self) -> int:
        """The line it begins at; worked out on demand."""
        return self.source.line(("vectors", self.index))


class CriterionEntry(Struct, frozen=True, kw_only=True):
    """A criterion and where it stands."""

    criterion: Criterion
    source: Source
    index: int

    @property
    def line(self) -> int:
        """The line it begins at; worked out on demand."""
        return self.source.line((self.index,))


class Catalogue(Struct, frozen=True, kw_only=True, dict=True):
    """Everything under test_vectors/, checked for shape (not yet linted)."""

    root: Path
    criteria: dict[str, Criterion]
    vectors: dict[str, VectorEntry]
    profiles: dict[Region, Profile]
    editions: dict[str, Edition]
    criterion_entries: dict[str, CriterionEntry]
    profile_sources: dict[Region, Source]

    def digest(self) -> str:
        """Return the SHA-256 of all criteria, vectors and profiles; layout and comments do not matter."""
        return self._digest

    @cached_property
    def _digest(self) -> str:
        content = (
            [self.criteria[name] for name in sorted(self.criteria)],
            [[name, self.vectors[name].vector] for name in sorted(self.vectors)],
            [self.profiles[region] for region in sorted(self.profiles)],
        )
        return canonical_digest(content)

    @cached_property
    def vectors_by_criterion(self) -> dict[str, tuple[VectorEntry, ...]]:
        """The vectors of each criterion in the order of their file."""
        grouped: dict[str, list[VectorEntry]] = {}
        for entry in self.vectors.values():
            grouped.setdefault(entry.criterion, []).append(entry)
        return {name: tuple(entries) for name, entries in grouped.items()}


def canonical_digest(value: Any) -> str:
    """Return the SHA-256 (hexadecimal) of `value`'s JSON with sorted keys."""
    return hashlib.sha256(msgspec.json.encode(value, order="deterministic")).hexdigest()


def default_root() -> Path:
    """Return the checkout's test_vectors beside the package, or the copy installed with it."""
    package = Path(__file__).parents[1]
    beside = package.parent / "test_vectors"
    return beside if (beside / "criteria").is_dir() else package / "data" / "test_vectors"


def load_criteria(root: Path | None = None) -> dict[str, Criterion]:
    """Return the criteria by id, reading nothing else. Raises CatalogueError."""
    entries, problems = _read_criteria(_checked(root))
    if problems:
        raise CatalogueError(*problems)
    return {name: entry.criterion for name, entry in entries.items()}


def load_catalogue(root: Path | None = None) -> Catalogue:
    """Return the whole catalogue under `root` (absent: default_root()). Raises CatalogueError with every misfit."""
    catalogue, problems = read_catalogue(root)
    if problems:
        raise CatalogueError(*problems)
    return catalogue


def read_catalogue(root: Path | None = None) -> tuple[Catalogue, tuple[LintProblem, ...]]:
    """Return what could be loaded under `root`, and what is wrong with the rest. Raises CatalogueError if no folder."""
    folder = _checked(root)
    with without_collector():
        criteria, problems = _read_criteria(folder)
        vectors = _read_vectors(folder, problems)
        profiles: dict[Region, Profile] = {}
        profile_sources: dict[Region, Source] = {}
        for path in _yaml_files(folder / "profiles", problems):
            loaded = _attempt(problems, path, Profile)
            if loaded is not None:
                source, profile = loaded
                _file_name(problems, source, path, profile.region)
                profiles[profile.region], profile_sources[profile.region] = profile, source
        editions: dict[str, Edition] = {}
        for path in _yaml_files(folder / "editions", problems):
            frozen = _attempt(problems, path, Edition)
            if frozen is not None:
                _file_name(problems, frozen[0], path, frozen[1].id)
                editions[frozen[1].id] = frozen[1]
    catalogue = Catalogue(
        root=folder,
        criteria={name: entry.criterion for name, entry in criteria.items()},
        vectors=vectors,
        profiles=profiles,
        editions=editions,
        criterion_entries=criteria,
        profile_sources=profile_sources,
    )
    return catalogue, tuple(problems)


def find_criterion(criteria: dict[str, Criterion], wanted: str) -> Criterion:
    """Return the criterion `wanted`. Raises SelectionError that names the nearest."""
    if wanted in criteria:
        return criteria[wanted]
    message = Text(f"there is no criterion `{wanted}`", f"クライテリア `{wanted}` は存在しない。")
    raise SelectionError(message, did_you_mean(wanted, criteria))


def _checked(root: Path | None) -> Path:
    folder = default_root() if root is None else root
    if not (folder / "criteria").is_dir():
        message = Text("holds no folder `criteria`", "フォルダ `criteria` がない。")
        advice = Text("give the folder test_vectors of the suite", "試験スイートのフォルダtest_vectorsを指定すること。")
        raise CatalogueError(error(shown(folder), None, "no-catalogue", message, advice))
    return folder


def _read_criteria(folder: Path) -> tuple[dict[str, CriterionEntry], list[LintProblem]]:
    problems: list[LintProblem] = []
    entries: dict[str, CriterionEntry] = {}
    with without_collector():
        for path in _yaml_files(folder / "criteria", problems):
            loaded = _attempt(problems, path, tuple[Criterion, ...])
            if loaded is None:
                continue
            source, criteria = loaded
            for index, criterion in enumerate(criteria):
                entry = CriterionEntry(criterion=criterion, source=source, index=index)
                if criterion.family != path.stem:
                    message = Text(f"{criterion.id} stands in {path.name}", f"{criterion.id} が {path.name} にある。")
                    move = f"{criterion.family}.yaml"
                    advice = Text(f"move it to criteria/{move}", f"criteria/{move} に移すこと。")
                    problems.append(error(source.name, entry.line, "wrong-file", message, advice))
                earlier = entries.setdefault(criterion.id, entry)
                if earlier is not entry:
                    problems.append(
                        _duplicate(criterion.id, source.name, entry.line, earlier.source.name, earlier.line)
                    )
    return entries, problems


def _read_vectors(folder: Path, problems: list[LintProblem]) -> dict[str, VectorEntry]:
    vectors: dict[str, VectorEntry] = {}
    families = sorted(p for p in folder.iterdir() if p.is_dir() and p.name not in RESERVED and not _hidden(p))
    for family in families:
        for path in _yaml_files(family, problems):
            loaded = _attempt(problems, path, VectorFile)
            for entry in _entries(path, *loaded) if loaded is not None else ():
                earlier = vectors.setdefault(entry.id, entry)
                if earlier is not entry:
                    problems.append(_duplicate(entry.id, entry.file, entry.line, earlier.file, earlier.line))
    return vectors


def _entries(path: Path, source: Source, content: VectorFile) -> tuple[VectorEntry, ...]:
    whole = path.resolve()
    return tuple(
        VectorEntry(criterion=content.criterion, vector=vector, source=source, path=whole, index=index)
        for index, vector in enumerate(content.vectors)
    )


def _attempt(problems: list[LintProblem], path: Path, kind: type[Any]) -> tuple[Source, Any] | None:
    try:
        source = read_source(path)
        return source.without_value(), to_model(source, kind)
    except CatalogueError as refused:
        problems.extend(refused.problems)
        return None


def _yaml_files(folder: Path, problems: list[LintProblem]) -> Iterable[Path]:
    if not folder.is_dir():
        return ()
    found = sorted(path for path in folder.iterdir() if not _hidden(path))
    for path in found:
        if path.suffix != ".yaml" and path.name != "README.md":
            message = Text("is not a .yaml file", ".yamlファイルではない。")
            advice = Text("rename it to end in .yaml, or move it away", "拡張子を.yamlにするか、移動すること。")
            problems.append(error(shown(path), None, "stray-file", message, advice))
    return [path for path in found if path.suffix == ".yaml"]


def _hidden(path: Path) -> bool:
    return path.name.startswith((".", "_")) or path.name.endswith("~")


def _file_name(problems: list[LintProblem], source: Source, path: Path, wanted: str) -> None:
    if path.stem != wanted:
        message = Text(f"holds `{wanted}`", f"内容は `{wanted}` である。")
        advice = Text(f"name the file {wanted}.yaml", f"ファイル名を{wanted}.yamlとすること。")
        problems.append(error(source.name, None, "wrong-file", message, advice))


def _duplicate(name: str, file: str, line: int, earlier_file: str, earlier_line: int) -> LintProblem:
    place = f"{earlier_file}:{earlier_line}"
    message = Text(f"id `{name}` is already used at {place}", f"識別子 `{name}` は {place} で使われている。")
    advice = Text("ids are for ever: give this one another", "識別子は恒久的である。別の識別子を付けること。")
    return error(file, line, "duplicate-id", message, advice)
