"""The scale at which the detector looks at a page: the larger the letters, the smaller the picture may be.

The detector's time grows with the area of its picture. In a smaller one it finds lines of large letters as well, but
fewer of the characters that stand alone, such as the answers of a questionnaire. A page with many of these is not
scaled down further.
"""

from __future__ import annotations

import cv2
import numpy as np

SCALE = 0.8  # for large pages: the detector misses no more lines than at 1.0 and needs a third less time
LONG_SIDE_PX = 1408  # the long side is not scaled below this, except for large letters
MAX_SIDE_PX = 3968
MAX_AREA_PX = 4_000_000  # the detector's memory grows with it
LETTER_PX = 6.5  # height of the small letters in the detector's picture
MIN_SCALE = 0.5  # for large letters; the page may hold a few smaller ones
SMALL_LETTERS = 0.2  # quantile of the heights of the letters that stands for the page
MIN_LETTERS = 20  # with fewer the quantile means little
MAX_ALONE = 0.05  # share of the letters; running text and most tables have 0.01 to 0.04, questionnaires 0.06 and more
ALONE_REACH = 2.0  # a letter is alone if none is so near to its left or right, in its heights
_MIN_HEIGHT_PX, _MAX_HEIGHT_PX = 5, 100  # of a letter; dots, commas and noise are lower, pictures higher
_MIN_WIDTH_PX, _MAX_RATIO = 2, 3.0  # width of a letter, and its width to height; rules are thinner or longer
_MAX_FRAME_FILL = 0.4  # share of a frame that is ink


def detection_scale(bgr: np.ndarray) -> float:
    """Returns by how much a page is scaled for the detector, at most 1.

    Args:
        bgr: `(height, width, 3)` uint8, dark on light or light on dark.
    """
    height, width = bgr.shape[:2]
    long_side = max(height, width)
    limits = 1.0, MAX_SIDE_PX / long_side, (MAX_AREA_PX / (height * width)) ** 0.5
    return min(max(SCALE, LONG_SIDE_PX / long_side), *limits, _scale_for_letters(_letters(bgr), (height, width)))


def _scale_for_letters(boxes: np.ndarray, shape: tuple[int, int]) -> float:
    if len(boxes) < MIN_LETTERS or _share_alone(boxes, shape) > MAX_ALONE:
        return 1.0
    return float(max(MIN_SCALE, LETTER_PX / np.quantile(boxes[:, cv2.CC_STAT_HEIGHT], SMALL_LETTERS)))


def _letters(bgr: np.ndarray) -> np.ndarray:
    """Returns the connected ink of the size and shape of a letter: (n, 5) as OpenCV gives it."""
    grey = cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY)
    _, ink = cv2.threshold(grey, 0, 1, cv2.THRESH_BINARY_INV + cv2.THRESH_OTSU)
    if 2 * np.count_nonzero(ink) > ink.size:
        ink = 1 - ink
    boxes = cv2.connectedComponentsWithStats(ink, connectivity=8)[2][1:]
    widths, heights = boxes[:, cv2.CC_STAT_WIDTH], boxes[:, cv2.CC_STAT_HEIGHT]
    high = (heights >= _MIN_HEIGHT_PX) & (heights <= _MAX_HEIGHT_PX)
    return boxes[high & (widths >= _MIN_WIDTH_PX) & (widths <= _MAX_RATIO * heights)]


def _share_alone(boxes: np.ndarray, shape: tuple[int, int]) -> float:
    """Returns the share of the letters that have no other letter beside them. The frame around a letter is none."""
    framed = _neighbours(boxes, 0.0, shape) > 1
    is_frame = framed & (boxes[:, 4] < _MAX_FRAME_FILL * boxes[:, 2] * boxes[:, 3])
    letters = boxes[~is_frame]
    return float((_neighbours(letters, ALONE_REACH, shape) == 1).sum() / len(boxes))


def _neighbours(boxes: np.ndarray, reach: float, shape: tuple[int, int]) -> np.ndarray:
    """Returns (n,) how many boxes have their centre in each box, which is widened by `reach` times its height."""
    centres = np.zeros(shape, np.uint8)
    x, y, width, height, _ = boxes.T
    centres[y + height // 2, x + width // 2] = 1
    sums = cv2.integral(centres)
    margin = (reach * height).astype(int)
    left, right = np.maximum(x - margin, 0), np.minimum(x + width + margin, shape[1])
    counts: np.ndarray = sums[y + height, right] - sums[y, right] - sums[y + height, left] + sums[y, left]
    return counts
