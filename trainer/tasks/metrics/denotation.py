"""Denotation accuracy, the metric of WikiTableQuestions (Pasupat and Liang 2015), as its official evaluator 1.0.2."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Hashable, Sequence
from contextlib import suppress
from dataclasses import dataclass

TOLERANCE = 1e-6  # numbers this close are equal
OPEN = -1  # a part of a date that is not given
Date = tuple[int, int, int]

_SIGNS = str.maketrans({**dict.fromkeys("‘’´`", "'"), **dict.fromkeys("“”", '"'), **dict.fromkeys("‐‑‒–—−", "-")})
_CITATIONS = re.compile(r"(?:^\[\d+\]|(?<!^)\[[^\]]*\]|[•♦†‡*#+])+$")
_DETAILS = re.compile(r"(?: \([^)]*\))+$")
_QUOTED = re.compile(r'"([^"]*)"')


@dataclass(frozen=True)
class _Value:
    """An element of an answer: its normal form, and the number or date that it means."""

    text: str
    meaning: int | float | Date | None

    def matches(self, other: _Value) -> bool:
        if self.text == other.text:
            return True
        mine, others = self.meaning, other.meaning
        if isinstance(mine, float) and isinstance(others, float):  # whole numbers are int
            return abs(mine - others) < TOLERANCE
        return mine is not None and mine == others


def denotation_accuracy(prediction: Sequence[str], answer: Sequence[str], canonical: Sequence[str] = ()) -> float:
    """Returns 1 if the predicted values of one question are the true ones in any order, else 0.

    Two values match if their normal forms, numbers or dates are equal. A value that occurs twice counts once.

    Args:
        prediction: the predicted values.
        answer: the true values, `targetValue` in the files.
        canonical: number, date or text that each true value means, `targetCanon` in the tagged files. Without it the
            meaning is read from the text, so that `1000` does not match `1,000`.

    Raises:
        ValueError: `canonical` has another length than `answer`.
    """
    found = _distinct([_value(text, text) for text in prediction])
    true = _distinct([_value(text, meant or text) for text, meant in zip(answer, canonical or answer, strict=True)])
    return float(len(true) == len(found) and all(any(one.matches(other) for other in found) for one in true))


def normal_text(text: str) -> str:
    """Returns the form in which texts are compared: no diacritics, trailing notes, outer quotes or case."""
    decomposed = unicodedata.normalize("NFKD", text)
    text = "".join(sign for sign in decomposed if unicodedata.category(sign) != "Mn").translate(_SIGNS)
    before = None
    while text != before:
        before = text
        text = _DETAILS.sub("", _CITATIONS.sub("", text.strip()).strip()).strip()
        text = _QUOTED.sub(r"\1", text) if _QUOTED.fullmatch(text) else text
    return " ".join(text.removesuffix(".").lower().split())


def _value(text: str, meant: str) -> _Value:
    return _Value(normal_text(text), _meaning(meant))


def _distinct(values: Sequence[_Value]) -> list[_Value]:
    """Returns the first value of each meaning, and of those without a meaning, the first of each text."""
    first: dict[Hashable, _Value] = {}
    for value in values:
        first.setdefault(value.text if value.meaning is None else value.meaning, value)
    return list(first.values())


def _meaning(text: str) -> int | float | Date | None:
    """Returns the number or date that a text is. A year alone is a number."""
    if "_" in text:  # 1_000 is a number for Python 3, but not for the evaluator
        return None
    number = _number(text)
    if number is not None:
        return number
    date = _date(text)
    return date[0] if date and date[1:] == (OPEN, OPEN) else date


def _number(text: str) -> int | float | None:
    with suppress(ValueError):
        return int(text)
    with suppress(ValueError):
        number = float(text)
        if math.isfinite(number):
            return int(number) if abs(number - round(number)) < TOLERANCE else number
    return None


def _date(text: str) -> Date | None:
    """Returns the date of a text `yyyy-mm-dd`, in which `xx` stands for a part that is not given."""
    parts = text.lower().split("-")
    if len(parts) != 3:
        return None
    if parts[0] == "xxxx":
        parts[0] = "xx"
    with suppress(ValueError):
        year, month, day = (OPEN if part == "xx" else int(part) for part in parts)
        if month in (OPEN, *range(1, 13)) and day in (OPEN, *range(1, 32)) and (year, month, day) != (OPEN,) * 3:
            return year, month, day
    return None
