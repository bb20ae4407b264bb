"""Where the time of a page goes."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager


class Stopwatch:
    """Wall-clock seconds since its making, and those of them that were spent in named stages."""

    def __init__(self) -> None:
        self._started_s = time.monotonic()
        self.stages: defaultdict[str, float] = defaultdict(float)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Counts the time inside the block, also if an error ends it."""
        started_s = time.monotonic()
        try:
            yield
        finally:
            self.stages[name] += time.monotonic() - started_s

    def total_s(self) -> float:
        """Returns the seconds since the start."""
        return time.monotonic() - self._started_s
