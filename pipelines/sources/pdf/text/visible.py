"""Which words of a text layer a reader of the page can see: those whose place in the rendered page has contrast.

Words in the colour of the paper, without opacity, or under a bar have none.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipelines.sources.pdf.text.text_layer import LayerWord

MIN_CONTRAST = 6  # levels of 255 between neighbouring pixels, in any channel; pale gray on white has 18
# The middle of a word, as shares of its box: the neighbouring lines and frames do not reach it.
INSET, TOP, BOTTOM = 0.05, 0.3, 0.85
MIN_HEIGHT_PX = 8  # of a word's box; the middle of a smaller word is too few pixels, so a pixel around it counts too
BLANK_TOP, BLANK_BOTTOM, MIN_INKED = 0.4, 0.7, 0.1  # the same for rows of white space; different neighbours per pixel
MIN_BLANK_SHARE = 0.1  # of the width of all rows; less is a single row next to a picture
MIN_SIZE_PT, MIN_SIZE_SHARE = 1.0, 0.0012  # the smaller one counts: points, and share of the page's long side


class InkMap:
    """Counts the pairs of neighbouring pixels that differ.

    Args:
        image: `(height, width, 3)` uint8 RGB.
    """

    def __init__(self, image: np.ndarray) -> None:
        self._across = _counts(image[:, 1:], image[:, :-1])  # (height + 1, width)
        self._down = _counts(image[1:], image[:-1])  # (height, width + 1)
        self._limits = np.array(image.shape[1::-1])

    def share(self, boxes: np.ndarray) -> np.ndarray:
        """Returns (n,) the number of different neighbours per pixel inside of each box (n, 4).

        A box has at least one row and one column of pixels.
        """
        corners = np.rint(boxes.reshape(-1, 2, 2)).astype(int)
        first = corners[:, 0].clip(0, self._limits - 1)
        last = corners[:, 1].clip(first + 1, self._limits)
        found = _count(self._across, first, last - (1, 0)) + _count(self._down, first, last - (0, 1))
        share: np.ndarray = found / (last - first).prod(axis=1)
        return share


def _counts(pixels: np.ndarray, neighbours: np.ndarray) -> np.ndarray:
    """Returns the summed-area table (h + 1, w + 1) of the pixels that differ from their neighbour, both (h, w, 3)."""
    import cv2

    is_plain = cv2.inRange(cv2.absdiff(pixels, neighbours), np.zeros(3), np.full(3, MIN_CONTRAST - 1.0))
    table: np.ndarray = cv2.integral((is_plain == 0).view(np.uint8))
    return table


def _count(table: np.ndarray, first: np.ndarray, last: np.ndarray) -> np.ndarray:
    """Returns the sums (n,) of a summed-area table over the boxes from `first` up to `last`, both (n, 2) x and y."""
    (x0, y0), (x1, y1) = first.T, last.T
    sums: np.ndarray = table[y1, x1] - table[y0, x1] - table[y1, x0] + table[y0, x0]
    return sums


def are_visible(words: Sequence[LayerWord], ink: InkMap, long_side_pt: float) -> np.ndarray:
    """Returns (n,) whether each of n words can be seen.

    Args:
        words: the words, boxes in pixels of the image.
        ink: the image.
        long_side_pt: long side of the page in points.
    """
    large = np.array([found.size_pt for found in words]) >= min(MIN_SIZE_PT, MIN_SIZE_SHARE * long_side_pt)
    return large & (ink.share(_cores(words)) > 0)


def has_text_at_blanks(blanks: np.ndarray, words: Sequence[LayerWord], ink: InkMap) -> bool:
    """Returns whether the page shows text where its layer holds only white space, as with a font mapped to spaces.

    Args:
        blanks: (n, 4) boxes of rows of white space, in pixels of the image.
        words: the words of the layer, boxes in pixels. They explain the ink of their own place.
        ink: the image.
    """
    taken = np.array([found.word.box for found in words]).reshape(-1, 4)
    height = np.diff(blanks[:, [1, 3]], axis=1)  # (n, 1)
    middles = blanks + height * np.array([0, BLANK_TOP, 0, BLANK_BOTTOM - 1])  # a rule below a row is no text
    inked = blanks[ink.share(middles) >= MIN_INKED]
    free_px = sum(box[2] - box[0] for box in inked if not _are_crossing(box, taken).any())
    return bool(free_px > MIN_BLANK_SHARE * (free_px + (taken[:, 2] - taken[:, 0]).sum()))


def _are_crossing(box: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Returns (n,) whether each of n boxes has a place in common with a box."""
    crossing: np.ndarray = np.all((others[:, :2] < box[2:]) & (others[:, 2:] > box[:2]), axis=1)
    return crossing


def _cores(words: Sequence[LayerWord]) -> np.ndarray:
    """Returns the parts of the boxes to look at, (n, 4)."""
    cores = np.array([found.word.box for found in words]).reshape(-1, 4)
    width, height = (cores[:, 2:] - cores[:, :2]).T
    small = height < MIN_HEIGHT_PX
    upright = [found.word.angle_deg == 0 and any(map(str.isalnum, found.word.text)) for found in words]
    raised = np.where(np.array(upright, bool) & ~small, height, 0.0)
    inset = np.where(small, -1.0, INSET * width)
    cores[:, 0] += inset
    cores[:, 2] -= inset
    cores[:, 1] += np.where(small, -1.0, TOP * raised)
    cores[:, 3] -= np.where(small, -1.0, (1 - BOTTOM) * raised)
    return cores
