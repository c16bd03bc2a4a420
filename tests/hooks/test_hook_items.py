"""An item whose hook fails is inconclusive; one whose hook works goes on as if nothing had been."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hook_server import says, upper_tester

from conformance import reference
from conformance.catalogue.load import Catalogue, load_catalogue
from conformance.model.finding import Reason, Verdict
from conformance.model.report import ItemResult
from conformance.opening import Choices, check, open_campaign, read_desk
from conformance.pki.lab import create_lab

HOUSE = Path(__file__).parents[2]
VECTOR = """\
criterion: PKI-07
vectors:
  - id: after-a-clock-change
    status: draft
    title: {en: Service after the clock was set, ja: 時計設定後のサービス}
    behaviour: valid
    clauses: [RFC 5280]
    needs: ["hook:clock-set"]
    steps:
      - op: hook.call
        with: {hook: clock-set, arguments: {offset_s: 0}}
      - op: service.read
        expect: served
"""
ITEM = "PKI-07/after-a-clock-change@distribution:https"
OK = says(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    root = Path(shutil.copytree(HOUSE / "test_vectors", tmp_path_factory.mktemp("desk") / "test_vectors"))
    (root / "PKI" / "PKI-07_clock.yaml").write_text(VECTOR, encoding="utf-8")
    return load_catalogue(root)


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("bench")
    reference.prepare(create_lab(folder / "lab"), folder / "home")
    with reference.serving(folder / "home", log=folder / "log") as announced:
        path = folder / "endpoint.yaml"
        path.write_text(reference.endpoint_text(announced, Path("lab")), encoding="utf-8")
        yield path


def row(endpoint: Path, catalogue: Catalogue, out: Path, hooks: str, item_id: str = ITEM) -> ItemResult:
    path = endpoint.with_name(f"{out.parent.name}.yaml")
    path.write_text(endpoint.read_text("utf-8") + hooks, encoding="utf-8")
    desk = read_desk(Choices(endpoint=path, out=out, selection=(item_id,)), catalogue)
    report = open_campaign(desk, check(desk)).run_all()
    return next(item for item in report.items if item.id == item_id)


def test_a_hook_that_works_lets_the_item_go_on(endpoint: Path, catalogue: Catalogue, tmp_path: Path) -> None:
    with upper_tester(OK) as (url, received):
        result = row(endpoint, catalogue, tmp_path / "run", f"hooks: {{clock-set: {{url: '{url}'}}}}\n")
    assert result.verdict is Verdict.PASS
    assert [body for _, body in received] == [{"offset_s": 0}]


def test_a_product_without_http_is_ready_again_too(endpoint: Path, catalogue: Catalogue, tmp_path: Path) -> None:
    item = ITEM.replace(":https", ":modbus")
    with upper_tester(OK) as (url, _):
        result = row(endpoint, catalogue, tmp_path / "run", f"hooks: {{clock-set: {{url: '{url}'}}}}\n", item)
    assert result.verdict is Verdict.PASS


def test_a_hook_that_fails_makes_the_item_inconclusive(endpoint: Path, catalogue: Catalogue, tmp_path: Path) -> None:
    with upper_tester(says(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n")) as (url, _):
        result = row(endpoint, catalogue, tmp_path / "run", f"hooks: {{clock-set: {{url: '{url}'}}}}\n")
    assert result.verdict is Verdict.INCONCLUSIVE
    assert Reason.HOOK_FAILED in {finding.reason for finding in result.attempts[0].findings}


def test_a_hook_that_nobody_has_leaves_the_item_out_with_a_reason(
    endpoint: Path, catalogue: Catalogue, tmp_path: Path
) -> None:
    result = row(endpoint, catalogue, tmp_path / "run", "")
    assert result.verdict is Verdict.NOT_RUN
    assert result.why is not None
    assert "clock-set" in result.why.en
