"""Chooses page and type for a table of any size.

The page is Letter, upright or on its side. The type is as large as possible, from 10 to 5 points, so that the table
fits on one page. If it does not, it needs several pages, and its type is as large as its width allows. A table that is
too wide even in small type gets a wider page. Columns are at least as wide as their longest word.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product

from pipelines.drawing.fonts import FAMILIES, Font, wrap
from pipelines.drawing.table import Grid

PAPERS = ((612.0, 792.0), (792.0, 612.0))
SIZES = (10.0, 9.0, 8.0, 7.0, 6.0, 5.0)
WIDEST_EM = (60.0, 40.0, 20.0)  # longer texts are wrapped
MARGIN, MAX_SIDE = 36.0, 14_400.0  # PDF allows no longer side
PADDING_EM = 0.4
SLACK_EM = 0.05  # so that rounding never wraps a text
TITLE_SCALE, TITLE_GAP_EM = 1.2, 0.5
REGULAR, BOLD = FAMILIES["helv"][:2]

Record = tuple[str, ...]


@dataclass(frozen=True)
class TableLayout:
    """How a table is printed.

    Attributes:
        title: printed above the table.
        head, rows: the cells of the headings (empty if there are none) and of the rows, all of one length.
        paper: width and height of the page in points.
        size: size of the type in points.
        columns: width of each column without its padding, in ems.
    """

    title: str
    head: Record
    rows: tuple[Record, ...]
    paper: tuple[float, float]
    size: float
    columns: tuple[float, ...]

    @property
    def title_font(self) -> Font:
        """Font of the title."""
        return Font(BOLD, TITLE_SCALE * self.size)

    @property
    def grid(self) -> Grid:
        """The grid in which the cells are printed."""
        edges = [MARGIN]
        for width in self.columns:
            edges.append(edges[-1] + self.size * (width + 2 * PADDING_EM))
        flush_right = (False,) * len(self.columns)
        padding = self.size * PADDING_EM
        return Grid(tuple(edges), flush_right, Font(REGULAR, self.size), Font(BOLD, self.size), padding, ruled=True)


def choose_layout(title: str, head: Record, rows: tuple[Record, ...]) -> TableLayout:
    """Returns the layout of a table.

    Args:
        title: "" if there is none.
        head: the headings; empty if there are none.
        rows: the rows, of the same length as the headings.
    """
    columns = [_Columns.of(head, rows, widest) for widest in WIDEST_EM]
    choices = list(product(SIZES, PAPERS, columns))
    wide_enough = [(size, paper, each) for size, paper, each in choices if size * each.width <= paper[0] - 2 * MARGIN]
    for size, paper, each in wide_enough:
        layout = TableLayout(title, head, rows, paper, size, each.widths)
        if _title_height(layout) + size * each.height <= paper[1] - 2 * MARGIN:
            return layout
    size, paper, each = wide_enough[0] if wide_enough else _wide_paper(columns[-1])
    return TableLayout(title, head, rows, paper, size, each.widths)


def _title_height(layout: TableLayout) -> float:
    rows = wrap(layout.title, layout.title_font, layout.paper[0] - 2 * MARGIN)
    return len(rows) * layout.title_font.leading + (TITLE_GAP_EM * layout.size if rows else 0)


@dataclass(frozen=True)
class _Columns:
    """Widths of the columns without padding, in ems, and the records (text, face) that they hold."""

    widths: tuple[float, ...]
    records: tuple[tuple[Record, str], ...]

    @staticmethod
    def of(head: Record, rows: Sequence[Record], widest: float) -> _Columns:
        records = [(head, BOLD)] if head else []
        records += [(row, REGULAR) for row in rows]
        cells = zip(*([(text, Font(face, 1.0)) for text in record] for record, face in records), strict=True)
        widths = (max((_needed(text, font, widest) for text, font in column), default=0.0) for column in cells)
        return _Columns(tuple(width + SLACK_EM for width in widths), tuple(records))

    @property
    def width(self) -> float:
        """Width of the table in ems."""
        return sum(self.widths) + 2 * PADDING_EM * len(self.widths)

    @cached_property
    def height(self) -> float:
        """Height of the table in ems, if it is printed on one page."""
        return sum(self._height(record, Font(face, 1.0)) for record, face in self.records)

    def _height(self, record: Record, font: Font) -> float:
        rows = (len(wrap(text, font, width)) for text, width in zip(record, self.widths, strict=True))
        return max(1, *rows) * font.leading + PADDING_EM


def _needed(text: str, font: Font, widest: float) -> float:
    """Returns the width of a text, at most `widest`, but at least that of its longest word."""
    words = text.split()
    return max([min(font.width(" ".join(words)), widest), *map(font.width, words)])


def _wide_paper(columns: _Columns) -> tuple[float, tuple[float, float], _Columns]:
    size = min(SIZES[-1], (MAX_SIDE - 2 * MARGIN) / columns.width)
    return size, (size * columns.width + 2 * MARGIN, PAPERS[-1][1]), columns
