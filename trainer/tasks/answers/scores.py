"""Scores of answers over a data set."""

from __future__ import annotations

from collections.abc import Sequence

from trainer.tasks.items import Item
from trainer.tasks.metrics.anls import anls


def anls_scores(items: Sequence[Item], answers: Sequence[str]) -> dict[str, float]:
    """Returns `anls`, the mean over the questions, and `exact`, the share of answers that equal a true one."""
    pairs = list(zip(answers, (item.annotation["answers"] for item in items), strict=True))
    exact = sum(answer.strip().lower() in {true.strip().lower() for true in truth} for answer, truth in pairs)
    return {"anls": sum(anls(*pair) for pair in pairs) / max(len(pairs), 1), "exact": exact / max(len(pairs), 1)}
