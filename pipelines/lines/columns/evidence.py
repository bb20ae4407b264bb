"""Step 2, the evidence: is a free vertical strip a gutter between columns, or a gap in a table or form?

Evidence for a gutter: both sides have full lines, as paragraphs do, or the lines of the two sides do not share their
levels. Evidence against it: short cells on shared levels, as in a table, or a row whose gap is only a space between
words.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# Lengths are in text heights (the typical height of a word on the page).
TEXT_WIDTH = 14.0  # minimum width of a column that is recognised by its full lines: about 30 letters
STAGGERED_WIDTH = 4.0  # minimum width of a column that is recognised by the levels of its lines alone
FULL_LINE = 0.75  # minimum width of a full line, as a share of the column's width
# Centres with at most the first distance share a level. With more than the second, the line has blank space next to it.
SAME_LEVEL, NEXT_LEVEL = 0.2, 0.75
SPACE = 0.6  # share of the gutter's width: a narrower gap at its place is a space between words
# TEXT: a full line that shares its level with no line of the other side.
# HINT: a full line that shares its level with another line, both in paragraphs; or a short line that shares its level
#       with no line, although there is one close by on the other side.
# CELL: a short line that shares its level with another short line, or a line whose gap is only a space.
# All other lines have the weight 0: for example a short line next to blank space or next to a full line.
TEXT, HINT, CELL = 1.0, 0.5, -2.0


@dataclass(frozen=True)
class Strip:
    """The n words on both sides of a free vertical strip at `x`. Their fragments are cut at `x` into p pieces.

    Attributes:
        x: the place of the strip, in the unit of the boxes.
        words: (n,) word indices from top to bottom.
        piece_of: (n,) the piece of each word.
        fragment: (p,) the fragment id of each piece, ascending. Of two pieces of one fragment, the right one is first.
        in_paragraph: (p,) whether another fragment is directly above or below.
        on_left: (p,) whether the piece is left of `x`.
        x0, x1: (p,) left and right edge.
        level: (p,) mean vertical centre of the words.
    """

    x: float
    words: np.ndarray
    piece_of: np.ndarray
    fragment: np.ndarray
    in_paragraph: np.ndarray
    on_left: np.ndarray
    x0: np.ndarray
    x1: np.ndarray
    level: np.ndarray

    @classmethod
    def cut(
        cls, boxes: np.ndarray, fragment: np.ndarray, in_paragraph: np.ndarray, x: float, words: np.ndarray
    ) -> Strip:
        """Cuts the fragments of some words at `x`.

        Args:
            boxes: (m, 4) boxes of the m words of the region.
            fragment: (m,) fragment id of each.
            in_paragraph: (m,) whether another fragment is directly above or below.
            x: where to cut. No chosen word crosses it.
            words: (n,) indices of the chosen words, from top to bottom.
        """
        on_left = boxes[words, 2] <= x
        piece = 2 * fragment[words] + on_left
        order = np.argsort(piece, kind="stable")
        begins = np.append(True, piece[order[1:]] != piece[order[:-1]])
        starts, by_piece, first = np.flatnonzero(begins), words[order], order[begins]
        piece_of = np.empty(len(words), int)
        piece_of[order] = np.cumsum(begins) - 1
        return cls(
            x=x,
            words=words,
            piece_of=piece_of,
            fragment=piece[first] // 2,
            in_paragraph=in_paragraph[words[first]],
            on_left=on_left[first],
            x0=np.minimum.reduceat(boxes[by_piece, 0], starts),
            x1=np.maximum.reduceat(boxes[by_piece, 2], starts),
            level=np.bincount(piece_of, (boxes[words, 1] + boxes[words, 3]) / 2) / np.bincount(piece_of),
        )


def weigh(strip: Strip, text_height: float) -> np.ndarray:
    """Returns the weight (p,) of each piece of a strip: positive is evidence for a gutter, negative against it.

    The strip must have words on both sides.
    """
    width, left = (strip.x1 - strip.x0) / text_height, strip.on_left
    column = np.where(left, quantile(width[left], 0.9), quantile(width[~left], 0.9))
    full = (column >= TEXT_WIDTH) & (width >= FULL_LINE * column)
    partner = _partners(strip)
    apart = np.abs(strip.level - strip.level[partner]) / text_height
    shared = apart <= SAME_LEVEL
    staggered = ~shared & (apart <= NEXT_LEVEL) & (column.min() >= STAGGERED_WIDTH)
    paragraphs = full & strip.in_paragraph & strip.in_paragraph[partner]
    against = _bridges(strip) | (shared & ~full & ~full[partner])
    return np.where(against, CELL, np.where(full & ~shared, TEXT, np.where(paragraphs | staggered, HINT, 0.0)))


def quantile(values: np.ndarray, share: float) -> float:
    """Returns the quantile `share` (0..1) of the values, rounded to one of them. 10 times faster than numpy for few."""
    return float(np.sort(values)[round(share * (len(values) - 1))])


def median(values: np.ndarray) -> float:
    """Returns the median of the values. 10 times faster than numpy for few values."""
    ordered, count = np.sort(values), len(values)
    return float(ordered[(count - 1) // 2] + ordered[count // 2]) / 2


def _partners(strip: Strip) -> np.ndarray:
    """Returns for each piece (p,) the piece of the other side that is nearest in level."""
    partner = np.empty(len(strip.level), int)
    for side in (strip.on_left, ~strip.on_left):
        others = np.flatnonzero(~side)
        partner[side] = others[_nearest(strip.level[side], strip.level[others])]
    return partner


def _nearest(values: np.ndarray, marks: np.ndarray) -> np.ndarray:
    """Returns for each value (n,) the index of the nearest mark."""
    by_value = np.argsort(marks, kind="stable")
    fenced = np.concatenate([[-np.inf], marks[by_value], [np.inf]])
    above = np.minimum(np.maximum(np.searchsorted(fenced, values), 1), len(marks))  # np.clip is slow for few values
    below = np.maximum(above - 1, 1)
    return by_value[np.where(values - fenced[below] < fenced[above] - values, below, above) - 1]


def _bridges(strip: Strip) -> np.ndarray:
    """Returns (p,) which pieces belong to a fragment that spans the gutter: its gap at x is only a space."""
    gutter = quantile(strip.x0[~strip.on_left], 0.1) - quantile(strip.x1[strip.on_left], 0.9)
    right = np.flatnonzero(strip.fragment[:-1] == strip.fragment[1:])
    spans = right[strip.x0[right] - strip.x1[right + 1] < SPACE * gutter]
    bridges = np.zeros(len(strip.fragment), bool)
    bridges[spans] = bridges[spans + 1] = True
    return bridges
