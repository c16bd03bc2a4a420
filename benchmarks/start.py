"""Start-up: CPU of a command that has little to do, against one trivial pytest run without plugins."""

import itertools
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from laboratory import Laboratory
from measuring import Row, spent_by_process

ONE_ITEM = "TLS-03/client-with-certificate@distribution:https"
_NO_PLUGINS = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
_MGCC = (sys.executable, "-m", "conformance.cli")
_NOT_LOADED, _LOADED = 10, 11
_LOOK = (
    "import sys; from conformance.cli import main; code = main(sys.argv[1:]); "
    f"sys.exit(code or ({_LOADED} if 'scapy' in sys.modules else {_NOT_LOADED}))"
)


def rows(place: Laboratory, pairs: int) -> list[Row]:
    """Return the rows of start-up: list of criteria, one TLS item, scapy loaded for it or not. Raises RuntimeError."""
    folder = place.folder / "start"
    folder.mkdir()
    (folder / "one_test.py").write_text("def test_one():\n    assert 1 + 1 == 2\n", encoding="utf-8")
    numbers = itertools.count()

    def item(views: str) -> list[str]:
        out = folder / f"run-{next(numbers)}"
        options = ["--endpoint", str(place.endpoint), "--select", ONE_ITEM, "--out", str(out)]
        return ["run", *options, "--format", views]

    def ratio(arguments: Sequence[Sequence[str]]) -> float:
        return median(_cpu([*_MGCC, *each], folder) / _pytest(folder) for each in arguments)

    listing = ratio([["criteria", "list"]] * pairs)
    bare = ratio([item("none") for _ in range(pairs)])
    viewed = ratio([item("html,junit,allure") for _ in range(pairs)])
    loaded = subprocess.run([sys.executable, "-c", _LOOK, *item("none")], cwd=folder, capture_output=True, check=False)
    if loaded.returncode not in {_NOT_LOADED, _LOADED}:
        raise RuntimeError(f"exit status {loaded.returncode} of one TLS item")
    return [
        Row(goal="start: `criteria list` / trivial pytest run, CPU", aim=2.0, measured=listing),
        Row(goal="start: one TLS item without views / trivial pytest run, CPU", aim=3.0, measured=bare),
        Row(goal="start: one TLS item with all views / trivial pytest run, CPU", measured=viewed),
        Row(goal="start: scapy loaded for one TLS item (0 no, 1 yes)", aim=0, measured=loaded.returncode - _NOT_LOADED),
    ]


def _pytest(folder: Path) -> float:
    return _cpu([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "one_test.py"], folder)


def _cpu(argv: Sequence[str], folder: Path) -> float:
    return spent_by_process(argv, folder=folder, environment=_NO_PLUGINS).cpu_s
