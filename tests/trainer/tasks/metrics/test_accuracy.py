"""Accuracies of labels and of texts."""

from __future__ import annotations

import pytest

from trainer.tasks.metrics.accuracy import accuracy, exact_match


def test_accuracy_is_the_share_of_right_labels():
    assert accuracy([1, 0, 0, 1], [1, 0, 1, 0]) == 0.5
    assert accuracy([], []) == 0


def test_a_label_without_a_prediction_is_an_error():
    with pytest.raises(ValueError, match="shorter"):
        accuracy([1, 0], [1])


@pytest.mark.parametrize(
    ("prediction", "answers", "expected"),
    [
        (" J. K. Rowling\n", ["j. k. rowling"], 1),
        ("yes", ["no", "Yes"], 1),
        ("J.K. Rowling", ["J. K. Rowling"], 0),
        ("Travel.", ["Travel"], 0),
        ("", ["Travel"], 0),
        ("yes", [], 0),
    ],
)
def test_only_case_and_outer_blanks_may_differ(prediction, answers, expected):
    assert exact_match(prediction, answers) == expected
