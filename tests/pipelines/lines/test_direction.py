"""The direction of a word."""

from __future__ import annotations

import pytest

from pipelines.lines.direction import is_right_to_left


@pytest.mark.parametrize(
    ("text", "expected"), [("hello", False), ("שלום", True), ("السلام", True), ("1,234", None), ("(مرحبا)", True)]
)
def test_the_first_letter_with_a_direction_decides_the_direction_of_a_word(text, expected):
    assert is_right_to_left(text) is expected
