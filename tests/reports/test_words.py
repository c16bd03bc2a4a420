import re
from collections.abc import Mapping

import pytest

from conformance.model.criterion import Certainty, ConnectionPoint, Gate, Region
from conformance.model.finding import Assurance, Reason, Verdict
from conformance.model.report import Word
from conformance.model.text import Text
from conformance.model.transcript import Ending, Side
from conformance.model.vector import Behaviour
from reports import closing, compare, explain, phrases, terminal, words, write
from reports.html import TEMPLATES
from reports.mapping import MAPPING

JAPANESE = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")
SAME_IN_BOTH = {"SHOULD", "{before} -> {after}"}


def test_every_verdict_has_its_row_and_nothing_but_pass_is_satisfied() -> None:
    assert set(MAPPING) == set(Verdict)
    assert [verdict for verdict, row in MAPPING.items() if row.oscal_state == "satisfied"] == [Verdict.PASS]
    assert [verdict for verdict, row in MAPPING.items() if row.in_toto == "passedTests"] == [Verdict.PASS]
    assert [verdict for verdict, row in MAPPING.items() if row.allure == "passed"] == [Verdict.PASS]
    assert [verdict for verdict, row in MAPPING.items() if row.junit is None] == [Verdict.PASS]


def test_only_a_non_conformity_is_called_failed_where_the_format_can_tell() -> None:
    assert [verdict for verdict, row in MAPPING.items() if row.allure == "failed"] == [Verdict.FAIL]
    assert [verdict for verdict, row in MAPPING.items() if row.earl == "failed"] == [Verdict.FAIL]
    assert MAPPING[Verdict.ERROR].junit == "error"
    assert MAPPING[Verdict.INCONCLUSIVE].junit == "failure"


@pytest.mark.parametrize(
    ("table", "keys"),
    [
        (words.VERDICTS, Verdict),
        (words.VERDICT_SYMBOLS, Verdict),
        (words.DECISIONS, Word),
        (words.DECISION_SYMBOLS, Word),
        (words.GATES, Gate),
        (words.GATES_MEAN, Gate),
        (words.POINTS, ConnectionPoint),
        (words.POINTS_MEAN, ConnectionPoint),
        (words.REGIONS, Region),
        (words.CERTAINTIES, Certainty),
        (words.ASSURANCES, Assurance),
        (words.REASONS, Reason),
        (words.ENDINGS, Ending),
        (words.SIDES, Side),
        (words.BEHAVIOURS, Behaviour),
        (terminal.STYLES, Verdict),
        (closing.DECISION_STYLES, Word),
    ],
)
def test_every_member_has_its_word(table: Mapping[str, object], keys: type) -> None:
    assert set(table) == set(keys)


def test_the_words_of_the_field_are_the_agreed_ones() -> None:
    assert [words.DECISIONS[word].ja for word in Word] == ["接続可", "条件付き接続可", "未評価", "接続不可"]
    assert [words.VERDICTS[verdict].ja for verdict in Verdict] == [
        "適合",
        "不適合",
        "判定不能",
        "試験系異常",
        "対象外",
        "未実施",
    ]


def _texts(value: object) -> list[Text]:
    if isinstance(value, Text):
        return [value]
    if isinstance(value, Mapping):
        return [text for item in value.values() for text in _texts(item)]
    return []


@pytest.mark.parametrize("module", [words, phrases, terminal, closing, compare, explain, write])
def test_every_sentence_is_there_in_both_languages_with_the_same_places(module: object) -> None:
    texts = [text for value in vars(module).values() for text in _texts(value)]
    assert texts
    for text in texts:
        assert text.en
        assert JAPANESE.search(text.ja) or text.ja in SAME_IN_BOTH, text
        assert not JAPANESE.search(text.en), text
        assert sorted(re.findall(r"{(\w+)", text.en)) == sorted(re.findall(r"{(\w+)", text.ja)), text


def test_the_page_uses_each_of_its_phrases_and_no_other() -> None:
    template = (TEMPLATES / "report.html.j2").read_text(encoding="utf-8")
    used = set(re.findall(r'p\("([a-z-]+)"\)', template)) | set(re.findall(r'page\["([a-z-]+)"\]', template))
    assert used | {"international"} == set(phrases.PAGE)
