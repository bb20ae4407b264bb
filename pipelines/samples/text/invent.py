"""Invented facts: people, companies, addresses, dates, amounts and other numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from numpy.random import Generator

from pipelines.samples.text import vocabulary

T = TypeVar("T")

DATE_FORMS = ("{d:02}/{m:02}/{y}", "{y}-{m:02}-{d:02}", "{d} {month} {y}", "{month} {d}, {y}", "{d:02}.{m:02}.{y}")
"""Format strings for `write_date`."""


def pick(rng: Generator, choices: Sequence[T]) -> T:
    """Returns one of `choices`, all with the same probability."""
    return choices[int(rng.integers(len(choices)))]


def chance(rng: Generator, probability: float) -> bool:
    """Returns True with the given probability."""
    return bool(rng.random() < probability)


def person(rng: Generator) -> str:
    """Returns a first and a last name, sometimes with an initial between them."""
    initial = f" {pick(rng, 'ABCDEFGHJKLMNPRSTW')}." if chance(rng, 0.2) else ""
    return f"{pick(rng, vocabulary.FIRST_NAMES)}{initial} {pick(rng, vocabulary.LAST_NAMES)}"


def company(rng: Generator) -> str:
    """Returns the name of a company, such as "Northwind Optics Ltd"."""
    head = pick(rng, vocabulary.COMPANY_HEADS if chance(rng, 0.75) else vocabulary.LAST_NAMES)
    return f"{head} {pick(rng, vocabulary.COMPANY_TRADES)} {pick(rng, vocabulary.COMPANY_FORMS)}"


def shop(rng: Generator) -> str:
    """Returns the name of a shop, such as "Juniper Food Hall"."""
    return f"{pick(rng, vocabulary.COMPANY_HEADS)} {pick(rng, vocabulary.SHOPS)}"


def address(rng: Generator) -> tuple[str, str]:
    """Returns the two rows of an address: the street and the town."""
    name = f"{pick(rng, vocabulary.STREETS)} {pick(rng, vocabulary.STREET_FORMS)}"
    suite = f", Suite {rng.integers(1, 60) * 10}" if chance(rng, 0.15) else ""
    city = pick(rng, vocabulary.CITIES)
    towns = (f"{city}, {pick(rng, vocabulary.STATES)} {rng.integers(10000, 99999)}",
             f"{rng.integers(1000, 9999)} {city}", f"{city} {_postcode(rng)}")  # fmt: skip
    return f"{rng.integers(1, 400)} {name}{suite}", pick(rng, towns)


def _postcode(rng: Generator) -> str:
    letters = "ABDEFGHJLNPRSTUWXYZ"
    district = f"{pick(rng, letters)}{pick(rng, letters)}{rng.integers(1, 29)}"
    return f"{district} {rng.integers(1, 10)}{pick(rng, letters)}{pick(rng, letters)}"


def phone(rng: Generator) -> str:
    """Returns a telephone number in one of three national formats."""
    area, first, last = rng.integers(200, 999), rng.integers(200, 999), rng.integers(1000, 9999)
    return pick(
        rng, (f"({area}) {first}-{last}", f"+{rng.integers(30, 50)} {area} {first} {last}", f"{area}-{first}-{last}")
    )


def email(rng: Generator, organisation: str) -> str:
    """Returns an e-mail address at the organisation's domain."""
    domain = "".join(letter for letter in organisation.split()[0].lower() if letter.isascii() and letter.isalnum())
    return f"{pick(rng, ('info', 'office', 'billing', 'service', 'hello', 'accounts'))}@{domain}.example"


def code(rng: Generator, prefix: str = "", digits: int = 6) -> str:
    """Returns a reference, such as "INV-204817"."""
    number = f"{rng.integers(10**digits):0{digits}}"
    return f"{prefix}-{number}" if prefix else number


def day(rng: Generator) -> date:
    """Returns a day from 1995-01-01 to 2026-12-30."""
    return date.fromordinal(int(rng.integers(date(1995, 1, 1).toordinal(), date(2026, 12, 31).toordinal())))


def write_date(when: date, form: str) -> str:
    """Returns the date as text, in one of `DATE_FORMS`."""
    return form.format(d=when.day, m=when.month, y=when.year, month=vocabulary.MONTHS[when.month - 1])


@dataclass(frozen=True)
class Currency:
    """How amounts are written.

    Attributes:
        before, behind: the text before and after the number.
        comma: whether a comma separates the decimals. The default is a point.
    """

    before: str
    behind: str = ""
    comma: bool = False

    def write(self, cents: int) -> str:
        """Returns an amount as text: 123450 cents -> "$1,234.50" or "1.234,50 EUR"."""
        amount = f"{cents / 100:,.2f}"
        if self.comma:
            amount = amount.translate(str.maketrans(",.", ".,"))
        return f"{self.before}{amount}{self.behind}"


CURRENCIES = (
    Currency("$"),
    Currency("$"),
    Currency("£"),
    Currency(""),
    Currency("", " EUR", comma=True),
    Currency("CHF "),
    Currency("", " kr", comma=True),
)


@dataclass(frozen=True)
class Subject:
    """What a document is about: the people, companies, cities and nouns that its sentences use."""

    topic: str
    people: tuple[str, ...]
    companies: tuple[str, ...]
    cities: tuple[str, ...]
    nouns: tuple[str, ...]


def draw_subject(rng: Generator) -> Subject:
    """Draws a random subject."""
    topic = pick(rng, tuple(vocabulary.TOPICS))
    return Subject(
        topic=topic,
        people=tuple(person(rng) for _ in range(3)),
        companies=tuple(company(rng) for _ in range(2)),
        cities=tuple(pick(rng, vocabulary.CITIES) for _ in range(3)),
        nouns=vocabulary.TOPICS[topic],
    )
