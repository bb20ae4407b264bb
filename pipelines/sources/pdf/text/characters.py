"""Characters of a page, and runs: characters that are written one after the other.

All lengths are in points of the page before /Rotate. Angles are in degrees clockwise from rightwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

LEVEL_DEG = 10.0  # text with a smaller angle is upright: a scan under the text may be skewed by as much

Box = tuple[float, float, float, float]
"""`x0, y0, x1, y1`."""


class Character(NamedTuple):
    """A character with its box, its font and the font size. A page has thousands, so this is a plain tuple."""

    text: str
    box: Box
    font: str
    size: float

    @property
    def centre(self) -> tuple[float, float]:
        """The centre of the box."""
        x0, y0, x1, y1 = self.box
        return (x0 + x1) / 2, (y0 + y1) / 2

    @property
    def width(self) -> float:
        """The width of the box."""
        return self.box[2] - self.box[0]


@dataclass(frozen=True)
class Run:
    """Characters that are written one after the other.

    Attributes:
        angle_deg: direction, 0 to 360.
        is_column: whether upright glyphs stand below each other, as in vertical Chinese and Japanese.
        characters: in logical order, with white space.
    """

    angle_deg: float
    is_column: bool
    characters: tuple[Character, ...]

    @property
    def is_blank(self) -> bool:
        """Whether the run consists of white space."""
        return all(character.text.isspace() for character in self.characters)

    @property
    def is_level(self) -> bool:
        """Whether the run is nearly horizontal on the page before /Rotate."""
        return not self.is_column and is_level(self.angle_deg)


def is_level(angle_deg: float) -> bool:
    """Returns whether text with this angle counts as upright."""
    return abs((angle_deg + 180) % 360 - 180) <= LEVEL_DEG
