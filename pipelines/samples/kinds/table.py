"""Tables, ruled and unruled, with numbers, names and remarks of several rows, on one to three pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from numpy.random import Generator

from pipelines.samples.canvas import GREY, Canvas, TextSpan, centred, right
from pipelines.samples.fonts import Font, clip, wrap
from pipelines.samples.kinds.intro import draw_intro
from pipelines.samples.text import vocabulary
from pipelines.samples.text.invent import (
    DATE_FORMS,
    Subject,
    chance,
    code,
    company,
    day,
    draw_subject,
    person,
    pick,
    write_date,
)
from pipelines.samples.text.prose import sentence
from pipelines.samples.theme import Theme, draw_theme

Maker = Callable[[Generator, Subject], str]


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        head: the heading.
        make: makes the text of a cell.
        share: width relative to the other columns.
        flush_right: whether the text is aligned to the right.
    """

    head: str
    make: Maker
    share: float
    flush_right: bool = False


NAMES = (
    Column("Name", lambda rng, subject: person(rng), 2.2),
    Column("Supplier", lambda rng, subject: company(rng), 2.4),
    Column("Site", lambda rng, subject: pick(rng, vocabulary.CITIES), 1.6),
    Column("Department", lambda rng, subject: pick(rng, vocabulary.DEPARTMENTS), 1.8),
    Column("Item", lambda rng, subject: pick(rng, vocabulary.GOODS).split(" (")[0], 2.4),
)
FIGURES = (
    Column("Count", lambda rng, subject: str(rng.integers(0, 980)), 1.0, True),
    Column("Total 2024", lambda rng, subject: f"{rng.integers(1000, 999000):,}", 1.3, True),
    Column("Budget", lambda rng, subject: f"${rng.integers(100, 99000):,}", 1.3, True),
    Column("Change", lambda rng, subject: f"{rng.uniform(-30, 30):+.1f}%", 1.1, True),
    Column("Mean value", lambda rng, subject: f"{rng.uniform(0, 50):.2f}", 1.2, True),
    Column("Share", lambda rng, subject: f"{rng.uniform(0, 100):.1f}%", 1.0, True),
    Column("Code", lambda rng, subject: code(rng, pick(rng, "ABCKX"), 4), 1.1),
    Column("Date", lambda rng, subject: write_date(day(rng), DATE_FORMS[1]), 1.4),
    Column("Grade", lambda rng, subject: pick(rng, ("A", "B", "B+", "C", "-", "n/a")), 0.9),
)
NOTES = Column("Remarks", lambda rng, subject: sentence(rng, subject) if chance(rng, 0.5) else "-", 3.4)


@dataclass(frozen=True)
class Grid:
    """The layout of a table.

    Attributes:
        columns: the columns from left to right.
        edges: the left edge of each column and the right edge of the last one, in points.
        font: font of the cells.
        head_font: font of the headings.
        padding: space between the text and the edges of a cell, in points.
        ruled: whether there are rules around the cells.
    """

    columns: tuple[Column, ...]
    edges: tuple[float, ...]
    font: Font
    head_font: Font
    padding: float
    ruled: bool


def draw_ruled_table(rng: Generator) -> Canvas:
    """Draws tables with rules around every cell."""
    return _draw_page(rng, ruled=True)


def draw_unruled_table(rng: Generator) -> Canvas:
    """Draws tables without rules, except one below the headings."""
    return _draw_page(rng, ruled=False)


def _draw_page(rng: Generator, ruled: bool) -> Canvas:
    theme, subject = draw_theme(rng, landscape_share=0.2), draw_subject(rng)
    canvas = theme.canvas()
    long = theme.width < theme.height and chance(rng, 0.15)
    for _ in range(1 if long else int(rng.integers(1, 4))):
        if not canvas.room(200):
            canvas.new_page()
        draw_intro(rng, canvas, theme, subject)
        canvas.skip(12)
        rows = rng.integers(30, 56) if long else rng.integers(5, 18)
        _draw_table(rng, canvas, _draw_grid(rng, canvas, theme, ruled), subject, int(rows))
        _draw_source(rng, canvas, theme, subject)
    return canvas


