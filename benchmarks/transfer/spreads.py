"""Means and spreads over seeds, and differences between arms that are paired by seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, stdev


@dataclass(frozen=True)
class Spread:
    """Mean and standard deviation (of a sample, n - 1) over seeds; `sd` is 0 for one seed."""

    mean: float
    sd: float
    seeds: int

    def __str__(self) -> str:
        return f"{self.mean:.3f} ± {self.sd:.3f}"


def spread(values: Sequence[float]) -> Spread:
    """Returns mean and standard deviation of at least one value."""
    return Spread(mean(values), stdev(values) if len(values) > 1 else 0.0, len(values))


def paired_difference(scores: Mapping[int, float], reference: Mapping[int, float]) -> Spread | None:
    """Returns the difference of two arms over the seeds that both have, or None if there is no such seed.

    Args:
        scores: score by seed.
        reference: score of the other arm by seed. A seed means the same documents in the same order in both.
    """
    differences = [scores[seed] - reference[seed] for seed in sorted(scores.keys() & reference.keys())]
    return spread(differences) if differences else None


def in_deviations(difference: Spread) -> float:
    """Returns a difference as a multiple of its standard deviation; infinite without a deviation."""
    return difference.mean / difference.sd if difference.sd else float("inf")
