"""Input: a word as it was read from a page, before lines and reading order are known."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class RawWord:
    """A run of characters without white space.

    Attributes:
        text: the characters.
        x0, y0, x1, y1: its box, in pixels of the page image. A function that uses points says so.
        score: confidence of the OCR engine, 0..1; 1 for words that were not read by OCR.
        angle_deg: direction in which the text runs, in degrees clockwise from rightwards: 0 is upright text (also if it
            is read from right to left), 90 runs down the page, 270 runs up. None if the reader does not know it.
        run: 0 for text that is part of the page's layout. Text that is turned on its side or aslant is not: each run
            of it (an axis label, a stamp, a watermark) has a number from 1, and is a line of its own.
        source: index of the word in the page file that it comes from (`schemas.page_file`); -1 for all other words.
        line: number of its line, if the document knows lines and reading order. Either all words of a page have one,
            and are in reading order, or all have -1.
    """

    text: str
    x0: float
    y0: float
    x1: float
    y1: float
    score: float
    angle_deg: float | None = None
    run: int = 0
    source: int = -1
    line: int = -1

    @property
    def box(self) -> tuple[float, float, float, float]:
        """`x0, y0, x1, y1`."""
        return self.x0, self.y0, self.x1, self.y1
