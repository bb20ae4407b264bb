"""Windows over the tokens of a page, for pages that are longer than the encoder's text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

import numpy as np

from schemas.sample import TOKEN_COLUMNS
from trainer.tasks.base import page_generator

TOKEN_ID, WORD = TOKEN_COLUMNS.index("token_id"), TOKEN_COLUMNS.index("word")
BOX = slice(TOKEN_COLUMNS.index("x0"), TOKEN_COLUMNS.index("y1") + 1)


def all_windows(tokens: int, size: int) -> list[slice]:
    """Returns windows that together cover a page. They overlap by about a half.

    A page that fits has one window. The last window ends with the page.

    Args:
        tokens: length of the page, 0 or more.
        size: longest window, 1 or more.
    """
    starts = list(range(0, max(tokens - size, 0), max(size // 2, 1)))
    return [slice(start, start + size) for start in [*starts, max(tokens - size, 0)]]


def random_window(tokens: int, size: int, seed: int, epoch: int, key: str) -> slice:
    """Returns a window of `size` tokens, or all tokens of a shorter page. All places are equally likely."""
    start = int(page_generator(seed, epoch, key).integers(max(tokens - size, 0) + 1))
    return slice(start, start + size)


class EncoderText(TypedDict):
    """The fields of an `Example` that the encoder reads; see there."""

    input_ids: np.ndarray
    boxes: np.ndarray
    box_visible: np.ndarray


def encoder_text(question: Sequence[int], tokens: np.ndarray, eos_id: int) -> EncoderText:
    """Returns `input_ids` (l,), `boxes` (l, 4) and `box_visible` (l,) of an example: question, tokens, eos.

    Only the tokens of the page have a box. One whose box is all zeros has none. l is the number of all tokens and 1.

    Args:
        question: ids of the question; may be empty.
        tokens: (n, 8) with the columns `schemas.sample.TOKEN_COLUMNS`.
        eos_id: id of the end of the text.
    """
    before = len(question)
    boxes = np.zeros((before + len(tokens) + 1, 4), np.int32)
    boxes[before:-1] = tokens[:, BOX]
    visible = np.zeros(len(boxes), bool)
    visible[before:-1] = tokens[:, BOX].any(axis=1)
    ids = np.concatenate([np.asarray(question, np.int32), tokens[:, TOKEN_ID], [eos_id]]).astype(np.int32)
    return EncoderText(input_ids=ids, boxes=boxes, box_visible=visible)
