"""Input of step 1: boxes without what hides the lines: the height of drop caps, and a small remaining skew."""

from __future__ import annotations

import numpy as np

from pipelines.lines.fragments import groups
from pipelines.lines.nearby import pairs_inside

DROP_CAP = 1.6  # minimum height of a drop cap, in text heights and in heights of the text next to it
DROP_CAP_GAP = 1.5  # maximum distance of the text next to it, in text heights
DROP_CAP_LINES = 0.8  # minimum distance of the first and the last line next to it, in heights of a line


def clip_drop_caps(boxes: np.ndarray, words: np.ndarray, text_height: float) -> np.ndarray:
    """Returns a copy of the boxes (n, 4) in which drop caps among some words are cut to the height of a line.

    A drop cap is a tall letter to the left of several lines. Its box then ends where the first of these lines ends.
    """
    clipped, chosen = boxes.copy(), boxes[words]
    width, height = chosen[:, 2] - chosen[:, 0], chosen[:, 3] - chosen[:, 1]
    centre = chosen.reshape(-1, 2, 2).mean(axis=1)
    tall = np.flatnonzero((height >= DROP_CAP * text_height) & (width <= 2 * height))
    beside = chosen[tall] + [0, 0, DROP_CAP_GAP * text_height, 0]
    beside[:, 0] = centre[tall, 0]
    cap, other = pairs_inside(np.stack([chosen[:, 0], centre[:, 1]], axis=1), beside)
    inside = (chosen[other, 0] > beside[cap, 0]) & (chosen[other, 0] < beside[cap, 2])
    inside &= (centre[other, 1] > beside[cap, 1]) & (centre[other, 1] < beside[cap, 3])
    inside &= height[other] < height[tall[cap]] / DROP_CAP
    cap, other = cap[inside], other[inside]
    for pairs in groups(cap):
        lines = other[pairs]
        top = chosen[lines[np.lexsort((lines, chosen[lines, 3]))[0]]]
        if np.ptp(centre[lines, 1]) > DROP_CAP_LINES * (top[3] - top[1]):
            word = words[tall[cap[pairs[0]]]]
            clipped[word, 3] = max(top[3], boxes[word, 1])
    return clipped


def deskewed(boxes: np.ndarray, slope: float) -> np.ndarray:
    """Returns the boxes after the page is turned back by a small slope dy/dx. Each box moves with its centre."""
    x, y = boxes[:, [0, 2]].mean(axis=1), boxes[:, [1, 3]].mean(axis=1)
    return boxes + np.stack([y * slope, -x * slope] * 2, axis=1)
