"""Finds slips in the small sentences of a vector: titles, hook calls, capabilities needed, statements about content."""

import re
from collections.abc import Collection, Iterator
from typing import Any

from conformance.catalogue.problem import did_you_mean
from conformance.catalogue.yaml_source import Place
from conformance.model.hooks import HOOKS
from conformance.model.operations import OPERATIONS
from conformance.model.text import Text
from conformance.model.vector import Step

Slip = tuple[Place, str, Text, Text]

MODAL_TITLE = (
    Text("the title holds a modal verb", "題名に要求の語（…しなければならない、…すること、…べき）がある。"),
    Text("name what is done; requirements stand in statements", "題名には行為だけを書き、要求はstatementに書くこと。"),
)

_MODAL_EN = re.compile(r"\b(?:must|shall|should|may)\b", re.IGNORECASE)
_MODAL_JA = re.compile(r"しなければならない|すること|べき")
_ARGUMENT_TYPES: dict[str, tuple[type, ...]] = {
    "text": (str,),
    "file": (str,),
    "number": (int, float),
    "boolean": (bool,),
}


def modal(title: Text) -> bool:
    """Say whether `title` holds a modal verb; titles name what is done, statements say what is required."""
    return bool(_MODAL_EN.search(title.en) or _MODAL_JA.search(title.ja))


def hook_slips(step: Step) -> Iterator[Slip]:
    """Yield what is wrong with the hook and the arguments of a `hook.call`; places are relative to the step."""
    name = step.with_.get("hook")
    if not isinstance(name, str) or "${" in name:
        return
    hook = HOOKS.get(name)
    if hook is None:
        message = Text(f"unknown hook `{name}`", f"未知のフック `{name}` である。")
        yield ("with", "hook"), "unknown-hook", message, did_you_mean(name, HOOKS)
        return
    arguments = step.with_.get("arguments")
    given = arguments if isinstance(arguments, dict) else {}
    for key in sorted(given.keys() ^ hook.arguments.keys()):
        english, japanese = ("unknown", "余分") if key in given else ("missing", "不足")
        message = Text(
            f"hook `{name}` takes {sorted(hook.arguments)}; `{key}` is {english}",
            f"フック `{name}` の引数は {sorted(hook.arguments)} であり、`{key}` が{japanese}である。",
        )
        yield ("with", "arguments"), "hook-arguments", message, did_you_mean(key, hook.arguments)
    for key, value in given.items():
        wanted = hook.arguments.get(key)
        fits = wanted is None or isinstance(value, _ARGUMENT_TYPES[wanted]) or "${" in str(value)
        if not fits or (wanted == "number" and isinstance(value, bool)):
            message = Text(f"argument `{key}` is no {wanted}", f"引数 `{key}` の型は {wanted} である。")
            advice = Text(f"write a {wanted}", f"{wanted} を書くこと。")
            yield ("with", "arguments", key), "hook-arguments", message, advice


def need_slips(needs: Collection[str]) -> Iterator[Slip]:
    """Yield each of `needs` that is no capability; places are relative to the vector."""
    for index, need in enumerate(needs):
        kind, _, name = need.partition(":")
        known = {"hook": tuple(HOOKS), "service": tuple(OPERATIONS), "clock": ("",)}.get(kind, ())
        if name not in known:
            options = ["clock", *(f"hook:{hook}" for hook in HOOKS), *(f"service:{op}" for op in OPERATIONS)]
            message = Text(f"unknown capability `{need}`", f"未知の能力 `{need}` である。")
            yield ("needs", index), "unknown-need", message, did_you_mean(need, options)


def argument_slips(predicate: str, arguments: dict[str, Any], saved: Collection[str]) -> Iterator[Slip]:
    """Yield what is wrong with the arguments of `predicate`; `saved` are the names of earlier steps."""
    earlier = arguments.get({"unchanged": "since", "logged": "of"}.get(predicate, ""))
    if isinstance(earlier, str) and "${" not in earlier and earlier not in saved:
        message = Text(f"no earlier step is saved as `{earlier}`", f"`{earlier}` として保存された先行ステップがない。")
        yield (), "unknown-reference", message, did_you_mean(earlier, saved)
    statements = arguments.get("all_of")
    for index, statement in enumerate(statements if isinstance(statements, list) else ()):
        at: Place = ("all_of", index)
        if not isinstance(statement, dict):
            continue
        if len(statement.keys() - {"at"}) != 1:
            message = Text("a statement makes exactly one comparison", "一つの文に比較は一つだけである。")
            yield at, "one-comparison", message, Text("write one statement for each", "比較ごとに文を分けること。")
        pattern = statement.get("matches")
        if isinstance(pattern, str) and not _compiles(pattern):
            message = Text(f"`{pattern}` is no regular expression", f"`{pattern}` は正規表現ではない。")
            yield (*at, "matches"), "bad-pattern", message, Text("correct it", "修正すること。")


def _compiles(pattern: str) -> bool:
    try:
        re.compile(pattern)
    except re.error:
        return False
    return True
