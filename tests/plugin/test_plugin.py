"""What pytest is told of an item: a failure is the product's, an error is ours."""

from types import SimpleNamespace
from typing import Any

import pytest

from conformance.model.finding import Finding, Reason, Verdict
from conformance.model.text import Text
from conformance.plugin import (
    CAMPAIGN,
    NonConformityError,
    SuiteTroubleError,
    UndecidedError,
    VectorItem,
)

SAID = Text(en="said", ja="言明")


class Campaign:
    """Performs nothing and concludes what it was told to."""

    def __init__(self, reason: Reason, trouble: str | None) -> None:
        self.reason, self.trouble, self.concluded = reason, trouble, 0

    def perform(self, _item: object) -> Any:
        return SimpleNamespace(trouble=self.trouble)

    def conclude(self, _item: object, _transcript: object, _seconds: float) -> Any:
        self.concluded += 1
        finding = Finding(reason=self.reason, step="1", expected=SAID, observed=SAID)
        return SimpleNamespace(attempts=(SimpleNamespace(verdict=self.reason.verdict, findings=(finding,)),))


def item_of(campaign: Campaign) -> Any:
    stash = {CAMPAIGN: campaign}
    options = {"--lang": "en", "allure_report_dir": None}
    config = SimpleNamespace(stash=stash, getoption=lambda name, default=None: options.get(name, default))
    item: Any = object.__new__(VectorItem)
    planned = SimpleNamespace(why=None)
    for name, value in {"planned": planned, "transcript": None, "_begun": 0.0, "config": config}.items():
        setattr(item, name, value)
    item.user_properties = []
    return item


@pytest.mark.parametrize(
    ("reason", "raised"),
    [
        (Reason.SERVED_DESPITE_DEFECT, NonConformityError),
        (Reason.TWIN_NOT_SERVED, UndecidedError),
    ],
)
def test_a_verdict_of_the_product_is_told_in_the_call(reason: Reason, raised: type[Exception]) -> None:
    item = item_of(Campaign(reason, None))
    item.setup()
    with pytest.raises(raised):
        item.runtest()
    assert issubclass(NonConformityError, AssertionError)
    assert not issubclass(UndecidedError, AssertionError)


def test_our_own_trouble_is_an_error_of_the_setup_and_has_its_row() -> None:
    campaign = Campaign(Reason.SUITE_TROUBLE, "KeyError: 'x'")
    item = item_of(campaign)
    with pytest.raises(SuiteTroubleError):
        item.setup()
    assert campaign.concluded == 1
    assert ("verdict", Verdict.ERROR.value) in item.user_properties


def test_a_pass_raises_nothing() -> None:
    item = item_of(Campaign(Reason.REFUSED_BY_TLS, None))
    item.setup()
    item.runtest()
    assert ("verdict", "pass") in item.user_properties
