"""A progress line of a command: how much is done, at what rate, and how long the rest takes."""

from __future__ import annotations

import sys
import time
from typing import TextIO, TypeVar

from schemas.support.duration import duration

TERMINAL_INTERVAL_S = 0.5
LOG_INTERVAL_S = 10.0

Line = TypeVar("Line", bound="ProgressLine")


class ProgressLine:
    """Counts items and writes a progress line at intervals.

    On a terminal the line is updated in place; in a log each update is a new line. Use as a context manager.

    Args:
        verb: what is done, in the past tense: `built`.
        noun: what is counted, in the plural: `pages`.
        total: number of items, including those of earlier runs.
        done: items that earlier runs have finished.
        stream: where the line is written; default stderr.
    """

    def __init__(self, verb: str, noun: str, total: int, done: int = 0, stream: TextIO | None = None) -> None:
        self.verb = verb
        self.noun = noun
        self.total = total
        self.done_before = done
        self.done_here = 0
        self.stream = stream or sys.stderr
        self.started = time.monotonic()
        self._interval_s = TERMINAL_INTERVAL_S if self.stream.isatty() else LOG_INTERVAL_S
        self._next_s = self.started + self._interval_s

    def add(self, count: int = 1) -> None:
        """Counts `count` finished items."""
        self.done_here += count
        now = time.monotonic()
        if now >= self._next_s:
            self._next_s = now + self._interval_s
            self._write(now, final=False)

    def __enter__(self: Line) -> Line:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Writes the last line."""
        self._write(time.monotonic(), final=True)

    def line(self, elapsed_s: float) -> str:
        """Returns the progress line `elapsed_s` seconds after the start of this run."""
        done = self.done_before + self.done_here
        rate = self.done_here / elapsed_s if elapsed_s > 0 else 0.0
        left = duration((self.total - done) / rate) if rate else "unknown"
        return f"{self.verb} {done}/{self.total} {self.noun}, {rate:.2f} {self.noun}/s{self.note()}, ETA {left}"

    def note(self) -> str:
        """Returns what the line says behind the rate."""
        return ""

    def _write(self, now: float, final: bool) -> None:
        text = self.line(now - self.started)
        if self.stream.isatty():
            self.stream.write(f"\r\x1b[K{text}" + ("\n" if final else ""))
        else:
            self.stream.write(text + "\n")
        self.stream.flush()
