"""Entry point: from the words of a page in any order to words in reading order, and lines."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import groupby

import numpy as np

from pipelines.lines.direction import is_right_to_left
from pipelines.lines.order import order_words
from pipelines.lines.rows.letter_spacing import join_letter_spaced
from pipelines.lines.words import RawWord
from schemas import Line, Word, box_1000, hull


def _leftward(directions: Sequence[bool | None], sizes: np.ndarray, groups: Sequence[np.ndarray]) -> np.ndarray:
    """Returns whether each word is written from right to left, (words,) bool.

    A number or a sign (None) is written in the direction of most characters of its group, or of the page if the group
    has no direction.

    Args:
        directions: direction of each word; None: it has none of its own.
        sizes: (words,) number of characters.
        groups: indices of the words of each group.
    """
    leftward = np.array([direction or False for direction in directions], bool)
    known = np.array([direction is not None for direction in directions], bool)
    votes = np.where(leftward, sizes, -sizes) * known  # (words,)
    for group in groups:
        vote = votes[group].sum() or votes.sum()
        leftward[group[~known[group]]] = vote > 0
    return leftward


def _rows(order: np.ndarray, line: np.ndarray) -> list[np.ndarray]:
    """Returns the words of each line."""
    return np.split(order, np.flatnonzero(np.diff(line)) + 1)


def place_words(found: Sequence[RawWord], width: int, height: int) -> tuple[tuple[Word, ...], tuple[Line, ...]]:
    """Puts the words of a page into lines and reading order, and joins the letters of letter-spaced words.

    Words whose lines are known keep lines and order, and are not joined.

    Args:
        found: the words in any order, boxes in pixels.
        width: width of the page image in pixels.
        height: height of the page image in pixels.

    Returns:
        The words in reading order, each with the number of its line, and the lines. Boxes are in thousandths of the
        page.
    """
    if not found:
        return (), ()
    lines = [
        [
            Word(raw.text, box_1000(raw.x0, raw.y0, raw.x1, raw.y1, width, height), raw.score, number, raw.source)
            for raw in row
        ]
        for number, row in enumerate(_known_lines(found) or _found_lines(found, width, height))
    ]
    return tuple(word for row in lines for word in row), tuple(Line(hull(word.box for word in row)) for row in lines)


def _known_lines(found: Sequence[RawWord]) -> list[list[RawWord]]:
    """Returns the words of each line as the document has them, or an empty list if it does not know its lines."""
    return [list(row) for line, row in groupby(found, key=lambda word: word.line) if line >= 0]


def _found_lines(found: Sequence[RawWord], width: int, height: int) -> list[list[RawWord]]:
    """Returns the words of each line by their places on the page."""
    boxes = np.array([word.box for word in found], np.float64).reshape(-1, 4)
    directions = [is_right_to_left(word.text) for word in found]
    angle_deg = np.array([np.nan if word.angle_deg is None else word.angle_deg for word in found], np.float64)
    order = partial(order_words, boxes, width, height, angle_deg=angle_deg, run=np.array([w.run for w in found], int))
    sizes = np.array([len(word.text) for word in found])
    leftward = _leftward(directions, sizes, [np.arange(len(found))])
    rows = _rows(*order(right_to_left=leftward))
    in_lines = _leftward(directions, sizes, rows)
    if (in_lines != leftward).any():
        rows = _rows(*order(right_to_left=in_lines))
    return [join_letter_spaced([found[i] for i in row]) for row in rows]
