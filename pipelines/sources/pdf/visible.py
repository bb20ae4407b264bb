"""Which words of a text layer a reader of the page can see: those whose place in the rendered page has contrast.

Words in the colour of the paper, without opacity, or under a bar have none.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipelines.sources.pdf.text_layer import LayerWord

MIN_CONTRAST = 8  # levels of 255, in any channel; pale gray on white has 18 or more
# The middle of a word, as shares of its box: the neighbouring lines and frames do not reach it.
INSET, TOP, BOTTOM = 0.05, 0.3, 0.85
BLANK_TOP, BLANK_BOTTOM, MIN_INKED = 0.4, 0.7, 0.4  # the same for rows of white space; share of inked columns
MIN_SIZE_PT, MIN_SIZE_SHARE = 1.0, 0.25  # smaller than one point and than a quarter of the page's usual size


def are_visible(words: Sequence[LayerWord], image: np.ndarray) -> np.ndarray:
    """Returns (n,) whether each of n words can be seen.

    Args:
        words: the words, boxes in pixels of `image`.
        image: `(height, width, 3)` uint8 RGB.
    """
    sizes = np.array([found.size_pt for found in words])
    usual_pt = float(np.median(sizes)) if len(sizes) else 0.0
    large = (sizes >= MIN_SIZE_PT) | (sizes >= MIN_SIZE_SHARE * usual_pt)
    cores = _cores(words, image.shape[1], image.shape[0])
    contrast = (_contrast(image[y0:y1, x0:x1]) for x0, y0, x1, y1 in cores.tolist())
    return large & np.fromiter((found >= MIN_CONTRAST for found in contrast), bool, count=len(cores))


def has_text_at_blanks(blanks: np.ndarray, words: Sequence[LayerWord], image: np.ndarray) -> bool:
    """Returns whether the page shows text where its layer holds only white space, as with a font mapped to spaces.

    Args:
        blanks: (n, 4) boxes of rows of white space, in pixels of `image`.
        words: the words of the layer, boxes in pixels. They explain the ink of their own place.
        image: `(height, width, 3)` uint8 RGB.
    """
    taken = np.array([found.word.box for found in words]).reshape(-1, 4)
    return any(_is_inked(image, box) and not _are_crossing(box, taken).any() for box in blanks)


def _is_inked(image: np.ndarray, box: np.ndarray) -> bool:
    """Returns whether enough columns of the middle of a row have contrast. A rule below or beside it is no text."""
    x0, x1 = np.clip(box[[0, 2]], 0, image.shape[1]).astype(int)
    height = box[3] - box[1]
    y0, y1 = np.clip([box[1] + BLANK_TOP * height, box[1] + BLANK_BOTTOM * height], 0, image.shape[0]).astype(int)
    middle = image[y0:y1, x0:x1]
    if not middle.size:
        return False
    inked = np.ptp(middle, axis=0).max(axis=1) >= MIN_CONTRAST  # (columns,)
    return bool(inked.mean() >= MIN_INKED)


def _are_crossing(box: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Returns (n,) whether each of n boxes has a place in common with a box."""
    crossing: np.ndarray = np.all((others[:, :2] < box[2:]) & (others[:, 2:] > box[:2]), axis=1)
    return crossing


def _cores(words: Sequence[LayerWord], width: int, height: int) -> np.ndarray:
    """Returns the pixels `x0, y0, x1, y1` (n, 4) to look at, at least one pixel inside of the image."""
    core = np.array([found.word.box for found in words])
    core = core.reshape(-1, 2, 2)  # (n, 2, 2)
    size = np.ptp(core, axis=1)  # (n, 2)
    core[:, 0, 0] += INSET * size[:, 0]
    core[:, 1, 0] -= INSET * size[:, 0]
    upright = np.array([found.word.angle_deg == 0 and any(map(str.isalnum, found.word.text)) for found in words], bool)
    core[upright, 1, 1] = core[upright, 0, 1] + BOTTOM * size[upright, 1]
    core[upright, 0, 1] += TOP * size[upright, 1]
    limits = np.array([width, height])
    first = np.clip(np.floor(core[:, 0]), 0, limits - 1)
    last = np.clip(np.ceil(core[:, 1]), first + 1, limits)
    return np.hstack([first, last]).astype(int)


def _contrast(part: np.ndarray) -> int:
    """Returns the largest range of the values of one channel of a part `(h, w, 3)`."""
    flat = part.reshape(-1, part.shape[-1])
    return int((flat.max(axis=0) - flat.min(axis=0)).max())
