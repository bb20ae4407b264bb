"""Entities as BIO tags of words, and their scores."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

from trainer.tasks.items import Item
from trainer.tasks.labels.task import OUTSIDE
from trainer.tasks.metrics.entity_f1 import entity_f1


def tags_of(entities: Sequence[str]) -> list[str]:
    """Returns `O`, and the tags `B-` and `I-` of each kind of entity."""
    return [OUTSIDE, *chain.from_iterable((f"B-{name}", f"I-{name}") for name in entities)]


def entity_scores(items: Sequence[Item], predictions: Sequence[Any]) -> dict[str, float]:
    """Returns precision, recall and F1 of entities over all pages of all items.

    Words that could not be read are `O` in the prediction.
    """
    gold = [page for item in items for page in item.annotation["labels"]]
    found = [page for pages in predictions for page in pages]
    scores = entity_f1(gold, found)
    return {"f1": scores.f1, "precision": scores.precision, "recall": scores.recall}
