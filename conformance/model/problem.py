"""What a person must put right before the suite can go on."""

from conformance.model.text import Language, Text


class ProblemError(Exception):
    """Something outside the suite is wrong; it says what, where and what to do, in both languages."""

    def __init__(self, text: Text) -> None:
        super().__init__(text.en)
        self.text = text

    def in_(self, language: Language) -> str:
        """Return the message in `language`."""
        return self.text.in_(language)


class SuiteBrokenError(Exception):
    """The suite itself broke; no verdict follows from it."""
