"""F1 of key-value pairs, the metric of Kleister and DeepForm: `MultiLabel-F1` of GEval (Stanislawek et al. 2021)."""

from __future__ import annotations

from collections.abc import Sequence

from trainer.tasks.metrics.scores import Scores
from trainer.tasks.metrics.set_f1 import set_f1

Pairs = Sequence[tuple[str, str]]
"""The keys and values of a document. A key may have several values; a key without a value is absent."""


def key_value_f1(gold: Sequence[Pairs], predicted: Sequence[Pairs], *, cased: bool = False) -> Scores:
    """Returns the scores over the pairs of all documents together (micro average).

    A pair counts as often as a document has it. Blanks and colons in values are underscores, as in the files of
    Kleister. Without any pair, a score is 0.

    Args:
        gold: the true pairs of each document.
        predicted: the predicted pairs of each document.
        cased: False: values that differ only in upper and lower case are equal.
    """
    return set_f1([_normal(pairs, cased) for pairs in gold], [_normal(pairs, cased) for pairs in predicted])


def _normal(pairs: Pairs, cased: bool) -> list[tuple[str, str]]:
    normal = ((key, "_".join(value.replace(":", " ").split())) for key, value in pairs)
    return [(key, value if cased else value.upper()) for key, value in normal]
