"""Items against a bare loop of the same handshakes; ten times the items; how much of a whole run is waiting."""

import contextlib
import io
import itertools
import os
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from unittest import mock

import bare
import msgspec
import yaml
from laboratory import Laboratory, Used, used
from measuring import Row, spent
from msgspec import Struct, structs

from conformance.catalogue.load import Catalogue, VectorEntry, load_catalogue
from conformance.catalogue.plan import plan
from conformance.cli import main
from conformance.evidence import RunRecord
from conformance.model.endpoint import Endpoint
from conformance.opening import Choices, read_desk

COPIES = 3
TIMES = 10
MOST_WAITING = 0.4
WAITING = "waiting with the CPU free"
ALL_VIEWS = "html,junit,allure"
_NO_VIEWS = "none"
_WARM = "modules loaded; start-up stands above"
_KEPT_WHOLE = ("criteria", "profiles", "editions")
_numbers = itertools.count()


class Whole(Struct, frozen=True, kw_only=True):
    """Where the time of a whole run of the shipped vectors goes; None where the system does not tell."""

    items: int
    stimuli: int
    wall_s: float
    suite: Used | None
    server: Used | None

    @property
    def shares(self) -> dict[str, float]:
        """The shares of the wall time, the largest first; empty if they are not known.

        Where suite and reference stood in the queue at once, that counts against waiting: trust it on a calm machine.
        """
        if self.suite is None or self.server is None:
            return {}
        busy_s = self.suite.cpu_s + self.server.cpu_s
        queued_s = min(self.suite.queued_s + self.server.queued_s, max(0.0, self.wall_s - busy_s))
        seconds = {
            "CPU of the suite": self.suite.cpu_s,
            "CPU of the reference": self.server.cpu_s,
            "in the queue behind other programs of this machine": queued_s,
            WAITING: max(0.0, self.wall_s - busy_s - queued_s),
        }
        return {name: each / self.wall_s for name, each in sorted(seconds.items(), key=lambda one: -one[1])}


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
    many = f"{len(stimuli) * COPIES} stimuli"
    found = [
        Row(goal=f"{many}: `run` without views / bare loop, wall", aim=2.0, measured=without, detail=_WARM),
        Row(goal=f"{many}: `run` with all views / bare loop, wall", aim=3.0, measured=with_all, detail=_WARM),
        Row(goal=f"{TIMES}x the items / the items, wall", aim=10.5, measured=grown, detail=_WARM),
    ]
    return [*found, _waiting(whole)], whole


def _waiting(whole: Whole) -> Row:
    goal = f"whole run of {whole.items} items: share of waiting with the CPU free"
    if not whole.shares:
        return Row(goal=goal, aim=MOST_WAITING, detail="this system does not tell the CPU of another process")
    return Row(goal=goal, aim=MOST_WAITING, measured=whole.shares[WAITING])


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
    before = used(os.getpid()), used(place.pid)
    taken = spent(lambda: folders.append(_run(place, place.endpoint, _NO_VIEWS)))
    after = used(os.getpid()), used(place.pid)
    suite, server = (
        then.since(first) if first is not None and then is not None else None
        for first, then in zip(before, after, strict=True)
    )
    report = msgspec.json.decode((folders[0] / "report.json").read_bytes())
    return Whole(
        items=sum(1 for item in report["items"] if item.get("attempts")),
        stimuli=len(_connections(folders[0])),
        wall_s=taken.wall_s,
        suite=suite,
        server=server,
    )
