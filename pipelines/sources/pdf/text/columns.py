"""Finds the parts of vertical columns that are not vertical text themselves: turned words, and digits set side by side.

Chinese and Japanese columns hold Latin words and long numbers on their side, and short numbers upright in the width of
one glyph (tate-chu-yoko). MuPDF gives these as turned and as level runs.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

from pipelines.sources.pdf.text.chains import continues, merged
from pipelines.sources.pdf.text.characters import Run, is_level

# In font sizes: how far a part may be off the middle of its column, and its gap and overlap with the part before it.
MAX_OFF, MAX_GAP, MAX_OVERLAP = 0.4, 1.0, 0.9
MAX_UPRIGHT, MAX_WIDTH = 4, 1.7  # characters of a number that is set upright, and its width in font sizes
MOSTLY = 0.5  # share of the characters of a page, from which the page as a whole is vertical


class _Part(NamedTuple):
    """Run `number` in the frame of the columns: `start` to `stop` down the column, `middle` across it."""

    number: int
    start: float
    stop: float
    middle: float
    size: float
    is_column: bool


def with_parts(runs: Iterable[Run]) -> list[Run]:
    """Returns the runs, with those that are parts of a vertical column marked as columns.

    A turned run is a part if it continues a column. A level run is one if columns are above and below it; on a vertical
    page, one side is enough, and all text that is turned like the columns counts as a column.
    """
    runs = list(runs)
    angles = Counter(run.angle_deg for run in runs if run.is_column)
    if not angles:
        return runs
    angle_deg = angles.most_common(1)[0][0]
    shares = [sum(len(run.characters) for run in runs if run.is_column or of_all) for of_all in (False, True)]
    is_vertical_page = shares[0] > MOSTLY * shares[1]
    found = _parts(runs, angle_deg, is_vertical_page)
    marked = [replace(run, angle_deg=angle_deg, is_column=True) if i in found else run for i, run in enumerate(runs)]
    return list(_with_signs(marked))


def _parts(runs: Sequence[Run], angle_deg: float, is_vertical_page: bool) -> set[int]:
    """Returns the indices of the runs that are parts of columns with this direction."""
    columns = [_part(i, run, angle_deg) for i, run in enumerate(runs) if run.is_column and run.angle_deg == angle_deg]
    lanes = _lanes(columns)
    middles = [lane[0].middle for lane in lanes]
    turned: set[int] = set()
    for index, run in enumerate(runs):
        is_turned = not run.is_column and is_level(run.angle_deg - angle_deg)
        if run.is_blank or not (is_turned or _is_upright(run, angle_deg)):
            continue
        part = _part(index, run, angle_deg)
        if is_turned:
            turned.add(index)
        at = bisect_left(middles, part.middle)
        for lane in lanes[max(0, at - 1) : at + 1]:
            size = lane[0].size
            if abs(part.middle - lane[0].middle) <= MAX_OFF * size and (is_turned or _width(run) <= MAX_WIDTH * size):
                lane.append(part)
                break
    below, above = _following(lanes, 1), _following(lanes, -1)
    if is_vertical_page:
        return turned | below | above
    return turned & (below | above) | (below & above)


def _part(index: int, run: Run, angle_deg: float) -> _Part:
    """Returns a run in the frame of the columns. An upright number is as high as its font size."""
    cos, sin = math.cos(math.radians(angle_deg)), math.sin(math.radians(angle_deg))
    ends = [character.centre for character in (run.characters[0], run.characters[-1])]
    along = sorted(x * cos + y * sin for x, y in ends)
    middle = sum(y * cos - x * sin for x, y in ends) / 2
    size = run.characters[0].size
    return _Part(index, along[0] - size / 2, along[1] + size / 2, middle, size, run.is_column)


def _is_upright(run: Run, angle_deg: float) -> bool:
    """Returns whether a run can be a number that is set upright in a column."""
    length = sum(not character.text.isspace() for character in run.characters)
    return not run.is_column and is_level(run.angle_deg + 90 - angle_deg) and length <= MAX_UPRIGHT


def _width(run: Run) -> float:
    first, last = run.characters[0].centre, run.characters[-1].centre
    return math.dist(first, last) + run.characters[0].size / 2


def _lanes(columns: list[_Part]) -> list[list[_Part]]:
    """Returns the columns grouped by their place across the page, from the lowest `middle` on."""
    lanes: list[list[_Part]] = []
    for column in sorted(columns, key=lambda part: part.middle):
        if lanes and column.middle - lanes[-1][0].middle <= MAX_OFF * column.size:
            lanes[-1].append(column)
        else:
            lanes.append([column])
    return lanes


def _following(lanes: list[list[_Part]], sign: int) -> set[int]:
    """Returns the parts that follow a column, or a part that does, down the page (sign 1) or up the page (-1)."""
    found: set[int] = set()
    for lane in lanes:
        for before, part in pairwise(sorted(lane, key=lambda part: sign * (part.start + part.stop))):
            gap = part.start - before.stop if sign > 0 else before.start - part.stop
            is_close = -MAX_OVERLAP * part.size <= gap <= MAX_GAP * part.size
            if is_close and not part.is_column and (before.is_column or before.number in found):
                found.add(part.number)
    return found


def _with_signs(runs: Iterable[Run]) -> Iterator[Run]:
    """Joins the runs of a column around a sign: brackets and dashes are turned, but they do not separate words."""
    whole: Run | None = None
    after_sign = False
    for run in runs:
        is_sign = not any(character.text.isalnum() for character in run.characters)
        if whole and whole.is_column and run.is_column and (is_sign or after_sign) and continues(whole, run):
            whole = merged([whole, run], whole.angle_deg, is_column=True)
        else:
            if whole:
                yield whole
            whole = run
        after_sign = is_sign
    if whole:
        yield whole
