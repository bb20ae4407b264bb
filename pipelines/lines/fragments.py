"""Step 1: fragments, which are chains of words that are close together on one level, and the slope of the text.

Only boxes are used. Lengths are in text heights (the typical height of a word on the page), so that the results do not
depend on the scale of the page.
"""

from __future__ import annotations

import numpy as np

from pipelines.lines.neighbours import Ends, nearest_right

CHAIN_GAP = 1.5  # text heights: justified text has gaps up to this size; most gaps between two cells are larger
LONG_WORDS, LONG_WIDTH = 4, 8.0  # minimum words, and width in text heights, of a fragment whose slope is measured
# For the slope from a word to its right neighbour: minimum distance of the centres and maximum gap in text heights, and
# maximum difference in level as a share of the height, so that the neighbour is not in the next row.
PAIR_WIDTH, PAIR_GAP, PAIR_SHIFT = 4.0, 40.0, 0.4
MIN_SLOPES = 5  # minimum number of slopes for an estimate


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
