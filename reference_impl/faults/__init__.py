"""Small named faults: each departs from the profile in one place, and says which criterion notices."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from reference_impl.faults import access, certificates, control, events, inventory, mimics, own_certificate, transport
from reference_impl.faults.fault import Fault
from reference_impl.rules import Rules

MODULES = (certificates, own_certificate, transport, mimics, access, inventory, control, events)


class UnknownFaultError(Exception):
    """No fault has this id; the message proposes the nearest ones."""


def all_faults() -> list[Fault]:
    """Every fault, in the order of the criteria, then by id."""
    found = [
        member.__dict__["described"]
        for module in MODULES
        for member in vars(module).values()
        if isinstance(member, type) and "described" in member.__dict__
    ]
    return sorted(found, key=lambda fault: (fault.criterion, fault.id))


def rules_with(identities: Sequence[str]) -> Rules:
    """The rules of an MMS with these faults; UnknownFaultError when one does not exist."""
    known = {fault.id: fault for fault in all_faults()}
    for identity in identities:
        if identity not in known:
            near = difflib.get_close_matches(identity, known, n=3)
            advice = f"did you mean {', '.join(near)}?" if near else "`faults` lists them all"
            raise UnknownFaultError(f"--fault {identity!r}: no such fault; {advice}")
    chosen = [known[identity].rules for identity in dict.fromkeys(identities)]
    rules: Rules = type("Rules", (*chosen, Rules), {})()
    return rules
