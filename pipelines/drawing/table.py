"""Draws the rows of a table. The text of a cell is wrapped to the width of its column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.drawing.canvas import Canvas, TextSpan, right
from pipelines.drawing.fonts import Font, clip, wrap

Cells = list[list[str]]
"""The rows of text of each cell of a table row."""


@dataclass(frozen=True)
class Grid:
    """The layout of a table.

    Attributes:
        edges: the left edge of each column and the right edge of the last one, in points.
        flush_right: for each column, whether its text is aligned to the right.
        font: font of the cells.
        head_font: font of the headings.
        padding: space between the text and the edges of a cell, in points.
        ruled: whether there are rules around the cells.
    """

    edges: tuple[float, ...]
    flush_right: tuple[bool, ...]
    font: Font
    head_font: Font
    padding: float
    ruled: bool


def wrapped(grid: Grid, record: Sequence[str], font: Font) -> Cells:
    """Returns the cells of a table row. A word that is wider than its column is cut."""
    cells = []
    for text, start, end in zip(record, grid.edges, grid.edges[1:], strict=False):
        width = end - start - 2 * grid.padding
        cells.append([clip(row, font, width) for row in wrap(text, font, width)])
    return cells


def depth(grid: Grid, cells: Cells, font: Font) -> float:
    """Returns the height of a table row in points."""
    return max(1, *map(len, cells)) * font.leading + grid.padding


def draw_cells(canvas: Canvas, grid: Grid, cells: Cells, font: Font) -> None:
    """Draws one table row. Its n-th visual row holds the n-th row of every cell."""
    top = canvas.y
    for place in range(max(map(len, cells))):
        spans = [_cell_span(grid, column, cell[place], font) for column, cell in enumerate(cells) if place < len(cell)]
        canvas.row(*spans, leading=font.leading)
    canvas.y = top + depth(grid, cells, font)
    if grid.ruled:
        for start, end in zip(grid.edges, grid.edges[1:], strict=False):
            canvas.box(start, top, end, canvas.y, width=0.5)
    elif font is grid.head_font:
        canvas.rule(grid.edges[0], canvas.y - 1, grid.edges[-1], canvas.y - 1, width=0.8)
        canvas.skip(2)


def _cell_span(grid: Grid, column: int, text: str, font: Font) -> TextSpan:
    if grid.flush_right[column]:
        return right(text, grid.edges[column + 1] - grid.padding, font)
    return TextSpan(text, grid.edges[column] + grid.padding, font)
