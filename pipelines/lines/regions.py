"""Steps 3 and 4: cut the page at its gutters and read the regions, the rows of each, and the words of each row."""

from __future__ import annotations

import numpy as np

from pipelines.lines.boxes import clip_drop_caps, deskewed
from pipelines.lines.columns.gutter import find_gutter
from pipelines.lines.fragments import chain_words, slope_of
from pipelines.lines.rows.join import rows_of
from pipelines.lines.rows.stacks import cut_stacks


class Reader:
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
        self.boxes = clip_drop_caps(boxes, self.words, self.text_height)
        self.fragment = np.full(len(boxes), -1)
        self.fragment[self.words] = chain_words(self.boxes[self.words], self.text_height)
        slope = slope_of(self.boxes[self.words], self.fragment[self.words], self.text_height)
        self.boxes = deskewed(self.boxes, slope)

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
            rows = rows_of(self.boxes, words, self.fragment, self.text_height)
            lines = cut_stacks(self.boxes, rows, self.text_height, self._runs_leftward(words))
            return [self._directed(line) for line in lines]
        x, y = self.boxes[words][:, [0, 2]].mean(axis=1), self.boxes[words][:, [1, 3]].mean(axis=1)
        above, below = y < gutter.top, y > gutter.bottom
        columns = [words[~above & ~below & (x < gutter.x)], words[~above & ~below & (x >= gutter.x)]]
        if self._runs_leftward(words):
            columns.reverse()
        lines = [line for column in columns for line in self._region(column)]
        return [*self._region(words[above], gutter.x), *lines, *self._region(words[below], gutter.x)]

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
