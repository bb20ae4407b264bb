"""Runs of turned text: which lines are part of the layout, and which boxes are one run."""

from __future__ import annotations

import numpy as np

from pipelines.ocr.directions import DOWN, UP, UPRIGHT
from pipelines.ocr.runs import number_runs

ROW = (100, 50, 500, 70)


def runs_of(*lines: tuple[float, str, tuple[int, int, int, int]]) -> list[int]:
    angles, texts, boxes = zip(*lines, strict=True)
    return number_runs(angles, texts, np.array(boxes, float))


def test_upright_lines_are_part_of_the_layout():
    assert runs_of((UPRIGHT, "Monthly report", ROW), (UPRIGHT, "7", (100, 90, 110, 110))) == [0, 0]


def test_each_turned_line_is_a_run_of_its_own():
    runs = runs_of((UPRIGHT, "Report", ROW), (UP, "March", (100, 100, 120, 160)), (UP, "April", (150, 100, 170, 160)))
    assert runs[0] == 0
    assert len({0, *runs}) == 3


def test_the_parts_of_a_line_that_was_cut_at_a_wide_gap_are_one_run():
    parts = [(UP, "per", (101, 100, 121, 140)), (UP, "year", (100, 160, 120, 200)), (UP, "Costs", (100, 215, 120, 290))]
    assert len(set(runs_of(*parts))) == 1


def test_lines_far_apart_or_in_other_directions_are_not_joined():
    runs = runs_of(
        (UP, "Costs", (100, 100, 120, 160)), (UP, "Years", (100, 260, 120, 320)), (DOWN, "Stamp", (100, 170, 120, 250))
    )
    assert len(set(runs)) == 3


def test_the_columns_of_a_japanese_page_are_part_of_the_layout():
    columns = [(DOWN, "吾輩は猫である", (x, 50, x + 20, 400)) for x in (400, 360, 320)]
    assert runs_of((UPRIGHT, "12", (200, 20, 240, 40)), *columns) == [0, 0, 0, 0]


def test_a_japanese_stamp_beside_rows_is_a_run():
    rows = [(UPRIGHT, "吾輩は猫である", (100, y, 500, y + 20)) for y in (50, 80)]
    assert runs_of(*rows, (DOWN, "名前はまだ無い", (600, 50, 620, 300)))[2] > 0


def test_latin_lines_that_run_down_a_page_without_rows_are_runs():
    assert 0 not in runs_of((DOWN, "Confidential", (50, 50, 70, 300)), (DOWN, "draft", (90, 50, 110, 200)))
