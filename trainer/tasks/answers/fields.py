"""Fields of documents, asked for by one question per key.

The annotation of an item is that of a question and `{"document": name, "key": key, "values": [text, ...]}`. The answer
is the value, several values joined by ` | `, or `None` for a key that the document does not have. An answer `None` is
dropped before scoring, so that it costs no precision. A window can only say that the key is not in it: the answer for
a document is `None` if no window has a value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from trainer.tasks.answers.data_set import QuestionSet
from trainer.tasks.answers.task import Answers
from trainer.tasks.answers.values import joined, separated
from trainer.tasks.items import Item, Output
from trainer.tasks.metrics.key_values import key_value_f1

NONE = "None"

Pairs = list[tuple[str, str]]


def field_items(
    document: str, questions: Mapping[str, str], values: Mapping[str, Sequence[str]] | None
) -> tuple[Item, ...]:
    """Returns an item per key of a document.

    Args:
        document: its name.
        questions: the question for each key.
        values: the true values by key; keys without value may be missing. None: the truth is not known.
    """
    return tuple(
        Item(f"{document}-{key}", {"question": question, "document": document, "key": key, **_truth(values, key)})
        for key, question in questions.items()
    )


def _truth(values: Mapping[str, Sequence[str]] | None, key: str) -> dict[str, list[str]]:
    if values is None:
        return {"answers": [], "values": []}
    found = list(values.get(key, ()))
    return {"answers": [joined(found) or NONE], "values": found, "shown": found}


def given_values(answer: str) -> list[str]:
    """Returns the values of an answer, in their order; none for the answer `None`."""
    return [value for value in separated(answer) if value.lower() != NONE.lower()]


def field_scores(items: Sequence[Item], answers: Sequence[str]) -> dict[str, float]:
    """Returns `f1`, `precision` and `recall` of upper-cased values, `f1_cased`, and `f1_<key>` for each key."""
    gold = pairs_by_document(items, [item.annotation["values"] for item in items])
    found = pairs_by_document(items, [given_values(answer) for answer in answers])
    scores = key_value_f1(gold, found)
    keys = sorted({item.annotation["key"] for item in items})
    return {
        "f1": scores.f1,
        "precision": scores.precision,
        "recall": scores.recall,
        "f1_cased": key_value_f1(gold, found, cased=True).f1,
        **{f"f1_{key}": key_value_f1(_only(key, gold), _only(key, found)).f1 for key in keys},
    }


def pairs_by_document(items: Sequence[Item], values: Sequence[Sequence[str]]) -> list[Pairs]:
    """Returns the keys and values of each document, in the order in which the items name the documents.

    Args:
        items: the items.
        values: the values of the key of each item.
    """
    pairs: dict[str, Pairs] = {item.annotation["document"]: [] for item in items}
    for item, found in zip(items, values, strict=True):
        pairs[item.annotation["document"]] += [(item.annotation["key"], value) for value in found]
    return list(pairs.values())


def _only(key: str, documents: Sequence[Pairs]) -> list[Pairs]:
    return [[pair for pair in document if pair[0] == key] for document in documents]


class FieldAnswers(Answers):
    """Answers questions for fields."""

    def combine(self, item: Item, outputs: Sequence[Output]) -> dict[str, Any]:
        """Returns the value with the highest score of all windows, or `None` if no window has a value.

        The scores of `None` and of a value are not compared: `None` is short, and right for most pages, so that its
        score is nearly always the higher one.
        """
        with_value = [output for output in outputs if given_values(output[2][0])]
        return super().combine(item, with_value or outputs)


class FieldSet(QuestionSet):
    """A data set of fields. The metric is the F1 of keys and values."""

    task = FieldAnswers
    score = staticmethod(field_scores)
    metric = "f1"
