"""Visual lines in reading order, from the boxes of a page's words alone.

A line is what a person would read as one row: a label and its value are one line however wide the gap between them,
the two halves of a two-column article are two. Words are chained into fragments (`fragments`), the page is cut along
the gutters of running text (`columns`), and what is left between the cuts is joined into rows.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from pipelines.lines.columns import find_gutter
from pipelines.lines.fragments import BACKSTEP, Ends, chain_words, nearest_right, slope_of

ROW_SHIFT = 0.4  # of the height: how far two ends may differ in level across a wide gap
END_WORDS = 3  # words that tell the level of a fragment's end
OVERPRINT = 0.2  # text heights: boxes in one place whose levels differ less are one text printed twice
SLIM, TALL = 2.5, 2.0  # times its width, and the text height: the height of a word that runs vertically
OFF_LINE = 0.25  # of the width of a vertical word: how far from its line the middle of the next may be
DROP_CAP = 1.6  # times the text height


def order_words(
    boxes: np.ndarray, page_width: float, page_height: float, right_to_left: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Group words into visual lines and put them into reading order.

    `boxes` (n, 4) are x0, y0, x1, y1 in any unit, of an upright page of `page_width` by `page_height` in the same unit.
    `right_to_left` (n,) marks the words of Arabic or Hebrew script, which boxes alone do not show.

    Returns `order` (n,), the words as indices into the input, and `line` (n,), the line of the word `order[k]`, counted
    from 0 without gaps and never decreasing. The order of the input does not matter.

    Vertical words (margin stamps, axis labels) come last, read upwards, unless most of the page is vertical: then it is
    read as vertical script, downwards and from the right to the left. Raises ValueError if the page has no area.
    """
    if page_width <= 0 or page_height <= 0:
        raise ValueError(f"page_width and page_height must be positive, not {page_width} and {page_height}")
    corners = np.asarray(boxes, dtype=float).reshape(-1, 4)
    if not len(corners):
        return np.zeros(0, int), np.zeros(0, int)
    upright = np.hstack([np.minimum(corners[:, :2], corners[:, 2:]), np.maximum(corners[:, :2], corners[:, 2:])])
    leftward = np.zeros(len(upright), bool) if right_to_left is None else np.asarray(right_to_left, bool)
    canonical = np.lexsort((leftward, *upright.T))
    lines = _page_lines(upright[canonical], leftward[canonical], least_text_height=page_height / 1000)
    order = canonical[np.concatenate(lines)]
    return order, np.repeat(np.arange(len(lines)), [len(line) for line in lines])


def _page_lines(boxes: np.ndarray, leftward: np.ndarray, least_text_height: float) -> list[np.ndarray]:
    """Lines, as word indices, of a page whose words may run both ways."""
    width, height = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    usual_height = np.median(height[width > height]) if (width > height).any() else 0.0
    # Dots and bars are slim too, but no taller than the text around them.
    vertical = (height > SLIM * width) & (height > TALL * usual_height)
    vertical |= _between(boxes, vertical)
    minor = ~vertical if height[vertical].sum() > width[~vertical].sum() else vertical
    if minor is not vertical:  # vertical script: seen with the page's right edge on top, it runs like any other
        boxes = np.stack([boxes[:, 1], -boxes[:, 2], boxes[:, 3], -boxes[:, 0]], axis=1)
    turned = np.stack([-boxes[:, 3], boxes[:, 0], -boxes[:, 1], boxes[:, 2]], axis=1)
    major_lines = _Reader(boxes, leftward, ~minor, least_text_height).lines()
    return major_lines + _Reader(turned, leftward, minor, least_text_height).lines()


def _between(boxes: np.ndarray, vertical: np.ndarray) -> np.ndarray:
    """Which words (n,) stand in line with vertical ones above and below: short ones, whose own shape does not tell."""
    flipped = np.stack([boxes[:, 0], -boxes[:, 3], boxes[:, 2], -boxes[:, 1]], axis=1)
    return _below(boxes, vertical) & _below(flipped, vertical)


