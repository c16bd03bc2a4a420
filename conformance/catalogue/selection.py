"""Reads a selection such as `PKI,TLS-04/rc4-suites`: families, criteria, whole vectors, whole items."""

import re
from collections.abc import Sequence
from typing import Protocol, TypeVar

from conformance.catalogue.load import Catalogue
from conformance.catalogue.problem import SelectionError, did_you_mean
from conformance.model.text import Text

_CUTS = re.compile(r"[#+.]")


class Selectable(Protocol):
    """What a selection can pick."""

    @property
    def id(self) -> str:
        """Whole id of the item."""

    @property
    def vector_id(self) -> str:
        """Whole id of its vector."""

    @property
    def criterion(self) -> str:
        """Id of its criterion."""


Item = TypeVar("Item", bound=Selectable)


def split_selection(written: str) -> tuple[str, ...]:
    """Return the words of `written`, which are separated by commas."""
    return tuple(word for word in (part.strip() for part in written.split(",")) if word)


def pick(items: tuple[Item, ...], selection: Sequence[str], catalogue: Catalogue) -> tuple[Item, ...]:
    """Return those of `items` that `selection` names, in their order; an empty selection names all.

    The id of an item without its region or row names all its regions and rows. Raises SelectionError for a word that
    names nothing, and if nothing is left.
    """
    if not selection:
        return items
    named = [(_names(item), item) for item in items]
    wanted = frozenset(selection)
    chosen = [item for names, item in named if not wanted.isdisjoint(names)]
    known = frozenset().union(*(names for names, _ in named))
    for word in selection:
        if word in known or word in _families(catalogue) or word in catalogue.criteria or word in catalogue.vectors:
            continue
        message = Text(f"the selection `{word}` names nothing", f"選択 `{word}` に当たるものがない。")
        raise SelectionError(message, did_you_mean(word, _alike(word, items, catalogue)))
    if not chosen:
        words = ", ".join(selection)
        message = Text(f"nothing can be run of `{words}`", f"`{words}` に実行できる項目がない。")
        untested = [catalogue.criteria[word].untested for word in selection if word in catalogue.criteria]
        reason = next((text for text in untested if text is not None), None)
        advice = reason or Text(
            "it has no vector at these connection points", "これらの接続点に対応する試験ベクトルがない。"
        )
        raise SelectionError(message, advice)
    return tuple(chosen)


def _names(item: Selectable) -> frozenset[str]:
    """Every word that names `item`: family, criterion, vector, and its id whole or cut at region, row or role."""
    at = item.id.index("@")
    stems = (item.id[: cut.start()] for cut in _CUTS.finditer(item.id, at))
    return frozenset((item.criterion[:3], item.criterion, item.vector_id, item.id, *stems))


def _families(catalogue: Catalogue) -> set[str]:
    return {criterion.family for criterion in catalogue.criteria.values()}


def _alike(word: str, items: Sequence[Selectable], catalogue: Catalogue) -> set[str]:
    if "@" in word:
        return {item.id for item in items}
    if "/" in word:
        return set(catalogue.vectors)
    return {*_families(catalogue), *catalogue.criteria}
