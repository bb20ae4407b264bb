"""Computes histograms with round edges, for the charts of the report."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

BINS = 24
CHUNK = 1 << 20  # number of values that are assigned to bins at the same time; limits the memory
TAIL_RATIO = 1.5
"""The axis ends at the 99th percentile if the largest value is more than this many times as far from its start."""


@dataclass(frozen=True)
class Histogram:
    """Number of values per bin. All bins have the same width and round edges.

    Attributes:
        edges: `len(counts) + 1` numbers in ascending order. The first and last bin also count values outside the edges.
        counts: number of values in each bin.
        median, p95: median and 95th percentile of the values (not estimated from the bins).
        smallest, largest: minimum and maximum of the values.
    """

    edges: tuple[float, ...]
    counts: tuple[int, ...]
    median: float
    p95: float
    smallest: float
    largest: float

    def position(self, value: float) -> float:
        """Returns the position of `value` on the axis, from 0 (left end) to 1 (right end)."""
        share = (value - self.edges[0]) / (self.edges[-1] - self.edges[0])
        return min(1.0, max(0.0, share))


def histogram_of(values: np.ndarray, step: float, lowest: float | None = 0.0) -> Histogram | None:
    """Computes the histogram of values.

    If the largest values are far from the rest, the axis ends at the 99th percentile. Otherwise a single outlier would
    make all other bars tiny.

    Args:
        values: `(n,)` numbers.
        step: the width of a bin is a round multiple of `step` (1 for whole numbers).
        lowest: start of the axis; `None` starts it at the 1st percentile.

    Returns:
        The histogram, or `None` if there are no values.
    """
    values = np.asarray(values, np.float64)
    if not len(values):
        return None
    p1, median, p95, p99 = map(float, np.percentile(values, [1, 50, 95, 99]))
    low, largest = p1 if lowest is None else lowest, float(values.max())
    high = max(largest if largest - low <= TAIL_RATIO * (p99 - low) else p99, low + step)
    width = _round_up((high - low) / BINS, step)
    first = math.floor(low / width)
    bins = max(1, math.ceil(high / width - first))
    if high >= (first + bins) * width:
        bins += 1
    counts = np.zeros(bins, np.int64)
    for start in range(0, len(values), CHUNK):
        places = np.floor(values[start : start + CHUNK] / width - first)
        counts += np.bincount(np.clip(places, 0, bins - 1).astype(np.int64), minlength=bins)
    return Histogram(
        edges=tuple(round((first + i) * width, 9) for i in range(bins + 1)),
        counts=tuple(counts.tolist()),
        median=median,
        p95=p95,
        smallest=float(values.min()),
        largest=largest,
    )


def _round_up(width: float, step: float) -> float:
    """Returns the smallest number of `step` times 1, 2, 5, 10, 20 ... that is at least `width`."""
    scale = step
    while True:
        for factor in (1, 2, 5):
            if scale * factor >= width:
                return scale * factor
        scale *= 10
