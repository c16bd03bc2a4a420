"""Items against a bare loop of the same handshakes; ten times the items; how much of a whole run is waiting."""

import contextlib
import io
import itertools
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from unittest import mock

import bare
import msgspec
import yaml
from laboratory import Laboratory
from measuring import Row, Spent, spent
from msgspec import Struct, structs

from conformance.catalogue.load import Catalogue, VectorEntry, load_catalogue
from conformance.catalogue.plan import plan
from conformance.cli import main
from conformance.evidence import RunRecord
from conformance.model.endpoint import Endpoint
from conformance.opening import Choices, read_desk

COPIES = 3
TIMES = 10
LEAST_CPU_SHARE = 0.6
ALL_VIEWS = "html,junit,allure"
_NO_VIEWS = "none"
_KEPT_WHOLE = ("criteria", "profiles", "editions")
_numbers = itertools.count()


class Whole(Struct, frozen=True, kw_only=True):
    """Where the time of a whole run of the shipped vectors goes; the server's share is None where it is not told."""

    items: int
    stimuli: int
    spent: Spent
    server_cpu_s: float | None


def rows(place: Laboratory, pairs: int) -> tuple[list[Row], Whole]:
    """Return the rows of running items, and the whole run that explains them. Raises RuntimeError if a run fails."""
    catalogue = load_catalogue()
    endpoint = read_desk(Choices(endpoint=place.https_endpoint)).endpoint
    simple = _simple(catalogue, endpoint, place)
    stimuli = [stimulus for each in simple.values() for stimulus in each]
    folders = {times: place.folder / f"vectors-{times}" for times in (1, COPIES, TIMES)}
    for times, folder in folders.items():
        _write(catalogue, frozenset(simple), folder, times)
    _demand_the_same(place, folders[1], stimuli)
    without, with_all = _against_bare(place, folders[COPIES], stimuli * COPIES, pairs)
    grown = _growth(place, folders[1], folders[TIMES], max(1, pairs // 2))
    whole = _whole(place)
    found = [
        Row(goal=f"{len(stimuli) * COPIES} stimuli: `run` without views / bare loop, wall", aim=2.0, measured=without),
        Row(
            goal=f"{len(stimuli) * COPIES} stimuli: `run` with all views / bare loop, wall", aim=3.0, measured=with_all
        ),
        Row(goal=f"{TIMES}x the items / the items, wall", aim=10.5, measured=grown),
    ]
    return [*found, _waiting(whole)], whole


def _waiting(whole: Whole) -> Row:
    goal = f"whole run, {whole.items} items: wall / CPU of suite and reference"
    if whole.server_cpu_s is None:
        return Row(goal=goal, aim=1 / LEAST_CPU_SHARE, detail="this system does not tell the CPU of another process")
    measured = whole.spent.wall_s / (whole.spent.cpu_s + whole.server_cpu_s)
    return Row(goal=goal, aim=1 / LEAST_CPU_SHARE, measured=measured)


def _simple(catalogue: Catalogue, endpoint: Endpoint, place: Laboratory) -> dict[str, list[bare.Stimulus]]:
    """Return the vectors that the bare loop can do as well, each with what it does at all its points."""
    found: dict[str, list[bare.Stimulus]] = {}
    beyond: set[str] = set()
    for item in plan(catalogue, endpoint):
        if item.why is not None:
            continue
        stimuli = bare.stimuli_of(item, place.lab)
        if stimuli is None:
            beyond.add(item.vector_id)
        else:
            found.setdefault(item.vector_id, []).extend(stimuli)
    return {name: stimuli for name, stimuli in found.items() if name not in beyond}


def _write(catalogue: Catalogue, names: frozenset[str], folder: Path, times: int) -> None:
    """Write a catalogue with `times` copies of each of the vectors `names`, under ids of their own."""
    folder.mkdir()
    for kept in _KEPT_WHOLE:
        (folder / kept).symlink_to(catalogue.root / kept)
    for criterion, entries in catalogue.vectors_by_criterion.items():
        chosen = [entry for entry in entries if entry.id in names]
        if chosen:
            family = folder / criterion[:3]
            family.mkdir(exist_ok=True)
            for number in range(times):
                content = {"criterion": criterion, "vectors": [_copy(entry, number) for entry in chosen]}
                text = yaml.dump(msgspec.to_builtins(content), Dumper=_Plain, sort_keys=False, allow_unicode=True)
                (family / f"{criterion}_copy-{number}.yaml").write_text(text, encoding="utf-8")


class _Plain(yaml.CSafeDumper):
    """Writes no anchors, which vector files may not have."""

    def ignore_aliases(self, data: object) -> bool:
        del data
        return True


def _copy(entry: VectorEntry, number: int) -> object:
    return structs.replace(entry.vector, id=f"{entry.vector.id}-copy-{number}")


def _run(place: Laboratory, endpoint: Path, views: str, vectors: Path | None = None) -> Path:
    """Run the command `mgcc run` in this process, its modules loaded, and return its run folder."""
    out = place.folder / f"run-{next(_numbers)}"
    argv = ["run", "--endpoint", str(endpoint), "--format", views, "--out", str(out)]
    catalogue = mock.patch("conformance.catalogue.load.default_root", return_value=vectors)
    said = io.StringIO()
    with catalogue if vectors else contextlib.nullcontext(), contextlib.redirect_stdout(said):
        code = main(argv)
    if not (out / "report.json").is_file():
        raise RuntimeError(f"`mgcc {' '.join(argv)}` ended with {code}: {said.getvalue()[-300:]}")
    return out


def _demand_the_same(place: Laboratory, vectors: Path, stimuli: Sequence[bare.Stimulus]) -> None:
    """Warm both up and make sure that they do the same: as many connections, and as many of them served."""
    by_suite = [answered for _, answered in _connections(_run(place, place.https_endpoint, ALL_VIEWS, vectors))]
    served = bare.perform(stimuli)
    if (len(by_suite), sum(by_suite)) != (len(stimuli), served):
        raise RuntimeError(
            f"the suite had {sum(by_suite)} of {len(by_suite)} stimuli served, the bare loop {served} of {len(stimuli)}"
        )


def _connections(folder: Path) -> list[tuple[str, bool]]:
    """Return the operation of each stimulus of a stored run, and whether it was answered with HTTP 200."""
    found: list[tuple[str, bool]] = []
    for event in RunRecord(folder).events():
        if event.kind == "transcript":
            for step in event.data["steps"]:
                answer = step["exchange"].get("answer") or {}
                found.append((step["operation"], answer.get("status") == bare.OK))
    return found


def _against_bare(
    place: Laboratory, vectors: Path, stimuli: Sequence[bare.Stimulus], pairs: int
) -> tuple[float, float]:
    without: list[float] = []
    with_all: list[float] = []
    for _ in range(pairs):
        yardstick = spent(lambda: bare.perform(stimuli)).wall_s
        without.append(spent(lambda: _run(place, place.https_endpoint, _NO_VIEWS, vectors)).wall_s / yardstick)
        with_all.append(spent(lambda: _run(place, place.https_endpoint, ALL_VIEWS, vectors)).wall_s / yardstick)
    return median(without), median(with_all)


def _growth(place: Laboratory, few: Path, many: Path, pairs: int) -> float:
    ratios: list[float] = []
    for _ in range(pairs):
        once = spent(lambda: _run(place, place.https_endpoint, _NO_VIEWS, few)).wall_s
        ratios.append(spent(lambda: _run(place, place.https_endpoint, _NO_VIEWS, many)).wall_s / once)
    return median(ratios)


def _whole(place: Laboratory) -> Whole:
    folders: list[Path] = []
    before = place.server_cpu_s()
    taken = spent(lambda: folders.append(_run(place, place.endpoint, _NO_VIEWS)))
    after = place.server_cpu_s()
    report = msgspec.json.decode((folders[0] / "report.json").read_bytes())
    return Whole(
        items=sum(1 for item in report["items"] if item.get("attempts")),
        stimuli=len(_connections(folders[0])),
        spent=taken,
        server_cpu_s=None if before is None or after is None else after - before,
    )
