"""Forms: values typed above the level of their labels, and boxes side by side."""

from __future__ import annotations

import numpy as np

from tests.pipelines.lines.pages import EM, one_line_per_row, read, row


def test_a_value_typed_half_a_line_above_its_small_label_is_on_the_line_of_the_label():
    form = [[*row(40, y + 11.5, 40, height=8), *row(200, y, 60, 40, height=16)] for y in range(100, 400, 30)]
    assert read(form) == one_line_per_row(form)


def boxes_of_a_form(label: float, value: float) -> list[list[list[float]]]:
    """Returns the lines of three rows of four boxes, each a label above a value, box by box. Heights are given."""
    corners = [(x, y) for y in range(100, 220, 40) for x in range(40, 580, 135)]
    return [
        line for x, y in corners for line in (row(x, y, 25, 18, height=label), row(x, y + 13, 45, 30, height=value))
    ]


def test_boxes_with_a_small_label_above_each_value_are_read_one_after_the_other():
    form = boxes_of_a_form(label=7, value=EM)
    assert read(form) == one_line_per_row(form)


def test_boxes_are_read_from_the_right_in_right_to_left_text():
    form = [line for y in (0, 2) for k in (3, 2, 1, 0) for line in boxes_of_a_form(7, EM)[4 * y + 2 * k :][:2]]
    assert read(form, right_to_left=np.ones(sum(map(len, form)), bool)) == one_line_per_row(form)


def test_rows_of_one_size_of_type_are_rows_of_a_table_however_they_are_spaced():
    table = [
        [word for x in range(40, 580, 135) for word in row(x, y + dy, 45, 30)]
        for y in range(100, 220, 40)
        for dy in (0, 13)
    ]
    assert read(table) == one_line_per_row(table)
