"""Writes the views of a report into its run folder, each whole or not at all."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from conformance.model.report import Report
from conformance.model.text import Language, Text
from reports.sanitise import cleaned

NAMES = {"html": "report.html", "junit": "junit.xml", "allure": "allure-results"}
"""The views that can be written and the file or folder each of them becomes."""

_FAILED = Text(
    en="the {view} view could not be written to {path}: {reason}. report.json is as it was; "
    "make room or choose another folder, then: mgcc report {folder}",
    ja="{view}形式の報告書を{path}に書き込めない: {reason}。report.jsonは変更されていない。"
    "空き容量を確保するか別のフォルダを選び、次を実行のこと: mgcc report {folder}",
)
_UNKNOWN = Text(
    en="unknown report format {name}; known are {known}", ja="未知の報告書形式 {name}。使用できる形式: {known}"
)


class ViewNotWrittenError(OSError):
    """A view could not be written; `text` says which, where and what to do, in both languages."""

    def __init__(self, text: Text, error: OSError, path: Path) -> None:
        super().__init__(error.errno, text.en, str(path))
        self.text = text

    def __str__(self) -> str:
        return self.text.en


class UnknownFormatError(ValueError):
    """A format that no view has; `text` says which there are, in both languages."""

    def __init__(self, name: str) -> None:
        self.text = _UNKNOWN.format(name=name, known=", ".join(NAMES))
        super().__init__(self.text.en)


def write_views(
    report: Report, folder: Path, formats: Iterable[str] = tuple(NAMES), language: Language = Language.EN
) -> tuple[Path, ...]:
    """Write the views named in `formats` into `folder` and return where each stands.

    A view replaces its older self in one step; `report.json` is neither read nor written. Raises UnknownFormatError
    before anything is written, and ViewNotWrittenError (an OSError) when the disk refuses: earlier views stay, and
    nothing half-written is left.
    """
    formats = tuple(dict.fromkeys(formats))
    for name in formats:
        if name not in NAMES:
            raise UnknownFormatError(name)
    if not formats:
        return ()
    shown = cleaned(report)
    return tuple(_write(name, shown, folder, language) for name in formats)


def _write(name: str, report: Report, folder: Path, language: Language) -> Path:
    path = folder / NAMES[name]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if name == "allure":
            from reports.allure import write  # noqa: PLC0415  loaded only where it is asked for

            _folder(path, lambda temporary: write(report, temporary))
        else:
            _file(path, _rendered(name, report, language))
    except OSError as error:
        reason = error.strerror or str(error)
        raise ViewNotWrittenError(
            _FAILED.format(view=name, path=path, reason=reason, folder=folder), error, path
        ) from error
    return path


def _rendered(name: str, report: Report, language: Language) -> bytes:
    if name == "html":
        from reports import html  # noqa: PLC0415  loaded only where it is asked for

        return html.render(report, language).encode()
    from reports import junit  # noqa: PLC0415  loaded only where it is asked for

    return junit.render(report, language)


def _file(path: Path, content: bytes) -> None:
    """Write `content` beside `path`, then put it in its place."""
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _folder(path: Path, fill: Callable[[Path], None]) -> None:
    """Let `fill` write a folder beside `path`, then put it in its place; the older one goes last."""
    temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    old = temporary.with_name(temporary.name + ".old")
    try:
        fill(temporary)
        temporary.chmod(0o755)
        if path.exists():
            path.rename(old)
        temporary.rename(path)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        if old.exists() and not path.exists():
            old.rename(path)
        raise
    shutil.rmtree(old, ignore_errors=True)
