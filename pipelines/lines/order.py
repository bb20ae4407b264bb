"""Steps 3 and 4: from the boxes of the words of a page to lines in reading order. Calls steps 1 and 2.

Worked example: a page with a heading, two columns of running text, and a row with a label and its value.
Brackets mark the fragments, colons the gutter. A character is 0.6 text heights wide. The numbers on the right are the
line numbers in reading order. In a row with two columns, the left number is the line of the left column:

                    [Report on the harbour]                         0

    [The ferry left the pier]  :  [Costs rose by a tenth]           1   7
    [at dawn and came back in] :  [within a year. Most of]          2   8
    [the evening with a cargo] :  [this paid for the lights]        3   9
    [of wheat for the bakers.] :  [along the wharf, so that]        4   10
    [They paid the captain on] :  [a pilot can see the pier]        5   11
    [the next day, as agreed.] :  [even from the open sea.]         6   12

    [Total due]                                    [12.00]          13

1. Fragments (`fragments`). A fragment is a chain of words on one level with small gaps (at most 1.5 text heights).
   The level of a word is its vertical centre. The text height is the typical height of a word; it is the unit of all
   lengths here. This page has 15 fragments.
2. Columns (`columns`, `gutters`). A gutter is a free vertical strip with running text on both sides. It cuts the page
   into up to four regions: above the gutter, left column, right column, below the gutter. Each region is searched for
   another gutter. The gap before "12.00" is no gutter: short cells that share their levels are a table or a form.
3. Rows (this module). In a region without a gutter, fragments on one level are joined across gaps of any width.
   Each row is one line of the result: "Total due" and "12.00" are one line, the two halves of an article are two.
4. Reading order. The regions are read as listed in step 2, the rows of a region from top to bottom, and the words of
   a row from left to right. Text that runs from right to left starts with the right column and the right word.

Before step 1, vertical words are separated from horizontal ones. After it, a small remaining skew is removed.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from pipelines.lines.columns import find_gutter
from pipelines.lines.fragments import BACKSTEP, Ends, chain_words, groups, nearest_right, slope_of

ROW_SHIFT = 0.4  # maximum difference in level of two facing ends, as a share of the higher one
END_WORDS = 3  # number of words that give the level of a fragment's end
OVERPRINT = 0.2  # text heights: overlapping boxes whose levels differ by at most this are one text printed twice
SLIM, TALL = 2.5, 2.0  # a vertical word is higher than SLIM times its width and TALL times the usual text height
OFF_LINE = 0.25  # maximum offset of the next word in a vertical line, as a share of the vertical word's width
SIDEWAYS = 0.7  # sine of the angle from which text counts as vertical
DROP_CAP = 1.6  # minimum height of a drop cap, in text heights


def order_words(
    boxes: np.ndarray,
    page_width: float,
    page_height: float,
    right_to_left: np.ndarray | None = None,
    angle_deg: np.ndarray | None = None,
    run: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Groups words into lines and puts them into reading order. The order of the input does not matter.

    Text that is turned on its side or aslant (margin stamps, axis labels, watermarks) comes last. If `run` is given,
    each run of it is a line of its own, read along its direction. Else words that are much higher than wide are read
    upwards. If most of the text on the page is vertical, it is read as vertical script: each line downwards, the lines
    from right to left.

    Args:
        boxes: (n, 4) x0, y0, x1, y1 of the words on an upright page, in any unit.
        page_width: width of the page in the unit of the boxes.
        page_height: height of the page in the unit of the boxes.
        right_to_left: (n,) True for words of Arabic or Hebrew script. The boxes alone do not show this.
        angle_deg: (n,) direction in which each word runs, in degrees clockwise from rightwards; NaN where it is not
            known, and the shape of the box decides.
        run: (n,) 0, or the number of the run that the word belongs to. See `pipelines.lines.words.RawWord`.

    Returns:
        `order` (n,): the words in reading order, as indices into the input.
        `line` (n,): the line number of the word `order[k]`. It starts at 0, has no gaps and never decreases.

    Raises:
        ValueError: the page has no area.
    """
    if page_width <= 0 or page_height <= 0:
        raise ValueError(f"page_width and page_height must be positive, not {page_width} and {page_height}")
    corners = np.asarray(boxes, dtype=float).reshape(-1, 4)
    if not len(corners):
        return np.zeros(0, int), np.zeros(0, int)
    upright = np.hstack([np.minimum(corners[:, :2], corners[:, 2:]), np.maximum(corners[:, :2], corners[:, 2:])])
    leftward = np.zeros(len(upright), bool) if right_to_left is None else np.asarray(right_to_left, bool)
    angles = np.full(len(upright), np.nan) if angle_deg is None else np.asarray(angle_deg, float)
    runs = np.zeros(len(upright), int) if run is None else np.asarray(run, int)
    canonical = np.lexsort((leftward, *upright.T))
    in_layout, aside = canonical[runs[canonical] == 0], canonical[runs[canonical] > 0]
    lines = [
        in_layout[line]
        for line in _page_lines(upright[in_layout], leftward[in_layout], angles[in_layout], page_height / 1000)
    ]
    lines += [aside[line] for line in _run_lines(upright[aside], angles[aside], runs[aside])]
    order = np.concatenate(lines)
    return order, np.repeat(np.arange(len(lines)), [len(line) for line in lines])


