"""Typeset pages with exact truth: each word where the PDF says it stands."""

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
    """Returns a page as RGB pixels, and its words with their boxes in pixels."""
    with pymupdf.open() as document:
        page = document.new_page(width=420, height=300)
        for number, row in enumerate(rows):
            page.insert_text((40, 50 + 45 * number), row, fontsize=font_size, fontname="helv")
        pixels = page.get_pixmap(dpi=DPI, colorspace="rgb", alpha=False)
        image = np.frombuffer(pixels.samples, np.uint8).reshape(pixels.height, pixels.width, 3)
        scale = DPI / 72
        words = [(word[4], tuple(scale * side for side in word[:4])) for word in page.get_text("words")]
    return image, words


def overlap(a: Box, b: Box) -> float:
    """Intersection over union of two boxes."""
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    shared = max(width, 0) * max(height, 0)
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)
