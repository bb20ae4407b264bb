"""Token-to-line (Appalaraju et al., AAAI 2024, section 3.2): how many lines apart are two tokens?"""

from __future__ import annotations

import numpy as np


def line_distance_class(line_a: np.ndarray, line_b: np.ndarray, classes: int = 3) -> np.ndarray:
    """0: the same line, 1: adjacent lines, ..., `classes` - 1: that far apart or farther."""
    return np.minimum(np.abs(line_a - line_b), classes - 1)


def sample_line_pairs(
    lines: np.ndarray, words: np.ndarray, pairs: int, classes: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw pairs of tokens from different words, as many of each distance class as of any other.

    Pieces of one word share line and box, so they would teach nothing. A class that the page lacks leaves its share to
    the others; one with too few pairs repeats them.

    lines, words: (n,) line and word of each token that may be drawn.
    Returns indices (pairs, 2) int32 into them and classes (pairs,) int32; both empty when there is no pair to draw.
    """
    first, second = np.triu_indices(len(lines), k=1)
    distinct = words[first] != words[second]
    first, second = first[distinct], second[distinct]
    distance = line_distance_class(lines[first], lines[second], classes)
    pools = [pool for pool in (np.flatnonzero(distance == c) for c in range(classes)) if len(pool)]
    if not pools:
        return np.zeros((0, 2), np.int32), np.zeros(0, np.int32)

    # Which classes get the odd pairs is drawn too, else the same line would be the more frequent answer.
    quotas = [len(share) for share in np.array_split(np.arange(pairs), len(pools))]
    drawn = [
        rng.choice(pools[i], quota, replace=quota > len(pools[i]))
        for i, quota in zip(rng.permutation(len(pools)), quotas, strict=True)
    ]
    chosen = np.concatenate(drawn)
    return np.stack([first[chosen], second[chosen]], axis=1).astype(np.int32), distance[chosen].astype(np.int32)
