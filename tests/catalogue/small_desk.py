"""Writes a small catalogue whose parts a test can spoil one at a time."""

from pathlib import Path

from conformance.catalogue.lint import lint
from conformance.catalogue.load import load_catalogue
from conformance.catalogue.problem import Severity

CRITERION = """\
- id: {id}
  title: {{en: Certificate validity period, ja: 証明書の有効期間}}
  statement: {{en: The MMS MUST reject expired certificates., ja: MMSは、期限切れの証明書を拒否しなければならない。}}
  connection_points: [distribution, aggregation]
  security_level: 2
  gate: connect
  methods: [network]
  references:
    jp: [{{document: JC-STAR S1.1, clause: S1.1-12, certainty: memory}}]
    us: []
    eu: []
    international:
      - {{document: RFC 5280, clause: 4.1.2.5, certainty: memory}}
      - {{document: "IEC 62351-3:2014+A2", clause: 5.6.4, certainty: memory}}
  negative_stimulus: {{en: An expired certificate., ja: 期限切れの証明書。}}
  remedy: {{en: Check the validity period., ja: 有効期間を検査する。}}
"""
UNTESTED = "  untested: {en: No vector yet., ja: 試験ベクトル未整備。}\n"
PROFILE = """\
region: {region}
title: {{en: Region {region}, ja: 地域{region}}}
values:
  - name: limit_W
    value: {limit}
    unit: W
    applies_to: [PKI-02]
    reference: {{document: RFC 5280, clause: 4.1.2.5, certainty: memory}}
overrides: {overrides}
"""
VECTOR = """\
  - id: client-leaf-expired
    status: active
    title: {en: Client certificate that expired a minute ago, ja: 1分前に期限が切れた証明書}
    behaviour: invalid
    clauses: [RFC 5280 4.1.2.5]
    steps:
      - op: service.read
        with: {tls: {client: {leaf: {not_after: -60s}}}}
        expect: refused
        twin: {tls: {client: {leaf: {not_after: +1d}}}}
    detects: [accepts-expired-client-certificate]
"""
HEAD = "criterion: PKI-02\nvectors:\n"


class Desk:
    """A catalogue on disk: PKI-02 with one vector, PKI-04 without, profiles jp and us."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for folder in ("criteria", "profiles", "editions", "PKI"):
            (root / folder).mkdir(parents=True)
        self.write("criteria/PKI.yaml", CRITERION.format(id="PKI-02") + CRITERION.format(id="PKI-04") + UNTESTED)
        self.write("profiles/jp.yaml", PROFILE.format(region="jp", limit=1000, overrides="[]"))
        self.write("profiles/us.yaml", PROFILE.format(region="us", limit=2000, overrides="[]"))
        self.vectors(VECTOR)

    def write(self, name: str, text: str | bytes) -> Path:
        path = self.root / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def vectors(self, *texts: str) -> Path:
        return self.write("PKI/PKI-02_validity.yaml", HEAD + "".join(texts))

    def changed(self, old: str, new: str) -> None:
        """Write the one vector with `old` replaced by `new`."""
        assert old in VECTOR
        self.vectors(VECTOR.replace(old, new))

    def stepped(self, steps: str, **keys: str) -> None:
        """Write the one vector with other `steps` (flow style, one per line) and further keys."""
        head = VECTOR[: VECTOR.index("    steps:")]
        extra = "".join(f"    {key}: {value}\n" for key, value in keys.items())
        body = "".join(f"      - {line.strip()}\n" for line in steps.strip().splitlines())
        self.vectors(head + extra + "    steps:\n" + body + "    detects: [some-fault]\n")

    def load(self) -> None:
        return load_catalogue(self.root)

    def problems(self) -> None:
        """Everything but the notes and the missing translation lock."""
        found = lint(self.root)
        return [one for one in found if one.severity is not Severity.NOTE and one.code != "no-translation-lock"]

    def codes(self) -> list[str]:
        return [problem.code for problem in self.problems()]
