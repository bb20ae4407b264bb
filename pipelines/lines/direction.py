"""How a script is written: its direction, and whether its characters are wide."""

from __future__ import annotations

import unicodedata


def is_right_to_left(text: str) -> bool | None:
    """Returns whether a word is written from right to left, None if it has no direction, such as a number.

    Its first character with a strong direction decides (Unicode Standard Annex 9, rule P2).
    """
    directions = (unicodedata.bidirectional(character) for character in text)
    return next((direction != "L" for direction in directions if direction in ("L", "R", "AL")), None)


def is_wide(character: str) -> bool:
    """Returns whether a character is Chinese, Japanese, Korean or a full-width form (Unicode Standard Annex 11)."""
    return unicodedata.east_asian_width(character) in ("W", "F")
