"""Gutters between columns of running text, told apart from the gaps of tables and forms.

A vertical strip that no word crosses may be either. It counts as a gutter where the text on *both* sides runs to full
lines, or where the lines of the two sides do not share their levels; short cells on shared levels speak for a table.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# All lengths are in units, the page's typical text height.
MARGIN = 0.3  # free space to either side of a gutter's centre: a 10 pt gutter in 10 pt type, boxes padded by OCR
STEP = 0.25  # between the positions tried
MIN_LINES = 4  # a side of fewer lines is no column
NARROW, NARROW_MIN_LINES = 1.2, 8  # a gutter below this width needs more lines: gaps between words line up by chance
TEXT_WIDTH = 10.0  # the narrowest column of running text: some 20 letters
STAGGERED_WIDTH = 4.0  # the narrowest column that is known by its levels alone
FULL_LINE = 0.75  # of the column's width
SAME_LEVEL, NEXT_LEVEL = 0.2, 0.75  # centres nearer than the first share a level, farther than the second face a blank
# Weights: a full line on a level of its own; a full line that shares its level, or a short one that does not; a short
# line that shares its level with a short one. Lines that face a blank, or a full line, tell nothing.
TEXT, HINT, CELL = 1.0, 0.5, -2.0
MIN_WEIGHT, MIN_MEAN = 3.0, 0.3  # of the lines on the weaker side


@dataclass(frozen=True)
class Gutter:
    """A gutter at `x` that parts the words whose centres lie between `top` and `bottom`, all in page units."""

    x: float
    top: float
    bottom: float
    weight: float


@dataclass(frozen=True)
class _Strip:
    """Words beside a free strip at `x`, and their fragments cut there: p pieces."""

    x: float
    words: np.ndarray  # (n,) from top to bottom
    piece_of: np.ndarray  # (n,) piece of each word
    x0: np.ndarray  # (p,)
    x1: np.ndarray  # (p,)
    level: np.ndarray  # (p,) mean centre of the words
    on_left: np.ndarray  # (p,)


def find_gutter(boxes: np.ndarray, fragment: np.ndarray, unit: float) -> Gutter | None:
    """The gutter with the most evidence among words with boxes (n, 4) and fragment ids (n,), None if there is none."""
    if len(boxes) < 2 * MIN_LINES:
        return None
    runs = _open_runs(boxes, fragment, unit)
    found = [_judge(boxes, _cut(boxes, fragment, x, words), unit) for x, words in runs]
    return max((gutter for gutter in found if gutter), key=lambda gutter: gutter.weight, default=None)


def _open_runs(boxes: np.ndarray, fragment: np.ndarray, unit: float) -> list[tuple[float, np.ndarray]]:
    """Every x with the words, top to bottom, between two that cross it, where both sides hold mostly wide fragments."""
    level = boxes[:, [1, 3]].mean(axis=1)
    by_level = np.argsort(level, kind="stable")
    x0, x1, level = boxes[by_level, 0], boxes[by_level, 2], level[by_level]
    wide = _fragment_widths(boxes, fragment)[by_level] >= STAGGERED_WIDTH * unit
    runs = {}
    for x in np.arange(x0.min(), x1.max(), STEP * unit):
        crossing = np.flatnonzero((x0 < x + MARGIN * unit) & (x1 > x - MARGIN * unit))
        start, stop = np.append(0, crossing + 1), np.append(crossing, len(x0))
        tall = np.flatnonzero(level[stop - 1] - level[start.clip(max=len(x0) - 1)] >= (MIN_LINES - 1) * unit)
        for first, last in zip(start[tall], stop[tall], strict=True):
            on_left = x1[first:last] <= x
            if (first, last, on_left.sum()) not in runs:
                sides = wide[first:last][on_left], wide[first:last][~on_left]
                if all(len(side) >= MIN_LINES and side.mean() >= 0.5 for side in sides):
                    runs[first, last, on_left.sum()] = float(x), by_level[first:last]
    return list(runs.values())


def _fragment_widths(boxes: np.ndarray, fragment: np.ndarray) -> np.ndarray:
    """Width (n,) of the fragment that each word belongs to."""
    x0, x1 = np.full(fragment.max() + 1, np.inf), np.full(fragment.max() + 1, -np.inf)
    np.minimum.at(x0, fragment, boxes[:, 0])
    np.maximum.at(x1, fragment, boxes[:, 2])
    return (x1 - x0)[fragment]


def _cut(boxes: np.ndarray, fragment: np.ndarray, x: float, words: np.ndarray) -> _Strip:
    on_left = boxes[words, 2] <= x
    _, first, piece_of, size = np.unique(
        2 * fragment[words] + on_left, return_index=True, return_inverse=True, return_counts=True
    )
    by_piece = np.argsort(piece_of, kind="stable")
    starts = np.concatenate([[0], np.cumsum(size)[:-1]])
    return _Strip(
        x=x,
        words=words,
        piece_of=piece_of,
        x0=np.minimum.reduceat(boxes[words[by_piece], 0], starts),
        x1=np.maximum.reduceat(boxes[words[by_piece], 2], starts),
        level=np.bincount(piece_of, boxes[words][:, [1, 3]].mean(axis=1)) / size,
        on_left=on_left[first],
    )


def _judge(boxes: np.ndarray, strip: _Strip, unit: float) -> Gutter | None:
    """The stretch of a strip that speaks most for a gutter, None if that is not enough."""
    if min(strip.on_left.sum(), (~strip.on_left).sum()) < MIN_LINES:
        return None
    weight = _evidence(strip, unit)
    by_level = np.argsort(strip.level, kind="stable")
    kept = by_level[slice(*_heaviest_stretch(weight[by_level]))]
    left, right = kept[strip.on_left[kept]], kept[~strip.on_left[kept]]
    if min(len(left), len(right)) < MIN_LINES or min(weight[left].sum(), weight[right].sum()) < MIN_WEIGHT:
        return None
    if min(weight[left].mean(), weight[right].mean()) < MIN_MEAN:
        return None
    narrow = strip.x0[right].min() - strip.x1[left].max() < NARROW * unit
    if narrow and min(len(left), len(right)) < NARROW_MIN_LINES:
        return None
    centre = boxes[strip.words[np.isin(strip.piece_of, kept)]][:, [1, 3]].mean(axis=1)
    return Gutter(strip.x, float(centre.min()), float(centre.max()), float(weight[kept].sum()))


def _evidence(strip: _Strip, unit: float) -> np.ndarray:
    """Weight (p,) of each piece for a gutter: lines of text and lines without a partner speak for it, cells against."""
    width, left = (strip.x1 - strip.x0) / unit, strip.on_left
    column = np.where(left, np.quantile(width[left], 0.9), np.quantile(width[~left], 0.9))
    full = (column >= TEXT_WIDTH) & (width >= FULL_LINE * column)
    partner = np.empty(len(width), int)
    for side in (left, ~left):
        partner[side] = np.flatnonzero(~side)[_nearest(strip.level[side], strip.level[~side])]
    apart = np.abs(strip.level - strip.level[partner]) / unit
    shared = apart <= SAME_LEVEL
    staggered = ~shared & (apart <= NEXT_LEVEL) & (column.min() >= STAGGERED_WIDTH)
    cell = shared & ~full & ~full[partner]
    return np.select([full & ~shared, full | staggered, cell], [TEXT, HINT, CELL], 0.0)


def _nearest(values: np.ndarray, marks: np.ndarray) -> np.ndarray:
    """Index (n,) of the mark nearest to each value."""
    by_value = np.argsort(marks, kind="stable")
    fenced = np.concatenate([[-np.inf], marks[by_value], [np.inf]])
    above = np.searchsorted(fenced, values).clip(1, len(marks))
    below = (above - 1).clip(1)
    return by_value[np.where(values - fenced[below] < fenced[above] - values, below, above) - 1]


def _heaviest_stretch(weights: np.ndarray) -> tuple[int, int]:
    """Bounds of the contiguous stretch with the largest sum, the longest of equals."""
    total = np.concatenate([[0.0], np.cumsum(weights)])
    gain = total - np.minimum.accumulate(total)
    stop = len(gain) - 1 - int(np.argmax(gain[::-1]))
    return int(np.argmin(total[: stop + 1])), stop
