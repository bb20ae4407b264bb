"""Progress lines: per page if the job runs in this process, per output file if it runs on a cluster."""

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
    """Counts items by status and writes a progress line at intervals.

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
        self.counts: Counter[PageStatus] = Counter()
        self.stream = stream or sys.stderr
        self.started = time.monotonic()
        self._interval_s = TERMINAL_INTERVAL_S if self.stream.isatty() else LOG_INTERVAL_S
        self._next_s = self.started + self._interval_s

    def update(self, status: PageStatus, count: int = 1) -> None:
        """Counts `count` items that ended with `status`."""
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
        """Returns the progress line `elapsed_s` seconds after the start of this run."""
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
    """Reference to a `Progress` that survives pickling, for use in a DoFn; a context manager.

    Beam pickles and copies a DoFn. Copies in the launcher's process update the launcher's progress. Copies in other
    processes do not find it and count nothing.
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
        """Counts an item if this is the launcher's process."""
        progress = self._open.get(self._key)
        if progress:
            progress.update(status)


class OutputWatch:
    """Logs the progress of a job on other machines by counting its output files. This works with every runner.

    Use as a context manager around the job.

    Args:
        verb: what is done, in the past tense: `built`.
        noun: what is counted, in the plural: `shards`.
        missing: how many output files do not exist at the start.
        count: returns how many output files exist.
        interval_s: seconds between two log lines.
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
        self._report()

    def update(self, status: PageStatus, count: int = 1) -> None:
        """Does nothing: the output files of workers in this process are counted too."""

    def line(self, done: int, elapsed_s: float) -> str:
        """Returns the progress line when `done` output files exist, `elapsed_s` seconds after the start of this run."""
        here, total = done - self._before, self._before + self.missing
        left = duration((total - done) * elapsed_s / here) if here > 0 else "unknown"
        return f"{self.verb} {done}/{total} {self.noun}, ETA {left}"

    def _watch(self) -> None:
        while not self._stopped.wait(self._interval_s):
            self._report()

    def _report(self) -> None:
        try:
            done = self._count()
        except storage_errors() as error:  # the job itself continues
            logger.warning("%s %s cannot be counted: %s", self.verb, self.noun, error)
            return
        logger.info(self.line(done, time.monotonic() - self.started))
