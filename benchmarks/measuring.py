"""What a measurement is, and how one is taken: ratios of neighbours in time, so that a busy machine falls out."""

import gc
import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from msgspec import Struct


class Row(Struct, frozen=True, kw_only=True):
    """One goal: what is divided by what, the upper bound aimed at, and what was measured.

    Without `aim` a row is told for orientation; without `measured` it was skipped, and `detail` says why.
    """

    goal: str
    aim: float | None = None
    measured: float | None = None
    detail: str = ""

    @property
    def holds(self) -> str:
        """Say whether the aim is met."""
        if self.measured is None:
            return "skipped"
        if self.aim is None:
            return "-"
        return "yes" if self.measured <= self.aim else "NO"


class Spent(Struct, frozen=True):
    """Seconds that something took: on the clock, and of CPU."""

    wall_s: float
    cpu_s: float


def spent(call: Callable[[], object]) -> Spent:
    """Return what `call()` takes in this process."""
    gc.collect()
    wall, cpu = time.perf_counter(), time.process_time()
    call()
    return Spent(time.perf_counter() - wall, time.process_time() - cpu)


def spent_by_process(argv: Sequence[str], *, folder: Path, environment: Mapping[str, str]) -> Spent:
    """Return what a process of its own takes that runs in `folder`. Raises RuntimeError if it fails."""
    begun = time.perf_counter()
    with subprocess.Popen(
        argv, cwd=folder, env={**os.environ, **environment}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"exit status {process.returncode} of {' '.join(argv)}")
    return Spent(time.perf_counter() - begun, usage.ru_utime + usage.ru_stime)
