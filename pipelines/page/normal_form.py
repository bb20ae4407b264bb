"""The normal form of `words.text`, the same for every reader (docs/schema.md).

Fonts hold characters for the shape of a letter (ligatures, the forms of Arabic letters, full-width digits), and several
characters for one hyphen. A tokenizer and a person who searches see them as different texts.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import replace

from pipelines.lines.words import RawWord

# Characters that stand for others: Kangxi radicals, mathematical letters, ligatures and Arabic forms, vertical and
# small punctuation, full-width digits and letters, half-width kana.
_SHAPES = (
    (0x2E80, 0x2FDF),
    (0x1D400, 0x1D7FF),
    (0xFB00, 0xFDFF),
    (0xFE10, 0xFE6F),
    (0xFE70, 0xFEFE),
    (0xFF10, 0xFF19),
    (0xFF21, 0xFF3A),
    (0xFF41, 0xFF5A),
    (0xFF65, 0xFFDC),
)
_HYPHENS = "\u00ad\u2010\u2011\u2212"  # soft hyphen as fonts draw it, hyphen, non-breaking hyphen, minus sign
_JOINERS = "\u200c\u200d"  # they change the shape of letters inside a word


def _table() -> dict[int, str | None]:
    table: dict[int, str | None] = dict.fromkeys(map(ord, _HYPHENS), "-")
    for first, last in _SHAPES:
        for code in range(first, last + 1):
            plain = "".join(unicodedata.normalize("NFKC", chr(code)).split())
            if plain and plain != chr(code):
                table[code] = plain
    invisible = (code for code in range(0x10000) if unicodedata.category(chr(code)) in ("Cc", "Cf"))
    return {code: None for code in invisible if chr(code) not in _JOINERS} | table


_TABLE = _table()


def normal_form(text: str) -> str:
    """Returns a word in its normal form, which can be empty: NFC, without shapes and invisible characters."""
    if text.isascii() and text.isprintable() and " " not in text:
        return text
    return unicodedata.normalize("NFC", "".join(text.translate(_TABLE).split())).strip(_JOINERS)


def normalized(words: Iterable[RawWord]) -> list[RawWord]:
    """Returns the words in their normal form, except those of which nothing is left."""
    forms = ((word, normal_form(word.text)) for word in words)
    return [word if form == word.text else replace(word, text=form) for word, form in forms if form]
