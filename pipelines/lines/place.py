"""Entry point: from the words of a page in any order to words in reading order, and lines."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipelines.lines.direction import is_right_to_left
from pipelines.lines.order import order_words
from pipelines.lines.rows.letter_spacing import join_letter_spaced
from pipelines.lines.words import RawWord
from schemas import Line, Word, box_1000, hull


def place_words(found: Sequence[RawWord], width: int, height: int) -> tuple[tuple[Word, ...], tuple[Line, ...]]:
    """Puts the words of a page into lines and reading order, and joins the letters of letter-spaced words.

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
    boxes = np.array([word.box for word in found], np.float64).reshape(-1, 4)
    directions = [is_right_to_left(word.text) for word in found]
    on_page = [direction for direction in directions if direction is not None]
    # A number is written in the direction of the text around it: the page's.
    usual = 2 * sum(on_page) > len(on_page)
    leftward = np.array([usual if direction is None else direction for direction in directions], bool)
    angle_deg = np.array([np.nan if word.angle_deg is None else word.angle_deg for word in found], np.float64)
    order, line = order_words(boxes, width, height, leftward, angle_deg, np.array([word.run for word in found], int))
    rows = np.split(order, np.flatnonzero(np.diff(line)) + 1)
    lines = [
        [
            Word(raw.text, box_1000(raw.x0, raw.y0, raw.x1, raw.y1, width, height), raw.score, number, raw.source)
            for raw in join_letter_spaced([found[i] for i in row])
        ]
        for number, row in enumerate(rows)
    ]
    return tuple(word for row in lines for word in row), tuple(Line(hull(word.box for word in row)) for row in lines)
