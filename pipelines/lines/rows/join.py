"""Step 3: the rows of a region without a gutter. Fragments on one level are joined across gaps of any width."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from pipelines.lines.neighbours import Ends, nearest_right
from pipelines.lines.rows.row import OVERPRINT, Row

ROW_SHIFT = 0.4  # maximum difference in level of two facing ends, as a share of the higher one
RAISED_SHIFT = 0.6  # the same for two that are each other's neighbours: a value typed above the line of its label
END_WORDS = 3  # number of words that give the level of a fragment's end


def rows_of(boxes: np.ndarray, words: np.ndarray, fragment: np.ndarray, text_height: float) -> list[np.ndarray]:
    """Returns the rows of a region from top to bottom, each an array of word indices.

    Args:
        boxes: (n, 4) boxes of all words of the page.
        words: (k,) indices of the words of the region.
        fragment: (n,) fragment id of each word.
        text_height: typical height of a word, in the unit of the boxes.
    """
    if not len(words):
        return []
    by_piece = words[np.lexsort((boxes[words, 0], fragment[words]))]
    starts = np.flatnonzero(np.diff(fragment[by_piece], prepend=-1))
    pieces = np.split(by_piece, starts[1:])
    rows = _join(_ends(boxes, by_piece, starts), text_height)
    lines = [np.concatenate([pieces[piece] for piece in row]) for row in rows]
    lines.sort(key=lambda line: float(boxes[line][:, [1, 3]].mean(axis=1).sum()) / len(line))
    return lines


def _ends(boxes: np.ndarray, by_piece: np.ndarray, starts: np.ndarray) -> Ends:
    """Returns the ends of fragments. The level of an end is the median over its END_WORDS words.

    Args:
        boxes: (n, 4) boxes of all words of the page.
        by_piece: word indices, sorted by fragment and then by x.
        starts: index into `by_piece` of the first word of each fragment.
    """
    stops = np.append(starts[1:], len(by_piece))
    steps = np.minimum(np.arange(END_WORDS), (stops - starts - 1)[:, None])
    first, last = by_piece[starts[:, None] + steps], by_piece[stops[:, None] - 1 - steps]
    left, right = (np.median(boxes[words][:, :, [1, 3]], axis=1) for words in (first, last))
    return Ends(boxes[first[:, 0], 0], np.maximum.reduceat(boxes[by_piece, 2], starts), left, right)


def _join(ends: Ends, text_height: float) -> list[list[int]]:
    """Joins n fragments into rows across gaps of any width, the best aligned pairs first.

    Two fragments of one row are never above each other. Fragments whose levels differ more come last, so that a value
    above or below the level of its label joins it only where nothing fits better.
    """
    level_left, level_right = ends.left.mean(axis=1), ends.right.mean(axis=1)
    level = (level_left + level_right) / 2
    right, left = _neighbours(ends, text_height, ROW_SHIFT)
    aligned = {(i, j) for i, j in enumerate(right) if j >= 0} | {(i, j) for j, i in enumerate(left) if i >= 0}
    by_level = np.argsort(level, kind="stable").tolist()
    followers = [(i, j) for i, j in pairwise(by_level) if level[j] - level[i] <= OVERPRINT * text_height]
    right, left = _neighbours(ends, text_height, RAISED_SHIFT)
    raised = {(i, j) for i, j in enumerate(right) if j >= 0 and left[j] == i} - aligned
    apart = {(i, j): abs(level_right[i] - level_left[j]) for i, j in aligned | raised}
    best_first = [sorted(pairs, key=lambda pair: (apart[pair], pair)) for pairs in (aligned, raised)]
    spans = zip(ends.x0.tolist(), ends.x1.tolist(), level.tolist(), strict=True)
    rows = [Row(piece, span, text_height) for piece, span in enumerate(spans)]
    for i, j in [*best_first[0], *followers, *best_first[1]]:
        rows[i].append(rows[j])
    return [chain for row in rows if (chain := row.pieces())]


def _neighbours(ends: Ends, text_height: float, max_shift: float) -> tuple[list[int], list[int]]:
    """Returns the nearest fragment to the right and to the left of each, at any distance, -1 if there is none."""
    right = nearest_right(ends, text_height, np.inf, max_shift)
    left = nearest_right(ends.mirrored(), text_height, np.inf, max_shift)
    return right.tolist(), left.tolist()
