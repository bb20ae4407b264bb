"""Chains of words that stand close together on one level, found from boxes alone.

Lengths are measured in text heights, the typical one of the page, so that no result depends on the scale of the page.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

CHAIN_GAP = 1.5  # text heights: a gap that justified text still reaches, and the gap between two cells mostly exceeds
BACKSTEP = 0.6  # text heights that a box may reach into its right neighbour: italics, kerning, padded OCR boxes
SHARED_HEIGHT = 0.5  # of the lower span: superscripts and commas share that much with their line, never with the next
LONG_WORDS, LONG_WIDTH = 4, 8.0  # what a fragment must hold, and span in text heights, to show its slope
# The same of two neighbours: far apart, yet near enough in level to be told from the next row.
PAIR_WIDTH, PAIR_GAP, PAIR_SHIFT = 4.0, 40.0, 0.4
MIN_SLOPES = 5
CHUNK = 32  # rows of the distance matrix computed at a time, so that memory stays flat on crowded pages


@dataclass(frozen=True)
class Ends:
    """Both ends of n horizontal spans: words, or chains of words whose ends differ in height or level.

    `x0, x1` (n,) are the outer edges; `left, right` (n, 2) hold the top and the bottom of the text at either end.
    """

    x0: np.ndarray
    x1: np.ndarray
    left: np.ndarray
    right: np.ndarray

    @classmethod
    def of_words(cls, boxes: np.ndarray) -> Ends:
        """The ends of words, boxes (n, 4): the same on the left and on the right."""
        return cls(boxes[:, 0], boxes[:, 2], boxes[:, [1, 3]], boxes[:, [1, 3]])

    def mirrored(self) -> Ends:
        """The same spans seen from behind the page, so that left neighbours become right ones."""
        return Ends(-self.x1, -self.x0, self.right, self.left)


def nearest_right(ends: Ends, text_height: float, max_gap: float, max_shift: float) -> np.ndarray:
    """Index (n,) of the nearest span to the right on the same level, -1 where there is none.

    On the same level are two spans whose facing ends share `SHARED_HEIGHT` and whose centres there differ by at most
    `max_shift` of the higher one. `max_gap` is in text heights.
    """
    found = np.full(len(ends.x0), -1)
    if not len(found):
        return found
    level = ends.left.mean(axis=1)
    by_level = np.argsort(level, kind="stable")
    reach = max_shift * max(np.ptp(ends.left, axis=1).max(), np.ptp(ends.right, axis=1).max())
    leaving = ends.right.mean(axis=1)
    for rows in np.split(np.argsort(leaving, kind="stable"), range(CHUNK, len(found), CHUNK)):
        window = leaving[rows].min() - reach, leaving[rows].max() + reach
        near = by_level[slice(*np.searchsorted(level[by_level], window))]
        if len(near):
            gap = _gaps(ends, rows, near, text_height, max_gap, max_shift)
            best = gap.argmin(axis=1)
            has = gap[np.arange(len(rows)), best] < np.inf
            found[rows[has]] = near[best[has]]
    return found


def _gaps(
    ends: Ends, rows: np.ndarray, near: np.ndarray, text_height: float, max_gap: float, max_shift: float
) -> np.ndarray:
    """Gap (rows, near) from the right end of one to the left end of the other, infinite where they do not match."""
    (top, bottom), (near_top, near_bottom) = ends.right[rows].T[:, :, None], ends.left[near].T[:, None]
    height, near_height = bottom - top, near_bottom - near_top
    shared = np.minimum(bottom, near_bottom) - np.maximum(top, near_top)
    shift = np.abs(bottom + top - near_bottom - near_top) / 2
    gap = ends.x0[near] - ends.x1[rows, None]
    fits = (gap >= -BACKSTEP * text_height) & (gap <= max_gap * text_height)
    fits &= ends.x0[near] + ends.x1[near] > (ends.x0[rows] + ends.x1[rows])[:, None]
    fits &= shared >= SHARED_HEIGHT * np.minimum(height, near_height)
    fits &= shift <= max_shift * np.maximum(height, near_height)
    return np.where(fits, np.maximum(gap, 0.0) + shift, np.inf)


def chain_words(boxes: np.ndarray, text_height: float) -> np.ndarray:
    """Fragment id (n,) of each word, boxes (n, 4): words that are each other's nearest neighbours share a fragment."""
    ends = Ends.of_words(boxes)
    right = nearest_right(ends, text_height, CHAIN_GAP, max_shift=1.0)
    left = nearest_right(ends.mirrored(), text_height, CHAIN_GAP, max_shift=1.0)
    fragment = np.arange(len(boxes))
    for word in np.argsort(boxes[:, 0] + boxes[:, 2], kind="stable"):
        follower = right[word]
        if follower >= 0 and left[follower] == word:
            fragment[follower] = fragment[word]
    return fragment


def slope_of(boxes: np.ndarray, fragment: np.ndarray, text_height: float) -> float:
    """Residual slope dy/dx of the text: the median over the long fragments, 0.0 if there are too few to tell.

    Where fragments are short, as in forms, the slopes from each to its right neighbour speak instead.
    """
    centres = boxes.reshape(-1, 2, 2).mean(axis=1)
    lines = [centres[words] for words in groups(fragment)]
    long = [line for line in lines if len(line) >= LONG_WORDS and np.ptp(line[:, 0]) >= LONG_WIDTH * text_height]
    if len(long) >= MIN_SLOPES:
        return float(np.median([_fitted_slope(line) for line in long]))
    right = nearest_right(Ends.of_words(boxes), text_height, PAIR_GAP, PAIR_SHIFT)
    step = (centres[right] - centres)[right >= 0]
    step = step[step[:, 0] >= PAIR_WIDTH * text_height]
    return float(np.median(step[:, 1] / step[:, 0])) if len(step) >= MIN_SLOPES else 0.0


def _fitted_slope(points: np.ndarray) -> float:
    """Least-squares slope dy/dx of points (n, 2)."""
    x, y = (points - points.mean(axis=0)).T
    return float((x * y).sum() / np.square(x).sum())


def groups(label: np.ndarray) -> list[np.ndarray]:
    """Indices of the items that share a label, one array a label."""
    by_label = np.argsort(label, kind="stable")
    return np.split(by_label, np.flatnonzero(np.diff(label[by_label])) + 1) if len(label) else []