def _below(boxes: np.ndarray, vertical: np.ndarray) -> np.ndarray:
    """Which words (n,) follow a vertical one downwards in its line, without a gap wider than it."""
    centre, width = boxes[:, [0, 2]].mean(axis=1), boxes[:, 2] - boxes[:, 0]
    below, heads = np.zeros(len(boxes), bool), np.flatnonzero(vertical)
    while len(heads):
        rest = np.flatnonzero(~vertical & ~below)
        follows = np.abs(centre[rest, None] - centre[heads]) <= OFF_LINE * width[heads]
        follows &= np.abs(width[rest, None] - width[heads]) <= 2 * OFF_LINE * width[heads]
        follows &= boxes[rest, None, 1] > boxes[heads, 1]
        follows &= boxes[rest, None, 1] - boxes[heads, 3] <= width[heads]
        heads = rest[follows.any(axis=1)]
        below[heads] = True
    return below


class _Reader:
    """Cuts the chosen words of a page into regions and rows; all its words run horizontally."""

    def __init__(self, boxes: np.ndarray, leftward: np.ndarray, chosen: np.ndarray, least_text_height: float) -> None:
        self.words = np.flatnonzero(chosen)
        self.leftward = leftward
        heights = boxes[self.words, 3] - boxes[self.words, 1]
        self.text_height = max(float(np.median(heights)) if len(heights) else 0.0, least_text_height)
        self.boxes = _clip_drop_caps(boxes, self.words, self.text_height)
        self.fragment = np.full(len(boxes), -1)
        self.fragment[self.words] = chain_words(self.boxes[self.words], self.text_height)
        slope = slope_of(self.boxes[self.words], self.fragment[self.words], self.text_height)
        self.boxes = _level(self.boxes, slope)

    def lines(self) -> list[np.ndarray]:
        """The lines of all words."""
        return self._region(self.words)

    def _region(self, words: np.ndarray, known_x: float | None = None) -> list[np.ndarray]:
        """Cut along the clearest gutter into what is above, each column, and what is below; else read rows."""
        gutter = find_gutter(self.boxes[words], self.fragment[words], self.text_height, known_x)
        if gutter is None:
            return self._rows(words)
        x, y = self.boxes[words][:, [0, 2]].mean(axis=1), self.boxes[words][:, [1, 3]].mean(axis=1)
        above, below = y < gutter.top, y > gutter.bottom
        columns = [words[~above & ~below & (x < gutter.x)], words[~above & ~below & (x >= gutter.x)]]
        if self._runs_leftward(words):
            columns.reverse()
        lines = [line for column in columns for line in self._region(column)]
        return [*self._region(words[above], gutter.x), *lines, *self._region(words[below], gutter.x)]

    def _rows(self, words: np.ndarray) -> list[np.ndarray]:
        """Rows from top to bottom, the words of each in the order they are read."""
        if not len(words):
            return []
        by_piece = words[np.lexsort((self.boxes[words, 0], self.fragment[words]))]
        starts = np.flatnonzero(np.diff(self.fragment[by_piece], prepend=-1))
        pieces = np.split(by_piece, starts[1:])
        rows = _join(self._ends(by_piece, starts), self.text_height)
        lines = [np.concatenate([pieces[piece] for piece in row]) for row in rows]
        centre = self.boxes[:, [1, 3]].mean(axis=1)
        lines.sort(key=lambda line: float(centre[line].sum()) / len(line))
        return [self._directed(line) for line in lines]

    def _ends(self, by_piece: np.ndarray, starts: np.ndarray) -> Ends:
        """The ends of fragments whose words, sorted by x, begin at `starts`; END_WORDS words tell the level of each."""
        stops = np.append(starts[1:], len(by_piece))
        steps = np.minimum(np.arange(END_WORDS), (stops - starts - 1)[:, None])
        first, last = by_piece[starts[:, None] + steps], by_piece[stops[:, None] - 1 - steps]
        left, right = (np.median(self.boxes[words][:, :, [1, 3]], axis=1) for words in (first, last))
        x1 = np.maximum.reduceat(self.boxes[by_piece, 2], starts)
        return Ends(self.boxes[first[:, 0], 0], x1, left, right)

    def _runs_leftward(self, words: np.ndarray) -> bool:
        return 2 * int(self.leftward[words].sum()) > len(words)

    def _directed(self, line: np.ndarray) -> np.ndarray:
        """The words of a row in the order they are read: runs of the other direction are turned round within it."""
        line = line[np.argsort(self.boxes[line, 0], kind="stable")]
        if not self.leftward[line].any():
            return line
        leftward = self._runs_leftward(line)
        if leftward:
            line = line[::-1]
        runs = np.split(line, np.flatnonzero(np.diff(self.leftward[line])) + 1)
        return np.concatenate([run if self.leftward[run[0]] == leftward else run[::-1] for run in runs])


