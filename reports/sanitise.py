"""Takes out of text what is not a reader's business: machine, user, folders, secrets, control characters."""

import getpass
import re
import socket
import sys
import tempfile
import unicodedata
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from conformance.model.report import Report

LONGEST_TEXT = 4000
"""Characters of one text that a view shows; what a product sends is not ours to bound elsewhere."""

_PRIVATE_KEYS = frozenset(
    {"host", "hostname", "fqdn", "node", "user", "username", "login", "home", "cwd", "pid", "thread", "argv"}
)
_ORDINARY = frozenset(
    (
        *("root", "user", "users", "admin", "test", "tests", "tester", "build", "builder", "runner", "nobody"),
        *("operator", "engineer", "auditor", "viewer", "utility", "aggregator", "server", "client", "localhost"),
        *("local", "product", "laboratory", "reference", "distribution", "aggregation", "modbus", "https", "japan"),
        *("default", "system", "microgrid"),
    )
)
_SECRETS = (
    (
        re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----.*?(?:-----END [A-Z0-9 ]*PRIVATE KEY-----|\Z)", re.DOTALL),
        "[secret]",
    ),
    (re.compile(r"(?<=://)[^/@\s:]{1,200}:[^/@\s]{1,200}(?=@)"), "[secret]"),
    (re.compile(r"(?i)\b((?:proxy-)?authorization|cookie|set-cookie)(\s*:\s*)[^\r\n]+"), r"\1\2[secret]"),
    (
        re.compile(
            r"(?i)\b(password|passwd|passphrase|secret|api[_-]?key|access[_-]?token)(\"?\s*[=:]\s*)\"?[^\s\",;&]+"
        ),
        r"\1\2[secret]",
    ),
)
_ROOTS = (
    "home",
    "Users",
    "root",
    "tmp",
    "var/tmp",
    "var/folders",
    "opt",
    "srv",
    "mnt",
    "media",
    "private",
    "usr",
    "workspace",
    "builds",
)
_WINDOWS = re.compile(r"\b[A-Za-z]:\\[^\s'\"<>|]+")


class Machine(Struct, frozen=True, kw_only=True):
    """What identifies the machine a report is made on: names and folders that no view may show."""

    hosts: tuple[str, ...]
    users: tuple[str, ...]
    folders: tuple[str, ...]


def this_machine() -> Machine:
    """Return what identifies this machine; asks no name server."""
    host = socket.gethostname()
    try:
        user = getpass.getuser()
    except (OSError, KeyError):
        user = ""
    folders = [str(Path.home()), str(Path.cwd()), tempfile.gettempdir(), sys.prefix]
    return Machine(
        hosts=tuple(dict.fromkeys(_telling(name) for name in (host, host.split(".")[0]) if _telling(name))),
        users=tuple(name for name in (_telling(user),) if name),
        folders=tuple(folder for folder in dict.fromkeys(folders) if len(Path(folder).parts) > 1),
    )


def _telling(name: str) -> str:
    """Return `name`, or nothing where it is too short or ordinary a word to identify anyone."""
    return "" if len(name) < 4 or name.casefold() in _ORDINARY else name  # noqa: PLR2004  shorter ones are words


def scrubber(machine: Machine | None = None) -> Callable[[str], str]:
    """Return a function that takes machine and user names, local folders and secrets out of a text."""
    return _scrubber(machine or this_machine())


@lru_cache(maxsize=8)
def _scrubber(machine: Machine) -> Callable[[str], str]:
    roots = dict.fromkeys((*_ROOTS, *(Path(folder).parts[1] for folder in machine.folders)))
    tail = r"(?:/[^\s'\"<>,;()\[\]]*)"
    paths = re.compile(
        "|".join(
            (
                *(re.escape(folder) + r"(?![\w-])" + tail + "?" for folder in machine.folders),
                r"(?:file://|(?<![\w/.:}-]))/(?:" + "|".join(re.escape(root) for root in roots) + ")" + tail,
            )
        )
    )
    names = [(name, "[host]") for name in machine.hosts] + [(name, "[user]") for name in machine.users]
    words = [(re.compile(rf"(?i)(?<![\w-]){re.escape(name)}(?![\w-])"), mark) for name, mark in names]

    def scrub(text: str) -> str:
        for pattern, replacement in _SECRETS:
            text = pattern.sub(replacement, text)
        text = paths.sub(_basename, text)
        text = _WINDOWS.sub("[path]", text)
        for pattern, mark in words:
            text = pattern.sub(mark, text)
        return text

    return scrub


def _basename(match: re.Match[str]) -> str:
    """Keep a file's own name, which helps, and nothing of the folders, which tell who and where."""
    last = match.group().rsplit("/", 1)[-1]
    return f"[path]/{last}" if "." in last.strip(".") else "[path]"


def visible(text: str) -> str:
    r"""Return `text` with every character that could steer a terminal, a page or a parser written out (`\x1b`)."""
    return text if text.isascii() and text.isprintable() else "".join(map(_visible, text))


def _visible(character: str) -> str:
    if character in "\n\t" or character.isprintable():
        return character
    number = ord(character)
    if unicodedata.category(character) == "Zs":
        return character
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}"  # noqa: PLR2004  Latin-1 ends there


def shown(text: str, scrub: Callable[[str], str]) -> str:
    """Return `text` as a view may show it: scrubbed, without control characters, of bounded length."""
    text = visible(scrub(text))
    return text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]} [... {len(text)}]"


def cleaned(report: Report, machine: Machine | None = None) -> Report:
    """Return `report` as views may show it; counts, ids, verdicts and digests are as they were."""
    scrub = scrubber(machine)
    value = _walk(msgspec.to_builtins(report), lambda text: shown(text, scrub))
    value["environment"] = {
        name: text for name, text in value["environment"].items() if name.casefold() not in _PRIVATE_KEYS
    }
    return msgspec.convert(value, Report)


def _walk(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {_walk(key, change): _walk(item, change) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_walk(item, change) for item in value]
    return value
