"""Removes the frames around single characters: the squares of a questionnaire, the rules of narrow cells.

A recogniser takes a frame for a part of the character: a 1 in a square is read as 0, an H as a Chinese character. Most
boxes of the detector do not hold the rules around them, those of small squares do.

In a small box, the connected parts of the ink are found. A part is a frame if it is a rectangle, or if it lies along
the border of the box and reaches it. A frame is erased only if ink is left that can be a character.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from pipelines.ocr.recognise import side_lengths

MAX_WIDTH, MAX_HEIGHT = 2.0, 3.0  # width to height, and height to width, of the boxes that are examined
MIN_SIDE_PX = 8
MIN_FILL = 0.85  # share of each side of a rectangle that is ink
MAX_FILL = 0.6  # share of a rectangle that is ink; a dark cell with a light character has more
BAND = 0.25  # width of the border of a box, as a share of its sides
MIN_LENGTH, MIN_IN_BAND = (
    0.65,
    0.9,
)  # of a rule along the border: its share of a side, and the share of it in the border
MIN_INK = 0.2  # of a character: its longer side, as a share of the height of the box
MARGIN = 0.2  # paper around the ink of a character, as a share of its height: as much as the detector leaves
MIN_CONTRAST = 40  # grey levels between ink and paper


@dataclass(frozen=True)
class _Parts:
    """The ink of a box: `labels` (h, w) with the number of each part, 0 is paper; `stats` (n, 5) as OpenCV gives it."""

    labels: np.ndarray
    stats: np.ndarray


def without_frames(image: np.ndarray, quads: list[np.ndarray]) -> tuple[np.ndarray, dict[int, np.ndarray]]:
    """Erases frames.

    Args:
        image: `(height, width, 3)` uint8 BGR. It is not changed.
        quads: `(4, 2)` corners of each box, clockwise from the top left.

    Returns:
        The image without the frames, and for each box with a frame, by its index, the corners around its characters.
    """
    erased, found = image, {}
    for index, quad in enumerate(quads):
        width, height = side_lengths(quad)
        if width > MAX_WIDTH * height or height > MAX_HEIGHT * width:
            continue
        limits = image.shape[1], image.shape[0]
        x0, y0 = np.maximum(np.floor(quad.min(axis=0)), 0).astype(int)
        x1, y1 = np.minimum(np.ceil(quad.max(axis=0)), limits).astype(int)
        if min(x1 - x0, y1 - y0) < MIN_SIDE_PX:
            continue
        parts = _parts(image[y0:y1, x0:x1])
        frame, text = _frame_and_text(parts)
        if not len(frame) or not len(text):
            continue
        if erased is image:
            erased = image.copy()
        _erase(erased[y0:y1, x0:x1], parts, frame)
        found[index] = _around(parts, text) + np.array((x0, y0), np.float32)
    return erased, found


def _parts(bgr: np.ndarray) -> _Parts:
    grey = cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY)
    _, ink = cv2.threshold(grey, 0, 1, cv2.THRESH_BINARY_INV + cv2.THRESH_OTSU)
    if int(grey.max()) - int(grey.min()) < MIN_CONTRAST:
        ink = np.zeros_like(ink)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    return _Parts(labels, stats)


def _frame_and_text(parts: _Parts) -> tuple[list[int], list[int]]:
    """Returns the numbers of the parts that are a frame, and of those that can be characters."""
    height, width = parts.labels.shape
    frame, text = [], []
    for number in range(1, len(parts.stats)):
        x, y, w, h, _ = parts.stats[number]
        part = parts.labels[y : y + h, x : x + w] == number
        at_border = x == 0 or y == 0 or x + w == width or y + h == height
        if _is_rectangle(part, height) or (at_border and _is_rule(part, x, y, width, height)):
            frame.append(number)
        elif max(w, h) >= MIN_INK * height and not at_border:
            text.append(number)
    return frame, text


def _is_rectangle(part: np.ndarray, height: int) -> bool:
    """Returns whether a part fills all four sides of its bounding box, but not its inside."""
    if min(part.shape) < height / 2 or part.mean() > MAX_FILL:
        return False
    band = max(2, round(0.12 * min(part.shape)))
    sides = part[:band].any(axis=0), part[-band:].any(axis=0), part[:, :band].any(axis=1), part[:, -band:].any(axis=1)
    return min(float(side.mean()) for side in sides) >= MIN_FILL


def _is_rule(part: np.ndarray, x: int, y: int, width: int, height: int) -> bool:
    """Returns whether a part is long and lies in the border of the box."""
    if part.shape[0] < MIN_LENGTH * height and part.shape[1] < MIN_LENGTH * width:
        return False
    rows, columns = np.nonzero(part)
    across, down = (columns + x + 0.5) / width, (rows + y + 0.5) / height
    return bool((np.maximum(np.abs(across - 0.5), np.abs(down - 0.5)) >= 0.5 - BAND).mean() >= MIN_IN_BAND)


def _erase(bgr: np.ndarray, parts: _Parts, frame: list[int]) -> None:
    """Paints a frame in the colour of the paper, with the grey pixels at its edges."""
    paper = np.median(bgr[parts.labels == 0], axis=0)
    other = np.isin(parts.labels, [0, *frame], invert=True).astype(np.uint8)
    around = cv2.dilate(np.isin(parts.labels, frame).astype(np.uint8), np.ones((5, 5), np.uint8))
    bgr[(around > 0) & (cv2.dilate(other, np.ones((3, 3), np.uint8)) == 0)] = paper


def _around(parts: _Parts, text: list[int]) -> np.ndarray:
    """Returns the corners `(4, 2)` around the characters, with a margin."""
    x, y, w, h = parts.stats[text, :4].T
    margin = MARGIN * (max(y + h) - min(y))
    x0, y0, x1, y1 = min(x) - margin, min(y) - margin, max(x + w) + margin, max(y + h) + margin
    return np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], np.float32)
