"""Requests to save and stop: SIGTERM, which schedulers send before they reclaim a machine, or `--max_hours`."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

MARK = "stopped.json"


class StopRequest:
    """Records whether this process was requested to save and stop. The run checks it between steps.

    Args:
        max_hours: hours after `started` at which the run must stop; 0: no limit.
        started: start of the run by `clock`.
        clock: returns monotonic seconds.
    """

    def __init__(self, max_hours: float, started: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._max_hours, self._clock, self._start = max_hours, clock, started
        self._terminated = False
        signal.signal(signal.SIGTERM, self._remember)

    def _remember(self, number: int, frame: FrameType | None) -> None:
        self._terminated = True

    @property
    def reason(self) -> str | None:
        """The reason of the request: `SIGTERM` or `--max_hours H`; None: there is no request."""
        if self._terminated:
            return "SIGTERM"
        spent = self._max_hours and self._clock() - self._start >= 3600 * self._max_hours
        return f"--max_hours {self._max_hours:g}" if spent else None


def mark_stopped(run_dir: Path, step: int, reason: str) -> None:
    """Writes `stopped.json`: the run was requested to stop, has saved after `step`, and can be resumed.

    The exit code of the launcher does not distinguish this from a failure.
    """
    (run_dir / MARK).write_text(json.dumps({"stopped_by": reason, "step": step}) + "\n", encoding="utf-8")


def clear_mark(run_dir: Path) -> None:
    """Removes the `stopped.json` of an earlier stop, if there is one."""
    (run_dir / MARK).unlink(missing_ok=True)
