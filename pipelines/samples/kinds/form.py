"""Filled-in forms: labels and values far apart, on rules, two pairs per row or in boxes, and questions to tick."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.random import Generator

from pipelines.drawing.canvas import GREY, WHITE, Canvas, Path, TextSpan, centred, right
from pipelines.drawing.fonts import clip, wrap
from pipelines.samples.text import vocabulary
from pipelines.samples.text.invent import (
    DATE_FORMS,
    address,
    chance,
    code,
    company,
    day,
    draw_subject,
    email,
    person,
    phone,
    pick,
    write_date,
)
from pipelines.samples.text.prose import sentence
from pipelines.samples.theme import Theme, draw_theme

Field = tuple[str, str]

# Kind of field -> its possible labels, and the function that makes a value.
MAKERS: dict[str, tuple[tuple[str, ...], Callable[[Generator], str]]] = {
    "person": (("Full name", "Name of applicant", "Contact person", "Witness", "Next of kin"), person),
    "date": (
        ("Date of birth", "Date of application", "Start date", "Valid until"),
        lambda rng: write_date(day(rng), pick(rng, DATE_FORMS)),
    ),
    "code": (("Reference no.", "Policy number", "Membership no.", "Tax ID"), lambda rng: code(rng, "", 8)),
    "phone": (("Telephone", "Mobile", "Emergency phone"), phone),
    "street": (("Street address", "Postal address", "Place of work"), lambda rng: address(rng)[0]),
    "town": (("City and postcode", "Town"), lambda rng: address(rng)[1]),
    "company": (("Employer", "Company name", "Insurer"), company),
    "email": (("E-mail", "Contact e-mail"), lambda rng: email(rng, company(rng))),
    "count": (("Number of dependants", "Hours per week", "Years of service"), lambda rng: str(rng.integers(1, 45))),
    "department": (("Department", "Division"), lambda rng: pick(rng, vocabulary.DEPARTMENTS)),
    "amount": (("Amount requested", "Annual income", "Monthly rent"), lambda rng: f"${rng.integers(200, 90000):,}.00"),
}

TITLES = ("Application for Membership", "Change of Address", "Claim Form", "Employee Record", "Grant Application",
          "Patient Registration", "Permit Request", "Rental Application", "Travel Expense Claim")  # fmt: skip
SECTIONS = (
    "Personal details",
    "Contact",
    "Employment",
    "Insurance",
    "Declaration",
    "Payment",
    "References",
    "For office use only",
    "Household",
)
SECTION_DEPTH = 265.0
"""Height in points of the longest section together with the signature below it."""
QUESTIONS = ("Have you applied before?", "Do you hold a licence?", "Is the applicant insured?", "Smoker?",
             "Is the address permanent?", "Notify by e-mail?")  # fmt: skip


def draw_form(rng: Generator) -> Canvas:
    """Draws a form of one to three pages. All its sections have the same style, one of four, except the tick boxes."""
    theme = draw_theme(rng, families=("helv", "helv", "tiro"))
    canvas = theme.canvas()
    draw_fields = pick(rng, (_draw_far_apart, _draw_underlined, _draw_two_up, _draw_boxed))
    _draw_title(rng, canvas, theme)
    sections = rng.integers(5, 10) if chance(rng, 0.3) else rng.integers(2, 5)
    order = rng.permutation(SECTIONS)
    for number in range(1, int(sections) + 1):
        if not canvas.room(SECTION_DEPTH):
            canvas.new_page()
        _draw_section_head(canvas, theme, f"{number}. {order[number - 1]}")
        draw_fields(rng, canvas, theme, make_fields(rng, int(rng.choice((4, 6)))))
        if chance(rng, 0.6):
            _draw_ticks(rng, canvas, theme)
        canvas.skip(theme.size)
    _draw_signature(rng, canvas, theme)
    return canvas


def make_fields(rng: Generator, count: int) -> list[Field]:
    """Returns fields with different labels. One value in twelve is empty."""
    fields = []
    for kind in rng.choice(tuple(MAKERS), count, replace=False):
        labels, make = MAKERS[str(kind)]
        value = make(rng)
        fields.append((pick(rng, labels), "" if chance(rng, 1 / 12) else value))
    return fields


def _draw_title(rng: Generator, canvas: Canvas, theme: Theme) -> None:
    title, small = theme.font(rng.uniform(1.5, 1.9), bold=True), theme.font(0.85)
    if chance(rng, 0.6):
        revision = f"Rev. {rng.integers(1, 13)}/{rng.integers(2001, 2026)}"
        number = TextSpan(f"Form {code(rng, 'F', 3)}", canvas.left, small, GREY)
        canvas.row(number, right(revision, canvas.right, small, GREY))
    canvas.row(centred(clip(pick(rng, TITLES), title, canvas.right - canvas.left), canvas.centre, title, theme.accent))
    canvas.skip(4)
    note = theme.font(0.9, italic=True)
    for text in wrap(sentence(rng, draw_subject(rng)), note, canvas.right - canvas.left):
        canvas.row(TextSpan(text, canvas.left, note))
    canvas.skip(8)


def _draw_section_head(canvas: Canvas, theme: Theme, text: str) -> None:
    font = theme.font(1.1, bold=True)
    if theme.margin % 2:
        canvas.box(canvas.left, canvas.y + 2, canvas.right, canvas.y + font.leading + 4, None, theme.accent)
        canvas.row(TextSpan(text, canvas.left + 5, font, WHITE))
    else:
        canvas.row(TextSpan(text, canvas.left, font, theme.accent))
        canvas.rule(canvas.left, canvas.y + 4, canvas.right, canvas.y + 4, theme.accent, 0.9)
    canvas.skip(6)


def _draw_far_apart(rng: Generator, canvas: Canvas, theme: Theme, fields: list[Field]) -> None:
    """Draws labels at the left edge and values at the right edge, with dots or nothing between them."""
    font, dotted = theme.font(), chance(rng, 0.5)
    for label, value in fields:
        value = clip(value, font, 0.6 * (canvas.right - canvas.left))
        canvas.row(TextSpan(label, canvas.left, font), right(value, canvas.right, font), leading=font.leading * 1.25)
        start, end = canvas.left + font.width(label) + 6, canvas.right - font.width(value) - 6
        if dotted and start < end:
            canvas.rule(start, canvas.y - 0.5, end, canvas.y - 0.5, GREY, 0.8, "[0.8 3] 0")


def _draw_underlined(rng: Generator, canvas: Canvas, theme: Theme, fields: list[Field]) -> None:
    """Draws values on rules that all start at the same x."""
    font, value_x = theme.font(), canvas.left + rng.uniform(0.34, 0.5) * (canvas.right - canvas.left)
    for label, value in fields:
        value = clip(value, font, canvas.right - value_x - 6)
        canvas.row(
            TextSpan(f"{label}:", canvas.left, font), TextSpan(value, value_x + 4, font), leading=font.leading * 1.45
        )
        canvas.rule(value_x, canvas.y + 3.5, canvas.right, canvas.y + 3.5, width=0.5)


def _draw_two_up(rng: Generator, canvas: Canvas, theme: Theme, fields: list[Field]) -> None:
    """Draws two pairs of label and value per row."""
    bold, plain, quarter = theme.font(bold=True), theme.font(), (canvas.right - canvas.left) / 4
    for pair in zip(fields[::2], fields[1::2], strict=True):
        spans = []
        for column, (label, value) in enumerate(pair):
            x = canvas.left + 2 * column * quarter
            spans.append(TextSpan(clip(label, bold, quarter - 8), x, bold))
            spans.append(TextSpan(clip(value, plain, quarter - 8), x + quarter, plain))
        canvas.row(*spans, leading=plain.leading * 1.5)


def _draw_boxed(rng: Generator, canvas: Canvas, theme: Theme, fields: list[Field]) -> None:
    """Draws two boxes per row, each with a small label above its value, as in tax forms. A box is read to its end."""
    small, plain, half = theme.font(0.72), theme.font(), (canvas.right - canvas.left) / 2
    depth = small.leading + plain.leading + 5
    for pair in zip(fields[::2], fields[1::2], strict=True):
        top = canvas.y + 3
        for (label, value), x in zip(pair, (canvas.left, canvas.left + half), strict=True):
            canvas.box(x, top, x + half, top + depth)
            canvas.row_at(top + small.leading, TextSpan(label, x + 4, small, GREY))
            value = clip(value, plain, half - 10)
            canvas.row_at(top + small.leading + plain.leading, TextSpan(value, x + 4, plain))
        canvas.y = top + depth - 3


def _draw_ticks(rng: Generator, canvas: Canvas, theme: Theme) -> None:
    """Draws questions on the left, each with two boxes to tick on the right of its row."""
    font, side = theme.font(), theme.size * 0.75
    canvas.skip(3)
    for question in rng.permutation(QUESTIONS)[: rng.integers(1, 4)]:
        yes_x, no_x, ticked = canvas.right - 90, canvas.right - 30, rng.integers(2)
        answers = (TextSpan("Yes", yes_x, font), TextSpan("No", no_x, font))
        canvas.row(TextSpan(str(question), canvas.left, font), *answers, leading=font.leading * 1.3)
        for place, x in enumerate((yes_x - side - 5, no_x - side - 5)):
            canvas.box(x, canvas.y - side, x + side, canvas.y)
            if place == ticked:
                canvas.rule(x, canvas.y - side, x + side, canvas.y, width=1.1)
                canvas.rule(x, canvas.y, x + side, canvas.y - side, width=1.1)


def _draw_signature(rng: Generator, canvas: Canvas, theme: Theme) -> None:
    font, middle = theme.font(0.9), canvas.centre + 20
    canvas.skip(32)
    sign(rng, canvas, canvas.left + 10, canvas.y - 4)
    for x0, x1 in ((canvas.left, middle - 30), (middle, canvas.right)):
        canvas.rule(x0, canvas.y, x1, canvas.y, width=0.5)
    canvas.row(TextSpan("Signature", canvas.left, font, GREY), TextSpan("Place and date", middle, font, GREY))


def sign(rng: Generator, canvas: Canvas, x: float, y: float) -> None:
    """Draws a signature of about 110 x 25 points with its bottom left corner at (x, y)."""
    high, wide, phase = rng.uniform(6.0, 11.0), rng.uniform(4.0, 7.0), rng.uniform(0.0, 6.3)
    turns = np.linspace(0.0, 1.0, 120)
    across = x + 100.0 * turns + wide * np.sin(38.0 * turns + phase)
    up = y - 12.0 + high * np.cos(38.0 * turns) * np.cos(7.0 * turns + phase)
    stroke = [(float(a), float(b)) for a, b in zip(across, up, strict=True)]
    canvas.sheet.paths.append(Path(stroke, (0.1, 0.1, 0.4), None, 0.9))
