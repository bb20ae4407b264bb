"""F1 of extracted fields: Kleister and DeepForm (`MultiLabel-F1` of GEval), and SROIE (ICDAR 2019, task 3)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from trainer.tasks.metrics.scores import Scores
from trainer.tasks.metrics.set_f1 import set_f1

Fields = Sequence[tuple[str, str]]
"""Keys and values of a document. A key may occur several times; a key that is absent is left out."""


def key_value_scores(gold: Sequence[Fields], predicted: Sequence[Fields]) -> dict[str, Scores]:
    """Returns the scores of Kleister and DeepForm over all fields of all documents.

    A field is right if its key and value are equal to a true field of its document. A wrong value costs precision and
    recall.

    Args:
        gold: the true fields of each document.
        predicted: the predicted fields of each document, with values written as the true ones (in Kleister `_` is
            written for blanks and colons).

    Returns:
        `all`: case does not count (flag `u` of GEval). `cased`: case counts. The name of each true key: its fields
        alone, where case does not count.
    """
    keys = sorted({key for fields in gold for key, _ in fields})
    by_key = {key: set_f1(_only(key, gold, str.upper), _only(key, predicted, str.upper)) for key in keys}
    return {
        "all": set_f1(_normal(gold, str.upper), _normal(predicted, str.upper)),
        "cased": set_f1(gold, predicted),
        **by_key,
    }


def sroie_scores(gold: Sequence[Fields], predicted: Sequence[Fields]) -> dict[str, Scores]:
    """Returns the scores of SROIE over all fields of all receipts. A field without text counts as not given.

    Returns:
        `raw`: a value is right if its text is equal to the true one. `normalized`: the same in lower case, with each
        run of white space as one blank. It is not published which of the two the official server computes.
    """
    given = [_with_text(fields) for fields in gold], [_with_text(fields) for fields in predicted]
    return {
        "raw": set_f1(*given),
        "normalized": set_f1(*(_normal(fields, _lower_and_collapsed) for fields in given)),
    }


def _normal(documents: Sequence[Fields], normal: Callable[[str], str]) -> list[Fields]:
    return [[(normal(key), normal(value)) for key, value in fields] for fields in documents]


def _only(key: str, documents: Sequence[Fields], normal: Callable[[str], str]) -> list[Fields]:
    wanted = normal(key)
    return [[field for field in fields if field[0] == wanted] for fields in _normal(documents, normal)]


def _with_text(fields: Fields) -> Fields:
    return [(key, value) for key, value in fields if value.strip()]


def _lower_and_collapsed(text: str) -> str:
    return " ".join(text.lower().split())
