"""Precision, recall and F1."""

from __future__ import annotations

from typing import NamedTuple


class Scores(NamedTuple):
    """All between 0 and 1."""

    precision: float
    recall: float
    f1: float
