"""Before step 1: which words are vertical. Where the reader of a page does not know it, the shape of a box decides."""

from __future__ import annotations

import numpy as np

from pipelines.lines.nearby import pairs_inside

SLIM, TALL = 2.5, 2.0  # a vertical word is higher than SLIM times its width and TALL times the usual text height
OFF_LINE = 0.25  # maximum offset of the next word in a vertical line, as a share of the vertical word's width
SIDEWAYS = 0.7  # sine of the angle from which text counts as vertical


def vertical_words(boxes: np.ndarray, angle_deg: np.ndarray) -> np.ndarray:
    """Returns (n,) which words are vertical.

    Args:
        boxes: (n, 4) boxes of the words.
        angle_deg: (n,) direction in which a word runs, NaN if its shape decides.
    """
    width, height = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    usual_height = np.median(height[width > height]) if (width > height).any() else 0.0
    # Dots and bars are slim too, but they are not taller than the text around them.
    vertical = (height > SLIM * width) & (height > TALL * usual_height)
    vertical |= _between(boxes, vertical)
    return np.where(np.isnan(angle_deg), vertical, np.abs(np.sin(np.radians(angle_deg))) > SIDEWAYS)


def _between(boxes: np.ndarray, vertical: np.ndarray) -> np.ndarray:
    """Returns (n,) which words are between two vertical words of one line.

    Such words are too short for their own shape to show that they are vertical.
    """
    flipped = np.stack([boxes[:, 0], -boxes[:, 3], boxes[:, 2], -boxes[:, 1]], axis=1)
    below = _below(boxes, vertical)
    return below & _below(flipped, vertical) if below.any() else below


def _below(boxes: np.ndarray, vertical: np.ndarray) -> np.ndarray:
    """Returns (n,) which words follow a vertical word downwards in its line, with gaps no wider than that word."""
    below = np.zeros(len(boxes), bool)
    if not vertical.any():
        return below
    centre, width = boxes[:, [0, 2]].mean(axis=1), boxes[:, 2] - boxes[:, 0]
    # The search looks to the right, so the page is turned: downwards is rightwards.
    off_line = OFF_LINE * width
    turned = np.stack([boxes[:, 1], centre - off_line, boxes[:, 3] + width, centre + off_line], axis=1)
    head, word = pairs_inside(np.stack([boxes[:, 1], centre], axis=1), turned)
    follows = ~vertical[word] & (np.abs(centre[word] - centre[head]) <= OFF_LINE * width[head])
    follows &= np.abs(width[word] - width[head]) <= 2 * OFF_LINE * width[head]
    follows &= (boxes[word, 1] > boxes[head, 1]) & (boxes[word, 1] - boxes[head, 3] <= width[head])
    head, word = head[follows], word[follows]
    first = np.searchsorted(head, np.arange(len(boxes) + 1)).tolist()
    followers, heads = word.tolist(), np.flatnonzero(vertical).tolist()
    while heads:
        at = heads.pop()
        new = [word for word in followers[first[at] : first[at + 1]] if not below[word]]
        below[new] = True
        heads += new
    return below
