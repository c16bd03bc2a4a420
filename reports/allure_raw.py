"""Sanitises a folder of raw results that allure-pytest wrote in a plain pytest run, in place."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from msgspec import Struct

from reports.sanitise import Machine, scrubber, visible

LARGEST_FILE = 32 * 1024 * 1024
"""Bytes; a larger attachment is taken out, since what cannot be looked through cannot be vouched for."""

_TEXTS = frozenset(
    {".txt", ".json", ".csv", ".tsv", ".html", ".xml", ".yaml", ".yml", ".properties", ".uri", ".svg", ".log"}
)
_TELLING_LABELS = frozenset({"host", "thread"})


_OWN = ("-result.json", "-container.json", "-globals.json")
_OWN_NAMES = frozenset({"environment.properties", "executor.json", "categories.json"})


class Sanitised(Struct, frozen=True, kw_only=True):
    """What was done to a folder: files rewritten, files taken out and why, names left alone as not Allure's."""

    rewritten: int
    removed: tuple[tuple[str, str], ...]
    left: tuple[str, ...]


def sanitise(folder: Path, machine: Machine | None = None) -> Sanitised:
    """Take host, thread, user, local paths, Python sources and masked values out of the raw results in `folder`.

    `machine` is where the results were made; absent: this one. Files that cannot be read as what they claim to be
    are taken out; files that are not Allure's are left alone and named. Raises OSError when the folder cannot be
    read or written.
    """
    scrub = scrubber(machine)
    rewritten, removed, left = 0, [], []
    for path in sorted(folder.iterdir()):
        if path.is_symlink() or not path.is_file() or not _is_allures(path.name):
            left.append(path.name)
            continue
        try:
            rewritten += _file(path, scrub)
        except ValueError as error:
            path.unlink()
            removed.append((path.name, str(error)))
    return Sanitised(rewritten=rewritten, removed=tuple(removed), left=tuple(left))


def _is_allures(name: str) -> bool:
    return name.endswith(_OWN) or name in _OWN_NAMES or "-attachment" in name


def _file(path: Path, scrub: Callable[[str], str]) -> bool:
    """Rewrite one file where needed; ValueError says why it cannot stay."""
    if path.stat().st_size > LARGEST_FILE:
        raise ValueError(f"larger than {LARGEST_FILE} bytes")
    if path.name.endswith(_OWN):
        try:
            value = json.loads(path.read_bytes())
        except (ValueError, RecursionError):
            raise ValueError("not JSON") from None
        text = json.dumps(_clean(value, scrub), ensure_ascii=False)
    elif path.suffix.casefold() in _TEXTS:
        try:
            text = scrub(path.read_bytes().decode())
        except UnicodeDecodeError:
            raise ValueError("not UTF-8 text") from None
    else:
        return False
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_bytes(text.encode())
    temporary.replace(path)
    return True


def _clean(value: Any, scrub: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return visible(scrub(value))
    if isinstance(value, list):
        return [_clean(item, scrub) for item in value]
    if isinstance(value, dict):
        return {key: _field(key, item, value, scrub) for key, item in value.items() if key != "trace"}
    return value


def _field(key: str, item: Any, owner: dict[str, Any], scrub: Callable[[str], str]) -> Any:
    if key == "labels" and isinstance(item, list):
        item = [one for one in item if not (isinstance(one, dict) and one.get("name") in _TELLING_LABELS)]
    if key == "value" and owner.get("mode") in {"masked", "hidden"}:
        return "******"
    if key == "source" and isinstance(item, str):
        return os.path.basename(item)  # noqa: PTH119  a name in a JSON file, not a path of this machine
    return _clean(item, scrub)
