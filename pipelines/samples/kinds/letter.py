"""Business letters: a letterhead, the receiver, paragraphs, sometimes a list, and a signature; on one or more pages."""

from __future__ import annotations

from numpy.random import Generator

from pipelines.drawing.canvas import GREY, Canvas, TextSpan, centred, right
from pipelines.drawing.fonts import Font, clip, wrap
from pipelines.samples.kinds.form import sign
from pipelines.samples.text.invent import (
    DATE_FORMS,
    Subject,
    address,
    chance,
    code,
    day,
    draw_subject,
    email,
    person,
    phone,
    pick,
    write_date,
)
from pipelines.samples.text.prose import fill, heading, paragraph, sentence
from pipelines.samples.text.vocabulary import REQUESTS
from pipelines.samples.theme import Theme, draw_theme

GREETINGS = ("Sincerely,", "Yours faithfully,", "Kind regards,", "With best wishes,")
ROLES = ("Managing Director", "Head of Sales", "Office Manager", "Secretary", "Chief Engineer", "Treasurer")

CLOSE_DEPTH = 120.0
"""Points from the last paragraph to the sender's role. If they do not fit, the next page starts with a paragraph."""


def draw_letter(rng: Generator) -> Canvas:
    """Draws a letter of a company. One in six has more than one page."""
    theme, subject = draw_theme(rng), draw_subject(rng)
    canvas = theme.canvas()
    draw_head = pick(rng, (_draw_wide_head, _draw_centred_head))
    draw_head(rng, canvas, theme, subject)
    receiver = person(rng)
    _draw_receiver(rng, canvas, theme, subject, receiver)
    paragraphs = rng.integers(8, 14) if chance(rng, 0.17) else rng.integers(3, 6)
    _draw_body(rng, canvas, theme, subject, int(paragraphs))
    if not canvas.room(CLOSE_DEPTH):
        canvas.new_page()
        _draw_body(rng, canvas, theme, subject, 1)
    _draw_close(rng, canvas, theme, pick(rng, subject.people))
    return canvas


def _draw_wide_head(rng: Generator, canvas: Canvas, theme: Theme, subject: Subject) -> None:
    """Draws a logo and the company's name on the left, and phone and e-mail on the right of the same rows."""
    name, small = theme.font(1.5, bold=True), theme.font(0.85)
    street, town = address(rng)
    side = 1.5 * theme.size
    canvas.box(canvas.left, canvas.y + 4, canvas.left + side, canvas.y + 4 + side, None, theme.accent)
    x, reach = canvas.left + side + 8, f"Tel. {phone(rng)}"
    width = canvas.right - x - small.width(reach) - 14
    canvas.row(
        TextSpan(clip(subject.companies[0], name, width), x, name, theme.accent), right(reach, canvas.right, small)
    )
    canvas.row(TextSpan(street, x, small), right(email(rng, subject.companies[0]), canvas.right, small))
    canvas.row(TextSpan(town, x, small))
    canvas.rule(canvas.left, canvas.y + 8, canvas.right, canvas.y + 8, theme.accent, 1.0)
    canvas.skip(30)


def _draw_centred_head(rng: Generator, canvas: Canvas, theme: Theme, subject: Subject) -> None:
    name, small = theme.font(1.7, bold=True), theme.font(0.85)
    canvas.row(centred(clip(subject.companies[0], name, canvas.right - canvas.left), canvas.centre, name, theme.accent))
    canvas.row(centred(", ".join((*address(rng), phone(rng))), canvas.centre, small, GREY))
    canvas.skip(34)


def _draw_receiver(rng: Generator, canvas: Canvas, theme: Theme, subject: Subject, receiver: str) -> None:
    """Address and date, on one row or apart; the reference and the salutation."""
    font, when = theme.font(), write_date(day(rng), pick(rng, DATE_FORMS[1:4]))
    date_on_right = chance(rng, 0.5)
    first = TextSpan(receiver, canvas.left, font)
    canvas.row(*((first, right(when, canvas.right, font)) if date_on_right else (first,)))
    for text in (subject.companies[1], *address(rng)):
        canvas.row(TextSpan(text, canvas.left, font))
    canvas.skip(18)
    if not date_on_right:
        canvas.row(TextSpan(f"{pick(rng, subject.cities)}, {when}", canvas.left, font))
        canvas.skip(12)
    if chance(rng, 0.6):
        bold = theme.font(bold=True)
        text = f"Re: {heading(rng, subject)}, {code(rng, 'ref', 4)}"
        canvas.row(TextSpan(clip(text, bold, canvas.right - canvas.left), canvas.left, bold))
        canvas.skip(10)
    canvas.row(TextSpan(f"Dear {receiver},", canvas.left, font))


def _draw_body(rng: Generator, canvas: Canvas, theme: Theme, subject: Subject, paragraphs: int) -> None:
    font, listed = theme.font(), int(rng.integers(paragraphs)) if chance(rng, 0.35) else -1
    order = rng.permutation(len(REQUESTS))
    for place in range(paragraphs):
        canvas.skip(0.7 * font.size)
        text = paragraph(rng, subject, int(rng.integers(2, 5)))
        opening = fill(rng, subject, REQUESTS[order[place % len(order)]])
        _draw_paragraph(canvas, theme, f"{opening} {text}", font, canvas.left)
        if place == listed:
            _draw_list(rng, canvas, theme, subject)


def _draw_paragraph(canvas: Canvas, theme: Theme, text: str, font: Font, x: float) -> None:
    for row in wrap(text, font, canvas.right - x):
        if not canvas.room(font.leading):
            number = centred(f"Page {len(canvas.sheets)}", canvas.centre, theme.font(0.85), GREY)
            canvas.row_at(canvas.height - 0.55 * canvas.margin, number)
            canvas.new_page()
        canvas.row(TextSpan(row, x, font))


def _draw_list(rng: Generator, canvas: Canvas, theme: Theme, subject: Subject) -> None:
    """Draws a list of numbered items. Each item starts a new row."""
    for number in range(1, int(rng.integers(3, 6))):
        canvas.skip(2)
        _draw_paragraph(canvas, theme, f"{number}) {sentence(rng, subject)}", theme.font(), canvas.left + 22)


def _draw_close(rng: Generator, canvas: Canvas, theme: Theme, sender: str) -> None:
    font = theme.font()
    canvas.skip(14)
    canvas.row(TextSpan(pick(rng, GREETINGS), canvas.left, font))
    canvas.skip(36)
    sign(rng, canvas, canvas.left + 4, canvas.y - 4)
    canvas.row(TextSpan(sender, canvas.left, font))
    canvas.row(TextSpan(pick(rng, ROLES), canvas.left, theme.font(italic=True)))
