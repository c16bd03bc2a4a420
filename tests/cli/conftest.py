"""One lab, one running reference and one stored run for all tests of the command."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from command import Bench, Said, in_process, started

from conformance import reference
from conformance.cli import main
from conformance.pki.lab import create_lab

SELECTION = "PKI-02,CTL-03/export-limit-as-text,AUD-01/expired-certificate-logged,INV-01"


@pytest.fixture(scope="session")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A lab beside the endpoint file of a faultless reference that serves."""
    folder = tmp_path_factory.mktemp("bench")
    reference.prepare(create_lab(folder / "lab"), folder / "home")
    with reference.serving(folder / "home", log=folder / "reference.log") as announced:
        text = reference.endpoint_text(announced, Path("lab"))
        (folder / "endpoint.yaml").write_text(text, encoding="utf-8")
        yield Bench(folder=folder, endpoint=folder / "endpoint.yaml", text=text)


@pytest.fixture(scope="session")
def run_folder(bench: Bench) -> Path:
    """A stored run of some items, all of which passed."""
    folder = bench.folder / "stored"
    said = started("run", "--endpoint", bench.endpoint, "--out", folder, "--select", SELECTION)
    assert said.code == 0, said
    return folder


@pytest.fixture
def stored(run_folder: Path, tmp_path: Path) -> Path:
    """A copy of the stored run that a test may spoil."""
    return Path(shutil.copytree(run_folder, tmp_path / "run"))


@pytest.fixture
def mgcc(capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Said]:
    """The command, run within this process, in a folder of the test's own."""
    monkeypatch.chdir(tmp_path)
    return lambda *argv: in_process(main, capfd, *argv)
