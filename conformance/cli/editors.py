"""The standards people's commands: criteria, vectors, editions, and the plan for one endpoint."""

import argparse
from collections import Counter
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from conformance.cli.columns import aligned, show, write_json
from conformance.cli.language import language_option
from conformance.model.text import Language, Text

if TYPE_CHECKING:
    from conformance.catalogue.load import Catalogue
    from conformance.model.criterion import Criterion

EXIT_LINT = 3

_COLUMNS = ("jp", "us", "eu", "international")
_STATES = {"tested": "試験あり", "untested": "試験なし", "retired": "廃止"}
_GATES = {"connect": "接続", "restrict": "制限", "observe": "観察"}
_SEVERITIES = {"error": "エラー", "warning": "警告", "note": "参考"}
_DISPOSITIONS = {"run": "実行", "not-run": "未実施", "not-applicable": "適用外", "denied": "非対応申告"}

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001  argparse names it no other way


def register(commands: "Commands") -> None:
    """Add `criteria`, `vectors`, `edition` and `plan`."""
    parents = [language_option(), _catalogue_option()]

    def leaf(group: "Commands", name: str, text: str, *, json: bool = True) -> argparse.ArgumentParser:
        parser = group.add_parser(name, help=text, description=text, parents=parents)
        if json:
            parser.add_argument("--json", metavar="FILE", help="write JSON to FILE, or `-` for standard output")
        return parser

    criteria = _group(commands, "criteria", "what is asked")
    listing = leaf(criteria, "list", "list the criteria")
    listing.add_argument("family", nargs="?", help="only this family, such as PKI")
    listing.set_defaults(run=_criteria_list)
    showing = leaf(criteria, "show", "show one criterion with its references and vectors")
    showing.add_argument("id", help="such as PKI-02")
    showing.set_defaults(run=_criteria_show)

    vectors = _group(commands, "vectors", "the editors' tools")
    linting = leaf(vectors, "lint", "explain what is wrong with criteria, vectors, profiles and translations")
    linting.add_argument("--accept-translations", action="store_true", help="hold every translation as it is for right")
    linting.set_defaults(run=_vectors_lint)
    schema = leaf(vectors, "schema", "write the JSON Schemas that editors complete and check with", json=False)
    schema.add_argument("--check", action="store_true", help="write nothing; fail if they are out of date")
    schema.set_defaults(run=_vectors_schema)
    covering = leaf(vectors, "coverage", "criterion x vector x clause x region")
    covering.add_argument("--format", choices=("table", "markdown"), default="table", help="for people")
    covering.set_defaults(run=_vectors_coverage)
    new = leaf(vectors, "new", "write the skeleton of a new vector", json=False)
    new.add_argument("id", help="such as PKI-04/some-slug")
    new.set_defaults(run=_vectors_new)

    edition = _group(commands, "edition", "frozen requirement sets")
    freezing = leaf(edition, "freeze", "freeze the working copy as an edition", json=False)
    freezing.add_argument("id", help="such as 2026-draft-1")
    freezing.add_argument("--title-en", help="title in English (default: from the id)")
    freezing.add_argument("--title-ja", help="title in Japanese (default: from the id)")
    freezing.add_argument("--date", type=date.fromisoformat, help="day of the freeze (default: today)")
    freezing.set_defaults(run=_edition_freeze)
    diffing = leaf(edition, "diff", "what changed for a product between two editions; `working` is the working copy")
    diffing.add_argument("before")
    diffing.add_argument("after", nargs="?", default="working")
    diffing.set_defaults(run=_edition_diff)

    planning = leaf(commands, "plan", "what applies to one endpoint, and why the rest does not")
    planning.add_argument("--endpoint", type=Path, required=True, metavar="FILE", help="endpoint file")
    planning.add_argument("--select", default="", help="families, criteria, vectors or items: PKI,TLS-04/rc4-suites")
    planning.add_argument("--allow-physical", action="store_true", help="plan items that act on the plant as runnable")
    planning.add_argument("--lab-hooks", type=Path, metavar="FILE", help="the laboratory's own file of hook commands")
    planning.set_defaults(run=_plan)


def _group(commands: "Commands", name: str, text: str) -> "Commands":
    group = commands.add_parser(name, help=text, description=text)
    return group.add_subparsers(metavar="ACTION", required=True)


def _catalogue_option() -> argparse.ArgumentParser:
    parent = argparse.ArgumentParser(add_help=False)
    parent.add_argument(
        "--catalogue", type=Path, default=None, metavar="DIR", help="folder test_vectors (default: the suite's own)"
    )
    return parent


