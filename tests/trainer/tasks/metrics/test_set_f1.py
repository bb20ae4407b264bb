"""Precision, recall and F1 of sets and multisets over documents."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer.tasks.metrics.scores import Scores, scores_of_counts
from trainer.tasks.metrics.set_f1 import set_f1

ENTITIES = {("menu.nm", frozenset({0, 1})), ("menu.price", frozenset({4})), ("total", frozenset({2, 5}))}


def test_an_entity_is_right_only_with_its_label_and_all_its_words():
    found = {("menu.nm", frozenset({1, 0})), ("menu.cnt", frozenset({4})), ("total", frozenset({2}))}
    assert set_f1([ENTITIES], [found]) == pytest.approx((1 / 3, 1 / 3, 1 / 3))


def test_a_link_has_a_direction():
    assert set_f1([{(1, 2), (3, 4)}], [{(1, 2), (4, 3), (5, 6)}]) == pytest.approx((1 / 3, 1 / 2, 2 / 5))


def test_documents_count_by_their_elements_and_not_by_their_own_scores():
    assert set_f1([{1, 2, 3}, {1}], [{1, 2, 3}, {2}]) == Scores(0.75, 0.75, 0.75)


def test_the_same_element_of_another_document_is_wrong():
    assert set_f1([{1}, {2}], [{2}, {1}]).f1 == 0


def test_an_element_that_occurs_twice_must_be_found_twice():
    assert set_f1([["a", "a"]], [["a"]]) == pytest.approx((1, 1 / 2, 2 / 3))
    assert set_f1([["a"]], [["a", "a"]]) == pytest.approx((1 / 2, 1, 2 / 3))


@pytest.mark.parametrize("counts", [(0, 0, 0), (0, 0, 5), (0, 5, 0)])
def test_scores_are_0_where_nothing_can_be_right(counts):
    assert scores_of_counts(*counts) == Scores(0, 0, 0)


def test_a_document_without_a_prediction_is_an_error():
    with pytest.raises(ValueError, match="shorter"):
        set_f1([{1}, {2}], [{1}])


SETS = st.lists(st.frozensets(st.integers(0, 5), max_size=4), min_size=3, max_size=3)


@settings(max_examples=50)
@given(SETS, SETS)
def test_gold_and_prediction_exchanged_exchange_precision_and_recall(gold, predicted):
    scores = set_f1(gold, predicted)
    assert set_f1(predicted, gold) == (scores.recall, scores.precision, scores.f1)
    assert min(scores[:2]) - 1e-9 <= scores.f1 <= max(scores[:2]) + 1e-9
