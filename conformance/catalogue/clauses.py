"""Says which reference of a criterion a vector's clause cites, and whether a clause begins with a known document."""

import re
from collections.abc import Iterable

from conformance.model.criterion import Criterion, Reference

_EDITION = re.compile(r"(?::[0-9]{4}\S*|\+A[0-9]+|(?<=[0-9])-(?:19|20)[0-9]{2}\b)")
_RFC = re.compile(r"rfc [0-9]{1,5}\b")
_BOUNDARY = re.compile(r"[\s,:(]|$")


def plain(text: str) -> str:
    """Return `text` without edition years and amendments, in lower case, with single spaces."""
    return " ".join(_EDITION.sub("", text).lower().split())


def documents(criteria: Iterable[Criterion]) -> tuple[str, ...]:
    """Return the names of all documents that `criteria` refer to, sorted."""
    return tuple(sorted({reference.document for criterion in criteria for reference in all_references(criterion)}))


def all_references(criterion: Criterion) -> tuple[Reference, ...]:
    """Return the references of all regions of `criterion`."""
    columns = criterion.references
    return (*columns.jp, *columns.us, *columns.eu, *columns.international)


def begins_with_document(clause: str, plain_documents: Iterable[str]) -> bool:
    """Say whether `clause` begins with an RFC's number or with one of `plain_documents` (see plain())."""
    text = plain(clause)
    return bool(_RFC.match(text)) or any(
        text.startswith(name) and _BOUNDARY.match(text, len(name)) for name in plain_documents
    )


def cites(clause: str, reference: Reference) -> bool:
    """Say whether a vector's `clause` cites `reference`: same document, and one clause is or lies within the other."""
    text = plain(clause)
    for document, place in _spellings(reference):
        if not text.startswith(document) or not _BOUNDARY.match(text, len(document)):
            continue
        rest = text[len(document) :].strip(" ,:")
        if not place or rest == place or _within(rest, place) or (rest and _within(place, rest)):
            return True
    return False


def _spellings(reference: Reference) -> Iterable[tuple[str, str]]:
    document, place = plain(reference.document), plain(reference.clause)
    yield document, place
    head, _, last = document.rpartition(" ")
    if head and place.startswith(f"{last}-"):
        yield head, place


def _within(inner: str, outer: str) -> bool:
    return inner.startswith(outer) and inner[len(outer) : len(outer) + 1] in (".", " ", "(", ",")
