"""One sentence in both languages of the house."""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct


class Language(StrEnum):
    """A language in which the suite speaks to people."""

    EN = "en"
    JA = "ja"


class Text(Struct, frozen=True, forbid_unknown_fields=True):
    """A sentence in English and Japanese; both are always present."""

    en: Annotated[str, Meta(min_length=1, description="English")]
    ja: Annotated[str, Meta(min_length=1, description="日本語")]

    def in_(self, language: Language) -> str:
        """Return the sentence in `language`."""
        return self.ja if language is Language.JA else self.en

    def format(self, **values: object) -> "Text":
        """Return both sentences with `{name}` places filled from `values`."""
        return Text(en=self.en.format(**values), ja=self.ja.format(**values))
