"""What lint refuses, warns of, and lets pass."""

import pytest
from small_desk import CRITERION, PROFILE, UNTESTED, VECTOR, Desk

from conformance.catalogue.lint import lint
from conformance.catalogue.problem import Severity
from conformance.catalogue.translations import LOCK, accept_translations
from conformance.model.text import Language

READ = "{op: service.read, with: {tls: {client: {leaf: {not_after: -60s}}}}, expect: refused, %s}"


def test_a_good_catalogue_has_no_problem(desk: Desk) -> None:
    assert desk.problems() == []


def test_the_suite_own_catalogue_has_no_error() -> None:
    assert [problem.in_(Language.EN) for problem in lint() if problem.severity is Severity.ERROR] == []


def test_a_problem_reads_as_one_line_with_its_place_and_remedy_in_both_languages(desk: Desk) -> None:
    desk.changed("op: service.read", "op: service.raed")
    (problem,) = desk.problems()
    english, japanese = problem.in_(Language.EN), problem.in_(Language.JA)
    assert english.endswith(
        "PKI/PKI-02_validity.yaml:9: [unknown-operation] PKI-02/client-leaf-expired steps[0].op: "
        "unknown operation `service.raed` -> did you mean `service.read`?"
    )
    assert "未知の操作" in japanese
    assert "\n" not in english + japanese


@pytest.mark.parametrize(
    ("old", "new", "codes"),
    [
        ("not_after: -60s", "not_aftr: -60s", ["unknown-key"]),
        ("not_after: -60s", "not_after: yesterday", ["bad-form"]),
        ("not_after: -60s", "not_after: 60", ["wrong-type"]),
        ("client: {leaf: {not_after: -60s}}", "client: nothing", ["unknown-value"]),
        ("expect: refused", "expect: refusd", ["unknown-predicate"]),
        ("expect: refused", "expect: {refused: {by: anyone}}", ["bad-form"]),
        ("expect: refused", "expect: {refused: {}, served: }", []),
        ("expect: refused", "expect: {content: {all_of: [{at: a, present: true}]}}", ["twin-without-opposite"]),
        ("+1d}", "+1d, key: p384}", ["twin-differs"]),
        ("+1d}", "-60s}", ["twin-differs"]),
        ("twin: {tls: {client: {leaf: {not_after: +1d}}}}", "twin: {}", []),
        ("twin: {tls: {client: {leaf: {not_after: +1d}}}}", "twin: {as: viewer}", ["twin-differs"]),
        (
            "twin: {tls: {client: {leaf: {not_after: +1d}}}}",
            "twin: {as: viewer, tls: {client: {leaf: {not_after: -60s}}}}",
            [],
        ),
        ("twin: {tls: {client: {leaf: {not_after: +1d}}}}", "twin: {as: nobody}", ["unknown-value"]),
        ("        twin: {tls: {client: {leaf: {not_after: +1d}}}}\n", "", ["no-twin"]),
        ("    detects: [accepts-expired-client-certificate]\n", "", ["no-fault"]),
        ("detects: [accepts", "detects: [{fault: x, rows: [y]}, accepts", ["unknown-row"]),
        ("detects: [accepts", "detects: [{fault: x, reason: no-such}, accepts", ["unknown-reason"]),
        ("detects: [accepts", "detects: [{fault: x, reason: not-logged}, accepts", []),
        ("that expired", "that must be refused", ["modal-title"]),
        ("期限が切れた証明書", "拒否すること", ["modal-title"]),
        ("RFC 5280 4.1.2.5]", "Some leaflet]", ["unknown-clause"]),
        ("RFC 5280 4.1.2.5]", "RFC 9999 1, IEC 62351-3 5.6]", []),
        ("    steps:", "    needs: [hook:rebot]\n    steps:", ["unknown-need"]),
        ("    steps:", "    needs: [hook:reboot, clock, service:log.read]\n    steps:", []),
        ("    steps:", "    matrix: {a: {x: 1}}\n    steps:", ["unused-matrix"]),
        ("-60s", "'${row.until}'", ["unknown-reference"]),
        ("-60s", "'${profile.nothing}'", ["unknown-reference"]),
        ("-60s", "'${profile.limit_W}'", ["wrong-type"]),
        ("-60s", "'${ixit.nothing}'", ["unknown-reference"]),
        ("-60s", "'${before.started}'", ["unknown-reference"]),
        ("-60s", "'${until}'", ["bad-form", "bad-reference"]),
        ("status: active", "status: withdrawn", ["neither-tested-nor-untested"]),
    ],
)
def test_one_slip_is_told_by_its_code(desk: Desk, old: str, new: str, codes: list[str]) -> None:
    desk.changed(old, new)
    assert desk.codes() == codes


PROBE = "{op: port.probe, with: {port: 80, speak: http}, expect: not-serving}"
LOG = "{op: log.read, expect: {content: {all_of: [{at: a, present: true}]}}}"


