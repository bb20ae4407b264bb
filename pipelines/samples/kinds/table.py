"""Tables, ruled and unruled, with numbers, names and remarks of several rows, on one to three pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from numpy.random import Generator

from pipelines.drawing.canvas import GREY, Canvas, TextSpan, centred
from pipelines.drawing.table import Grid, depth, draw_cells, wrapped
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
        columns = _draw_columns(rng)
        _draw_table(rng, canvas, columns, _draw_grid(rng, canvas, theme, columns, ruled), subject, int(rows))
        _draw_source(rng, canvas, theme, subject)
    return canvas


def _draw_source(rng: Generator, canvas: Canvas, theme: Theme, subject: Subject) -> None:
    canvas.skip(6)
    font = theme.font(0.85, italic=True)
    text = f"Source: {pick(rng, subject.companies)}, {rng.integers(1990, 2026)}"
    if canvas.room(font.leading):
        canvas.row(TextSpan(text, canvas.left, font, GREY))
    canvas.skip(18)


def _draw_columns(rng: Generator) -> tuple[Column, ...]:
    notes = chance(rng, 0.4)
    figures = rng.permutation(len(FIGURES))[: rng.integers(2, 4 if notes else 6)]
    return (pick(rng, NAMES), *(FIGURES[place] for place in figures), *((NOTES,) if notes else ()))


def _draw_grid(rng: Generator, canvas: Canvas, theme: Theme, columns: Sequence[Column], ruled: bool) -> Grid:
    unit = (canvas.right - canvas.left) / sum(column.share for column in columns)
    edges = [canvas.left]
    for column in columns:
        edges.append(edges[-1] + column.share * unit)
    flush_right = tuple(column.flush_right for column in columns)
    scale = 0.85 if len(columns) > 4 else 0.95
    padding = float(rng.uniform(3.0, 6.0))
    return Grid(tuple(edges), flush_right, theme.font(scale), theme.font(scale, bold=True), padding, ruled)


def _draw_table(
    rng: Generator, canvas: Canvas, columns: Sequence[Column], grid: Grid, subject: Subject, rows: int
) -> None:
    """Draws the headings and the rows. The headings are repeated on a new page."""
    head = wrapped(grid, [column.head for column in columns], grid.head_font)
    draw_cells(canvas, grid, head, grid.head_font)
    for number in range(rows):
        cells = wrapped(grid, [column.make(rng, subject) for column in columns], grid.font)
        if not canvas.room(depth(grid, cells, grid.font)):
            _turn_page(canvas, grid)
            draw_cells(canvas, grid, head, grid.head_font)
        draw_cells(canvas, grid, cells, grid.font)
        if number == rows // 2 and not grid.ruled:
            canvas.skip(grid.font.size)


def _turn_page(canvas: Canvas, grid: Grid) -> None:
    number = centred(f"- {len(canvas.sheets)} -", canvas.centre, grid.font, GREY)
    canvas.row_at(canvas.height - 0.55 * canvas.margin, number)
    canvas.new_page()
