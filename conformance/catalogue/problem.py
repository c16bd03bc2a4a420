"""What is wrong with a file that a person wrote: where, why, and what to do about it, in both languages."""

import difflib
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path

from msgspec import Struct

from conformance.model.problem import ProblemError
from conformance.model.text import Language, Text

_MAX_SIGNS = 600


class Severity(StrEnum):
    """How much a problem matters: an error refuses the file, a warning asks for a look, a note informs."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class LintProblem(Struct, frozen=True, kw_only=True):
    """One problem: its place, a code to search for, what is wrong and what to do."""

    file: str
    line: int | None = None
    code: str
    message: Text
    advice: Text
    severity: Severity = Severity.ERROR

    def in_(self, language: Language) -> str:
        """Return `file:line: [code] message -> advice` in `language`."""
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        grade = "" if self.severity is Severity.ERROR else f"{self.severity}: "
        message, advice = _one_line(self.message.in_(language)), _one_line(self.advice.in_(language))
        return f"{_one_line(place)}: {grade}[{self.code}] {message} -> {advice}"


class CatalogueError(ProblemError):
    """A file cannot be used; `problems` says all that is wrong with it, `text` the same as one line for each."""

    def __init__(self, *problems: LintProblem) -> None:
        super().__init__(
            Text(
                en="\n".join(problem.in_(Language.EN) for problem in problems),
                ja="\n".join(problem.in_(Language.JA) for problem in problems),
            )
        )
        self.problems = problems


class SelectionError(ProblemError):
    """A selection, id or edition that a person typed names nothing."""

    def __init__(self, message: Text, advice: Text) -> None:
        super().__init__(Text(en=f"{message.en} -> {advice.en}", ja=f"{message.ja} -> {advice.ja}"))
        self.message = message
        self.advice = advice


def error(
    file: str, line: int | None, code: str, message: Text, advice: Text, *, severity: Severity = Severity.ERROR
) -> LintProblem:
    """Return the LintProblem at `file`:`line`."""
    return LintProblem(file=file, line=line, code=code, message=message, advice=advice, severity=severity)


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the one of `known` that looks most like `word`, or None if none does."""
    close = difflib.get_close_matches(word, sorted(known), n=1, cutoff=0.55)
    return close[0] if close else None


def did_you_mean(word: str, known: Iterable[str], *, show: int = 12) -> Text:
    """Return advice that names the nearest of `known`, or lists up to `show` of them."""
    names = sorted(known)
    close = nearest(word, names)
    if close is not None:
        return Text(f"did you mean `{close}`?", f"`{close}` の誤りではないか。")
    if not names:
        return Text("remove it", "削除すること。")
    listed = ", ".join(f"`{name}`" for name in names[:show]) + (", ..." if len(names) > show else "")
    return Text(f"known here: {listed}", f"ここで使えるもの: {listed}")


def shown(path: Path) -> str:
    """Return `path` as a person wants to read it: relative to the working directory where it lies below it."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except (ValueError, OSError):
        return str(path)


def _one_line(text: str) -> str:
    """Return `text` fit for a terminal: what a hostile file makes long or unprintable is cut and shown as `?`."""
    cut = text if len(text) <= _MAX_SIGNS else f"{text[:_MAX_SIGNS]}..."
    return cut if cut.isprintable() else "".join(sign if sign.isprintable() else "?" for sign in cut)
