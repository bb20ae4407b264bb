"""F1 of the fields of receipts: SROIE (ICDAR 2019, task 3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from trainer.tasks.metrics.scores import Scores
from trainer.tasks.metrics.set_f1 import set_f1

Fields = Mapping[str, str]
"""The texts of a receipt by key. An empty text is a field that is not given."""


def sroie_scores(gold: Sequence[Fields], predicted: Sequence[Fields]) -> dict[str, Scores]:
    """Returns the scores over all fields of all receipts.

    Returns:
        `raw`: a field is right if its text is equal to the true one. `normalized`: the same in lower case, with each
        run of white space as one blank. It is not published which of the two the official server computes.
    """
    return {
        "raw": set_f1([_given(fields) for fields in gold], [_given(fields) for fields in predicted]),
        "normalized": set_f1([_normal(fields) for fields in gold], [_normal(fields) for fields in predicted]),
    }


def _given(fields: Fields) -> set[tuple[str, str]]:
    return {(key, text) for key, text in fields.items() if text.strip()}


def _normal(fields: Fields) -> set[tuple[str, str]]:
    return {(key, " ".join(text.lower().split())) for key, text in _given(fields)}