def _run_lines(boxes: np.ndarray, angle_deg: np.ndarray, run: np.ndarray) -> list[np.ndarray]:
    """Returns a line for each run, as word indices along its direction, in the order of the page turned upright."""
    angle_deg = np.nan_to_num(angle_deg) % 360
    x, y = boxes[:, [0, 2]].mean(axis=1), boxes[:, [1, 3]].mean(axis=1)
    cos, sin = np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))
    along, across, quadrant = x * cos + y * sin, y * cos - x * sin, np.round(angle_deg / 90) % 4
    lines = [words[np.argsort(along[words], kind="stable")] for words in groups(run)]
    return sorted(lines, key=lambda line: (quadrant[line[0]], across[line].mean(), along[line[0]], int(line[0])))


def _page_lines(
    boxes: np.ndarray, leftward: np.ndarray, angle_deg: np.ndarray, min_text_height: float
) -> list[np.ndarray]:
    """Returns the lines, as word indices, of a page with horizontal and vertical words.

    Args:
        boxes: (n, 4) boxes of the words.
        leftward: (n,) whether a word is written from right to left.
        angle_deg: (n,) direction in which a word runs, NaN if its shape decides.
        min_text_height: lower bound for the text height, in the unit of the boxes.
    """
    width, height = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    usual_height = np.median(height[width > height]) if (width > height).any() else 0.0
    # Dots and bars are slim too, but they are not taller than the text around them.
    vertical = (height > SLIM * width) & (height > TALL * usual_height)
    vertical |= _between(boxes, vertical)
    vertical = np.where(np.isnan(angle_deg), vertical, np.abs(np.sin(np.radians(angle_deg))) > SIDEWAYS)
    minor = ~vertical if height[vertical].sum() > width[~vertical].sum() else vertical
    if minor is not vertical:  # vertical script: turn the page, right edge on top, so that its words are horizontal
        boxes = np.stack([boxes[:, 1], -boxes[:, 2], boxes[:, 3], -boxes[:, 0]], axis=1)
    turned = np.stack([-boxes[:, 3], boxes[:, 0], -boxes[:, 1], boxes[:, 2]], axis=1)
    major_lines = _Reader(boxes, leftward, ~minor, min_text_height).lines()
    return major_lines + _Reader(turned, leftward, minor, min_text_height).lines()


def _between(boxes: np.ndarray, vertical: np.ndarray) -> np.ndarray:
    """Returns (n,) which words are between two vertical words of one line.

    Such words are too short for their own shape to show that they are vertical.
    """
    flipped = np.stack([boxes[:, 0], -boxes[:, 3], boxes[:, 2], -boxes[:, 1]], axis=1)
    return _below(boxes, vertical) & _below(flipped, vertical)


