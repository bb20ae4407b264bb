"""Text that was drawn more than once at nearly the same place, for a bold or shadowed look."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from pipelines.sources.pdf.text.characters import Box, Character

# How far the copies of a word are apart, and those of a part of a word or of a character, in font sizes.
WORD_SHIFT, PART_SHIFT = 0.3, 0.12
OVERLAP = 0.5  # of a character's area: it was drawn again before the next one
ROW_PT, COLUMN_PT = 8.0, 64.0  # cells in which words are remembered
MAX_COMPARED = 256  # words of a cell; more are there only if words cover each other
LAST_BASIC = 0xFFFF


class Copies:
    """Remembers the words of a page and finds those that repeat what is already there."""

    def __init__(self) -> None:
        self._cells: defaultdict[tuple[int, int], list[tuple[str, Box]]] = defaultdict(list)

    def add(self, word: list[Character], box: Box) -> bool:
        """Adds a word with its box. Returns whether it is new: neither it nor a word that contains it is at its place.

        Words are remembered by row and column, so that the time per word does not grow with the page.
        """
        text, size = "".join([character.text for character in word]), word[0].size
        level, reach = (box[1] + box[3]) / 2, WORD_SHIFT * size
        for row in range(int((level - reach) // ROW_PT), int((level + reach) // ROW_PT) + 1):
            for column in range(int((box[0] - reach) // COLUMN_PT), int((box[0] + reach) // COLUMN_PT) + 1):
                for other in self._cells.get((row, column), ())[-MAX_COMPARED:]:
                    if _repeats(text, box, *other, size):
                        return False
        for crossed in range(int(box[0] // COLUMN_PT), int(box[2] // COLUMN_PT) + 1):
            self._cells[int(level // ROW_PT), crossed].append((text, box))
        return True


def _repeats(text: str, box: Box, other_text: str, other: Box, size: float) -> bool:
    """Returns whether a word repeats another one, or a part of it."""
    if text not in other_text:
        return False
    level = abs(box[1] + box[3] - other[1] - other[3]) / 2
    if text == other_text:
        return level <= WORD_SHIFT * size and abs(box[0] + box[2] - other[0] - other[2]) <= 2 * WORD_SHIFT * size
    reach = PART_SHIFT * size
    return level <= reach and other[0] - reach <= box[0] and box[2] <= other[2] + reach


def is_copy(before: Character, character: Character) -> bool:
    """Returns whether a character was drawn again over the one before it, which has the same text."""
    (ax0, ay0, ax1, ay1), (bx0, by0, bx1, by1) = before.box, character.box
    if ord(character.text[0]) > LAST_BASIC and bx0 == bx1:
        return True  # MuPDF gives a character above U+FFFF once for each half of its UTF-16 code
    shift = max(abs(ax0 + ax1 - bx0 - bx1), abs(ay0 + ay1 - by0 - by1)) / 2
    shared = max(0.0, min(ax1, bx1) - max(ax0, bx0)) * max(0.0, min(ay1, by1) - max(ay0, by0))
    smaller = min((ax1 - ax0) * (ay1 - ay0), (bx1 - bx0) * (by1 - by0))
    return shift <= PART_SHIFT * character.size and shared > OVERLAP * smaller


def hull_of(word: Sequence[Character]) -> Box:
    """Returns the smallest box around the characters of a word."""
    x0, y0, x1, y1 = zip(*[character.box for character in word], strict=True)
    return min(x0), min(y0), max(x1), max(y1)
