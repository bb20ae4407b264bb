"""Which of n points lie in which of m rectangles, without looking at all n * m pairs."""

from __future__ import annotations

import numpy as np

# A rectangle yields at most a fair share of PAIRS pairs from each band of the page, those next to its left edge, and
# never fewer than LEAST. Ordinary pages stay far below; the limit holds where text is printed on text.
PAIRS, LEAST = 300_000, 32
ROUNDING = 1e-6  # text heights: callers widen their rectangles by this, so that rounding leaves out no pair


def pairs_inside(points: np.ndarray, rectangles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the indices of rectangles and points that belong together, two arrays of one length.

    The points are sorted into horizontal bands and by x in each. A rectangle then finds its points by bisection, so
    that the work grows like n log n. The bands are as high as the mean rectangle. A pair is a point between the left
    and the right edge, borders included, in a band that the rectangle touches: some are above or below it. The caller
    tests for what it needs.

    Args:
        points: (n, 2) x, y.
        rectangles: (m, 4) x0, y0, x1, y1. An edge may be infinite in x.
    """
    if not len(points) or not len(rectangles):
        return np.zeros(0, int), np.zeros(0, int)
    origin, extent, count = points[:, 1].min(), np.ptp(points[:, 1]), len(points)
    band = max(float((rectangles[:, 3] - rectangles[:, 1]).mean()), extent / count) or 1.0
    row = np.floor((points[:, 1] - origin) / band).astype(np.int64)
    by_x = np.argsort(points[:, 0], kind="stable")
    rank = np.empty(count, np.int64)
    rank[by_x] = np.arange(count)
    keys = row * count + rank
    by_key = np.argsort(keys, kind="stable")
    low = np.searchsorted(points[by_x, 0], rectangles[:, 0], "left")
    high = np.searchsorted(points[by_x, 0], rectangles[:, 2], "right")
    first, last = np.floor((rectangles[:, [1, 3]].T - origin) / band).clip(-1, row.max() + 1).astype(np.int64)
    owner, rows = expanded(first.clip(0), last.clip(max=row.max()) + 1)
    start, stop = np.searchsorted(keys[by_key], [rows * count + low[owner], rows * count + high[owner]])
    limit = max(LEAST, PAIRS // max(1, len(owner)))
    of_owner, at = expanded(start, np.minimum(stop, start + limit))
    return owner[of_owner], by_key[at]


def expanded(start: np.ndarray, stop: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the integers of k half-open ranges, one after the other, preceded by the range that each comes from."""
    counts = np.maximum(stop - start, 0)
    owner = np.repeat(np.arange(len(counts)), counts)
    return owner, np.arange(len(owner)) + (start - (np.cumsum(counts) - counts))[owner]
