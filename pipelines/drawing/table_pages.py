"""Prints a table of any size on pages. `table_layout` chooses paper and type.

A table that is too long for one page goes on on the next one, below its headings. Cells are wrapped, and a row that is
longer than a page is cut between two rows of text. No word is lost.
"""

from __future__ import annotations

from collections.abc import Iterator

from pipelines.drawing.canvas import Canvas, Sheet, TextSpan
from pipelines.drawing.fonts import Font, wrap
from pipelines.drawing.table import Cells, Grid, depth, draw_cells, wrapped
from pipelines.drawing.table_layout import MARGIN, TITLE_GAP_EM, Record, TableLayout, choose_layout
from schemas.table_file import TextTable

ROUNDING_PT = 1e-6


def draw_table(table: TextTable) -> list[Sheet]:
    """Returns the pages of a table, with the words as they are printed. The same table gives the same pages."""
    width = max(1, len(table.header), *map(len, table.rows))
    rows = tuple(_padded(row, width) for row in table.rows)
    layout = choose_layout(table.title, _padded(table.header, width) if table.header else (), rows)
    canvas = Canvas(*layout.paper, MARGIN)
    _print_title(canvas, layout)
    _print_rows(canvas, layout)
    return canvas.sheets


def _padded(texts: Record, width: int) -> Record:
    return texts + ("",) * (width - len(texts))


def _print_title(canvas: Canvas, layout: TableLayout) -> None:
    rows = wrap(layout.title, layout.title_font, canvas.right - canvas.left)
    for row in rows:
        if not canvas.room(layout.title_font.leading):
            canvas.new_page()
        canvas.row(TextSpan(row, canvas.left, layout.title_font))
    canvas.skip(TITLE_GAP_EM * layout.size if rows else 0)


def _print_rows(canvas: Canvas, layout: TableLayout) -> None:
    """Prints headings and rows. Headings that need more than half a page are not repeated."""
    grid, usable = layout.grid, canvas.height - 2 * canvas.margin
    head = wrapped(grid, layout.head, grid.head_font)
    head_depth = depth(grid, head, grid.head_font) if head else 0.0
    repeated = head if head_depth <= usable / 2 else []
    room = usable - (head_depth if repeated else 0.0)
    for part in _parts(head, grid, grid.head_font, usable):
        _print_part(canvas, grid, part, grid.head_font, [])
    for row in layout.rows:
        for part in _parts(wrapped(grid, row, grid.font), grid, grid.font, room):
            _print_part(canvas, grid, part, grid.font, repeated)


def _print_part(canvas: Canvas, grid: Grid, cells: Cells, font: Font, repeated: Cells) -> None:
    if not canvas.room(depth(grid, cells, font) - ROUNDING_PT):
        canvas.new_page()
        if repeated:
            draw_cells(canvas, grid, repeated, grid.head_font)
    draw_cells(canvas, grid, cells, font)


def _parts(cells: Cells, grid: Grid, font: Font, height: float) -> Iterator[Cells]:
    """Yields the cells of a row in parts that are not higher than `height` points."""
    most = int((height - grid.padding) / font.leading)
    for start in range(0, max(1, *map(len, cells)) if cells else 0, most):
        yield [cell[start : start + most] for cell in cells]
