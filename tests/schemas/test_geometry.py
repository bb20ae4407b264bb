"""Boxes in thousandths of the page."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import box_1000, cell_of, hull
from tests.schemas.strategies import boxes

coordinates = st.floats(-20_000, 20_000)
extents = st.floats(0.1, 20_000)
grids = st.integers(1, 16)


def contains(outer, inner):
    return outer[0] <= inner[0] and outer[1] <= inner[1] and outer[2] >= inner[2] and outer[3] >= inner[3]


def test_a_box_is_in_thousandths_of_width_and_height():
    assert box_1000(61.2, 79.2, 306, 396, width=612, height=792) == (100, 100, 500, 500)


def test_points_and_pixels_give_the_same_box():
    in_points = box_1000(61.2, 79.2, 306, 396, width=612, height=792)
    in_pixels = box_1000(127.5, 165, 637.5, 825, width=1275, height=1650)
    assert in_points == in_pixels


@given(coordinates, coordinates, coordinates, coordinates, extents, extents)
def test_any_corners_give_an_ordered_and_clipped_box(x0, y0, x1, y1, width, height):
    left, top, right, bottom = box_1000(x0, y0, x1, y1, width, height)
    assert 0 <= left <= right <= 1000
    assert 0 <= top <= bottom <= 1000


@given(coordinates, coordinates, coordinates, coordinates, extents, extents)
def test_opposite_corners_can_be_given_in_any_order(x0, y0, x1, y1, width, height):
    expected = box_1000(x0, y0, x1, y1, width, height)
    assert box_1000(x1, y1, x0, y0, width, height) == expected
    assert box_1000(x1, y0, x0, y1, width, height) == expected


@given(st.tuples(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1)), extents, extents)
def test_the_error_of_a_box_on_the_page_is_at_most_half_a_thousandth(corners, width, height):
    x0, x1 = sorted(corners[::2])
    y0, y1 = sorted(corners[1::2])
    box = box_1000(x0 * width, y0 * height, x1 * width, y1 * height, width, height)
    np.testing.assert_allclose(box, np.array([x0, y0, x1, y1]) * 1000, atol=0.5 + 1e-6)


@given(boxes)
def test_a_box_in_thousandths_does_not_change(box):
    assert box_1000(*box, width=1000, height=1000) == box


@given(st.lists(boxes, min_size=1, max_size=20))
def test_a_hull_contains_every_box_and_touches_a_box_on_each_side(members):
    whole = hull(members)
    assert all(contains(whole, box) for box in members)
    for side in range(4):
        assert whole[side] in {box[side] for box in members}


@given(st.lists(boxes, min_size=1, max_size=10), st.lists(boxes, min_size=1, max_size=10))
def test_the_hull_of_two_hulls_is_the_hull_of_all_boxes(some, others):
    assert hull([hull(some), hull(others)]) == hull([*some, *others])


@given(boxes, grids, grids)
def test_the_centre_of_a_box_is_in_its_cell(box, rows, cols):
    (cell,) = cell_of(np.array([box]), rows, cols)
    row, col = divmod(int(cell), cols)
    centre_x, centre_y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    assert 0 <= cell < rows * cols
    assert col * 1000 <= centre_x * cols <= (col + 1) * 1000
    assert row * 1000 <= centre_y * rows <= (row + 1) * 1000


@pytest.mark.parametrize(
    ("box", "cell"),
    [
        ((0, 0, 0, 0), 0),
        ((740, 0, 750, 0), 2),
        ((750, 0, 750, 0), 3),  # on an inner border, which belongs to the later cell
        ((0, 250, 0, 250), 4),
        ((500, 500, 500, 500), 10),
        ((1000, 1000, 1000, 1000), 15),  # the corner of the page, where there is no later cell
    ],
)
def test_cells_of_a_four_by_four_grid_are_counted_row_by_row(box, cell):
    assert cell_of(np.array([box]), 4, 4).tolist() == [cell]


def test_each_box_gives_one_int32_cell():
    cells = cell_of(np.array([[0, 0, 10, 10], [990, 0, 1000, 10]], np.int32), 2, 2)
    assert cells.dtype == np.int32
    assert cells.tolist() == [0, 1]
    assert cell_of(np.empty((0, 4), np.int32), 2, 2).shape == (0,)
