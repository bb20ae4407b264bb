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
    """

    text: str
    x0: float
    y0: float
    x1: float
    y1: float
    score: float
