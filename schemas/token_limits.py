"""The limits of a token array, for readers that check it and for the check of a whole corpus."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from schemas.errors import SchemaError
from schemas.geometry import BOX_MAX
from schemas.index import CorpusIndex
from schemas.sample import REPAIR, TOKEN_COLUMNS

WORD, LINE, X0, Y1 = (TOKEN_COLUMNS.index(name) for name in ("word", "line", "x0", "y1"))

# Quotes inside a JSON string are escaped, so this matches a key only. No other key of a page has this name.
_WORD_LINES = re.compile(rb'"line"\s*:\s*\[([^\]]*)\]')


@dataclass(frozen=True)
class TokenLimits:
    """What holds for the tokens of all pages of a corpus.

    Attributes:
        ids: number of ids of the tokenizer.
        cells: number of cells of the grid.
    """

    ids: int
    cells: int

    @classmethod
    def of(cls, index: CorpusIndex) -> TokenLimits:
        """Returns the limits of a corpus."""
        return cls(index.tokenizer.vocab_size, index.grid_rows * index.grid_cols)

    def fault(self, tokens: np.ndarray, words: int, lines: int) -> str | None:
        """Returns what is wrong with the tokens of a page, with the first wrong value; None if nothing is.

        Each column must be in its range, words and lines must not decrease, and the corners of a box must be in order.

        Args:
            tokens: (n, 8) int32, columns `TOKEN_COLUMNS`.
            words: number of words of the page.
            lines: number of lines of the page.
        """
        if not len(tokens):
            return None
        highest = np.array([self.ids - 1, words - 1, lines - 1, self.cells - 1, *[BOX_MAX] * 4])
        columns = np.ascontiguousarray(tokens.T, np.int32)  # (8, n): comparing whole rows takes a third of the time
        place, corners = columns[WORD : LINE + 1], columns[X0:]
        if (
            # Negative numbers are very large as unsigned ones.
            (columns.view(np.uint32).max(axis=1) <= highest).all()
            and (place[:, 1:] >= place[:, :-1]).all()
            and (corners[2:] >= corners[:2]).all()
        ):
            return None
        return _first_fault(tokens, highest)


def _first_fault(tokens: np.ndarray, highest: np.ndarray) -> str:
    outside = (tokens < 0) | (tokens > highest)
    if outside.any():
        at, column = np.argwhere(outside)[0].tolist()
        return f"token {at} has {TOKEN_COLUMNS[column]} {tokens[at, column]}, outside 0..{highest[column]}"
    for column in (WORD, LINE):
        falls = np.flatnonzero(np.diff(tokens[:, column]) < 0) + 1
        if len(falls):
            at, name = int(falls[0]), TOKEN_COLUMNS[column]
            before, after = tokens[at - 1 : at + 1, column].tolist()
            return f"token {at} has {name} {after} after {name} {before}: not in reading order"
    at = int(np.argmax((tokens[:, X0 + 2 :] < tokens[:, X0 : X0 + 2]).any(axis=1)))
    return f"token {at} has box {tokens[at, X0 : Y1 + 1].tolist()}, whose corners are swapped"


def count_words(data: bytes, source: str = "page") -> tuple[int, int]:
    """Returns the numbers of words and lines of a `json` member. Decoding the page would take fifty times as long.

    Lines count from 0 without gaps and never decrease, so the line of the last word gives their number.

    Args:
        data: the member.
        source: name of the member in error messages.

    Raises:
        SchemaError: the member has no lines of words.
    """
    found = _WORD_LINES.search(data)
    if found is None:
        raise SchemaError(f"{source} has no words.line; {REPAIR}.")
    numbers = found[1]
    if not numbers.strip():
        return 0, 0
    last = numbers[numbers.rfind(b",") + 1 :].strip()
    if not last.isdigit():
        raise SchemaError(f"{source} has the line {last.decode(errors='replace')!r}; {REPAIR}.")
    return numbers.count(b",") + 1, int(last) + 1
