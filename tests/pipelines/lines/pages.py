"""Pages made of boxes alone, and how the line finder reads them."""

from __future__ import annotations

import numpy as np

from pipelines.lines.order import order_words

WIDTH, HEIGHT = 600.0, 800.0
EM = 10.0  # default height of a word, in the unit of WIDTH and HEIGHT


def row(x: float, y: float, *widths: float, gap: float = 3.0, height: float = EM) -> list[list[float]]:
    """Returns words of the given widths next to each other, their tops at y."""
    starts = x + np.cumsum([0.0, *(width + gap for width in widths)])[:-1]
    return [[start, y, start + width, y + height] for start, width in zip(starts, widths, strict=True)]


def prose(x: float, y: float, width: float, lines: int, pitch: float = 12.0, seed: int = 0) -> list[list[list[float]]]:
    """Returns ragged lines of a column, one list of words per line. Every sixth line is short: a paragraph ends."""
    rng = np.random.default_rng(seed)
    column = []
    for number in range(lines):
        end = x + width * (0.45 if (number + seed) % 6 == 5 else rng.uniform(0.88, 1.0))
        words, at = [], x
        while at < end - 8:
            step = min(rng.uniform(8, 40), end - at)
            words.append([at, y + number * pitch, at + step, y + number * pitch + EM])
            at += step + 3
        column.append(words)
    return column


def read(rows: list[list[list[float]]], **options) -> list[list[int]]:
    """Returns the lines that order_words finds, each as the numbers of the rows that its words come from."""
    boxes = np.array([word for words in rows for word in words])
    owner = np.repeat(np.arange(len(rows)), [len(words) for words in rows])
    order, line = order_words(boxes, WIDTH, HEIGHT, **options)
    return [sorted(set(owner[order[line == number]].tolist())) for number in range(line.max() + 1)]


def one_line_per_row(rows: list[list[list[float]]]) -> list[list[int]]:
    """Returns what `read` must return if the rows are given in reading order and each row is one line."""
    return [[number] for number in range(len(rows))]


def skewed(rows: list[list[list[float]]], degrees: float) -> list[list[list[float]]]:
    """Returns the rows with each word moved down in proportion to its x."""
    slope = np.tan(np.radians(degrees))
    return [[[x0, y0 + x0 * slope, x1, y1 + x0 * slope] for x0, y0, x1, y1 in words] for words in rows]
