"""F1 of labels of words that are not BIO tags, such as the parts of a layout."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from trainer.tasks.metrics.scores import scores_of_counts


def label_f1(gold: Sequence[str], predicted: Sequence[str], outside: str) -> float:
    """Returns the mean over the labels of the F1 of their words (macro average), 0..1; 0 if there is no label.

    Args:
        gold: the label of each word.
        predicted: the same for the prediction.
        outside: the label of words without one; it is not part of the mean.

    Raises:
        ValueError: the numbers of words differ.
    """
    hits = Counter(true for true, found in zip(gold, predicted, strict=True) if true == found)
    expected, given = Counter(gold), Counter(predicted)
    labels = (expected.keys() | given.keys()) - {outside}
    values = [scores_of_counts(hits[label], given[label], expected[label]).f1 for label in sorted(labels)]
    return sum(values) / max(len(values), 1)
