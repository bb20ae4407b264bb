"""Step 2, the search: where on the page a gutter can be at all.

All free vertical strips of a region are tried. An opening is a place x and the words from one word that crosses x to
the next one. Most openings hold no gutter, but what is left out here is left out without looking at its lines.
"""

from __future__ import annotations

import numpy as np

# Lengths are in text heights (the typical height of a word on the page).
MARGIN = 0.3  # free space on each side of a gutter's centre: fits a 10 pt gutter in 10 pt type with boxes padded by OCR
STEP = 0.25  # distance between the positions that are tried
HALF_LINE = 0.5  # words closer than this to the level of a word that crosses the strip are on the line of that word
MIN_LINES = 4  # minimum number of lines on each side
# On crowded pages, where nearly every place has an opening, only those with the most words on the weaker side are kept.
# Ordinary pages have at most 200, with 43 times the words of the region together.
MAX_OPENINGS, MAX_WORDS = 240, 64
CHUNK = 64  # positions that are tried together; bounds the memory on crowded pages
Opening = tuple[float, np.ndarray]  # x, and its words from top to bottom, as indices


def openings(boxes: np.ndarray, wide: np.ndarray, text_height: float) -> list[Opening]:
    """Returns the openings of a region that may hold a gutter.

    Both sides have `MIN_LINES` words or more. On one side, at least half of the words are in wide fragments.

    Args:
        boxes: (n, 4) boxes of the words of the region.
        wide: (n,) whether the word is in a wide fragment.
        text_height: typical height of a word.
    """
    level = boxes[:, [1, 3]].mean(axis=1)
    by_level = np.argsort(level, kind="stable")
    x0, x1, level, wide = boxes[by_level, 0], boxes[by_level, 2], level[by_level], wide[by_level]
    tried = np.arange(x0.min(), x1.max(), STEP * text_height)
    at, start, stop = _tall_openings(x0, x1, level, tried, text_height)
    ends = np.searchsorted(tried, x1, "left")  # the first position that has the word on its left
    lefts, before = _count_up_to(ends, at, start, stop), np.append(0, np.cumsum(wide))
    wide_lefts = _count_up_to(ends[wide], at, before[start], before[stop])
    rights, wide_rights = stop - start - lefts, before[stop] - before[start] - wide_lefts
    fit = (np.minimum(lefts, rights) >= MIN_LINES) & ((2 * wide_lefts >= lefts) | (2 * wide_rights >= rights))
    at, start, stop, lefts, rights = (values[fit] for values in (at, start, stop, lefts, rights))
    _, different = np.unique((start * (len(level) + 1) + stop) * (len(level) + 1) + lefts, return_index=True)
    highest = different[np.argsort(-np.minimum(lefts, rights)[different], kind="stable")][:MAX_OPENINGS]
    kept = highest[np.cumsum((stop - start)[highest]) <= MAX_WORDS * len(level)]
    return [(float(tried[at[k]]), by_level[start[k] : stop[k]]) for k in np.sort(kept)]


def _tall_openings(
    x0: np.ndarray, x1: np.ndarray, level: np.ndarray, tried: np.ndarray, text_height: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns for each position the stretches of words between two that cross it, if they are MIN_LINES high or more.

    Args:
        x0, x1: (n,) left and right edge of the words, from top to bottom.
        level: (n,) vertical centre of the words, ascending.
        tried: (k,) positions to try, ascending.
        text_height: typical height of a word.

    Returns:
        For each stretch the index of its position in `tried`, its first word, and the word after its last.
    """
    height, found = (MIN_LINES - 1) * text_height, [np.zeros((3, 0), int)]
    for begin in range(0, len(tried), CHUNK):
        xs = tried[begin : begin + CHUNK, None]
        near = np.flatnonzero((x0 < xs[-1] + MARGIN * text_height) & (x1 > xs[0] - MARGIN * text_height))
        crossing = (x0[near] < xs + MARGIN * text_height) & (x1[near] > xs - MARGIN * text_height)
        # The ends of the page count as words that cross.
        barriers = np.concatenate([[level[0] - text_height], level[near], [level[-1] + text_height]])
        at, barrier = np.nonzero(np.pad(crossing, ((0, 0), (1, 1)), constant_values=True))
        high = np.flatnonzero(np.diff(barriers[barrier]) >= height)  # negative from one position to the next
        start = np.searchsorted(level, barriers[barrier[high]] + HALF_LINE * text_height, "right")
        stop = np.searchsorted(level, barriers[barrier[high + 1]] - HALF_LINE * text_height, "left")
        tall = stop > start
        tall[tall] = level[stop[tall] - 1] - level[start[tall]] >= height
        found.append(np.stack([at[high] + begin, start, stop])[:, tall])
    at, start, stop = np.concatenate(found, axis=1)
    return at, start, stop


def _count_up_to(values: np.ndarray, bound: np.ndarray, start: np.ndarray, stop: np.ndarray) -> np.ndarray:
    """Returns for each of k stretches `values[start:stop]` how many of its values are at most `bound` (k,).

    The values are integers from 0. They are sorted bit by bit, the highest bit first; the stretches are followed
    through each pass. This takes (n + k) steps for each bit.
    """
    count, bound = np.zeros(len(start), int), bound + 1
    for bit in range(int(max(values.max(initial=0), bound.max(initial=0))).bit_length() - 1, -1, -1):
        is_one = (values >> bit & 1).astype(bool)
        zeros = np.append(0, np.cumsum(~is_one))
        first, last = zeros[start], zeros[stop]
        upper = (bound >> bit & 1).astype(bool)
        count += np.where(upper, last - first, 0)
        start = np.where(upper, zeros[-1] + start - first, first)
        stop = np.where(upper, zeros[-1] + stop - last, last)
        values = np.concatenate([values[~is_one], values[is_one]])
    return count
