"""Finds fonts whose character map is wrong: the OCR engine reads other characters than the text layer holds.

A wrong map can turn letters into other letters and digits into signs. The text then looks like text, but the page shows
something else. A few words per font are enough to see it, because the fault is in the font and not in the word.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence, Set
from difflib import SequenceMatcher
from itertools import islice

import numpy as np

from pipelines.ocr.engine import OcrEngine
from pipelines.page.normal_form import normal_form
from pipelines.sources.pdf.text_layer import LayerWord

MAX_FONTS, MAX_WORDS, MIN_WORDS = 6, 6, 2  # of the page, of the page together, and of a font if it has as many
BEST_LENGTH, MIN_LENGTH, MAX_LENGTH = 8, 3, 40  # characters; shorter words prove little, longer ones cost more
MIN_HEIGHT_PX = 11.0  # of a word's box; smaller print is often misread
MAX_OVERLAP = 0.1  # of a word's box that another word may cover
MIN_SCORE = 0.8  # the engine must be sure of what it reads
# Share of the characters that must agree: of two words or more, and of a single one. If only the vowels are right, half
# of them agree.
MIN_RATIO, MIN_RATIO_ALONE = 0.65, 0.4


def wrong_font(words: Sequence[LayerWord], image: np.ndarray, engine: OcrEngine) -> str:
    """Returns the name of a font whose words read differently on the page, or an empty string.

    Args:
        words: the words of the text layer, boxes in pixels of `image`.
        image: `(height, width, 3)` uint8 RGB.
        engine: reads the words.
    """
    chosen = [found for texts in _candidates(words, engine.alphabet) for found in texts]
    boxes = np.array([found.word.box for found in chosen]).reshape(-1, 4)
    ratios: dict[tuple[str, bool], list[float]] = {}
    for found, (text, score) in zip(chosen, engine.read_boxes(image, boxes), strict=True):
        if score >= MIN_SCORE:
            ratios.setdefault(_kind(found), []).append(_ratio(found.word.text, text))
    return next((font for (font, _), found in ratios.items() if _are_wrong(found)), "")


def _are_wrong(ratios: list[float]) -> bool:
    return max(ratios) < (MIN_RATIO if len(ratios) > 1 else MIN_RATIO_ALONE)


def _kind(found: LayerWord) -> tuple[str, bool]:
    """Returns what is judged together: the words of a font with letters, and those without, such as numbers."""
    return found.font, any(map(str.isalpha, found.word.text))


def _candidates(words: Sequence[LayerWord], alphabet: Set[str]) -> Iterator[list[LayerWord]]:
    """Yields the words to read of each font: different texts of a length that is quickly read, with a free place.

    Words with other characters than those of the alphabet are not read.
    """
    kinds: dict[tuple[str, bool], dict[str, LayerWord]] = {}
    for found in words:
        word = found.word
        is_fit = word.angle_deg == 0 and MIN_LENGTH <= len(word.text) <= MAX_LENGTH
        if is_fit and word.y1 - word.y0 >= MIN_HEIGHT_PX and set(normal_form(word.text)) <= alphabet:
            kinds.setdefault(_kind(found), {}).setdefault(word.text, found)
    largest = sorted(kinds.values(), key=len, reverse=True)[:MAX_FONTS]
    boxes = np.array([found.word.box for found in words]).reshape(-1, 4)
    for texts in largest:
        count = max(MIN_WORDS, MAX_WORDS // len(largest))
        by_length = sorted(texts.values(), key=lambda found: abs(BEST_LENGTH - len(found.word.text)))
        yield list(islice((found for found in by_length if _is_free(found, boxes)), count))


def _is_free(found: LayerWord, boxes: np.ndarray) -> bool:
    """Returns whether no other word covers a part of a word. The boxes `(n, 4)` include the word's own."""
    box = np.array(found.word.box)
    sides = np.minimum(box[2:], boxes[:, 2:]) - np.maximum(box[:2], boxes[:, :2])
    covered = sides.clip(0).prod(axis=1) > MAX_OVERLAP * (box[2:] - box[:2]).prod()
    return int(covered.sum()) <= 1


def _ratio(text: str, other: str) -> float:
    """Returns the share of the characters of two texts that agree, without regard to case and accents."""
    return SequenceMatcher(None, _plain(text), _plain(other), autojunk=False).ratio()


def _plain(text: str) -> str:
    return "".join(
        character
        for character in unicodedata.normalize("NFKD", text).casefold()
        if not unicodedata.combining(character) and not character.isspace()
    )
