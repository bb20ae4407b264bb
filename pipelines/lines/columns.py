"""Gutters between columns of running text: the free strip of a page that has the most evidence for it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipelines.lines.gutters import STAGGERED_WIDTH, TEXT_WIDTH, Strip, median, quantile, weigh

# Lengths are in text heights, the typical one of the page.
MARGIN = 0.3  # free space to either side of a gutter's centre: a 10 pt gutter in 10 pt type, boxes padded by OCR
STEP = 0.25  # between the positions tried
HALF_LINE = 0.5  # words nearer to the level of one that crosses stand on its line
MIN_LINES = 4  # a side of fewer lines is no column
NARROW, NARROW_MIN_LINES = 1.2, 8  # a gutter below this width needs more lines: gaps between words line up by chance
INDENT = 3.0  # of a paragraph, a list or a formula within its column
MIN_WEIGHT, EXPECTED_WEIGHT, MIN_MEAN = 3.0, 1.5, 0.3  # evidence of the lines on the weaker side
UNOPPOSED_MEAN = 0.25  # where nothing speaks against: the cells of a table beside a column of text
CHUNK = 64  # positions tried at a time, so that memory stays flat on crowded pages
LINE_PITCH = 1.9  # lines of a paragraph are no farther apart; boxes may be as low as the letters


@dataclass(frozen=True)
class Gutter:
    """A gutter at `x` that parts the words whose centres lie between `top` and `bottom`, all in the unit of the boxes.

    `weight` is the evidence where it is clearest.
    """

    x: float
    top: float
    bottom: float
    weight: float


def find_gutter(
    boxes: np.ndarray, fragment: np.ndarray, text_height: float, known_x: float | None = None
) -> Gutter | None:
    """The gutter with the most evidence among words with boxes (n, 4) and fragment ids (n,), None if there is none.

    A gutter at `known_x`, the place of one above or below, needs less.
    """
    if len(boxes) < 2 * MIN_LINES:
        return None
    wide, in_paragraph = _fragment_traits(boxes, fragment, text_height)
    strips = (Strip.cut(boxes, fragment, in_paragraph, x, words) for x, words in _open_runs(boxes, wide, text_height))
    found = [_judge(boxes, strip, text_height, known_x) for strip in strips]
    clearest = max((gutter for gutter in found if gutter), key=lambda gutter: gutter.weight, default=None)
    return clearest and _followed(clearest, boxes, fragment, in_paragraph, text_height)


def _fragment_traits(boxes: np.ndarray, fragment: np.ndarray, text_height: float) -> tuple[np.ndarray, np.ndarray]:
    """For each word (n,): whether its fragment is wide, and whether another runs right above or below it."""
    _, of, size = np.unique(fragment, return_inverse=True, return_counts=True)
    x0, x1 = np.full(len(size), np.inf), np.full(len(size), -np.inf)
    np.minimum.at(x0, of, boxes[:, 0])
    np.maximum.at(x1, of, boxes[:, 2])
    level = np.bincount(of, boxes[:, [1, 3]].mean(axis=1)) / size
    wide = np.flatnonzero(x1 - x0 >= STAGGERED_WIDTH * text_height)
    left, right, width = x0[wide], x1[wide], (x1 - x0)[wide]
    pitch = np.abs(level[wide][:, None] - level[wide]) / text_height
    shared = np.minimum(right[:, None], right) - np.maximum(left[:, None], left)
    follows = (pitch > LINE_PITCH / 3) & (pitch <= LINE_PITCH) & (2 * shared >= np.minimum(width[:, None], width))
    in_paragraph = np.zeros(len(size), bool)
    in_paragraph[wide] = follows.any(axis=1)
    return np.isin(of, wide), in_paragraph[of]


def _open_runs(boxes: np.ndarray, wide: np.ndarray, text_height: float) -> list[tuple[float, np.ndarray]]:
    """Every x with the words, top to bottom, between two that cross it, where one side holds enough `wide` ones."""
    level = boxes[:, [1, 3]].mean(axis=1)
    by_level = np.argsort(level, kind="stable")
    x0, x1, level, wide = boxes[by_level, 0], boxes[by_level, 2], level[by_level], wide[by_level]
    tried = np.arange(x0.min(), x1.max(), STEP * text_height)
    runs: dict[tuple[int, int, int], tuple[float, np.ndarray]] = {}
    for xs in np.split(tried, range(CHUNK, len(tried), CHUNK)):
        at, start, stop = _tall_runs(x0, x1, level, xs, text_height)
        on_left = x1 <= xs[:, None]
        before = np.zeros((4, len(xs), len(level) + 1), np.int32)
        np.cumsum([on_left, on_left & wide, ~on_left, ~on_left & wide], axis=2, out=before[:, :, 1:])
        lefts, wide_lefts, rights, wide_rights = before[:, at, stop] - before[:, at, start]
        fit = (np.minimum(lefts, rights) >= MIN_LINES) & ((2 * wide_lefts >= lefts) | (2 * wide_rights >= rights))
        for x, first, last, count in zip(xs[at[fit]], start[fit], stop[fit], lefts[fit], strict=True):
            runs.setdefault((first, last, count), (float(x), by_level[first:last]))
    return list(runs.values())


def _tall_runs(
    x0: np.ndarray, x1: np.ndarray, level: np.ndarray, xs: np.ndarray, text_height: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each of `xs` the stretches of words, MIN_LINES high or more, between two that cross it.

    Words are given by their sides and levels (n,), from top to bottom. Returns for each stretch the index of its x,
    its first word, and the one past its last.
    """
    crossing = (x0 < xs[:, None] + MARGIN * text_height) & (x1 > xs[:, None] - MARGIN * text_height)
    fences = np.concatenate(
        [[level[0] - text_height], level, [level[-1] + text_height]]
    )  # the page's ends are fences too
    at, fence = np.nonzero(np.pad(crossing, ((0, 0), (1, 1)), constant_values=True))
    height = (MIN_LINES - 1) * text_height
    roomy = np.flatnonzero(np.diff(fences[fence]) >= height)  # from one x to the next it is negative
    start = np.searchsorted(level, fences[fence[roomy]] + HALF_LINE * text_height, "right")
    stop = np.searchsorted(level, fences[fence[roomy + 1]] - HALF_LINE * text_height, "left")
    tall = stop > start
    tall[tall] = level[stop[tall] - 1] - level[start[tall]] >= height
    return at[roomy][tall], start[tall], stop[tall]


