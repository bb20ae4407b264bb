"""Filled-in forms whose parts stand in blocks side by side. Each block is read to its end before the next one."""

from __future__ import annotations

from numpy.random import Generator

from pipelines.drawing.canvas import GREY, Canvas, TextSpan, centred
from pipelines.drawing.fonts import clip, wrap
from pipelines.samples.kinds.form import TITLES, make_fields
from pipelines.samples.text.invent import address, chance, company, draw_subject, person, phone, pick
from pipelines.samples.text.prose import sentence
from pipelines.samples.theme import Theme, draw_theme

GROUPS = ("Applicant", "Bill to", "Employer", "Insurer", "Landlord", "Recipient", "Sender", "Ship to")
OPTIONS = ("Annual report", "Change of name", "First request", "Follow-up", "Late notice", "New account", "Other",
           "Refund", "Renewal", "Replacement", "Transfer", "Withdrawal")  # fmt: skip
SECTION_DEPTH = 150.0
"""Height in points of the longest section."""
GUTTER = 18.0
"""Width in points of the space between two blocks."""


def draw_block_form(rng: Generator) -> Canvas:
    """Draws a form of one page. It has two to four sections of different styles, each of blocks side by side."""
    theme = draw_theme(rng, families=("helv", "helv", "tiro"))
    canvas = theme.canvas()
    title = theme.font(1.6, bold=True)
    canvas.row(centred(clip(pick(rng, TITLES), title, canvas.right - canvas.left), canvas.centre, title, theme.accent))
    styles = (_draw_stacked, _draw_columns_of_fields, _draw_texts, _draw_check_boxes)
    for place in rng.permutation(len(styles))[: rng.integers(2, 5)]:
        canvas.skip(2.2 * theme.size)
        if canvas.room(SECTION_DEPTH):
            styles[int(place)](rng, canvas, theme)
    return canvas


def _places(canvas: Canvas, count: int) -> list[tuple[float, float]]:
    """Returns the left edge and the width of each of `count` blocks side by side."""
    step = (canvas.right - canvas.left) / count
    return [(canvas.left + place * step, step - GUTTER) for place in range(count)]


def _draw_stacked(rng: Generator, canvas: Canvas, theme: Theme) -> None:
    """Draws rows of three or four boxes, each with a small label above its value."""
    small, plain = theme.font(0.7), theme.font()
    depth = small.leading + plain.leading + 8
    for _ in range(int(rng.integers(1, 4))):
        places, top = _places(canvas, int(rng.integers(3, 5))), canvas.y
        for (x, width), (label, value) in zip(places, make_fields(rng, len(places)), strict=True):
            canvas.box(x - 4, top, x + width + GUTTER - 4, top + depth)
            canvas.row_at(top + small.leading, TextSpan(clip(label, small, width), x, small, GREY))
            canvas.row_at(top + small.leading + plain.leading, TextSpan(clip(value, plain, width), x, plain))
        canvas.y = top + depth


def _draw_columns_of_fields(rng: Generator, canvas: Canvas, theme: Theme) -> None:
    """Draws two groups of fields side by side, each with a heading. A label and its value are one line."""
    bold, plain, top, bottoms = theme.font(bold=True), theme.font(), canvas.y, []
    for (x, width), group in zip(_places(canvas, 2), rng.permutation(GROUPS)[:2], strict=True):
        canvas.y = top
        leading, value_x = plain.leading * rng.uniform(1.2, 1.6), x + width * rng.uniform(0.45, 0.6)
        canvas.row(TextSpan(str(group), x, bold))
        for label, value in make_fields(rng, int(rng.integers(4, 7))):
            shown = clip(value, plain, x + width - value_x)
            label = clip(label, plain, value_x - x - 6)
            canvas.row(TextSpan(label, x, plain), TextSpan(shown, value_x, plain), leading=leading)
        bottoms.append(canvas.y)
    canvas.y = max(bottoms)


def _draw_texts(rng: Generator, canvas: Canvas, theme: Theme) -> None:
    """Draws two or three addresses or remarks side by side, of three lines or more, some with a heading."""
    plain, bold, top, bottoms = theme.font(), theme.font(bold=True), canvas.y, []
    headed = chance(rng, 0.6)
    for x, width in _places(canvas, int(rng.integers(2, 4))):
        canvas.y = top
        if headed:
            canvas.row(TextSpan(pick(rng, GROUPS), x, bold))
        lines = [person(rng), company(rng), *address(rng), phone(rng)]
        if chance(rng, 0.4):
            lines = wrap(sentence(rng, draw_subject(rng)), plain, width)
        for line in lines[:7]:
            canvas.row(TextSpan(clip(line, plain, width), x, plain))
        bottoms.append(canvas.y)
    canvas.y = max(bottoms)


def _draw_check_boxes(rng: Generator, canvas: Canvas, theme: Theme) -> None:
    """Draws a list of options in three columns, each with a box to tick. The list runs down the columns."""
    font, side, top = theme.font(), theme.size * 0.75, canvas.y
    per_column = int(rng.integers(3, 5))
    options = [str(option) for option in sorted(rng.permutation(OPTIONS)[: 3 * per_column])]
    for place, (x, width) in enumerate(_places(canvas, 3)):
        canvas.y = top
        for option in options[place * per_column : (place + 1) * per_column]:
            canvas.row(TextSpan(clip(option, font, width - side - 5), x + side + 5, font), leading=font.leading * 1.15)
            canvas.box(x, canvas.y - side, x + side, canvas.y)
            if chance(rng, 0.3):
                canvas.rule(x, canvas.y - side, x + side, canvas.y, width=1.1)
                canvas.rule(x, canvas.y, x + side, canvas.y - side, width=1.1)
