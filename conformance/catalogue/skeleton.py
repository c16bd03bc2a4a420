"""Writes the skeleton of a new vector: a commented draft that lints, for an editor to fill in."""

import re
from pathlib import Path

from conformance.catalogue.load import Catalogue, find_criterion
from conformance.catalogue.problem import SelectionError, shown
from conformance.catalogue.shape import to_model
from conformance.catalogue.yaml_source import parse, read_source
from conformance.model.criterion import Criterion
from conformance.model.text import Text
from conformance.model.vector import SLUG, VectorFile

_HEADER = """\
# yaml-language-server: $schema=../schema/vectors.schema.json
criterion: {criterion}
vectors:
"""

_VECTOR = """\
  - id: {slug}
    status: draft                      # draft: runs and is shown, never counts. active: counts. withdrawn: id kept
    title:                             # what is done, without must / shall / should / may
      en: {words} (describe what the suite does)
      ja: {words}（試験系が行うことを記述する。）
    behaviour: invalid                 # valid | invalid | timer
    clauses: [{clause}]                # documents as the criteria spell them
    # applies_if: {{bindings: [https]}}  # facts only; remove where it applies everywhere
    # impact: none                     # none | simulated | disruptive | physical
    # matrix:                          # named rows; steps refer to ${{row.until}}
    #   a-minute-ago: {{until: -60s}}
    steps:
      - op: service.read               # completion in the editor lists the operations and what each takes
        # as: utility                  # peer (absent) | utility | aggregator | viewer | auditor | engineer | rogue
        with: {{tls: {{client: {{leaf: {{not_after: -60s}}}}}}}}    # the defect
        expect: refused
        twin: {{tls: {{client: {{leaf: {{not_after: +1d}}}}}}}}     # the same without the defect: one place differs
    # detects: [fault-id]              # an active invalid vector names the fault of the reference that it finds
"""


def new_vector(catalogue: Catalogue, identity: str) -> Path:
    """Add a draft called `identity` (CRITERION/slug) to the criterion's file, made if need be; return the file.

    Raises SelectionError if the id is no id, is taken, or its criterion does not exist; CatalogueError if the file
    that is there cannot be read, or would not be readable with the draft at its end.
    """
    name, _, slug = identity.partition("/")
    if not re.fullmatch(SLUG, slug):
        message = Text(f"`{identity}` is no id of a vector", f"`{identity}` はベクトルの識別子ではない。")
        advice = Text(
            "write CRITERION/slug in lower case: PKI-04/some-slug", "PKI-04/some-slug のように小文字で書くこと。"
        )
        raise SelectionError(message, advice)
    criterion = find_criterion(catalogue.criteria, name)
    if identity in catalogue.vectors:
        entry = catalogue.vectors[identity]
        message = Text(f"`{identity}` exists at {entry.file}:{entry.line}", f"`{identity}` は {entry.file} にある。")
        raise SelectionError(message, Text("choose another id", "別の識別子とすること。"))
    text = _VECTOR.format(slug=slug, words=slug.replace("-", " "), clause=_clause(criterion))
    folder = catalogue.root / criterion.family
    existing = sorted(folder.glob(f"{name}_*.yaml"))
    if not existing:
        folder.mkdir(exist_ok=True)
        path = folder / f"{name}_{_file_slug(criterion)}.yaml"
        with path.open("x", encoding="utf-8") as stream:
            stream.write(_HEADER.format(criterion=name) + text)
        return path
    path = existing[0]
    before = read_source(path).data.decode("utf-8")
    after = before.rstrip("\n") + "\n\n" + text
    to_model(parse(after.encode(), shown(path)), VectorFile)
    path.write_text(after, encoding="utf-8")
    return path


def _file_slug(criterion: Criterion) -> str:
    return "_".join(re.findall(r"[a-z0-9]+", criterion.title.en.lower())[:4]) or "vectors"


def _clause(criterion: Criterion) -> str:
    columns = criterion.references
    first = next(iter((*columns.international, *columns.eu, *columns.us, *columns.jp)), None)
    words = f"{first.document} {first.clause}".strip() if first is not None else "document and clause"
    return '"' + words.replace("\\", "\\\\").replace('"', '\\"') + '"'
