"""Measures how the time of a page is spent."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager


class Stopwatch:
    """Measures the wall-clock seconds since it was created, in total and per named stage.

    Attributes:
        stages: seconds by stage.
    """

    def __init__(self) -> None:
        self._started_s = time.monotonic()
        self.stages: defaultdict[str, float] = defaultdict(float)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Adds the time inside the block to a stage, also if the block ends with an error."""
        started_s = time.monotonic()
        try:
            yield
        finally:
            self.stages[name] += time.monotonic() - started_s

    def total_s(self) -> float:
        """Returns the seconds since the stopwatch was created."""
        return time.monotonic() - self._started_s
