"""What the text on both sides of a free vertical strip says of it: gutter between columns, or gap in a table or form.

It is a gutter where both sides run to full lines, as paragraphs do, or where the lines of the two sides do not share
their levels. Short cells on shared levels speak for a table, and so does a row whose gap is a mere space.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# Lengths are in text heights, the typical one of the page.
TEXT_WIDTH = 14.0  # the narrowest column that is known by its full lines: some 30 letters
STAGGERED_WIDTH = 4.0  # the narrowest column that is known by its levels alone
FULL_LINE = 0.75  # of the column's width
SAME_LEVEL, NEXT_LEVEL = 0.2, 0.75  # centres nearer than the first share a level, farther than the second face a blank
SPACE = 0.6  # of the gutter's width: a narrower gap at its place is a space between words
# Weights: a full line on a level of its own; a full line of a paragraph that shares its level with another, or a short
# line that does not share it; a short line that does. Lines that face a blank, or a full line, tell nothing.
TEXT, HINT, CELL = 1.0, 0.5, -2.0


@dataclass(frozen=True)
class Strip:
    """Words beside a free strip at `x`, and their fragments cut there into p pieces."""

    x: float
    words: np.ndarray  # (n,) from top to bottom
    piece_of: np.ndarray  # (n,) piece of each word
    fragment: np.ndarray  # (p,) ascending; where two are equal, the piece right of x comes first
    in_paragraph: np.ndarray  # (p,) whether another fragment runs right above or below
    on_left: np.ndarray  # (p,)
    x0: np.ndarray  # (p,)
    x1: np.ndarray  # (p,)
    level: np.ndarray  # (p,) mean centre of the words

    @classmethod
    def cut(
        cls, boxes: np.ndarray, fragment: np.ndarray, in_paragraph: np.ndarray, x: float, words: np.ndarray
    ) -> Strip:
        """Cut at x the fragments of `words`, indices into boxes (n, 4), fragment ids (n,) and in_paragraph (n,)."""
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
    """Weight (p,) of each piece of a strip with words on both sides, positive for a gutter."""
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
    """The value that `share` of the others do not exceed: one of the values, at a tenth of numpy's cost for few."""
    return float(np.sort(values)[round(share * (len(values) - 1))])


def median(values: np.ndarray) -> float:
    """numpy's median, at a tenth of its cost for few values."""
    ordered, count = np.sort(values), len(values)
    return float(ordered[(count - 1) // 2] + ordered[count // 2]) / 2


def _partners(strip: Strip) -> np.ndarray:
    """The piece (p,) of the other side that is nearest in level to each."""
    partner = np.empty(len(strip.level), int)
    for side in (strip.on_left, ~strip.on_left):
        others = np.flatnonzero(~side)
        partner[side] = others[_nearest(strip.level[side], strip.level[others])]
    return partner


def _nearest(values: np.ndarray, marks: np.ndarray) -> np.ndarray:
    """Index (n,) of the mark nearest to each value."""
    by_value = np.argsort(marks, kind="stable")
    fenced = np.concatenate([[-np.inf], marks[by_value], [np.inf]])
    above = np.minimum(np.maximum(np.searchsorted(fenced, values), 1), len(marks))  # np.clip is slow for few
    below = np.maximum(above - 1, 1)
    return by_value[np.where(values - fenced[below] < fenced[above] - values, below, above) - 1]


def _bridges(strip: Strip) -> np.ndarray:
    """Which pieces (p,) come of a fragment that spans the gutter: its gap at x is a mere space between words."""
    gutter = quantile(strip.x0[~strip.on_left], 0.1) - quantile(strip.x1[strip.on_left], 0.9)
    right = np.flatnonzero(strip.fragment[:-1] == strip.fragment[1:])
    spans = right[strip.x0[right] - strip.x1[right + 1] < SPACE * gutter]
    bridges = np.zeros(len(strip.fragment), bool)
    bridges[spans] = bridges[spans + 1] = True
    return bridges
