"""The plan: which items there are, what becomes of each, and why."""

from typing import Any

import msgspec
import pytest
from small_desk import CRITERION, PROFILE, VECTOR, Desk
from small_endpoint import ENDPOINT

from conformance.catalogue.asked import asked_at
from conformance.catalogue.ics import claims
from conformance.catalogue.plan import Disposition, PlanItem, offers, plan
from conformance.catalogue.problem import SelectionError
from conformance.catalogue.selection import split_selection
from conformance.catalogue.yaml_source import parse
from conformance.model.criterion import ConnectionPoint, Gate, Region
from conformance.model.endpoint import Binding, Endpoint, ServiceCheck

ONE_STEP = "{op: %s, expect: {content: {all_of: [{at: a, present: true}]}}}"


def endpoint(*changes: tuple[str, str]) -> Endpoint:
    text = ENDPOINT
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return msgspec.convert(parse(text.encode(), "endpoint.yaml").value, Endpoint)


def planned(desk: Desk, *changes: tuple[str, str], **options: Any) -> dict[str, PlanItem]:
    return {item.id: item for item in plan(desk.load(), endpoint(*changes), **options)}


def reasons(items: dict[str, PlanItem]) -> dict[str, tuple[str, str]]:
    return {
        name.split("@")[1]: (item.disposition.value, item.why.en if item.why else "") for name, item in items.items()
    }


def test_a_vector_becomes_an_item_at_each_point_over_each_binding(desk: Desk) -> None:
    items = planned(desk)
    assert list(items) == [
        "PKI-02/client-leaf-expired@distribution:https",
        "PKI-02/client-leaf-expired@distribution:modbus",
        "PKI-02/client-leaf-expired@aggregation:https",
    ]
    assert {item.disposition for item in items.values()} == {Disposition.RUN}
    item = items["PKI-02/client-leaf-expired@distribution:https"]
    assert (item.line, item.file.name, item.draft) == (3, "PKI-02_validity.yaml", False)


def test_rows_are_named_in_the_id_and_filled_in(desk: Desk) -> None:
    desk.stepped(
        "{op: service.read, with: {tls: {client: {leaf: {not_after: '${row.until}', dns_names: ['${peer.name}']}}}}, "
        "expect: refused, twin: {}}",
        matrix="{a-day: {until: -1d}, a-year: {until: -1y}}",
    )
    items = planned(desk)
    item = items["PKI-02/client-leaf-expired@aggregation:https#a-year"]
    assert item.row == "a-year"
    leaf = item.vector.steps[0].with_["tls"]["client"]["leaf"]
    assert leaf == {"not_after": "-1y", "dns_names": ["${peer.name}"]}
    assert len(items) == 6


def test_the_region_is_named_only_where_its_values_are_used(desk: Desk) -> None:
    desk.stepped(
        "{op: control.send, with: {type: export-limit, value: '${profile.limit_W}'}, expect: served}",
        applies_if="{bindings: [https], connection_points: [distribution]}",
    )
    items = planned(desk)
    values = {
        name: item.vector.steps[0].with_["value"] for name, item in items.items() if item.disposition is Disposition.RUN
    }
    assert values == {
        "PKI-02/client-leaf-expired@distribution:https+jp": 1000,
        "PKI-02/client-leaf-expired@distribution:https+us": 2000,
    }


def test_a_region_without_the_value_is_not_run(desk: Desk) -> None:
    (desk.root / "profiles" / "us.yaml").unlink()
    desk.stepped("{op: control.send, with: {type: export-limit, value: '${profile.limit_W}'}, expect: served}")
    item = planned(desk)["PKI-02/client-leaf-expired@distribution:https+us"]
    assert item.disposition is Disposition.NOT_RUN
    assert item.why is not None
    assert "profile of us" in item.why.en


def test_what_the_endpoint_does_not_declare_is_not_run(desk: Desk) -> None:
    desk.stepped("{op: control.send, with: {type: export-limit, value: '${ixit.rated_power_W}'}, expect: served}")
    name = "PKI-02/client-leaf-expired@distribution:https"
    assert planned(desk)[name].vector.steps[0].with_["value"] == 5000
    item = planned(desk, ("rated_power_W: 5000\n", ""))[name]
    assert (item.disposition, item.why is not None) == (Disposition.NOT_RUN, True)


def test_facts_make_an_item_not_applicable(desk: Desk) -> None:
    desk.changed("    steps:", "    applies_if: {bindings: [modbus]}\n    steps:")
    assert reasons(planned(desk)) == {
        "distribution:https": ("not-applicable", "asked only over modbus"),
        "distribution:modbus": ("run", ""),
        "aggregation:https": ("not-applicable", "asked only over modbus"),
    }


def test_undeclared_device_kinds_excuse_nothing(desk: Desk) -> None:
    desk.changed("    steps:", "    applies_if: {device_kinds: [pv]}\n    steps:")
    name = "PKI-02/client-leaf-expired@distribution:https"
    assert planned(desk)[name].disposition is Disposition.RUN
    with_kinds = ("ics:", "device_kinds: [battery]\nics:")
    assert planned(desk, with_kinds)[name].disposition is Disposition.NOT_APPLICABLE
    with_kinds = ("ics:", "device_kinds: [battery, pv]\nics:")
    assert planned(desk, with_kinds)[name].disposition is Disposition.RUN


