"""Decides whether the text layer of a page can be trusted (`--text_source auto`)."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence, Set
from string import ascii_lowercase

from pipelines.page.normal_form import normal_form
from pipelines.sources.pdf.text.painted import PaintedShares
from pipelines.sources.pdf.text.text_layer import LayerWord

NO_LANGUAGE = "no language"
"""A flaw that names, numbers and code have too: the page decides whether the layer is right."""
SCAN_IMAGE_SHARE = 0.5
MIN_WORDS = 5
PICTURE_SHARE, PICTURE_WORDS = 0.1, 40  # a picture of this share next to fewer words can be a small scan with text
MAX_INVISIBLE_SHARE = 0.5
MAX_BROKEN_SHARE = 0.02  # of the words
MIN_LETTERS = 100  # Latin letters; with fewer, the share of vowels means nothing
MIN_SCRIPT_SHARE = 0.5  # of the letters; the rest are Latin names or letters of wrong maps
MIN_VOWEL_SHARE = 0.2  # Latin prose has 0.35 or more, code and part lists have 0.21, a shifted alphabet has 0.14
MAX_LATIN_1_SHARE = 0.5  # per plain letter: Cyrillic decoded as Latin-1 has 1.1, Vietnamese has 0.06
# (cid:12) comes from a font without a character map. U+FFFD and the private use area are unmapped glyphs, except
# U+F8E5..F8FE, the parts of large brackets. A lone accent next to a letter was drawn over a letter.
_BROKEN = re.compile(r"\(cid:\d+\)|[\ufffd\ue000-\uf8e4\uf8ff\x00-\x08\x0e-\x1f\x7f-\x9f]|\w[´¨¯¸ˆ-˝]|[´¨¯¸ˆ-˝]\w")
_LATIN_1 = re.compile(r"[ß-ÿ]")


def flaw_of_layer(words: Sequence[LayerWord], painted: PaintedShares) -> str:
    """Returns why the text layer of a page cannot be trusted, or an empty string if it can.

    Args:
        words: the text layer.
        painted: what the page shows.
    """
    if not words:
        return "no words"
    if len(words) < MIN_WORDS and not painted.is_all_text:
        return "few words"
    if painted.image_share >= SCAN_IMAGE_SHARE:
        return "images"
    if painted.image_share >= PICTURE_SHARE and len(words) < PICTURE_WORDS:
        return "images beside few words"
    if painted.invisible_share >= MAX_INVISIBLE_SHARE:
        return "invisible"
    if is_broken(words):
        return "unmapped characters"
    return NO_LANGUAGE if _is_gibberish(" ".join(word.word.text for word in words)) else ""


def is_in_unknown_script(words: Sequence[LayerWord], alphabet: Set[str]) -> bool:
    """Returns whether most letters of a text layer are of one script that the OCR engine does not read.

    Such a layer with flaws is better than what the engine would return.

    Args:
        words: the text layer.
        alphabet: the characters that the engine reads.
    """
    letters = [character for found in words for character in normal_form(found.word.text) if character.isalpha()]
    scripts = Counter(unicodedata.name(letter, " ").split()[0] for letter in letters if letter not in alphabet)
    return bool(scripts) and scripts.most_common(1)[0][1] > MIN_SCRIPT_SHARE * len(letters)


def is_broken(words: Sequence[LayerWord]) -> bool:
    """Returns whether more than 2 % of the words contain unmapped glyphs or lone accents."""
    broken = sum(bool(_BROKEN.search(word.word.text)) for word in words)
    return broken > MAX_BROKEN_SHARE * len(words)


def _is_gibberish(text: str) -> bool:
    """Returns whether a text has too few vowels or too many accents for Latin words.

    Fonts with a wrong character map produce such texts.
    """
    text = unicodedata.normalize("NFC", text.lower())
    plain = unicodedata.normalize("NFD", text)
    letters = sum(map(plain.count, ascii_lowercase))
    if letters < MIN_LETTERS:
        return False
    vowels, accented = sum(map(plain.count, "aeiouy")), len(_LATIN_1.findall(text))
    return vowels < MIN_VOWEL_SHARE * letters or accented > MAX_LATIN_1_SHARE * letters
