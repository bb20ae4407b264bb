"""Typeset pages with their truth: the box of each word, as given by the PDF."""

from __future__ import annotations

import numpy as np
import pymupdf

DPI = 150
ROWS = (
    "Invoice 2043 of 12/04/2019",
    "Widget, blue 3 $4.32",
    "Freight and handling $1,250.00",
    "Please pay within thirty days.",
    "Total amount due $1,254.32",
)
Box = tuple[float, float, float, float]


def typeset_page(rows: tuple[str, ...] = ROWS, font_size: float = 11) -> tuple[np.ndarray, list[tuple[str, Box]]]:
    """Returns a page as `(height, width, 3)` uint8 RGB, and its words with their boxes in pixels."""
    with pymupdf.open() as document:
        page = document.new_page(width=420, height=300)
        for number, row in enumerate(rows):
            page.insert_text((40, 50 + 45 * number), row, fontsize=font_size, fontname="helv")
        pixels = page.get_pixmap(dpi=DPI, colorspace="rgb", alpha=False)
        image = np.frombuffer(pixels.samples, np.uint8).reshape(pixels.height, pixels.width, 3)
        scale = DPI / 72
        words = [(word[4], tuple(scale * side for side in word[:4])) for word in page.get_text("words")]
    return image, words


def is_at(truth: Box, found: Box) -> bool:
    """Returns whether a found box is where it should be.

    The two boxes must share more than 0.7 of the union of their widths, and the vertical centre of `found` must be in
    `truth`. Heights are not compared: some engines give the height of the ink, others the height of the font.
    """
    shared = min(truth[2], found[2]) - max(truth[0], found[0])
    union = max(truth[2], found[2]) - min(truth[0], found[0])
    return shared > 0.7 * union and truth[1] < (found[1] + found[3]) / 2 < truth[3]
