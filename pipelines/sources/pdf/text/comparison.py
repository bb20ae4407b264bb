"""Compares words of the text layer with what the OCR engine reads at their place."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from difflib import SequenceMatcher

import numpy as np

from pipelines.lines.words import RawWord
from pipelines.ocr.engine import OcrEngine
from pipelines.page.normal_form import normal_form
from pipelines.sources.pdf.text.text_layer import LayerWord

BEST_LENGTH, MAX_LENGTH = 8, 40  # characters; shorter words prove little, longer ones cost more
MIN_HEIGHT_PX = 11.0  # of a word's box; smaller print is often misread
MAX_OVERLAP, MIDDLE = 0.1, 0.3  # of the middle of a word that another word may cover; what is not the middle
SLIM_MARGIN = 0.4  # heights: the engine reads no box that is slimmer than high
MIN_SCORE = 0.8  # the engine must be sure of what it reads
PUNCTUATION = ".,;:!?()[]\"'“”‘’«»"


@dataclass(frozen=True)
class Compared:
    """A word of the text layer, and what the engine reads at its place."""

    found: LayerWord
    read: str

    @property
    def ratio(self) -> float:
        """The share of the characters of the two texts that agree, without regard to case and accents.

        If the layer has letters or digits, only these count: a rule of underscores is read as nothing, or as more.
        """
        plain, other = _plain(self.found.word.text), _plain(self.read)
        if any(map(str.isalnum, plain)):
            plain, other = ("".join(filter(str.isalnum, side)) for side in (plain, other))
        return SequenceMatcher(None, plain, other, autojunk=False).ratio()

    def pairs(self) -> Iterator[tuple[str, str]]:
        """Yields the plain letters and digits of the layer with those that are read, if the texts are of one length."""
        plain, other = _plain(self.found.word.text), _plain(self.read)
        if len(plain) == len(other):
            both = zip(plain, other, strict=True)
            yield from (pair for pair in both if all(each.isascii() and each.isalnum() for each in pair))


def compared(words: Sequence[LayerWord], image: np.ndarray, engine: OcrEngine) -> list[Compared]:
    """Returns the words that the engine reads with a high score, with what it reads.

    Args:
        words: words of the text layer, boxes in pixels of `image`.
        image: `(height, width, 3)` uint8 RGB.
        engine: reads the words.
    """
    boxes = np.array([found.word.box for found in words]).reshape(-1, 4)
    height = boxes[:, 3] - boxes[:, 1]
    margin = np.where(boxes[:, 2] - boxes[:, 0] < height, SLIM_MARGIN * height, 0.0)
    readings = zip(words, engine.read_boxes(image, boxes + margin[:, None] * [-1, 0, 1, 0]), strict=True)
    return [Compared(found, text) for found, (text, score) in readings if score >= MIN_SCORE]


def readable(words: Sequence[LayerWord], boxes: np.ndarray, min_length: int, alphabet: Set[str]) -> Iterator[LayerWord]:
    """Yields words with different texts that the engine reads quickly and well, the best ones first.

    Args:
        words: the words to choose from, boxes in pixels.
        boxes: (n, 4) boxes of all words of the page. A word that another one covers is left out.
        min_length: number of characters without punctuation.
        alphabet: the characters that the engine reads. If it is empty, the words may have any characters.
    """
    texts = {found.word.text: found for found in reversed(words) if _is_fit(found.word, min_length, alphabet)}
    by_length = sorted(texts.values(), key=lambda found: abs(BEST_LENGTH - len(found.word.text)))
    return (found for found in by_length if _is_free(found, boxes))


def core(text: str) -> str:
    """Returns a word in its normal form, without punctuation at its ends unless it has nothing else."""
    text = normal_form(text)
    return text.strip(PUNCTUATION) or text  # (i) is a single letter, but a number that became "#$% has only these


def _is_fit(word: RawWord, min_length: int, alphabet: Set[str]) -> bool:
    text = normal_form(word.text)
    has_size = len(core(text)) >= min_length and len(text) <= MAX_LENGTH and word.y1 - word.y0 >= MIN_HEIGHT_PX
    return word.angle_deg == 0 and has_size and (not alphabet or set(text) <= alphabet)


def _is_free(found: LayerWord, boxes: np.ndarray) -> bool:
    """Returns whether no other word covers the middle of a word. The boxes `(n, 4)` include the word's own.

    Above and below the middle, the boxes of tightly set lines overlap.
    """
    box = np.array(found.word.box)
    box[1], box[3] = box[1] + MIDDLE * (box[3] - box[1]), box[3] - MIDDLE * (box[3] - box[1])
    sides = np.minimum(box[2:], boxes[:, 2:]) - np.maximum(box[:2], boxes[:, :2])
    covered = sides.clip(0).prod(axis=1) > MAX_OVERLAP * (box[2:] - box[:2]).prod()
    return int(covered.sum()) <= 1


def _plain(text: str) -> str:
    return "".join(
        character
        for character in unicodedata.normalize("NFKD", text).casefold()
        if not unicodedata.combining(character) and not character.isspace()
    )
