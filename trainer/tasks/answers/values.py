"""Answers of several values, joined by ` | `."""

from __future__ import annotations

from collections.abc import Sequence

SEPARATOR = "|"


def joined(values: Sequence[str]) -> str:
    """Returns the answer that gives several values."""
    return f" {SEPARATOR} ".join(values)


def separated(answer: str) -> list[str]:
    """Returns the values of an answer, in their order. Empty ones are left out."""
    return [value for part in answer.split(SEPARATOR) if (value := part.strip())]