def _criteria_list(arguments: argparse.Namespace, language: Language) -> int:
    from conformance.catalogue.load import load_criteria  # noqa: PLC0415  each command loads what it needs
    from conformance.catalogue.problem import SelectionError, did_you_mean  # noqa: PLC0415

    criteria = load_criteria(arguments.catalogue)
    chosen = [one for name, one in sorted(criteria.items()) if arguments.family in (None, one.family)]
    if not chosen:
        message = Text(f"there is no family `{arguments.family}`", f"系列 `{arguments.family}` は存在しない。")
        raise SelectionError(message, did_you_mean(arguments.family, {one.family for one in criteria.values()}))
    if arguments.json:
        write_json(chosen, arguments.json)
        return 0
    japanese = language is Language.JA
    heads = ("基準", "SL", "ゲート", "接続点", "方法", "状態", "題名")
    rows = [heads if japanese else ("criterion", "SL", "gate", "at", "by", "state", "title")]
    for one in chosen:
        state = _state(one)
        rows.append(
            (
                one.id,
                str(one.security_level),
                _GATES[one.gate] if japanese else one.gate.value,
                "".join(point.value[0].upper() for point in one.connection_points),
                ",".join(method.value for method in one.methods),
                _STATES[state] if japanese else state,
                one.title.in_(language),
            )
        )
    show(aligned(rows))
    return 0


def _state(criterion: "Criterion") -> str:
    if criterion.status.value == "retired":
        return "retired"
    return "tested" if criterion.untested is None else "untested"


def _criteria_show(arguments: argparse.Namespace, language: Language) -> int:
    from conformance.catalogue.load import find_criterion, load_criteria  # noqa: PLC0415

    criterion = find_criterion(load_criteria(arguments.catalogue), arguments.id)
    catalogue = _load(arguments)
    entries = catalogue.vectors_by_criterion.get(criterion.id, ())
    if arguments.json:
        write_json({"criterion": criterion, "vectors": [entry.vector for entry in entries]}, arguments.json)
        return 0
    japanese = language is Language.JA
    lines = [f"{criterion.id}  {criterion.title.in_(language)}", "", criterion.statement.in_(language), ""]
    lines += aligned(
        [
            ("ゲート" if japanese else "gate", _GATES[criterion.gate] if japanese else criterion.gate.value),
            ("SL", str(criterion.security_level)),
            ("接続点" if japanese else "asked at", ", ".join(criterion.connection_points)),
            ("方法" if japanese else "methods", ", ".join(criterion.methods)),
            ("刺激" if japanese else "stimulus", criterion.negative_stimulus.in_(language)),
            ("対処" if japanese else "remedy", criterion.remedy.in_(language)),
        ]
    )
    for column in _COLUMNS:
        references = getattr(criterion.references, column)
        lines += ["", f"[{column}]"] + (["  -"] if not references else [])
        lines += [f"  {one.document} {one.clause} ({one.certainty})".replace("  (", " (") for one in references]
    lines += ["", "ベクトル" if japanese else "vectors"]
    lines += [f"  {line}" for line in aligned([(e.id, e.vector.status, e.vector.title.in_(language)) for e in entries])]
    if criterion.untested is not None:
        lines.append(f"  {criterion.untested.in_(language)}")
    show(lines)
    return 0


def _vectors_lint(arguments: argparse.Namespace, language: Language) -> int:
    from conformance.catalogue.lint import lint  # noqa: PLC0415
    from conformance.catalogue.problem import Severity  # noqa: PLC0415

    if arguments.accept_translations:
        from conformance.catalogue.translations import accept_translations  # noqa: PLC0415

        accept_translations(_load(arguments))
    problems = lint(arguments.catalogue)
    counts = Counter(problem.severity for problem in problems)
    if arguments.json:
        write_json(problems, arguments.json)
    else:
        show(problem.in_(language) for problem in problems)
        english = ", ".join(f"{counts[one]} {one}{'' if counts[one] == 1 else 's'}" for one in Severity)
        japanese = "、".join(f"{_SEVERITIES[one]}{counts[one]}件" for one in Severity)
        summary = Text(english, japanese)
        show([summary.in_(language)])
    return EXIT_LINT if counts[Severity.ERROR] else 0


def _vectors_schema(arguments: argparse.Namespace, language: Language) -> int:
    from conformance.catalogue.load import default_root  # noqa: PLC0415
    from conformance.catalogue.problem import shown  # noqa: PLC0415
    from conformance.catalogue.schema import schema_drift, write_schemas  # noqa: PLC0415

    folder = (arguments.catalogue or default_root()) / "schema"
    if arguments.check:
        drifted = schema_drift(folder)
        show(problem.in_(language) for problem in drifted)
        return EXIT_LINT if drifted else 0
    show(shown(path) for path in write_schemas(folder))
    return 0


