"""The words of an answer are found on a page, whatever their case and the signs around them."""

from __future__ import annotations

import pytest

from trainer.tasks.answers.spans import find_answer

PAGE = ["Invoice", "No.", "4711", "Total:", "$12.50", "(due", "5", "May)", "total", "amount"]


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        (["4711"], (2, 3)),
        (["TOTAL"], (3, 4)),
        (["Total Amount"], (8, 10)),
        (["12.50", "$12.50"], (4, 5)),
        (["due 5 May"], (5, 8)),
        (["5", "5 May"], (6, 8)),
        (["June"], None),
        ([], None),
        ([""], None),
    ],
)
def test_the_first_place_of_the_longest_answer_is_found(answers, expected):
    assert find_answer(PAGE, answers) == expected
