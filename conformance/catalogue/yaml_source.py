"""Reads one YAML file strictly: UTF-8, one document, no anchors, no duplicate keys, bounded in size and depth.

Scalars are resolved by the YAML 1.2 core schema, as editors do: `on`, `yes` and dates stay text. Keys are always text.
The nodes of PyYAML's C parser are turned into values directly, which costs less than PyYAML's own constructor; places
(file and line) are worked out by a second pass, only when there is something to report.
"""

import gc
import math
import re
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, NoReturn

import yaml
from msgspec import Struct

from conformance.catalogue.problem import CatalogueError, error, shown
from conformance.model.text import Text

MAX_BYTES = 1 << 20
MAX_DEPTH = 32
MAX_DIGITS = 64

Place = Sequence[str | int]

_STR = "tag:yaml.org,2002:str"
_SEQ = "tag:yaml.org,2002:seq"
_MAP = "tag:yaml.org,2002:map"
_NULL = "tag:yaml.org,2002:null"
_BOOL = "tag:yaml.org,2002:bool"
_INT = "tag:yaml.org,2002:int"
_FLOAT = "tag:yaml.org,2002:float"
_STARTS = frozenset("-+.0123456789~ntfNTF")
_PLAIN = (
    (_NULL, re.compile(r"(?:~|null|Null|NULL)?\Z")),
    (_BOOL, re.compile(r"(?:true|True|TRUE|false|False|FALSE)\Z")),
    (_INT, re.compile(r"(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)\Z")),
    (
        _FLOAT,
        re.compile(
            r"(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))\Z"
        ),
    ),
)
_PERHAPS_ANCHOR = re.compile(rb"(?:^|[\s\[{,:\xbf])&\S", re.MULTILINE)


class Source(Struct, frozen=True):
    """A file that was read: its name for people, its bytes, and the value in it."""

    name: str
    data: bytes
    value: Any = None

    def without_value(self) -> "Source":
        """Return what is needed to name places; the value, once it is part of the model, need not be kept twice."""
        return Source(self.name, self.data)

    def line(self, place: Place) -> int:
        """Return the line (from 1) where the key or list entry at `place` begins, or its nearest ancestor."""
        return _line(self.data, tuple(place))


class _TooDeepError(Exception):
    """The document nests deeper than MAX_DEPTH."""


class _UnusableError(Exception):
    """A node that this reader refuses; carries code, line and words."""

    def __init__(self, node: yaml.Node, code: str, message: Text, advice: Text) -> None:
        super().__init__(message.en)
        self.line = node.start_mark.line + 1
        self.code, self.message, self.advice = code, message, advice


class _Composer(yaml.CSafeLoader):
    """PyYAML's C parser with YAML 1.2 scalars and a bound on depth."""

    depth = 0

    def descend_resolver(self, _node: Any, _index: Any) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise _TooDeepError

    def ascend_resolver(self) -> None:
        self.depth -= 1

    def resolve(self, kind: Any, value: Any, implicit: Any) -> str:
        if kind is yaml.ScalarNode:
            if not implicit[0] or (value and value[0] not in _STARTS):
                return _STR
            return next((tag for tag, pattern in _PLAIN if pattern.match(value)), _STR)
        return _SEQ if kind is yaml.SequenceNode else _MAP


@contextmanager
def without_collector() -> Iterator[None]:
    """Pause Python's cyclic garbage collector while many small values are made; it would walk them again and again."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


def read_source(path: Path) -> Source:
    """Read the YAML file at `path`. Raises CatalogueError with file, line and remedy whatever is wrong with it."""
    name = shown(path)
    data = _read_bytes(path, name)
    return parse(data, name)


def parse(data: bytes, name: str) -> Source:
    """Return the value in the YAML `data`, called `name` in messages. Raises CatalogueError."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as problem:
        _fail(
            name,
            data.count(b"\n", 0, problem.start) + 1,
            "not-utf-8",
            Text("is not UTF-8 text", "UTF-8の文書ではない。"),
            Text("save the file with encoding UTF-8", "文字コードUTF-8で保存すること。"),
        )
    try:
        node = _compose(data)
        if node is None or (node.tag == _NULL and not node.value):
            _fail(
                name,
                None,
                "empty",
                Text("is empty", "内容が空である。"),
                Text("write its content, or delete the file", "内容を記述するか、ファイルを削除すること。"),
            )
        if _PERHAPS_ANCHOR.search(data):
            _refuse_anchors(data)
        return Source(name, data, _build(node))
    except _UnusableError as problem:
        _fail(name, problem.line, problem.code, problem.message, problem.advice)
    except _TooDeepError:
        _fail(
            name,
            None,
            "too-deep",
            Text(f"nests deeper than {MAX_DEPTH} levels", f"入れ子が{MAX_DEPTH}段を超えている。"),
            Text("flatten it; no file of the suite is that deep", "階層を浅くすること。"),
        )
    except yaml.YAMLError as problem:
        line, words = _explain(problem, data)
        _fail(
            name,
            line,
            "not-yaml",
            Text(f"is not valid YAML: {words}", f"YAMLとして読めない: {words}"),
            Text(
                "check the indentation (no tabs); quote values that hold `: ` or ` #` or begin with a special sign",
                "字下げ（タブは不可）を確かめ、「: 」「 #」を含む値や記号で始まる値は引用符で囲むこと。",
            ),
        )


