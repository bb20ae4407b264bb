"""Denotation accuracy has the values of the official evaluator of WikiTableQuestions."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer.tasks.metrics.denotation import denotation_accuracy, normal_text


@pytest.mark.parametrize(
    ("prediction", "answer", "canonical", "expected"),
    [
        (["cafe"], ["Café"], (), 1),
        (["b", "A"], ["a", "b"], (), 1),
        (["a"], ["a", "b"], (), 0),
        (["1000"], ["1,000"], ["1000.0"], 1),
        (["1000"], ["1,000"], (), 0),
        (["1990-01-12"], ["xx-01-12"], (), 0),
        (["Wolfe Tones (county)"], ["Wolfe Tones"], (), 1),
    ],
)
def test_worked_values(prediction, answer, canonical, expected):
    assert denotation_accuracy(prediction, answer, canonical) == expected


@pytest.mark.parametrize(
    ("prediction", "answer", "canonical", "expected"),
    [
        ("10", "10 years", "10.0", 1),
        ("10 years", "10 years", "10.0", 1),
        ("2.50", "2.5000001", "", 1),
        ("2.50", "2.51", "", 0),
        ("1e3", "1000", "", 1),
        ("1_000", "1000", "", 0),
        ("nan", "inf", "", 0),
        ("1" * 400, "2.5", "", 0),
        ("1990-1-12", "January 12, 1990", "1990-01-12", 1),
        ("xx-1-12", "January 12", "xxxx-01-12", 1),
        ("1990-xx-xx", "1990", "1990.0", 1),
        ("xx-xx-xx", "xxxx-xx-xx", "", 0),
        ("1990-13-1", "1990-13-01", "", 0),
    ],
)
def test_numbers_and_dates_match_by_what_they_mean(prediction, answer, canonical, expected):
    assert denotation_accuracy([prediction], [answer], [canonical]) == expected


def test_values_count_once_each():
    assert denotation_accuracy(["a", "A", "b"], ["b", "a"]) == 1
    assert denotation_accuracy(["5", "5.0"], ["5"]) == 1
    assert denotation_accuracy(["a", "b"], ["a", "a"]) == 0
    assert denotation_accuracy([], ["a"]) == 0


def test_as_many_meanings_as_answers_are_required():
    with pytest.raises(ValueError, match="shorter"):
        denotation_accuracy(["1"], ["1", "2"], ["1"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("“Heaven’s – Gate”", "heaven's - gate"),
        ("Berlin[3][note 1]†", "berlin"),
        ('"Help!" (live) (1965)*', "help!"),
        ("[4]", ""),
        ("[live]", "[live]"),
        ("(live)", "(live)"),
        ('"a" and "b"', '"a" and "b"'),
        ("St. John's..", "st. john's."),
        ("  two\n lines ", "two lines"),
        ("[1]" * 60 + "x", "[1]" * 60 + "x"),
        ("", ""),
    ],
)
def test_texts_are_compared_without_notes_quotes_and_case(text, expected):
    assert normal_text(text) == expected


VALUES = st.lists(st.sampled_from(["1", "1.0", "2.5", "a", "A.", "xx-01-12", "1990-1-12", "b (x)"]), max_size=4)


@settings(max_examples=50)
@given(VALUES, VALUES)
def test_an_answer_equals_itself_in_any_order_and_how_often_does_not_count(answer, other):
    assert denotation_accuracy(answer[::-1] + answer, answer) == 1
    assert denotation_accuracy(other, answer) == denotation_accuracy(other[::-1], answer)
