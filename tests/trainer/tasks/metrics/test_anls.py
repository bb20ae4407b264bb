"""ANLS has the values of the official script."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.tasks.metrics.anls import anls


@pytest.mark.parametrize(
    ("prediction", "answers", "expected"),
    [
        ("University of Californa", ["university of california"], 1 - 1 / 24),
        ("$975", ["$975.00", "975.00"], 1 - 3 / 7),
        ("ab", ["abcd"], 0.5),
        ("abc", ["abcdefg"], 0.0),
        ("  Yes ", ["yes"], 1.0),
        ("a  c", ["a b"], 1 - 1 / 4),
        ("straße", ["strafe"], 1 - 1 / 7),
        ("", [""], 1.0),
        ("", ["a"], 0.0),
    ],
)
def test_worked_values(prediction, answers, expected):
    assert anls(prediction, answers) == pytest.approx(expected, abs=1e-9)


@given(st.text(max_size=12), st.lists(st.text(max_size=12), min_size=1, max_size=3))
def test_the_value_is_0_or_from_a_half_to_1_and_1_for_an_equal_answer(prediction, answers):
    value = anls(prediction, answers)
    assert value == 0 or 0.5 <= value <= 1
    assert anls(answers[0], answers) == 1
