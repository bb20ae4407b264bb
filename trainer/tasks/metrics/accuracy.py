"""Shares of right answers: TabFact by labels, OCR-VQA by texts."""

from __future__ import annotations

from collections.abc import Hashable, Sequence


def accuracy(gold: Sequence[Hashable], predicted: Sequence[Hashable]) -> float:
    """Returns the share of predictions that are equal to the true values, 0..1; 0 for an empty corpus.

    Raises:
        ValueError: the numbers of values differ.
    """
    equal = [true == found for true, found in zip(gold, predicted, strict=True)]
    return sum(equal) / max(len(equal), 1)


def exact_match(prediction: str, answers: Sequence[str]) -> float:
    """Returns 1 if a prediction is equal to one of the answers, else 0. Case and outer white space do not count."""
    return float(_bare(prediction) in map(_bare, answers))


def _bare(text: str) -> str:
    return text.lower().strip()
