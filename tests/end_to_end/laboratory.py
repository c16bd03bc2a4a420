"""A laboratory on loopback for the end-to-end tests: lab PKI, reference, endpoint file, the command as a program."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from msgspec import Struct

from conformance import reference
from conformance.pki.lab import create_lab

HOUSE = Path(__file__).parents[2]
PATIENCE_S = 90
HOST, USER = "planted-laboratory-pc", "hanako-planted"
_LAUNCHER = f"""
import platform, socket, sys
socket.gethostname = platform.node = lambda: {HOST!r}
from conformance.cli import main
sys.exit(main())
"""
_SMALL_DISK = """
import resource, runpy, sys
limit = int(sys.argv.pop(1))
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
runpy.run_module("conformance.cli", run_name="__main__")
"""


class Laboratory(Struct, frozen=True, kw_only=True):
    """A folder with a lab PKI and the home of a reference that the lab has signed."""

    folder: Path

    @contextmanager
    def serving(self, name: str, *faults: str) -> Iterator[Path]:
        """Serve the reference; yield the endpoint file of it, called `name`."""
        log = self.folder / f"{name}.log"
        with reference.serving(self.folder / "home", log=log, faults=faults) as announced:
            path = self.folder / f"{name}.yaml"
            path.write_text(reference.endpoint_text(announced, Path("lab")), encoding="utf-8")
            yield path


class Whole(Struct, frozen=True, kw_only=True):
    """A run of the whole suite: its folder, its endpoint file, and what the command said."""

    folder: Path
    endpoint: Path
    said: subprocess.CompletedProcess[str]


def laboratory(folder: Path) -> Laboratory:
    """Make lab PKI and reference home in `folder`."""
    reference.prepare(create_lab(folder / "lab"), folder / "home")
    return Laboratory(folder=folder)


def start(*argv: object, launcher: str = _LAUNCHER, **options: Any) -> subprocess.Popen[str]:
    """Start `mgcc` as a person with a telling name on a machine with a telling name would."""
    return subprocess.Popen(
        [sys.executable, "-c", launcher, *map(str, argv)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"USER": USER, "LOGNAME": USER, "LNAME": USER},
        **options,
    )


def mgcc(*argv: object, launcher: str = _LAUNCHER, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run `mgcc` to its end."""
    process = start(*argv, launcher=launcher, **options)
    try:
        out, err = process.communicate(timeout=PATIENCE_S)
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def mgcc_on_a_small_disk(octets: int, *argv: object, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run `mgcc` where no file can grow beyond `octets`."""
    return mgcc(octets, *argv, launcher=_SMALL_DISK, **options)


def plain_pytest(*argv: object, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run pytest as any user of pytest would."""
    return subprocess.run(
        [sys.executable, "-m", "pytest", *map(str, argv)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
        **options,
    )
