"""The progress line of a local build: pages done, rate, failures, time left."""

from __future__ import annotations

import sys
import time
from collections import Counter
from typing import TextIO

from schemas import PageStatus
from schemas.duration import duration

TERMINAL_INTERVAL_S = 0.5
LOG_INTERVAL_S = 10.0


class Progress:
    """Counts items by status and writes a line now and then: in place on a terminal, line by line into a log."""

    def __init__(self, verb: str, unit: str, total: int, done: int = 0, stream: TextIO | None = None) -> None:
        self.verb = verb
        self.unit = unit
        self.total = total
        self.done_before = done
        self.counts: Counter[PageStatus] = Counter()
        self.stream = stream or sys.stderr
        self.started = time.monotonic()
        self._interval_s = TERMINAL_INTERVAL_S if self.stream.isatty() else LOG_INTERVAL_S
        self._next_s = self.started + self._interval_s

    def update(self, status: PageStatus, count: int = 1) -> None:
        """Counts `count` items that ended alike."""
        self.counts[status] += count
        now = time.monotonic()
        if now >= self._next_s:
            self._next_s = now + self._interval_s
            self._write(now, final=False)

    def close(self) -> None:
        """Writes the last line."""
        self._write(time.monotonic(), final=True)

    def line(self, elapsed_s: float) -> str:
        """Returns the text of the line after `elapsed_s` seconds of this run."""
        here = sum(self.counts.values())
        done = self.done_before + here
        rate = here / elapsed_s if elapsed_s > 0 else 0.0
        left = duration((self.total - done) / rate) if rate else "unknown"
        others = [
            f"{count} {status.value}" for status, count in self.counts.most_common() if status is not PageStatus.OK
        ]
        failed = f", {here - self.counts[PageStatus.OK]} not ok ({', '.join(others)})" if others else ""
        return f"{self.verb} {done}/{self.total} {self.unit}, {rate:.2f} {self.unit}/s{failed}, ETA {left}"

    def _write(self, now: float, final: bool) -> None:
        text = self.line(now - self.started)
        if self.stream.isatty():
            self.stream.write(f"\r\x1b[K{text}" + ("\n" if final else ""))
        else:
            self.stream.write(text + "\n")
        self.stream.flush()
