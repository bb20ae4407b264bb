"""Sets of labels, and the scores of entities in BIO tags and of labels of single words."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, groupby
from typing import Any

from trainer.tasks.items import Item
from trainer.tasks.labels.task import OUTSIDE, Label
from trainer.tasks.metrics.accuracy import accuracy
from trainer.tasks.metrics.entity_f1 import entity_f1
from trainer.tasks.metrics.label_f1 import label_f1


def tags_of(entities: Sequence[str]) -> list[str]:
    """Returns `O`, and the tags `B-` and `I-` of each kind of entity."""
    return [OUTSIDE, *chain.from_iterable((f"B-{name}", f"I-{name}") for name in entities)]


def are_bio_tags(labels: Sequence[str]) -> bool:
    """Returns whether all labels but `O` are tags `B-` and `I-` of entities."""
    return all(label.startswith(("B-", "I-")) for label in labels if label != OUTSIDE)


def entities_of(labels: Sequence[str], *, bio: bool) -> list[tuple[str, range]]:
    """Returns the entities of labelled words: the label without `B-` or `I-`, and the indices of the words.

    Args:
        labels: the label of each word of a page.
        bio: True: the labels are BIO tags, read as by `entity_f1`: an `I-` tag may begin an entity. False: words that
            follow each other and have the same label are an entity.
    """
    if not bio:
        runs = groupby(range(len(labels)), key=labels.__getitem__)
        parts = ((label, list(run)) for label, run in runs if label != OUTSIDE)
        return [(label, range(run[0], run[-1] + 1)) for label, run in parts]
    from seqeval.metrics.sequence_labeling import get_entities

    return [(label, range(first, last + 1)) for label, first, last in get_entities(list(labels))]


def mean_score(labels: Sequence[Label], words: range) -> float:
    """Returns the mean probability of the labels of the words of an entity."""
    return sum(label.score for label in labels[words.start : words.stop]) / len(words)


def entity_scores(items: Sequence[Item], predictions: Sequence[Any]) -> dict[str, float]:
    """Returns precision, recall and F1 of entities over all pages of all items.

    Words that could not be read are `O` in the prediction.
    """
    gold = [page for item in items for page in item.annotation["labels"]]
    found = [page for pages in predictions for page in pages]
    scores = entity_f1(gold, found)
    return {"f1": scores.f1, "precision": scores.precision, "recall": scores.recall}


def word_scores(items: Sequence[Item], predictions: Sequence[Any]) -> dict[str, float]:
    """Returns the mean F1 of the labels except `O`, and the share of words with the right label.

    Words that could not be read are `O` in the prediction.
    """
    gold = [label for item in items for page in item.annotation["labels"] for label in page]
    found = [label for pages in predictions for page in pages for label in page]
    return {"f1": label_f1(gold, found, OUTSIDE), "accuracy": accuracy(gold, found)}
