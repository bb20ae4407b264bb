"""The start of a page with a table: a heading and some sentences."""

from __future__ import annotations

from numpy.random import Generator

from pipelines.drawing.canvas import Canvas, TextSpan
from pipelines.drawing.fonts import wrap
from pipelines.samples.text.invent import Subject
from pipelines.samples.text.prose import heading, paragraph
from pipelines.samples.theme import Theme


def draw_intro(rng: Generator, canvas: Canvas, theme: Theme, subject: Subject) -> None:
    """Draws a heading and one to three sentences below it, both over the whole width."""
    title, plain = theme.font(rng.uniform(1.3, 1.7), bold=True), theme.font()
    for text in wrap(heading(rng, subject), title, canvas.right - canvas.left):
        canvas.row(TextSpan(text, canvas.left, title, theme.accent))
    canvas.skip(4)
    for text in wrap(paragraph(rng, subject, int(rng.integers(1, 4))), plain, canvas.right - canvas.left):
        canvas.row(TextSpan(text, canvas.left, plain))