def below(folder: Path, written: str, name: str, line: int | None = None) -> Path:
    """Return the path that `written` (in the file called `name`) means below `folder`.

    Raises CatalogueError if it is absolute or climbs out of `folder`, also by a symbolic link.
    """
    target = folder / written
    inside = bool(written) and "\0" not in written and not Path(written).is_absolute()
    if not inside or not target.resolve().is_relative_to(folder.resolve()):
        _fail(
            name,
            line,
            "path-outside",
            Text(
                f"path `{written}` leads out of the file's folder",
                f"パス `{written}` がこのファイルのフォルダの外を指す。",
            ),
            Text(
                "give a path relative to this file, without `..`, to something in its folder",
                "このファイルのフォルダ内を指す相対パスを、`..` を使わずに書くこと。",
            ),
        )
    return target


def _fail(name: str, line: int | None, code: str, message: Text, advice: Text) -> NoReturn:
    raise CatalogueError(error(name, line, code, message, advice)) from None


def _read_bytes(path: Path, name: str) -> bytes:
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            _fail(
                name,
                None,
                "not-a-file",
                Text("is not a regular file", "通常のファイルではない。"),
                Text("give the path of a YAML file", "YAMLファイルのパスを指定すること。"),
            )
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        _fail(
            name,
            None,
            "missing",
            Text("does not exist", "ファイルが存在しない。"),
            Text("check the path", "パスを確かめること。"),
        )
    except (OSError, ValueError) as problem:
        words = getattr(problem, "strerror", None) or str(problem)
        _fail(
            name,
            None,
            "unreadable",
            Text(f"cannot be read: {words}", f"読み込めない: {words}"),
            Text("check its path and permissions", "パスとアクセス権を確かめること。"),
        )
    if len(data) > MAX_BYTES:
        _fail(
            name,
            None,
            "too-large",
            Text(f"is larger than {MAX_BYTES >> 10} KiB", f"{MAX_BYTES >> 10} KiBを超えている。"),
            Text("split it", "分割すること。"),
        )
    return data


def _compose(data: bytes) -> Any:
    composer = _Composer(data)
    try:
        return composer.get_single_node()
    finally:
        composer.dispose()


def _refuse_anchors(data: bytes) -> None:
    for token in yaml.scan(data, Loader=yaml.CSafeLoader):
        if isinstance(token, yaml.AnchorToken):
            raise _UnusableError(
                yaml.ScalarNode(_STR, "", token.start_mark, token.end_mark),
                "anchor",
                Text("uses an anchor (`&name`)", "アンカー（`&名前`）を使っている。"),
                Text(
                    "write the value out where it is needed, or quote text that begins with `&`",
                    "値をその場に書くこと。`&` で始まる文字列は引用符で囲むこと。",
                ),
            )


def _build(node: Any) -> Any:
    kind = type(node)
    tag = node.tag
    if kind is yaml.ScalarNode:
        return node.value if tag == _STR else _scalar(node)
    if kind is yaml.MappingNode:
        if tag != _MAP:
            _refuse_tag(node)
        mapping: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if type(key_node) is not yaml.ScalarNode:
                raise _UnusableError(
                    key_node,
                    "key-not-text",
                    Text("a key is a list or a mapping", "キーがリスト又はマッピングである。"),
                    Text("keys are plain text; quote text that begins with `{` or `[`", "キーは文字列とすること。"),
                )
            key = key_node.value
            if key in mapping:
                raise _UnusableError(
                    key_node,
                    "duplicate-key",
                    Text(f"key `{key}` stands here twice", f"キー `{key}` が重複している。"),
                    Text("remove one of them", "どちらかを削除すること。"),
                )
            mapping[key] = _build(value_node)
        return mapping
    if tag != _SEQ:
        _refuse_tag(node)
    return [_build(child) for child in node.value]


def _scalar(node: yaml.ScalarNode) -> Any:
    tag, value = node.tag, node.value
    if tag == _NULL:
        return None
    if tag == _BOOL:
        return value.lower() == "true"
    if tag in (_INT, _FLOAT):
        number = _number(tag, value) if len(value) <= MAX_DIGITS else None
        if number is not None:
            return number
        raise _UnusableError(
            node,
            "bad-number",
            Text("is no number that can be used", "数値として扱えない。"),
            Text("quote it if it is text", "文字列であれば引用符で囲むこと。"),
        )
    return _refuse_tag(node)


def _number(tag: str, value: str) -> int | float | None:
    lowered = value.lower()
    try:
        if tag == _INT:
            return int(lowered, 0) if lowered[:2] in ("0x", "0o") else int(lowered)
        if lowered.endswith(".inf"):
            return -math.inf if lowered[0] == "-" else math.inf
        return math.nan if lowered == ".nan" else float(lowered)
    except ValueError:
        return None


def _refuse_tag(node: yaml.Node) -> NoReturn:
    raise _UnusableError(
        node,
        "tag",
        Text(f"uses the YAML tag `{node.tag}`", f"YAMLタグ `{node.tag}` を使っている。"),
        Text("remove the tag", "タグを削除すること。"),
    )


def _explain(problem: yaml.YAMLError, data: bytes) -> tuple[int | None, str]:
    if isinstance(problem, yaml.MarkedYAMLError):
        mark = problem.problem_mark or problem.context_mark
        words = problem.problem or problem.context or "unknown"
        return (mark.line + 1 if mark else None), words
    position = getattr(problem, "position", None)
    reason = str(getattr(problem, "reason", "") or "unreadable character")
    return (data.count(b"\n", 0, position) + 1 if isinstance(position, int) else None), reason


@lru_cache(maxsize=4)
def _root(data: bytes) -> Any:
    return _compose(data)


def _line(data: bytes, place: tuple[str | int, ...]) -> int:
    node = _root(data)
    line: int = node.start_mark.line
    for step in place:
        if isinstance(node, yaml.MappingNode):
            pair = next(((key, value) for key, value in node.value if key.value == str(step)), None)
            if pair is None:
                break
            line = pair[0].start_mark.line
            node = pair[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
            line = node.start_mark.line
        else:
            break
    return line + 1
