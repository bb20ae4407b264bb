"""Questionnaires: what is printed in the cells, and how often."""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.samples.document import make_document

few = settings(max_examples=10)
indices = st.integers(0, 10_000)


def words_of(index: int) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Returns the texts, boxes in points and lines of a questionnaire."""
    (page,) = json.loads(make_document(3, index, 0.0, ["questionnaire"]).truth)["pages"]
    size = np.array([page["width_pt"], page["height_pt"]] * 2) / 1000
    return page["words"]["text"], np.array(page["words"]["box"]) * size, np.array(page["words"]["line"])


@few
@given(index=indices)
def test_a_questionnaire_has_many_single_characters(index):
    texts, _, _ = words_of(index)
    assert sum(len(text) == 1 for text in texts) >= 8


@few
@given(index=indices)
def test_the_cells_of_a_row_are_on_the_line_of_its_question_and_stand_apart(index):
    texts, boxes, lines = words_of(index)
    for line in range(lines[-1] + 1):
        row = np.flatnonzero(lines == line)
        cells = [word for word in row[1:] if len(texts[word]) == 1 and not texts[word].islower()]
        for word, following in pairwise(cells):
            height = boxes[word, 3] - boxes[word, 1]
            assert boxes[following, 0] - boxes[word, 2] > 0.8 * height


def test_digits_letters_and_crosses_are_drawn():
    drawn = {text for index in range(12) for text in words_of(index)[0] if len(text) == 1}
    assert set("0123456789") <= drawn
    assert set("AHINUX") <= drawn