def _join(ends: Ends, text_height: float) -> list[list[int]]:
    """Join n fragments into rows across gaps of any width, the best aligned first, none of a row above another."""
    right = nearest_right(ends, text_height, np.inf, ROW_SHIFT)
    left = nearest_right(ends.mirrored(), text_height, np.inf, ROW_SHIFT)
    pairs = {(i, int(j)) for i, j in enumerate(right) if j >= 0} | {(int(i), j) for j, i in enumerate(left) if i >= 0}
    level_left, level_right = ends.left.mean(axis=1), ends.right.mean(axis=1)
    level = (level_left + level_right) / 2
    by_level = np.argsort(level, kind="stable").tolist()
    followers = [(i, j) for i, j in pairwise(by_level) if level[j] - level[i] <= OVERPRINT * text_height]
    aligned = sorted(pairs, key=lambda pair: (abs(level_right[pair[0]] - level_left[pair[1]]), pair))
    row_of = [[piece] for piece in range(len(level))]
    for i, j in aligned + followers:
        one, other = row_of[i], row_of[j]
        if one is not other and not _collide(ends, level, one, other, text_height):
            one.extend(other)
            for piece in other:
                row_of[piece] = one
    return [row for piece, row in enumerate(row_of) if row[0] == piece]


def _collide(ends: Ends, level: np.ndarray, one: list[int], other: list[int], text_height: float) -> bool:
    """Whether any two fragments stand above each other; text printed twice in one place does not."""
    shared = np.minimum(ends.x1[one][:, None], ends.x1[other]) - np.maximum(ends.x0[one][:, None], ends.x0[other])
    apart = np.abs(level[one][:, None] - level[other])
    return bool(((shared > BACKSTEP * text_height) & (apart > OVERPRINT * text_height)).any())


def _clip_drop_caps(boxes: np.ndarray, words: np.ndarray, text_height: float) -> np.ndarray:
    """A copy of the boxes in which a tall letter beside several lines ends where the first of these lines does."""
    clipped = boxes.copy()
    heights = boxes[words, 3] - boxes[words, 1]
    for word in words[heights >= DROP_CAP * text_height]:
        x0, y0, x1, y1 = boxes[word]
        others = boxes[words]
        beside = (others[:, 0] > (x0 + x1) / 2) & (others[:, 0] < x1 + 1.5 * text_height)
        beside &= (heights < (y1 - y0) / DROP_CAP) & (others[:, 1] + others[:, 3] > 2 * y0)
        beside &= others[:, 1] + others[:, 3] < 2 * y1
        if x1 - x0 <= 2 * (y1 - y0) and beside.any():
            top = others[beside][others[beside][:, 3].argmin()]
            if np.ptp(others[beside][:, [1, 3]].mean(axis=1)) > 0.8 * (top[3] - top[1]):
                clipped[word, 3] = max(top[3], y0)
    return clipped


def _level(boxes: np.ndarray, slope: float) -> np.ndarray:
    """Boxes with the page turned back by a small slope dy/dx, each moved with its centre."""
    x, y = boxes[:, [0, 2]].mean(axis=1), boxes[:, [1, 3]].mean(axis=1)
    return boxes + np.stack([y * slope, -x * slope] * 2, axis=1)
