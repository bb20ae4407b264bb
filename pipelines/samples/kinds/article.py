"""Two-column articles of one to four pages: title, abstract, sections, figures, references."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from numpy.random import Generator

from pipelines.drawing.canvas import BLACK, GREY, Canvas, Colour, TextSpan, centred, justified, right
from pipelines.drawing.fonts import Font, wrap
from pipelines.samples.text.invent import Subject, chance, company, draw_subject, person, pick
from pipelines.samples.text.prose import heading, paragraph, sentence
from pipelines.samples.theme import Theme, draw_theme


@dataclass(frozen=True)
class Row:
    """A row of running text.

    Attributes:
        text: what to print.
        font: its font.
        above: extra space above the row, in points.
        indent: space to the left of the row, in points.
        fill: whether the row is justified.
        needs: how many rows in this font must fit into the column. Keeps a heading together with the text below it.
        colour: colour of the text.
    """

    text: str
    font: Font
    above: float = 0.0
    indent: float = 0.0
    fill: bool = False
    needs: int = 1
    colour: Colour = BLACK


@dataclass(frozen=True)
class Columns:
    """Left edges of the two columns, and the width of each, in points."""

    starts: tuple[float, float]
    width: float


def draw_article(rng: Generator) -> Canvas:
    """Draws an article. The left column is read before the right one. They share no line."""
    theme, subject = draw_theme(rng, families=("tiro", "tiro", "helv")), draw_subject(rng)
    canvas, gutter = theme.canvas(), float(rng.integers(16, 30))
    width = (canvas.right - canvas.left - gutter) / 2
    columns = Columns((canvas.left, canvas.left + width + gutter), width)
    pages = int(rng.choice((1, 1, 1, 1, 1, 2, 2, 3, 4)))
    text = _running_text(rng, theme, subject, width)
    journal = (company(rng), f"{rng.integers(1, 400)}", heading(rng, subject))
    for number in range(pages):
        if number:
            canvas.new_page()
        _draw_page_head(canvas, theme, journal)
        if number == 0:
            _draw_title(rng, canvas, theme, subject)
        text = _draw_columns(rng, canvas, theme, subject, columns, text)
        page = centred(str(int(journal[1]) + number), canvas.centre, theme.font(0.9), GREY)
        canvas.row_at(canvas.height - 0.55 * canvas.margin, page)
    return canvas


def _draw_page_head(canvas: Canvas, theme: Theme, journal: tuple[str, str, str]) -> None:
    """Draws the journal on the left and the short title on the right, as one line above the margin."""
    font, y = theme.font(0.8, italic=True), 0.7 * canvas.margin
    canvas.row_at(y, TextSpan(journal[0], canvas.left, font, GREY), right(journal[2], canvas.right, font, GREY))
    canvas.rule(canvas.left, y + 5, canvas.right, y + 5, GREY, 0.4)


def _draw_title(rng: Generator, canvas: Canvas, theme: Theme, subject: Subject) -> None:
    """Draws title, authors and abstract across both columns."""
    title, authors, note = theme.font(rng.uniform(1.7, 2.1), bold=True), theme.font(1.1), theme.font(0.95, italic=True)
    for text in wrap(heading(rng, subject), title, canvas.right - canvas.left):
        canvas.row(centred(text, canvas.centre, title, theme.accent))
    canvas.skip(4)
    canvas.row(centred(", ".join(person(rng) for _ in range(rng.integers(1, 4))), canvas.centre, authors))
    canvas.row(centred(f"{pick(rng, subject.companies)}, {pick(rng, subject.cities)}", canvas.centre, theme.font(0.9)))
    canvas.skip(10)
    inset = canvas.left + 24
    for text in wrap(f"Abstract. {paragraph(rng, subject, int(rng.integers(2, 5)))}", note, canvas.right - inset - 24):
        canvas.row(TextSpan(text, inset, note))
    canvas.skip(14)


def _running_text(rng: Generator, theme: Theme, subject: Subject, width: float) -> Iterator[Row]:
    """Yields the rows of an endless text of sections and paragraphs, wrapped to `width` points."""
    fill, plain, bold = chance(rng, 0.5), theme.font(), theme.font(1.1, bold=True)
    section = 0
    while True:
        section += 1
        for place, text in enumerate(wrap(f"{section}. {heading(rng, subject)}", bold, width)):
            yield Row(text, bold, 0.0 if place else 0.8 * theme.size, needs=4, colour=theme.accent)
        for _ in range(rng.integers(2, 4)):
            yield from _paragraph_rows(paragraph(rng, subject, int(rng.integers(3, 7))), plain, width, fill)


def _paragraph_rows(text: str, font: Font, width: float, fill: bool) -> Iterator[Row]:
    """Yields the rows of a paragraph. The first is indented by an em, the last is never justified."""
    words = text.split()
    first = wrap(text, font, width - font.size)[0]
    rest = wrap(" ".join(words[len(first.split()) :]), font, width)
    yield Row(first, font, 0.25 * font.size, font.size, fill and bool(rest))
    for place, row in enumerate(rest, start=1):
        yield Row(row, font, fill=fill and place < len(rest))


def _draw_columns(
    rng: Generator, canvas: Canvas, theme: Theme, subject: Subject, columns: Columns, text: Iterator[Row]
) -> Iterator[Row]:
    """Fills the rest of the page, the left column first. Returns the remaining text."""
    top = canvas.y
    for start in columns.starts:
        canvas.y = top
        if chance(rng, 0.25) and canvas.room(260):
            _draw_figure(rng, canvas, theme, subject, start, columns.width)
        for row in text:
            if not canvas.room(row.above + row.font.leading * row.needs):
                text = chain((row,), text)
                break
            _draw_row(canvas, row, start, columns.width)
    return text


def _draw_row(canvas: Canvas, row: Row, start: float, width: float) -> None:
    canvas.skip(row.above)
    x = start + row.indent
    spans = (
        justified(row.text, x, width - row.indent, row.font)
        if row.fill
        else [TextSpan(row.text, x, row.font, row.colour)]
    )
    canvas.row(*spans)


def _draw_figure(rng: Generator, canvas: Canvas, theme: Theme, subject: Subject, start: float, width: float) -> None:
    """Draws a bar chart without text, and a caption below it."""
    depth, bars, small = rng.uniform(80, 150), int(rng.integers(4, 12)), theme.font(0.85)
    floor, step = canvas.y + depth, (width - 20) / bars
    for bar in range(bars):
        x = start + 10 + bar * step
        shade = theme.accent if bar % 2 else GREY
        canvas.box(x + 0.15 * step, floor - rng.uniform(0.1, 0.95) * depth, x + 0.85 * step, floor, None, shade)
    canvas.rule(start + 6, floor, start + width - 6, floor)
    canvas.rule(start + 6, canvas.y, start + 6, floor)
    canvas.y = floor + 4
    caption = f"Figure {len(canvas.sheets)}: {sentence(rng, subject)}"
    for text in wrap(caption, small, width):
        canvas.row(TextSpan(text, start, small))
    canvas.skip(8)
