"""F1 of layout labels by the area of words: DocBank (Li et al. 2020, section 4)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from trainer.tasks.metrics.scores import Scores, scores_of_counts


def label_scores(
    gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]], areas: Sequence[Sequence[int]]
) -> dict[str, Scores]:
    """Returns the scores of each label that occurs in `gold`, over the words of all pages together.

    Precision is the area of the words that are rightly labelled, divided by that of all words which get the label;
    recall divides it by the area of all words which have it.

    Args:
        gold: the label of each word of each page.
        predicted: the same for the prediction.
        areas: the area of each word; 1 for all words counts words.

    Raises:
        ValueError: the numbers of pages or of words differ.
    """
    hits: Counter[str] = Counter()
    found: Counter[str] = Counter()
    expected: Counter[str] = Counter()
    for page in zip(gold, predicted, areas, strict=True):
        for label, guess, area in zip(*page, strict=True):
            expected[label] += area
            found[guess] += area
            hits[label] += area if guess == label else 0
    return {label: scores_of_counts(hits[label], found[label], expected[label]) for label in sorted(expected)}