def _judge(boxes: np.ndarray, strip: Strip, text_height: float, known_x: float | None) -> Gutter | None:
    """The stretch of a strip that speaks most for a gutter, None if that is not enough."""
    if min(strip.on_left.sum(), (~strip.on_left).sum()) < MIN_LINES:
        return None
    sides = [(strip.x1 - strip.x0)[side] / text_height for side in (strip.on_left, ~strip.on_left)]
    if min(map(median, sides)) < STAGGERED_WIDTH and max(quantile(side, 0.9) for side in sides) < TEXT_WIDTH:
        return None  # cells, and no running text beside them
    weight = weigh(strip, text_height)
    by_level = np.argsort(strip.level, kind="stable")
    start, stop = _heaviest_stretch(weight[by_level])
    kept = by_level[start:stop]
    left, right = kept[strip.on_left[kept]], kept[~strip.on_left[kept]]
    if min(len(left), len(right)) < MIN_LINES:
        return None
    x0, x1 = float(strip.x1[left].max()), float(strip.x0[right].min())
    expected = known_x is not None and x0 <= known_x <= x1
    if not _speak(strip, weight, kept, EXPECTED_WEIGHT if expected else MIN_WEIGHT):
        return None
    if x1 - x0 < NARROW * text_height and not expected and min(len(left), len(right)) < NARROW_MIN_LINES:
        return None
    # Lines are flush on the left and ragged on the right, so a gutter is followed where its right column begins.
    return Gutter(x1 - MARGIN * text_height, *_span(boxes, strip, kept), float(weight[kept].sum()))


