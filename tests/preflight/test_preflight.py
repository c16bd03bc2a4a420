"""Preflight fails on what is the laboratory's, warns of what is the product's, and judges nothing."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from conformance import preflight as place
from conformance.model.criterion import ConnectionPoint, Region
from conformance.model.endpoint import Binding, Endpoint, Ics, Point, Product, ServiceCheck
from conformance.model.problem import ProblemError
from conformance.model.text import Language
from conformance.model.transcript import Ending, Exchange, Grant, ServiceAnswer, TlsFacts
from conformance.pki.lab import Lab, create_lab
from conformance.preflight import CLOCK_LIMIT_S, Grade, Preflight, preflight
from conformance.probes import Measured

POINT = ConnectionPoint.DISTRIBUTION
CHECK = ServiceCheck(path="/", register=0)
HTTPS = Binding(protocol="https", host="127.0.0.1", port=1, service_check=CHECK)
MODBUS = Binding(protocol="modbus", host="127.0.0.1", port=2, service_check=CHECK)
DIALS_OUT = Binding(protocol="https", name="outward", role="client", host="127.0.0.1", port=3, service_check=CHECK)
SERVES = Exchange(
    ending=Ending.OURS, duration_s=0.0, answer=ServiceAnswer(grant=Grant.GRANTED, native="HTTP 200", status=200)
)
QUICK = Measured(rtt_s=0.001, handshake_s=0.01, clock_offset_s=0.0)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    return create_lab(tmp_path_factory.mktemp("preflight") / "lab")


def endpoint(*bindings: Binding) -> Endpoint:
    return Endpoint(
        product=Product(name="P", version="1"),
        regions=(Region.JP,),
        connection_points={POINT: Point(bindings=bindings or (HTTPS,))},
        ics=Ics(supports=("PKI",)),
    )


Look = Callable[..., Preflight]


@pytest.fixture
def look(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> Look:
    """Perform a preflight whose measurements and service checks are as given by binding label."""

    def at(
        *bindings: Binding,
        measured: dict[str, Measured | OSError] | None = None,
        served: dict[str, Exchange] | None = None,
        now: datetime | None = None,
    ) -> Preflight:
        def measure(binding: Binding, _context: object) -> Measured:
            found = (measured or {}).get(binding.label, QUICK)
            if isinstance(found, OSError):
                raise found
            return found

        def perform(
            operation: str, _parameters: object, _actor: object, binding: Binding, _context: object
        ) -> Exchange:
            assert operation == "service.read"
            return (served or {}).get(binding.label, SERVES)

        monkeypatch.setattr(place, "measure", measure)
        monkeypatch.setattr(place, "perform", perform)
        moment = now or datetime.now(UTC)
        context: Callable[[ConnectionPoint], object] = lambda _point: object()  # noqa: E731  a stand-in
        return preflight(endpoint(*bindings), lab, (POINT,), context, moment)  # type: ignore[arg-type]

    return at


def test_a_laboratory_in_order_passes_and_its_measurements_are_kept(look: Look) -> None:
    checked = look(HTTPS, MODBUS)
    assert {one.grade for one in checked.checks} == {Grade.OK}
    assert checked.measured == {"distribution:https": QUICK, "distribution:modbus": QUICK}
    assert checked.clock_offset_s == 0.0
    checked.demand()


def test_a_port_that_cannot_be_reached_fails_with_place_and_remedy_in_both_languages(look: Look) -> None:
    checked = look(HTTPS, MODBUS, measured={"modbus": ConnectionRefusedError(111, "Connection refused")})
    (failed,) = checked.failed
    for language in Language:
        assert "127.0.0.1:2" in failed.title.in_(language)
        assert failed.remedy is not None
    with pytest.raises(ProblemError) as told:
        checked.demand()
    assert "Connection refused" in told.value.in_(Language.EN)
    assert "接続できません" in told.value.in_(Language.JA)
    assert " -> " in told.value.in_(Language.EN)


def test_all_that_is_wrong_is_told_at_once(look: Look) -> None:
    trouble = ConnectionRefusedError(111, "Connection refused")
    checked = look(HTTPS, MODBUS, measured={"https": trouble, "modbus": trouble})
    with pytest.raises(ProblemError) as told:
        checked.demand()
    assert len(told.value.in_(Language.EN).splitlines()) == 2


@pytest.mark.parametrize(
    "exchange",
    [
        Exchange(
            ending=Ending.ALERT,
            duration_s=0.0,
            tls=TlsFacts(completed=False, alert_received="unknown_ca", alert_number=48),
        ),
        Exchange(
            ending=Ending.OURS,
            duration_s=0.0,
            answer=ServiceAnswer(grant=Grant.DENIED, native="HTTP 403 Forbidden", status=403),
        ),
        Exchange(ending=Ending.TIMEOUT, duration_s=1.0),
    ],
)
def test_a_product_that_does_not_serve_its_peer_is_a_warning_and_is_left_to_the_judges(
    exchange: Exchange, look: Look
) -> None:
    checked = look(HTTPS, served={"https": exchange})
    assert [one.grade for one in checked.checks].count(Grade.WARNING) == 1
    assert checked.failed == ()
    checked.demand()


def test_the_products_certificate_is_not_looked_at(look: Look) -> None:
    odd = msgspec.structs.replace(SERVES, tls=TlsFacts(completed=True, peer_chain=()))
    assert look(HTTPS, served={"https": odd}).failed == ()


@pytest.mark.parametrize(("offset_s", "failed"), [(0.0, 0), (CLOCK_LIMIT_S, 0), (CLOCK_LIMIT_S + 1, 1), (-4000.0, 1)])
def test_clocks_may_differ_up_to_a_limit(offset_s: float, failed: int, look: Look) -> None:
    checked = look(HTTPS, measured={"https": msgspec.structs.replace(QUICK, clock_offset_s=offset_s)})
    assert len(checked.failed) == failed
    assert checked.clock_offset_s == offset_s


def test_the_binding_whose_clock_is_farthest_off_counts(look: Look) -> None:
    measured: dict[str, Measured | OSError] = {
        "https": msgspec.structs.replace(QUICK, clock_offset_s=1.0),
        "modbus": msgspec.structs.replace(QUICK, clock_offset_s=-3.0),
    }
    assert look(HTTPS, MODBUS, measured=measured).clock_offset_s == -3.0


def test_a_product_without_a_clock_to_be_seen_is_no_mistake(look: Look) -> None:
    checked = look(MODBUS, measured={"modbus": msgspec.structs.replace(QUICK, clock_offset_s=None)})
    assert checked.failed == ()
    assert checked.clock_offset_s == 0.0


@pytest.mark.parametrize("days", [-3, 20000])
def test_a_lab_that_is_not_valid_now_fails_whatever_the_product_does(days: int, look: Look) -> None:
    checked = look(HTTPS, now=datetime.now(UTC) + timedelta(days=days))
    (failed,) = checked.failed
    assert "valid" in failed.found.en
    assert "有効期間" in failed.found.ja


def test_a_product_that_dials_out_is_not_dialled(look: Look) -> None:
    checked = look(HTTPS, DIALS_OUT, measured={"outward": ConnectionRefusedError(111, "must not be asked")})
    assert checked.failed == ()
    assert set(checked.measured) == {"distribution:https"}
