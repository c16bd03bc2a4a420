"""Controls act on a plant: they wait for leave where it is real, and the default state comes back afterwards."""

import json
import sys
from pathlib import Path

from laboratory import mgcc

CONTROL = "CTL-03/export-limit-within-range"
READING = "PKI-02/client-leaf-short-lived"
HOOKS = """\
mgcc_hooks: 1
hooks:
  default-state: {{argv: [{python}, -c, "open('restored', 'a').write('x')"]}}
"""


def hooks_in(folder: Path) -> Path:
    path = folder / "hooks.yaml"
    path.write_text(HOOKS.format(python=sys.executable))
    return path


def test_the_default_state_is_asked_for_once_after_controls(endpoint: Path, tmp_path: Path) -> None:
    hooks = hooks_in(tmp_path)
    select = f"{CONTROL},{READING}"
    options = ("--lab-hooks", hooks, "--out", tmp_path / "run", "--format", "none")
    said = mgcc("run", "--endpoint", endpoint, "--select", select, *options)
    assert said.returncode == 0, said.stdout
    assert (tmp_path / "restored").read_text() == "x"
    kinds = [json.loads(line)["kind"] for line in (tmp_path / "run" / "events.jsonl").read_bytes().splitlines()]
    assert kinds[-2:] == ["default-state", "end"]
    assert mgcc("verify", tmp_path / "run").returncode == 0


def test_a_run_without_controls_leaves_the_plant_alone(endpoint: Path, tmp_path: Path) -> None:
    options = ("--lab-hooks", hooks_in(tmp_path), "--out", tmp_path / "run", "--format", "none")
    assert mgcc("run", "--endpoint", endpoint, "--select", READING, *options).returncode == 0
    assert not (tmp_path / "restored").exists()


def test_controls_of_a_real_plant_wait_for_leave(endpoint: Path, tmp_path: Path) -> None:
    real = endpoint.with_name("real-plant.yaml")
    real.write_text(endpoint.read_text().replace("plant: simulated", "plant: real"))
    said = mgcc("run", "--endpoint", real, "--select", CONTROL, "--out", tmp_path / "run", "--format", "none")
    assert said.returncode == 2
    assert "--allow-physical" in said.stdout
    allowed = ("--allow-physical", "--out", tmp_path / "allowed", "--format", "none")
    assert mgcc("run", "--endpoint", real, "--select", CONTROL, *allowed).returncode == 0
