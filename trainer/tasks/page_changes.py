"""Changes to pages before a task reads them: errors of OCR, and boxes in wrong places or none.

They show what a model owes to exact words and to their places. A task does not know of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np

from schemas import TOKEN_COLUMNS, Line, Page, Sample, Tokenizer, UsageError, Word, hull
from schemas.sample import encode_page
from schemas.tokens import token_array
from trainer.tasks.base import page_generator
from trainer.tasks.ocr_noise import misread
from trainer.tasks.token_windows import WORD

Boxes = Literal["kept", "shuffled", "removed"]
PLACE = slice(TOKEN_COLUMNS.index("cell"), TOKEN_COLUMNS.index("y1") + 1)  # cell and box


@dataclass(frozen=True)
class PageChanges:
    """What is changed. The random numbers depend only on the seed, the page and the epoch.

    Attributes:
        ocr_noise: probability that an error of OCR begins at a word: see `trainer.tasks.ocr_noise.misread`.
        boxes: `shuffled`: each word has the box of another word of the page; `removed`: no word has a box.
        seed: of the random numbers.

    Raises:
        UsageError: a value is out of its range.
    """

    ocr_noise: float = 0.0
    boxes: Boxes = "kept"
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.ocr_noise <= 1:
            raise UsageError(f"--ocr_noise must be from 0 to 1, got {self.ocr_noise}")
        if self.boxes not in get_args(Boxes):
            raise UsageError(f"--boxes must be {' or '.join(get_args(Boxes))}, got {self.boxes}")

    def of(self, sample: Sample, epoch: int, tokenizer: Tokenizer, grid: tuple[int, int]) -> Sample:
        """Returns the page with its changes.

        Args:
            sample: the page as it is stored.
            epoch: of the training; another epoch has other errors.
            tokenizer: of the corpus.
            grid: rows and columns of the cells of the corpus.

        Raises:
            SchemaError: the sample is damaged.
        """
        if self.ocr_noise:
            page = sample.page()
            rng = page_generator(self.seed, epoch, f"{sample.key}/ocr")
            page = with_words(page, misread(page.words, self.ocr_noise, rng))
            sample = replace(sample, json=encode_page(page), tokens=token_array(page, tokenizer, *grid))
        if self.boxes == "shuffled":
            rng = page_generator(self.seed, epoch, f"{sample.key}/boxes")
            sample = replace(sample, tokens=with_shuffled_boxes(sample.tokens, rng))
        return without_boxes(sample) if self.boxes == "removed" else sample


UNCHANGED = PageChanges()


def with_words(page: Page, words: Sequence[Word]) -> Page:
    """Returns a page with other words on the same lines. Lines without words are left out."""
    boxes: dict[int, list[tuple[int, int, int, int]]] = {}
    for word in words:
        boxes.setdefault(word.line, []).append(word.box)
    number = {line: position for position, line in enumerate(boxes)}
    lines = tuple(Line(hull(group)) for group in boxes.values())
    return replace(page, words=tuple(replace(word, line=number[word.line]) for word in words), lines=lines)


def with_shuffled_boxes(tokens: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Returns the tokens of a page with the boxes of its words in a random order, (n, 8) int32.

    Args:
        tokens: (n, 8) with the columns `TOKEN_COLUMNS`. The tokens of a word keep one box.
    """
    _, first, word = np.unique(tokens[:, WORD], return_index=True, return_inverse=True)
    shuffled = tokens.copy()
    shuffled[:, PLACE] = tokens[rng.permutation(first)[word], PLACE]
    return shuffled


def without_boxes(sample: Sample) -> Sample:
    """Returns a page whose tokens have no box: see `trainer.tasks.token_windows.encoder_text`."""
    tokens = sample.tokens.copy()
    tokens[:, PLACE] = 0
    return replace(sample, tokens=tokens)
