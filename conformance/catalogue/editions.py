"""Freezes a requirement set as an edition, and says what changed for a product between two of them."""

from collections.abc import Iterator
from datetime import date
from enum import StrEnum
from pathlib import Path

import msgspec
import yaml
from msgspec import Struct

from conformance.catalogue.load import Catalogue, canonical_digest
from conformance.catalogue.problem import SelectionError, did_you_mean, shown
from conformance.model.criterion import CriterionStatus, Edition, FrozenCriterion, Gate
from conformance.model.text import Text
from conformance.model.vector import VectorStatus

WORKING = "working"

_STRICTNESS = (Gate.OBSERVE, Gate.RESTRICT, Gate.CONNECT)


class ChangeKind(StrEnum):
    """What kind of change it is."""

    CRITERION_ADDED = "criterion-added"
    CRITERION_REMOVED = "criterion-removed"
    STRICTER_GATE = "stricter-gate"
    MILDER_GATE = "milder-gate"
    LOWER_LEVEL = "lower-security-level"
    HIGHER_LEVEL = "higher-security-level"
    TEXT = "criterion-changed"
    VECTOR_ADDED = "vector-added"
    VECTOR_CHANGED = "vector-changed"
    VECTOR_WITHDRAWN = "vector-withdrawn"
    PROFILE_ADDED = "profile-added"
    PROFILE_REMOVED = "profile-removed"
    PROFILE_CHANGED = "profile-changed"


class Change(Struct, frozen=True, kw_only=True):
    """One change, what it concerns, and what it means for a product."""

    kind: ChangeKind
    subject: str
    text: Text


def edition_of(catalogue: Catalogue, identity: str, *, title: Text, frozen_on: date) -> Edition:
    """Return the active criteria and vectors of `catalogue` as an edition, with their digests."""
    criteria = {}
    for name in sorted(catalogue.criteria):
        criterion = catalogue.criteria[name]
        if criterion.status is CriterionStatus.RETIRED:
            continue
        criteria[name] = FrozenCriterion(
            digest=canonical_digest(criterion),
            gate=criterion.gate,
            security_level=criterion.security_level,
            vectors={
                entry.id: canonical_digest(entry.vector)
                for entry in catalogue.vectors_by_criterion.get(name, ())
                if entry.vector.status is VectorStatus.ACTIVE
            },
        )
    profiles = {region: canonical_digest(catalogue.profiles[region]) for region in sorted(catalogue.profiles)}
    return Edition(id=identity, title=title, frozen_on=frozen_on, criteria=criteria, profiles=profiles)


def freeze(catalogue: Catalogue, identity: str, *, title: Text, frozen_on: date) -> Path:
    """Write the edition `identity` of `catalogue` and return its file.

    Raises SelectionError if that edition exists already, for a frozen edition never changes, or if the id is no id.
    """
    try:
        edition = edition_of(catalogue, identity, title=title, frozen_on=frozen_on)
        msgspec.convert(msgspec.to_builtins(edition), Edition)
    except msgspec.ValidationError:
        message = Text(f"`{identity}` is no id of an edition", f"`{identity}` は版の識別子ではない。")
        advice = Text("write a year and words: 2026-draft-1", "2026-draft-1 のように年で始めること。")
        raise SelectionError(message, advice) from None
    path = catalogue.root / "editions" / f"{identity}.yaml"
    content = yaml.safe_dump(msgspec.to_builtins(edition), sort_keys=False, allow_unicode=True, width=120)
    header = (
        "# yaml-language-server: $schema=../schema/edition.schema.json\n"
        "# Frozen by `mgcc edition freeze`; never edited, never overwritten.\n"
    )
    path.parent.mkdir(exist_ok=True)
    try:
        with path.open("x", encoding="utf-8") as stream:
            stream.write(header + content)
    except FileExistsError:
        message = Text(f"{shown(path)} exists already", f"{shown(path)} は既に存在する。")
        advice = Text(
            "a frozen edition never changes: choose another id", "凍結した版は変更できない。別の識別子とすること。"
        )
        raise SelectionError(message, advice) from None
    return path


