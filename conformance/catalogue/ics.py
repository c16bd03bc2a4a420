"""Expands what the supplier claims: families and criteria supported and denied, as criteria."""

from collections.abc import Iterable, Mapping

from msgspec import Struct

from conformance.catalogue.problem import LintProblem, did_you_mean, error
from conformance.model.criterion import Criterion
from conformance.model.endpoint import Endpoint
from conformance.model.text import Text

TRANSPORT_FAMILIES = ("PKI", "TLS")
_TRANSPORT_PROTOCOLS = frozenset({"tls", "https"})


class Claims(Struct, frozen=True):
    """The criteria that the ICS supports and those it denies; whatever is in neither is left out."""

    supports: frozenset[str]
    denies: frozenset[str]


def claims(endpoint: Endpoint, criteria: Mapping[str, Criterion]) -> Claims:
    """Return the claims of `endpoint`; unknown names in its ICS claim nothing (see ics_problems).

    A file without ICS whose bindings are all `tls` or `https` claims the transport criteria.
    """
    ics = endpoint.ics
    if ics is None:
        supports = _expand(TRANSPORT_FAMILIES, criteria) if _only_transport(endpoint) else frozenset()
        return Claims(supports, frozenset())
    denies = _expand(ics.denies, criteria)
    return Claims(_expand(ics.supports, criteria) - denies, denies)


def ics_problems(endpoint: Endpoint, criteria: Mapping[str, Criterion], file: str) -> tuple[LintProblem, ...]:
    """Return what is wrong with the ICS: empty, absent where needed, unknown names, claimed and denied at once."""
    ics = endpoint.ics
    if ics is None and _only_transport(endpoint):
        return ()
    if ics is None or not ics.supports:
        message = Text("the ICS is empty", "ICSが空である。")
        advice = Text(
            "say what the product claims: `ics: {supports: [PKI, TLS, ...]}`",
            "製品の対応範囲を `ics: {supports: [PKI, TLS, ...]}` のように記述すること。",
        )
        return (error(file, None, "empty-ics", message, advice),)
    found = []
    for name in (*ics.supports, *ics.denies):
        if not _expand((name,), criteria):
            message = Text(f"ICS: there is no criterion or family `{name}`", f"ICSの `{name}` は存在しない。")
            known = {*criteria, *(criterion.family for criterion in criteria.values())}
            found.append(error(file, None, "unknown-claim", message, did_you_mean(name, known)))
    for name in sorted(set(ics.supports) & set(ics.denies)):
        message = Text(f"ICS: `{name}` is both supported and denied", f"ICSの `{name}` が対応と非対応の両方にある。")
        found.append(error(file, None, "contradicting-claim", message, Text("keep one", "片方だけにすること。")))
    return tuple(found)


def _only_transport(endpoint: Endpoint) -> bool:
    return all(
        binding.protocol in _TRANSPORT_PROTOCOLS
        for point in endpoint.connection_points.values()
        for binding in point.bindings
    )


def _expand(names: Iterable[str], criteria: Mapping[str, Criterion]) -> frozenset[str]:
    wanted = set(names)
    return frozenset(name for name, criterion in criteria.items() if name in wanted or criterion.family in wanted)
