"""The scores of generated JSON have the values of Donut's evaluator."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer.tasks.metrics.json_scores import json_scores, ted_accuracy

GOLD = {"menu": [{"nm": "cake", "cnt": 2}], "total": {"total_price": 10}}  # seven keys and seven letters


@pytest.mark.parametrize(
    ("found", "ted", "f1"),
    [
        (GOLD, 1, 1),
        ({"menu": [{"nm": "cake", "cnt": 3}], "total": {"total_price": 10}}, 1 - 1 / 14, 2 / 3),
        ({"menu": [{"nm": "cake", "cnt": 2}]}, 1 - 5 / 14, 0.8),
        ({"menu": [{"nm": "cake", "cnt": 2}], "total": {"cashprice": 10}}, 1 - 1 / 14, 2 / 3),
        ({}, 0, 0),
        ("", 0, 0),
        (None, 0, 0),
    ],
)
def test_worked_values(found, ted, f1):
    assert json_scores([GOLD], [found]) == pytest.approx({"ted_accuracy": ted, "field_f1": f1})


def test_order_of_keys_lists_of_one_blanks_and_empty_values_do_not_count():
    found = {"total": {"total_price": " 10", "cashprice": []}, "menu": {"cnt": "2", "nm": ["cake "]}, "void_menu": {}}
    assert json_scores([GOLD], [found]) == {"ted_accuracy": 1, "field_f1": 1}


def test_the_order_of_items_counts_in_the_tree_and_not_in_the_fields():
    gold = {"menu": [{"nm": "tea"}, {"nm": "milk"}]}
    scores = json_scores([gold], [{"menu": gold["menu"][::-1]}])
    assert scores["field_f1"] == 1
    assert scores["ted_accuracy"] < 1


def test_a_field_that_occurs_twice_must_be_found_twice():
    assert json_scores([{"nm": ["tea", "tea"]}], [{"nm": "tea"}])["field_f1"] == pytest.approx(2 / 3)


def test_trees_count_by_document_and_fields_over_all_documents():
    scores = json_scores([GOLD, {"nm": "tea"}], [GOLD, {}])
    assert scores == pytest.approx({"ted_accuracy": 0.5, "field_f1": 6 / 7})


def test_an_output_far_longer_than_the_truth_scores_0():
    assert ted_accuracy({"nm": "tea"}, {"nm": ["a long text"] * 3}) == 0


@pytest.mark.parametrize(("found", "expected"), [({}, 1), ({"nm": "tea"}, 0)])
def test_where_nothing_is_to_be_found_only_nothing_is_right(found, expected):
    assert ted_accuracy({}, found) == expected


TEXTS = st.one_of(st.text("ab ", max_size=3), st.integers(0, 20))
TREES = st.recursive(
    TEXTS,
    lambda part: st.one_of(
        st.dictionaries(st.sampled_from(["nm", "cnt", "sub"]), part, max_size=3), st.lists(part, max_size=3)
    ),
    max_leaves=5,
)


@settings(max_examples=50, deadline=None)
@given(TREES, TREES)
def test_any_values_can_be_compared_and_a_value_equals_itself(gold, predicted):
    assert ted_accuracy(gold, gold) == 1
    assert all(0 <= score <= 1 for score in json_scores([gold], [predicted]).values())
