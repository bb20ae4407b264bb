"""Where an answer stands: its values, and the place in the window that gave it."""

from __future__ import annotations

import numpy as np

from schemas import Word
from trainer.answering.places import answer_boxes
from trainer.tasks.base import Example

TEXTS = ("A", "Inc.", "owes", "12", "to", "B", "LLC", "and", "12", "to", "C")
WORDS = [Word(text, (10 * place, 0, 10 * place + 9, 10), 1.0, 0) for place, text in enumerate(TEXTS)]


def window(first: int, end: int, *, boxes: bool = True) -> Example:
    """Returns a window over some of the words, behind a question of one token."""
    values = np.array([(0, 0, 0, 0), *(word.box for word in WORDS[first:end]), (0, 0, 0, 0)], np.int32)
    visible = values.any(axis=1) & boxes
    ids = np.zeros(len(values), np.int32)
    return Example(key="key", input_ids=ids, boxes=values, box_visible=visible, labels=np.zeros(1, np.int32))


def places(answer: str, example: Example) -> list[int]:
    return [box[0] // 10 for box in answer_boxes(WORDS, answer, example)]


def test_each_value_of_an_answer_has_its_place():
    assert places("A Inc. | B LLC", window(0, len(WORDS))) == [0, 1, 5, 6]
    assert places("A Inc. | nobody", window(0, len(WORDS))) == [0, 1]


def test_a_text_that_occurs_twice_is_the_one_in_the_window_that_answered():
    assert places("12", window(0, 6)) == [3]
    assert places("12", window(5, len(WORDS))) == [8]


def test_without_a_fitting_word_in_the_window_the_first_one_of_the_page_is_taken():
    assert places("12", window(0, 2)) == [3]
    assert places("12", window(5, len(WORDS), boxes=False)) == [3]
    assert places("nobody", window(0, 2)) == []
