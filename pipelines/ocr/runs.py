"""Numbers the runs of turned text on a page (see `pipelines.lines.words.RawWord`)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipelines.lines.direction import is_wide

# Two boxes are one run if they share this part of the narrower width, and their gap is at most this part of it: the
# detector cuts a line at a wide gap between two words.
MIN_SHARED, MAX_GAP = 0.6, 1.2


def number_runs(angle_deg: Sequence[float], texts: Sequence[str], boxes: np.ndarray) -> list[int]:
    """Returns the run of each of n lines: 0 if it is part of the layout, else a number from 1.

    Upright lines are part of the layout. So are the columns of a page of Chinese or Japanese: most characters of its
    lines that run downwards are wide, and there are more of these lines than of upright ones.

    Args:
        angle_deg: the direction of each line, in degrees clockwise from rightwards.
        texts: the text of each line.
        boxes: (n, 4) x0, y0, x1, y1 of each line.
    """
    angles, runs = np.asarray(angle_deg, float), np.zeros(len(boxes), int)
    turned = np.flatnonzero(angles != 0)
    if _are_layout([texts[line] for line in turned], boxes[turned], boxes[angles == 0]):
        return runs.tolist()
    for number, line in enumerate(turned[np.argsort(boxes[turned, 1], kind="stable")], start=1):
        above = np.flatnonzero((runs > 0) & (angles == angles[line]) & _continues(boxes, boxes[line]))
        runs[line] = runs[above[-1]] if len(above) else number
    return runs.tolist()


def _are_layout(texts: Sequence[str], turned: np.ndarray, upright: np.ndarray) -> bool:
    characters = "".join(texts)
    if 2 * sum(map(is_wide, characters)) <= len(characters):
        return False
    return bool((turned[:, 3] - turned[:, 1]).sum() > (upright[:, 2] - upright[:, 0]).sum())


def _continues(boxes: np.ndarray, line: np.ndarray) -> np.ndarray:
    """Returns (n,) whether a turned line continues each of the boxes (n, 4) down the page."""
    width = np.minimum(boxes[:, 2] - boxes[:, 0], line[2] - line[0])
    shared = np.minimum(boxes[:, 2], line[2]) - np.maximum(boxes[:, 0], line[0])
    gap = line[1] - boxes[:, 3]
    return (shared >= MIN_SHARED * width) & (gap >= -width) & (gap <= MAX_GAP * width)
