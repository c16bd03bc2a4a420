"""The command, run in this process on a small copy of the suite's own desk."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.catalogue.load import default_root
from conformance.cli import main

Mgcc = Callable[..., tuple[int, str, str]]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A copy of the suite's own criteria, profiles, schemas and the vectors of PKI-02 only."""
    root = tmp_path / "test_vectors"
    for folder in ("criteria", "profiles", "schema", "PKI"):
        shutil.copytree(default_root() / folder, root / folder)
    for path in (root / "PKI").iterdir():
        if not path.name.startswith("PKI-02"):
            path.unlink()
    return root


@pytest.fixture
def mgcc(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Mgcc:
    """Run the command; return exit code, standard output, standard error."""
    monkeypatch.setenv("LC_ALL", "C.UTF-8")

    def run(*argv: object) -> tuple[int, str, str]:
        try:
            code = main([str(word) for word in argv])
        except SystemExit as ended:
            code = int(ended.code or 0)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run