def _below(boxes: np.ndarray, vertical: np.ndarray) -> np.ndarray:
    """Returns (n,) which words follow a vertical word downwards in its line, with gaps no wider than that word."""
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
    """Orders the chosen words of a page, all of them horizontal: cuts the page into regions, and regions into rows.

    Args:
        boxes: (n, 4) boxes of all words of the page.
        leftward: (n,) whether a word is written from right to left.
        chosen: (n,) which words to order.
        min_text_height: lower bound for the text height, in the unit of the boxes.
    """

    def __init__(self, boxes: np.ndarray, leftward: np.ndarray, chosen: np.ndarray, min_text_height: float) -> None:
        self.words = np.flatnonzero(chosen)
        self.leftward = leftward
        heights = boxes[self.words, 3] - boxes[self.words, 1]
        self.text_height = max(float(np.median(heights)) if len(heights) else 0.0, min_text_height)
        self.boxes = _clip_drop_caps(boxes, self.words, self.text_height)
        self.fragment = np.full(len(boxes), -1)
        self.fragment[self.words] = chain_words(self.boxes[self.words], self.text_height)
        slope = slope_of(self.boxes[self.words], self.fragment[self.words], self.text_height)
        self.boxes = _deskewed(self.boxes, slope)

    def lines(self) -> list[np.ndarray]:
        """Returns the lines of the chosen words in reading order, each an array of word indices."""
        return self._region(self.words)

    def _region(self, words: np.ndarray, known_x: float | None = None) -> list[np.ndarray]:
        """Returns the lines of a region: cuts it at its clearest gutter, or reads it as rows if it has none.

        The cut gives up to four regions: above the gutter, the two columns, and below the gutter.

        Args:
            words: indices of the words of the region.
            known_x: the place of the gutter of the region below or above, if any.
        """
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
        """Returns the rows of a region from top to bottom, the words of each in reading order."""
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
        """Returns the ends of fragments. The level of an end is the median over its END_WORDS words.

        Args:
            by_piece: word indices, sorted by fragment and then by x.
            starts: index into `by_piece` of the first word of each fragment.
        """
        stops = np.append(starts[1:], len(by_piece))
        steps = np.minimum(np.arange(END_WORDS), (stops - starts - 1)[:, None])
        first, last = by_piece[starts[:, None] + steps], by_piece[stops[:, None] - 1 - steps]
        left, right = (np.median(self.boxes[words][:, :, [1, 3]], axis=1) for words in (first, last))
        x1 = np.maximum.reduceat(self.boxes[by_piece, 2], starts)
        return Ends(self.boxes[first[:, 0], 0], x1, left, right)

    def _runs_leftward(self, words: np.ndarray) -> bool:
        return 2 * int(self.leftward[words].sum()) > len(words)

    def _directed(self, line: np.ndarray) -> np.ndarray:
        """Returns the words of a row in reading order: runs of the other direction are reversed within it."""
        line = line[np.argsort(self.boxes[line, 0], kind="stable")]
        if not self.leftward[line].any():
            return line
        leftward = self._runs_leftward(line)
        if leftward:
            line = line[::-1]
        runs = np.split(line, np.flatnonzero(np.diff(self.leftward[line])) + 1)
        return np.concatenate([run if self.leftward[run[0]] == leftward else run[::-1] for run in runs])


def _join(ends: Ends, text_height: float) -> list[list[int]]:
    """Joins n fragments into rows across gaps of any width, the best aligned pairs first.

    Two fragments of one row are never above each other.
    """
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
    """Returns whether a fragment of one row is above one of the other. Text printed twice in one place is allowed."""
    shared = np.minimum(ends.x1[one][:, None], ends.x1[other]) - np.maximum(ends.x0[one][:, None], ends.x0[other])
    apart = np.abs(level[one][:, None] - level[other])
    return bool(((shared > BACKSTEP * text_height) & (apart > OVERPRINT * text_height)).any())


def _clip_drop_caps(boxes: np.ndarray, words: np.ndarray, text_height: float) -> np.ndarray:
    """Returns a copy of the boxes in which drop caps are cut to the height of a line.

    A drop cap is a tall letter to the left of several lines. Its box then ends where the first of these lines ends.
    """
    clipped = boxes.copy()
    heights = boxes[words, 3] - boxes[words, 1]
    for word in words[heights >= DROP_CAP * text_height]:
        x0, y0, x1, y1 = boxes[word]
        others = boxes[words]
        neighbours = (others[:, 0] > (x0 + x1) / 2) & (others[:, 0] < x1 + 1.5 * text_height)
        neighbours &= (heights < (y1 - y0) / DROP_CAP) & (others[:, 1] + others[:, 3] > 2 * y0)
        neighbours &= others[:, 1] + others[:, 3] < 2 * y1
        if x1 - x0 <= 2 * (y1 - y0) and neighbours.any():
            top = others[neighbours][others[neighbours][:, 3].argmin()]
            if np.ptp(others[neighbours][:, [1, 3]].mean(axis=1)) > 0.8 * (top[3] - top[1]):
                clipped[word, 3] = max(top[3], y0)
    return clipped


def _deskewed(boxes: np.ndarray, slope: float) -> np.ndarray:
    """Returns the boxes after the page is turned back by a small slope dy/dx. Each box moves with its centre."""
    x, y = boxes[:, [0, 2]].mean(axis=1), boxes[:, [1, 3]].mean(axis=1)
    return boxes + np.stack([y * slope, -x * slope] * 2, axis=1)
