"""The view of a page: its picture with layers for words, lines, reading order, grid and scores.

The gallery of the report and the preview draw it with the same template, `page_view.html.j2`.
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
"""Number of line colours in `page_view.css`. Successive colours differ in hue and lightness."""

GRADE_STARTS = (0.5, 0.8, 0.9, 0.97)
"""Scores (0..1) at which the colour changes; `page_view.css` has one colour more."""


@dataclass(frozen=True)
class WordView:
    """A word: its box, and the number of the colour of its score (0 to `len(GRADE_STARTS)`, the best score)."""

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
    """A page as the template draws it. All coordinates are thousandths of the page.

    Attributes:
        page: the page record.
        picture: `data:` uri of the page image.
        tokens: number of tokens of the page.
        mean_score: mean of the scores of its words, 0..1; 0 if it has no words.
        lines: the lines in reading order.
        strokes: reading order in the lines, as an SVG path below the words.
        jumps: reading order from the end of each line to the start of the next, as an SVG path.
        cells: the boxes of the grid cells, row by row.
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
    """Returns the view of a sample.

    Args:
        sample: the page.
        index: the index of its corpus.
        jpg: the picture to show; None shows the stored image.

    Raises:
        SchemaError: the record of the sample is not a page.
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
    """Returns the boxes of the cells of a `rows x cols` grid, row by row."""
    tops = [BOX_MAX * row // rows for row in range(rows + 1)]
    lefts = [BOX_MAX * col // cols for col in range(cols + 1)]
    return [(left, top, right, bottom) for top, bottom in pairwise(tops) for left, right in pairwise(lefts)]


def _line_view(words: Sequence[Word]) -> LineView:
    drawn = [WordView(word.box, bisect_right(GRADE_STARTS, word.score)) for word in words]
    box = hull(word.box for word in words)
    return LineView(box, words[0].line % LINE_COLOURS, drawn, " ".join(word.text for word in words))


def _stroke(words: Sequence[Word]) -> str:
    """Returns an SVG path that underlines the words of a line."""
    start = words[0].box
    return _path([(start[0], start[3]), *((word.box[2], word.box[3]) for word in words)])


def _jump(before: Word, after: Word) -> str:
    return _path([(before.box[2], before.box[3]), (after.box[0], after.box[3])])


def _path(points: Sequence[tuple[int, int]]) -> str:
    return "M" + "L".join(f"{x} {y}" for x, y in points)