def _draw_source(rng: Generator, canvas: Canvas, theme: Theme, subject: Subject) -> None:
    canvas.skip(6)
    font = theme.font(0.85, italic=True)
    text = f"Source: {pick(rng, subject.companies)}, {rng.integers(1990, 2026)}"
    if canvas.room(font.leading):
        canvas.row(TextSpan(text, canvas.left, font, GREY))
    canvas.skip(18)


def _draw_grid(rng: Generator, canvas: Canvas, theme: Theme, ruled: bool) -> Grid:
    notes = chance(rng, 0.4)
    figures = rng.permutation(len(FIGURES))[: rng.integers(2, 4 if notes else 6)]
    columns = (pick(rng, NAMES), *(FIGURES[place] for place in figures), *((NOTES,) if notes else ()))
    unit = (canvas.right - canvas.left) / sum(column.share for column in columns)
    edges = [canvas.left]
    for column in columns:
        edges.append(edges[-1] + column.share * unit)
    scale = 0.85 if len(columns) > 4 else 0.95
    padding = float(rng.uniform(3.0, 6.0))
    return Grid(columns, tuple(edges), theme.font(scale), theme.font(scale, bold=True), padding, ruled)


def _draw_table(rng: Generator, canvas: Canvas, grid: Grid, subject: Subject, rows: int) -> None:
    """Draws the headings and the rows. The headings are repeated on a new page."""
    head = [column.head for column in grid.columns]
    _draw_record(canvas, grid, head, grid.head_font)
    for number in range(rows):
        record = [column.make(rng, subject) for column in grid.columns]
        if not canvas.room(_depth(grid, record, grid.font)):
            _turn_page(canvas, grid)
            _draw_record(canvas, grid, head, grid.head_font)
        _draw_record(canvas, grid, record, grid.font)
        if number == rows // 2 and not grid.ruled:
            canvas.skip(grid.font.size)


def _turn_page(canvas: Canvas, grid: Grid) -> None:
    number = centred(f"- {len(canvas.sheets)} -", canvas.centre, grid.font, GREY)
    canvas.row_at(canvas.height - 0.55 * canvas.margin, number)
    canvas.new_page()


def _cells(grid: Grid, record: Sequence[str], font: Font) -> list[list[str]]:
    """Returns for every cell its text, wrapped to the width of the column."""
    cells = []
    for text, start, end in zip(record, grid.edges, grid.edges[1:], strict=False):
        width = end - start - 2 * grid.padding
        cells.append([clip(row, font, width) for row in wrap(text, font, width)])
    return cells


def _depth(grid: Grid, record: Sequence[str], font: Font) -> float:
    return max(map(len, _cells(grid, record, font))) * font.leading + grid.padding


def _draw_record(canvas: Canvas, grid: Grid, record: Sequence[str], font: Font) -> None:
    """Draws one table row. Its n-th visual row holds the n-th row of every cell."""
    cells, top = _cells(grid, record, font), canvas.y
    for place in range(max(map(len, cells))):
        spans = [_cell_span(grid, column, cell[place], font) for column, cell in enumerate(cells) if place < len(cell)]
        canvas.row(*spans, leading=font.leading)
    canvas.y = top + _depth(grid, record, font)
    if grid.ruled:
        for start, end in zip(grid.edges, grid.edges[1:], strict=False):
            canvas.box(start, top, end, canvas.y, width=0.5)
    elif font is grid.head_font:
        canvas.rule(grid.edges[0], canvas.y - 1, grid.edges[-1], canvas.y - 1, width=0.8)
        canvas.skip(2)


def _cell_span(grid: Grid, column: int, text: str, font: Font) -> TextSpan:
    if grid.columns[column].flush_right:
        return right(text, grid.edges[column + 1] - grid.padding, font)
    return TextSpan(text, grid.edges[column] + grid.padding, font)
