"""The engine performs steps in order, then their twins, and records what happened without an opinion."""

import threading
import time

import pytest
from stage import HTTPS, MODBUS, Played

from conformance.engine import Performance
from conformance.model.transcript import Side
from conformance.model.vector import Actor, Step, Timer


def step(op: str | None = "service.read", **more: object) -> Step:
    return Step(op=op, **more)  # type: ignore[arg-type]


def test_steps_are_performed_in_order_and_recorded_with_their_place() -> None:
    played = Played()
    records = played.play(step(), step("state.read", as_=Actor.VIEWER), step("inventory.read"))
    assert [(record.step, record.operation, record.actor) for record in records] == [
        ("1", "service.read", Actor.PEER),
        ("2", "state.read", Actor.VIEWER),
        ("3", "inventory.read", Actor.PEER),
    ]
    assert {record.side for record in records} == {Side.STIMULUS}


def test_twins_come_after_all_steps_in_the_order_of_the_steps() -> None:
    twin = {"tls": {"client": "none"}}
    records = Played().play(step(twin=twin), step("state.read"), step("inventory.read", twin={}))
    assert [(record.step, record.side.value) for record in records] == [
        ("1", "stimulus"),
        ("2", "stimulus"),
        ("3", "stimulus"),
        ("1", "twin"),
        ("3", "twin"),
    ]
    assert records[3].parameters == twin
    assert records[4].parameters == {}


def test_a_twin_can_be_of_another_actor() -> None:
    played = Played()
    records = played.play(step(as_=Actor.ROGUE, twin={"as": "utility"}))
    assert [record.actor for record in records] == [Actor.ROGUE, Actor.UTILITY]
    assert records[1].parameters == {}


def test_a_saved_answer_fills_later_steps_and_twins() -> None:
    played = Played()
    played.answers["inventory.read"] = {"devices": [{"id": "pv-1"}]}
    saved = step("inventory.read", save="found")
    control = step(
        "control.send",
        with_={"type": "export-limit", "value": 1, "targets": ["${found.data.devices.0.id}"]},
        twin={"type": "export-limit", "value": 2, "id": "after-${found.client_serial}"},
    )
    records = played.play(saved, control)
    assert records[1].parameters["targets"] == ["pv-1"]
    assert records[2].parameters["id"] == "after-1"


def test_a_whole_reference_keeps_its_type() -> None:
    played = Played()
    played.answers["state.read"] = {"limit": 2.5}
    control = step("control.send", with_={"type": "export-limit", "value": "${now.data.limit}"})
    assert played.play(step("state.read", save="now"), control)[1].parameters["value"] == 2.5


def test_the_peer_is_known_from_the_start() -> None:
    name = "${peer.name}"
    leaf = {"leaf": {"dns_names": [name, "*.${peer.domain}"]}}
    records = Played().play(step(with_={"tls": {"client": leaf}}))
    assert records[0].parameters["tls"]["client"]["leaf"]["dns_names"] == ["utility.mgcc.example", "*.mgcc.example"]


def test_a_reference_to_nothing_is_the_suites_own_trouble_and_keeps_the_record() -> None:
    played = Played()
    performance = Performance(
        (step("state.read", save="one"), step("control.send", with_={"type": "x", "value": "${one.data.gone}"})),
        played.stage,
    )
    with pytest.raises(Exception, match="gone"):
        list(performance)
    assert [record.operation for record in performance.records] == ["state.read"]


def test_parallel_steps_start_together_and_keep_their_places() -> None:
    played = Played()
    played.together = threading.Barrier(3)
    records = played.play(step(None, parallel=(step(), step("state.read"), step("inventory.read"))))
    assert [(record.step, record.operation) for record in records] == [
        ("1.1", "service.read"),
        ("1.2", "state.read"),
        ("1.3", "inventory.read"),
    ]


def test_parallel_steps_can_be_saved_and_have_twins() -> None:
    records = Played().play(
        step(None, parallel=(step(save="left"), step("state.read", twin={}))),
        step("control.send", with_={"type": "t", "value": 1, "id": "${left.status}x"}),
    )
    assert [(record.step, record.side.value) for record in records] == [
        ("1.1", "stimulus"),
        ("1.2", "stimulus"),
        ("2", "stimulus"),
        ("1.2", "twin"),
    ]
    assert records[2].parameters["id"] == "200x"


def test_records_of_a_long_item_stay_in_the_order_of_its_steps() -> None:
    group = step(None, parallel=tuple(step() for _ in range(11)))
    records = Played().play(*(step() for _ in range(10)), group)
    assert [record.step for record in records] == [
        *(str(number) for number in range(1, 11)),
        *(f"11.{number}" for number in range(1, 12)),
    ]


def test_a_parallel_step_that_breaks_leaves_the_records_of_the_others() -> None:
    played = Played()
    played.answers["state.read"] = ConnectionError("planted")
    performance = Performance((step(None, parallel=(step(), step("state.read"))),), played.stage)
    with pytest.raises(ConnectionError, match="planted"):
        list(performance)
    assert [record.step for record in performance.records] == ["1.1"]


def test_a_timer_is_due_after_its_wait_and_other_steps_go_on_meanwhile() -> None:
    played = Played()
    timer = Timer(name="fallback", wait="90s", clause="profile 4.2")
    performance = Performance(
        (step(None, arm=timer), step("state.read"), step(None, check="fallback"), step("inventory.read")),
        played.stage,
    )
    acting = iter(performance)
    due = next(acting)
    assert 60 < due.at_s - time.monotonic() <= 90
    assert [record.operation for record in performance.records] == ["state.read"]
    assert list(acting) == []
    assert [record.operation for record in performance.records] == ["state.read", "inventory.read"]


def test_two_timers_are_checked_at_their_own_times() -> None:
    played = Played()
    played.play(
        step(None, arm=Timer(name="long", wait="60s", clause="c")),
        step(None, arm=Timer(name="short", wait="10s", clause="c")),
        step(None, check="short"),
        step(None, check="long"),
    )
    short, long = (due.at_s for due in played.dues)
    assert 49 < long - short < 51


def test_twins_come_after_the_last_timer() -> None:
    played = Played()
    performance = Performance(
        (
            step(twin={}),
            step(None, arm=Timer(name="t", wait="5s", clause="c")),
            step(None, check="t"),
        ),
        played.stage,
    )
    acting = iter(performance)
    next(acting)
    assert [record.side for record in performance.records] == [Side.STIMULUS]
    list(acting)
    assert [record.side for record in performance.records] == [Side.STIMULUS, Side.TWIN]


def test_a_point_wide_operation_runs_over_a_sibling_that_can_carry_it() -> None:
    played = Played(MODBUS)
    records = played.play(step(), step("log.read", as_=Actor.AUDITOR))
    assert [record.binding for record in records] == ["modbus", "https"]


def test_a_point_wide_operation_stays_on_its_own_binding_where_that_can_carry_it() -> None:
    other = Played(HTTPS, siblings=(MODBUS, HTTPS))
    assert [record.binding for record in other.play(step("log.read"))] == ["https"]


def test_an_operation_that_is_not_point_wide_never_leaves_its_binding() -> None:
    records = Played(MODBUS).play(step("inventory.read"), step("control.send", with_={"type": "t", "value": 1}))
    assert {record.binding for record in records} == {"modbus"}