def find_edition(catalogue: Catalogue, identity: str) -> Edition:
    """Return the frozen edition `identity`; `working` is the catalogue as it stands. Raises SelectionError."""
    if identity == WORKING:
        title = Text("working copy", "作業中の版")
        return edition_of(catalogue, WORKING, title=title, frozen_on=date.today())  # noqa: DTZ011  the editor's own day
    if identity not in catalogue.editions:
        message = Text(f"there is no edition `{identity}`", f"版 `{identity}` は存在しない。")
        raise SelectionError(message, did_you_mean(identity, [*catalogue.editions, WORKING]))
    return catalogue.editions[identity]


def edition_in_force(catalogue: Catalogue) -> str:
    """Return the id of the newest frozen edition that `catalogue` still is, word for word; else `working`."""
    if not catalogue.editions:
        return WORKING
    now = find_edition(catalogue, WORKING)
    newest_first = sorted(catalogue.editions.values(), key=lambda one: (one.frozen_on, one.id), reverse=True)
    return next((one.id for one in newest_first if not diff(one, now)), WORKING)


def diff(before: Edition, after: Edition) -> tuple[Change, ...]:
    """Return what changed for a product from `before` to `after`, by criterion, then by region."""
    changes: list[Change] = []
    for name in sorted(before.criteria.keys() | after.criteria.keys()):
        old, new = before.criteria.get(name), after.criteria.get(name)
        if old is None:
            changes.append(_change(ChangeKind.CRITERION_ADDED, name, "is newly asked", "が新たに求められる"))
        elif new is None:
            changes.append(_change(ChangeKind.CRITERION_REMOVED, name, "is no longer asked", "は求められなくなった"))
        else:
            changes += _criterion_changes(name, old, new)
        changes += _vector_changes(old.vectors if old else {}, new.vectors if new else {})
    for region in sorted(before.profiles.keys() | after.profiles.keys()):
        was, now = before.profiles.get(region), after.profiles.get(region)
        if was is None:
            changes.append(_change(ChangeKind.PROFILE_ADDED, region, "has a profile now", "のプロファイルが追加された"))
        elif now is None:
            changes.append(
                _change(ChangeKind.PROFILE_REMOVED, region, "has no profile any more", "のプロファイルがなくなった")
            )
        elif was != now:
            words = ("its regional values or overrides changed", "の地域値又は上書きが変わった")
            changes.append(_change(ChangeKind.PROFILE_CHANGED, region, *words))
    return tuple(changes)


def _criterion_changes(name: str, old: FrozenCriterion, new: FrozenCriterion) -> Iterator[Change]:
    if old.gate is not new.gate:
        stricter = _STRICTNESS.index(new.gate) > _STRICTNESS.index(old.gate)
        kind = ChangeKind.STRICTER_GATE if stricter else ChangeKind.MILDER_GATE
        yield _change(kind, name, f"gate {old.gate} -> {new.gate}", f"のゲートが {old.gate} から {new.gate} に変わった")
    if old.security_level != new.security_level:
        lower = new.security_level < old.security_level
        kind = ChangeKind.LOWER_LEVEL if lower else ChangeKind.HIGHER_LEVEL
        was, now = old.security_level, new.security_level
        yield _change(
            kind,
            name,
            f"mandatory from SL{now} on, was SL{was}",
            f"が必須となるレベルがSL{was}からSL{now}に変わった",
        )
    same_facts = (old.gate, old.security_level) == (new.gate, new.security_level)
    if old.digest != new.digest and same_facts:
        words = ("statement, references or facts changed", "の要求文・参照・適用条件のいずれかが変わった")
        yield _change(ChangeKind.TEXT, name, *words)


def _vector_changes(old: dict[str, str], new: dict[str, str]) -> Iterator[Change]:
    for name in sorted(old.keys() | new.keys()):
        if name not in old:
            yield _change(ChangeKind.VECTOR_ADDED, name, "is a new test", "の試験が追加された")
        elif name not in new:
            yield _change(ChangeKind.VECTOR_WITHDRAWN, name, "is withdrawn", "の試験が取り下げられた")
        elif old[name] != new[name]:
            yield _change(ChangeKind.VECTOR_CHANGED, name, "tests something else than before", "の試験内容が変わった")


def _change(kind: ChangeKind, subject: str, en: str, ja: str) -> Change:
    return Change(kind=kind, subject=subject, text=Text(f"{subject}: {en}", f"{subject} {ja}。"))
