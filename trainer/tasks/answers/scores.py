"""Scores of answers over a data set."""

from __future__ import annotations

from collections.abc import Sequence

from trainer.tasks.answers.values import separated
from trainer.tasks.items import Item
from trainer.tasks.metrics.accuracy import exact_match
from trainer.tasks.metrics.anls import anls
from trainer.tasks.metrics.denotation import denotation_accuracy
from trainer.tasks.metrics.vqa_accuracy import vqa_accuracy

PEOPLE = 10  # the accuracy of VQA expects as many answers


def anls_scores(items: Sequence[Item], answers: Sequence[str]) -> dict[str, float]:
    """Returns `anls`, the mean over the questions, and `exact`, the share of answers that equal a true one."""
    values = [anls(answer, item.annotation["answers"]) for item, answer in zip(items, answers, strict=True)]
    return {"anls": _mean(values), "exact": _exact(items, answers)}


def vqa_scores(items: Sequence[Item], answers: Sequence[str]) -> dict[str, float]:
    """Returns `accuracy`, the soft accuracy of VQA, and `anls`: means over questions with ten answers each."""
    pairs = list(zip(answers, (item.annotation["answers"] for item in items), strict=True))
    return {
        "accuracy": _mean([vqa_accuracy(*pair) for pair in pairs]),
        "anls": _mean([anls(*pair) for pair in pairs]),
    }


def exact_scores(items: Sequence[Item], answers: Sequence[str]) -> dict[str, float]:
    """Returns `exact`, the share of answers that equal the true one, and `accuracy`, the same in VQA's normal form."""
    pairs = list(zip(answers, (item.annotation["answers"] for item in items), strict=True))
    normal = [vqa_accuracy(answer, [*truth] * PEOPLE) for answer, truth in pairs]
    return {"exact": _exact(items, answers), "accuracy": _mean(normal)}


def denotation_scores(items: Sequence[Item], answers: Sequence[str]) -> dict[str, float]:
    """Returns `accuracy`, the denotation accuracy of WikiTableQuestions, and `exact`.

    Annotations have `values`, and in `canonical` what each of them means, or nothing.
    """
    pairs = list(zip(answers, (item.annotation for item in items), strict=True))
    right = [denotation_accuracy(separated(answer), truth["values"], truth["canonical"]) for answer, truth in pairs]
    return {"accuracy": _mean(right), "exact": _exact(items, answers)}


def _exact(items: Sequence[Item], answers: Sequence[str]) -> float:
    """Returns the mean of `exact_match`."""
    pairs = zip(answers, items, strict=True)
    return _mean([exact_match(answer, item.annotation["answers"]) for answer, item in pairs])


def _mean(values: Sequence[float]) -> float:
    return sum(values) / max(len(values), 1)
