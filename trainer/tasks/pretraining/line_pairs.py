"""Pairs of tokens for the token-to-line objective (Appalaraju et al., AAAI 2024, section 3.2): how many lines apart?"""

from __future__ import annotations

import numpy as np


def sample_line_pairs(
    lines: np.ndarray, words: np.ndarray, pairs: int, classes: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draws pairs of tokens from different words, with the same number of pairs per distance class.

    Class 0 is the same line, class 1 the next line, and so on. The last class is a distance of `classes` - 1 lines or
    more. Two tokens of one word have the same line and box, so such a pair would teach nothing. If the page has no pair
    of a class, the other classes get its share. If a class has too few pairs, they are repeated.

    Args:
        lines: (n,) line number of each token that may be drawn, in reading order, so it never decreases.
        words: (n,) word number of each of these tokens, likewise.
        pairs: number of pairs to draw.
        classes: number of distance classes.
        rng: source of all random numbers.

    Returns:
        Indices (pairs, 2) int32 of the tokens, the earlier token first, and classes (pairs,) int32. Both are empty if
        the page has no pair.
    """
    starts, ends = _partners(lines, words, classes)  # (classes, n) each
    counts = ends - starts  # (classes, n): partners of each token
    totals = counts.sum(axis=1)  # (classes,)
    # The order of the classes is random too. Otherwise the remainder of the division would always go to the same line.
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
    """Returns the ranges of indices that hold the partners of each token: (classes, n) starts and (classes, n) ends.

    Only later tokens are partners. In reading order the partners of one class are consecutive.
    """
    lines_below = lines + np.arange(1, classes)[:, None]
    borders = lines.searchsorted(lines_below)
    word_ends = words.searchsorted(words, "right")
    return np.vstack([word_ends, borders]), np.vstack([borders, np.full_like(word_ends, len(lines))])
