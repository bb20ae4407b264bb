"""Answers of several values, joined by ` | `. A bar within a value is written twice."""

from __future__ import annotations

import re
from collections.abc import Sequence

SEPARATOR = "|"
_SINGLE = re.compile(r"(?<!\|)\|(?!\|)")


def joined(values: Sequence[str]) -> str:
    """Returns the answer that gives several values."""
    return f" {SEPARATOR} ".join(value.replace(SEPARATOR, 2 * SEPARATOR) for value in values)


def separated(answer: str) -> list[str]:
    """Returns the values of an answer, in their order. Empty ones are left out."""
    return [value.replace(2 * SEPARATOR, SEPARATOR) for part in _SINGLE.split(answer) if (value := part.strip())]