def test_the_ics_leaves_out_or_denies(desk: Desk) -> None:
    name = "PKI-02/client-leaf-expired@distribution:https"
    item = planned(desk, ("supports: [PKI]", "supports: [PKI-04]"))[name]
    assert (item.disposition, item.why and item.why.en) == (Disposition.NOT_RUN, "the ICS leaves PKI-02 out")
    item = planned(desk, ("supports: [PKI]", "supports: [PKI], denies: [PKI-02]"))[name]
    assert item.disposition is Disposition.DENIED


def test_an_operation_the_binding_lacks_is_not_run(desk: Desk) -> None:
    desk.stepped(ONE_STEP % "heartbeat.send")
    assert reasons(planned(desk))["distribution:modbus"] == (
        "not-run",
        "the binding `modbus` does not offer `heartbeat.send`",
    )


def test_a_point_wide_operation_may_use_another_binding(desk: Desk) -> None:
    desk.stepped(ONE_STEP % "log.read")
    assert reasons(planned(desk))["distribution:modbus"] == ("run", "")
    no_log = (
        "{path: /mgcc/v1/state}}\n      - {protocol: m",
        "{path: /x}, services: [state.read]}\n      - {protocol: m",
    )
    found = reasons(planned(desk, no_log))
    assert found["distribution:modbus"][0] == found["distribution:https"][0] == "not-run"


def test_wire_operations_follow_their_protocol() -> None:
    modbus = Binding(protocol="modbus", host="h", port=1, service_check=ServiceCheck())
    assert [offers(modbus, name) for name in ("http.request", "modbus.request", "hello.send", "hook.call")] == [
        False, True, True, True,
    ]  # fmt: skip


def test_a_hook_is_needed_from_the_product_or_the_laboratory(desk: Desk) -> None:
    desk.stepped("{op: hook.call, with: {hook: reboot}}\n" + ONE_STEP % "log.read")
    name = "PKI-02/client-leaf-expired@distribution:https"
    assert planned(desk)[name].disposition is Disposition.NOT_RUN
    assert planned(desk, lab_hooks=["reboot"])[name].disposition is Disposition.RUN
    with_url = ("ics:", "hooks: {reboot: {url: 'http://127.0.0.1/'}}\nics:")
    assert planned(desk, with_url)[name].disposition is Disposition.RUN


def test_a_hook_named_in_a_row_is_needed_in_that_row(desk: Desk) -> None:
    steps = "{op: hook.call, with: {hook: '${row.hook}'}}\n" + ONE_STEP % "log.read"
    desk.stepped(steps, matrix="{boot: {hook: reboot}, reset: {hook: factory-reset}}")
    found = reasons(planned(desk, lab_hooks=["reboot"]))
    assert found["distribution:https#boot"] == ("run", "")
    assert found["distribution:https#reset"] == ("not-run", "needs the hook factory-reset")


def test_a_clock_is_any_hook_that_moves_it(desk: Desk) -> None:
    desk.changed("    steps:", "    needs: [clock]\n    steps:")
    name = "PKI-02/client-leaf-expired@distribution:https"
    assert planned(desk)[name].disposition is Disposition.NOT_RUN
    assert planned(desk, lab_hooks=["clock-scale"])[name].disposition is Disposition.RUN


def test_physical_items_need_leave_and_late_ones_come_last(desk: Desk) -> None:
    later = VECTOR.replace("client-leaf-expired", "flood").replace("    steps:", "    impact: disruptive\n    steps:")
    physical = VECTOR.replace("client-leaf-expired", "trip").replace("    steps:", "    impact: physical\n    steps:")
    desk.vectors(later, physical, VECTOR)
    items = list(planned(desk).values())
    assert [item.vector.id for item in items[:3]] == ["client-leaf-expired"] * 3
    assert {item.disposition for item in items if item.vector.id == "trip"} == {Disposition.NOT_RUN}
    allowed = planned(desk, allow_physical=True).values()
    assert {item.disposition for item in allowed} == {Disposition.RUN}


def test_items_that_command_the_plant_run_where_it_is_simulated_or_with_leave(desk: Desk) -> None:
    desk.vectors(VECTOR.replace("    steps:", "    impact: simulated\n    steps:"))
    simulated = ("rated_power_W: 5000", "rated_power_W: 5000\nplant: simulated")
    assert {item.disposition for item in planned(desk).values()} == {Disposition.NOT_RUN}
    assert {item.disposition for item in planned(desk, simulated).values()} == {Disposition.RUN}
    assert {item.disposition for item in planned(desk, allow_physical=True).values()} == {Disposition.RUN}


def test_the_client_role_is_not_run_yet(desk: Desk) -> None:
    found = planned(desk, ("protocol: modbus,", "protocol: modbus, role: client,"))
    item = found["PKI-02/client-leaf-expired@distribution:modbus.client"]
    assert item.disposition is Disposition.NOT_RUN


