"""Receipts on a narrow paper roll, with goods on the left and prices on the right."""

from __future__ import annotations

from numpy.random import Generator

from pipelines.drawing.canvas import Canvas, TextSpan, centred, right
from pipelines.drawing.fonts import clip
from pipelines.samples.text import vocabulary
from pipelines.samples.text.invent import (
    CURRENCIES,
    DATE_FORMS,
    Currency,
    address,
    chance,
    code,
    day,
    person,
    phone,
    pick,
    shop,
    write_date,
)
from pipelines.samples.theme import Theme, draw_theme

ROLL_WIDTHS = (204.0, 227.0, 260.0)
"""72, 80 and 92 mm in points."""


def draw_receipt(rng: Generator) -> Canvas:
    """Draws one receipt. The page is as long as its content."""
    look = draw_theme(rng, families=("cour", "cour", "helv"))
    roll = Theme(pick(rng, ROLL_WIDTHS), 1400.0, 16.0, look.family, round(rng.uniform(7.5, 9.0), 1), look.accent)
    canvas, currency = roll.canvas(), pick(rng, CURRENCIES)
    _draw_shop(rng, canvas, roll)
    _draw_visit(rng, canvas, roll)
    _separate(canvas, roll)
    total = sum(_draw_item(rng, canvas, roll, currency) for _ in range(rng.integers(2, 16)))
    _separate(canvas, roll)
    _draw_totals(rng, canvas, roll, currency, total)
    _draw_farewell(rng, canvas, roll)
    canvas.trim()
    return canvas


def _draw_shop(rng: Generator, canvas: Canvas, roll: Theme) -> None:
    name = roll.font(rng.uniform(1.2, 1.6), bold=True)
    canvas.row(centred(clip(shop(rng), name, canvas.right - canvas.left), canvas.centre, name))
    street, town = address(rng)
    for text in (street, town, f"Tel {phone(rng)}"):
        canvas.row(centred(text, canvas.centre, roll.font()))
    canvas.skip(6)


def _draw_visit(rng: Generator, canvas: Canvas, roll: Theme) -> None:
    """Draws date and time, then receipt and till number, each pair at the two edges of a row; sometimes the cashier."""
    font = roll.font()
    when = write_date(day(rng), pick(rng, (DATE_FORMS[0], DATE_FORMS[1], DATE_FORMS[4])))
    time = f"{rng.integers(7, 22):02}:{rng.integers(60):02}"
    canvas.row(TextSpan(when, canvas.left, font), right(time, canvas.right, font))
    canvas.row(
        TextSpan(f"Receipt {code(rng)}", canvas.left, font), right(f"Till {rng.integers(1, 9)}", canvas.right, font)
    )
    if chance(rng, 0.5):
        canvas.row(TextSpan(f"Served by {person(rng).split()[0]}", canvas.left, font))


def _separate(canvas: Canvas, roll: Theme) -> None:
    canvas.skip(roll.size * 0.9)
    canvas.rule(canvas.left, canvas.y, canvas.right, canvas.y, width=0.7, dashes="[3 2] 0")
    canvas.skip(roll.size * 0.2)


def _draw_item(rng: Generator, canvas: Canvas, roll: Theme, currency: Currency) -> int:
    """Draws one article, sometimes with its count on a row below. Returns its price in cents."""
    font = roll.font()
    name, count, each = (
        pick(rng, vocabulary.GROCERIES),
        int(rng.choice((1, 1, 1, 2, 3, 6))),
        int(rng.integers(45, 2400)),
    )
    price = currency.write(count * each)
    name = pick(rng, vocabulary.GROCERIES)
    name = name.upper() if roll.family == "cour" else name.capitalize()
    width = canvas.right - canvas.left - font.width(price) - 12
    canvas.row(TextSpan(clip(name, font, width), canvas.left, font), right(price, canvas.right, font))
    if count > 1:
        canvas.row(TextSpan(f"{count} x {currency.write(each)}", canvas.left + 12, font))
    return count * each


def _draw_totals(rng: Generator, canvas: Canvas, roll: Theme, currency: Currency, total: int) -> None:
    percent = int(rng.choice((5, 7, 8, 10, 19, 20)))
    tax = total * percent // 100
    paid = -(-(total + tax) // 500) * 500
    plain, strong = roll.font(), roll.font(rng.uniform(1.1, 1.35), bold=True)
    rows = [("Subtotal", total, plain), (f"Tax {percent}%", tax, plain), ("TOTAL", total + tax, strong)]
    if chance(rng, 0.5):
        rows += [("Cash", paid, plain), ("Change", paid - total - tax, plain)]
    else:
        rows += [(pick(rng, ("Card ending", "Visa debit", "Mastercard")), total + tax, plain)]
    for label, cents, font in rows:
        canvas.row(TextSpan(label, canvas.left, font), right(currency.write(cents), canvas.right, font))


def _draw_farewell(rng: Generator, canvas: Canvas, roll: Theme) -> None:
    canvas.skip(10)
    thanks = ("Thank you for your visit!", "Please come again", "Keep this receipt for returns", "Have a nice day")
    canvas.row(centred(pick(rng, thanks), canvas.centre, roll.font(italic=chance(rng, 0.3))))
    if chance(rng, 0.6):
        canvas.skip(8)
        _draw_barcode(rng, canvas)
        canvas.row(centred(code(rng, digits=12), canvas.centre, roll.font(0.9)))


def _draw_barcode(rng: Generator, canvas: Canvas) -> None:
    x = canvas.centre - 60
    while x < canvas.centre + 60:
        width = float(rng.choice((0.8, 1.6, 2.4)))
        canvas.rule(x, canvas.y, x, canvas.y + 26, width=width)
        x += width + float(rng.choice((1.2, 1.9, 2.6)))
    canvas.skip(29)
