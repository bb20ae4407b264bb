"""Step 1: fragments, which are chains of words that are close together on one level, and the slope of the text.

Only boxes are used. Lengths are in text heights (the typical height of a word on the page), so that the results do not
depend on the scale of the page.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

CHAIN_GAP = 1.5  # text heights: justified text has gaps up to this size; most gaps between two cells are larger
BACKSTEP = 0.6  # text heights: maximum overlap of a box with its right neighbour (italics, kerning, padded OCR boxes)
SHARED_HEIGHT = 0.5  # share of the lower span: superscripts and commas overlap their line by this, never the next line
LONG_WORDS, LONG_WIDTH = 4, 8.0  # minimum words, and width in text heights, of a fragment whose slope is measured
# For the slope from a word to its right neighbour: minimum distance of the centres and maximum gap in text heights, and
# maximum difference in level as a share of the height, so that the neighbour is not in the next row.
PAIR_WIDTH, PAIR_GAP, PAIR_SHIFT = 4.0, 40.0, 0.4
MIN_SLOPES = 5  # minimum number of slopes for an estimate
CHUNK = 32  # rows of the distance matrix that are computed together; bounds the memory on crowded pages


@dataclass(frozen=True)
class Ends:
    """Both ends of n horizontal spans: words, or chains of words whose two ends may differ in height or level.

    Attributes:
        x0, x1: (n,) left and right edge.
        left, right: (n, 2) top and bottom of the text at the left and at the right end.
    """

    x0: np.ndarray
    x1: np.ndarray
    left: np.ndarray
    right: np.ndarray

    @classmethod
    def of_words(cls, boxes: np.ndarray) -> Ends:
        """Returns the ends of words with boxes (n, 4). Left and right end have the same top and bottom."""
        return cls(boxes[:, 0], boxes[:, 2], boxes[:, [1, 3]], boxes[:, [1, 3]])

    def mirrored(self) -> Ends:
        """Returns the same spans mirrored from left to right, so that left neighbours become right neighbours."""
        return Ends(-self.x1, -self.x0, self.right, self.left)


def nearest_right(ends: Ends, text_height: float, max_gap: float, max_shift: float) -> np.ndarray:
    """Returns for each span the index (n,) of the nearest span to its right on the same level, -1 if there is none.

    Two spans are on the same level if their facing ends share `SHARED_HEIGHT` and the centres of these ends differ by
    at most `max_shift`.

    Args:
        ends: the n spans.
        text_height: the unit of `max_gap`.
        max_gap: maximum gap between two spans, in text heights.
        max_shift: maximum difference in level, as a share of the height of the higher end.
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
    """Returns the distance (rows, near) from right ends to left ends, infinite for pairs that are no neighbours.

    The distance is the gap plus the difference in level. `rows` and `near` are indices of spans.
    """
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
    """Returns the fragment id (n,) of each word, boxes (n, 4).

    Two words are in one fragment if each is the nearest neighbour of the other. A fragment has the id of its leftmost
    word.
    """
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
    """Returns the remaining slope dy/dx of the text: the median over the long fragments.

    If there are too few long fragments, as in forms, the slopes from each word to its right neighbour are used. If
    there are too few of these as well, the result is 0.0.

    Args:
        boxes: (n, 4) boxes of the words.
        fragment: (n,) fragment id of each word.
        text_height: the unit of the limits above.
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
    """Returns the least-squares slope dy/dx of points (n, 2)."""
    x, y = (points - points.mean(axis=0)).T
    return float((x * y).sum() / np.square(x).sum())


def groups(label: np.ndarray) -> list[np.ndarray]:
    """Returns the indices of the items that share a label, one array per label."""
    by_label = np.argsort(label, kind="stable")
    return np.split(by_label, np.flatnonzero(np.diff(label[by_label])) + 1) if len(label) else []
