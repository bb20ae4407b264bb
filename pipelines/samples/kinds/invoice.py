"""Invoices: seller and buyer, a table of goods on one or more pages, totals and terms."""

from __future__ import annotations

from datetime import timedelta

from numpy.random import Generator

from pipelines.drawing.canvas import BLACK, GREY, WHITE, Canvas, TextSpan, centred, right
from pipelines.drawing.fonts import clip
from pipelines.samples.text import vocabulary
from pipelines.samples.text.invent import (
    CURRENCIES,
    DATE_FORMS,
    Currency,
    address,
    chance,
    code,
    company,
    day,
    email,
    person,
    phone,
    pick,
    write_date,
)
from pipelines.samples.theme import Theme, draw_theme

COLUMN_HEADS = (("Description", "Qty", "Unit price", "Amount"), ("Item", "Quantity", "Price", "Total"))


def draw_invoice(rng: Generator) -> Canvas:
    """Draws an invoice, usually on one page. One in seven has so many goods that it fills two to four pages."""
    theme = draw_theme(rng)
    canvas, currency = theme.canvas(), pick(rng, CURRENCIES)
    _draw_head(rng, canvas, theme)
    _draw_parties(rng, canvas, theme)
    items = rng.integers(32, 76) if chance(rng, 0.15) else rng.integers(3, 20)
    total = _draw_items(rng, canvas, theme, currency, int(items))
    _draw_totals(rng, canvas, theme, currency, total)
    _draw_terms(rng, canvas, theme)
    return canvas


def _draw_head(rng: Generator, canvas: Canvas, theme: Theme) -> None:
    """Draws the seller on the left, and title, number and dates on the right of the same rows."""
    seller, (street, town) = company(rng), address(rng)
    issued, form = day(rng), pick(rng, DATE_FORMS)
    name, title = theme.font(1.4, bold=True), theme.font(2.0, bold=True)
    word = pick(rng, ("INVOICE", "Invoice", "TAX INVOICE"))
    seller_row = TextSpan(clip(seller, name, canvas.right - canvas.left - title.width(word) - 20), canvas.left, name)
    canvas.row(seller_row, right(word, canvas.right, title, theme.accent))
    canvas.skip(4)
    facts = (("Invoice no.", code(rng, pick(rng, ("INV", "R", "")))), ("Date", write_date(issued, form)),
             ("Due date", write_date(issued + timedelta(days=30), form)),
             ("Customer ID", code(rng, "C", 4)))  # fmt: skip
    label_x = canvas.right - theme.size * rng.uniform(16.5, 18.5)
    for text, (label, value) in zip((street, town, phone(rng), email(rng, seller)), facts, strict=True):
        left = TextSpan(clip(text, theme.font(), label_x - canvas.left - 12), canvas.left, theme.font())
        canvas.row(left, TextSpan(label, label_x, theme.font(bold=True)), right(value, canvas.right, theme.font()))
    canvas.skip(14)


def _draw_parties(rng: Generator, canvas: Canvas, theme: Theme) -> None:
    """Draws "Bill to" and "Ship to" next to each other on the same rows."""
    buyer, (street, town) = company(rng), address(rng)
    second = (person(rng), *address(rng)) if chance(rng, 0.5) else (person(rng), street, town)
    ship_x = canvas.centre + 10
    width = ship_x - canvas.left - 14
    bold, plain = theme.font(bold=True), theme.font()
    heads = pick(rng, (("Bill to", "Ship to"), ("Sold to:", "Deliver to:"), ("BILL TO", "SHIP TO")))
    canvas.row(TextSpan(heads[0], canvas.left, bold, theme.accent), TextSpan(heads[1], ship_x, bold, theme.accent))
    for left, other in zip((buyer, street, town), second, strict=True):
        canvas.row(
            TextSpan(clip(left, plain, width), canvas.left, plain), TextSpan(clip(other, plain, width), ship_x, plain)
        )
    canvas.skip(18)


def _draw_items(rng: Generator, canvas: Canvas, theme: Theme, currency: Currency, items: int) -> int:
    """Draws the table of goods, with its head on every page. Returns the sum in cents."""
    heads = pick(rng, COLUMN_HEADS)
    band, ruled, spacing = chance(rng, 0.5), chance(rng, 0.5), theme.font().leading * rng.uniform(1.1, 1.6)
    _draw_column_heads(canvas, theme, heads, band)
    total = 0
    for number in range(items):
        if not canvas.room(spacing + 30):
            _turn_page(canvas, theme, heads, band)
        total += _draw_item(rng, canvas, theme, currency, spacing, number)
        if ruled:
            y = canvas.y + spacing * 0.32
            canvas.rule(canvas.left, y, canvas.right, y, GREY, 0.4)
    return total