def _speak(strip: Strip, weight: np.ndarray, pieces: np.ndarray, min_weight: float) -> bool:
    """Whether a stretch of pieces has the lines and the weight of a gutter on both sides."""
    left, right = (weight[pieces][strip.on_left[pieces] == side] for side in (True, False))
    if min(len(left), len(right)) < MIN_LINES or min(left.sum(), right.sum()) < min_weight:
        return False
    min_mean = MIN_MEAN if (weight[pieces] < 0).any() else UNOPPOSED_MEAN
    return bool(min(left.mean(), right.mean()) >= min_mean)


def _span(boxes: np.ndarray, strip: Strip, pieces: np.ndarray) -> tuple[float, float]:
    """The highest and the lowest centre of the words in some pieces."""
    centre = boxes[strip.words[np.isin(strip.piece_of, pieces)]][:, [1, 3]].mean(axis=1)
    return float(centre.min()), float(centre.max())


def _followed(
    gutter: Gutter, boxes: np.ndarray, fragment: np.ndarray, in_paragraph: np.ndarray, text_height: float
) -> Gutter:
    """The gutter as far up and down as it goes without a word across it, having been found where it is clearest."""
    level = boxes[:, [1, 3]].mean(axis=1)
    fences = level[(boxes[:, 0] < gutter.x) & (boxes[:, 2] > gutter.x - MARGIN * text_height)]
    top = min(fences[fences < gutter.top].max(initial=-np.inf) + HALF_LINE * text_height, gutter.top)
    bottom = max(fences[fences > gutter.bottom].min(initial=np.inf) - HALF_LINE * text_height, gutter.bottom)
    strip = Strip.cut(boxes, fragment, in_paragraph, gutter.x, np.flatnonzero((level >= top) & (level <= bottom)))
    weight, by_level = weigh(strip, text_height), np.argsort(strip.level, kind="stable")
    clearest = (level[strip.words] >= gutter.top) & (level[strip.words] <= gutter.bottom)
    known = np.flatnonzero(np.isin(by_level, strip.piece_of[clearest]))
    start, stop = _carried_on(strip, weight, by_level, int(known[0]), int(known[-1]) + 1)
    return Gutter(gutter.x, *_span(boxes, strip, _complete(strip, by_level, start, stop, text_height)), gutter.weight)


def _carried_on(strip: Strip, weight: np.ndarray, by_level: np.ndarray, start: int, stop: int) -> tuple[int, int]:
    """Bounds of a stretch and of the heaviest above and below it, if these speak for the gutter too.

    What lies between two such stretches is cut as they are, whatever it weighs: a list or a formula in either column.
    """
    above, below = _heaviest_stretch(weight[by_level[:start]]), _heaviest_stretch(weight[by_level[stop:]])
    if _speak(strip, weight, by_level[:start][slice(*above)], EXPECTED_WEIGHT):
        start = above[0]
    if _speak(strip, weight, by_level[stop:][slice(*below)], EXPECTED_WEIGHT):
        stop += below[1]
    return start, stop


def _complete(strip: Strip, by_level: np.ndarray, start: int, stop: int, text_height: float) -> np.ndarray:
    """The pieces of a stretch, and the lines next to it that begin or end where its columns do, whatever they weigh."""
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
    """Bounds of the contiguous stretch with the largest sum, the longest of equals."""
    total = np.concatenate([[0.0], np.cumsum(weights)])
    gain = total - np.minimum.accumulate(total)
    stop = len(gain) - 1 - int(np.argmax(gain[::-1]))
    return int(np.argmin(total[: stop + 1])), stop
