"""The endpoint file: what it may hold, and what each mistake is told as."""

from pathlib import Path

import pytest
from small_endpoint import write_endpoint

from conformance.catalogue.endpoint_file import load_endpoint, load_hooks
from conformance.catalogue.ics import claims
from conformance.catalogue.load import load_criteria
from conformance.catalogue.problem import CatalogueError
from conformance.model.criterion import ConnectionPoint
from conformance.model.text import Language

TLS_ONLY = """\
product: {name: nginx, version: "1"}
regions: [eu]
connection_points:
  distribution:
    server_trust: ca.pem
    bindings:
      - {protocol: tls, host: localhost, port: 443, service_check: {send: "GET /\\r\\n", expect: "200 OK"}}
"""


def refused(path: Path) -> CatalogueError:
    with pytest.raises(CatalogueError) as caught:
        load_endpoint(path)
    assert caught.value.in_(Language.JA) != caught.value.in_(Language.EN)
    return caught.value


def test_a_good_file_loads_with_its_folders_and_digest(tmp_path: Path) -> None:
    loaded = load_endpoint(write_endpoint(tmp_path))
    assert loaded.lab == tmp_path / "lab"
    assert loaded.folder == tmp_path
    assert len(loaded.digest) == 64
    point = loaded.endpoint.connection_points[ConnectionPoint.DISTRIBUTION]
    assert point.cleartext_ports == {"502": 10502}
    assert [binding.label for binding in point.bindings] == ["https", "modbus"]


def test_the_smallest_file_claims_the_transport_criteria(tmp_path: Path) -> None:
    path = tmp_path / "endpoint.yaml"
    path.write_text(TLS_ONLY)
    loaded = load_endpoint(path)
    assert loaded.server_trust == {ConnectionPoint.DISTRIBUTION: tmp_path / "ca.pem"}
    assert {name[:3] for name in claims(loaded.endpoint, load_criteria()).supports} == {"PKI", "TLS"}


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("rated_power_W", "rated_powr_W", 4, "did you mean `rated_power_W`?"),
        ("[jp, us]", "[jp, uk]", 3, "known here: `eu`, `jp`, `us`"),
        ("[jp, us]", "[]", 3, "at least 1 entries"),
        ('version: "1.0"', "version: 1.0", 2, "put it in quotes"),
        ("  distribution:", "  distributon:", 6, "did you mean `distribution`?"),
        ("port: 40001", "port: 70000", 9, "65535 or less"),
        ("protocol: modbus", "protocol: modbuss", 10, "did you mean `modbus`?"),
        ("protocol: modbus,", "protocol: https, services: [state.raed],", 10, "two bindings are called `https`"),
        ("protocol: modbus,", "protocol: modbus, services: [state.raed],", 10, "did you mean `state.read`?"),
        ("service_check: {path: /mgcc/v1/state}}\n      - {protocol: m", "service_check: {}}\n      - {protocol: m", 9,
         "needs `path`"),
        ("{502: 10502}", "{http: 10502}", 7, "no port number"),
        ("supports: [PKI]", "supports: []", 14, "the ICS is empty"),
        ("supports: [PKI]", "supports: [PKY]", 14, "did you mean `PKI`?"),
        ("supports: [PKI]", "supports: [PKI], denies: [PKI]", 14, "both supported and denied"),
        ("ics: {supports: [PKI]}", "", 1, "the ICS is empty"),
        ("ics:", "lab: ../lab\nics:", 14, "leads out of the file's folder"),
        ("ics:", "lab_hooks: hooks.yaml\nics:", 14, "lab_hooks"),
        ("ics:", "hooks: {rebot: {url: 'http://x/'}}\nics:", 14, "did you mean `reboot`?"),
        ("ics:", "hooks: {reboot: {url: 'file:///etc/passwd'}}\nics:", 14, "^https?://"),
        ("ics:", "rated_power_W: 1\nics:", 14, "stands here twice"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_line_and_remedy(
    tmp_path: Path, old: str, new: str, line: int | None, message: str
) -> None:
    problems = refused(write_endpoint(tmp_path, (old, new))).problems
    assert any(message in problem.in_(Language.EN) and problem.line == line for problem in problems), problems


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    path = write_endpoint(tmp_path, ("[jp, us]", "[uk]"), ("port: 40001", "port: 0"), ("mgcc: 1", "mgc: 1"))
    assert len(refused(path).problems) == 3


def test_an_https_endpoint_without_ics_claims_the_transport_criteria(tmp_path: Path) -> None:
    path = write_endpoint(
        tmp_path,
        ("ics: {supports: [PKI]}", ""),
        ("      - {protocol: modbus, host: 127.0.0.1, port: 40002, service_check: {register: 40000}}\n", ""),
    )
    loaded = load_endpoint(path)
    assert {name[:3] for name in claims(loaded.endpoint, load_criteria()).supports} == {"PKI", "TLS"}


def test_denied_criteria_are_not_supported(tmp_path: Path) -> None:
    path = write_endpoint(tmp_path, ("supports: [PKI]", "supports: [PKI], denies: [PKI-03]"))
    found = claims(load_endpoint(path).endpoint, load_criteria())
    assert found.denies == {"PKI-03"}
    assert "PKI-03" not in found.supports
    assert "PKI-02" in found.supports


def test_the_laboratory_hooks_are_argument_lists(tmp_path: Path) -> None:
    path = tmp_path / "hooks.yaml"
    path.write_text("mgcc_hooks: 1\nhooks:\n  clock-set: {argv: [date, '{offset_s}']}\n")
    assert load_hooks(path).hooks["clock-set"].argv == ("date", "{offset_s}")
    path.write_text("mgcc_hooks: 1\nhooks:\n  clock-set: {argv: 'date {offset_s}'}\n")
    with pytest.raises(CatalogueError, match="expected a list"):
        load_hooks(path)
    path.write_text("mgcc_hooks: 1\nhooks:\n  clock-set: {argv: [date, '{offset}']}\n")
    with pytest.raises(CatalogueError, match="did you mean `offset_s`"):
        load_hooks(path)
