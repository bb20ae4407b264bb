"""Input of steps 1 and 3: the nearest span to the right of each on its level. A span is a word or a fragment.

Only boxes are used. Lengths are in text heights (the typical height of a word on the page), so that the results do not
depend on the scale of the page.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipelines.lines.nearby import ROUNDING, pairs_inside

BACKSTEP = 0.6  # text heights: maximum overlap of a box with its right neighbour (italics, kerning, padded OCR boxes)
SHARED_HEIGHT = 0.5  # share of the lower span: superscripts and commas overlap their line by this, never the next line
# With more than FEW spans, the neighbour is first looked for up to NEAR text heights away, then FARTHER times as far.
FEW, NEAR, FARTHER = 500, 16.0, 16.0


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
    at most `max_shift`. The distance is the gap plus the difference in level.

    Args:
        ends: the n spans.
        text_height: the unit of `max_gap`.
        max_gap: maximum gap between two spans, in text heights.
        max_shift: maximum difference in level, as a share of the height of the higher end.
    """
    found, seeking = np.full(len(ends.x0), -1), np.arange(len(ends.x0))
    rank = np.empty(len(found), int)
    rank[np.argsort(ends.left.mean(axis=1), kind="stable")] = np.arange(len(found))
    reach = max_gap if len(found) <= FEW else min(NEAR, max_gap)
    while len(seeking):
        one, other = _candidates(ends, seeking, reach * text_height, max_shift, text_height)
        distance = _distances(ends, one, other, text_height, max_gap, max_shift)
        near = distance < np.inf
        one, other, distance = one[near], other[near], distance[near]
        nearest = np.lexsort((rank[other], distance, one))
        nearest = nearest[np.diff(one[nearest], prepend=-1) > 0]
        found[one[nearest]] = other[nearest]
        if reach >= max_gap:
            break
        # What is farther away than the window is farther away than a neighbour that was found within it.
        settled = one[nearest[distance[nearest] <= reach * text_height]]
        seeking = np.setdiff1d(seeking, settled, assume_unique=True)
        reach = min(reach * FARTHER, max_gap) if reach < FARTHER**3 else max_gap
    return found


def _candidates(
    ends: Ends, seeking: np.ndarray, reach: float, max_shift: float, text_height: float
) -> tuple[np.ndarray, np.ndarray]:
    """Returns pairs (one, other) with all that may be neighbours: `one` of the spans `seeking`, `other` to its right.

    The higher of two ends decides how far their levels may differ. Therefore the lower end is looked for from the
    higher one: to the right in the first search, to the left in the second.
    """
    margin = ROUNDING * text_height
    back = BACKSTEP * text_height + margin
    (leaving, leaving_half), (entering, entering_half) = (
        (end.mean(axis=1), max_shift * np.ptp(end, axis=1) + margin) for end in (ends.right, ends.left)
    )
    x1, y, dy = ends.x1[seeking], leaving[seeking], leaving_half[seeking]
    rightwards = np.stack([x1 - back, y - dy, x1 + reach + margin, y + dy], axis=1)
    of_one, other = pairs_inside(np.stack([ends.x0, entering], axis=1), rightwards)
    high = np.flatnonzero(entering_half > dy.min())
    x0, y, dy = -ends.x0[high], entering[high], entering_half[high]
    leftwards = np.stack([x0 - back, y - dy, x0 + reach + margin, y + dy], axis=1)
    of_high, of_seeking = pairs_inside(np.stack([-ends.x1[seeking], leaving[seeking]], axis=1), leftwards)
    return seeking[np.concatenate([of_one, of_seeking])], np.concatenate([other, high[of_high]])


def _distances(
    ends: Ends, one: np.ndarray, other: np.ndarray, text_height: float, max_gap: float, max_shift: float
) -> np.ndarray:
    """Returns the distance (k,) from the right end of `one` to the left end of `other`, infinite if there is none."""
    (top, bottom), (other_top, other_bottom) = ends.right[one].T, ends.left[other].T
    height, other_height = bottom - top, other_bottom - other_top
    shared = np.minimum(bottom, other_bottom) - np.maximum(top, other_top)
    shift = np.abs(bottom + top - other_bottom - other_top) / 2
    gap = ends.x0[other] - ends.x1[one]
    fits = (gap >= -BACKSTEP * text_height) & (gap <= max_gap * text_height)
    fits &= ends.x0[other] + ends.x1[other] > ends.x0[one] + ends.x1[one]
    fits &= shared >= SHARED_HEIGHT * np.minimum(height, other_height)
    fits &= shift <= max_shift * np.maximum(height, other_height)
    return np.where(fits, np.maximum(gap, 0.0) + shift, np.inf)
