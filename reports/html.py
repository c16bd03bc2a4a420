"""One self-contained page in both languages, for people: no script, no network, everything escaped."""

import hashlib
from base64 import b64encode
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from conformance.model.criterion import Certainty, ConnectionPoint, Gate, Region
from conformance.model.finding import Verdict
from conformance.model.report import CriterionResult, Decision, ItemResult, Report
from conformance.model.text import Language, Text
from reports import reading, words
from reports.phrases import MODES, PAGE

TEMPLATES = Path(__file__).parent / "templates"
CERTIFICATION = "certification"
_FRAGMENT = "-._~/@:+!$*"


def render(report: Report, language: Language = Language.EN) -> str:
    """Return `report` (as `sanitise.cleaned` returns it) as one HTML page that opens in `language`."""
    css = _css()
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            report=report,
            language=language.value,
            css=css,
            policy=policy(css),
            mode=MODES.get(report.mode, Text(en=report.mode, ja=report.mode)),
            certified=report.mode == CERTIFICATION,
            plain=reading.in_plain_words(report),
            points=_points(report),
            totals=reading.counts(report.items),
            matrix=_matrix(report),
            columns=_columns(report),
            gates=reading.gates(report),
            fixes=reading.to_fix(report),
            untold=[item for item in report.items if item.verdict in {Verdict.INCONCLUSIVE, Verdict.ERROR}],
            unanswered=reading.unanswered(report),
            aside=reading.not_run_items(report),
            campaign=_campaign(report),
        )
    )


def policy(css: str) -> str:
    """Return the Content-Security-Policy of a page whose only style sheet is `css`, written in it."""
    digest = b64encode(hashlib.sha256(css.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def anchor(item: str) -> str:
    """Return the id that the row of `item` has in the page; it can stand in a URL fragment as it is."""
    return "item-" + quote(item.replace("#", "~"), safe=_FRAGMENT).replace("_", "%5F").replace("%", "_")


@lru_cache(maxsize=1)
def _css() -> str:
    return (TEMPLATES / "report.css").read_text(encoding="utf-8")


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        page=PAGE,
        w=words,
        Certainty=Certainty,
        Region=Region,
        anchor=anchor,
        again=reading.again,
        bar=_bar,
        criteria_counts=reading.criteria_counts,
        deciding=reading.deciding,
        trouble=reading.trouble,
        moment=_moment,
        seconds=_seconds,
        span=_span,
        scope=_scope,
    )
    return environment


def _points(report: Report) -> list[tuple[ConnectionPoint, list[tuple[Decision, tuple[Decision, ...]]]]]:
    """Return each connection point with its decisions, and the decisions of its single bindings below them."""
    whole = reading.overall(report)
    return [
        (point, [(row, reading.by_binding(report, row)) for row in whole if row.connection_point is point])
        for point in ConnectionPoint
        if any(row.connection_point is point for row in whole)
    ]


def _columns(report: Report) -> list[tuple[ConnectionPoint, list[Region]]]:
    present = {(row.connection_point, row.region) for row in report.criteria}
    columns = [(point, [region for region in Region if (point, region) in present]) for point in ConnectionPoint]
    return [(point, regions) for point, regions in columns if regions]


_MatrixRow = tuple[str, Text, Gate, bool, list[tuple[ConnectionPoint, Region, CriterionResult | None]]]


def _matrix(report: Report) -> list[tuple[str, Text, list[_MatrixRow]]]:
    """Return the criteria by family, each with one cell per connection point and region."""
    found = reading.results(report)
    gates = reading.gates(report)
    places = [(point, region) for point, regions in _columns(report) for region in regions]
    rows: list[_MatrixRow] = []
    for criterion, title in _titles(report).items():
        cells = [(point, region, found.get((criterion, point, region))) for point, region in places]
        mandatory = any(cell.mandatory for _, _, cell in cells if cell)
        rows.append((criterion, title, gates.get(criterion, Gate.OBSERVE), mandatory, cells))
    families = groupby(rows, key=lambda row: row[0].split("-", 1)[0])
    return [(letters, words.family(letters), list(group)) for letters, group in families]


def _titles(report: Report) -> dict[str, Text]:
    """Return the criteria that were asked, in the order of the report, with their titles."""
    titles = {row.criterion: row.title for row in report.criteria}
    for item in report.items:
        titles.setdefault(item.criterion, Text(en=item.criterion, ja=item.criterion))
    return titles


def _campaign(report: Report) -> list[tuple[str, Text, list[ItemResult], list[Text]]]:
    """Return the criteria with their items; where there are none, with the reasons why."""
    items: dict[str, list[ItemResult]] = {}
    for item in report.items:
        items.setdefault(item.criterion, []).append(item)
    why: dict[str, dict[Text, None]] = {}
    for row in report.criteria:
        if row.why:
            why.setdefault(row.criterion, {})[row.why] = None
    return [
        (criterion, title, items.get(criterion, []), list(why.get(criterion, {})))
        for criterion, title in _titles(report).items()
    ]


def _bar(counts: dict[Verdict, int]) -> list[tuple[str, float, float]]:
    """Return the segments of a bar of width 100: verdict, start, width."""
    total = sum(counts.values()) or 1
    start, segments = 0.0, []
    for verdict in Verdict:
        width = 100 * counts.get(verdict, 0) / total
        if width:
            segments.append((verdict.value, round(start, 3), round(width, 3)))
        start += width
    return segments


def _moment(moment: str) -> str:
    return moment.replace("T", " ").split(".")[0].removesuffix("Z") + " UTC" if moment.endswith("Z") else moment


def _span(start: str, end: str) -> str:
    start, end = _moment(start), _moment(end)
    same_day = start[:11] == end[:11] and end.endswith(" UTC")
    return f"{start.removesuffix(' UTC')} – {end[11:]}" if same_day else f"{start} – {end}"


def _seconds(item: ItemResult) -> str:
    return f"{sum(attempt.duration_s for attempt in item.attempts):.2f} s"


def _scope(scope: str) -> Text:
    return PAGE["international"] if scope == "international" else words.REGIONS[Region(scope)]
