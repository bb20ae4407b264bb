"""Layout labels are scored by the area of the words."""

from __future__ import annotations

import pytest

from trainer.tasks.metrics.docbank import label_scores


def test_a_large_word_weighs_more_than_a_small_one():
    gold = [["title", "title", "list"]]
    scores = label_scores(gold, [["title", "list", "list"]], [[90, 10, 30]])
    assert scores["title"] == (1, 0.9, pytest.approx(2 * 90 / 190))
    assert scores["list"] == (0.75, 1, pytest.approx(6 / 7))


def test_pages_are_counted_together_and_not_averaged():
    scores = label_scores([["list"], ["list"]], [["list"], ["title"]], [[1], [3]])
    assert scores["list"].recall == 0.25


def test_only_labels_of_the_truth_are_scored_and_words_without_area_count_nothing():
    scores = label_scores([["list", "date"]], [["title", "list"]], [[5, 0]])
    assert scores == {"date": (0, 0, 0), "list": (0, 0, 0)}


def test_another_number_of_words_is_refused():
    with pytest.raises(ValueError, match="shorter"):
        label_scores([["list", "list"]], [["list"]], [[1, 1]])
