"""`--languages`: leaves out pages in other languages.

The language is detected by py3langid (M. Lui and T. Baldwin, "langid.py", ACL 2012), whose package contains its model.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar

from pipelines.filters.base import PageText
from schemas import PageStatus

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

MIN_LETTERS = 20  # a shorter text could be in any language
MIN_PROBABILITY = 0.8
_NO_LANGUAGE = "zxx"  # ISO 639 code for content without language, such as tables and formulas


@dataclass(frozen=True)
class Languages:
    """Leaves out pages in other languages than `value`, and pages with too little text to detect their language.

    `value` contains ISO 639 codes. If it is empty, all pages are kept.
    """

    name: ClassVar[str] = "languages"
    status: ClassVar[PageStatus] = PageStatus.OTHER_LANGUAGE
    meaning: ClassVar[str] = "is in none of --languages, or has too little text to find its language"

    value: tuple[str, ...] = ()

    @classmethod
    def add_flag(cls, group: argparse._ArgumentGroup) -> None:
        """Adds `--languages`."""
        group.add_argument(
            "--languages",
            type=_codes,
            default=cls.value,
            metavar="CODES",
            help="keep pages in these languages, for example en,de; pages in other languages, or with too little text "
            "to detect the language, get the status other_language (default: all)",
        )

    def setting(self) -> list[str]:
        """Returns the codes."""
        return list(self.value)

    def reason(self, page: PageText) -> str:
        """Returns why the page is left out, or an empty string to keep it."""
        if not self.value or page.language in self.value:
            return ""
        return f"{page.language or 'too little text to tell'}, --languages is {','.join(self.value)}"


def _codes(text: str) -> tuple[str, ...]:
    codes = tuple(sorted(set(text.split(","))))
    unknown = [code for code in codes if code not in known_languages()]
    if unknown:
        known = ", ".join(sorted(known_languages()))
        raise argparse.ArgumentTypeError(
            f"{', '.join(map(repr, unknown))}: not a known language code; choose from {known}"
        )
    return codes


def language_of(texts: Iterable[str]) -> str:
    """Returns the ISO 639 code of the main language of a page, or an empty string if it cannot be detected.

    The code has two letters (639-1) if the language has such a code, else three letters (639-3).

    Args:
        texts: the words of the page; words without letters are ignored.
    """
    words = [text.lower() if text.isupper() else text for text in texts if any(map(str.isalpha, text))]
    if sum(map(len, words)) < MIN_LETTERS:
        return ""
    code, probability = _identifier().classify(" ".join(words))
    return code if probability >= MIN_PROBABILITY and code != _NO_LANGUAGE else ""


def known_languages() -> frozenset[str]:
    """Returns all codes that `language_of` can return, except the empty string."""
    return frozenset(_identifier().labels) - {_NO_LANGUAGE}


@lru_cache(maxsize=1)
def _identifier() -> LanguageIdentifier:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
