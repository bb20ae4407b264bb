"""Entry point for boxes: from the boxes of the words of a page to lines in reading order. Calls all steps.

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
2. Columns (`columns`). A gutter is a free vertical strip with running text on both sides. It cuts the page
   into up to four regions: above the gutter, left column, right column, below the gutter. Each region is searched for
   another gutter. The gap before "12.00" is no gutter: short cells that share their levels are a table or a form.
3. Rows (`rows`). In a region without a gutter, fragments on one level are joined across gaps of any width.
   Each row is one line of the result: "Total due" and "12.00" are one line, the two halves of an article are two.
4. Reading order (`regions`). The regions are read as listed in step 2, the rows of a region from top to bottom, and
   the words of a row from left to right. Text that runs from right to left starts with the right column and word.

Before step 1, vertical words are separated from horizontal ones. After it, a small remaining skew is removed. After
step 3, rows of boxes with a small label above each value are cut into the boxes (`rows.stacks`).
"""

from __future__ import annotations

import numpy as np

from pipelines.lines.fragments import groups
from pipelines.lines.regions import Reader
from pipelines.lines.vertical import vertical_words


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
    from right to left, after horizontal lines above all of them.

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
    vertical = vertical_words(boxes, angle_deg)
    minor, is_title = vertical, np.zeros(len(boxes), bool)
    if height[vertical].sum() > width[~vertical].sum():
        # Vertical script: turn the page, right edge on top, so that its words are horizontal.
        minor, is_title = ~vertical, ~vertical & (boxes[:, 3] <= boxes[vertical, 1].min())
        boxes = np.stack([boxes[:, 1], -boxes[:, 2], boxes[:, 3], -boxes[:, 0]], axis=1)
    turned = np.stack([-boxes[:, 3], boxes[:, 0], -boxes[:, 1], boxes[:, 2]], axis=1)
    major_lines = Reader(boxes, leftward, ~minor, min_text_height).lines()
    minor_lines = Reader(turned, leftward, minor, min_text_height).lines()
    titles = [line for line in minor_lines if is_title[line].all()]
    return [*titles, *major_lines, *(line for line in minor_lines if not is_title[line].all())]
