"""Keeps English and Japanese in step: a lock file remembers which Japanese was written for which English."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from conformance.catalogue.load import Catalogue
from conformance.catalogue.problem import LintProblem, Severity, error, shown
from conformance.catalogue.yaml_source import Place, Source
from conformance.model.text import Text
from conformance.model.vector import VectorStatus

LOCK = "translations.lock"

_HEADER = (
    "# Which Japanese belongs to which English: key, digest of the English, digest of the Japanese.\n"
    "# Written by `mgcc vectors lint --accept-translations`.\n"
)
_ADVICE = Text(
    "bring the Japanese in line, then run `mgcc vectors lint --accept-translations`",
    "和文を英文に合わせた後、`mgcc vectors lint --accept-translations` を実行すること。",
)


class Sentence(Struct, frozen=True):
    """A text of the catalogue, its key in the lock, its place, and whether it may be without an entry."""

    key: str
    text: Text
    source: Source
    place: Place
    draft: bool

    @property
    def line(self) -> int:
        """The line it stands at; worked out on demand."""
        return self.source.line(self.place)


def sentences(catalogue: Catalogue) -> Iterator[Sentence]:
    """Yield every bilingual text of the criteria, vectors and profiles (an edition is frozen as it is)."""
    for name, entry in catalogue.criterion_entries.items():
        for field in ("title", "statement", "negative_stimulus", "remedy", "untested"):
            text = getattr(entry.criterion, field)
            if text is not None:
                yield Sentence(f"{name}/{field}", text, entry.source, (entry.index, field), draft=False)
    for name, vector in catalogue.vectors.items():
        draft = vector.vector.status is not VectorStatus.ACTIVE
        place = ("vectors", vector.index, "title")
        yield Sentence(f"{name}/title", vector.vector.title, vector.source, place, draft=draft)
    for region, profile in catalogue.profiles.items():
        source = catalogue.profile_sources[region]
        yield Sentence(f"profile-{region}/title", profile.title, source, ("title",), draft=False)
        for index, override in enumerate(profile.overrides):
            key = f"profile-{region}/{override.criterion}"
            yield Sentence(key, override.reason, source, ("overrides", index, "reason"), draft=False)


def accept_translations(catalogue: Catalogue) -> Path:
    """Write the lock file: every translation as it stands is held to be right. Returns its path."""
    lines = sorted(
        f"{sentence.key} {_digest(sentence.text.en)} {_digest(sentence.text.ja)}\n" for sentence in sentences(catalogue)
    )
    path = catalogue.root / LOCK
    path.write_text(_HEADER + "".join(lines), encoding="utf-8")
    return path


def lint_translations(catalogue: Catalogue) -> Iterator[LintProblem]:
    """Yield each text without translation, with a stale one, or unknown to the lock."""
    path = catalogue.root / LOCK
    locked = _read(path) if path.is_file() else None
    if locked is None:
        message = Text("there is no lock of translations yet", "訳文のロックファイルがまだない。")
        yield error(shown(path), None, "no-translation-lock", message, _ADVICE, severity=Severity.WARNING)
    for sentence in sentences(catalogue):
        known = None if locked is None else locked.get(sentence.key)
        if _untranslated(sentence.text):
            advice = Text("write it in Japanese", "日本語で記述すること。")
            yield _problem(sentence, "missing-translation", ("has no Japanese translation", "の和訳がない。"), advice)
        elif known is None:
            if locked is not None and not sentence.draft:
                words = ("is new: its translation is not accepted yet", "は新しく、訳文が未承認である。")
                yield _problem(sentence, "unaccepted-translation", words, _ADVICE)
        elif known[0] != _digest(sentence.text.en) and known[1] == _digest(sentence.text.ja):
            words = ("changed in English and not in Japanese", "の英文が変わったが和文が変わっていない。")
            yield _problem(sentence, "stale-translation", words, _ADVICE)
        elif known != (_digest(sentence.text.en), _digest(sentence.text.ja)):
            words = ("changed since its translation was accepted", "が訳文の承認後に変わった。")
            yield _problem(sentence, "changed-translation", words, _ADVICE, severity=Severity.WARNING)


def _problem(
    sentence: Sentence,
    code: str,
    words: tuple[str, str],
    advice: Text,
    *,
    severity: Severity = Severity.ERROR,
) -> LintProblem:
    message = Text(f"`{sentence.key}` {words[0]}", f"`{sentence.key}` {words[1]}")
    return error(sentence.source.name, sentence.line, code, message, advice, severity=severity)


def _untranslated(text: Text) -> bool:
    return text.en == text.ja and " " in text.en


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _read(path: Path) -> dict[str, tuple[str, str]]:
    entries = {}
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        words = line.split()
        if len(words) == 3 and not line.startswith("#"):  # noqa: PLR2004  key and two digests
            entries[words[0]] = (words[1], words[2])
    return entries
