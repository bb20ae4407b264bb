"""What kind of text a page holds: can its text layer be trusted (`--text_source auto`), which way does a word run."""

from __future__ import annotations

import re
import unicodedata

from pipelines.ocr import OcrWord

SCAN_IMAGE_SHARE = 0.5
TRUSTED_WORDS = 5
BROKEN_SHARE = 0.02
# (cid:12) is what a font without a character map leaves behind; U+FFFD and the private use area are unmapped glyphs.
_BROKEN = re.compile(r"\(cid:\d+\)|[\ufffd\ue000-\uf8ff\x00-\x08\x0e-\x1f]")


def text_layer_is_trusted(words: list[OcrWord], image_share: float) -> bool:
    """Tells whether `auto` takes a page's text layer instead of OCR.

    It does where the layer has at least five words, less than 2 % of them with characters that stand for unmapped
    glyphs, and no image covers half of the page: the layer of a scan is some other program's OCR.

    Args:
        words: the text layer.
        image_share: largest share of the page that one image covers, 0..1.
    """
    return len(words) >= TRUSTED_WORDS and image_share < SCAN_IMAGE_SHARE and not is_broken(words)


def is_broken(words: list[OcrWord]) -> bool:
    """Tells a text layer in which 2 % of the words hold characters that stand for unmapped glyphs."""
    broken = sum(bool(_BROKEN.search(word.text)) for word in words)
    return broken > BROKEN_SHARE * len(words)


def is_right_to_left(text: str) -> bool:
    """Tells whether a word is written from right to left, by its first letter that has a direction (UAX 9, P2)."""
    directions = (unicodedata.bidirectional(character) for character in text)
    return next((direction != "L" for direction in directions if direction in ("L", "R", "AL")), False)
