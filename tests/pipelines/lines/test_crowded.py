"""Crowded pages: the work grows almost linearly with the number of words."""

from __future__ import annotations

import cProfile
import pstats
import tracemalloc

import numpy as np
import pytest

from pipelines.lines.order import order_words
from tests.pipelines.lines.pages import EM, HEIGHT, WIDTH, one_line_per_row, prose, read, row


def calls_for(boxes: np.ndarray) -> int:
    """Returns the number of function calls that ordering the words takes, which is the same on every machine."""
    profile = cProfile.Profile()
    profile.runcall(order_words, boxes, WIDTH, 2 * HEIGHT)
    return pstats.Stats(profile).total_calls


def test_the_work_grows_almost_linearly_with_the_number_of_words():
    page = [line for k in range(3) for line in prose(30 + 185 * k, 20, 170, 150, pitch=5.0, seed=k)]
    boxes = np.array([word for words in page for word in words])
    boxes = np.concatenate([boxes, boxes + np.array([0, 760, 0, 760])])[:3000]
    assert calls_for(boxes) < 16 * calls_for(boxes[:375])


def scattered(count: int) -> np.ndarray:
    """Returns words anywhere on a page, a quarter of them on their side."""
    rng = np.random.default_rng(1)
    length = rng.uniform(4, 25, count)
    size = np.where(rng.random(count) < 0.25, [np.full(count, 5.0), length], [length, np.full(count, 5.0)]).T
    corner = rng.random((count, 2)) * (4 * WIDTH, 4 * HEIGHT)
    return np.hstack([corner, corner + size])


def one_row(count: int) -> np.ndarray:
    """Returns the cells of one endless row."""
    x = 30.0 * np.arange(count)
    return np.stack([x, np.full(count, 100.0), x + 8, np.full(count, 100 + EM)], axis=1)


def one_place(count: int) -> np.ndarray:
    """Returns words printed on each other."""
    corner = np.random.default_rng(2).random((count, 2)) * (0.5 * EM, 0.2 * EM) + 100
    return np.hstack([corner, corner + np.array([4 * EM, EM])])


def peak_memory(boxes: np.ndarray) -> int:
    """Returns the memory in bytes that ordering the words takes at most."""
    tracemalloc.start()
    try:
        order_words(boxes, 40 * WIDTH, 4 * HEIGHT)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("draw", [scattered, one_row, one_place])
def test_time_and_memory_of_a_crowded_page_grow_almost_linearly_with_the_number_of_words(draw):
    few, many = draw(200), draw(1600)
    assert calls_for(many) < 16 * calls_for(few)
    assert peak_memory(many) < 16 * peak_memory(few)


def test_a_row_of_thousands_of_cells_is_one_line():
    order, line = order_words(one_row(3000), 90000, HEIGHT)
    assert order.tolist() == list(range(3000))
    assert set(line) == {0}


def test_a_taller_cell_far_to_the_right_is_in_the_row_of_a_long_table():
    table = [[cell for x in range(40, 560, 30) for cell in row(x, y, 8)] for y in range(20, 780, 15)]
    total = [*row(40, 790, 30), *row(540, 788, 40, height=18)]
    assert read([*table, total]) == one_line_per_row([*table, total])
