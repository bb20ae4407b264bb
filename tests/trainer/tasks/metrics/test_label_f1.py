"""F1 of labels: each label has the same weight, however many words it has."""

from __future__ import annotations

import pytest

from trainer.tasks.metrics.label_f1 import label_f1


def test_the_score_is_the_mean_of_the_scores_of_the_labels():
    gold, found = ["text"] * 4 + ["title", "O"], ["text"] * 3 + ["title", "title", "O"]
    assert label_f1(gold, found, "O") == pytest.approx((2 * 3 / 7 + 2 / 3) / 2)


def test_words_without_a_label_are_no_class_of_their_own():
    assert label_f1(["O", "O", "a"], ["O", "a", "a"], "O") == pytest.approx(2 / 3)
    assert label_f1(["O"], ["O"], "O") == 0.0


def test_different_numbers_of_words_are_refused():
    with pytest.raises(ValueError, match="zip"):
        label_f1(["a"], [], "O")
