"""Token-to-line (Appalaraju et al., AAAI 2024, section 3.2): how many lines apart are two tokens?"""

from __future__ import annotations

import numpy as np


def sample_line_pairs(
    lines: np.ndarray, words: np.ndarray, pairs: int, classes: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw pairs of tokens from different words, as many of each distance class as of any other.

    Class 0 is the same line, class 1 the next one, ..., class `classes` - 1 that far on or farther. Pieces of one word
    share line and box, so they would teach nothing. A class that the page lacks leaves its share to the others; one
    with too few pairs repeats them.

    lines, words: (n,) line and word of each token that may be drawn, in reading order: neither decreases.
    Returns indices (pairs, 2) int32 into them, the earlier token first, and classes (pairs,) int32; both empty when
    there is no pair to draw.
    """
    starts, ends = _partners(lines, words, classes)
    counts = ends - starts
    totals = counts.sum(axis=1)
    # Which classes get the odd pairs is drawn too, else the same line would be the more frequent answer.
    drawn = rng.permutation(np.flatnonzero(totals))
    if not len(drawn):
        return np.zeros((0, 2), np.int32), np.zeros(0, np.int32)
    quotas = pairs // len(drawn) + (np.arange(len(drawn)) < pairs % len(drawn))
    chosen = []
    for kind, quota in zip(drawn, quotas, strict=True):
        number = rng.choice(totals[kind], quota, replace=quota > totals[kind])
        numbered = counts[kind].cumsum()
        first = numbered.searchsorted(number, "right")
        chosen.append(np.stack([first, ends[kind, first] - (numbered[first] - number)], axis=1))
    return np.concatenate(chosen).astype(np.int32), drawn.repeat(quotas).astype(np.int32)


def _partners(lines: np.ndarray, words: np.ndarray, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Where a token's partners stand, all after it: (classes, n) starts and ends, as in reading order they are runs."""
    lines_below = lines + np.arange(1, classes)[:, None]
    borders = lines.searchsorted(lines_below)
    word_ends = words.searchsorted(words, "right")
    return np.vstack([word_ends, borders]), np.vstack([borders, np.full_like(word_ends, len(lines))])
