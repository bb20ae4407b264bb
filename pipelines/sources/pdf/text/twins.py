"""Tells fonts of one page apart that have the same name but are different objects, with different character maps."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pymupdf

TEXT_BLOCK = 0

Point = tuple[float, float]


def twin_fonts(page: pymupdf.Page, text: pymupdf.TextPage) -> dict[Point, int]:
    """Returns the number of the font at the origin of each character; nothing if the fonts have different names.

    PyMuPDF gives the names of fonts alone. MuPDF's characters know the font object, but to ask each of them costs five
    times as much as to read the page. Therefore only pages with two fonts of one name (some 5 %) are asked.
    """
    names = Counter(font[3] for font in page.get_fonts(full=False))
    if max(names.values(), default=0) < 2:
        return {}
    numbers: dict[int, int] = {}
    found: dict[Point, int] = {}
    for block in text.this:
        for line in block if block.m_internal.type == TEXT_BLOCK else ():
            for character in line:
                inner = character.m_internal
                found[inner.origin.x, inner.origin.y] = numbers.setdefault(int(inner.font.this), len(numbers))
    return found
