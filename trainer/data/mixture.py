"""Parses the values of `--corpus`: the corpora that a run mixes, and their weights."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from schemas import UsageError
from trainer.data.sample_order import CYCLE

URL_WITH_PORT = re.compile(r"[\w+.-]+://([^/]*@)?([^/:\[\]]+|\[[^/\]]+\]):\d+")
NEARLY_A_NUMBER = re.compile(r"(\d*[.,]?\d+)\s*(%?)")


def mixture(specs: Sequence[str]) -> list[tuple[str, float | None]]:
    """Returns the path or URL and the weight of each corpus. Either all weights are numbers, or all are None.

    Raises:
        UsageError: a value has no path or an invalid weight, only some values have a weight, or there are too many.
    """
    corpora = [split_weight(spec) for spec in specs]
    weights = [weight for _, weight in corpora if weight is not None]
    if weights and len(weights) < len(corpora):
        raise UsageError(f"--corpus: give a weight to each or to none, got {', '.join(specs)}")
    if math.isinf(sum(weights)):
        raise UsageError(
            "--corpus: the weights are too large to add up; only their ratios count, so give smaller ones."
        )
    if len(corpora) > CYCLE:
        raise UsageError(
            f"--corpus: a run mixes up to {CYCLE} corpora, got {len(corpora)}: merge some with pipelines.merge"
        )
    return corpora


def split_weight(spec: str) -> tuple[str, float | None]:
    """Returns the path and the weight of one value of `--corpus`: `OUT`, `OUT:0.7`, `gs://bucket/OUT:0.3`.

    In a URL without a path, such as `http://host:8080`, the number at the end is a port and not a weight.

    Raises:
        UsageError: the path is empty, or the weight is not a number above 0.
    """
    path, colon, weight = ("", "", "") if URL_WITH_PORT.fullmatch(spec) else spec.rpartition(":")
    value = _number(weight, spec) if colon else None
    if value is None:
        path = spec
    elif not 0 < value < math.inf:
        raise UsageError(f"--corpus {spec}: expected a path, or PATH:WEIGHT with a weight above 0")
    if not path.strip():
        raise UsageError(f"--corpus '{spec}' is empty: name a directory or a URL.")
    return path, value


def _number(weight: str, spec: str) -> float | None:
    """Returns the weight after the last colon; None if that colon is part of the path."""
    try:
        return float(weight)
    except ValueError:
        if nearly := NEARLY_A_NUMBER.fullmatch(weight):
            meant = float(nearly[1].replace(",", ".")) / (100 if nearly[2] else 1)
            raise UsageError(f"--corpus {spec}: a weight is a plain number: write {meant:g} for {weight}") from None
        return None
