"""What there is to see of a page: its picture, and over it words, lines, reading order, grid and scores to switch on.

The report's gallery and the preview fill one template with it, `page_view.html.j2`.
"""

from __future__ import annotations

import base64
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

import numpy as np

from schemas import Box, CorpusIndex, Page, Sample, Word, hull
from schemas.geometry import BOX_MAX

LINE_COLOURS = 8
"""Colours in `page_view.css`; neighbours differ in hue and in lightness, so lines in a row never look alike."""

GRADE_STARTS = (0.5, 0.8, 0.9, 0.97)
"""Where one colour of the scores ends and the next begins, 0..1."""


@dataclass(frozen=True)
class WordView:
    """A word's box, and from 0 to `len(GRADE_STARTS)` how sure its reader was."""

    box: Box
    grade: int


@dataclass(frozen=True)
class LineView:
    """A line: its box, the number of its colour, its words and its text."""

    box: Box
    colour: int
    words: list[WordView]
    text: str


@dataclass(frozen=True)
class PageView:
    """A page as the template draws it, in thousandths of the page.

    Attributes:
        picture: `data:` uri of the page image.
        tokens: how many the page has.
        mean_score: of its words, 0..1.
        strokes: reading order inside the lines, as an SVG path under the words.
        jumps: reading order from the end of each line to the start of the next, as an SVG path.
        cells: the grid's, row by row.
    """

    page: Page
    picture: str
    tokens: int
    mean_score: float
    lines: list[LineView]
    strokes: str
    jumps: str
    cells: list[Box]


def page_view(sample: Sample, index: CorpusIndex, jpg: bytes | None = None) -> PageView:
    """Lays out a sample of the corpus with this index.

    Args:
        jpg: a smaller picture than the sample's own.

    Raises:
        SchemaError: the sample's record is no page.
    """
    page = sample.page()
    lines = [list(words) for _, words in groupby(page.words, key=lambda word: word.line)]
    return PageView(
        page=page,
        picture="data:image/jpeg;base64," + base64.b64encode(jpg or sample.jpg).decode("ascii"),
        tokens=len(sample.tokens),
        mean_score=float(np.mean([word.score for word in page.words])) if page.words else 0.0,
        lines=[_line_view(words) for words in lines],
        strokes="".join(map(_stroke, lines)),
        jumps="".join(_jump(before[-1], after[0]) for before, after in pairwise(lines)),
        cells=grid_cells(index.grid_rows, index.grid_cols),
    )


def grid_cells(rows: int, cols: int) -> list[Box]:
    """Returns the boxes of a grid's cells, row by row."""
    tops = [BOX_MAX * row // rows for row in range(rows + 1)]
    lefts = [BOX_MAX * col // cols for col in range(cols + 1)]
    return [(left, top, right, bottom) for top, bottom in pairwise(tops) for left, right in pairwise(lefts)]


def _line_view(words: Sequence[Word]) -> LineView:
    drawn = [WordView(word.box, bisect_right(GRADE_STARTS, word.score)) for word in words]
    box = hull(word.box for word in words)
    return LineView(box, words[0].line % LINE_COLOURS, drawn, " ".join(word.text for word in words))


def _stroke(words: Sequence[Word]) -> str:
    """Underlines the words of a line."""
    start = words[0].box
    return _path([(start[0], start[3]), *((word.box[2], word.box[3]) for word in words)])


def _jump(before: Word, after: Word) -> str:
    return _path([(before.box[2], before.box[3]), (after.box[0], after.box[3])])


def _path(points: Sequence[tuple[int, int]]) -> str:
    return "M" + "L".join(f"{x} {y}" for x, y in points)