@pytest.mark.parametrize(
    ("steps", "codes"),
    [
        ("{op: service.read}", ["no-expectation"]),
        ("{op: service.read, check: t, expect: served}", ["step-shape"]),
        ("{expect: served}", ["step-shape"]),
        ("{parallel: [{arm: {name: t, wait: 1s, clause: c}}]}", ["no-expectation", "step-shape"]),
        ("{arm: {name: t, wait: 30s, clause: RFC 5280 1}}\n{check: t}\n" + PROBE, []),
        ("{arm: {name: t, wait: 30s, clause: ''}}\n{check: t}\n" + PROBE, ["wait-without-clause"]),
        ("{arm: {name: t, wait: +30s, clause: c}}\n{check: t}\n" + PROBE, ["wait-without-clause"]),
        ("{check: t}\n" + PROBE, ["unarmed-timer"]),
        ("{arm: {name: t, wait: 30s, clause: c}}\n" + PROBE, ["unchecked-timer"]),
        ("{op: port.probe, with: {speak: http}, expect: not-serving}", ["missing-key"]),
        (
            "{op: service.read, save: row}\n{op: log.read, expect: {logged: {of: row}}}",
            ["reserved-name"],
        ),
        ("{op: log.read, expect: {logged: {of: attempt}}}", ["unknown-reference"]),
        ("{op: service.read, save: attempt}\n{op: log.read, expect: {logged: {of: attempt}}}", []),
        (
            (
                "{op: state.read, save: a}\n"
                "{op: control.send, with: {type: x, value: '${a.data.limit}'}, save: b}\n"
                "{op: state.read, expect: {unchanged: {since: a, at: limits}}}"
            ),
            ["control-without-impact"],
        ),
        (
            "{op: state.read, expect: {content: {all_of: [{at: a, present: true, equals: 1}, {at: b, matches: '('}]}}}",
            ["bad-pattern", "one-comparison"],
        ),
        ("{op: http.request, expect: {content: {all_of: [{at: a, present: true}]}}}", ["binding-bound"]),
        ("{op: hook.call, with: {hook: clock-set, arguments: {offset: 1}}}\n" + LOG, ["hook-arguments"] * 2),
        ("{op: hook.call, with: {hook: clock-set, arguments: {offset_s: soon}}}\n" + LOG, ["hook-arguments"]),
        ("{op: hook.call, with: {hook: clok-set}}\n" + LOG, ["unknown-hook"]),
    ],
)
def test_steps_are_checked(desk: Desk, steps: str, codes: list[str]) -> None:
    desk.stepped(steps)
    assert desk.codes() == codes


ROWS = "{a-day: {until: -1d}, a-year: {until: %s}}"
ROW_STEP = (
    "{op: service.read, with: {tls: {client: {leaf: {not_after: '${row.until}'}}}}, expect: refused, "
    "twin: {tls: {client: {leaf: {not_after: +1d}}}}}"
)


def test_rows_fill_parameters(desk: Desk) -> None:
    desk.stepped(ROW_STEP, matrix=ROWS % "-1y")
    assert desk.codes() == []


def test_each_row_is_checked(desk: Desk) -> None:
    desk.stepped(ROW_STEP, matrix=ROWS % "long-ago")
    (problem,) = desk.problems()
    assert problem.code == "bad-form"
    assert "row `a-year`" in problem.message.en


def test_the_twin_differs_in_each_row(desk: Desk) -> None:
    desk.stepped(ROW_STEP, matrix=ROWS % "+1d")
    (problem,) = desk.problems()
    assert problem.code == "twin-differs"
    assert "row `a-year`" in problem.message.en


def test_a_row_without_the_value_is_told(desk: Desk) -> None:
    desk.stepped(ROW_STEP, matrix="{a-day: {until: -1d}, a-year: {til: -1y}}")
    assert set(desk.codes()) == {"unknown-reference", "unused-row-value"}


def test_a_row_may_refer_to_the_peer_and_the_profile(desk: Desk) -> None:
    desk.stepped(
        "{op: service.read, with: {tls: {client: {leaf: {dns_names: ['${row.name}']}}}}, expect: refused, twin: {}}",
        matrix="{wildcard: {name: '*.${peer.domain}'}, region: {name: 'x${profile.limit_W}.example'}}",
    )
    assert desk.codes() == []


def test_a_draft_needs_neither_fault_nor_twin(desk: Desk) -> None:
    draft = VECTOR.replace("status: active", "status: draft").replace("client-leaf-expired", "draft-one")
    draft = draft[: draft.index("        twin")]
    desk.vectors(VECTOR, draft)
    assert desk.codes() == []


