"""The language of a page, by py3langid (M. Lui and T. Baldwin, "langid.py", ACL 2012): a model inside the package."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

MIN_LETTERS = 20  # fewer could be of any language
MIN_PROBABILITY = 0.8
_NO_LANGUAGE = "zxx"  # ISO 639 for tables, formulas and the like


def language_of(texts: Iterable[str]) -> str:
    """Returns the language that most of a page's words are in as ISO 639 code, empty where it cannot be told.

    The code has two letters (639-1) where there is one, else three (639-3).

    Args:
        texts: the words; those without letters do not count.
    """
    words = [text.lower() if text.isupper() else text for text in texts if any(map(str.isalpha, text))]
    if sum(map(len, words)) < MIN_LETTERS:
        return ""
    code, probability = _identifier().classify(" ".join(words))
    return code if probability >= MIN_PROBABILITY and code != _NO_LANGUAGE else ""


def known_languages() -> frozenset[str]:
    """Returns the codes that `language_of` can return, but for the empty one."""
    return frozenset(_identifier().labels) - {_NO_LANGUAGE}


@lru_cache(maxsize=1)
def _identifier() -> LanguageIdentifier:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