def _vectors_coverage(arguments: argparse.Namespace, language: Language) -> int:
    from conformance.catalogue.coverage import coverage, heads_in, markdown, table  # noqa: PLC0415

    found = coverage(_load(arguments))
    if arguments.json:
        write_json(found, arguments.json)
    elif arguments.format == "markdown":
        show(markdown(found, language).splitlines())
    else:
        rows = [(row[0], *row[2:], row[1]) for row in [heads_in(language), *table(found, language)]]
        totals = [
            (name, ", ".join(f"{word} {count}" for word, count in counts.items()))
            for name, counts in found.totals.items()
        ]
        show([*aligned(rows), "", *aligned(totals)])
    return 0


def _vectors_new(arguments: argparse.Namespace, language: Language) -> int:
    from conformance.catalogue.problem import shown  # noqa: PLC0415
    from conformance.catalogue.skeleton import new_vector  # noqa: PLC0415

    path = shown(new_vector(_load(arguments), arguments.id))
    told = Text(
        f"wrote a draft into {path}; fill it in, then run `mgcc vectors lint`",
        f"{path} に草案を書いた。記入後、`mgcc vectors lint` を実行すること。",
    )
    show([told.in_(language)])
    return 0


def _edition_freeze(arguments: argparse.Namespace, language: Language) -> int:
    from conformance.catalogue.editions import freeze  # noqa: PLC0415
    from conformance.catalogue.lint import lint_catalogue  # noqa: PLC0415
    from conformance.catalogue.problem import CatalogueError, Severity, shown  # noqa: PLC0415

    catalogue = _load(arguments)
    errors = [problem for problem in lint_catalogue(catalogue) if problem.severity is Severity.ERROR]
    if errors:
        raise CatalogueError(*errors)
    title = Text(arguments.title_en or f"Edition {arguments.id}", arguments.title_ja or f"{arguments.id} 版")
    day = arguments.date or date.today()  # noqa: DTZ011  the editor's own day
    path = shown(freeze(catalogue, arguments.id, title=title, frozen_on=day))
    show([Text(f"froze {path}", f"{path} を凍結した。").in_(language)])
    return 0


def _edition_diff(arguments: argparse.Namespace, language: Language) -> int:
    from conformance.catalogue.editions import diff, find_edition  # noqa: PLC0415

    catalogue = _load(arguments)
    before, after = find_edition(catalogue, arguments.before), find_edition(catalogue, arguments.after)
    changes = diff(before, after)
    if arguments.json:
        write_json({"before": before.id, "after": after.id, "changes": changes}, arguments.json)
        return 0
    show(aligned([(change.kind.value, change.text.in_(language)) for change in changes]))
    if not changes:
        show([Text("nothing changed for a product", "製品にとっての変更はない。").in_(language)])
    return 0


def _plan(arguments: argparse.Namespace, language: Language) -> int:
    from conformance.catalogue.endpoint_file import load_endpoint, load_hooks  # noqa: PLC0415
    from conformance.catalogue.plan import plan  # noqa: PLC0415
    from conformance.catalogue.selection import split_selection  # noqa: PLC0415

    catalogue = _load(arguments)
    loaded = load_endpoint(arguments.endpoint, catalogue.criteria)
    items = plan(
        catalogue,
        loaded.endpoint,
        split_selection(arguments.select),
        lab_hooks=load_hooks(arguments.lab_hooks).hooks if arguments.lab_hooks is not None else (),
        allow_physical=arguments.allow_physical,
    )
    if arguments.json:
        write_json([_plan_row(item) for item in items], arguments.json)
        return 0
    japanese = language is Language.JA
    rows = []
    for item in items:
        word = _DISPOSITIONS[item.disposition] if japanese else item.disposition.value
        draft = ("（草案）" if japanese else " (draft)") if item.draft else ""
        rows.append((word + draft, item.id, item.why.in_(language) if item.why is not None else ""))
    counts = Counter(item.disposition.value for item in items)
    words = [f"{_DISPOSITIONS[name] if japanese else name} {count}" for name, count in counts.items()]
    show([*(line.rstrip() for line in aligned(rows)), ", ".join(words)])
    return 0


def _plan_row(item: Any) -> dict[str, Any]:
    return {
        "id": item.id,
        "criterion": item.criterion,
        "vector": item.vector_id,
        "status": item.vector.status,
        "connection_point": item.connection_point,
        "binding": item.binding.label,
        "region": item.region,
        "row": item.row,
        "disposition": item.disposition,
        "why": item.why,
    }


def _load(arguments: argparse.Namespace) -> "Catalogue":
    from conformance.catalogue.load import load_catalogue  # noqa: PLC0415

    return load_catalogue(arguments.catalogue)
