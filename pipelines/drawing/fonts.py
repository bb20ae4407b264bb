"""The base-14 fonts of PDF: measure, wrap and clip text, in points."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pymupdf

FAMILIES = {
    "helv": ("helv", "hebo", "heit", "hebi"),
    "tiro": ("tiro", "tibo", "tiit", "tibi"),
    "cour": ("cour", "cobo", "coit", "cobi"),
}
"""PyMuPDF's family name -> its regular, bold, italic and bold italic faces."""

_LATIN_1 = bytes(range(256)).decode("latin-1")


@cache
def _metrics(face: str) -> tuple[tuple[float, ...], float, float]:
    """Returns the advance of every Latin-1 character, the height of "d" and the depth of "p", in ems."""
    font = full_face(face)
    advances = tuple(font.char_lengths(_LATIN_1, 1.0))
    return advances, font.glyph_bbox(ord("d")).y1, -font.glyph_bbox(ord("p")).y0


def is_latin_1(text: str) -> bool:
    """Returns whether base-14 fonts in their usual encoding can print a text."""
    return text.isascii() or max(text) <= "\xff"


@cache
def full_face(face: str) -> pymupdf.Font:
    """Returns a face with all its characters. MuPDF takes those that it does not have from its own Noto fonts."""
    import pymupdf

    return pymupdf.Font(face)


@cache
def _advance(face: str, character: str) -> float:
    """Returns the advance of any character in ems."""
    return float(full_face(face).text_length(character, 1.0))


@dataclass(frozen=True)
class Font:
    """A face (PyMuPDF's short name, such as "hebo") at a size in points."""

    face: str
    size: float

    def width(self, text: str) -> float:
        """Returns the advance of `text` in points."""
        if not is_latin_1(text):
            return self.size * sum(_advance(self.face, character) for character in text)
        advances = _metrics(self.face)[0]
        return self.size * sum(advances[byte] for byte in text.encode("latin-1"))

    @property
    def ascent(self) -> float:
        """Height of an ascender above the baseline, in points."""
        return self.size * _metrics(self.face)[1]

    @property
    def descent(self) -> float:
        """Depth of a descender below the baseline, in points."""
        return self.size * _metrics(self.face)[2]

    @property
    def leading(self) -> float:
        """Distance between two baselines of running text, in points."""
        return 1.28 * self.size


def wrap(text: str, font: Font, width: float) -> list[str]:
    """Breaks `text` at spaces into rows of at most `width` points. A longer word gets a row of its own."""
    rows: list[str] = []
    row = ""
    for word in text.split():
        longer = f"{row} {word}" if row else word
        if row and font.width(longer) > width:
            rows.append(row)
            row = word
        else:
            row = longer
    return [*rows, row] if row else rows


def clip(text: str, font: Font, width: float) -> str:
    """Returns the first words of `text` that fit into `width` points, or the first letters if no word fits."""
    first = (wrap(text, font, width) or [""])[0]
    while first and font.width(first) > width:
        first = first[:-1]
    return first
