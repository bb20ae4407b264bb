"""The accuracy of VQA has the values of the public scripts."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer.tasks.metrics.vqa_accuracy import normal_answer, vqa_accuracy

GOLD = [*["dakota"] * 5, *["dakota digital"] * 3, "nous les gosses", "clos culombu"]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [("dakota", 1.0), ("Dakota Digital", 0.9), ("nous les gosses", 0.3), ("sony", 0.0), ("", 0.0)],
)
def test_worked_values(answer, expected):
    assert vqa_accuracy(answer, GOLD) == pytest.approx(expected)


@pytest.mark.parametrize(("equal", "expected"), [(0, 0), (1, 0.3), (2, 0.6), (3, 0.9), (4, 1), (10, 1)])
def test_an_answer_that_few_people_give_counts_in_part(equal, expected):
    assert vqa_accuracy("yes", ["yes"] * equal + ["no"] * (10 - equal)) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The Cat.", "cat"),
        ("coca-cola", "coca cola"),
        ("3 - 4", "3 4"),
        ("1,000", "1000"),
        ("12:30 p.m", "12:30 pm"),
        ("none", "0"),
        ("what's", "what 's"),
        ("dont", "don't"),
        ("couldnt've", "couldn't've"),
        ("twas", "'twas"),
        ("'ows'at", "'ow's'at"),
        ("ten\tApples\n", "10 apples"),
        ("5.50", "5.50"),
        ("(a) b-c", "b c"),
        ("well-known - really", "wellknown really"),
        ("$5 & 10% #1: ok?!", "$5 & 10% #1: ok"),
        ("", ""),
    ],
)
def test_answers_are_compared_in_a_normal_form(text, expected):
    assert normal_answer(text) == expected


def test_a_question_without_answers_scores_0():
    assert vqa_accuracy("yes", []) == 0


TEXTS = st.text("abt1 .,-'?", max_size=6)


@settings(max_examples=40)
@given(TEXTS, st.lists(TEXTS, min_size=10, max_size=10))
def test_the_value_is_between_0_and_1_and_1_if_all_people_agree(prediction, answers):
    assert 0 <= vqa_accuracy(prediction, answers) <= 1
    assert vqa_accuracy(prediction, [prediction] * 10) == 1
