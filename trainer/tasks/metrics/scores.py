"""Precision, recall and F1."""

from __future__ import annotations

from typing import NamedTuple


class Scores(NamedTuple):
    """All between 0 and 1."""

    precision: float
    recall: float
    f1: float


def scores_of_counts(hits: int, predicted: int, expected: int) -> Scores:
    """Returns the scores of a whole corpus. A score whose divisor is 0 is 0.

    Args:
        hits: number of predictions that are right.
        predicted: number of predictions.
        expected: number of true values.
    """
    return Scores(_ratio(hits, predicted), _ratio(hits, expected), _ratio(2 * hits, predicted + expected))


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
