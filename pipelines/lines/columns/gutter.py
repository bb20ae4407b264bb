"""Step 2: find the gutter between two columns of running text.

All free vertical strips of a region are tried. The result is the strip with the most evidence, if that is enough.
`gutters` weighs the evidence. A gutter has a top and a bottom: it need not run through the whole region. It is found
where it is clearest, and then extended up and down, also past lines with little evidence.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipelines.lines.columns.evidence import STAGGERED_WIDTH, TEXT_WIDTH, Strip, median, quantile, weigh
from pipelines.lines.columns.openings import HALF_LINE, MARGIN, MIN_LINES, openings
from pipelines.lines.nearby import ROUNDING, pairs_inside

# Lengths are in text heights (the typical height of a word on the page).
NARROW, NARROW_MIN_LINES = 1.2, 8  # a gutter below this width needs more lines: gaps between words align by chance
INDENT = 3.0  # maximum indent of a paragraph, a list or a formula within its column
# Evidence of the lines on the weaker side: minimum sum, minimum sum at the place of a known gutter, and minimum mean.
MIN_WEIGHT, EXPECTED_WEIGHT, MIN_MEAN = 3.0, 1.5, 0.3
UNOPPOSED_MEAN = 0.25  # minimum mean if no line is evidence against: the cells of a table next to a column of text
LINE_PITCH = 1.9  # maximum distance of two lines of a paragraph; boxes may be only as high as the letters


@dataclass(frozen=True)
class Gutter:
    """A gutter: it separates the words left and right of `x` whose centres are between `top` and `bottom`.

    Attributes:
        x: where to cut, in the unit of the boxes.
        top, bottom: the first and the last level that it covers, in the unit of the boxes.
        weight: the sum of the evidence where the gutter is clearest (see `gutters`).
    """

    x: float
    top: float
    bottom: float
    weight: float


def find_gutter(
    boxes: np.ndarray, fragment: np.ndarray, text_height: float, known_x: float | None = None
) -> Gutter | None:
    """Returns the gutter with the most evidence in a region, None if no strip has enough.

    Args:
        boxes: (n, 4) boxes of the words of the region.
        fragment: (n,) fragment id of each word.
        text_height: typical height of a word, in the unit of the boxes.
        known_x: the place of a gutter directly above or below the region. A gutter there needs less evidence.
    """
    if len(boxes) < 2 * MIN_LINES:
        return None
    wide, in_paragraph = _fragment_traits(boxes, fragment, text_height)
    strips = (Strip.cut(boxes, fragment, in_paragraph, x, words) for x, words in openings(boxes, wide, text_height))
    found = [_gutter_in(boxes, strip, text_height, known_x) for strip in strips]
    clearest = max((gutter for gutter in found if gutter), key=lambda gutter: gutter.weight, default=None)
    return clearest and _extended(clearest, boxes, fragment, in_paragraph, text_height)


def _fragment_traits(boxes: np.ndarray, fragment: np.ndarray, text_height: float) -> tuple[np.ndarray, np.ndarray]:
    """Returns for each word (n,) whether its fragment is wide, and whether another one is directly above or below."""
    _, of, size = np.unique(fragment, return_inverse=True, return_counts=True)
    x0, x1 = np.full(len(size), np.inf), np.full(len(size), -np.inf)
    np.minimum.at(x0, of, boxes[:, 0])
    np.maximum.at(x1, of, boxes[:, 2])
    level = np.bincount(of, boxes[:, [1, 3]].mean(axis=1)) / size
    wide = np.flatnonzero(x1 - x0 >= STAGGERED_WIDTH * text_height)
    left, right, level = x0[wide], x1[wide], level[wide]
    # Of two spans that share half of the narrower one, the wider one contains the centre of the other.
    margin = ROUNDING * text_height
    reach = LINE_PITCH * text_height + margin
    around = np.stack([left - margin, level - reach, right + margin, level + reach], axis=1)
    one, other = pairs_inside(np.stack([(left + right) / 2, level], axis=1), around)
    pitch = np.abs(level[one] - level[other]) / text_height
    shared = np.minimum(right[one], right[other]) - np.maximum(left[one], left[other])
    width = right - left
    follows = (pitch > LINE_PITCH / 3) & (pitch <= LINE_PITCH)
    follows &= 2 * shared >= np.minimum(width[one], width[other])
    in_paragraph = np.zeros(len(size), bool)
    in_paragraph[wide[one[follows]]] = in_paragraph[wide[other[follows]]] = True
    return np.isin(of, wide), in_paragraph[of]


def _gutter_in(boxes: np.ndarray, strip: Strip, text_height: float, known_x: float | None) -> Gutter | None:
    """Returns the gutter in the stretch of a strip that has the most evidence, None if that is not enough."""
    if min(strip.on_left.sum(), (~strip.on_left).sum()) < MIN_LINES:
        return None
    sides = [(strip.x1 - strip.x0)[side] / text_height for side in (strip.on_left, ~strip.on_left)]
    if min(map(median, sides)) < STAGGERED_WIDTH and max(quantile(side, 0.9) for side in sides) < TEXT_WIDTH:
        return None  # only cells, no running text next to them
    weight = weigh(strip, text_height)
    by_level = np.argsort(strip.level, kind="stable")
    start, stop = _heaviest_stretch(weight[by_level])
    kept = by_level[start:stop]
    left, right = kept[strip.on_left[kept]], kept[~strip.on_left[kept]]
    if min(len(left), len(right)) < MIN_LINES:
        return None
    x0, x1 = float(strip.x1[left].max()), float(strip.x0[right].min())
    expected = known_x is not None and x0 <= known_x <= x1
    if not _has_evidence(strip, weight, kept, EXPECTED_WEIGHT if expected else MIN_WEIGHT):
        return None
    if x1 - x0 < NARROW * text_height and not expected and min(len(left), len(right)) < NARROW_MIN_LINES:
        return None
    # Lines are flush on the left and ragged on the right. The gutter is therefore placed where its right column begins.
    return Gutter(x1 - MARGIN * text_height, *_span(boxes, strip, kept), float(weight[kept].sum()))


def _has_evidence(strip: Strip, weight: np.ndarray, pieces: np.ndarray, min_weight: float) -> bool:
    """Returns whether a stretch of pieces has enough lines and enough evidence for a gutter on both sides."""
    left, right = (weight[pieces][strip.on_left[pieces] == side] for side in (True, False))
    if min(len(left), len(right)) < MIN_LINES or min(left.sum(), right.sum()) < min_weight:
        return False
    min_mean = MIN_MEAN if (weight[pieces] < 0).any() else UNOPPOSED_MEAN
    return bool(min(left.mean(), right.mean()) >= min_mean)


def _span(boxes: np.ndarray, strip: Strip, pieces: np.ndarray) -> tuple[float, float]:
    """Returns the first and the last level (vertical centre) of the words in some pieces."""
    centre = boxes[strip.words[np.isin(strip.piece_of, pieces)]][:, [1, 3]].mean(axis=1)
    return float(centre.min()), float(centre.max())


def _extended(
    gutter: Gutter, boxes: np.ndarray, fragment: np.ndarray, in_paragraph: np.ndarray, text_height: float
) -> Gutter:
    """Returns the gutter, extended up and down from where it is clearest, at most until a word crosses it."""
    level = boxes[:, [1, 3]].mean(axis=1)
    barriers = level[(boxes[:, 0] < gutter.x) & (boxes[:, 2] > gutter.x - MARGIN * text_height)]
    top = min(barriers[barriers < gutter.top].max(initial=-np.inf) + HALF_LINE * text_height, gutter.top)
    bottom = max(barriers[barriers > gutter.bottom].min(initial=np.inf) - HALF_LINE * text_height, gutter.bottom)
    strip = Strip.cut(boxes, fragment, in_paragraph, gutter.x, np.flatnonzero((level >= top) & (level <= bottom)))
    weight, by_level = weigh(strip, text_height), np.argsort(strip.level, kind="stable")
    clearest = (level[strip.words] >= gutter.top) & (level[strip.words] <= gutter.bottom)
    known = np.flatnonzero(np.isin(by_level, strip.piece_of[clearest]))
    start, stop = _extended_stretch(strip, weight, by_level, int(known[0]), int(known[-1]) + 1)
    return Gutter(gutter.x, *_span(boxes, strip, _complete(strip, by_level, start, stop, text_height)), gutter.weight)


def _extended_stretch(strip: Strip, weight: np.ndarray, by_level: np.ndarray, start: int, stop: int) -> tuple[int, int]:
    """Returns the bounds of a stretch, extended to the heaviest stretches above and below if these have evidence too.

    The lines between two such stretches are cut as well, whatever their weight: a list or a formula in either column.
    """
    above, below = _heaviest_stretch(weight[by_level[:start]]), _heaviest_stretch(weight[by_level[stop:]])
    if _has_evidence(strip, weight, by_level[:start][slice(*above)], EXPECTED_WEIGHT):
        start = above[0]
    if _has_evidence(strip, weight, by_level[stop:][slice(*below)], EXPECTED_WEIGHT):
        stop += below[1]
    return start, stop


def _complete(strip: Strip, by_level: np.ndarray, start: int, stop: int, text_height: float) -> np.ndarray:
    """Returns the pieces of a stretch and of the lines that continue it up and down, whatever the weight of these.

    A line continues the stretch if it begins or ends where its columns do and is at most `LINE_PITCH` away.
    """
    kept, left = by_level[start:stop], strip.on_left
    sides = kept[~left[kept]], kept[left[kept]]
    x0 = np.array([quantile(strip.x0[side], 0.1) for side in sides])[left.astype(int)]
    x1 = np.array([quantile(strip.x1[side], 0.9) for side in sides])[left.astype(int)]
    fits = (np.abs(strip.x0 - x0) <= INDENT * text_height) | (np.abs(strip.x1 - x1) <= text_height)
    foreign, level = strip.level[~fits], strip.level[by_level]
    top = foreign[foreign < level[start]].max(initial=-np.inf) + HALF_LINE * text_height
    bottom = foreign[foreign > level[stop - 1]].min(initial=np.inf) - HALF_LINE * text_height
    while start > 0 and level[start - 1] > top and level[start] - level[start - 1] <= LINE_PITCH * text_height:
        start -= 1
    while stop < len(level) and level[stop] < bottom and level[stop] - level[stop - 1] <= LINE_PITCH * text_height:
        stop += 1
    return by_level[start:stop]


def _heaviest_stretch(weights: np.ndarray) -> tuple[int, int]:
    """Returns the bounds of the contiguous stretch with the largest sum, the longest one if several have it."""
    total = np.concatenate([[0.0], np.cumsum(weights)])
    gain = total - np.minimum.accumulate(total)
    stop = len(gain) - 1 - int(np.argmax(gain[::-1]))
    return int(np.argmin(total[: stop + 1])), stop
