"""Step 5: joins the letters of letter-spaced text, such as `A N N U A L   R E P O R T`, to words."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from statistics import median, pstdev

from pipelines.lines.words import RawWord

MIN_LETTERS = 4  # fewer letters in a row are initials, formulas or columns
MIN_SINGLE = 0.7  # share of the pieces that are one letter; a pair of letters may have been read as one word
# In heights of the letters: gaps between letters, and how much a gap between words is larger.
MIN_GAP, MAX_GAP, WORD_GAP = 0.05, 0.7, 0.1
WORD_FACTOR = 1.35
# Letters that stand for answers, bases of genes and marks: rows that use no others are data.
_DATA = tuple(map(frozenset, ("abcdef", "acgtun", "yntfax")))
MIN_DISTINCT, MAX_CONSONANTS = 3, 5  # different letters of a text; consonants in a row
# Letters in cells have an even pitch and uneven gaps. This shows only if their widths differ: in heights, and how much
# less the pitch varies than the gaps.
MIN_WIDTH_RANGE, EVEN_PITCH = 0.15, 0.5
SAME_HEIGHT = 0.6  # lower height as a share of the higher one


def join_letter_spaced(line: Sequence[RawWord]) -> list[RawWord]:
    """Returns the words of a line in reading order, with letter-spaced words joined.

    Args:
        line: the words of the line in reading order, boxes in any unit.
    """
    joined: list[RawWord] = []
    for pieces in _letter_rows(line):
        joined += _words(pieces) if _is_spaced(pieces) else pieces
    return joined


def _letter_rows(line: Sequence[RawWord]) -> Iterator[list[RawWord]]:
    """Yields the words of a line, those that can be one letter-spaced text together and in order."""
    row: list[RawWord] = []
    for word in line:
        if row and not (_is_piece(row[-1]) and _is_piece(word) and _are_near(row[-1], word)):
            yield row
            row = []
        row.append(word)
    if row:
        yield row


def _is_piece(word: RawWord) -> bool:
    has_letters = word.text.isalnum() or word.text == "&"
    return has_letters and not word.angle_deg and (len(word.text) == 1 or (len(word.text) == 2 and word.text.isupper()))


def _are_near(left: RawWord, right: RawWord) -> bool:
    heights = sorted((left.y1 - left.y0, right.y1 - right.y0))
    gap = right.x0 - left.x1
    shared = min(left.y1, right.y1) - max(left.y0, right.y0)
    return (
        heights[0] >= SAME_HEIGHT * heights[1]
        and MIN_GAP * heights[1] <= gap <= 2 * MAX_GAP * heights[1]
        and shared >= heights[0] / 2
    )


def _is_spaced(pieces: list[RawWord]) -> bool:
    text = "".join(piece.text for piece in pieces)
    letters = [character for character in text if character.isalpha()]
    if len(letters) < MIN_LETTERS + (not text.isupper()) or len(letters) < MIN_SINGLE * len(text):
        return False
    if sum(len(piece.text) == 1 for piece in pieces) < MIN_SINGLE * len(pieces) or len(set(letters)) < 2:
        return False
    if all(ord(after) - ord(before) == 1 for before, after in pairwise(letters)):
        return False  # A B C D is a list of letters
    if not _can_be_words(text) or _is_grid(pieces):
        return False
    return median(_gaps(pieces)) <= MAX_GAP * _height(pieces)


def _can_be_words(text: str) -> bool:
    """Returns whether letters can be words: not a few answers, and with vowels if they are Latin."""
    letters = [letter for letter in unicodedata.normalize("NFD", text).lower() if letter.isalpha()]
    if len(set(letters)) < MIN_DISTINCT or any(set(letters) <= data for data in _DATA):
        return False
    if not all(letter.isascii() for letter in letters):
        return True
    consonants = "".join(" " if letter in "aeiouy" else letter for letter in letters).split()
    has_vowel = any(letter in "aeiou" for letter in letters)
    return has_vowel and max(map(len, consonants), default=0) <= MAX_CONSONANTS


def _is_grid(pieces: list[RawWord]) -> bool:
    """Returns whether the letters stand in the middle of cells of one width."""
    height, widths = _height(pieces), [piece.x1 - piece.x0 for piece in pieces]
    if max(widths) - min(widths) < MIN_WIDTH_RANGE * height:
        return False
    pitches = [(right.x0 + right.x1 - left.x0 - left.x1) / 2 for left, right in pairwise(pieces)]
    return pstdev(pitches) < EVEN_PITCH * pstdev(_gaps(pieces))


def _words(pieces: list[RawWord]) -> Iterator[RawWord]:
    """Yields the words of a letter-spaced text, which is cut where a gap is larger than the usual one."""
    gaps = _gaps(pieces)
    limit = WORD_FACTOR * median(gaps) + WORD_GAP * _height(pieces)
    first = 0
    for stop in range(1, len(pieces) + 1):
        if stop == len(pieces) or gaps[stop - 1] > limit:
            yield _joined(pieces[first:stop])
            first = stop


def _joined(pieces: list[RawWord]) -> RawWord:
    return replace(
        pieces[0],
        text="".join(piece.text for piece in pieces),
        x0=min(piece.x0 for piece in pieces),
        y0=min(piece.y0 for piece in pieces),
        x1=max(piece.x1 for piece in pieces),
        y1=max(piece.y1 for piece in pieces),
        score=sum(piece.score for piece in pieces) / len(pieces),
    )


def _gaps(pieces: list[RawWord]) -> list[float]:
    return [right.x0 - left.x1 for left, right in pairwise(pieces)]


def _height(pieces: list[RawWord]) -> float:
    return median(piece.y1 - piece.y0 for piece in pieces)
