"""The terminal's view of a run as it happens: banner, progress, failure stories, closing lines."""

import shlex
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self, TextIO

from msgspec import Struct, field
from rich.cells import cell_len, set_cell_size
from rich.console import Console as RichConsole
from rich.text import Text as Line

from conformance.model.criterion import Region
from conformance.model.finding import Verdict
from conformance.model.report import ItemResult, Report
from conformance.model.text import Language, Text
from reports.closing import Said, closing
from reports.reading import deciding, trouble
from reports.sanitise import visible
from reports.words import VERDICT_SYMBOLS, VERDICTS

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

STYLES = {
    Verdict.PASS: "green",
    Verdict.FAIL: "bold red",
    Verdict.INCONCLUSIVE: "yellow",
    Verdict.ERROR: "bold magenta",
    Verdict.NOT_APPLICABLE: "dim",
    Verdict.NOT_RUN: "dim",
}
_STORY = (Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.ERROR)
_VERDICT_COLUMN = 100
_INDENT = 4

_LABELS = {
    "expected": Text(en="expected", ja="期待"),
    "observed": Text(en="observed", ja="観測"),
    "clause": Text(en="clause", ja="条項"),
    "remedy": Text(en="remedy", ja="処置"),
    "trouble": Text(en="trouble", ja="異常"),
    "why": Text(en="why", ja="理由"),
    "again": Text(en="again", ja="再実行"),
}
_BANNER = Text(
    en="mgcc {suite} | edition {edition} ({digest}) | security level {level} | mode: {mode}",
    ja="mgcc {suite} | 版 {edition} ({digest}) | セキュリティレベル {level} | モード: {mode}",
)
_ITEM = Text(
    en="item under test: {product} | {places} | regions: {regions}",
    ja="試験品目: {product} | {places} | 地域: {regions}",
)
_PLAN = Text(
    en="plan: {to_run} of {planned} items will run; the others are listed with the reason at the end",
    ja="計画: 試験項目{planned}件のうち{to_run}件を実施する。残りは理由とともに最後に示す",
)
_PREFLIGHT = Text(en="preflight: {ok}/{total} ok", ja="事前点検: {ok}/{total} 良好")
_CLOCK = Text(en="clock offset {offset:+.0f} ms", ja="時刻差 {offset:+.0f} ms")
_EXPECTED = Text(en="expected duration {duration}", ja="所要時間の目安 {duration}")


class RunFacts(Struct, frozen=True, kw_only=True):
    """What is known when a run starts. `again` is a command with `{item}` in it; `remedies` are by criterion."""

    suite: str
    edition: str
    catalogue_digest: str
    mode: str
    product: str
    security_level: int
    regions: tuple[Region, ...]
    places: tuple[str, ...]
    planned: int
    to_run: int
    preflight: tuple[int, int] | None = None
    clock_offset_s: float | None = None
    expected_s: float | None = None
    again: str = "mgcc run --endpoint endpoint.yaml --select {item}"
    remedies: dict[str, Text] = field(default_factory=dict)


