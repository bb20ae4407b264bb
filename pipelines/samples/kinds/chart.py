"""Charts with turned labels, and tables whose narrow columns have turned heads."""

from __future__ import annotations

from collections.abc import Sequence

from numpy.random import Generator

from pipelines.drawing.canvas import GREY, Canvas, TextSpan, TurnedText, centred, right
from pipelines.drawing.fonts import Font, wrap
from pipelines.samples.text import vocabulary
from pipelines.samples.text.invent import Subject, chance, code, draw_subject, pick
from pipelines.samples.text.prose import heading, paragraph, plural
from pipelines.samples.theme import Theme, draw_theme

AXES = ("Number of {nouns} per year", "Share of {nouns} (%)", "Cost per {noun} in euros", "Mean age of the {nouns}")
UPWARD_SHARE = 0.8  # of the turned texts; the others run downwards


def draw_chart(rng: Generator) -> Canvas:
    """Draws one page: a chart, a table with turned heads or both, with running text, sometimes with a stamp."""
    theme, subject = draw_theme(rng), draw_subject(rng)
    canvas = theme.canvas()
    _draw_text(rng, canvas, theme, subject, heading(rng, subject))
    parts = pick(rng, ((_draw_bars,), (_draw_table,), (_draw_bars, _draw_table)))
    for draw_part in parts:
        draw_part(rng, canvas, theme, subject)
        _draw_text(rng, canvas, theme, subject)
    if chance(rng, 0.3):
        _stamp(rng, canvas, theme)
    return canvas


def _draw_text(rng: Generator, canvas: Canvas, theme: Theme, subject: Subject, title: str = "") -> None:
    """Draws a paragraph, as much of it as there is room for, sometimes below a title."""
    large, plain = theme.font(1.4, bold=True), theme.font()
    for text in wrap(title, large, canvas.right - canvas.left):
        canvas.row(TextSpan(text, canvas.left, large, theme.accent))
    canvas.skip(4)
    for text in wrap(paragraph(rng, subject, int(rng.integers(2, 5))), plain, canvas.right - canvas.left):
        if canvas.room(plain.leading):
            canvas.row(TextSpan(text, canvas.left, plain))
    canvas.skip(theme.size)


def _names(rng: Generator, count: int) -> list[str]:
    """Returns different names for the bars of a chart or the columns of a table."""
    year = int(rng.integers(1950, 2010))
    choices: Sequence[Sequence[str]] = (
        vocabulary.MONTHS,
        vocabulary.CITIES,
        vocabulary.DEPARTMENTS,
        [str(year + step) for step in range(count)],
    )
    names = pick(rng, choices)
    first = int(rng.integers(len(names) - count + 1))
    return list(names[first : first + count])


def _draw_bars(rng: Generator, canvas: Canvas, theme: Theme, subject: Subject) -> None:
    """Draws bars with a turned name below each, numbers on the vertical axis, and the turned name of that axis."""
    font, count, height = theme.font(0.9), int(rng.integers(5, 13)), rng.uniform(110.0, 170.0)
    noun, names = pick(rng, subject.nouns), _names(rng, count)
    axis = pick(rng, AXES).format(noun=noun, nouns=plural(noun))
    upwards, depth = chance(rng, UPWARD_SHARE), max(font.width(name) for name in names)
    axis_start = canvas.y + max(height, font.width(axis))
    bottom = max(canvas.y + height + 6 + depth, axis_start)
    if bottom > canvas.height - canvas.margin:
        return
    left, foot = canvas.left + 5.0 * font.size, canvas.y + height
    step, top_value = (canvas.right - left) / count, int(rng.integers(2, 30)) * 20
    canvas.rule(left, foot, canvas.right, foot)
    canvas.rule(left, foot, left, canvas.y)
    for mark in range(4, -1, -1):
        level = foot - 0.22 * mark * height
        canvas.row_at(level + 0.35 * font.size, right(str(top_value * mark // 4), left - 4, font))
    for place, name in enumerate(names):
        x, high = left + (place + 0.5) * step, rng.uniform(0.1, 0.95) * height
        canvas.box(x - 0.25 * step, foot - high, x + 0.25 * step, foot, None, pick(rng, (GREY, theme.accent)))
        canvas.turned(_turned(name, x, foot + 6, foot + 6 + depth, font, upwards))
    canvas.turned(TurnedText(axis, canvas.left + font.ascent, axis_start, font))
    canvas.y = bottom + theme.size


def _draw_table(rng: Generator, canvas: Canvas, theme: Theme, subject: Subject) -> None:
    """Draws a table with turned heads. Its narrow cells hold one or two characters."""
    font, count, ruled = theme.font(), int(rng.integers(5, 13)), chance(rng, 0.6)
    names = _names(rng, count)
    upwards, depth = chance(rng, UPWARD_SHARE), max(font.width(name) for name in names) + 8
    first = canvas.left + 0.35 * (canvas.right - canvas.left)
    step, row_depth, top = (canvas.right - first) / count, rng.uniform(1.5, 2.1) * font.size, canvas.y + depth
    rows = min(int(rng.integers(4, 13)), int((canvas.height - canvas.margin - top) / row_depth))
    if rows < 2:
        return
    for place, name in enumerate(names):
        canvas.turned(_turned(name, first + (place + 0.5) * step, canvas.y + 4, top - 4, font, upwards))
    for row in range(rows):
        baseline = top + (row + 0.5) * row_depth + 0.35 * font.size
        values = [pick(rng, (str(rng.integers(10)), str(rng.integers(100)), pick(rng, "XABN-"))) for _ in names]
        spans = [centred(value, first + (place + 0.5) * step, font) for place, value in enumerate(values)]
        canvas.row_at(baseline, TextSpan(pick(rng, subject.nouns).capitalize(), canvas.left + 3, font), *spans)
    bottom = top + rows * row_depth
    if ruled:
        for x in (canvas.left, *(first + place * step for place in range(count + 1))):
            canvas.rule(x, canvas.y, x, bottom)
        for row in range(rows + 1):
            canvas.rule(canvas.left, top + row * row_depth, canvas.right, top + row * row_depth)
    canvas.y = bottom + theme.size


def _turned(text: str, x: float, top: float, bottom: float, font: Font, upwards: bool) -> TurnedText:
    """Returns a text that is centred on `x`. It ends at `bottom` if it runs upwards, and starts at `top` if not."""
    off = (font.ascent - font.descent) / 2
    return TurnedText(text, x + off, bottom, font) if upwards else TurnedText(text, x - off, top, font, upwards=False)


def _stamp(rng: Generator, canvas: Canvas, theme: Theme) -> None:
    """Prints a line in a margin, upwards in the left one or downwards in the right one."""
    font, text = theme.font(), f"{code(rng, 'REF', 5)} [{pick(rng, 'ABC')}] {rng.integers(1, 29)} May"
    if chance(rng, 0.5):
        canvas.turned(TurnedText(text, 0.6 * canvas.left, 0.6 * canvas.height, font))
    else:
        canvas.turned(TurnedText(text, canvas.width - 0.6 * canvas.margin, 0.3 * canvas.height, font, upwards=False))