def _column_ends(canvas: Canvas) -> tuple[float, float, float]:
    """Returns the right edges of the columns with count, price and amount."""
    width = canvas.right - canvas.left
    return canvas.left + 0.62 * width, canvas.left + 0.80 * width, canvas.right - 4


def _draw_column_heads(canvas: Canvas, theme: Theme, heads: tuple[str, ...], band: bool) -> None:
    font, colour = theme.font(bold=True), WHITE if band else theme.accent
    if band:
        canvas.box(canvas.left, canvas.y + 2, canvas.right, canvas.y + font.leading + 5, None, theme.accent)
    else:
        y = canvas.y + font.leading + 4
        canvas.rule(canvas.left, y, canvas.right, y, theme.accent, 1.0)
    ends = zip(heads[1:], _column_ends(canvas), strict=True)
    canvas.row(
        TextSpan(heads[0], canvas.left + 4, font, colour), *(right(head, end, font, colour) for head, end in ends)
    )
    canvas.skip(6)


def _turn_page(canvas: Canvas, theme: Theme, heads: tuple[str, ...], band: bool) -> None:
    font = theme.font(0.85)
    canvas.row_at(canvas.height - canvas.margin * 0.6, centred(f"Page {len(canvas.sheets)}", canvas.centre, font, GREY))
    canvas.new_page()
    _draw_column_heads(canvas, theme, heads, band)


def _draw_item(rng: Generator, canvas: Canvas, theme: Theme, currency: Currency, spacing: float, number: int) -> int:
    """Draws one row of goods. Returns its amount in cents."""
    font, count, each = theme.font(), int(rng.integers(1, 40)), int(rng.integers(150, 90000))
    ends = _column_ends(canvas)
    goods = pick(rng, vocabulary.GOODS)
    goods = clip(goods[0].upper() + goods[1:], font, ends[0] - canvas.left - theme.size * 4)
    cells = zip((str(count), currency.write(each), currency.write(count * each)), ends, strict=True)
    canvas.row(
        TextSpan(goods, canvas.left + 4, font), *(right(text, end, font) for text, end in cells), leading=spacing
    )
    if number % 2 == 0 and theme.accent != BLACK:
        red, green, blue = theme.accent
        tint = (0.93 + 0.07 * red, 0.93 + 0.07 * green, 0.93 + 0.07 * blue)
        canvas.box(canvas.left, canvas.y - spacing * 0.68, canvas.right, canvas.y + spacing * 0.32, None, tint)
    return count * each


def _draw_totals(rng: Generator, canvas: Canvas, theme: Theme, currency: Currency, total: int) -> None:
    """Draws the labels in the middle of the page and the amounts at its right edge."""
    if not canvas.room(110):
        canvas.new_page()
    canvas.skip(12)
    percent = int(rng.choice((0, 7, 10, 19, 20, 21)))
    tax = total * percent // 100
    label_x = canvas.right - theme.size * rng.uniform(17.0, 24.0)
    plain, strong = theme.font(), theme.font(1.15, bold=True)
    rows = [("Subtotal", total, plain), (f"VAT {percent}%", tax, plain), ("Total due", total + tax, strong)]
    for label, cents, font in rows:
        canvas.row(TextSpan(label, label_x, font), right(currency.write(cents), canvas.right - 4, font))
        canvas.skip(2)
    canvas.rule(label_x, canvas.y + 4, canvas.right, canvas.y + 4, theme.accent, 1.2)


def _draw_terms(rng: Generator, canvas: Canvas, theme: Theme) -> None:
    font = theme.font(0.9, italic=chance(rng, 0.4))
    canvas.skip(24)
    iban = " ".join(code(rng, digits=4) for _ in range(4))
    terms = ("Payment is due within 30 days of the date of this invoice.", f"Bank account {iban}",
             "Please quote the invoice number with your payment.")  # fmt: skip
    for text in terms[: int(rng.integers(1, 4))]:
        if not canvas.room(font.leading):
            return
        canvas.row(TextSpan(clip(text, font, canvas.right - canvas.left), canvas.left, font, GREY))
