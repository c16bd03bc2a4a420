"""What a fault is: an override of the rules, described for people and for the kill matrix."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeVar

Reason = Literal[
    "served-despite-defect",
    "negotiated-forbidden",
    "peer-certificate-unacceptable",
    "cleartext-service",
    "content-wrong",
    "state-changed",
    "not-logged",
]
Kind = Literal["fault", "mimic"]
T = TypeVar("T", bound=type)

LOG = "AUD-01"
UNREFUSED: frozenset[Reason] = frozenset({"served-despite-defect", "negotiated-forbidden", "cleartext-service"})


@dataclass(frozen=True)
class Fault:
    """A deviation: `reason` is the finding that catches it under `criterion`; `also_affects` names other criteria."""

    id: str
    title_en: str
    title_ja: str
    clause: str
    criterion: str
    reason: Reason
    also_affects: tuple[str, ...]
    kind: Kind
    rules: type

    def as_dict(self) -> dict[str, object]:
        """As `faults --json` prints it."""
        return {
            "id": self.id,
            "title": {"en": self.title_en, "ja": self.title_ja},
            "clause": self.clause,
            "criterion": self.criterion,
            "reason": self.reason,
            "also_affects": list(self.also_affects),
            "kind": self.kind,
        }


def identity(name: str) -> str:
    """The id of a fault from the name of its class: AcceptsForeignCa -> accepts-foreign-ca."""
    return re.sub(r"(?<=[a-z])(?=[0-9]*[A-Z])", "-", name).lower()


def fault(
    criterion: str,
    clause: str,
    ja: str,
    *,
    reason: Reason = "served-despite-defect",
    also: tuple[str, ...] = (),
    kind: Kind = "fault",
) -> Callable[[T], T]:
    """Describes the class below as a fault; its docstring is the sentence in English, `ja` the one in Japanese.

    Where something is not refused, the refusal is not in the log either: such a fault affects AUD-01 too.
    """
    affected = (*also, LOG) if reason in UNREFUSED else also

    def describe(rules: T) -> T:
        rules.described = Fault(  # type: ignore[attr-defined]  # read back by all_faults
            id=identity(rules.__name__),
            title_en=(rules.__doc__ or "").strip(),
            title_ja=ja,
            clause=clause,
            criterion=criterion,
            reason=reason,
            also_affects=affected,
            kind=kind,
            rules=rules,
        )
        return rules

    return describe