def test_a_criterion_is_tested_or_says_why_not(desk: Desk) -> None:
    desk.write("criteria/PKI.yaml", CRITERION.format(id="PKI-02") + UNTESTED + CRITERION.format(id="PKI-04"))
    assert sorted(desk.codes()) == ["neither-tested-nor-untested", "tested-and-untested"]


def test_a_retired_criterion_needs_no_vector(desk: Desk) -> None:
    retired = CRITERION.format(id="PKI-04").replace("  title:", "  status: retired\n  title:", 1)
    desk.write("criteria/PKI.yaml", CRITERION.format(id="PKI-02") + retired)
    assert desk.codes() == []


def test_a_vector_file_is_named_after_its_criterion(desk: Desk) -> None:
    (desk.root / "PKI" / "PKI-02_validity.yaml").rename(desk.root / "PKI" / "validity.yaml")
    assert desk.codes() == ["wrong-file"]


def test_a_vector_needs_its_criterion(desk: Desk) -> None:
    desk.write("PKI/PKI-20_more.yaml", "criterion: PKI-20\nvectors:\n" + VECTOR)
    assert desk.codes() == ["unknown-criterion"]


@pytest.mark.parametrize(
    ("override", "code"),
    [("criterion: PKI-02", "empty-override"), ("criterion: PKI-77\n    gate: observe", "unknown-criterion")],
)
def test_overrides_are_checked(desk: Desk, override: str, code: str) -> None:
    rest = "reason: {en: a, ja: あ}\n    reference: {document: RFC 5280, certainty: memory}"
    overrides = f"\n  - {override}\n    {rest}\n"
    desk.write("profiles/jp.yaml", PROFILE.format(region="jp", limit=1, overrides=overrides))
    assert desk.codes() == [code]


def test_a_control_says_that_it_commands_the_plant(desk: Desk) -> None:
    values = "with: {type: export-limit, value: 1}, twin: {type: export-limit, value: 2}"
    control = f"{{op: control.send, expect: refused, {values}}}"
    desk.stepped(control)
    assert desk.codes() == ["control-without-impact"]
    desk.stepped(control, impact="simulated")
    assert desk.codes() == []


def test_an_operation_of_one_vector_alone_is_noted(desk: Desk) -> None:
    assert {problem.code for problem in lint(desk.root)} == {"lone-operation", "no-translation-lock"}
    desk.changed("op: service.read", "op: service.reed")
    assert {problem.code for problem in lint(desk.root)} == {"unknown-operation", "no-translation-lock"}


def test_what_an_edition_froze_never_vanishes(desk: Desk) -> None:
    edition = (
        "id: 2026-draft-1\ntitle: {en: a, ja: あ}\nfrozen_on: 2026-11-23\nprofiles: {}\ncriteria:\n"
        "  PKI-02: {digest: a, gate: connect, security_level: 2, vectors: {PKI-02/gone: b}}\n"
        "  PKI-09: {digest: a, gate: connect, security_level: 2, vectors: {}}\n"
    )
    desk.write("editions/2026-draft-1.yaml", edition)
    assert desk.codes() == ["vanished-id", "vanished-id"]


class TestTranslations:
    def accept(self, desk: Desk) -> None:
        accept_translations(desk.load())

    def test_accepted_texts_pass(self, desk: Desk) -> None:
        self.accept(desk)
        assert desk.codes() == []

    def test_english_that_moved_on_alone_is_stale(self, desk: Desk) -> None:
        self.accept(desk)
        desk.changed("a minute ago", "an hour ago")
        (problem,) = desk.problems()
        assert (problem.code, problem.line, problem.severity) == ("stale-translation", 5, Severity.ERROR)

    def test_both_changed_asks_for_a_look(self, desk: Desk) -> None:
        self.accept(desk)
        desk.vectors(VECTOR.replace("a minute ago", "an hour ago").replace("1分前", "1時間前"))
        (problem,) = desk.problems()
        assert (problem.code, problem.severity) == ("changed-translation", Severity.WARNING)
        self.accept(desk)
        assert desk.codes() == []

    def test_a_new_text_waits_for_acceptance_unless_it_is_a_draft(self, desk: Desk) -> None:
        self.accept(desk)
        desk.vectors(VECTOR, VECTOR.replace("client-leaf-expired", "another"))
        assert desk.codes() == ["unaccepted-translation"]
        draft = VECTOR.replace("client-leaf-expired", "another").replace("status: active", "status: draft")
        desk.vectors(VECTOR, draft)
        assert desk.codes() == []

    def test_english_twice_is_no_translation(self, desk: Desk) -> None:
        desk.changed("1分前に期限が切れた証明書", "Client certificate that expired a minute ago")
        assert desk.codes() == ["missing-translation"]

    def test_a_broken_lock_accepts_nothing(self, desk: Desk) -> None:
        desk.write(LOCK, b"\xff\xfe nonsense\n")
        assert set(desk.codes()) == {"unaccepted-translation"}
