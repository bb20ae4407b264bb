"""A polite end: SIGTERM, which schedulers send before they take the machine away, or the hours that a run was given."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

MARK = "stopped.json"


class StopRequest:
    """What asks this process to save and stop; the run looks between steps.

    Args:
        max_hours: from `started` on; 0 is no limit.
        started: by the clock.
        clock: seconds, ever rising.
    """

    def __init__(self, max_hours: float, started: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._max_hours, self._clock, self._start = max_hours, clock, started
        self._terminated = False
        signal.signal(signal.SIGTERM, self._remember)

    def _remember(self, number: int, frame: FrameType | None) -> None:
        self._terminated = True

    @property
    def reason(self) -> str | None:
        """`SIGTERM`, `--max_hours H`, or None."""
        if self._terminated:
            return "SIGTERM"
        spent = self._max_hours and self._clock() - self._start >= 3600 * self._max_hours
        return f"--max_hours {self._max_hours:g}" if spent else None


def mark_stopped(run_dir: Path, step: int, reason: str) -> None:
    """Leaves `stopped.json`: this run was asked to stop after `step`, saved, and waits to be started again.

    The launcher's exit code cannot tell this from a failure.
    """
    (run_dir / MARK).write_text(json.dumps({"stopped_by": reason, "step": step}) + "\n", encoding="utf-8")


def clear_mark(run_dir: Path) -> None:
    """Removes the mark of an earlier stop."""
    (run_dir / MARK).unlink(missing_ok=True)
