"""Step 3, afterwards: two rows of boxes in a form, each a small label above its value, are cut into the boxes.

By their places alone, a row of labels and a row of values cannot be told from two rows of a table. The size of the type
tells them: in every box it is smaller in the upper row than in the lower row, or in every box it is larger.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

# Lengths are in text heights (the typical height of a word on the page).
CELL_GAP = 1.2  # minimum gap between two cells of a row
BOX_GAP = 1.0  # minimum gap between two boxes
CLOSE = 0.9  # maximum space between a label and its value; the space above and below the two rows is not smaller
SMALLER = 1.2  # minimum ratio of the heights of the larger and the smaller type, in every box that has both
MIN_WIDTH = 38.0  # minimum width of a region; receipts are narrower and have no boxes side by side
MAX_CELLS = 12  # a row with more cells is a row of a table; bounds the work on crowded pages


def cut_stacks(boxes: np.ndarray, rows: list[np.ndarray], text_height: float, leftward: bool) -> list[np.ndarray]:
    """Returns the rows of a region, with two rows of boxes replaced by the lines of one box after the other.

    Args:
        boxes: (n, 4) boxes of all words of the page.
        rows: the words of each row as indices, the rows from top to bottom.
        text_height: typical height of a word.
        leftward: whether the boxes are read from right to left.
    """
    if len(rows) < 2 or np.ptp(boxes[np.concatenate(rows)][:, [0, 2]]) < MIN_WIDTH * text_height:
        return rows
    cells = [_cells(boxes, row, CELL_GAP * text_height) for row in rows]
    space = [np.inf, *(_space(boxes, *pair) for pair in pairwise(cells)), np.inf]
    lines, at = [], 0
    while at < len(rows):
        close = at + 1 < len(rows) and space[at + 1] <= min(CLOSE * text_height, space[at], space[at + 2])
        stacks = _stacks(boxes, rows[at], rows[at + 1], BOX_GAP * text_height) if close else []
        lines += [line for stack in (stacks[::-1] if leftward else stacks) for line in stack] or [rows[at]]
        at += 2 if stacks else 1
    return lines


def _cells(boxes: np.ndarray, row: np.ndarray, min_gap: float) -> list[np.ndarray]:
    """Returns the words of a row, cut where a gap reaches `min_gap`, from left to right."""
    row = row[np.argsort(boxes[row, 0], kind="stable")]
    gap = boxes[row[1:], 0] - np.maximum.accumulate(boxes[row, 2])[:-1]
    return np.split(row, np.flatnonzero(gap >= min_gap) + 1)


def _space(boxes: np.ndarray, upper: list[np.ndarray], lower: list[np.ndarray]) -> float:
    """Returns the space between two rows: the median over cells above each other, infinite if there are none."""
    if max(len(upper), len(lower)) > MAX_CELLS:
        return np.inf
    one, other = (np.array([[boxes[cell, 0].min(), boxes[cell, 2].max()] for cell in row]) for row in (upper, lower))
    bottom = np.array([np.median(boxes[cell, 3]) for cell in upper])
    top = np.array([np.median(boxes[cell, 1]) for cell in lower])
    shared = np.minimum(one[:, None, 1], other[:, 1]) - np.maximum(one[:, None, 0], other[:, 0])
    return float(np.median((top - bottom[:, None])[shared > 0])) if (shared > 0).any() else np.inf


def _stacks(boxes: np.ndarray, upper: np.ndarray, lower: np.ndarray, min_gap: float) -> list[list[np.ndarray]]:
    """Returns the one or two lines of each box of two rows, none if these are no labels above values."""
    columns = _cells(boxes, np.concatenate([upper, lower]), min_gap)
    stacks = [[line for row in (upper, lower) if len(line := column[np.isin(column, row)])] for column in columns]
    heights = [[float(np.median(boxes[line, 3] - boxes[line, 1])) for line in stack] for stack in stacks]
    full = [pair for pair in heights if len(pair) == 2]
    labelled = all(low >= SMALLER * high for high, low in full) or all(high >= SMALLER * low for high, low in full)
    return stacks if len(full) >= 2 and labelled else []
