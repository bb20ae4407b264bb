"""The progress lines of a build: page by page where it runs in this process, shard by shard where on a cluster."""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import ClassVar, TextIO

from pipelines.runtime.storage_errors import storage_errors
from schemas import PageStatus
from schemas.support.duration import duration

logger = logging.getLogger("pipelines")

TERMINAL_INTERVAL_S = 0.5
LOG_INTERVAL_S = 10.0
WATCH_INTERVAL_S = 30.0


class Progress:
    """Counts items by status and writes a line now and then: in place on a terminal, line by line into a log."""

    def __init__(self, verb: str, noun: str, total: int, done: int = 0, stream: TextIO | None = None) -> None:
        self.verb = verb
        self.noun = noun
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

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

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
        return f"{self.verb} {done}/{self.total} {self.noun}, {rate:.2f} {self.noun}/s{failed}, ETA {left}"

    def _write(self, now: float, final: bool) -> None:
        text = self.line(now - self.started)
        if self.stream.isatty():
            self.stream.write(f"\r\x1b[K{text}" + ("\n" if final else ""))
        else:
            self.stream.write(text + "\n")
        self.stream.flush()


class ProgressHandle:
    """A progress as a DoFn carries it; a context manager.

    A DoFn is pickled and copied. Its copies in this process count on the progress of the launcher; those in other
    processes find no progress and count nothing.
    """

    _open: ClassVar[dict[tuple[int, int], Progress]] = {}

    def __init__(self, progress: Progress) -> None:
        self._key = os.getpid(), id(progress)
        self._open[self._key] = progress

    def __enter__(self) -> ProgressHandle:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.pop(self._key, None)

    def update(self, status: PageStatus) -> None:
        """Counts an item, in the process of the launcher."""
        progress = self._open.get(self._key)
        if progress:
            progress.update(status)


class OutputWatch:
    """Tells how far a job on other machines is by the output that is there, as every runner has it alike.

    Args:
        missing: how many are not there at the start.
        count: returns how many are there.
    """

    def __init__(
        self, verb: str, noun: str, missing: int, count: Callable[[], int], interval_s: float = WATCH_INTERVAL_S
    ) -> None:
        self.verb = verb
        self.noun = noun
        self.missing = missing
        self._count = count
        self._interval_s = interval_s
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> OutputWatch:
        self.started = time.monotonic()
        self._before = self._count()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()
        self._tell()

    def update(self, status: PageStatus, count: int = 1) -> None:
        """Does nothing: what workers in this process do is seen by its output as well."""

    def line(self, done: int, elapsed_s: float) -> str:
        """Returns the text of the line when `done` outputs are there after `elapsed_s` seconds of this run."""
        here, total = done - self._before, self._before + self.missing
        left = duration((total - done) * elapsed_s / here) if here > 0 else "unknown"
        return f"{self.verb} {done}/{total} {self.noun}, ETA {left}"

    def _watch(self) -> None:
        while not self._stopped.wait(self._interval_s):
            self._tell()

    def _tell(self) -> None:
        try:
            done = self._count()
        except storage_errors() as error:  # the work goes on without us
            logger.warning("%s %s cannot be counted: %s", self.verb, self.noun, error)
            return
        logger.info(self.line(done, time.monotonic() - self.started))
