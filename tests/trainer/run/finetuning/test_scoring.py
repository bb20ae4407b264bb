"""Only predictions whose truth is known are scored, and the log says what was cut."""

from __future__ import annotations

import pytest

from tests.trainer.tasks.item_samples import TOKENIZER
from trainer.run.finetuning.scoring import Predictions, scores_of
from trainer.tasks.answers.scores import anls_scores
from trainer.tasks.answers.task import Answers
from trainer.tasks.datasets import data_set_named
from trainer.tasks.items import Item

TASK = Answers(
    *(anls_scores, "anls"),
    **{"max_text_tokens": 32, "max_target_tokens": 8, "reads_images": False, "tokenizer": TOKENIZER, "seed": 0},
)


def scores(*answers: list[str]) -> dict[str, float]:
    items = [Item(str(number), {"question": "q", "answers": texts}) for number, texts in enumerate(answers)]
    found = Predictions(items, [{"answer": "b", "score": 1.0, "page": 1}] * len(items))
    return scores_of(TASK, found, data_set_named("questions").has_truth)


def test_items_without_truth_are_left_out_of_the_scores(caplog):
    assert scores(["b"], [], ["c"]) == {"anls": pytest.approx(0.5), "exact": pytest.approx(0.5)}
    assert "the truth of 1 of 3 items is not in the data: they are not scored" in caplog.text


def test_cut_answers_are_named(caplog):
    scores(["b"], ["a long answer " * 8])
    assert "1 of 2 items have only answers that are cut at their end (--max_target_tokens)" in caplog.text


def test_a_split_without_truth_has_no_scores(caplog):
    assert scores([], []) == {}
    assert "the truth of 2 of 2 items is not in the data" in caplog.text
