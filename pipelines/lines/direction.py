"""Input of step 4: the direction in which a word is written."""

from __future__ import annotations

import unicodedata


def is_right_to_left(text: str) -> bool:
    """Returns whether a word is written from right to left.

    Its first character with a strong direction decides (Unicode Standard Annex 9, rule P2).
    """
    directions = (unicodedata.bidirectional(character) for character in text)
    return next((direction != "L" for direction in directions if direction in ("L", "R", "AL")), False)