def test_a_vector_of_both_points_is_one_item_for_each_binding(desk: Desk) -> None:
    desk.changed("    steps:", "    both_points: true\n    steps:")
    items = planned(desk)
    assert list(items) == ["PKI-02/client-leaf-expired@both:https", "PKI-02/client-leaf-expired@both:modbus"]
    only_one = endpoint()
    points = {ConnectionPoint.DISTRIBUTION: only_one.connection_points[ConnectionPoint.DISTRIBUTION]}
    single = plan(desk.load(), msgspec.structs.replace(only_one, connection_points=points))
    assert {item.disposition for item in single} == {Disposition.NOT_RUN}


def test_drafts_are_marked_and_withdrawn_ones_are_gone(desk: Desk) -> None:
    draft = VECTOR.replace("status: active", "status: draft")
    withdrawn = VECTOR.replace("status: active", "status: withdrawn").replace("client-leaf-expired", "old")
    desk.vectors(draft, withdrawn)
    items = planned(desk).values()
    assert [item.draft for item in items] == [True, True, True]


def test_points_and_regions_narrow_the_plan(desk: Desk) -> None:
    items = planned(desk, points=[ConnectionPoint.AGGREGATION], regions=[Region.JP])
    assert list(items) == ["PKI-02/client-leaf-expired@aggregation:https"]


@pytest.mark.parametrize(
    ("selection", "count"),
    [
        ("", 3),
        ("PKI", 3),
        ("PKI-02", 3),
        ("PKI-02/client-leaf-expired", 3),
        ("PKI-02/client-leaf-expired@distribution:modbus", 1),
        (" PKI-04 , PKI-02/client-leaf-expired@distribution:https", 1),
    ],
)
def test_a_selection_picks_families_criteria_vectors_and_items(desk: Desk, selection: str, count: int) -> None:
    assert len(planned(desk, selection=split_selection(selection))) == count


@pytest.mark.parametrize(
    ("selection", "message"),
    [
        ("PKY", "did you mean `PKI`"),
        ("PKI-03", "did you mean `PKI-0"),
        ("PKI-02/client-leaf-expird", "did you mean `PKI-02/client-leaf-expired`"),
        (
            "PKI-02/client-leaf-expired@distribution:htps",
            "did you mean `PKI-02/client-leaf-expired@distribution:https`",
        ),
        ("PKI-04", "No vector yet."),
    ],
)
def test_a_selection_that_names_nothing_is_an_error(desk: Desk, selection: str, message: str) -> None:
    with pytest.raises(SelectionError, match=message):
        planned(desk, selection=[selection])


OVERRIDES = """
  - criterion: PKI-02
    gate: restrict
    security_level: 1
    cure_by: 2027-04-01
    applies_if: {bindings: [modbus]}
    reason: {en: a, ja: あ}
    reference: {document: RFC 5280, certainty: memory}
"""


def test_what_a_region_asks_follows_its_override(desk: Desk) -> None:
    desk.write("profiles/jp.yaml", PROFILE.format(region="jp", limit=1, overrides=OVERRIDES))
    catalogue, product = desk.load(), endpoint(("supports: [PKI]", "supports: [PKI-02], denies: [PKI-04]"))
    ics = claims(product, catalogue.criteria)
    japan, japan_untested = asked_at(catalogue, ConnectionPoint.DISTRIBUTION, Region.JP, product, ics)
    assert (japan.gate, japan.security_level, japan.cure_by, japan.applies) == (Gate.RESTRICT, 1, "2027-04-01", True)
    assert japan_untested.denied
    assert japan_untested.why_not_run is not None
    (states, _) = asked_at(catalogue, ConnectionPoint.DISTRIBUTION, Region.US, product, ics)
    assert (states.gate, states.security_level, states.why_not_run) == (Gate.CONNECT, 2, None)
    (over_https, _) = asked_at(catalogue, ConnectionPoint.DISTRIBUTION, Region.JP, product, ics, binding="https")
    assert not over_https.applies


def test_an_item_applies_where_any_of_its_regions_asks(desk: Desk) -> None:
    desk.write("profiles/jp.yaml", PROFILE.format(region="jp", limit=1, overrides=OVERRIDES))
    name = "PKI-02/client-leaf-expired@distribution:https"
    assert planned(desk)[name].disposition is Disposition.RUN
    assert planned(desk, regions=[Region.JP])[name].disposition is Disposition.NOT_APPLICABLE


def test_a_retired_criterion_is_not_asked(desk: Desk) -> None:
    retired = CRITERION.format(id="PKI-02").replace("  title:", "  status: retired\n  title:", 1)
    desk.write("criteria/PKI.yaml", retired)
    assert planned(desk) == {}
    product = endpoint()
    catalogue = desk.load()
    ics = claims(product, catalogue.criteria)
    assert asked_at(catalogue, ConnectionPoint.DISTRIBUTION, Region.JP, product, ics) == ()
