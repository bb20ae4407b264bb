"""Boxes on a page: `x0, y0, x1, y1` in thousandths of the upright page's width and height."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

Box = tuple[int, int, int, int]

BOX_MAX = 1000


def box_1000(x0: float, y0: float, x1: float, y1: float, width: float, height: float) -> Box:
    """Returns a box in thousandths, with ordered corners and clipped to 0..1000.

    Args:
        x0, y0, x1, y1: two opposite corners in the unit of the page (pixels or points), in any order.
        width, height: size of the page in the same unit, above 0.
    """
    left, right = sorted((_thousandths(x0, width), _thousandths(x1, width)))
    top, bottom = sorted((_thousandths(y0, height), _thousandths(y1, height)))
    return left, top, right, bottom


def _thousandths(value: float, extent: float) -> int:
    return min(BOX_MAX, max(0, round(value * BOX_MAX / extent)))


def hull(boxes: Iterable[Box]) -> Box:
    """Returns the smallest box that contains all of `boxes` (at least one)."""
    x0, y0, x1, y1 = zip(*boxes, strict=True)
    return min(x0), min(y0), max(x1), max(y1)


def cell_of(boxes: np.ndarray, rows: int, cols: int) -> np.ndarray:
    """Returns the cell that contains the centre of each box, on a `rows x cols` grid over the page.

    Args:
        boxes: `(n, 4)` integers in thousandths.
        rows, cols: size of the grid.

    Returns:
        `(n,)` int32 in `0 .. rows * cols - 1`, row by row. A centre on an inner border belongs to the later cell.
    """
    boxes = np.asarray(boxes, dtype=np.int64).reshape(-1, 4)
    # The sum of both sides is two times the centre. It keeps the arithmetic in integers: borders need no rounding.
    col = np.minimum((boxes[:, 0] + boxes[:, 2]) * cols // (2 * BOX_MAX), cols - 1)  # (n,)
    row = np.minimum((boxes[:, 1] + boxes[:, 3]) * rows // (2 * BOX_MAX), rows - 1)  # (n,)
    return (row * cols + col).astype(np.int32)  # (n,)
