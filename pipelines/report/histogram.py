"""Histograms with round edges, ready to be drawn."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

BINS = 24
FAR = 1.5
CHUNK = 1 << 20  # values whose bins are in memory at the same time


@dataclass(frozen=True)
class Histogram:
    """Counts of values between equally wide, round edges.

    Attributes:
        edges: `len(counts) + 1` rising numbers; the outer bins also hold what lies beyond them.
        counts: values in each bin.
        median, p95: of the values, not of the bins.
        smallest, largest: of the values.
    """

    edges: tuple[float, ...]
    counts: tuple[int, ...]
    median: float
    p95: float
    smallest: float
    largest: float

    def position(self, value: float) -> float:
        """Returns where `value` lies on the axis, from 0 (left end) to 1 (right end)."""
        share = (value - self.edges[0]) / (self.edges[-1] - self.edges[0])
        return min(1.0, max(0.0, share))


def histogram_of(values: np.ndarray, step: float, lowest: float | None = 0.0) -> Histogram | None:
    """Counts values; where the last hundredth reaches far, the axis ends before it, so that one freak flattens nothing.

    Args:
        values: any number of numbers.
        step: edges are multiples of a round multiple of it (1 for whole numbers).
        lowest: where the axis begins; `None` where the first hundredth of the values ends.

    Returns:
        `None` where there are no values.
    """
    values = np.asarray(values, np.float64)
    if not len(values):
        return None
    first_hundredth, median, p95, most = map(float, np.percentile(values, [1, 50, 95, 99]))
    low, largest = first_hundredth if lowest is None else lowest, float(values.max())
    high = max(largest if largest - low <= FAR * (most - low) else most, low + step)
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
    """Returns the smallest of `step` times 1, 2, 5, 10, 20 ... that is no less than `width`."""
    scale = step
    while True:
        for factor in (1, 2, 5):
            if scale * factor >= width:
                return scale * factor
        scale *= 10
