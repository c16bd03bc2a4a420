"""The bundled reference MMS on loopback with a lab of its own, for as long as a measurement lasts."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

from conformance import reference
from conformance.pki.lab import Lab, create_lab


class Laboratory(Struct, frozen=True, kw_only=True):
    """A folder for runs, the lab's keys, the reference's process id, and two endpoint files of it.

    `endpoint` has all its bindings, `https_endpoint` those over https only.
    """

    folder: Path
    lab: Lab
    endpoint: Path
    https_endpoint: Path
    pid: int


class Used(Struct, frozen=True):
    """Seconds that a process has had on a CPU, and has stood in the queue for one because others were there."""

    cpu_s: float
    queued_s: float

    def since(self, before: "Used") -> "Used":
        """Return what came after `before`."""
        return Used(self.cpu_s - before.cpu_s, self.queued_s - before.queued_s)


def used(pid: int) -> Used | None:
    """Return what the process `pid` has used so far, in its main thread; None where the system does not tell."""
    try:
        cpu_ns, queued_ns, _ = Path(f"/proc/{pid}/schedstat").read_text(encoding="ascii").split()
    except (OSError, ValueError):
        return None
    return Used(int(cpu_ns) / 1e9, int(queued_ns) / 1e9)


@contextmanager
def laboratory() -> Iterator[Laboratory]:
    """Make a lab, serve the reference from it, and stop it at the end. Raises ProblemError if it does not start."""
    with tempfile.TemporaryDirectory(prefix="mgcc-bench-") as name:
        folder = Path(name)
        lab = create_lab(folder / "lab")
        reference.prepare(lab, folder / "home")
        with reference.serving(folder / "home", log=folder / "reference.log") as announced:
            https = [listener for listener in announced["listeners"] if listener["binding"] == "https"]
            all_of_it, https_only = folder / "endpoint.yaml", folder / "https.yaml"
            all_of_it.write_text(reference.endpoint_text(announced, Path("lab")), encoding="utf-8")
            https_only.write_text(
                reference.endpoint_text({**announced, "listeners": https}, Path("lab")), encoding="utf-8"
            )
            yield Laboratory(
                folder=folder, lab=lab, endpoint=all_of_it, https_endpoint=https_only, pid=int(announced["pid"])
            )
