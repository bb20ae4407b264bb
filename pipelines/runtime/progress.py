"""Progress lines: per page if the job runs in this process, per output file if it runs on a cluster."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import ClassVar, TextIO

from pipelines.runtime.storage_errors import storage_errors
from schemas import PageStatus
from schemas.support.duration import duration
from schemas.support.progress import ProgressLine

logger = logging.getLogger("pipelines")

WATCH_INTERVAL_S = 30.0


class Progress(ProgressLine):
    """A progress line that also counts the items by status."""

    def __init__(self, verb: str, noun: str, total: int, done: int = 0, stream: TextIO | None = None) -> None:
        super().__init__(verb, noun, total, done, stream)
        self.counts: Counter[PageStatus] = Counter()

    def update(self, status: PageStatus, count: int = 1) -> None:
        """Counts `count` items that ended with `status`."""
        self.counts[status] += count
        self.add(count)

    def note(self) -> str:
        """Returns how many items are not ok, by status."""
        others = [
            f"{count} {status.value}" for status, count in self.counts.most_common() if status is not PageStatus.OK
        ]
        failed = self.done_here - self.counts[PageStatus.OK]
        return f", {failed} not ok ({', '.join(others)})" if others else ""


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
