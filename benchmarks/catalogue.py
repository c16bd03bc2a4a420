"""Speed of the catalogue as ratios in one run: load + validate and lint against PyYAML's CSafeLoader alone.

Aims: load 1,000 vectors <= 1.3x of CSafeLoader on the same files, lint <= 3x, 10,000 vectors <= 11x of 1,000.
Run: python benchmarks/catalogue.py [--pairs 5]
"""

import argparse
import gc
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import yaml

from conformance.catalogue.lint import lint
from conformance.catalogue.load import load_catalogue

CRITERION = """\
- id: {id}
  title: {{en: Certificate validity period, ja: 証明書の有効期間}}
  statement: {{en: The MMS MUST reject expired certificates., ja: MMSは、期限切れの証明書を拒否しなければならない。}}
  connection_points: [distribution, aggregation]
  security_level: 2
  gate: connect
  methods: [network]
  references:
    jp: []
    us: []
    eu: []
    international: [{{document: RFC 5280, clause: 4.1.2.5, certainty: memory}}]
  negative_stimulus: {{en: An expired certificate., ja: 期限切れの証明書。}}
  remedy: {{en: Check the validity period., ja: 有効期間を検査する。}}
"""
VECTOR = """\
  - id: client-leaf-expired-{number}
    status: active
    title: {{en: Client certificate that expired a while ago ({number}), ja: 少し前に期限が切れた証明書（{number}）}}
    behaviour: invalid
    clauses: [RFC 5280 4.1.2.5, "RFC 9525 6"]
    applies_if: {{connection_points: [distribution]}}
    matrix:
      a-minute-ago: {{from: -2d, until: -60s}}
      a-day-ago: {{from: -30d, until: -1d}}
    steps:
      - op: service.read
        as: utility
        with: {{tls: {{client: {{leaf: {{not_before: "${{row.from}}", not_after: "${{row.until}}"}}}}}}}}
        expect: refused
        twin: {{tls: {{client: {{leaf: {{not_before: "${{row.from}}", not_after: +1d}}}}}}}}
      - op: state.read
        save: after
        expect: {{content: {{all_of: [{{at: limits.export_limit, type: mapping}}, {{at: mms_id, present: true}}]}}}}
    detects: [accepts-expired-client-certificate, {{fault: accepts-anything, rows: [a-day-ago]}}]
"""
PER_FILE = 20


def write_catalogue(root: Path, vectors: int) -> None:
    """Write a catalogue of `vectors` vectors below `root`, PER_FILE of them for each criterion."""
    (root / "criteria").mkdir(parents=True)
    files = -(-vectors // PER_FILE)
    families = [f"{chr(65 + index // 26)}{chr(65 + index % 26)}X" for index in range(-(-files // 99))]
    for family in families:
        (root / family).mkdir()
        (root / "criteria" / f"{family}.yaml").write_text("", encoding="utf-8")
    for index in range(files):
        family, number = families[index // 99], index % 99 + 1
        name = f"{family}-{number:02}"
        with (root / "criteria" / f"{family}.yaml").open("a", encoding="utf-8") as stream:
            stream.write(CRITERION.format(id=name))
        body = "".join(VECTOR.format(number=one) for one in range(min(PER_FILE, vectors - index * PER_FILE)))
        path = root / family / f"{name}_validity.yaml"
        path.write_text(f"criterion: {name}\nvectors:\n{body}", encoding="utf-8")


def bare(root: Path) -> None:
    """Read every file with CSafeLoader and nothing else, the collector off as ours is."""
    gc.disable()
    for path in sorted(root.glob("*/*.yaml")):
        with path.open("rb") as stream:
            yaml.load(stream, yaml.CSafeLoader)
    gc.enable()


def cpu_s(call: Callable[[Path], object], root: Path) -> float:
    """Return the CPU seconds of `call(root)`."""
    gc.collect()
    begun = time.process_time()
    call(root)
    return time.process_time() - begun


def ratio(one: Callable[[Path], object], other: Callable[[Path], object], root: Path, pairs: int) -> float:
    """Return the median of `pairs` ratios of CPU time, measured one right after the other."""
    return statistics.median(cpu_s(one, root) / cpu_s(other, root) for _ in range(pairs))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=5, help="pairs of measurements")
    pairs = parser.parse_args().pairs
    with tempfile.TemporaryDirectory() as folder:
        small, large = Path(folder) / "small", Path(folder) / "large"
        write_catalogue(small, 1_000)
        write_catalogue(large, 10_000)
        load_catalogue(small)
        lint(small)
        print(f"load 1,000 vectors / CSafeLoader alone: {ratio(load_catalogue, bare, small, pairs):.2f} (aim <= 1.3)")
        print(f"lint 1,000 vectors / CSafeLoader alone: {ratio(lint, bare, small, pairs):.2f} (aim <= 3)")
        few, many = cpu_s(load_catalogue, small), cpu_s(load_catalogue, large)
        print(f"load 10,000 / load 1,000: {many / few:.1f} (aim <= 11)")
        few, many = cpu_s(lint, small), cpu_s(lint, large)
        print(f"lint 10,000 / lint 1,000: {many / few:.1f} (aim <= 11)")
        print("limited by: PyYAML's C composer, which makes a Python node for every value")


if __name__ == "__main__":
    main()
