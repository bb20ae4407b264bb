"""Token arrays: the text of a page as the trainer reads it. They are made once, when the corpus is built."""

from __future__ import annotations

import numpy as np

from schemas.geometry import cell_of
from schemas.page import Page
from schemas.sample import TOKEN_COLUMNS
from schemas.tokenizer import Tokenizer


def token_array(page: Page, tokenizer: Tokenizer, grid_rows: int, grid_cols: int) -> np.ndarray:
    """Returns the tokens of a page in reading order, each with line, cell and box of its word.

    Returns:
        `(tokens, 8)` int32, columns `TOKEN_COLUMNS`.
    """
    ids = tokenizer.encode_words([word.text for word in page.words])
    if not ids:
        return np.empty((0, len(TOKEN_COLUMNS)), np.int32)
    boxes = np.array([word.box for word in page.words], np.int32)  # (words, 4)
    lines = np.array([word.line for word in page.words], np.int32)  # (words,)
    cells = cell_of(boxes, grid_rows, grid_cols)  # (words,)
    word = np.repeat(np.arange(len(ids), dtype=np.int32), [len(pieces) for pieces in ids])  # (tokens,)
    token_id = np.fromiter((piece for pieces in ids for piece in pieces), np.int32, count=len(word))  # (tokens,)
    return np.column_stack([token_id, word, lines[word], cells[word], boxes[word]]).astype(np.int32)
