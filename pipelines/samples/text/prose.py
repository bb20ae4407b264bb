"""Sentences about a subject, built from templates."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from numpy.random import Generator

from pipelines.samples.text import vocabulary
from pipelines.samples.text.invent import DATE_FORMS, Subject, chance, day, pick, write_date

_SLOT = re.compile(r"\{(\w+)\}")
_ARTICLE = re.compile(r"\b([Aa]) (?=[aeio])")

_SLOTS: dict[str, Callable[[Generator, Subject], str]] = {
    "adj": lambda rng, subject: pick(rng, vocabulary.ADJECTIVES),
    "verb": lambda rng, subject: pick(rng, vocabulary.VERBS),
    "noun": lambda rng, subject: pick(rng, subject.nouns),
    "nouns": lambda rng, subject: plural(pick(rng, subject.nouns)),
    "person": lambda rng, subject: pick(rng, subject.people),
    "company": lambda rng, subject: pick(rng, subject.companies),
    "city": lambda rng, subject: pick(rng, subject.cities),
    "month": lambda rng, subject: pick(rng, vocabulary.MONTHS),
    "number": lambda rng, subject: str(rng.integers(3, 240)),
    "percent": lambda rng, subject: f"{rng.uniform(1, 80):.1f}%",
    "year": lambda rng, subject: str(rng.integers(1890, 2026)),
    "date": lambda rng, subject: write_date(day(rng), DATE_FORMS[2]),
}


def plural(noun: str) -> str:
    """Returns the regular English plural of a noun."""
    if noun.endswith("y") and noun[-2] not in "aeiou":
        return noun[:-1] + "ies"
    return noun + ("es" if noun.endswith(("s", "x", "ch", "sh")) else "s")


def fill(rng: Generator, subject: Subject, template: str) -> str:
    """Returns `template` with a random value for every {slot}.

    "a" becomes "an" before a vowel, and "Inc.." at the end of a sentence becomes "Inc.".
    """
    text = _SLOT.sub(lambda slot: _SLOTS[slot[1]](rng, subject), template)
    return _ARTICLE.sub(r"\1n ", text).replace("..", ".")


def sentence(rng: Generator, subject: Subject, templates: Sequence[str] = vocabulary.SENTENCES) -> str:
    """Returns one sentence."""
    return fill(rng, subject, pick(rng, templates))


def paragraph(rng: Generator, subject: Subject, sentences: int, templates: Sequence[str] = vocabulary.SENTENCES) -> str:
    """Returns a paragraph of `sentences` sentences. No template is used again before all others were used."""
    order = rng.permutation(len(templates))
    return " ".join(fill(rng, subject, templates[order[i % len(templates)]]) for i in range(sentences))


def heading(rng: Generator, subject: Subject) -> str:
    """Returns a title, such as "Steady tides and the outer pier"."""
    noun, other = pick(rng, subject.nouns), pick(rng, subject.nouns)
    adjective, second = pick(rng, vocabulary.ADJECTIVES), pick(rng, vocabulary.ADJECTIVES)
    forms = (
        f"The {adjective} {noun}",
        f"{adjective} {plural(noun)} and the {second} {other}",
        f"On the {noun} and its {adjective} {other}",
        f"How the {noun} {pick(rng, vocabulary.VERBS)} the {other}",
        f"One {adjective} {noun} for {pick(rng, subject.cities)}",
    )
    title = pick(rng, forms)
    return title.upper() if chance(rng, 0.1) else title[0].upper() + title[1:]
