import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest
from report_sample import HOSTILE, finding, sample

from conformance.model.finding import Reason, Verdict
from conformance.model.report import Report
from conformance.model.text import Language, Text
from reports.html import anchor, render
from reports.reading import counts, in_plain_words
from reports.sanitise import cleaned

ATTRIBUTES_THAT_LOAD = {"src", "srcset", "poster", "data", "action", "formaction", "background", "xlink:href", "style"}
VOID = {"meta", "input", "rect", "br", "link", "img"}


class Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text: dict[str, list[str]] = {"en": [], "ja": [], "": []}
        self._language: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
            language = dict(attrs).get("lang") or ""
            inherited = self._language[-1] if self._language else ""
            self._language.append(language if tag == "span" and language else inherited)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag
            self._language.pop()

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.text[self._language[-1] if self._language else ""].append(data)


@pytest.fixture
def text(report: Report) -> str:
    return render(cleaned(report))


def test_the_page_is_well_formed_and_says_its_language(text: str, report: Report) -> None:
    page = Page(text)
    assert page.open == []
    assert page.tags[0] == ("html", {"lang": "en"})
    assert Page(render(cleaned(report), Language.JA)).tags[0] == ("html", {"lang": "ja"})


def test_the_page_needs_nothing_from_anywhere(text: str) -> None:
    for tag, attributes in Page(text).tags:
        assert tag not in {"script", "link", "img", "iframe", "object", "embed", "base", "form", "audio", "video"}
        assert not ATTRIBUTES_THAT_LOAD & set(attributes)
        assert not any(name.startswith("on") for name in attributes)
        assert (attributes.get("href") or "#").startswith("#")
    assert not re.search(r"https?:|//[a-z]|url\(|@import", re.sub(r"<title>.*?</title>", "", text))


def test_the_policy_admits_this_style_sheet_and_nothing_else(text: str) -> None:
    (policy,) = [
        attributes["content"] for tag, attributes in Page(text).tags if attributes.get("http-equiv") is not None
    ]
    (css,) = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def test_what_a_product_sends_stays_text(text: str) -> None:
    page = Page(text)
    assert "script" not in {tag for tag, _ in page.tags}
    seen = " ".join(" ".join(parts) for parts in page.text.values())
    assert "<script>document.title='owned'</script>" in seen
    assert "{{7*7}}" in seen
    assert "\\x1b[2J" in seen
    assert not set("\x1b\x00\x07\u202e\u2066\ufffe") & set(text)


def test_hostile_text_in_every_place_of_the_record_stays_text() -> None:
    product = {"name": HOSTILE, "version": HOSTILE, "supplier": HOSTILE, "serial_number": HOSTILE}
    rule = Text(en=HOSTILE, ja=HOSTILE)
    report = sample(product=product, decision_rule=rule, environment={HOSTILE: HOSTILE}, mode=HOSTILE, run_id=HOSTILE)
    page = Page(render(cleaned(report)))
    assert page.open == []
    assert not {"script", "img"} & {tag for tag, _ in page.tags}


def test_both_languages_are_whole(text: str) -> None:
    page = Page(text)
    fragments = [attributes["lang"] for tag, attributes in page.tags if tag == "span" and "lang" in attributes]
    assert fragments.count("en") == fragments.count("ja") > 500
    assert fragments[::2] == ["en"] * (len(fragments) // 2)
    assert {"不適合", "接続不可", "条件付き接続可", "未評価", "判定不能", "試験系異常", "対象外"} <= set(
        page.text["ja"]
    )


def test_the_language_is_switched_without_a_script(text: str) -> None:
    radios = {attributes["id"]: "checked" in attributes for tag, attributes in Page(text).tags if tag == "input"}
    assert radios == {"in-en": True, "in-ja": False}
    assert '#in-en:checked ~ * [lang="ja"]' in text


def test_every_planned_item_has_one_row_and_every_link_a_target(text: str, report: Report) -> None:
    page = Page(text)
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {anchor(item.id) for item in report.items} <= set(ids)
    links = {(attributes["href"] or "")[1:] for tag, attributes in page.tags if tag == "a"}
    assert links <= set(ids)


def test_the_rows_of_the_campaign_count_as_the_report_does(text: str, report: Report) -> None:
    rows = re.findall(r'<details class="item" id="[^"]+">\s*<summary>\s*<span class="verdict v-([a-z-]+)">', text)
    assert {verdict: rows.count(verdict) for verdict in Verdict} == counts(report.items)


def test_the_cover_says_what_it_is_unless_a_laboratory_certifies(text: str, report: Report) -> None:
    assert "This is a test report, not a certificate." in text
    assert 'class="watermark"' in text
    certified = render(cleaned(sample(mode="certification")))
    assert "This is a test report, not a certificate." in certified
    assert 'class="watermark"' not in certified
    for decision in report.decisions:
        assert f'class="card c-{decision.word}"' in text or decision.binding


def test_a_failure_shows_expected_observed_clause_certainty_remedy_and_command(text: str) -> None:
    section = text[text.index('<section id="fix">') : text.index('<section id="open">')]
    for piece in (
        "HTTP 200 on GET /mgcc/v1/state after a TLS 1.3 handshake",
        "the service is refused",
        "from memory, to be checked",
        "原典で確認済み",
        "Leave the check of the TLS library switched on",
        "mgcc run --endpoint endpoint.yaml --select PKI-02/client-leaf-expired@distribution:modbus",
        "the ICS denies this mandatory criterion",
    ):
        assert piece in section


def test_blockers_stand_before_what_only_restricts(text: str) -> None:
    assert re.findall(r'<article class="fix g-([a-z]+)">', text) == ["connect", "restrict", "restrict"]


def test_a_calm_run_explains_in_one_sentence_why_nothing_is_assessed(calm: Report) -> None:
    sentence = in_plain_words(calm)
    assert sentence.en.startswith("Nothing that was run failed, and yet a decision is Not assessed: ")
    assert "an open question never counts as a yes" in sentence.en
    page = render(cleaned(calm))
    assert sentence.en in page
    assert sentence.ja in page


def test_an_interrupted_run_says_so() -> None:
    assert "this report is incomplete" in render(cleaned(sample(complete=False)))


def test_an_empty_report_is_a_page_too() -> None:
    page = Page(render(cleaned(sample(items=(), criteria=(), decisions=(), catalogue=()))))
    assert page.open == []


def test_the_page_is_the_same_twice(report: Report) -> None:
    assert render(cleaned(report)) == render(cleaned(report))


def test_anchors_of_different_items_differ() -> None:
    names = ["A-01/x@d:h#r", "A-01/x@d:h+jp#r", "A-01/x@d:h r", "A-01/x@d:h%20r", "A-01/x@d:h_20r"]
    assert len({anchor(name) for name in names}) == len(names)
    assert finding(Reason.LOGGED).verdict is Verdict.PASS
