"""F1 of exactly equal elements: entities as sets of words, pairs of linked entities, values of keys."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence

from trainer.tasks.metrics.scores import Scores, scores_of_counts


def set_f1(gold: Sequence[Iterable[Hashable]], predicted: Sequence[Iterable[Hashable]]) -> Scores:
    """Returns the scores over the elements of all documents together (micro average).

    An element counts as often as it occurs, so that sets and multisets are both possible. An entity whose words do not
    follow each other, as in CORD-r, is `(label, frozenset(word_ids))`. A link is `(from_id, to_id)`.

    Args:
        gold: the true elements of each document.
        predicted: the predicted elements of each document.

    Raises:
        ValueError: the numbers of documents differ.
    """
    pairs = [(Counter(true), Counter(found)) for true, found in zip(gold, predicted, strict=True)]
    return scores_of_counts(
        hits=sum((true & found).total() for true, found in pairs),
        predicted=sum(found.total() for _, found in pairs),
        expected=sum(true.total() for true, _ in pairs),
    )