class Console:
    """Tells people about a run, on the stream it is given and nowhere else.

    On a terminal one progress line is kept up to date and whatever is not a pass is printed above it; elsewhere each
    item is one plain line without control codes. `NO_COLOR` is respected. Use it as a context manager: leaving it
    puts the terminal right again, also after an interrupt.
    """

    def __init__(self, stream: TextIO, language: Language = Language.EN, *, verbose: bool = False) -> None:
        """`stream` is written to; `verbose` shows passed items on a terminal too."""
        self._stream = stream
        self._language = language
        terminal = stream.isatty()
        self._rich = RichConsole(
            file=stream,
            force_terminal=terminal,
            color_system="auto" if terminal else None,
            highlight=False,
            markup=False,
            emoji=False,
            legacy_windows=False,
        )
        self._live = terminal and not self._rich.is_dumb_terminal
        self._verbose = verbose or not self._live
        self._progress: Progress | None = None
        self._task: TaskID | None = None
        self._tally = dict.fromkeys(Verdict, 0)
        self._facts: RunFacts | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the progress line; harmless when there is none."""
        if self._progress:
            self._progress.stop()
            self._progress = None

    def run_started(self, facts: RunFacts) -> None:
        """Say what is going to be tested, and start the progress line."""
        self._facts = facts
        digest = facts.catalogue_digest[:12]
        self._print(
            self._in(
                _BANNER,
                suite=facts.suite,
                edition=facts.edition,
                digest=digest,
                level=facts.security_level,
                mode=facts.mode,
            ),
            "bold",
        )
        regions = " ".join(region.upper() for region in facts.regions)
        self._print(self._in(_ITEM, product=facts.product, places=", ".join(facts.places), regions=regions))
        checks = []
        if facts.preflight:
            checks.append(self._in(_PREFLIGHT, ok=facts.preflight[0], total=facts.preflight[1]))
        if facts.clock_offset_s is not None:
            checks.append(self._in(_CLOCK, offset=facts.clock_offset_s * 1000))
        if facts.expected_s is not None:
            checks.append(self._in(_EXPECTED, duration=_duration(facts.expected_s, self._language)))
        if checks:
            self._print(" | ".join(checks))
        self._print(self._in(_PLAN, to_run=facts.to_run, planned=facts.planned))
        if self._live:
            self._start_progress(facts.to_run)

    def item_finished(self, item: ItemResult, done: int, total: int) -> None:
        """Report one item as number `done` of `total`; what is not a pass is told as a story."""
        self._tally[item.verdict] += 1
        if self._verbose or item.verdict in _STORY:
            self._rich.print(self._item_line(item, done, total), soft_wrap=True)
        if item.verdict in _STORY:
            self._tell(item)
        if self._progress and self._task is not None:
            self._progress.update(
                self._task,
                completed=done,
                total=total,
                count=f"[{done:>{len(str(total))}}/{total}]",
                tally=self._tallied(),
                description=visible(f"{item.criterion} {item.title.in_(self._language)}").replace("\n", " "),
            )

    def run_finished(self, report: Report, folder: Path | None, exit_code: int) -> None:
        """Say what is open, what was decided, where the run folder is, what to do next, what the exit code means."""
        self.close()
        for said in closing(report, folder, exit_code, self._language):
            self._wrapped(said)

    def say(self, text: Text) -> None:
        """Print one sentence, above the progress line if there is one."""
        self._print(text.in_(self._language))

    def _in(self, text: Text, **values: object) -> str:
        return visible(text.format(**values).in_(self._language)).replace("\n", " ")

    def _encodable(self, text: str) -> str:
        encoding = getattr(self._stream, "encoding", None) or "utf-8"
        return text.encode(encoding, "replace").decode(encoding)

    def _print(self, text: str, style: str = "") -> None:
        self._rich.print(Line(self._encodable(visible(text)), style=style), soft_wrap=True)

    def _start_progress(self, total: int) -> None:
        from rich.progress import (  # noqa: PLC0415  only a live terminal pays for it
            BarColumn,
            Progress,
            SpinnerColumn,
            TextColumn,
            TimeElapsedColumn,
        )
        from rich.table import Column  # noqa: PLC0415

        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.fields[count]}", markup=False),
            BarColumn(bar_width=20),
            TextColumn("{task.fields[tally]}", markup=False),
            TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True, overflow="ellipsis")),
            TimeElapsedColumn(),
            console=self._rich,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
            refresh_per_second=8,
        )
        width = len(str(total))
        self._task = self._progress.add_task("", total=total, count=f"[{0:>{width}}/{total}]", tally="")
        self._progress.start()

    def _tallied(self) -> str:
        return "  ".join(f"{VERDICT_SYMBOLS[verdict]} {number}" for verdict, number in self._tally.items() if number)

    def _item_line(self, item: ItemResult, done: int, total: int) -> Line:
        draft = " [draft]" if item.status != "active" else ""
        head = visible(f"[{done:>{len(str(total))}}/{total}] {item.id} {item.title.in_(self._language)}{draft}")
        head = head.replace("\n", " ")
        word = VERDICTS[item.verdict].in_(self._language).upper()
        seconds = sum(attempt.duration_s for attempt in item.attempts)
        column = min(_VERDICT_COLUMN, self._rich.width - 24) if self._live else _VERDICT_COLUMN
        if self._live and cell_len(head) > column - 2:
            head = set_cell_size(head, column - 2).rstrip()
        line = Line(self._encodable(head + " " * max(2, column - cell_len(head))))
        line.append(self._encodable(f"{VERDICT_SYMBOLS[item.verdict]} {word}"), STYLES[item.verdict])
        if item.attempts:
            line.append(f" {seconds:.2f} s", "dim")
        return line

    def _tell(self, item: ItemResult) -> None:
        finding = deciding(item)
        clause = (finding.clause if finding else "") or ", ".join(item.clauses)
        remedy = self._facts.remedies.get(item.criterion) if self._facts else None
        story = {
            "expected": finding.expected.in_(self._language) if finding else "",
            "observed": finding.observed.in_(self._language) if finding else "",
            "why": item.why.in_(self._language) if item.why else "",
            "trouble": trouble(item) or "",
            "clause": clause,
            "remedy": remedy.in_(self._language) if remedy and item.verdict is Verdict.FAIL else "",
            "again": self._facts.again.replace("{item}", shlex.quote(item.id)) if self._facts else "",
        }
        told = [(_LABELS[name].in_(self._language), text) for name, text in story.items() if text]
        width = max(map(cell_len, (label for label, _ in told)), default=0)
        for label, text in told:
            lead = " " * _INDENT + label + " " * (width - cell_len(label) + 2)
            self._wrapped(Said(text=text, lead=lead))

    def _wrapped(self, said: Said) -> None:
        """Print `said` with its lines under each other; a terminal's width is kept to, a file's lines are whole."""
        indent = cell_len(said.lead)
        text = self._encodable(visible(said.text))
        lines: Iterable[Line] = [Line(line) for line in text.split("\n")]
        if self._live and not said.table:
            room = max(20, self._rich.width - indent)
            lines = [part for line in lines for part in line.wrap(self._rich, room)]
        lead = self._encodable(said.lead)
        for line in lines:
            whole = Line.assemble((lead, "dim"), (line.plain.rstrip(), said.style))
            whole.rstrip()
            self._rich.print(whole, soft_wrap=True)
            lead = " " * indent


def _duration(seconds: float, language: Language) -> str:
    text = (
        Text(en="{n} min", ja="{n}分").format(n=round(seconds / 60))
        if seconds >= 90  # noqa: PLR2004  below a minute and a half seconds say more
        else Text(en="{n} s", ja="{n}秒").format(n=round(seconds))
    )
    return text.in_(language)
